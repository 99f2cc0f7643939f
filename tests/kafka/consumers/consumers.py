"""Both consumers of deploy/consumers on a real Kafka: each signal is acted on exactly once, whatever is killed.

Two processes of `tocsin run` publish the signals of a generated crisis and are killed (SIGKILL) and started again meanwhile;
so are the Python consumer, which posts to a webhook here, and the Java one, which writes tickets. Afterwards the ids of
the topic, read with read_committed, the ids that the webhook has acted on, and those of the tickets must be the same, each
once. A third consumer, which comes when all signals are long past, must make one post of them: a digest.

    consumers.py --tocsin build/release/bin/tocsin [--posts N] [--kills N] [--seed N]
"""

import argparse
import collections
import http.server
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", "kafka", "delivery"), os.path.join(ROOT, "tests", "pipeline")]
import end_to_end  # noqa: E402
import faults  # noqa: E402
from end_to_end import brand_metrics, kafka_broker  # noqa: E402

PYTHON_CONSUMER = os.path.join(ROOT, "deploy", "consumers", "python", "signal_webhook.py")
JAVA_CONSUMER = os.path.join(ROOT, "deploy", "consumers", "java", "src", "main", "java", "tocsin", "SignalTickets.java")
BETWEEN_KILLS_S = (0.5, 3.0)
DEADLINE_S = 600
NEVER_STALE = "1e12"  # the posts are of another year
PROCESSES = 2


class Receiver:
    """A webhook that does what the consumer's documentation asks of one: a key that it has had changes nothing."""

    def __init__(self, refuse_first=0):
        self.bodies = []               # of posts acted on
        self.repeats = 0               # posts dropped by their key
        self.refusals = refuse_first   # so many posts are answered with 503 before any is taken
        self.keys = set()
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(outer.take(self.headers["Idempotency-Key"], body))
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def take(self, key, body):
        with self.lock:
            if self.refusals > 0:
                self.refusals -= 1
                return 503
            if key in self.keys:
                self.repeats += 1
                return 200
            self.keys.add(key)
            self.bodies.append(body)
            return 200

    def ids(self):
        with self.lock:
            return [each for body in self.bodies for each in body.get("signals", [body["id"]] if "id" in body else [])]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Child:
    """A consumer that can be killed and started again with the same arguments."""

    def __init__(self, command, log_path):
        self.command = command
        self.log_path = log_path
        self.start()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(self.command, stderr=log, stdout=log, preexec_fn=kafka_broker.die_with_parent)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def restart(self):
        self.kill()
        self.start()

    def stop(self):
        self.process.terminate()
        return self.process.wait(timeout=60)

    def check_runs(self):
        if self.process.poll() is not None:
            with open(self.log_path, encoding="utf-8", errors="replace") as log:
                raise RuntimeError(f"a consumer ended by itself with {self.process.returncode}:\n{log.read()[-3000:]}")


def python_with_client():
    for python in (os.path.join(ROOT, "build", "python", "bin", "python"), sys.executable):
        if os.path.exists(python) and subprocess.run([python, "-c", "import confluent_kafka"], capture_output=True,
                                                     check=False).returncode == 0:
            return python
    return None


def start_python(python, folder, bootstrap, url, group, stale_after):
    return Child([python, PYTHON_CONSUMER, "--bootstrap", bootstrap, "--webhook", url, "--group", group, "--journal",
                  os.path.join(folder, group + ".db"), "--stale-after", stale_after, "--property", "session.timeout.ms=6000",
                  "--property", "group.instance.id=" + group], os.path.join(folder, group + ".log"))


def start_java(folder, bootstrap):
    classes = os.path.join(folder, "classes")
    libs = os.path.join(kafka_broker.LIBS, "*")
    subprocess.run(["javac", "-d", classes, "-cp", libs, JAVA_CONSUMER], check=True)
    with open(os.path.join(folder, "consumer.properties"), "w", encoding="utf-8") as file:
        file.write(f"bootstrap.servers={bootstrap}\nsession.timeout.ms=6000\ngroup.instance.id=tickets\n")
    return Child(["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classes + os.pathsep + libs,
                  "tocsin.SignalTickets", os.path.join(folder, "tickets.jsonl"),
                  os.path.join(folder, "consumer.properties")], os.path.join(folder, "java.log"))


def signal_ids(bootstrap):
    out = end_to_end.kcat(bootstrap, "-C", "-t", "tocsin.signals", "-o", "beginning", "-e", "-X",
                          "isolation.level=read_committed", "-f", "%h\n", capture_output=True, text=True).stdout
    return [header.split("=", 1)[1] for line in out.splitlines() for header in line.split(",")
            if header.startswith("ce_id=")]


def ticket_ids(folder):
    path = os.path.join(folder, "tickets.jsonl")
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line)["id"] for line in lines if line.endswith("\n")]


def wait(condition, children, what):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        for child in children:
            child.check_runs()
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {DEADLINE_S} s: {what()}")
        time.sleep(0.2)  # between two looks


def differences(name, found, expected):
    twice = [each for each, times in collections.Counter(found).items() if times > 1]
    problems = [f"{name}: acted on more than once: {twice}"] if twice else []
    if set(found) != set(expected):
        problems.append(f"{name}: missing {sorted(set(expected) - set(found))}, too many {sorted(set(found) - set(expected))}")
    return problems


def publish_under_kills(arguments, folder, broker, processes, consumers, feeder):
    rng = random.Random(arguments.seed)
    for _ in range(arguments.kills):
        time.sleep(rng.uniform(*BETWEEN_KILLS_S))  # the pace of the faults
        victim = rng.choice(processes)
        victim.kill()
        victim.start()
        rng.choice(consumers).restart()
    feeder.finish()


def check(arguments, folder, broker, python):
    tocsin = os.path.abspath(arguments.tocsin)
    files = end_to_end.generate(tocsin, folder, arguments.posts, crisis=True)
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as config:
        config.write(faults.CONFIG.format(bootstrap=broker.bootstrap))
    _, _, end_s = brand_metrics.oracle([(path, "twitter_v1") for path in files], os.path.join(folder, "watchlist.yaml"),
                                       end_to_end.MODEL)
    receiver, late_receiver = Receiver(refuse_first=2), Receiver()
    feeder = faults.Feeder(broker.bootstrap, files, max(10.0, arguments.kills * sum(BETWEEN_KILLS_S) / 2))
    feeder.start()
    time.sleep(1)  # the topic appears with its first record
    processes = [faults.Process(tocsin, folder, ordinal) for ordinal in range(PROCESSES)]
    consumers = []
    try:
        consumers += [start_python(python, folder, broker.bootstrap, receiver.url, "webhook", NEVER_STALE),
                      start_java(folder, broker.bootstrap)]
        publish_under_kills(arguments, folder, broker, processes, consumers, feeder)
        faults.wait_until_closed(processes, end_s)
        for process in processes:
            if process.stop() != 0:
                raise RuntimeError(f"not drained:\n{process.text()}")
        expected = signal_ids(broker.bootstrap)
        wait(lambda: len(receiver.ids()) >= len(expected) and len(ticket_ids(folder)) >= len(expected), consumers,
             lambda: f"{len(expected)} signals, {len(receiver.ids())} posted, {len(ticket_ids(folder))} tickets")
        # Once more from everything that is committed: nothing must come of it.
        for child in consumers:
            child.restart()
        consumers.append(start_python(python, folder, broker.bootstrap, late_receiver.url, "late", "600"))
        wait(lambda: len(late_receiver.ids()) >= len(expected), consumers, lambda: "the digest")
        codes = [child.stop() for child in consumers]
    finally:
        feeder.kill()
        for child in [*processes, *consumers]:
            child.kill()
        receiver.close()
        late_receiver.close()
    print(f"{len(expected)} signals; {arguments.kills} kills of workers and of consumers; webhook: {len(receiver.bodies)} "
          f"posts, {receiver.repeats} repeats dropped by their key; {len(ticket_ids(folder))} tickets; late: "
          f"{len(late_receiver.bodies)} post of kind {[body['kind'] for body in late_receiver.bodies]}")
    problems = differences("webhook", receiver.ids(), expected) + differences("tickets", ticket_ids(folder), expected)
    problems += differences("digest", late_receiver.ids(), expected)
    if len(expected) < 3 or len(expected) != len(set(expected)):
        problems.append(f"signals: {expected}")
    if [body["kind"] for body in late_receiver.bodies] != ["digest"]:
        problems.append("the late consumer made more than one digest")
    if any(not body.get("summary") or "samples" not in body.get("evidence", {}) for body in receiver.bodies):
        problems.append("a post without summary or evidence")
    if any(code not in (0, 143) for code in codes):
        problems.append(f"consumers ended with {codes}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--posts", type=int, default=8_000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()
    python = python_with_client()
    if python is None or shutil.which("javac") is None:
        print("skipped: confluent-kafka (deploy/dependencies.sh --tests) or javac is missing")
        return end_to_end.SKIPPED
    return end_to_end.run_on_broker(arguments.keep, "tocsin-consumers-",
                                    lambda folder, broker: check(arguments, folder, broker, python))


if __name__ == "__main__":
    sys.exit(main())

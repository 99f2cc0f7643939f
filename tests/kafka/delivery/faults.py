"""Three processes of `tocsin run` on a real Kafka, under faults, held against the oracle.

Posts are fed at a steady pace. Meanwhile processes are killed (SIGKILL) and started again under the same name, frozen
for longer than the transaction time-out (SIGSTOP, SIGCONT), and the broker is killed and started again, or frozen.
Afterwards the brand-metrics topic must equal what tests/oracle computes from the raw posts, every dead letter must be
there once, and signals must be those of a replay: nothing lost, nothing doubled.

    faults.py --tocsin build/release/bin/tocsin [--kills N] [--freezes N] [--broker-kills N] [--outages N]
              [--outage SECONDS] [--posts N] [--brands N] [--crisis] [--preload] [--memory-limit MB] [--processes N] [--seed N]
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", "pipeline")]
import end_to_end  # noqa: E402
from end_to_end import brand_metrics, kafka_broker  # noqa: E402

FROZEN_S = 15  # longer than transaction.timeout.ms, 10 s
BETWEEN_KILLS_S = (0.5, 4.5)
# What a process says that gives up because no broker answers.
NO_BROKER = ("(_TRANSPORT)", "can't be read to its end")
CONFIG = """\
deployment: faults
kafka: {{bootstrap.servers: "{bootstrap}"}}
sources:
  # Neither idle nor left out before the end: the promise excludes both.
  - {{topics: [posts], preset: twitter_v1, start: earliest, out_of_orderness: 2s, idle_after: 30s, max_drag: 366d}}
watchlist: watchlist.yaml
workers: {{ingest: 1, detect: 1}}
metrics: {{every: 5s, listen: "127.0.0.1:0"}}
topics: {{mentions_partitions: 6}}
snapshot: {{every: 10s}}
log: {{format: json}}
"""


class Feeder(threading.Thread):
    """Writes each file to its partition, all at such a pace that they end together after `seconds`."""

    def __init__(self, bootstrap, files, seconds):
        super().__init__(daemon=True)
        self.producers = [subprocess.Popen(
            ["kcat", "-q", "-E", "-b", bootstrap, "-P", "-t", "posts", "-p", str(partition), "-z", "lz4", "-X", "linger.ms=20",
             "-X", "enable.idempotence=true"], stdin=subprocess.PIPE) for partition in range(len(files))]
        self.lines = []
        for path in files:
            with open(path, "rb") as lines:
                self.lines.append(lines.readlines())
        self.seconds = seconds
        self.sent = [0] * len(self.lines)  # of each file
        self.failure = None

    def run(self):
        try:
            sent = self.sent
            began = time.monotonic()
            while any(done < len(lines) for done, lines in zip(sent, self.lines)):
                share = min(1.0, (time.monotonic() - began) / self.seconds)
                for i, lines in enumerate(self.lines):
                    due = int(len(lines) * share)
                    self.producers[i].stdin.write(b"".join(lines[sent[i]:due]))
                    self.producers[i].stdin.flush()
                    sent[i] = due
                time.sleep(0.05)  # the pace; nothing depends on it
            for producer in self.producers:
                producer.stdin.close()
                if producer.wait() != 0:
                    raise RuntimeError("kcat could not write all posts")
        except (OSError, RuntimeError) as failure:
            self.failure = failure

    def finish(self):
        """Waits until all is written."""
        self.join()
        if self.failure is not None:
            raise RuntimeError(f"feeding: {self.failure}")

    def kill(self):
        """What a run that failed half-way leaves behind would keep its caller waiting for the end of its output."""
        for producer in self.producers:
            producer.kill()
            producer.wait()


class Process(end_to_end.Service):
    """One of the processes; keeps its name over restarts, and its log."""

    def __init__(self, tocsin, folder, ordinal):
        self.command = [tocsin, "run", "--config", "config.yaml", "--ordinal", str(ordinal)]
        self.folder = folder
        self.log_path = os.path.join(folder, f"run-{ordinal}.log")
        self.peak_mb = 0
        self.start()

    def start(self):
        self.log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen(self.command, cwd=self.folder, stderr=self.log, preexec_fn=kafka_broker.die_with_parent)
        self.port = None

    def text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            log.seek(self.log_start)
            return log.read()

    def note_memory(self):
        try:
            with open(f"/proc/{self.process.pid}/status", encoding="utf-8") as status:
                for line in status:
                    if line.startswith("VmHWM:"):
                        self.peak_mb = max(self.peak_mb, int(line.split()[1]) // 1024)
        except OSError:
            pass

    def kill(self):
        self.note_memory()
        super().kill()

    def drain(self):
        if self.stop() != 0:
            raise RuntimeError(f"not drained:\n{self.text()}")

    def revive(self):
        """As an orchestrator does it: a process that starts while there is no broker gives up after a while."""
        if self.process.poll() is None:
            return False
        reason = self.text().splitlines()[-1]
        if self.process.returncode != 1 or not any(sign in reason for sign in NO_BROKER):
            raise RuntimeError(f"tocsin run ended by itself with {self.process.returncode}:\n{self.text()}")
        self.log.close()
        self.start()
        return True


def inflict(arguments, rng, processes, broker):
    """The faults, in random order, and how long each take-over took."""
    faults = (["kill"] * arguments.kills + ["freeze"] * arguments.freezes + ["broker kill"] * arguments.broker_kills +
              ["outage"] * arguments.outages)
    rng.shuffle(faults)
    for number, fault in enumerate(faults):
        time.sleep(rng.uniform(*BETWEEN_KILLS_S))  # the pace of the faults
        victim = rng.choice(processes)
        victim.note_memory()
        if victim.revive():
            print("a process had given up waiting for the broker and was started again", flush=True)
        if fault == "kill":
            victim.kill()
            victim.start()
        elif fault == "freeze":
            victim.process.send_signal(signal.SIGSTOP)
            time.sleep(FROZEN_S)
            victim.process.send_signal(signal.SIGCONT)
        elif fault == "broker kill":
            broker.kill()
            broker.restart()
        else:
            os.kill(broker.pid, signal.SIGSTOP)
            time.sleep(arguments.outage)
            os.kill(broker.pid, signal.SIGCONT)
        if number % 10 == 9 or fault != "kill":
            print(f"{number + 1} of {len(faults)} faults: {fault}", flush=True)


def closed(process, end_s):
    process.revive()
    if process.port is None and not process.has_port():
        return False
    try:
        watermarks = [value for value in process.metrics().get("tocsin_watermark_timestamp_seconds", []) if value > 0]
    except OSError:
        return False
    return bool(watermarks) and min(watermarks) >= end_s


def wait(condition, processes, what):
    deadline = time.monotonic() + end_to_end.DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what}:\n" + "\n".join(process.text()[-4000:] for process in processes))
        time.sleep(0.2)  # between two looks


def wait_until_closed(processes, end_s):
    wait(lambda: all(closed(process, end_s) for process in processes), processes, "not all windows closed")


def check(arguments, folder, tocsin, broker):
    files = end_to_end.generate(tocsin, folder, arguments.posts, arguments.crisis, arguments.brands)
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as config:
        config.write(CONFIG.format(bootstrap=broker.bootstrap))
    counts, expected, end_s = brand_metrics.oracle([(path, "twitter_v1") for path in files],
                                                   os.path.join(folder, "watchlist.yaml"), end_to_end.MODEL)
    total = arguments.kills + arguments.freezes + arguments.broker_kills + arguments.outages
    seconds = (sum(BETWEEN_KILLS_S) / 2 * total + FROZEN_S * arguments.freezes + 8 * arguments.broker_kills +
               arguments.outage * arguments.outages)
    feeder = Feeder(broker.bootstrap, files, 0.001 if arguments.preload else max(10.0, seconds))
    feeder.start()
    if arguments.preload:
        feeder.join()
    else:
        time.sleep(1)  # the topic appears with its first record
    processes = [Process(tocsin, folder, ordinal) for ordinal in range(arguments.processes)]
    try:
        inflict(arguments, random.Random(arguments.seed), processes, broker)
        feeder.finish()
        wait_until_closed(processes, end_s)
        restarts = sum(process.text().count("worker failed") for process in processes)
        for process in processes:
            process.note_memory()
            process.drain()
    finally:
        feeder.kill()
        for process in processes:
            process.kill()
    peak_mb = max(process.peak_mb for process in processes)
    print(f"{arguments.kills} kills, {arguments.freezes} freezes, {arguments.broker_kills} broker kills, "
          f"{arguments.outages} outages of {arguments.outage} s; workers of the last incarnations that failed: "
          f"{restarts}; peak memory of a process {peak_mb} MB")
    problems = []
    if arguments.memory_limit and peak_mb > arguments.memory_limit:
        problems.append(f"peak memory {peak_mb} MB is over {arguments.memory_limit} MB")
    return problems + end_to_end.compare_run(tocsin, folder, broker.bootstrap, files, counts, expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--freezes", type=int, default=1)
    parser.add_argument("--broker-kills", type=int, default=1)
    parser.add_argument("--outages", type=int, default=0, help="times that the broker stops answering")
    parser.add_argument("--outage", type=float, default=60, help="seconds of an outage")
    parser.add_argument("--posts", type=int, default=40_000)
    parser.add_argument("--brands", type=int, default=50)
    parser.add_argument("--crisis", action="store_true", help="the demo's scenario, so that there are signals")
    parser.add_argument("--preload", action="store_true", help="all posts are there before the processes start")
    parser.add_argument("--memory-limit", type=int, default=0, help="MB that no process may exceed; 0: not checked")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()
    return end_to_end.run_on_broker(
        arguments.keep, "tocsin-faults-",
        lambda folder, broker: check(arguments, folder, os.path.abspath(arguments.tocsin), broker))


if __name__ == "__main__":
    sys.exit(main())

"""The whole path on a real Kafka, held against the oracle record by record.

Generated posts (duplicates, malformed records, disorder up to the bound, uneven partitions, one of them silent for a
while) are loaded into a topic; `tocsin run` with two ingest workers reads them; the brand-metrics topic, read with
read_committed, must equal what tests/oracle computes from the raw posts, for every brand, window size and window end.
`tocsin replay` of the same files must give the same metrics, and the same signals but for the fields that only the
service has.

    end_to_end.py --tocsin build/release/bin/tocsin [--posts N] [--crisis] [--keep DIR]
"""

import argparse
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "oracle"), os.path.join(ROOT, "tests", "kafka", "broker")]
import brand_metrics  # noqa: E402
import broker as kafka_broker  # noqa: E402
from signal_fields import comparable  # noqa: E402

MODEL = os.path.join(ROOT, "operators", "sentiment", "model", "default.model")
PARTITIONS = "40,30,20,10"
SKIPPED = 77
DEADLINE_S = 900
CONFIG = """\
deployment: end-to-end
kafka: {{bootstrap.servers: "{bootstrap}"}}
sources:
  - {{topics: [posts], preset: twitter_v1, start: earliest, out_of_orderness: 2s}}
watchlist: watchlist.yaml
workers: {{ingest: 2, detect: 1}}
metrics: {{every: 5s, listen: "127.0.0.1:0"}}
topics: {{mentions_partitions: 8}}
log: {{format: json}}
"""


def shell(*arguments, **keywords):
    return subprocess.run(arguments, check=True, **keywords)


def kcat(bootstrap, *arguments, **keywords):
    return shell("kcat", "-q", "-b", bootstrap, *arguments, **keywords)


def generate(tocsin, folder, posts, crisis, brands=50):
    command = [tocsin, "generate", "--posts", str(posts), "--output", "posts.ndjson", "--truth", "truth.json",
               "--watchlist", "watchlist.yaml", "--duplicates", "0.01", "--malformed", "0.005", "--disorder", "2s",
               "--partitions", PARTITIONS, "--silent", "3:10m:2m", "--bytes", "2500"]
    command += ["--scenario", "demo", "--duration", "26h"] if crisis else ["--duration", "30m", "--brands", str(brands)]
    shell(*command, cwd=folder)
    return [os.path.join(folder, f"posts.ndjson.{i}") for i in range(4)]


def count_lines(files):
    return sum(int(shell("wc", "-l", path, capture_output=True, text=True).stdout.split()[0]) for path in files)


def load(bootstrap, files):
    # By plain records and not by transactions, so that offsets are line numbers, as in a replay.
    for partition, path in enumerate(files):
        with open(path, "rb") as lines:
            kcat(bootstrap, "-P", "-t", "posts", "-p", str(partition), "-z", "lz4", "-X", "linger.ms=50",
                 "-X", "queue.buffering.max.messages=1000000", stdin=lines)


class Service:
    """`tocsin run`, its port read from its own log."""

    def __init__(self, tocsin, folder):
        self.log_path = os.path.join(folder, "run.log")
        self.log = open(self.log_path, "wb")
        self.process = subprocess.Popen([tocsin, "run", "--config", "config.yaml"], cwd=folder, stderr=self.log,
                                        preexec_fn=kafka_broker.die_with_parent)
        self.port = None

    def wait_for(self, condition, what):
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"tocsin run ended with {self.process.returncode}:\n{self.text()}")
            if condition():
                return
            time.sleep(0.2)  # between two looks; nothing depends on its length
        raise RuntimeError(f"not within {DEADLINE_S} s: {what}\n{self.text()}")

    def text(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def has_port(self):
        found = re.search(r'"port":"(\d+)"', self.text())
        self.port = int(found.group(1)) if found else None
        return self.port is not None

    def metrics(self):
        """{name: [values]} over all labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as response:
            values = {}
            for line in response.read().decode().splitlines():
                if not line.startswith("#"):
                    name, value = line.rsplit(" ", 1)
                    values.setdefault(name.split("{")[0], []).append(float(value))
            return values

    def ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=10) as response:
                return response.status == 200
        except OSError:
            return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()


def run_service(tocsin, folder, bootstrap, records, end_s, write_config=True):
    """The service's last metrics, after it has read `records` and closed the windows up to `end_s`."""
    if write_config:
        with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as config:
            config.write(CONFIG.format(bootstrap=bootstrap))
    service = Service(tocsin, folder)
    try:
        service.wait_for(service.has_port, "the port of /metrics")
        service.wait_for(service.ready, "/readyz")
        began = time.monotonic()

        def closed():
            metrics = service.metrics()
            return (sum(metrics.get("tocsin_posts_consumed_total", [0])) == records and
                    min(metrics.get("tocsin_watermark_timestamp_seconds", [0])) >= end_s)

        service.wait_for(lambda: sum(service.metrics().get("tocsin_posts_consumed_total", [0])) == records,
                         "all records read")
        print(f"read {records} records in {time.monotonic() - began:.1f} s", flush=True)
        service.wait_for(closed, "all windows closed")
        metrics = service.metrics()
        code = service.stop()
        if code != 0:
            raise RuntimeError(f"after SIGTERM tocsin run ended with {code}, not 0:\n{service.text()}")
        return metrics
    finally:
        service.kill()


def read_topic(bootstrap, topic):
    out = kcat(bootstrap, "-C", "-t", topic, "-o", "beginning", "-e", "-X", "isolation.level=read_committed", "-f",
               "%s\n", capture_output=True)
    return out.stdout.splitlines()  # bytes: dead letters need not be UTF-8


def compare_output(bootstrap, counts, expected):
    """What of brand metrics and dead letters differs from the oracle's."""
    problems = []
    letters = len(kcat(bootstrap, "-C", "-t", "tocsin.dead-letters", "-o", "beginning", "-e", "-X",
                       "isolation.level=read_committed", "-f", "%o\n", capture_output=True).stdout.splitlines())
    if letters != counts["dead"]:
        problems.append(f"dead letters: {letters}, must be {counts['dead']}")
    found, twice = brand_metrics.engine_records(read_topic(bootstrap, "tocsin.brand-metrics"))
    problems += brand_metrics.compare(expected, found, twice)
    print(f"{len(expected)} records expected, {len(found)} found, {letters} dead letters")
    return problems


def replay(tocsin, folder, files, *options):
    """Writes replay-signals.ndjson."""
    inputs = [part for path in files for part in ("--input", "posts=" + path)]
    shell(tocsin, "replay", "--config", "config.yaml", *inputs, "--signals", "replay-signals.ndjson", "--flush",
          *options, cwd=folder)


def compare_signals(folder, bootstrap):
    """How many signals were published, and what of them differs from replay-signals.ndjson."""
    with open(os.path.join(folder, "replay-signals.ndjson"), encoding="utf-8") as lines:
        replayed = sorted(comparable(json.loads(line)["data"]) for line in lines)
    published = sorted(comparable(json.loads(line)) for line in read_topic(bootstrap, "tocsin.signals"))
    print(f"{len(published)} signals published, {len(replayed)} replayed")
    if published == replayed:
        return len(published), []
    for name, signals in (("published", published), ("replayed", replayed)):
        with open(os.path.join(folder, name + ".txt"), "w", encoding="utf-8") as out:
            out.write("\n".join(signals))
    return len(published), ["signals of run and replay differ"]


def check(folder, tocsin, bootstrap, posts, crisis):
    problems = []
    files = generate(tocsin, folder, posts, crisis)
    records = count_lines(files)
    load(bootstrap, files)
    counts, expected, end_s = brand_metrics.oracle([(path, "twitter_v1") for path in files],
                                                   os.path.join(folder, "watchlist.yaml"), MODEL)
    metrics = run_service(tocsin, folder, bootstrap, records, end_s)

    def total(name):
        return int(sum(metrics.get(name, [0])))

    account = {"input": total("tocsin_posts_consumed_total"), "matched": total("tocsin_posts_matched_total"),
               "unmatched": total("tocsin_posts_unmatched_total"), "dead": total("tocsin_dead_letters_total"),
               "official": total("tocsin_posts_official_total"), "mentions": total("tocsin_mentions_total"),
               "counted": total("tocsin_rows_applied_total")}
    print("engine", json.dumps(account))
    problems += [f"account: {name} is {value}, must be {counts[name]}" for name, value in account.items()
                 if value != counts[name]]
    if account["input"] != sum(account[name] for name in ("matched", "unmatched", "dead", "official")):
        problems.append("input != matched + unmatched + dead + official")
    if account["mentions"] != account["counted"] + total("tocsin_rows_duplicate_total"):
        problems.append("mentions != counted + duplicates")
    problems += compare_output(bootstrap, counts, expected)
    replay(tocsin, folder, files, "--metrics", "replay-metrics.ndjson")
    with open(os.path.join(folder, "replay-metrics.ndjson"), encoding="utf-8") as lines:
        again, twice = brand_metrics.engine_records(lines)
    problems += ["replay " + problem for problem in brand_metrics.compare(expected, again, twice)]
    published, differences = compare_signals(folder, bootstrap)
    problems += differences
    if crisis and not published:
        problems.append("the scenario has a crisis, but there are no signals")
    return problems


def audit(tocsin, folder):
    """What `tocsin audit` finds after a run: the chain must be whole, and nobody has written a block twice."""
    result = subprocess.run([tocsin, "audit", "--config", "config.yaml", "--json"], cwd=folder, capture_output=True,
                            text=True, timeout=DEADLINE_S)
    if not result.stdout:
        return [f"tocsin audit: {result.stderr}"]
    report = json.loads(result.stdout)
    blocks = sum(partition["blocks"] for partition in report["partitions"])
    findings = [finding for partition in report["partitions"] for finding in partition["findings"]]
    print(f"audit: {'whole' if report['whole'] else 'NOT WHOLE'}, {blocks} blocks, {len(findings)} findings")
    problems = [f"audit: {finding}" for finding in findings] + [f"audit: {note}" for note in report["notes"]]
    return problems if report["whole"] and result.returncode == 0 else problems + ["audit: not whole"]


def compare_run(tocsin, folder, bootstrap, files, counts, expected):
    """What is not as it must be after a run of the service: output, signals beside a replay's, the audit's findings."""
    problems = compare_output(bootstrap, counts, expected)
    replay(tocsin, folder, files)
    return problems + compare_signals(folder, bootstrap)[1] + audit(tocsin, folder)


def run_on_broker(keep, prefix, check_on, make_broker=kafka_broker.Broker):
    """Calls `check_on(folder, broker)` beside a broker of its own and prints the problems returned. The exit code."""
    missing = [tool for tool in ("kcat", "java") if shutil.which(tool) is None]
    if missing:
        print("skipped: not installed:", ", ".join(missing))
        return SKIPPED
    folder = keep or tempfile.mkdtemp(prefix=prefix)
    os.makedirs(folder, exist_ok=True)
    try:
        # The posts topic appears with its four partitions when it is written to.
        with make_broker(partitions_default=4, settings={"auto.create.topics.enable": "true"}) as running:
            problems = check_on(folder, running)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    for problem in problems:
        print(problem)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{'equal' if not problems else 'DIFFERENT'}; largest child {usage.ru_maxrss // 1024} MB")
    return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--posts", type=int, default=30_000)
    parser.add_argument("--crisis", action="store_true", help="the demo's scenario, so that there are signals")
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()
    tocsin = os.path.abspath(arguments.tocsin)
    return run_on_broker(arguments.keep, "tocsin-end-to-end-",
                         lambda folder, broker: check(folder, tocsin, broker.bootstrap, arguments.posts,
                                                      arguments.crisis))


if __name__ == "__main__":
    sys.exit(main())

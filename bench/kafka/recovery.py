"""What it costs detect to come back after a kill -9, on a real broker with an hour of state.

One posts partition is fed with posts of `tocsin generate` (all of them mention one of the brands), at a given number of
mentions a second of event time, which passes faster than the clock: --speed. Two processes of `tocsin run` read it, one of
ingest and one of detect. flush.every is 1 s over --speed, so that a block holds what it holds at a speed of 1 if the machine
keeps up; how many flushes there were is said. Then

  65 minutes     detect is stopped properly, which leaves a snapshot: more than an hour lies behind it. With --snapshot-every
                 there are earlier ones too, which a recovery has to read past until the broker has compacted them
  5 minutes      detect goes on, with no snapshot (snapshot.every is an hour of the clock): the longest way there is
  each kill      detect is killed (SIGKILL) when all is committed; 2 s of posts become blocks; detect is started again

and it is measured, of each start after a kill:

  recovered      from the start of the process to its log line "recovered", which each worker writes when it has the state of
                 all its partitions again; the gauge tocsin_detect_assigned_partitions rises with it
  new blocks     until tocsin_rows_applied_total says that rows of blocks which nobody had applied are committed
  CPU            of the process, all threads, until then (/proc); and of the worker's thread within recoveries, by its log
  bytes          of the snapshots topic and of the mentions log that the recovery read, uncompressed, by its log

With --of N it is the share of one of N processes alone: brands, mentions and mentions partitions divided by N. Partitions know
nothing of each other, so those that are there are loaded as in the whole deployment, whose other processes do the rest.

Parts of a second that the broker needs to let the killed member's successor in are in the figures; it has its place in the
group (static membership). The signals that were replayed must be those that were published, and nothing may be a gap.

    recovery.py --tocsin build/release/bin/tocsin [--rate MENTIONS_A_SECOND]... [--brands N] [--kills N] [--workers N]
                [--speed FACTOR] [--minutes N] [--snapshot-every DURATION] [--of N]
"""

import argparse
import datetime
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "pipeline")]
import end_to_end  # noqa: E402
from end_to_end import kafka_broker  # noqa: E402

BEHIND_SNAPSHOT_S = 300
NEW_S = 2
PARTITIONS = 16
SNAPSHOT_ATTEMPTS = 10
FEED_EVERY_S = 0.1
READ_BYTES = 1 << 20
CONFIG = """\
deployment: recovery
kafka: {{bootstrap.servers: "{bootstrap}"}}
sources:
  - {{topics: [posts], preset: generic, start: earliest, out_of_orderness: 2s}}
watchlist: watchlist.yaml
roles: [{role}]
workers: {{ingest: 1, detect: {workers}}}
topics: {{mentions_partitions: {partitions}}}
metrics: {{listen: "127.0.0.1:0"}}
flush: {{every: {flush_ms}ms}}
snapshot: {{every: {snapshot_every}}}
log: {{format: json, level: debug}}
"""


class Process(end_to_end.Service):
    """`tocsin run` with one role; may be started again, and keeps its log."""

    def __init__(self, tocsin, folder, role):
        self.command = [tocsin, "run", "--config", f"{role}.yaml", "--ordinal", "0"]
        self.folder = folder
        self.log_path = os.path.join(folder, f"{role}.log")
        self.start()

    def start(self):
        self.log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        self.log = open(self.log_path, "ab")
        self.began = time.time()
        self.process = subprocess.Popen(self.command, cwd=self.folder, stderr=self.log, preexec_fn=kafka_broker.die_with_parent)
        self.port = None

    def text(self):
        with open(self.log_path, "rb") as log:
            log.seek(self.log_start)
            return log.read().decode(errors="replace")

    def events(self, message):
        lines = (json.loads(line) for line in self.text().splitlines() if line.startswith("{") and line.endswith("}"))
        return [line for line in lines if line["msg"] == message]

    def total(self, name):
        if self.port is None and not self.has_port():
            return 0
        return int(sum(self.metrics().get(name, [0])))

    def wait_closely(self, condition, what):
        deadline = time.monotonic() + end_to_end.DEADLINE_S
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"not seen: {what}\n{self.text()[-3000:]}")
            time.sleep(0.02)  # the measure's resolution

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def drain(self):
        if self.stop() != 0:
            raise RuntimeError(f"not drained:\n{self.text()[-3000:]}")
        self.log.close()


class Feed:
    """`tocsin generate` into the posts topic, so many lines at a time."""

    def __init__(self, tocsin, folder, bootstrap, rate, seconds, brands):
        self.rate = rate
        self.kcat_command = ["kcat", "-q", "-E", "-b", bootstrap, "-P", "-t", "posts", "-p", "0", "-z", "lz4", "-X", "linger.ms=5",
                             "-X", "enable.idempotence=true"]
        self.sent = 0
        self.rest = b""
        self.generate = subprocess.Popen(
            [tocsin, "generate", "--posts", str(rate * seconds), "--duration", f"{seconds}s", "--brands", str(brands), "--matched", "1",
             "--second-network", "1", "--output", "-", "--watchlist", "watchlist.yaml"], cwd=folder, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, bufsize=0, preexec_fn=kafka_broker.die_with_parent)
        self.rest = self.generate.stdout.read(READ_BYTES)  # its watchlist is written by now
    def _send(self, lines, kcat):
        while lines > 0:
            count = self.rest.count(b"\n")
            if count == 0:
                more = self.generate.stdout.read(READ_BYTES)
                if not more:
                    raise RuntimeError("tocsin generate has ended early")
                self.rest += more
                continue
            end = self.rest.rfind(b"\n") + 1
            if count > lines:
                end = 0
                for _ in range(lines):
                    end = self.rest.index(b"\n", end) + 1
                count = lines
            kcat.stdin.write(self.rest[:end])
            self.rest = self.rest[end:]
            self.sent += count
            lines -= count
        kcat.stdin.flush()

    def send(self, seconds, speed):
        """So many seconds of event time at `speed`, or as fast as it goes when that is slower."""
        # One kcat for each time: it keeps back what is less than its buffer until its input ends.
        kcat = subprocess.Popen(self.kcat_command, stdin=subprocess.PIPE, preexec_fn=kafka_broker.die_with_parent)
        try:
            first, began = self.sent, time.monotonic()
            total = seconds * self.rate
            while self.sent - first < total:
                due = min(total, int((time.monotonic() - began + FEED_EVERY_S) * speed * self.rate))
                self._send(due - (self.sent - first), kcat)
                time.sleep(FEED_EVERY_S)  # the pace; nothing depends on it
            kcat.stdin.close()
            if kcat.wait() != 0:
                raise RuntimeError("kcat could not write all posts")
        finally:
            kcat.kill()
            kcat.wait()

    def stop(self):
        self.generate.kill()
        self.generate.wait()


def write_config(folder, role, **values):
    with open(os.path.join(folder, f"{role}.yaml"), "w", encoding="utf-8") as out:
        out.write(CONFIG.format(role=role, **values))


class Bench:
    """One rate: the broker's topics, the feed and both processes."""

    def __init__(self, arguments, folder, bootstrap, rate):
        self.workers = arguments.workers
        self.rate = rate // arguments.of
        self.speed = arguments.speed or max(10, min(30, 100_000 / self.rate))
        # A little more than is fed: generate draws how many posts there are.
        seconds = round(1.02 * (60 * arguments.minutes + BEHIND_SNAPSHOT_S + NEW_S * arguments.kills)) + 10
        self.feed = Feed(arguments.tocsin, folder, bootstrap, self.rate, seconds, arguments.brands // arguments.of)
        self.folder = folder
        self.values = {"bootstrap": bootstrap, "workers": arguments.workers, "partitions": PARTITIONS // arguments.of,
                       "flush_ms": max(1, round(1000 / self.speed))}
        write_config(folder, "ingest", snapshot_every="1h", **self.values)
        write_config(folder, "detect", snapshot_every=arguments.snapshot_every, **self.values)
        self.processes = []
        self.rows_before = 0  # that detect had committed when its process was started

    def start(self, tocsin):
        self.feed.send(1, self.speed)  # the topic appears with its first posts
        for role in ("ingest", "detect"):
            process = Process(tocsin, self.folder, role)
            self.processes.append(process)
            process.wait_for(process.has_port, "the port of /metrics")
            process.wait_for(process.ready, "/readyz")
        self.ingest, self.detect = self.processes

    def until_ingested(self):
        self.ingest.wait_for(lambda: self.ingest.total("tocsin_posts_consumed_total") == self.feed.sent, "all posts in blocks")

    def until_detected(self):
        rows = self.ingest.total("tocsin_mentions_total") - self.rows_before
        self.detect.wait_for(lambda: self.detect.total("tocsin_rows_read_total") == rows, f"{rows} rows committed by detect")

    def build_state(self, minutes):
        """An hour and more behind a snapshot, five minutes before it."""
        began = time.monotonic()
        self.feed.send(60 * minutes - 1, self.speed)
        self.until_ingested()
        self.until_detected()
        write_config(self.folder, "detect", snapshot_every="1h", **self.values)
        self.leave_snapshot()
        self.feed.send(BEHIND_SNAPSHOT_S, self.speed)
        self.until_ingested()
        self.until_detected()
        state_mb = self.detect.total("tocsin_detect_state_bytes") / 1e6
        print(f"{self.rate} mentions/s here: {self.ingest.total('tocsin_mentions_total'):,} rows of {minutes} min and {BEHIND_SNAPSHOT_S} s in "
              f"{time.monotonic() - began:.0f} s; {self.ingest.total('tocsin_ingest_flush_duration_seconds_count'):,} flushes; "
              f"state {state_mb:,.0f} MB", flush=True)

    def leave_snapshot(self):
        """Stops detect and starts it again. It leaves none when it has nothing new to commit, so something must be under way."""
        for _ in range(SNAPSHOT_ATTEMPTS):
            self.feed.send(1, self.speed)
            self.until_ingested()
            self.detect.drain()
            drained = self.detect.events("drained")[0]
            self.rows_before += int(drained["counted"]) + int(drained["duplicates"])
            self.detect.start()
            self.detect.wait_closely(lambda: len(self.detect.events("recovered")) == self.workers, "all workers recovered")
            # In a drain's snapshot are all of a worker's partitions.
            if min(number(self.detect.events("recovered"), "snapshot_bytes")) > 0:
                return
        raise RuntimeError(f"no snapshot after {SNAPSHOT_ATTEMPTS} stops")

    def kill_and_measure(self):
        self.rows_before = self.ingest.total("tocsin_mentions_total")  # all of them are committed
        self.detect.kill()
        self.feed.send(NEW_S, self.speed)
        self.until_ingested()
        self.detect.start()
        self.detect.wait_closely(lambda: self.detect.total("tocsin_rows_applied_total") > 0, "a new block's rows")
        new_blocks = time.time() - self.detect.began
        cpu = self.detect.cpu_seconds()
        workers = self.detect.events("recovered")
        if len(workers) != self.workers:
            raise RuntimeError(f"{len(workers)} of {self.workers} workers say that they have recovered")
        self.until_detected()
        for wrong in ("tocsin_recovery_differences_total", "tocsin_audit_gaps_total", "tocsin_audit_repeats_total"):
            if self.detect.total(wrong) != 0:
                raise RuntimeError(f"{wrong} is not 0:\n{self.detect.text()[-3000:]}")
        return {"recovered": max(in_seconds(line["ts"]) for line in workers) - self.detect.began, "new_blocks": new_blocks,
                "cpu": cpu, "workers": workers, "partitions": self.detect.events("partition recovered")}

    def stop(self):
        self.feed.stop()
        for process in self.processes:
            process.kill()


def in_seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def number(lines, field):
    return [float(line[field]) for line in lines]


def spread(values, form="{:.2f}"):
    return f"{form.format(statistics.median(values))} ({form.format(min(values))} to {form.format(max(values))})"


def print_kill(kill):
    print("  recovered {recovered:.2f} s, new blocks {new_blocks:.2f} s, CPU {cpu:.2f} s".format(**kill) + "; workers: " + ", ".join(
        f"{line['seconds']} s, {line['cpu_seconds']} CPU s" for line in kill["workers"]), flush=True)


HEAD = ("\n| mentions a second | kills | s to recovered | s to new blocks | CPU s of the process until then | CPU s of a worker's thread, "
        "recovering | s, a partition | CPU s, a partition | snapshots, MB (largest partition) | rebuilt from, MB (largest) | "
        "replayed, MB (largest) | blocks |\n" + "|---" * 12 + "|\n")


def row(name, kills):
    """One line of the table. Of bytes and blocks the last kill's: they differ by the new blocks between kills."""
    last = kills[-1]
    partitions = [line for kill in kills for line in kill["partitions"]]
    said = last["partitions"]

    def megabytes(field):
        values = [value / 1e6 for value in number(said, field)]
        return f"{sum(number(last['workers'], field)) / 1e6:,.1f} ({max(values, default=0):,.2f})"

    blocks = sum(number(last["workers"], "rebuilt_blocks") + number(last["workers"], "replayed_blocks"))
    return (f"| {name} | {len(kills)} | {spread([kill['recovered'] for kill in kills])} | {spread([kill['new_blocks'] for kill in kills])} | "
            f"{spread([kill['cpu'] for kill in kills])} | "
            f"{spread([sum(number(kill['workers'], 'cpu_seconds')) / len(kill['workers']) for kill in kills])} | "
            f"{spread(number(partitions, 'seconds'))} | {spread(number(partitions, 'cpu_seconds'))} | {megabytes('snapshot_bytes')} | "
            f"{megabytes('rebuilt_bytes')} | {megabytes('replayed_bytes')} | {blocks:,.0f} |")


def measure(arguments, folder, bootstrap, rate):
    bench = Bench(arguments, folder, bootstrap, rate)
    kills = []
    try:
        bench.start(arguments.tocsin)
        bench.build_state(arguments.minutes)
        for _ in range(arguments.kills):
            kills.append(bench.kill_and_measure())
            print_kill(kills[-1])
        for process in bench.processes:
            process.drain()
    finally:
        bench.stop()
    return row(f"{rate:,}" + (f", 1 of {arguments.of} processes" if arguments.of > 1 else ""), kills)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--rate", type=int, action="append", metavar="N", help="mentions a second of event time; may be repeated "
                        "(default: 1000, 10000)")
    parser.add_argument("--brands", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--workers", type=int, default=1, help="of detect, for the 16 mentions partitions")
    parser.add_argument("--speed", type=float, help="of event time to the clock (default: 10 to 30, for 100,000 mentions/s of the clock)")
    parser.add_argument("--minutes", type=int, default=65, help="of event time before the snapshot; below 65 the state is not full")
    parser.add_argument("--of", type=int, default=1, metavar="N", help="the share of one of N processes; divides 16")
    parser.add_argument("--snapshot-every", default="1h", help="of the clock, in the first 65 minutes")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # by way of what cleans up
    arguments.tocsin = os.path.abspath(arguments.tocsin)
    missing = [tool for tool in ("kcat", "java") if shutil.which(tool) is None]
    if missing:
        print("skipped: not installed:", ", ".join(missing))
        return end_to_end.SKIPPED
    rows = []
    for rate in arguments.rate or [1_000, 10_000]:
        folder = tempfile.mkdtemp(prefix="tocsin-recovery-")
        try:
            # A broker for each rate: the posts of 10,000 a second fill some 10 GB, beside which nobody else's should lie.
            with kafka_broker.Broker(settings={"auto.create.topics.enable": "true"}, heap="1g") as running:
                rows.append(measure(arguments, folder, running.bootstrap, rate))
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    print(HEAD + "\n".join(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())

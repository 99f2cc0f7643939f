"""One, then four, then two processes of `tocsin run`, and a posts topic that gains partitions, all while posts flow.

The topic begins with two partitions. The posts of all files go there in the order of their event times; half-way two
partitions are added, and once the service owns them, the posts go to all four. At the same time processes join and are
drained. Afterwards the same must hold as in faults.py.

    growth.py --tocsin build/release/bin/tocsin [--posts N] [--crisis] [--keep DIR]
"""

import argparse
import os
import re
import socket
import struct
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", "pipeline"), os.path.dirname(os.path.abspath(__file__))]
import end_to_end  # noqa: E402
import faults  # noqa: E402
from end_to_end import brand_metrics, kafka_broker  # noqa: E402

FIRST, LAST = 2, 4  # partitions
EVENT_TIME = re.compile(rb'"timestamp_ms":"?(\d+)')
CONFIG = faults.CONFIG.replace('kafka: {{bootstrap.servers: "{bootstrap}"}}',
                               'kafka: {{bootstrap.servers: "{bootstrap}", topic.metadata.refresh.interval.ms: 2000}}')


def add_partitions(port, topic, count):
    """CreatePartitions, version 0."""
    name = topic.encode()
    body = struct.pack(">hhih", 37, 0, 1, 6) + b"growth"
    body += struct.pack(">ih", 1, len(name)) + name + struct.pack(">ii", count, -1) + struct.pack(">ib", 10_000, 0)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        size = struct.unpack(">i", kafka_broker.receive(connection, 4))[0]
        answer = kafka_broker.receive(connection, size)
    error = struct.unpack(">h", answer[4 + 4 + 4 + 2 + len(name):][:2])[0]
    if error != 0:
        raise RuntimeError(f"CreatePartitions: error {error}")


def by_event_time(files):
    """All lines in the order of event time; a line without one stays behind the one that it follows."""
    keyed = []
    for path in files:
        last = 0
        with open(path, "rb") as lines:
            for line in lines:
                found = EVENT_TIME.search(line)
                last = max(last, int(found.group(1))) if found else last
                keyed.append((last, line))
    keyed.sort(key=lambda each: each[0])
    return [line for _, line in keyed]


class Feed:
    def __init__(self, bootstrap, lines):
        self.bootstrap = bootstrap
        self.lines = lines
        self.sent = 0
        self.producers = []

    def widen(self, partitions):
        for partition in range(len(self.producers), partitions):
            self.producers.append(subprocess.Popen(
                ["kcat", "-q", "-E", "-b", self.bootstrap, "-P", "-t", "posts", "-p", str(partition), "-X", "linger.ms=20",
                 "-X", "enable.idempotence=true"], stdin=subprocess.PIPE))

    def until(self, share, seconds):
        """Sends up to that share of all posts within `seconds`."""
        first, last, began = self.sent, int(len(self.lines) * share), time.monotonic()
        while self.sent < last:
            due = first + int((last - first) * min(1.0, (time.monotonic() - began) / seconds))
            for number in range(self.sent, due):
                self.producers[number % len(self.producers)].stdin.write(self.lines[number])
            self.sent = due
            for producer in self.producers:
                producer.stdin.flush()
            time.sleep(0.05)  # the pace

    def close(self):
        for producer in self.producers:
            producer.stdin.close()
            if producer.wait() != 0:
                raise RuntimeError("kcat could not write all posts")


def assigned(processes):
    try:
        return sum(sum(process.metrics().get("tocsin_ingest_assigned_partitions", [])) for process in processes)
    except OSError:
        return 0


def drive(arguments, folder, tocsin, broker, feed, end_s):
    processes = []

    def join():
        processes.append(faults.Process(tocsin, folder, len(processes)))
        processes[-1].wait_for(processes[-1].has_port, "the port")

    def leave():
        process = processes[-1]  # there until it has ended, so that nothing is left behind
        if process.stop() != 0:
            raise RuntimeError(f"not drained:\n{process.text()}")
        processes.pop().kill()

    try:
        join()
        feed.until(0.15, arguments.seconds * 0.15)
        while len(processes) < 4:
            join()
            feed.until(0.15 + 0.08 * len(processes), arguments.seconds * 0.1)
        add_partitions(broker.port, "posts", LAST)
        feed.until(0.55, arguments.seconds * 0.1)
        # A post in a partition that nobody knows of yet would be late, and that is excluded from the promise.
        faults.wait(lambda: assigned(processes) == LAST, processes, "the partitions added are not assigned")
        feed.widen(LAST)
        for share in (0.7, 0.85):
            feed.until(share, arguments.seconds * 0.15)
            leave()
        feed.until(1, arguments.seconds * 0.15)
        feed.close()
        faults.wait_until_closed(processes, end_s)
        while processes:
            leave()
    finally:
        for producer in feed.producers:
            producer.kill()
        for process in processes:
            process.kill()


def check(arguments, folder, tocsin, broker):
    files = end_to_end.generate(tocsin, folder, arguments.posts, arguments.crisis)
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as config:
        config.write(CONFIG.format(bootstrap=broker.bootstrap))
    counts, expected, end_s = brand_metrics.oracle([(path, "twitter_v1") for path in files],
                                                   os.path.join(folder, "watchlist.yaml"), end_to_end.MODEL)
    feed = Feed(broker.bootstrap, by_event_time(files))
    feed.widen(1)
    feed.until(0.01, 1)
    time.sleep(2)  # the topic appears with its first record
    feed.widen(FIRST)
    drive(arguments, folder, tocsin, broker, feed, end_s)
    return end_to_end.compare_run(tocsin, folder, broker.bootstrap, files, counts, expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--seconds", type=float, default=60, help="of feeding")
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--crisis", action="store_true", help="the demo's scenario, so that there are signals")
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()

    def make_broker(partitions_default, **keywords):
        return kafka_broker.Broker(partitions_default=FIRST, **keywords)

    return end_to_end.run_on_broker(
        arguments.keep, "tocsin-growth-",
        lambda folder, broker: check(arguments, folder, os.path.abspath(arguments.tocsin), broker), make_broker)


if __name__ == "__main__":
    sys.exit(main())

"""How long the output stands still when one of three processes of `tocsin run` dies, as a distribution.

Posts flow at a steady pace, their event time the wall clock's, into four partitions none of which may be left out: so
the watermark of detect stands still from the moment when a partition is no longer read, or its blocks no longer become
readable, until both go on. One process is killed (SIGKILL) again and again, and it is measured how long the watermark of
the two others takes to pass the moment half a second after the kill. Of that, what it is behind the clock while nothing
happens is no delay: it is subtracted (below 0: a flush came sooner than it usually does).
  same id      it is started again at once under its name: its transactional id settles what it left open
  another      it stays dead until the others have taken over: the session must time out first
  frozen       it is stopped (SIGSTOP) for longer than the transaction time-out and goes on as a zombie

    takeover.py --tocsin build/release/bin/tocsin [--same N] [--other N] [--frozen N] [--broker KEY=VALUE]...
"""

import argparse
import json
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", "pipeline"), os.path.dirname(os.path.abspath(__file__))]
import end_to_end  # noqa: E402
import faults  # noqa: E402
from end_to_end import kafka_broker  # noqa: E402

PARTITIONS = 4
POSTS_PER_SECOND = 200
SESSION_S = 10  # Tocsin's default of session.timeout.ms
CONFIG = faults.CONFIG.replace("out_of_orderness: 2s", "out_of_orderness: 100ms").replace("every: 5s", "every: 1s")
CONFIG += "windows: {{pane: 1s, slide: 1s, sizes: [60s]}}\n"
WATCHLIST = "brands: [{id: acme, name: Acme, query: acme}]\n"


class Feed(threading.Thread):
    """Posts of now, to all partitions in turn, until told to stop."""

    def __init__(self, bootstrap):
        super().__init__(daemon=True)
        self.producers = [subprocess.Popen(["kcat", "-q", "-b", bootstrap, "-P", "-t", "posts", "-p", str(partition), "-X",
                                            "linger.ms=5"], stdin=subprocess.PIPE) for partition in range(PARTITIONS)]
        self.ended = threading.Event()
        self.sent = 0

    def run(self):
        while not self.ended.wait(1 / POSTS_PER_SECOND * PARTITIONS):
            for producer in self.producers:
                self.sent += 1
                post = {"id_str": str(self.sent), "timestamp_ms": str(int(time.time() * 1000)), "text": "acme again",
                        "user": {"id_str": str(self.sent % 97)}, "created_at": "x"}
                producer.stdin.write(json.dumps(post).encode() + b"\n")
                producer.stdin.flush()

    def stop(self):
        self.ended.set()
        self.join()
        for producer in self.producers:
            producer.stdin.close()
            producer.wait()


def watermark(process):
    """Of a process's detect workers, as Unix time; 0 if it can't be said."""
    try:
        if process.port is None and not process.has_port():
            return 0
        return min([value for value in process.metrics().get("tocsin_watermark_timestamp_seconds", []) if value > 0] or [0])
    except OSError:
        return 0


def await_passing(processes, moment, seconds=120):
    """Waits until all watermarks have passed `moment`; how long ago that is, by the clock."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if all(watermark(process) >= moment for process in processes):
            return time.time() - moment
        time.sleep(0.02)  # the measure's resolution
    raise RuntimeError("no take-over:\n" + "\n".join(process.text()[-3000:] for process in processes))


def usual_delay(processes):
    """What the watermark is behind the clock while nothing happens."""
    return statistics.median(await_passing(processes, time.time() + 0.2 * i) for i in range(1, 8))


def measure(kind, processes, rng):
    victim = rng.choice(processes)
    others = [process for process in processes if process is not victim]
    began = time.time()
    if kind == "frozen":
        victim.process.send_signal(signal.SIGSTOP)
    else:
        victim.kill()
    if kind == "same id":
        victim.start()
    taken = await_passing(others, began + 0.5)
    if kind == "frozen":
        victim.process.send_signal(signal.SIGCONT)
    elif kind == "another":
        victim.start()
    victim.wait_for(victim.has_port, "the port")
    victim.wait_for(victim.ready, "/readyz")
    await_passing(processes, time.time() + 1)
    return taken


def show(kind, times):
    times = sorted(times)
    p90 = times[math.ceil(0.9 * len(times)) - 1]
    print(f"{kind:8} n={len(times)} min {times[0]:.2f} median {statistics.median(times):.2f} p90 {p90:.2f} "
          f"max {times[-1]:.2f} s", flush=True)


def check(arguments, folder, tocsin, broker):
    for name, text in (("config.yaml", CONFIG.format(bootstrap=broker.bootstrap)), ("watchlist.yaml", WATCHLIST)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    rng = random.Random(arguments.seed)
    feed = Feed(broker.bootstrap)
    feed.start()
    time.sleep(1)  # the topic appears with its first record
    processes = [faults.Process(tocsin, folder, ordinal) for ordinal in range(3)]
    times = {"same id": [], "another": [], "frozen": []}
    kinds = ["same id"] * arguments.same + ["another"] * arguments.other + ["frozen"] * arguments.frozen
    rng.shuffle(kinds)
    try:
        for process in processes:
            process.wait_for(process.has_port, "the port")
            process.wait_for(process.ready, "/readyz")
        await_passing(processes, time.time())
        usual = usual_delay(processes)
        print(f"the watermark is {usual:.2f} s behind the clock while nothing happens", flush=True)
        for kind in kinds:
            times[kind].append(measure(kind, processes, rng) - usual)
            await_passing(processes, time.time() + rng.uniform(0, 2))  # at another place of the flushes' rhythm
    finally:
        feed.stop()
        for process in processes:
            process.kill()
    for kind, found in times.items():
        if found:
            show(kind, found)
    bounds = {"same id": arguments.same_bound, "another": SESSION_S + 2, "frozen": arguments.frozen_bound}
    return [f"{kind}: {max(found):.2f} s, must be below {bounds[kind]} s" for kind, found in times.items()
            if found and max(found) >= bounds[kind]]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--same", type=int, default=20)
    parser.add_argument("--other", type=int, default=10)
    parser.add_argument("--frozen", type=int, default=3)
    parser.add_argument("--same-bound", type=float, default=2, help="seconds")
    parser.add_argument("--frozen-bound", type=float, default=22, help="seconds: docs/DELIVERY.md")
    parser.add_argument("--broker", action="append", default=[], metavar="KEY=VALUE", help="a setting of the broker's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()
    more = dict(each.split("=", 1) for each in arguments.broker)
    return end_to_end.run_on_broker(
        arguments.keep, "tocsin-takeover-",
        lambda folder, broker: check(arguments, folder, os.path.abspath(arguments.tocsin), broker),
        lambda settings, **keywords: kafka_broker.Broker(settings={**settings, **more}, **keywords))


if __name__ == "__main__":
    sys.exit(main())

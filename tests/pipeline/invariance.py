"""The same posts give the same signals and metrics, byte for byte, however they are delivered; where the order of the
records changes, but for where each record stood (signal_fields.py).

One generated stream with a crisis, a surge and a spam flood is replayed as it is, then shuffled within the bound, cut
into other batches, split over other numbers of partitions, compressed, and from standard input.

    invariance.py --tocsin build/dev/bin/tocsin [--posts N] [--few] [--keep DIR]
"""

import argparse
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

from signal_fields import comparable

BOUND_MS = 2000
CONFIG = """\
deployment: invariance
sources:
  - {topics: [posts], preset: twitter_v1, start: earliest, out_of_orderness: 2s}
watchlist: watchlist.yaml
windows: {slide: 15s}
metrics: {every: 15s}
"""


class Replays:
    def __init__(self, tocsin, folder):
        self.tocsin = tocsin
        self.folder = folder
        self.number = 0

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, inputs, *options, stdin=None):
        """(signals, metrics) as bytes."""
        metrics = self.path(f"metrics.{self.number}")
        signals = self.signals(inputs, "--metrics", metrics, *options, stdin=stdin)
        with open(metrics, "rb") as file:
            return signals, file.read()

    def signals(self, inputs, *options, stdin=None):
        self.number += 1
        signals = self.path(f"signals.{self.number}")
        command = [self.tocsin, "replay", "--quiet", "--config", self.path("config.yaml"), "--signals", signals, "--flush", *options]
        for name in inputs:
            command += ["--input", name if name == "-" else "posts=" + name]
        subprocess.run(command, check=True, stdin=stdin)
        with open(signals, "rb") as file:
            return file.read()

    def write(self, name, lines):
        with open(self.path(name), "wb") as out:
            out.writelines(lines)
        return self.path(name)

    def split(self, lines, parts, chance):
        files = [[] for _ in range(parts)]
        for line in lines:
            files[chance.randrange(parts)].append(line)
        return [self.write(f"split{parts}.{i}", part) for i, part in enumerate(files)]


def event_time_ms(line):
    return int(json.loads(line)["timestamp_ms"])


def shuffled(lines, chance):
    """In an order in which no post comes more than the bound later than a younger one."""
    keyed = [(event_time_ms(line) + chance.randrange(BOUND_MS), number) for number, line in enumerate(lines)]
    return [lines[number] for _, number in sorted(keyed)]


def check(tocsin, folder, posts, few):
    replays = Replays(tocsin, folder)
    subprocess.run([tocsin, "generate", "--scenario", "demo", "--duration", "26h", "--posts", str(posts), "--bytes",
                    "1000", "--second-network", "0", "--seed", "7", "--output", replays.path("posts.ndjson"),
                    "--watchlist", replays.path("watchlist.yaml")], check=True)
    with open(replays.path("config.yaml"), "w", encoding="utf-8") as config:
        config.write(CONFIG)
    plain = replays.path("posts.ndjson")
    with open(plain, "rb") as file:
        lines = file.readlines()
    chance = random.Random(20261121)
    signals, metrics = reference = replays.run([plain])
    print(f"{len(lines)} posts, {signals.count(10)} signals, {metrics.count(10)} metric records")
    if b'"state":"confirmed"' not in signals or b'"kind":"surge"' not in signals:
        return ["the scenario must lead to a confirmed crisis and a surge, or the test shows nothing"]
    with gzip.open(replays.path("posts.gz"), "wb", compresslevel=1) as packed:
        packed.writelines(lines)
    mixed = replays.write("mixed", shuffled(lines, chance))
    same_order = {
        "again": lambda: replays.run([plain]),
        "small batches": lambda: replays.run([plain], "--flush-bytes", "700"),
        "one batch for all": lambda: replays.run([plain], "--flush-bytes", str(1 << 26)),
        "four mentions partitions instead of sixteen": lambda: replays.run([plain], "--set",
                                                                           "topics.mentions_partitions=4"),
        "signals alone, metrics not asked for": lambda: (replays.signals([plain], "--set", "metrics.every=60s"), metrics),
        "gzip": lambda: replays.run([replays.path("posts.gz")]),
        "standard input": lambda: replays.run(["-"], stdin=open(plain, "rb")),
    }
    other_order = {
        "shuffled within the bound": lambda: replays.run([mixed]),
        "shuffled, small batches": lambda: replays.run([mixed], "--flush-bytes", "300"),
        "over three partitions": lambda: replays.run(replays.split(lines, 3, chance)),
        "shuffled, over seven partitions": lambda: replays.run(replays.split(shuffled(lines, chance), 7, chance)),
        "every post twice": lambda: replays.run([replays.write("twice", (line for line in lines for _ in (0, 1)))]),
    }
    if few:
        # Every kind of input and of order once; the others differ from them in numbers only.
        same_order = {name: same_order[name] for name in ("small batches", "gzip")}
        other_order = {name: other_order[name] for name in ("shuffled, over seven partitions",)}
    problems = []
    for name, run in (same_order | other_order).items():
        found = run()
        for what, one, other in zip(("signals", "metrics"), reference, found):
            one, other = one.splitlines(), other.splitlines()
            if what == "signals" and name in other_order:
                one, other = ([comparable(json.loads(line)) for line in some] for some in (one, other))
            if one != other:
                place = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), "end")
                problems.append(f"{name}: {what} differ, first at line {place}")
    # A stream that is not the same must not look the same.
    if replays.run([replays.write("fewer", lines[: len(lines) * 9 // 10])]) == reference:
        problems.append("a tenth fewer posts make no difference: the comparison sees nothing")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--posts", type=int, default=30_000)
    parser.add_argument("--few", action="store_true", help="three deliveries instead of eleven: for the sanitizers")
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()
    folder = arguments.keep or tempfile.mkdtemp(prefix="tocsin-invariance-")
    os.makedirs(folder, exist_ok=True)
    try:
        problems = check(os.path.abspath(arguments.tocsin), folder, arguments.posts, arguments.few)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for problem in problems:
        print(problem)
    print("the same bytes every time" if not problems else f"{len(problems)} DIFFERENCES")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

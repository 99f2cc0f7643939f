"""A watchlist that changes: every post is counted under the one that is effective at its own event time.

A generated stream (duplicates, malformed records, disorder up to the bound) is replayed with two changes; brand
metrics must equal the oracle's, which changes its watchlists at the same moments, for every brand, window size and
window end. The same posts over other partitions and in other batches must give the same bytes.

    watchlist_change.py --tocsin build/dev/bin/tocsin [--posts N] [--keep DIR]
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
import brand_metrics  # noqa: E402
import watchlists  # noqa: E402

MODEL = os.path.join(ROOT, "operators", "sentiment", "model", "default.model")
MINUTE_MS = 60_000
CONFIG = """\
deployment: watchlist-change
sources:
  - {topics: [posts], preset: twitter_v1, start: earliest, out_of_orderness: 2s}
watchlist: watchlist.yaml
"""


def replay(tocsin, folder, files, changes, name, *options):
    """(metrics, signals) as bytes."""
    command = [tocsin, "replay", "--quiet", "--config", "config.yaml", "--signals", f"signals.{name}", "--metrics",
               f"metrics.{name}", "--flush", *options]
    for ms, path in changes:
        command += ["--change", f"{ms}={path}"]
    for path in files:
        command += ["--input", "posts=" + path]
    subprocess.run(command, check=True, cwd=folder)
    with open(os.path.join(folder, f"metrics.{name}"), "rb") as first, \
            open(os.path.join(folder, f"signals.{name}"), "rb") as other:
        return first.read(), other.read()


def split(folder, lines, parts, chance):
    paths = [os.path.join(folder, f"split{parts}.{i}") for i in range(parts)]
    files = [open(path, "wb") for path in paths]
    for line in lines:
        chance.choice(files).write(line)
    for file in files:
        file.close()
    return paths


def check(tocsin, folder, posts):
    subprocess.run([tocsin, "generate", "--posts", str(posts), "--duration", "3h", "--brands", "12", "--bytes", "1000",
                    "--duplicates", "0.01", "--malformed", "0.005", "--disorder", "2s", "--seed", "5", "--output",
                    "posts.ndjson", "--watchlist", "watchlist.yaml"], check=True, cwd=folder)
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as config:
        config.write(CONFIG)
    plain = os.path.join(folder, "posts.ndjson")
    brands = watchlists.read(os.path.join(folder, "watchlist.yaml"))
    with open(plain, "rb") as file:
        lines = file.readlines()
    begin_ms = int(json.loads(lines[0])["timestamp_ms"]) // MINUTE_MS * MINUTE_MS
    changes = [(begin_ms + 50 * MINUTE_MS + 35_000, watchlists.write(os.path.join(folder, "second.yaml"),
                                                                     watchlists.second(brands))),
               (begin_ms + 125 * MINUTE_MS, watchlists.write(os.path.join(folder, "third.yaml"),
                                                             watchlists.third(brands)))]
    metrics, signals = replay(tocsin, folder, [plain], changes, "plain")
    counts, expected, _ = brand_metrics.oracle([(plain, "twitter_v1")], os.path.join(folder, "watchlist.yaml"), MODEL,
                                               changes=changes)
    found, twice = brand_metrics.engine_records(metrics.splitlines())
    problems = brand_metrics.compare(expected, found, twice)
    print(f"{counts['input']} posts, {len(expected)} records expected, {len(found)} found")
    _, unchanged, _ = brand_metrics.oracle([(plain, "twitter_v1")], os.path.join(folder, "watchlist.yaml"), MODEL)
    if not brand_metrics.compare(unchanged, found, twice):
        problems.append("the changes must change something, or the test shows nothing")
    chance = random.Random(20261121)
    variants = {"batches": ([plain], ["--flush-bytes", "1000"]), "three": (split(folder, lines, 3, chance), []),
                "five": (split(folder, lines, 5, chance), ["--flush-bytes", "5000"])}
    for name, (files, options) in variants.items():
        again, again_signals = replay(tocsin, folder, files, changes, name, *options)
        if again != metrics:
            problems.append(f"{name}: other metrics")
        if len(files) == 1 and again_signals != signals:
            problems.append(f"{name}: other signals")
    # A moment between two slide ends is that of the next one.
    again, _ = replay(tocsin, folder, [plain], [(changes[0][0] - 4_999, changes[0][1]), changes[1]], "between")
    if again != metrics:
        problems.append("a change between two slide ends must take effect at the next one")
    with open(os.path.join(folder, "bad.yaml"), "w", encoding="utf-8") as bad:
        bad.write("brands:\n  - {id: a, name: A, query: 'a AND'}\n")
    refused = subprocess.run([tocsin, "replay", "--config", "config.yaml", "--input", plain, "--change",
                              f"{begin_ms}=bad.yaml"], cwd=folder, stderr=subprocess.PIPE, text=True, check=False)
    if refused.returncode != 2 or "bad.yaml:2:" not in refused.stderr:
        problems.append(f"a bad watchlist of a change: exit {refused.returncode}, {refused.stderr}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()
    folder = arguments.keep or tempfile.mkdtemp(prefix="tocsin-watchlist-change-")
    os.makedirs(folder, exist_ok=True)
    try:
        problems = check(os.path.abspath(arguments.tocsin), folder, arguments.posts)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for problem in problems:
        print(problem)
    print("equal" if not problems else "DIFFERENT")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

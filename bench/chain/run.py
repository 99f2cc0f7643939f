#!/usr/bin/env python3
"""The table of chain_bench: nanoseconds of CPU and allocations of a post, each stage's own share.

The least of the rounds, since what else a machine does only adds to CPU time: a stage's is that of the chain up to it, less that
of the chain before it. With a second binary, --against, both run in turn, and the median ratio of the rounds is printed.

    bench/chain/run.py --bench build/release/bin/chain_bench [--rounds N] [--filter REGEX] [--against OTHER]
"""

import argparse
import json
import statistics
import subprocess
import sys

STAGES = ["parse", "match", "classify", "block", "detect"]


def run(binary, pattern, seconds):
    """{(stage, brands, matched): counters} of one run."""
    out = subprocess.run([binary, f"--benchmark_filter={pattern}", f"--benchmark_min_time={seconds}", "--benchmark_format=json"],
                         check=True, capture_output=True, text=True).stdout
    results = {}
    for each in json.loads(out)["benchmarks"]:
        _, stage, brands, matched = each["name"].split("/")
        results[stage, int(brands.split(":")[1]), int(matched.split(":")[1])] = {
            "ns": 1e9 / each["items_per_second"], "allocations": each["allocations"], "bytes": each["post_bytes"],
            "instructions": each.get("instructions"), "cache_misses": each.get("cache_misses")}
    return results


def least(runs, key, name):
    values = [each[key][name] for each in runs]
    return None if None in values else min(values)


def table(runs):
    settings = sorted({key[1:] for key in runs[0]})
    print("| brands | posts that match | " + " | ".join(["parse"] + [f"+ {stage}" for stage in STAGES[1:]]) +
          " | ns a post | allocations a post, up to block; with detect | instructions, cache misses |")
    print("|---|---|" + "---|" * (len(STAGES) + 3))
    for setting in settings:
        ns = [least(runs, (stage, *setting), "ns") for stage in STAGES]
        shares = [ns[0]] + [b - a for a, b in zip(ns, ns[1:])]
        allocations = [least(runs, (stage, *setting), "allocations") for stage in ("block", "detect")]
        counted = [least(runs, ("detect", *setting), name) for name in ("instructions", "cache_misses")]
        said = "n/a" if None in counted else f"{counted[0]:,.0f}, {counted[1]:.1f}"
        print(f"| {setting[0]:,} | {setting[1]} % | " + " | ".join(f"{each:,.0f}" for each in shares) +
              f" | **{ns[-1]:,.0f}** | {allocations[0]:.3f}; {allocations[1]:.3f} | {said} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", required=True, help="target chain_bench")
    parser.add_argument("--against", help="another build of it")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each benchmark and round")
    parser.add_argument("--filter", default=".")
    arguments = parser.parse_args()
    runs, others = [], []
    for _ in range(arguments.rounds):
        runs.append(run(arguments.bench, arguments.filter, arguments.seconds))
        if arguments.against:
            others.append(run(arguments.against, arguments.filter, arguments.seconds))
    if {stage for stage, _, _ in runs[0]} == set(STAGES):
        table(runs)
    for key in runs[0] if arguments.against else ():
        ratio = statistics.median(b[key]["ns"] / a[key]["ns"] for a, b in zip(runs, others))
        print(f"{'/'.join(map(str, key))}: {least(runs, key, 'ns'):,.0f} ns; the other {least(others, key, 'ns'):,.0f} ns, "
              f"median ratio of rounds {ratio:.3f}; allocations {least(runs, key, 'allocations'):.3f}, "
              f"{least(others, key, 'allocations'):.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

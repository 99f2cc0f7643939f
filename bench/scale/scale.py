#!/usr/bin/env python3
"""What a post and a brand cost as the job grows: `tocsin replay` over generated posts, one thing changed at a time.

Each setting is generated (2.4 KB a post) and replayed: deduplication, sentiment, evidence and signals as shipped, brand metrics
made every minute, as by `run`. CPU seconds are those of the whole process in user mode less those of the same replay over one post, which
is the start: reading the watchlist and building its index. The kernel's are left out: most of them go to reading the file, from .2 to 1.5 us a
post on the same virtual machine. Memory is the peak of the resident set, of both. Rounds are interleaved.

    scale.py --tocsin build/release/bin/tocsin [--posts N] [--rounds N] [SETTING...]

Prints a line of JSON a run and then Markdown: docs/CAPACITY.md holds it.
"""

import argparse
import concurrent.futures
import json
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

POSTS = 1_200_000
RATE = 6_000  # posts a second of event time, as of the whole firehose of a large network

CONFIG = """\
deployment: scale
kafka: {bootstrap.servers: unused}
sources:
  - {topics: [posts], preset: twitter_v1, start: earliest, out_of_orderness: 2s}
watchlist: watchlist.yaml
metrics: {every: 60s}
"""
LONG_WINDOWS = "windows: {slide: 5s, sizes: [60s, {size: 24h, slide: 1m}]}\n"


class Setting:
    def __init__(self, brands=1_000, matched=0.36, zipf=1.0, giant=0.0, config="", rate=RATE):
        self.brands, self.matched, self.zipf, self.giant, self.config, self.rate = brands, matched, zipf, giant, config, rate

    def scenario(self, posts):
        seconds = max(60, round(posts / self.rate))
        per_minute = round(60 * posts / seconds)
        named = f", named: [{{id: giant, name: Giant, per_minute: {round(self.giant * self.matched * per_minute)}}}]" if self.giant else ""
        return (f"duration: {seconds}s\nposts_per_minute: {per_minute}\nmatched: {self.matched}\n"
                f"brands: {{count: {self.brands}, zipf: {self.zipf}{named}}}\n"
                "delivery: {disorder: 2s, duplicates: 0.01}\n")


BASE = "1,000 brands"
SETTINGS = {
    "10 brands": Setting(brands=10),
    "100 brands": Setting(brands=100),
    BASE: Setting(),
    "10,000 brands": Setting(brands=10_000),
    "100,000 brands": Setting(brands=100_000),
    "10,000 brands, all alike (zipf 0)": Setting(brands=10_000, zipf=0.0),
    "one brand with 90 % of the mentions": Setting(brands=999, giant=0.9),
    "no post matches": Setting(matched=0.0),
    "every post matches": Setting(matched=1.0),
    "windows of 24 h, 26 h of posts": Setting(config=LONG_WINDOWS, rate=POSTS / (26 * 3600)),
}


def replay(tocsin, folder, posts):
    """(CPU seconds in user mode, peak memory in bytes) of one replay."""
    command = [tocsin, "replay", "--config", "config.yaml", "--input", f"posts={posts}", "--signals", "/dev/null", "--quiet"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE) as process:
        said = process.stderr.read().decode()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"scale: {' '.join(command)}\n{said}")
    return usage.ru_utime, usage.ru_maxrss * 1024


def measure(tocsin, setting, posts, seed):
    folder = tempfile.mkdtemp(prefix="tocsin-scale-")
    try:
        for name, text in (("scenario.yaml", setting.scenario(posts)), ("config.yaml", CONFIG + setting.config)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        subprocess.run([tocsin, "generate", "--scenario", "scenario.yaml", "--seed", str(seed), "--output", "posts.ndjson", "--watchlist",
                        "watchlist.yaml", "--truth", "truth.json"], cwd=folder, check=True, capture_output=True)
        with open(os.path.join(folder, "posts.ndjson"), "rb") as whole, open(os.path.join(folder, "one.ndjson"), "wb") as one:
            one.write(whole.readline())
        start_cpu, start_bytes = replay(tocsin, folder, "one.ndjson")
        cpu, peak = replay(tocsin, folder, "posts.ndjson")
        with open(os.path.join(folder, "truth.json"), encoding="utf-8") as file:
            truth = json.load(file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    mentions = [brand["mentions"]["posts"] for brand in truth["brands"]]
    return {"posts": truth["records"], "mentions": sum(mentions), "brands_seen": sum(each > 0 for each in mentions), "cpu_s": cpu - start_cpu,
            "start_cpu_s": start_cpu, "start_bytes": start_bytes, "peak_bytes": peak}


def table(runs):
    def middle(name, value):
        return statistics.median(value(run) for run in runs[name])

    print("| | us a post | to 1,000 brands | mentions a post | start, CPU s | MB at the start | MB at most |\n|---|---|---|---|---|---|---|")
    for name in runs:
        cost = middle(name, lambda run: 1e6 * run["cpu_s"] / run["posts"])
        # By rounds, so that what the machine does meanwhile is on both sides.
        ratio = "-" if BASE not in runs else "%.2f" % statistics.median(
            run["cpu_s"] / run["posts"] / (base["cpu_s"] / base["posts"]) for run, base in zip(runs[name], runs[BASE]))
        print(f"| {name} | {cost:.2f} | {ratio} | {middle(name, lambda run: run['mentions'] / run['posts']):.2f} | "
              f"{middle(name, lambda run: run['start_cpu_s']):.2f} | {middle(name, lambda run: run['start_bytes']) / 1e6:.0f} | "
              f"{middle(name, lambda run: run['peak_bytes']) / 1e6:.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--posts", type=int, default=POSTS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("settings", nargs="*", metavar="SETTING", help=f"default: all of {', '.join(SETTINGS)}".replace("%", "%%"))
    arguments = parser.parse_args()
    unknown = set(arguments.settings) - set(SETTINGS)
    if unknown:
        parser.error(f"no such setting: {', '.join(sorted(unknown))}")
    chosen = {name: SETTINGS[name] for name in arguments.settings or SETTINGS}
    runs = {name: [] for name in chosen}
    for number in range(arguments.rounds):
        for name, setting in chosen.items():
            # In a process of its own: the system counts what a process held before it became another's program.
            with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as fresh:
                runs[name].append(fresh.submit(measure, os.path.abspath(arguments.tocsin), setting, arguments.posts, number + 1).result())
            print(json.dumps({"setting": name, **runs[name][-1]}), flush=True)
    print()
    table(runs)
    return 0


if __name__ == "__main__":
    sys.exit(main())

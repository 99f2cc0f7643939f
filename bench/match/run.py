#!/usr/bin/env python3
"""Tocsin's matcher beside Aho-Corasick, Hyperscan, RE2::Set and Lucene's Monitor: one table.

    bench/match/run.py [--bin DIR] [--queries 10,100,1000,10000,100000] [--posts N] [--rounds N] [--no-lucene]

Needs match_contenders (release preset, libhyperscan-dev and libre2-dev installed) and, for Lucene, mvn and a JDK. Every
contender must give the same matches before its time counts; this script checks Lucene's, the program the others'.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LUCENE = os.path.join(ROOT, "bench", "match", "lucene")


def prepare_lucene():
    """The class path, after fetching and compiling what is missing; None without mvn or javac."""
    if shutil.which("mvn") is None or shutil.which("javac") is None:
        return None
    folder = os.path.join(ROOT, "build", "lucene")
    libs, classes = os.path.join(folder, "libs"), os.path.join(folder, "classes")
    if not os.path.isdir(libs):
        subprocess.run(["mvn", "-q", "-B", "-f", os.path.join(LUCENE, "pom.xml"), "dependency:copy-dependencies",
                        "-DincludeScope=runtime", "-DoutputDirectory=" + libs], check=True)
    source = os.path.join(LUCENE, "MonitorBench.java")
    compiled = os.path.join(classes, "MonitorBench.class")
    if not os.path.exists(compiled) or os.path.getmtime(compiled) < os.path.getmtime(source):
        os.makedirs(classes, exist_ok=True)
        subprocess.run(["javac", "-cp", libs + "/*", "-d", classes, source], check=True)
    return libs + "/*" + os.pathsep + classes


def run_lucene(class_path, folder, posts):
    run = subprocess.run(["java", "-Xmx4g", "-cp", class_path, "MonitorBench", folder, str(posts)], stdout=subprocess.PIPE,
                         text=True, check=True)
    with open(os.path.join(folder, "lucene.txt"), encoding="utf-8") as found:
        lines = found.read().split("\n")[:-1]
    with open(os.path.join(folder, "matches.txt"), encoding="utf-8") as expected:
        wanted = expected.read().split("\n")[:len(lines)]
    if lines != wanted:
        sys.exit(f"Lucene gives other matches: {folder}")
    return json.loads(run.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "release", "bin"))
    parser.add_argument("--queries", default="10,100,1000,10000,100000")
    parser.add_argument("--posts", type=int, default=20000)
    parser.add_argument("--lucene-posts", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-lucene", action="store_true")
    args = parser.parse_args()
    class_path = None if args.no_lucene else prepare_lucene()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([os.path.join(args.bin, "match_contenders"), "--queries", args.queries, "--posts", str(args.posts),
                              "--rounds", str(args.rounds), "--write", folder], stdout=subprocess.PIPE, text=True, check=True)
        rows += [json.loads(line) for line in run.stdout.splitlines()]
        if class_path:
            rows += [run_lucene(class_path, os.path.join(folder, count), args.lucene_posts) for count in args.queries.split(",")]
    base = {row["matcher"]: row["ns_per_post"] for row in reversed(rows) if "ns_per_post" in row}
    print("| matcher | queries | ns per post | median | to its first | compile, ms | MB | posts matched |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        if "left_out" in row:
            print(f"| {row['matcher']} | {row['queries']:,} | left out: {row['left_out']} | | | | | |")
            continue
        ratio = row["ns_per_post"] / base[row["matcher"]]
        memory = f"{row['memory_mb']:.2f}" if row.get("memory_mb") else ""
        share = f"{row['matched_share']:.1%}" if "matched_share" in row else ""
        print(f"| {row['matcher']} | {row['queries']:,} | {row['ns_per_post']:,.0f} | {row['ns_median']:,.0f} | {ratio:.2f}x | "
              f"{row['compile_ms']:,.0f} | {memory} | {share} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

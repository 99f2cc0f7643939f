#!/usr/bin/env python3
"""Runs clang-tidy over changed files, in parallel and within a time limit, and says what it covered.

    tidy.py --build DIR [--all | FILE...] [--seconds N] [--record FILE]

Changed: against the merge base with the main branch; on the main branch itself, in the last commit; and whatever is
not committed. A changed header stands for the source of the same name.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOL = "clang-tidy-14"


def git(*arguments):
    result = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True, check=False)
    return result.stdout.split("\n")[:-1] if result.returncode == 0 else []


def changed_files():
    head = git("rev-parse", "HEAD")
    base = []
    for branch in ("origin/main", "main"):
        base = git("merge-base", "HEAD", branch)
        if base and base != head:
            break
        base = []
    base = base or git("rev-parse", "HEAD~1")
    files = set(git("diff", "--name-only", base[0])) if base else set(git("ls-files"))
    files |= set(git("ls-files", "-o", "--exclude-standard"))
    return files


def sources(files, compiled):
    """The compiled sources that stand for the files."""
    stems = {os.path.splitext(os.path.join(ROOT, each))[0] for each in files if each.endswith((".cc", ".h"))}
    return sorted(each for each in compiled if os.path.splitext(each)[0] in stems and os.path.exists(each))


def write_database(database, folder):
    """Copies a compilation database without GCC's precompiled headers, which clang can't read; the sources in it."""
    with open(database, encoding="utf-8") as file:
        entries = json.load(file)
    for entry in entries:
        entry["command"] = re.sub(r" -Winvalid-pch| -fpch-preprocess| -include \S*cmake_pch\.hxx", "", entry["command"])
    entries = [each for each in entries if os.path.realpath(each["file"]).startswith(ROOT + "/") and
               not os.path.realpath(each["file"]).startswith(os.path.join(ROOT, "build") + "/")]
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "compile_commands.json"), "w", encoding="utf-8") as file:
        json.dump(entries, file)
    return {os.path.realpath(each["file"]) for each in entries}


def check(build, source, deadline):
    """None when there was no time; else (ok, output)."""
    seconds = deadline - time.monotonic()
    if seconds <= 1:
        return None
    try:
        result = subprocess.run(
            [TOOL, "-p", build, "--quiet", "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error", source],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return None
    return result.returncode == 0, result.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", required=True)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seconds", type=float, default=86400)
    parser.add_argument("--record")
    parser.add_argument("files", nargs="*")
    arguments = parser.parse_args()

    def record(outcome, name):
        if arguments.record:
            with open(arguments.record, "a", encoding="utf-8") as file:
                file.write(f"{outcome} {name}\n")

    database = os.path.join(ROOT, arguments.build, "compile_commands.json")
    if shutil.which(TOOL) is None or not os.path.exists(database):
        record("skipped", f"clang-tidy: no {TOOL if shutil.which(TOOL) is None else database}")
        return 0
    build = os.path.join(ROOT, arguments.build, "tidy")
    compiled = write_database(database, build)
    if arguments.all:
        chosen = sorted(compiled)
    else:
        named = {os.path.relpath(os.path.abspath(each), ROOT) for each in arguments.files}
        chosen = sources(named or changed_files(), compiled)
    deadline = time.monotonic() + arguments.seconds
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda each: check(build, each, deadline), chosen))
    failed = [each for each, outcome in zip(chosen, outcomes) if outcome and not outcome[0]]
    unreached = [each for each, outcome in zip(chosen, outcomes) if outcome is None]
    for outcome in outcomes:
        if outcome and not outcome[0]:
            print(outcome[1])
    print(f"clang-tidy: {len(chosen) - len(unreached)} of {len(chosen)} files checked, {len(failed)} with findings")
    record("failed" if failed else "passed", f"clang-tidy ({len(chosen) - len(unreached)} files)")
    if unreached:
        names = " ".join(os.path.relpath(each, ROOT) for each in unreached)
        record("skipped", f"clang-tidy: no time left for {names}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

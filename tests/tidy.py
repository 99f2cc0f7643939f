#!/usr/bin/env python3
"""Runs clang-tidy over changed files, in parallel and within a time limit, and says what it covered.

    tidy.py --build DIR [--all | FILE...] [--seconds N] [--record FILE]

Changed: against the merge base with the main branch; on the main branch itself, in the last commit; and whatever is
not committed. A changed header stands for the source of the same name.

Neighbouring sources with the same options are checked as one text: nearly all of the time goes into the headers, and so
it is spent once a dozen files. Where names clash, the sources are divided until they don't.
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
TOGETHER = 12


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


def read_commands(database):
    """{source: (folder, command)} of our own sources, without GCC's precompiled headers, which clang can't read."""
    with open(database, encoding="utf-8") as file:
        entries = json.load(file)
    commands = {}
    for entry in entries:
        source = os.path.realpath(entry["file"])
        if source.startswith(ROOT + "/") and not source.startswith(os.path.join(ROOT, "build") + "/"):
            command = re.sub(r" -Winvalid-pch| -fpch-preprocess| -include \S*cmake_pch\.hxx", "", entry["command"])
            commands[source] = (entry["directory"], re.sub(r" -o \S+ -c \S+$", "", command))
    return commands


def groups_of(chosen, commands):
    """The chosen sources in lists of at most TOGETHER, each of one top folder and with the same options."""
    alike = {}
    for source in chosen:
        top = os.path.relpath(source, ROOT).split(os.sep)[0]
        with open(source, encoding="utf-8") as file:
            replaces_new = "operator new(" in file.read()  # for whatever stands beside it, too
        alike.setdefault((source if replaces_new else top, commands[source][1]), []).append(source)
    return [names[at:at + TOGETHER] for names in alike.values() for at in range(0, len(names), TOGETHER)]


class Text:
    """Several sources as one, in a folder with a compilation database of its own."""

    def __init__(self, group, commands, folder):
        self.folder = folder
        self.path = os.path.join(folder, "together.cc")
        self.starts = []  # (first line, source)
        lines = []
        for number, source in enumerate(group):
            self.starts.append((len(lines) + 1, source))
            with open(source, encoding="utf-8") as file:
                text = file.read()
            if source.endswith("_test.cc") and len(group) > 1:
                # Tests use the same names for their own things, and nothing of theirs is used outside.
                text = re.sub(r"^namespace \{$", f"namespace test_{number} {{", text, flags=re.MULTILINE)
            lines += text.split("\n")
        os.makedirs(folder, exist_ok=True)
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines))
        directory, command = commands[group[0]]
        with open(os.path.join(folder, "compile_commands.json"), "w", encoding="utf-8") as file:
            json.dump([{"directory": directory, "file": self.path, "command": f"{command} -c {self.path}"}], file)

    def place(self, line):
        first, source = next(start for start in reversed(self.starts) if start[0] <= line)
        return f"{os.path.relpath(source, ROOT)}:{line - first + 1}:"

    def check(self, deadline):
        """None when there was no time; else (ok, output)."""
        seconds = deadline - time.monotonic()
        if seconds <= 1:
            return None
        try:
            result = subprocess.run(
                [TOOL, "-p", self.folder, "--quiet", "--config-file=" + os.path.join(ROOT, ".clang-tidy"),
                 "--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-error", self.path],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            return None
        output = re.sub(re.escape(self.path) + r":(\d+):", lambda match: self.place(int(match.group(1))), result.stdout)
        return result.returncode == 0, output


def check_group(group, commands, folder, deadline):
    """(sources without a verdict for want of time, sources with findings, output)."""
    outcome = Text(group, commands, folder).check(deadline)
    if outcome is None:
        return group, [], ""
    ok, output = outcome
    if ok:
        return [], [], ""
    if len(group) == 1:
        return [], group, output
    if "[clang-diagnostic-error]" not in output:
        named = [source for source in group if os.path.relpath(source, ROOT) + ":" in output]
        return [], named or group, output
    middle = (len(group) + 1) // 2
    parts = [check_group(half, commands, f"{folder}.{number}", deadline)
             for number, half in enumerate((group[:middle], group[middle:]))]
    return ([source for part in parts for source in part[0]], [source for part in parts for source in part[1]],
            "".join(part[2] for part in parts))


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
    commands = read_commands(database)
    if arguments.all:
        chosen = sorted(commands)
    else:
        named = {os.path.relpath(os.path.abspath(each), ROOT) for each in arguments.files}
        chosen = sources(named or changed_files(), commands)
    folder = os.path.join(ROOT, arguments.build, "tidy")
    shutil.rmtree(folder, ignore_errors=True)
    deadline = time.monotonic() + arguments.seconds
    unreached, failed = [], []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = [pool.submit(check_group, group, commands, os.path.join(folder, str(number)), deadline)
                   for number, group in enumerate(groups_of(chosen, commands))]
        for each in concurrent.futures.as_completed(running):
            late, wrong, output = each.result()
            unreached += late
            failed += wrong
            print(output, end="", flush=True)
    print(f"clang-tidy: {len(chosen) - len(unreached)} of {len(chosen)} files checked, {len(failed)} with findings")
    record("failed" if failed else "passed", f"clang-tidy ({len(chosen) - len(unreached)} files)")
    if unreached:
        names = " ".join(os.path.relpath(each, ROOT) for each in sorted(unreached))
        record("skipped", f"clang-tidy: no time left for {names}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

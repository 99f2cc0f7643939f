#!/usr/bin/env python3
"""Runs the libFuzzer targets for a number of executions each and says how far each came.

    cmake --preset fuzz && cmake --build --preset fuzz
    tests/fuzz/run.py                                   # the short run of every target, as tests/run.sh does it
    tests/fuzz/run.py --executions 10000000 --corpus build/fuzz/corpus --results build/fuzz/results.json

The same seed and an empty corpus give the same executions. With --corpus DIR what was found goes into DIR/<target>, and a
further run starts from it; --results adds a line for each run, also for one that was ended early (SIGTERM, SIGINT).
Exit code 1 after a finding, whose input is kept as <target>-crash-... and so on in the folder given by --findings.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# The time-out is wall clock: a busy machine must not make findings.
LIMITS = ["-timeout=300", "-rss_limit_mb=3072", "-print_final_stats=1"]
EXECUTED = re.compile(r"stat::number_of_executed_units: (\d+)|^#(\d+)\s", re.MULTILINE)
ENVIRONMENT = {"ASAN_OPTIONS": "strict_string_checks=1:quarantine_size_mb=16:allocator_release_to_os_interval_ms=-1:"
                               "malloc_context_size=1",
               "UBSAN_OPTIONS": "print_stacktrace=1"}


def targets(folder):
    return sorted(each for each in os.listdir(folder) if each.endswith("_fuzz"))


def run(target, arguments, corpus, log):
    os.makedirs(corpus, exist_ok=True)
    command = [os.path.join(arguments.bin, target), f"-runs={arguments.executions}", f"-seed={arguments.seed}",
               f"-max_len={arguments.max_len}", f"-artifact_prefix={os.path.join(arguments.findings, target)}-",
               *LIMITS, f"--seeds={corpus}", corpus]
    if arguments.seconds:
        command.insert(1, f"-max_total_time={arguments.seconds}")
    start = time.monotonic()
    process = subprocess.Popen(command, stderr=log, stdout=log, env={**os.environ, **ENVIRONMENT})

    def stop(*_):
        process.send_signal(signal.SIGINT)  # libFuzzer ends with its statistics
        arguments.stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    code = process.wait()
    log.flush()
    log.seek(0)
    text = log.read().decode(errors="replace")
    executed = max([int(a or b) for a, b in EXECUTED.findall(text)], default=0)
    interrupted = arguments.stopped and "ERROR: " not in text
    return {"target": target, "executions": executed, "seconds": round(time.monotonic() - start, 1),
            "seed": arguments.seed, "findings": 0 if code == 0 or interrupted else 1}, text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", help="all by default")
    parser.add_argument("--bin", default=os.path.join(ROOT, "build", "fuzz", "bin"))
    parser.add_argument("--executions", type=int, default=5000)
    parser.add_argument("--seconds", type=int, default=0, help="ends a target earlier")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--max-len", type=int, default=1024)
    parser.add_argument("--corpus", help="folder; by default an empty one that is thrown away")
    parser.add_argument("--findings", default=os.path.join(ROOT, "build", "fuzz"))
    parser.add_argument("--results", help="file to which a JSON line is added for each target")
    arguments = parser.parse_args()
    arguments.stopped = False
    failed = False
    for target in arguments.targets or targets(arguments.bin):
        with tempfile.TemporaryDirectory() as scratch, open(os.path.join(scratch, "log"), "w+b") as log:
            result, text = run(target, arguments, os.path.join(arguments.corpus or scratch, target), log)
        print(f"{result['target']}: {result['executions']} executions, {result['findings']} findings, "
              f"{result['seconds']} s", flush=True)
        if result["findings"]:
            print(text[-6000:], file=sys.stderr)
            failed = True
        if arguments.results:
            with open(arguments.results, "a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")
        if arguments.stopped:
            break
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

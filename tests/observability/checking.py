"""What the tests of this folder share: where things are, which tools are there, and how a test ends.

A test whose tool is not installed is skipped, says so, and ends with 77, which ctest reports as skipped; whatever can be
checked without the tool has been by then.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
METRIC = re.compile(r"\b((?:tocsin|process)_[a-z0-9_]+)")
SKIPPED = 77


def tool(*names):
    """Path of the first of `names` that is installed; skips the test if none is."""
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    raise unittest.SkipTest(f"{names[0]} is not installed: deploy/dependencies.sh --tests installs it")


def python_with(module):
    """A Python that has `module`: that of build/python (made by deploy/dependencies.sh --tests), or this one."""
    for python in (ROOT / "build/python/bin/python", sys.executable):
        found = pathlib.Path(python).exists() and subprocess.run(
            [python, "-c", f"import {module}"], capture_output=True, check=False).returncode == 0
        if found:
            return str(python)
    raise unittest.SkipTest(f"no Python here has {module}: deploy/dependencies.sh --tests installs it")


def run(*command, text=None):
    """Runs to the end; (exit code, everything it said)."""
    done = subprocess.run([str(each) for each in command], input=text, capture_output=True, text=True, check=False, cwd=ROOT)
    return done.returncode, done.stdout + done.stderr


def documented_metrics():
    """{name: type} of docs/METRICS.md, which app_metrics_test holds against the code."""
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| (counter|gauge|histogram) \|", (ROOT / "docs/METRICS.md").read_text("utf-8"), re.M)
    return dict(rows)


def family(name, documented):
    """The metric that a series belongs to: a histogram has three."""
    for suffix in ("_bucket", "_sum", "_count"):
        if name.endswith(suffix) and documented.get(name.removesuffix(suffix)) == "histogram":
            return name.removesuffix(suffix)
    return name


def main():
    program = unittest.main(exit=False, verbosity=1)
    if not program.result.wasSuccessful():
        sys.exit(1)
    for test, reason in program.result.skipped:
        print(f"SKIPPED {test}: {reason}", file=sys.stderr)
    sys.exit(SKIPPED if program.result.skipped else 0)

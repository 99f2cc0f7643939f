"""What the tests of this folder share: where tools are, and how a test ends that lacks one.

Tools are looked for in build/tools/bin, where deploy/dependencies.sh --deploy puts them, in build/python/bin, and in PATH.
A test without its tool is skipped, says so, and its program ends with 77, which ctest reports as skipped.
"""

import argparse
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "observability")]
os.environ["PATH"] = os.pathsep.join([str(ROOT / "build/tools/bin"), str(ROOT / "build/python/bin"), os.environ["PATH"]])

import checking  # noqa: E402  pylint: disable=wrong-import-position
from checking import run, unittest  # noqa: E402,F401  pylint: disable=wrong-import-position

CHART = ROOT / "deploy/helm/tocsin"
CRDS = ROOT / "build/tools/crds"
KUBERNETES = "1.32.0"


def tool(name):
    """Path of `name`; skips the test if it is not installed."""
    try:
        return checking.tool(name)
    except unittest.SkipTest as absent:
        raise unittest.SkipTest(f"{name} is not installed: deploy/dependencies.sh --deploy installs it") from absent


def yaml():
    """The module; runs this program again with a Python that has it if this one has not."""
    try:
        import yaml as module  # pylint: disable=import-outside-toplevel
        return module
    except ImportError:
        python = ROOT / "build/python/bin/python"
        if python.exists() and not os.environ.get("TOCSIN_AGAIN"):
            os.environ["TOCSIN_AGAIN"] = "1"
            os.execv(python, [str(python), *sys.argv])
        print("SKIPPED: no Python here has yaml: deploy/dependencies.sh --tests installs it", file=sys.stderr)
        sys.exit(checking.SKIPPED)


def arguments():
    """--tocsin, and nothing else."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tocsin", required=True)
    tocsin = os.path.abspath(parser.parse_args().tocsin)
    sys.argv[1:] = []
    return tocsin


def main():
    checking.main()

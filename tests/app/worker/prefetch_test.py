"""Whether prefetches are in the machine code: compilers drop calls of functions that do nothing else (engine/base/prefetch.h).

    prefetch_test.py TOCSIN
"""

import re
import shutil
import subprocess
import sys
import unittest

# How many there are at least.
FUNCTIONS = {"tocsin::IngestWorker::ProcessBatch": 1, "tocsin::IngestChain::Process": 2, "tocsin::Matcher::Match": 1,
             "tocsin::Matcher::FindCandidates": 1}
# x86-64, AArch64
INSTRUCTION = re.compile(r"\t(prefetch\w*|prfm)\s")


def symbols(binary):
    """By demangled name up to its parameters, the mangled names."""
    listed = subprocess.run(["nm", "--defined-only", binary], capture_output=True, text=True, check=True).stdout
    mangled = [line.split()[-1] for line in listed.splitlines()]
    plain = subprocess.run(["c++filt"], input="\n".join(mangled), capture_output=True, text=True, check=True).stdout.splitlines()
    found = {}
    for name, symbol in zip(plain, mangled):
        if "[clone" not in name:
            found.setdefault(name.partition("(")[0], []).append(symbol)
    return found


class PrefetchTest(unittest.TestCase):
    def test_each_function_that_asks_early_does(self):
        known = symbols(BINARY)
        for function, least in FUNCTIONS.items():
            with self.subTest(function):
                self.assertEqual(len(known.get(function, [])), 1, "symbols of that name")
                code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "--disassemble=" + known[function][0], BINARY],
                                      capture_output=True, text=True, check=True).stdout
                self.assertGreaterEqual(len(INSTRUCTION.findall(code)), least, "prefetches in its code")


if __name__ == "__main__":
    if not all(map(shutil.which, ("nm", "c++filt", "objdump"))):
        print("skipped: no binutils")
        sys.exit(77)
    BINARY = sys.argv.pop()
    unittest.main()

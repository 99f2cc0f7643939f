#!/usr/bin/env python3
"""Goal: no failure is ever summed as anything else, and every skip is named.
Method: a folder of reports in the forms that ctest and GoogleTest write, summed by the program itself.
"""

import os
import subprocess
import sys
import tempfile
import unittest

SUMMARY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "summary.py")
CTEST = """<testsuite>
<testcase name="ok" status="run"><system-out/></testcase>
<testcase name="bad" status="fail"><failure message=""/></testcase>
<testcase name="unbuilt" status="notrun"><skipped message="Unable to find executable"/></testcase>
<testcase name="no_java" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>
<testcase name="cases" status="fail"><failure message=""/></testcase>
<testcase name="leak" status="fail"><failure message=""/></testcase>
</testsuite>"""
CASES = """<testsuites><testsuite name="S">
<testcase name="Good" classname="S" status="run" result="completed"/>
<testcase name="Bad" classname="S" status="run" result="completed"><failure message="no"/></testcase>
<testcase name="Later" classname="S" status="run" result="skipped"><skipped message="x"/></testcase>
</testsuite></testsuites>"""
LEAK = '<testsuites><testsuite name="L"><testcase name="A" classname="L" status="run" result="completed"/></testsuite></testsuites>'


def summed(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        result = subprocess.run([sys.executable, SUMMARY, folder], stdout=subprocess.PIPE, text=True, check=False)
        return result.returncode, result.stdout.rstrip("\n").split("\n")


class SummaryTest(unittest.TestCase):
    def test_counts_cases_and_names_what_did_not_pass(self):
        code, lines = summed({"dev.xml": CTEST, "dev/cases.xml": CASES, "dev/leak.xml": LEAK,
                              "checks": "passed clang-format\nskipped clang-tidy: no tool\n"})
        self.assertEqual(1, code)
        self.assertEqual([
            "skipped: clang-tidy: no tool", "skipped: dev: no_java", "skipped: dev: cases: S.Later",
            "failed: dev: bad", "failed: dev: unbuilt", "failed: dev: cases: S.Bad", "failed: dev: leak",
            "4 passed, 4 failed, 3 skipped"], lines)

    def test_a_program_that_died_while_writing_its_report_has_failed(self):
        died = CTEST.replace('name="bad"', 'name="died"')
        code, lines = summed({"dev.xml": died, "dev/died.xml": CASES[:60]})
        self.assertEqual(1, code)
        self.assertIn("failed: dev: died", lines)

    def test_nothing_at_all_is_a_failure(self):
        self.assertEqual((1, ["0 passed, 0 failed, 0 skipped"]), summed({"checks": ""}))

    def test_all_passed_is_success(self):
        self.assertEqual((0, ["1 passed, 0 failed, 0 skipped"]), summed({"checks": "passed x\n"}))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))

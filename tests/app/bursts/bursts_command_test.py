#!/usr/bin/env python3
"""Goal: tocsin-bursts does from the command line what its help says.
Method: runs the binary on small folders and reads exit codes, messages and results.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import unittest

BURSTS = None


def series(path, hours, interval_s):
    """About 180 an hour, and 1,260 in each of three hours from `hours` - 4 on."""
    with open(path, "w", encoding="utf-8") as file:
        file.write("timestamp,value\n")
        for row in range(hours * 3600 // interval_s):
            hour = row * interval_s // 3600
            busy = hours - 4 <= hour < hours - 1
            count = (1200 if busy else 120) * interval_s // 3600 + (row * 7919 % 3)
            file.write(f"{1425000000 + row * interval_s},{count}\n")


class BurstsCommandTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.source = os.path.join(self.folder.name, "in")
        self.target = os.path.join(self.folder.name, "made", "out")
        os.mkdir(self.source)

    def tearDown(self):
        self.folder.cleanup()

    def run_bursts(self, *arguments):
        return subprocess.run([BURSTS, *arguments], capture_output=True, text=True, timeout=60, check=False)

    def alarms(self, name):
        with open(os.path.join(self.target, name), encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return [index for index, row in enumerate(rows) if float(row["anomaly_score"]) >= 0.5]

    def test_a_burst_alarms_once_whatever_the_interval(self):
        for interval_s in (60, 300, 900, 3600):
            series(os.path.join(self.source, f"{interval_s}.csv"), 120, interval_s)
        done = self.run_bursts(self.source, self.target)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("files=4", done.stdout)
        self.assertIn("alarms=4", done.stdout)
        for interval_s in (60, 300, 900, 3600):
            alarms = self.alarms(f"{interval_s}.csv")
            self.assertEqual(len(alarms), 1)
            self.assertEqual(alarms[0] * interval_s // 3600, 116 if interval_s < 3600 else 117)

    def test_the_interval_can_be_said(self):
        series(os.path.join(self.source, "a.csv"), 120, 300)
        done = self.run_bursts(self.source, self.target, "--interval", "5m", "--absent-is-zero")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.alarms("a.csv")), 1)
        self.assertEqual(self.run_bursts(self.source, self.target, "--interval", "soon").returncode, 2)

    def test_a_bad_row_fails_with_file_and_line(self):
        path = os.path.join(self.source, "bad.csv")
        with open(path, "w", encoding="utf-8") as file:
            file.write("timestamp,value\n2015-01-01 00:00:00,1\n2015-01-01 00:05:00,x\n")
        done = self.run_bursts(self.source, self.target)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f'{path}:3: not a number: "x"', done.stderr)

    def test_wrong_usage_is_exit_code_2(self):
        self.assertEqual(self.run_bursts().returncode, 2)
        empty = self.run_bursts(self.source, self.target)
        self.assertEqual(empty.returncode, 2)
        self.assertIn("no file *.csv", empty.stderr)
        self.assertEqual(self.run_bursts(os.path.join(self.source, "absent"), self.target).returncode, 2)
        self.assertEqual(self.run_bursts("--version").returncode, 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--bursts", required=True)
    arguments, rest = parser.parse_known_args()
    BURSTS = os.path.abspath(arguments.bursts)
    unittest.main(argv=[sys.argv[0], *rest])

#!/usr/bin/env python3
"""Goal: the comparison with other engines counts what the generator wrote, and refuses an engine that counts otherwise.
Method: labels, samples and outputs made by hand, whose windows and rates are known.
"""

import argparse
import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "bench", "kafka"))
import peers  # noqa: E402

BEGIN = 1_780_304_400  # divisible by the slide
LABELS = "stream\tid\ttime_ms\tbrand\tmood\tevent\tauthor\n"


def work(expected, last_end=BEGIN + 1000, marks=(0.2, 0.95)):
    return peers.Work("", "posts", "", "", 1000, 0, expected, last_end, marks)


class Windows(unittest.TestCase):
    def counted(self, *rows):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "labels.tsv")
            with open(path, "w", encoding="utf-8") as out:
                out.write(LABELS)
                out.writelines(f"twitter_v1\t{number}\t{ms}\t{brand}\tneutral\t\t7\n" for number, (ms, brand) in enumerate(rows))
            return peers.window_counts(path)

    def test_a_mention_is_in_the_twelve_windows_that_hold_it(self):
        windows, latest = self.counted((BEGIN * 1000 + 4999, "acme"), (BEGIN * 1000 + 7000, ""))
        self.assertEqual({("acme", BEGIN + 5 * number): 1 for number in range(1, 13)}, dict(windows))
        self.assertEqual(BEGIN + 7, latest)

    def test_a_window_ends_before_its_end(self):
        windows, _ = self.counted((BEGIN * 1000 + 4999, "acme"), (BEGIN * 1000 + 5000, "acme"))
        self.assertEqual([1, 2, 1], [windows["acme", BEGIN + end] for end in (5, 60, 65)])


class Check(unittest.TestCase):
    expected = {("acme", BEGIN + 60): 2, ("acme", BEGIN + 65): 1, ("zeph", BEGIN + 60): 5}

    def test_equal_counts_pass(self):
        peers.check("engine", work(self.expected), dict(self.expected))

    def test_empty_windows_and_those_behind_the_last_to_compare_do_not_matter(self):
        peers.check("engine", work(self.expected), {**self.expected, ("acme", BEGIN + 70): 0, ("acme", BEGIN + 2000): 9})

    def test_only_the_window_ends_that_were_written_are_compared(self):
        peers.check("engine", work(self.expected), {key: count for key, count in self.expected.items() if key[1] == BEGIN + 60}, 60)

    def test_a_lost_a_doubled_and_an_invented_count_are_refused(self):
        lost = {key: count for key, count in self.expected.items() if key[0] == "acme"}
        doubled = {**self.expected, ("acme", BEGIN + 65): 2}
        invented = {**self.expected, ("zeph", BEGIN + 65): 1}
        for found in (lost, doubled, invented):
            with self.assertRaises(RuntimeError):
                peers.check("engine", work(self.expected), found)

    def test_nothing_to_compare_is_refused(self):
        with self.assertRaises(RuntimeError):
            peers.check("engine", work({}), {})


class Figures(unittest.TestCase):
    def test_only_what_lies_between_the_marks_counts(self):
        # The first 200 posts take 10 s and 18 CPU s, the next 750 take 5 s and 3 CPU s, the last 50 more than that.
        samples = [peers.Sample(0, 0, 0), peers.Sample(10, 18, 200), peers.Sample(15, 21, 950), peers.Sample(40, 60, 1000)]
        found = peers.figures(work({}), samples, 7)
        self.assertAlmostEqual(150, found["per_s"])
        self.assertAlmostEqual(250, found["per_cpu_s"])
        self.assertEqual((7, 40), (found["peak"], found["seconds"]))

    def test_a_whole_run_is_that_between_its_first_and_its_last_sample(self):
        samples = [peers.Sample(1, 2, 0), peers.Sample(5, 8, 1000), peers.Sample(11, 22, 1000)]
        found = peers.figures(work({}, marks=peers.WHOLE_RUN), samples, 7)
        self.assertEqual((100, 50), (found["per_s"], found["per_cpu_s"]))

    def test_marks_between_samples_lie_on_a_line(self):
        samples = [peers.Sample(0, 0, 0), peers.Sample(8, 4, 400)]
        self.assertEqual((2, 1), peers.at(samples, 100))
        with self.assertRaises(RuntimeError):
            peers.at(samples, 401)


class Ratios(unittest.TestCase):
    def test_to_the_best_peer_of_the_round(self):
        def runs(*rates):
            return [{"per_cpu_s": rate} for rate in rates]

        rows = {"bare": runs(1000, 1000), "bare_parse": runs(500, 500), "tocsin": runs(300, 330), "tocsin_plain": runs(350, 300),
                "tocsin_shipped": runs(400, 400), "flink": runs(100, 60), "flink_sql": runs(90, 110), "streams": runs(40)}
        self.assertEqual([3, 3], peers.ratios(rows, "tocsin"))
        self.assertEqual([1, 60 / 110], peers.ratios(rows, "flink"))
        self.assertEqual([], peers.ratios({"tocsin": runs(300)}, "tocsin"))


class Programs(unittest.TestCase):
    """Stand-ins that say what a program of the bench would."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def program(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\necho '" + text + "'\n")
        os.chmod(path, 0o755)
        return path

    def test_a_consumer_that_read_too_little_is_refused(self):
        def said(records, field_bytes):
            return self.program(f"bare_{records}_{field_bytes}", f'{{"records": {records}, "field_bytes": {field_bytes}, "wall_s": 2, "records_per_cpu_s": 700, '
                                        '"max_rss_mb": 3}')

        self.assertEqual((500, 700), tuple(peers.run_bare(work({}), said(1000, 0))[key] for key in ("per_s", "per_cpu_s")))
        peers.run_bare(work({}), said(1000, 12), "--fields", "text")
        for program, options in ((said(999, 0), ()), (said(1000, 0), ("--fields", "text")), (said(1000, 12), ())):
            with self.assertRaises(RuntimeError):
                peers.run_bare(work({}), program, *options)

    def test_a_row_whose_program_was_not_built_is_an_error(self):
        arguments = argparse.Namespace(engines="bare,tocsin_plain", tocsin="tocsin", bare=os.path.join(self.folder, "bare"), plain=None)
        with self.assertRaisesRegex(RuntimeError, "bench_plain_run"):
            peers.engines(arguments)
        self.program("bench_plain_run", "")
        self.assertEqual(["bare", "tocsin_plain"], list(peers.engines(arguments)))


class Watchlist(unittest.TestCase):
    def test_brands_get_one_to_three_aliases(self):
        names = [f"brand{number}" for number in range(peers.BRANDS)]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "watchlist.yaml")
            with open(path, "w", encoding="utf-8") as out:
                out.write("brands:\n" + "".join(f"  - id: {name}\n    query: '{name} OR @{name} OR #{name}'\n" for name in names))
            with open(peers.widen_watchlist(folder), encoding="utf-8") as lines:
                rows = [line.rstrip("\n").split("\t") for line in lines]
            with open(path, encoding="utf-8") as text:
                queries = [line for line in text.read().splitlines() if "query" in line]
        self.assertEqual(names, [row[0] for row in rows])
        self.assertEqual([1, 2, 3, 1], [len(row) - 1 for row in rows[:4]])
        self.assertEqual("    query: 'brand1 OR @brand1 OR #brand1 OR brand1group OR @brand1group OR #brand1group'", queries[1])


if __name__ == "__main__":
    unittest.main()

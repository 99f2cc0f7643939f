#!/usr/bin/env python3
"""Goal: a replay loses nothing: no file that it reads or that was there, no line, and no window for a file that has ended.
Method: small files through the binary; what is written is read back as JSON, line by line.

    replay_test.py --tocsin build/dev/bin/tocsin
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import unittest

TOCSIN = ""
CONFIG = """\
deployment: replayed
kafka: {bootstrap.servers: "127.0.0.1:1"}
sources: [{topics: [posts], preset: generic}, {topics: [reviews], preset: generic, out_of_orderness: 20m}]
watchlist: watchlist.yaml
topics: {mentions_partitions: 2}
"""
START_MS = 1_767_225_600_000
FULL = "/dev/full"


def posts(seconds, prefix="p"):
    return "".join(json.dumps({"id": f"{prefix}{second}", "time": START_MS + second * 1000, "author_id": f"a{second}",
                               "text": f"acme and bolt, number {second}"}) + "\n" for second in seconds)


class Replay(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.write("config.yaml", CONFIG)
        self.write("watchlist.yaml", "brands: [{id: acme, name: Acme, query: acme}, {id: bolt, name: Bolt, query: bolt}]\n")
        self.write("posts.ndjson", posts(range(0, 3600)))

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def replay(self, *arguments, **keywords):
        return subprocess.run([TOCSIN, "replay", "--config", "config.yaml", "--quiet", *arguments], cwd=self.folder,
                              capture_output=True, text=True, timeout=120, **keywords)

    def test_no_output_overwrites_an_input(self):
        os.link(os.path.join(self.folder, "posts.ndjson"), os.path.join(self.folder, "other_name.ndjson"))
        self.write("actions.ndjson", "{}\n")
        self.write("signals.ndjson", "kept\n")
        for output, name in (("--metrics", "posts.ndjson"), ("--metrics", "config.yaml"), ("--metrics", "watchlist.yaml"), ("--signals", "./posts.ndjson"),
                             ("--dead-letters", "other_name.ndjson"), ("--metrics", "actions.ndjson")):
            before = self.read(name)
            others = [] if output == "--signals" else ["--signals", "signals.ndjson"]
            result = self.replay("--input", "posts=posts.ndjson", "--actions", "actions.ndjson", *others, output, name)
            self.assertEqual(2, result.returncode, result)
            self.assertIn("would overwrite an input", result.stderr)
            self.assertEqual(before, self.read(name))
            self.assertEqual("kept\n", self.read("signals.ndjson"))
        with open(os.path.join(self.folder, "posts.ndjson"), encoding="utf-8") as posts_file:
            result = self.replay("--input", "posts=-", "--metrics", "posts.ndjson", stdin=posts_file)
        self.assertIn("would overwrite an input", result.stderr)
        self.assertGreater(len(self.read("posts.ndjson")), 1000)

    def test_what_was_there_stays_where_the_input_is_not(self):
        self.write("metrics.ndjson", "kept\n")
        for arguments in (("--input", "posts=nowhere.ndjson"), ("--input", "posts=posts.ndjson", "--actions", "nowhere"),
                          ("--input", "posts=posts.ndjson", "--change", "2026-01-01T00:10:00Z=nowhere.yaml")):
            result = self.replay(*arguments, "--metrics", "metrics.ndjson")
            self.assertEqual(2, result.returncode, result)
            self.assertEqual("kept\n", self.read("metrics.ndjson"))

    def test_a_topic_that_no_source_has_is_named(self):
        result = self.replay("--input", "postings=posts.ndjson", "--metrics", "m")
        self.assertEqual(2, result.returncode)
        self.assertIn("topic=postings known=posts,reviews", result.stderr)
        self.write("a=b.ndjson", posts(range(10)))
        self.assertEqual(0, self.replay("--input", "a=b.ndjson", "--metrics", "m").returncode)

    def test_outputs_to_one_place_lie_there_line_by_line(self):
        self.write("posts.ndjson", posts(range(0, 3600)) + "broken\n" * 50)
        apart = self.replay("--input", "posts=posts.ndjson", "--flush", "--metrics", "m", "--dead-letters", "d")
        self.assertEqual(0, apart.returncode, apart)
        expected = sorted(self.read("m").splitlines() + self.read("d").splitlines())
        self.assertGreater(len(expected), 1500)
        together = self.replay("--input", "posts=posts.ndjson", "--flush", "--metrics", "-", "--dead-letters", "-",
                               "--signals", "-")
        self.assertEqual(0, together.returncode, together.stderr)
        self.assertEqual(expected, sorted(together.stdout.splitlines()))
        for line in together.stdout.splitlines():
            json.loads(line)
        again = self.replay("--input", "posts=posts.ndjson", "--flush", "--metrics", "x", "--dead-letters", "./x")
        self.assertEqual(0, again.returncode, again.stderr)
        self.assertEqual(expected, sorted(self.read("x").splitlines()))

    def windows(self, *inputs):
        arguments = [argument for name in inputs for argument in ("--input", name)]
        result = self.replay(*arguments, "--metrics", "m")
        self.assertEqual(0, result.returncode, result)
        return [(line["brand_id"], line["window_end"], line["window_s"], line["mentions"])
                for line in map(json.loads, self.read("m").splitlines())]

    def test_a_file_that_has_ended_holds_no_window_back(self):
        """Files by the hour, one that is empty, one of which nothing is of use, and a source that has ended."""
        whole = self.windows("posts=posts.ndjson")
        self.assertGreater(len(whole), 1000)
        self.write("first.ndjson", posts(range(0, 1800)))
        self.write("second.ndjson", posts(range(1800, 3600)))
        self.write("empty.ndjson", "")
        self.write("useless.ndjson", "broken\n" * 10)
        self.write("reviews.ndjson", "".join(posts(range(0, 60, 10)).splitlines(True)[:1]))
        for inputs in (("posts=first.ndjson", "posts=second.ndjson"), ("posts=second.ndjson", "posts=first.ndjson"),
                       ("posts=empty.ndjson", "posts=posts.ndjson"), ("posts=posts.ndjson", "posts=useless.ndjson"),
                       ("reviews=reviews.ndjson", "posts=posts.ndjson")):
            self.assertEqual(whole, self.windows(*inputs), inputs)


class Usage(unittest.TestCase):
    def tocsin(self, *arguments, **keywords):
        return subprocess.run([TOCSIN, *arguments], capture_output=True, text=True, timeout=60, **keywords)

    def test_numbers_that_are_none_or_out_of_bounds_are_refused(self):
        for arguments in (["--matched", "nan"], ["--matched", "1.1"], ["--speed", "nan"], ["--speed", "0"],
                          ["--posts", "0"], ["--posts", "99999999999999999999"], ["--duration", "inf"],
                          ["--duration", "367d"], ["--duration", "-5m"], ["--disorder", "soon"], ["--history", "5m"],
                          ["--silent", "1:nan:2m", "--partitions", "1,1"],
                          ["--partitions", "nan,1"]):
            result = self.tocsin("generate", "--output", os.devnull, *arguments)
            self.assertEqual(2, result.returncode, arguments)
            self.assertIn(arguments[0], result.stderr)
            self.assertNotIn("00000000000000000000", result.stderr)
        result = self.tocsin("demo", "--duration", "0s")
        self.assertEqual(2, result.returncode)

    def test_days_are_a_unit(self):
        result = self.tocsin("generate", "--output", os.devnull, "--posts", "10", "--duration", "2d")
        self.assertEqual(0, result.returncode, result)

    def test_a_word_that_is_not_known_is_named(self):
        for arguments in (["bogus"], ["check", "--confg", "x"]):
            result = self.tocsin(*arguments)
            self.assertEqual(2, result.returncode)
            self.assertIn(f"not known here: {arguments[-1] if len(arguments) == 1 else '--confg'}", result.stderr)

    @unittest.skipUnless(os.path.exists(FULL), "there is no /dev/full")
    def test_output_that_could_not_be_written_is_a_failure(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as file:
                file.write(CONFIG)
            with open(os.path.join(folder, "watchlist.yaml"), "w", encoding="utf-8") as file:
                file.write("brands: [{id: acme, name: Acme, query: acme}]\n")
            for arguments in (["check", "--explain"], ["topics", "--json"]):
                with open(FULL, "w", encoding="utf-8") as full:
                    result = subprocess.run([TOCSIN, arguments[0], "--config", "config.yaml", *arguments[1:]],
                                            cwd=folder, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
                self.assertEqual(1, result.returncode, (arguments, result.stderr))
                self.assertIn("standard output", result.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tocsin", required=True)
    known, rest = parser.parse_known_args()
    TOCSIN = os.path.abspath(known.tocsin)
    unittest.main(argv=[sys.argv[0], *rest])

#!/usr/bin/env python3
"""Goal: the latency of signals is counted from the right posts, and no burst, post or signal gets lost on the way.
Method: loads, appends and signals made by hand, whose seconds are known.
"""

import collections
import contextlib
import io
import json
import os
import random
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "bench", "kafka"))
import signal_latency  # noqa: E402
from signal_latency import Planned  # noqa: E402

BEGIN = 1_780_304_400_000  # divisible by the slide
Feeder = collections.namedtuple("Feeder", "samples beside")


def signal(brand, end_s, **changes):
    stamp = f"2026-06-01T09:{end_s // 60:02d}:{end_s % 60:02d}.000Z"
    return {"brand_id": brand, "kind": "crisis", "message": "alert", "state": "provisional", "level": 1, "previous_level": 0,
            "times": {"window_end": stamp, "emitted_at": stamp.replace(".000", ".500")}, **changes}


def arrival(second, data):
    return (BEGIN + 1e3 * second, 0, json.dumps(data).encode())


class OfLoad(unittest.TestCase):
    # Posts at these seconds of event time, each appended .25 s later: acme's burst begins at 11, one of its usual posts is at 8.
    planned = [Planned(8000, "acme", False, False), Planned(11000, "acme", True, True), Planned(13000, "acme", True, True),
               Planned(14000, "bolt", True, True), Planned(16000, "acme", True, True), Planned(18000, "acme", True, True)]

    def found(self, *records, beside=None):
        appended = {number: (BEGIN + post.due_ms, BEGIN + post.due_ms + 250) for number, post in enumerate(self.planned, 1)}
        feeder = Feeder([(BEGIN + 10 * number, BEGIN + 10 * number + 100) for number in range(4001)], beside or appended)
        return signal_latency.of_load(self.planned, feeder, signal_latency.rising(records)[0])

    def test_the_first_signal_after_the_burst_began_counts(self):
        found = self.found(arrival(22.5, signal("acme", 20)), arrival(28, signal("acme", 25, level=2, previous_level=1)))
        first, = found["firsts"]
        self.assertEqual([22.5 - 16.25, 22.5 - 18.25], first.any_post)
        self.assertEqual((22.5 - 18.25, 22.5 - 11.25), (first.last_post, first.since_first_post))
        self.assertEqual((2, ["bolt"]), (found["bursts"], found["silent"]))

    def test_a_post_at_the_slide_end_belongs_to_the_next_slide(self):
        self.planned = [Planned(each, "acme", True, True) for each in (10000, 14999, 15000)]
        first, = self.found(arrival(17.5, signal("acme", 15)))["firsts"]
        self.assertEqual([7.25, 2.251], [round(each, 3) for each in first.any_post])

    def test_a_signal_before_the_burst_is_not_its(self):
        found = self.found(arrival(12.5, signal("acme", 10)))
        self.assertEqual([], found["firsts"])
        self.assertEqual(["acme", "bolt"], found["silent"])

    def test_rises_are_taken_from_the_newest_post_of_the_feed(self):
        found = self.found(arrival(22.5, signal("acme", 20)), arrival(28, signal("acme", 25, level=2, previous_level=1)))
        self.assertEqual([2.41, 2.91], [round(each, 3) for each in found["rises"]])
        self.assertEqual([0.5, 0.5], found["decided"])
        self.assertEqual([2, 2.5], found["published"])

    def test_the_first_slide_end_and_what_is_behind_the_last_post_are_left_out(self):
        self.assertEqual([], self.found(arrival(8, signal("acme", 5)), arrival(48, signal("acme", 45)))["rises"])

    def test_a_post_that_was_not_appended_is_refused(self):
        with self.assertRaises(RuntimeError):
            self.found(beside={1: (BEGIN, BEGIN)})


class Rising(unittest.TestCase):
    def test_updates_ends_and_notices_are_none(self):
        rises, others = signal_latency.rising([
            arrival(3, signal("acme", 5)), arrival(3, signal("acme", 5, message="update", previous_level=1)),
            arrival(3, signal("acme", 5, message="resolve", level=0, previous_level=1)),
            arrival(3, signal("bolt", 5, kind="surge", message="notice", level=0))])
        self.assertEqual([(BEGIN + 3e3, BEGIN + 5e3)], [each[:2] for each in rises])
        self.assertEqual({"crisis update": 1, "crisis resolve": 1, "surge notice": 1}, others)


class Plan(unittest.TestCase):
    def test_every_burst_ends_before_the_load_does_and_has_its_posts(self):
        brands = [f"brand{number}" for number in range(len(signal_latency.burst_starts(60)))]
        planned = signal_latency.plan_load(random.Random(1), brands + ["other"], brands, 60)
        self.assertEqual(planned, sorted(planned))
        bursts = collections.Counter(post.brand for post in planned if post.burst)
        self.assertEqual({brand: signal_latency.BURST_POSTS for brand in brands}, bursts)
        self.assertLess(max(post.due_ms for post in planned if post.burst), 1e3 * (60 - 2 * signal_latency.SLIDE_S + 1))
        self.assertEqual(1, sum(post.brand == "other" for post in planned))

    def test_no_text_author_or_id_comes_twice(self):
        posts = signal_latency.Posts()
        made = [json.loads(posts.record("acme", True, 0)) for _ in range(500)]
        for field in (lambda each: each["text"], lambda each: each["id_str"], lambda each: each["user"]["id_str"]):
            self.assertEqual(500, len({field(each) for each in made}))


class Table(unittest.TestCase):
    def row(self, any_post, firsts=1):
        first = signal_latency.First("acme", [any_post], 2.5, 9)
        return (50, {"rate": 1000, "last_post": [2.5]},
                {"bursts": 2, "silent": ["bolt"], "firsts": [first] * firsts, "rises": [2.5], "kinds": {}, "decided": [], "published": []})

    def test_late_signals_and_none_fail(self):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            codes = [signal_latency.table(rows) for rows in ([self.row(8.5)], [self.row(8.6)], [self.row(1), self.row(1, firsts=0)])]
        self.assertEqual([0, 1, 1], codes)
        self.assertIn("bursts without a signal: bolt (50 %)", out.getvalue())


if __name__ == "__main__":
    unittest.main()

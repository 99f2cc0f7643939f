#!/usr/bin/env python3
"""Goal: the scenario bench counts what it says it counts.
Method: hand-made truth, signals and metrics, whose tables are known.
"""

import datetime
import json
import os
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))))
sys.path.insert(0, os.path.join(ROOT, "bench", "quality", "detect"))
import scenario_bench as bench  # noqa: E402

BEGIN = bench.seconds("2026-06-01T00:00:00Z")
END = BEGIN + 3 * bench.DAY_S


def text(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def event(kind, brand, hour, **fields):
    onset = BEGIN + hour * 3600
    return {"kind": kind, "brands": [brand], "onset": text(onset), "peak_end": text(onset + 3600),
            "end": text(onset + 7200), "rise_s": 1800, "factor": 10, **fields}


def truth(*events):
    return {"brands": [{"id": brand, "per_minute": 5.0} for brand in ("a", "b", "c")], "events": list(events)}


def alarms(**times):
    """{detector: {brand: times}} from hours: provisional={"a": [26.5]}."""
    return {detector: {brand: [BEGIN + hour * 3600 for hour in times.get(detector, {}).get(brand, [])]
                       for brand in ("a", "b", "c")} for detector in bench.DETECTORS}


def totals_of(events, given):
    totals = bench.Totals()
    totals.add(bench.cases_of("made", truth(*events)), given, ["a", "b", "c"], BEGIN, END)
    return totals


class ScenarioBenchTest(unittest.TestCase):
    def test_minutes_count_from_three_times_the_usual(self):
        totals = totals_of([event("crisis", "a", 26)], alarms(provisional={"a": [26.25, 27]}))
        # A rise to ten times in 30 minutes passes three times after 6 min 40 s.
        self.assertEqual(bench.minutes(totals.cases, "provisional"), "8 / 8")
        self.assertEqual(bench.share(totals.cases, "provisional"), "1 of 1")
        self.assertEqual(bench.share(totals.cases, "confirmed"), "0 of 1")
        self.assertEqual(bench.minutes(totals.cases, "confirmed"), "-")
        small = totals_of([event("crisis", "a", 26, factor=2)], alarms(provisional={"a": [26.5]}))
        self.assertEqual(bench.minutes(small.cases, "provisional"), "0 / 0")

    def test_an_alarm_belongs_to_a_case_of_its_brand_only(self):
        totals = totals_of([event("crisis", "a", 26)], alarms(confirmed={"a": [25.9, 28.5], "b": [26.5]}))
        self.assertEqual(bench.share(totals.cases, "confirmed"), "0 of 1")
        # Before the onset, and of another brand; what comes within an hour behind the end is nobody's.
        self.assertEqual(totals.false_alarms["confirmed"], 2)

    def test_false_alarms_count_once_a_day_and_not_while_learning(self):
        totals = totals_of([], alarms(negative={"a": [1, 30, 31, 53, 54, 55]}))
        self.assertEqual(totals.false_alarms["negative"], 2)
        self.assertAlmostEqual(totals.quiet_days, 6)

    def test_time_of_a_case_is_not_quiet(self):
        totals = totals_of([event("surge", "b", 30)], alarms())
        self.assertAlmostEqual(totals.quiet_days, 6 - 2 / 24)

    def test_events_that_overlap_are_one_case_and_a_crisis_takes_what_floods_it(self):
        cases = bench.cases_of("made", truth(event("copied", "a", 26.5), event("crisis", "a", 26), event("surge", "b", 26),
                                             event("surge", "b", 27), event("surge", "b", 40)))
        self.assertEqual([(case.brand, case.kind) for case in cases], [("a", "crisis"), ("b", "surge"), ("b", "surge")])
        self.assertEqual(cases[0].end, BEGIN + 28.5 * 3600)

    def test_an_incident_counts_once_as_provisional_and_once_as_confirmed(self):
        rows = [("x1", "crisis", "provisional", 26), ("x1", "crisis", "provisional", 26.5), ("x1", "crisis", "confirmed", 27),
                ("x1", "crisis", "confirmed", 28), ("x2", "crisis", "confirmed", 40), (None, "surge", None, 30)]
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "signals.ndjson"), "w", encoding="utf-8") as file:
                for incident, kind, state, hour in rows:
                    data = {"incident_id": incident, "kind": kind, "state": state, "brand_id": "a",
                            "times": {"window_end": text(BEGIN + hour * 3600)}}
                    file.write(json.dumps({"data": data}) + "\n")
            found = bench.alarms_of_tocsin(folder)
        self.assertEqual([(time - BEGIN) / 3600 for time in found["provisional"]["a"]], [26, 40])
        self.assertEqual([(time - BEGIN) / 3600 for time in found["confirmed"]["a"]], [27, 40])

    def test_rules_are_what_they_are_called(self):
        hours = 40
        usual = [(60 + 12 * (place // 12 % 2), 10, 60) for place in range(hours * 12)]
        series = {"a": list(usual)}
        place = 30 * 12
        series["a"][place] = (66 + 19, 10, 60)  # over three deviations of 6, below twice
        series["a"][place + 1] = (140, 10, 60)
        series["a"][place + 2] = (60, 31, 60)
        series["a"][place + 3] = (60, 9, 9)  # too few classified
        found = bench.alarms_of_rules(series, BEGIN)
        at = {rule: [round((time - BEGIN) / bench.BIN_S) - place for time in times["a"]] for rule, times in found.items()}
        self.assertEqual(at["3 sigma"], [0, 1])
        self.assertEqual(at["12 h"], [1])
        self.assertEqual(at["24 h"], [1])
        self.assertEqual(at["negative"], [2])

    def test_metrics_become_hours_at_each_five_minutes(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "metrics.ndjson"), "w", encoding="utf-8") as file:
                for window_s, minute in ((3600, 5), (3600, 15), (300, 10)):
                    file.write(json.dumps({"brand_id": "a", "window_s": window_s, "mentions": minute, "negative": 1,
                                           "neutral": 2, "positive": 3, "window_end": text(BEGIN + minute * 60)}) + "\n")
            series = bench.hourly_metrics(folder, BEGIN, BEGIN + 1200)
        self.assertEqual(series["a"], [(0, 0, 0), (5, 1, 6), (0, 0, 0), (15, 1, 6), (0, 0, 0)])

    def test_what_was_kept_is_read_again(self):
        totals = totals_of([event("crisis", "a", 26)], alarms(confirmed={"a": [26.5], "b": [60]}))
        again = bench.Totals()
        again.add_run(json.loads(json.dumps(totals.to_keep())))
        self.assertEqual(bench.share(again.cases, "confirmed"), "1 of 1")
        self.assertEqual(again.cases[0].label(), totals.cases[0].label())
        self.assertEqual(again.false_alarms, totals.false_alarms)


if __name__ == "__main__":
    unittest.main()

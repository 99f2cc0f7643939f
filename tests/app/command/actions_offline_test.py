#!/usr/bin/env python3
"""Goal: what is wrong with an action is told before it is written, and `tocsin replay --actions` takes actions in.
Method: the commands without a broker; a crisis in a file, with what people do about it, replayed in blocks of several sizes.

    actions_offline_test.py --tocsin build/dev/bin/tocsin
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest

TOCSIN = ""
CONFIG = """\
deployment: acts
kafka: {bootstrap.servers: "127.0.0.1:1"}
sources: [{topics: [posts], preset: generic}]
watchlist: watchlist.yaml
topics: {mentions_partitions: 2}
"""
START_MS = 1_767_225_600_000
MINUTE_MS = 60_000


def posts():
    """Thirty hours with a post a minute, then 90 minutes with thirty of which most are negative."""
    generator = random.Random(1)
    lines = []
    for minute in range(30 * 60 + 90):
        crisis = minute >= 30 * 60
        for number in range(30 if crisis else 1):
            text = "acme is a disaster, I hate it, never again" if crisis and number % 4 else "acme opens a shop"
            lines.append(json.dumps({
                "id": f"p{minute}-{number}", "time": START_MS + minute * MINUTE_MS + number * 1900, "lang": "en",
                "author_id": f"a{minute}-{number}", "text": f"{text} {generator.getrandbits(40):x}"}))
    return lines


class ActionsOffline(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.write("config.yaml", CONFIG)
        self.write("watchlist.yaml", "brands: [{id: acme, name: Acme, query: acme}, {id: bolt, name: Bolt, query: bolt}]\n")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def lines(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def run_tocsin(self, *arguments):
        return subprocess.run([TOCSIN, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=120)

    def replay(self, *arguments):
        result = self.run_tocsin("replay", "--config", "config.yaml", "--input", "posts", "--signals", "signals",
                                 "--dead-letters", "dead", "--flush", "--quiet", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return [each["data"] for each in self.lines("signals")]

    def test_what_is_wrong_is_refused_before_it_is_written(self):
        for arguments, message in ((("ack", "nobody"), "neither a brand of the watchlist nor one of its incidents"),
                                   (("ack", "nobody-20261120T100000Z"), "neither a brand"),
                                   (("silence", "acme"), "--for is required"),
                                   (("silence", "acme", "--for", "1000h"), "no duration from 1s to 30d"),
                                   (("drill", "acme", "--for", "25h"), "no duration from 1s to 1d"),
                                   (("silence", "acme", "--for", "0s"), "no duration from 1s to 30d"),
                                   (("note", "acme", "x" * 3000), "at most 2000 bytes"),
                                   (("drill", "acme", "--level", "7"), "--level"),
                                   (("drill", "acme-20261120T100000Z"), "field=incident_id"),
                                   (("note", "acme", ""), "missing_field; field=note")):
            result = self.run_tocsin(*arguments, "--config", "config.yaml", "--by", "anna")
            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn(message, result.stderr, arguments)
        result = self.run_tocsin("close", "drill-acme-20261120T100000Z", "--config", "config.yaml", "--by", "anna", "--print")
        record = json.loads(result.stdout)
        self.assertEqual({key: record[key] for key in ("brand_id", "incident_id", "action", "by")},
                         {"brand_id": "acme", "incident_id": "drill-acme-20261120T100000Z", "action": "close", "by": "anna"})

    def test_a_replay_with_the_same_actions_gives_the_same_signals(self):
        self.write("posts", "\n".join(posts()) + "\n")
        without = self.replay()
        crisis = next(each for each in without if each["message"] == "alert")["incident_id"]

        def action(name, minute, **more):
            return json.dumps({"action": name, "brand_id": "acme", "by": "anna",
                               "at": START_MS + (30 * 60 + minute) * MINUTE_MS, **more})

        # In no order of time: the slide ends decide.
        self.write("actions", "\n".join((
            action("close", 85, incident_id=crisis, note="over"), action("ack", 40), action("note", 41, note="we know"),
            action("drill", 10, brand_id="bolt", for_s=1200, level=2), action("ack", 5, incident_id="acme-20200101T000000Z"),
            action("ack", 6, brand_id="nobody"), "{")) + "\n")
        replays = [self.replay("--actions", "actions", "--flush-bytes", size) for size in ("1000", "100000", "10000000")]
        self.assertEqual(replays[0], replays[1])
        self.assertEqual(replays[0], replays[2])
        found = replays[0]
        self.assertEqual([(each["message"], each["state"], each["level"]) for each in found if each["status"] == "exercise"],
                         [("alert", "provisional", 1), ("update", "confirmed", 2), ("resolve", "resolved", 0)])
        own = [each for each in found if each["incident_id"] == crisis]
        self.assertEqual([each["action"] for each in own[-1]["handling"]["actions"]], ["ack", "note", "close"])
        self.assertEqual(own[-1]["handling"]["ended"]["note"], "over")
        self.assertEqual(own[-1]["times"]["window_end"], "2026-01-02T07:25:00Z")
        acknowledged = next(each for each in own if each["handling"]["acknowledged"] is not None)
        self.assertEqual(acknowledged["times"]["window_end"], "2026-01-02T06:40:00Z")
        self.assertEqual(sorted(each["error"] for each in self.lines("dead")),
                         ["not_json", "unknown_brand", "unknown_incident"])
        for each in found:
            self.assertFalse(each["quality"]["stale"])


    def test_who_is_next_is_called_unless_someone_has_acknowledged_by_then(self):
        self.write("posts", "\n".join(posts()) + "\n")
        self.write("watchlist.yaml", "brands: [{id: acme, name: Acme, query: acme, route: r}]\n"
                   "routes: {r: {owner: o, escalate_after: 17m, next: head-of-comms, language: it}}\n")
        replays = [self.replay("--flush-bytes", size) for size in ("1000", "100000", "10000000")]
        self.assertEqual(replays[0], replays[1])
        self.assertEqual(replays[0], replays[2])
        calls = [each for each in replays[0] if each["route"]["calls_next"]]
        confirmed = next(each for each in replays[0] if each["state"] == "confirmed")
        self.assertEqual([each["times"]["window_end"] for each in calls], [confirmed["route"]["escalate_by"]])
        self.assertEqual(calls[0]["route"]["next"], "head-of-comms")
        self.assertTrue(calls[0]["summary"].endswith(" Nessuno l'ha presa in carico; ora tocca a: head-of-comms."))
        # What was done by the very slide end counts, what was done a moment later does not.
        for late, called in ((0, False), (1, True)):
            at = calls[0]["times"]["window_end"].replace("Z", f".00{late}Z")
            self.write("actions", json.dumps({"action": "ack", "brand_id": "acme", "by": "anna", "at": at}) + "\n")
            self.assertEqual(any(each["route"]["calls_next"] for each in self.replay("--actions", "actions")), called, at)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    arguments, rest = parser.parse_known_args()
    TOCSIN = os.path.abspath(arguments.tocsin)
    unittest.main(argv=[sys.argv[0], *rest])

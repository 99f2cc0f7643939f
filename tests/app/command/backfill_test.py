#!/usr/bin/env python3
"""Goal: after `tocsin backfill` a service's first signals are those of somebody who knows the brands: ready, and those of a
replay of history and live posts in one go; nothing of the past is published; a deployment that has run is refused.
Method: thirty quiet hours in a compressed file, backfilled on a real broker; then three live hours, in which a crisis begins
when the longest windows are full and before the first live bins reach the baseline.

    backfill_test.py --tocsin build/dev/bin/tocsin
"""

import argparse
import gzip
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", "kafka", "broker"), os.path.join(ROOT, "tests", "pipeline")]
import broker as kafka_broker  # noqa: E402
from end_to_end import SKIPPED, Service, kcat, read_topic  # noqa: E402
from signal_fields import comparable  # noqa: E402

TOCSIN = ""
CONFIG = """\
deployment: warm
kafka: {{bootstrap.servers: "{bootstrap}"}}
sources: [{{topics: [posts], preset: generic, start: earliest, idle_after: 1s}}]
watchlist: watchlist.yaml
metrics: {{listen: "127.0.0.1:0"}}
topics: {{mentions_partitions: 3}}
log: {{format: json}}
"""
WATCHLIST = """\
brands: [{id: acme, name: Acme, query: acme, route: r}, {id: bolt, name: Bolt, query: bolt}, {id: mute, name: Mute, query: mute}]
routes: {r: {owner: comms, escalate_after: 10m, next: head-of-comms}}
"""
START_MS = 1_767_225_600_000
MINUTE_MS = 60_000
HISTORY = 30 * 60  # minutes
LIVE = 180
CRISIS = 130  # of them quiet


def posts(first, last):
    """Minutes [first, last): two posts a minute about acme, one about bolt every three; then thirty of which most are negative."""
    for minute in range(first, last):
        generator = random.Random(minute)
        crisis = minute >= HISTORY + CRISIS
        for number in range(30 if crisis else 2):
            text = "acme is a disaster, I hate it, never again" if crisis and number % 4 else "acme opens a shop"
            yield line(minute, number, text, generator)
        # The last one stands at the end of the history: then it ends with a bin of the baseline.
        if minute % 3 == 0 or minute == HISTORY - 1:
            yield line(minute, 31, "bolt has a new colour", generator)


def line(minute, number, text, generator):
    return json.dumps({"id": f"p{minute}-{number}", "time": START_MS + minute * MINUTE_MS + number * 1900, "lang": "en",
                       "author_id": f"a{minute}-{number}", "text": f"{text} {generator.getrandbits(40):x}"})


class Backfill(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def write(self, name, text):
        opened = gzip.open if name.endswith(".gz") else open
        with opened(os.path.join(self.folder, name), "wt", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(os.path.join(self.folder, name), encoding="utf-8") as file:
            return file.read()

    def run_tocsin(self, *arguments):
        return subprocess.run([TOCSIN, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=300)

    def backfill(self, file="history.gz"):
        return self.run_tocsin("backfill", "--config", "config.yaml", "--input", f"posts={file}")

    def replayed(self, *files):
        """Signals from the live hours on."""
        self.write("all", "".join(self.read(name) for name in files))
        result = self.run_tocsin("replay", "--config", "config.yaml", "--input", "posts=all", "--signals", "signals", "--flush",
                                 "--quiet")
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(os.path.join(self.folder, "signals"), encoding="utf-8") as lines:
            signals = [json.loads(each)["data"] for each in lines]
        # Both are that long, so as texts they are in the order of time.
        return [each for each in signals if each["times"]["window_end"] > "2026-01-02T06:00:00Z"]

    def test_the_first_signals_are_those_of_who_has_seen_the_history(self):
        self.write("history", "".join(f"{each}\n" for each in posts(0, HISTORY)))
        self.write("history.gz", "".join(f"{each}\n" for each in posts(0, HISTORY)))
        live = "".join(f"{each}\n" for each in posts(HISTORY, HISTORY + LIVE))
        self.write("live", live)
        self.write("nothing", '{"id": "1", "time": 1767225600000, "text": "nobody is named"}\n')
        self.write("watchlist.yaml", WATCHLIST)
        with kafka_broker.Broker(settings={"auto.create.topics.enable": "true"}) as broker:
            self.write("config.yaml", CONFIG.format(bootstrap=broker.bootstrap))
            expected = self.replayed("history", "live")
            self.assertEqual({each["quality"]["baseline"] for each in expected}, {"ready"})
            self.assertTrue(any(each["state"] == "confirmed" for each in expected))
            self.assertTrue(any(each["route"]["calls_next"] for each in expected))
            stranger = self.replayed("live")
            self.assertNotEqual([comparable(each) for each in stranger], [comparable(each) for each in expected])

            result = self.backfill("nothing")
            self.assertEqual(result.returncode, 2, result.stdout + result.stderr)
            self.assertIn("no brand of the watchlist is mentioned", result.stderr)
            # The second takes the place of the first.
            for _ in range(2):
                result = self.backfill()
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertIn("up to 2026-01-02T06:00:00Z: the baselines of 2 brands are ready, 0 go on learning, 1 were not "
                              "mentioned", result.stdout)
            for topic in ("tocsin.signals", "tocsin.brand-metrics", "tocsin.incidents", "tocsin.dead-letters", "tocsin.mentions"):
                self.assertEqual(read_topic(broker.bootstrap, topic), [], topic)

            kcat(broker.bootstrap, "-P", "-t", "posts", input=live.encode())
            service = Service(TOCSIN, self.folder)
            try:
                service.wait_for(service.has_port, "the port")
                service.wait_for(lambda: len(read_topic(broker.bootstrap, "tocsin.signals")) >= len(expected), "the signals")
                result = self.backfill()
                self.assertEqual(result.returncode, 1, result.stdout)
                self.assertIn("this deployment has run", result.stderr)
                self.assertEqual(service.stop(), 0)
            finally:
                service.kill()
            found = [json.loads(each) for each in read_topic(broker.bootstrap, "tocsin.signals")]
            self.assertEqual({each["quality"]["baseline"] for each in found}, {"ready"})
            order = lambda each: (each["times"]["window_end"], each["brand_id"], each["sequence"])  # noqa: E731
            self.assertEqual([comparable(each) for each in sorted(found, key=order)],
                             [comparable(each) for each in sorted(expected, key=order)])
            result = self.backfill()
            self.assertEqual(result.returncode, 1, result.stdout)
            self.assertIn("this deployment has run", result.stderr)
            audit = self.run_tocsin("audit", "--config", "config.yaml")
            self.assertEqual(audit.returncode, 0, audit.stdout + audit.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    arguments, rest = parser.parse_known_args()
    missing = [tool for tool in ("kcat", "java") if shutil.which(tool) is None]
    if missing:
        print("skipped: not installed:", ", ".join(missing))
        sys.exit(SKIPPED)
    TOCSIN = os.path.abspath(arguments.tocsin)
    unittest.main(argv=[sys.argv[0], *rest])

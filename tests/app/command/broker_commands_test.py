#!/usr/bin/env python3
"""Goal: `tocsin check --broker`, `tocsin watch`, `tocsin health` and `tocsin audit` on a real broker.
Method: a broker whose topics are made step by step: none, the sources', all by `tocsin run`, some of the wrong shape, one
whose use is denied; signals written by hand, as `run` publishes them.

    broker_commands_test.py --tocsin build/dev/bin/tocsin
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", "kafka", "broker"), os.path.join(ROOT, "tests", "pipeline")]
import broker as kafka_broker  # noqa: E402
from end_to_end import SKIPPED, Service, kcat  # noqa: E402

TOCSIN = ""
CONFIG = """\
deployment: {deployment}
kafka: {{bootstrap.servers: "{bootstrap}"}}
sources: [{{topics: [{prefix}posts], preset: twitter_v1}}]
watchlist: watchlist.yaml
metrics: {{listen: "127.0.0.1:0"}}
topics: {{mentions: {prefix}mentions, brand_metrics: {prefix}metrics, signals: {prefix}signals, incidents: {prefix}incidents,
  post_crisis: {prefix}post-crisis, dead_letters: {prefix}dead, snapshots: {prefix}snapshots, config: {prefix}config,
  actions: {prefix}actions, mentions_partitions: 2}}
log: {{format: json}}
"""


def signal_of(brand, level, previous, window_end, summary):
    return json.dumps({"brand_id": brand, "brand_name": brand.title(), "level": level, "previous_level": previous,
                       "summary": summary, "message": "alert", "kind": "crisis", "state": "confirmed", "certainty": 0.9,
                       "status": "actual", "times": {"window_end": window_end},
                       "volume": {"mentions": 9, "unique_authors": 8, "negative_authors": 7},
                       "sentiment": {"negative": 6, "negative_ratio": 0.5, "low": 0.3, "high": 0.7}})


class BrokerCommands(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = kafka_broker.Broker(settings={"auto.create.topics.enable": "true", "log.retention.ms": "604800000"})
        cls.broker.__enter__()
        cls.bootstrap = cls.broker.bootstrap

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.prefix = self._testMethodName + "-"
        self.write("config.yaml", CONFIG.format(deployment=self._testMethodName, bootstrap=self.bootstrap,
                                                prefix=self.prefix))
        self.write("watchlist.yaml", "brands: [{id: acme, name: Acme, query: acme}]\n")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def run_tocsin(self, *arguments):
        return subprocess.run([TOCSIN, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=120)

    def check(self, *arguments):
        return self.run_tocsin("check", "--config", "config.yaml", "--broker", *arguments)

    def produce(self, topic, value="x", key="k"):
        kcat(self.bootstrap, "-P", "-t", self.prefix + topic, "-K", "\t", input=f"{key}\t{value}\n".encode())

    def test_missing_sources_are_told_and_missing_topics_of_its_own_are_not_errors(self):
        result = self.check()
        self.assertEqual(result.returncode, 1, result)
        self.assertIn(f"topic {self.prefix}posts: a source, and does not exist; create it, or correct", result.stderr)
        self.assertIn(f"topic {self.prefix}mentions: `tocsin run` will create it with 2 partitions", result.stdout)
        self.assertRegex(result.stdout, r"ok: +cluster \S+: 1 brokers \(\d+ \S+:\d+\), controller \d+")
        self.assertIn("IdempotentProducer", result.stdout)
        self.assertIn(f"transactions: {self._testMethodName}-check", result.stdout)
        result = self.check("--set", "topics.create=false")
        self.assertIn("does not exist, and topics.create is false; create it with 2 partitions", result.stderr)

    def test_what_run_creates_passes_and_health_follows_the_process(self):
        self.produce("posts", "{}")
        service = Service(TOCSIN, self.folder)
        try:
            service.wait_for(service.has_port, "the port")
            service.wait_for(service.ready, "/readyz")
            health = self.run_tocsin("health", "--port", str(service.port))
            self.assertEqual((health.returncode, health.stdout), (0, "live and ready\n"), health.stderr)
            port = service.port
            self.assertEqual(service.stop(), 0)
        finally:
            service.kill()
        self.assertEqual(self.run_tocsin("health", "--port", str(port)).returncode, 1)
        result = self.check()
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("error:", result.stderr)
        self.assertIn(f"topic {self.prefix}snapshots: 2 partitions, 1 replicas", result.stdout)
        self.assertIn(f"topic {self.prefix}snapshots: one replica", result.stderr)

    def test_topics_of_the_wrong_shape_are_errors(self):
        for topic in ("posts", "mentions", "snapshots"):
            self.produce(topic)  # made by the broker: one partition, kept for a week, not compacted
        result = self.check()
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"topic {self.prefix}mentions: 1 partitions instead of 2; set topics.mentions_partitions", result.stderr)
        self.assertIn(f"topic {self.prefix}snapshots: cleanup.policy=delete; set it to compact", result.stderr)
        result = self.check("--set", "dedup.horizon=8d", "--set", "topics.mentions_partitions=1")
        self.assertIn(f"topic {self.prefix}snapshots: segment.ms=604800000; set it to 3600000", result.stderr)
        self.assertIn(f"topic {self.prefix}mentions: kept for 7d, and recovery reads back", result.stderr)

    def test_watch_shows_what_was_published_in_the_order_of_time(self):
        self.produce("signals", signal_of("beta", 1, 0, "2026-11-20T10:05:00Z", "second"), "beta")
        self.produce("signals", signal_of("acme", 3, 2, "2026-11-20T10:00:00Z", "first"), "acme")
        self.produce("signals", "no signal")
        watch = ("watch", "--config", "config.yaml", "--from", "beginning", "--until-end")
        result = self.run_tocsin(*watch)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(re.findall(r"^  (first|second)$", result.stdout, re.MULTILINE), ["first", "second"])
        self.assertIn("2026-11-20T10:00:00Z  acme (Acme)  level 3 (was 2)  confirmed  alert\n", result.stdout)
        self.assertIn("certainty 0.90 | 9 mentions by 8 authors | 6 negative by 7 authors, 50 % (30 % to 70 %)", result.stdout)
        self.assertIn("passed over a record that is no signal", result.stderr)
        lines = self.run_tocsin(*watch, "--json", "--brand", "acme").stdout.splitlines()
        self.assertEqual([json.loads(line)["summary"] for line in lines], ["first"])
        self.assertEqual(self.run_tocsin(*watch, "--level", "4").stdout, "")
        since = ("watch", "--config", "config.yaml", "--until-end", "--json", "--from")
        self.assertEqual(len(self.run_tocsin(*since, "1h").stdout.splitlines()), 2)
        self.assertEqual(self.run_tocsin(*since, "latest").stdout, "")
        self.assertEqual(self.run_tocsin(*since, "yesterday").returncode, 2)

    def audit(self, *arguments):
        result = self.run_tocsin("audit", "--config", "config.yaml", "--json", *arguments)
        self.assertTrue(result.stdout, result.stderr)
        report = json.loads(result.stdout)
        self.assertEqual(result.returncode, 0 if report["whole"] else 1)
        return report, [finding["problem"] for partition in report["partitions"] for finding in partition["findings"]]

    def blocks(self):
        """The records of mentions partition 0."""
        read = ("-C", "-t", self.prefix + "mentions", "-p", "0")
        offsets = kcat(self.bootstrap, *read, "-o", "beginning", "-e", "-f", "%o\n", capture_output=True).stdout.split()
        return [kcat(self.bootstrap, *read, "-o", offset.decode(), "-c", "1", "-D", "", "-f", "%s",
                     capture_output=True).stdout for offset in offsets]

    def write_block(self, topic, block):
        path = os.path.join(self.folder, "block")
        with open(path, "wb") as file:
            file.write(block)
        kcat(self.bootstrap, "-P", "-t", self.prefix + topic, "-p", "0", path)

    def test_audit_finds_a_planted_gap_and_a_planted_repeat(self):
        self.write("config.yaml", CONFIG.format(deployment=self._testMethodName, bootstrap=self.bootstrap, prefix=self.prefix)
                   .replace("preset: twitter_v1", "preset: twitter_v1, start: earliest"))
        self.produce("posts", "accounted for as a dead letter")
        service = Service(TOCSIN, self.folder)
        try:
            service.wait_for(service.has_port, "the port")
            service.wait_for(service.ready, "/readyz")
            for count in (1, 2, 3):
                service.wait_for(lambda count=count: sum(service.metrics().get("tocsin_posts_consumed_total", [])) == count,
                                 "the flush with that post")
                if count < 3:
                    self.produce("posts", "another one")
            self.assertEqual(service.stop(), 0)
        finally:
            service.kill()
        report, findings = self.audit()
        self.assertEqual((report["whole"], findings, report["notes"]), (True, [], []))
        source = next(each for each in report["partitions"][1]["sources"] if each["topic"] == self.prefix + "posts")
        self.assertEqual((source["first"], source["end"], source["committed"], source["dead"]), (0, 3, 3, 3))

        blocks = self.blocks()
        self.write_block("mentions", blocks[0])
        report, findings = self.audit()
        self.assertEqual((report["whole"], findings), (True, ["repeat"]))
        self.assertIn("whole: 1 repeat; ", self.run_tocsin("audit", "--config", "config.yaml").stdout)

        # A log of which all but the first and the last block are lost.
        for block in (blocks[0], blocks[-1]):
            self.write_block("torn-mentions", block)
        report, findings = self.audit("--set", f"topics.mentions={self.prefix}torn-mentions")
        self.assertFalse(report["whole"])
        self.assertEqual(findings, ["gap"])

    def test_watch_follows_until_it_is_told_to_stop(self):
        self.produce("signals", signal_of("acme", 1, 0, "2026-11-20T10:00:00Z", "before"))
        process = subprocess.Popen([TOCSIN, "watch", "--config", "config.yaml", "--json", "--from", "beginning"],
                                   cwd=self.folder, stdout=subprocess.PIPE, text=True)
        try:
            self.assertEqual(json.loads(process.stdout.readline())["summary"], "before")
            self.produce("signals", signal_of("acme", 2, 1, "2026-11-20T10:01:00Z", "after"))
            self.assertEqual(json.loads(process.stdout.readline())["summary"], "after")
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(timeout=60), 0)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


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

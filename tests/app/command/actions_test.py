#!/usr/bin/env python3
"""Goal: `tocsin ack | silence | note | close | drill` on a real broker, through `tocsin run` to signals and dead letters; and
`tocsin replay --actions` with the same records.
Method: a drill goes all the way, since it needs no crisis; what is wrong goes to the dead letters; the service is stopped and
started again in the midst. Then the topics' posts and actions are replayed, and must give the same signals.

    actions_test.py --tocsin build/dev/bin/tocsin
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", "kafka", "broker"), os.path.join(ROOT, "tests", "pipeline")]
import broker as kafka_broker  # noqa: E402
from end_to_end import SKIPPED, Service, kcat, read_topic  # noqa: E402
from signal_fields import comparable  # noqa: E402

TOCSIN = ""
CONFIG = """\
deployment: acts
kafka: {{bootstrap.servers: "{bootstrap}"}}
sources: [{{topics: [posts], preset: generic, start: earliest, idle_after: 1s}}]
watchlist: watchlist.yaml
metrics: {{listen: "127.0.0.1:0"}}
topics: {{mentions_partitions: 2}}
log: {{format: json}}
"""


class Actions(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name
        self.posts = 0

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def run_tocsin(self, *arguments):
        return subprocess.run([TOCSIN, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=120)

    def act(self, command, *arguments):
        result = self.run_tocsin(command, "--config", "config.yaml", "--by", "anna", *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def post(self):
        """One more, just now: event time goes on, and with it the evaluation."""
        self.posts += 1
        kcat(self.bootstrap, "-P", "-t", "posts", input=json.dumps(
            {"id": f"p{self.posts}", "time": int(time.time() * 1000), "text": "acme is open", "author_id": "a"}).encode())

    def signals(self):
        return [json.loads(line) for line in read_topic(self.bootstrap, "tocsin.signals")]

    def wait_for_signals(self, service, count):
        def there():
            self.post()
            return len(self.signals()) >= count
        service.wait_for(there, f"signal number {count}")
        found = self.signals()
        self.assertEqual(len(found), count)
        return found[-1]

    def start(self):
        service = Service(TOCSIN, self.folder)
        service.wait_for(service.has_port, "the port")
        service.wait_for(service.ready, "/readyz")
        return service

    def test_from_the_command_to_the_signal(self):
        with kafka_broker.Broker(settings={"auto.create.topics.enable": "true"}) as broker:
            self.bootstrap = broker.bootstrap
            self.write("config.yaml", CONFIG.format(bootstrap=self.bootstrap))
            self.write("watchlist.yaml", "brands: [{id: acme, name: Acme, query: acme}, {id: bolt, name: Bolt, query: bolt}]\n")
            self.post()
            result = self.run_tocsin("ack", "--config", "config.yaml", "acme", "--by", "anna")
            self.assertEqual(result.returncode, 2)
            self.assertIn("tocsin run", result.stderr)
            service = self.start()
            try:
                service.wait_for(lambda: sum(service.metrics().get("tocsin_posts_consumed_total", [0])) == 1, "the post")
                said = self.act("drill", "bolt", "--level", "4", "--for", "20m", "--note", "a rehearsal")
                drill = re.search(r"drill-bolt-\d{8}T\d{6}Z", said).group(0)
                alert = self.wait_for_signals(service, 1)
                self.assertEqual((alert["status"], alert["message"], alert["incident_id"], alert["level"], alert["brand_id"]),
                                 ("exercise", "alert", drill, 1, "bolt"))
                self.assertTrue(alert["summary"].startswith("EXERCISE: "))
                self.assertEqual(service.stop(), 0)
                service.kill()
                # While it is away.
                self.act("ack", drill, "--note", "I am on it")
                service = self.start()
                update = self.wait_for_signals(service, 2)
                self.assertEqual(update["handling"]["acknowledged"]["by"], "anna")
                self.assertEqual(update["handling"]["actions"][-1]["note"], "I am on it")
                self.act("ack", "acme")
                self.act("close", "acme-20200101T000000Z", "--false-alarm")
                kcat(self.bootstrap, "-P", "-t", "tocsin.actions", input=b'{"action":"explode","brand_id":"acme"}')
                self.act("close", drill)
                resolve = self.wait_for_signals(service, 3)
                self.assertEqual((resolve["message"], resolve["handling"]["ended"]["action"]), ("resolve", "close"))
                service.wait_for(lambda: len(read_topic(self.bootstrap, "tocsin.dead-letters")) == 3, "three dead letters")
                metrics = service.metrics()
                self.assertEqual([sum(metrics[name]) for name in (
                    "tocsin_actions_read_total", "tocsin_actions_unusable_total", "tocsin_actions_refused_total")], [4, 1, 2])
                self.assertEqual(service.stop(), 0)
            finally:
                service.kill()
            letters = kcat(self.bootstrap, "-C", "-t", "tocsin.dead-letters", "-o", "beginning", "-e", "-f", "%h\n",
                           "-X", "isolation.level=read_committed", capture_output=True, text=True).stdout
            self.assertEqual(sorted(re.findall(r"error=(\w+)", letters)),
                             ["incident_not_open", "unknown_action", "unknown_incident"])
            self.assertIn("topic=tocsin.actions,partition=0", letters)
            audit = self.run_tocsin("audit", "--config", "config.yaml")
            self.assertEqual(audit.returncode, 0, audit.stdout + audit.stderr)
            self.check_replay()

    def check_replay(self):
        for topic in ("posts", "tocsin.actions"):
            with open(os.path.join(self.folder, topic), "wb") as file:
                file.write(b"\n".join(read_topic(self.bootstrap, topic)) + b"\n")
        result = self.run_tocsin("replay", "--config", "config.yaml", "--input", "posts=posts", "--actions", "tocsin.actions",
                                 "--signals", "signals", "--dead-letters", "dead", "--flush")
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(os.path.join(self.folder, "signals"), encoding="utf-8") as lines:
            replayed = [json.loads(line)["data"] for line in lines]
        self.assertEqual([(each["message"], each["status"], each["incident_id"], each["sequence"]) for each in replayed],
                         [(each["message"], each["status"], each["incident_id"], each["sequence"]) for each in self.signals()])
        # The alert came in time, so it is the same to the last field.
        self.assertEqual(comparable(replayed[0]), comparable(self.signals()[0]))
        with open(os.path.join(self.folder, "dead"), encoding="utf-8") as lines:
            self.assertEqual(sorted(json.loads(line)["error"] for line in lines),
                             ["incident_not_open", "unknown_action", "unknown_incident"])


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

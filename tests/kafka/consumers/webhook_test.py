#!/usr/bin/env python3
"""Goal: the webhook consumer acts on each signal once, also when it dies between any two of its steps, and makes one digest
of what is late.
Method: its Poster over a journal in a file and a webhook that can be made to fail; "dying" is a new Poster on the same
journal which is given all records again.
"""

import datetime
import importlib.util
import json
import os
import sys
import tempfile
import threading
import types
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

NOW = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.timezone.utc)

try:
    import confluent_kafka  # noqa: F401  pylint: disable=unused-import
except ImportError:
    # Of the client only names are needed here.
    stub = types.ModuleType("confluent_kafka")
    stub.Consumer = stub.KafkaError = stub.TopicPartition = lambda *_, **__: None
    stub.KafkaException = type("KafkaException", (Exception,), {})
    sys.modules["confluent_kafka"] = stub

spec = importlib.util.spec_from_file_location(
    "signal_webhook", os.path.join(ROOT, "deploy", "consumers", "python", "signal_webhook.py"))
signal_webhook = importlib.util.module_from_spec(spec)
spec.loader.exec_module(signal_webhook)
signal_webhook.say = lambda *_, **__: None


class Died(Exception):
    """Stands for SIGKILL."""


class Record:
    def __init__(self, offset, age_s=0, incident="acme-1", level=3, headers=True, value=None):
        time = (NOW - datetime.timedelta(seconds=age_s)).isoformat().replace("+00:00", "Z")
        self.values = offset, time, value if value is not None else json.dumps({
            "brand_id": "acme", "incident_id": incident, "summary": f"summary {offset}", "kind": "crisis", "level": level,
            "status": "actual", "evidence": {"samples": []}}).encode(), headers

    def topic(self):
        return "tocsin.signals"

    def partition(self):
        return 0

    def offset(self):
        return self.values[0]

    def value(self):
        return self.values[2]

    def headers(self):
        return [("ce_id", f"id-{self.values[0]}".encode()), ("ce_time", self.values[1].encode())] if self.values[3] else []


class FakeWebhook:
    """Acts on a key once, as the documentation asks of a receiver; may die before or after acting."""

    def __init__(self):
        self.acted = {}
        self.calls = 0
        self.die_at = None  # (call number, after acting)

    def post(self, body, key):
        self.calls += 1
        if self.die_at == (self.calls, False):
            raise Died
        self.acted.setdefault(key, body)
        if self.die_at == (self.calls, True):
            raise Died
        return True

    def ids(self):
        return [each for body in self.acted.values() for each in body.get("signals", [body.get("id")])]


class Consumer:
    def commit(self, **_):
        pass


class PosterTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.webhook = FakeWebhook()
        self.journal = None

    def poster(self, **changes):
        if self.journal is not None:
            self.journal.database.close()
        self.journal = signal_webhook.Journal(os.path.join(self.folder.name, "journal.db"))
        arguments = types.SimpleNamespace(**{"least_level": 1, "stale_after": 600, **changes})
        return signal_webhook.Poster(arguments, Consumer(), self.journal, self.webhook, lambda: NOW)

    def feed(self, records, **changes):
        poster = self.poster(**changes)
        for record in records:
            poster.take(record)
        poster.send_digest()

    def test_acts_once_wherever_it_dies(self):
        records = [Record(i, age_s=900 if 2 <= i < 6 else 0, incident=f"acme-{i % 2}") for i in range(10)]
        for call in range(1, 8):
            for after in (False, True):
                with self.subTest(call=call, after=after):
                    self.setUp()
                    self.webhook.die_at = (call, after)
                    try:
                        self.feed(records)
                    except Died:
                        pass
                    self.webhook.die_at = None
                    self.feed(records)
                    self.feed(records)
                    self.assertEqual(sorted(self.webhook.ids()), sorted(f"id-{i}" for i in range(10)))

    def test_makes_one_digest_of_what_is_late(self):
        self.feed([Record(i, age_s=601, incident=f"acme-{i % 3}") for i in range(9)] + [Record(9, age_s=599)])
        kinds = sorted(body["kind"] for body in self.webhook.acted.values())
        self.assertEqual(kinds, ["digest", "signal"])
        digest = next(body for body in self.webhook.acted.values() if body["kind"] == "digest")
        self.assertEqual(len(digest["signals"]), 9)
        # Of each incident the last.
        self.assertEqual([item["summary"] for item in digest["incidents"]], ["summary 6", "summary 7", "summary 8"])

    def test_a_digest_whose_outcome_is_open_is_made_again_under_its_key_though_more_has_come(self):
        self.webhook.die_at = (1, True)
        with self.assertRaises(Died):
            self.feed([Record(i, age_s=900) for i in range(3)])
        self.webhook.die_at = None
        self.feed([Record(i, age_s=900) for i in range(5)])
        self.assertEqual(sorted(self.webhook.ids()), [f"id-{i}" for i in range(5)])

    def test_passes_over_what_is_no_signal_or_below_the_level(self):
        self.feed([Record(0, headers=False), Record(1, value=b"{"), Record(2, value=b"[1]"), Record(3, level=1), Record(4)],
                  least_level=2)
        self.assertEqual(self.webhook.ids(), ["id-4"])

    def test_tells_of_the_end_whose_level_is_zero(self):
        value = json.dumps({"kind": "crisis", "state": "resolved", "level": 0, "previous_level": 2, "summary": "over"}).encode()
        self.feed([Record(0, value=value)], least_level=2)
        self.assertEqual(self.webhook.ids(), ["id-0"])

    def test_marks_exercises(self):
        value = json.dumps({"status": "exercise", "summary": "s", "kind": "crisis", "level": 3}).encode()
        self.feed([Record(0, value=value)])
        self.assertEqual([body["text"] for body in self.webhook.acted.values()], ["[exercise] s"])

    def test_commits_nothing_while_something_waits(self):
        commits = []
        poster = self.poster()
        poster.consumer = types.SimpleNamespace(commit=lambda **arguments: commits.append(arguments))
        poster.take(Record(0, age_s=900))
        poster.commit()
        self.assertEqual(commits, [])
        poster.send_digest()
        poster.commit()
        self.assertEqual(len(commits), 1)


class WebhookTest(unittest.TestCase):
    def test_tries_again_what_is_temporary_and_leaves_what_is_refused(self):
        answers = []
        ended = threading.Event()
        webhook = signal_webhook.Webhook("http://unused", ended, lambda: None)
        webhook._try = lambda *_: answers.pop(0)  # pylint: disable=protected-access
        ended.wait = lambda _: False
        answers[:] = ["status 503", "ConnectionRefusedError", None]
        self.assertTrue(webhook.post({}, "key"))
        self.assertEqual(answers, [])
        answers[:] = ["refused, status 400", None]
        self.assertTrue(webhook.post({}, "key"))
        self.assertEqual(answers, [None])


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Posts crisis signals to a webhook: each once, whatever is restarted on the way.

    pip install confluent-kafka
    signal_webhook.py --bootstrap broker:9092 --webhook https://chat.example/hook --journal /var/lib/tocsin/journal.db
                      [--topic tocsin.signals] [--group tocsin-webhook] [--property security.protocol=SASL_SSL]...
                      [--secret sasl.password=FILE]... [--least-level 1] [--stale-after 600]

A signal is known by its CloudEvent id (header ce_id). What has been posted stands in the journal, a SQLite file, with that
id: a signal that is read again (offsets are committed behind the journal, partitions move, somebody resets the group) is
passed over. An id is written down as begun before its post and as done after it, so the one post whose outcome a crash left
open is known: it is made again, with the same header Idempotency-Key, by which the receiver drops it if it had come.

A signal that is older than --stale-after when it would be sent is not worth a call of its own: all such signals that wait
go into one digest, a single post with the last state of each incident. That is what comes after an outage.

The body is JSON: `text` (what chat systems show), `kind` (signal or digest), and the signal's own fields, among them
summary and evidence. SIGTERM ends it in good order.
"""

import argparse
import datetime
import http.client
import json
import signal
import sqlite3
import sys
import threading
import urllib.error
import urllib.request

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

KEPT_DAYS = 40  # longer than the topic keeps signals
RETRY_SECONDS = (1, 2, 5, 10, 30)
TIMEOUT_SECONDS = 15
QUIET_SECONDS = 1.0  # after so long without a record, a digest is complete
DIGEST_MAX = 1000
SHOWN = ("brand_id", "brand_name", "incident_id", "sequence", "summary", "status", "message", "kind", "state", "level",
         "previous_level", "level_reasons", "times", "evidence", "quality", "route")


class Journal:
    """Which signals have been acted on. One process at a time: SQLite holds the file."""

    def __init__(self, path):
        self.database = sqlite3.connect(path, isolation_level=None)
        self.database.execute("PRAGMA journal_mode=WAL")
        self.database.execute("PRAGMA synchronous=FULL")
        self.database.execute("PRAGMA locking_mode=EXCLUSIVE")
        self.database.execute("CREATE TABLE IF NOT EXISTS acted (id TEXT PRIMARY KEY, post TEXT NOT NULL, done INTEGER NOT NULL,"
                              " at TEXT NOT NULL) WITHOUT ROWID")
        self.database.execute("DELETE FROM acted WHERE at < datetime('now', ?)", (f"-{KEPT_DAYS} days",))

    def is_done(self, signal_id):
        row = self.database.execute("SELECT done FROM acted WHERE id = ?", (signal_id,)).fetchone()
        return row is not None and row[0] == 1

    def begun_with(self, signal_id):
        """The key of the post that was begun for it and whose outcome is open, or None."""
        row = self.database.execute("SELECT post FROM acted WHERE id = ? AND done = 0", (signal_id,)).fetchone()
        return row and row[0]

    def begin(self, signal_ids, post):
        self._write(signal_ids, post, 0)

    def finish(self, signal_ids, post):
        self._write(signal_ids, post, 1)

    def _write(self, signal_ids, post, done):
        self.database.execute("BEGIN IMMEDIATE")
        self.database.executemany("INSERT INTO acted VALUES (?, ?, ?, datetime('now')) ON CONFLICT (id) DO UPDATE SET "
                                  "post = excluded.post, done = excluded.done, at = excluded.at",
                                  [(each, post, done) for each in signal_ids])
        self.database.execute("COMMIT")


class Signal:
    """A record of the topic; None from `read` for what is none."""

    def __init__(self, signal_id, time, data):
        self.id = signal_id
        self.time = time  # aware; end of the window that it speaks of
        self.data = data

    @staticmethod
    def read(record):
        headers = {name: value.decode("utf-8", "replace") for name, value in record.headers() or [] if value is not None}
        try:
            time = datetime.datetime.fromisoformat(headers["ce_time"].replace("Z", "+00:00"))
            data = json.loads(record.value())
        except (KeyError, ValueError, TypeError):
            return None
        if "ce_id" not in headers or not isinstance(data, dict):
            return None
        return Signal(headers["ce_id"], time, data)

    def age(self, now):
        return (now - self.time).total_seconds()

    def level(self):
        """The end of an incident has level 0, but is news to whoever was told of its levels."""
        return max(self.data.get("level") or 0, self.data.get("previous_level") or 0)

    def mark(self):
        kind = self.data.get("status")
        return f"[{kind}] " if kind in ("exercise", "test") else ""


def signal_body(each):
    fields = {name: each.data.get(name) for name in SHOWN}
    return {**fields, "id": each.id, "signal_kind": each.data.get("kind"), "kind": "signal",
            "text": f"{each.mark()}{each.data.get('summary')}"}


def digest_body(waiting):
    last = {}
    for each in waiting:
        last[each.data.get("incident_id") or each.id] = each
    items = [{"id": each.id, "time": each.time.isoformat().replace("+00:00", "Z"),
              **{name: each.data.get(name) for name in ("brand_id", "brand_name", "incident_id", "state", "level", "summary")}}
             for each in last.values()]
    lines = "\n".join(f"- {each.mark()}{each.data.get('summary')}" for each in last.values())
    return {"kind": "digest", "signals": [each.id for each in waiting], "incidents": items,
            "text": f"{len(waiting)} signals came late; the last of each incident:\n{lines}"}


class Webhook:
    """Posts until it is taken, refused for good, or `ended` is set. `meanwhile` keeps the consumer in its group."""

    def __init__(self, url, ended, meanwhile):
        self.url = url
        self.ended = ended
        self.meanwhile = meanwhile

    def post(self, body, key):
        """True: taken, or refused for good (400 and the like), so that trying again would change nothing."""
        attempt = 0
        while not self.ended.is_set():
            problem = self._try(body, key)
            if problem is None:
                return True
            if problem.startswith("refused"):
                say("error", "the webhook refuses a post; it is not tried again", key=key, problem=problem)
                return True
            say("warning", "the webhook does not take a post; tried again", key=key, problem=problem)
            wait = RETRY_SECONDS[min(attempt, len(RETRY_SECONDS) - 1)]
            attempt += 1
            for _ in range(wait * 2):
                self.meanwhile()
                if self.ended.wait(0.5):
                    break
        return False

    def _try(self, body, key):
        request = urllib.request.Request(self.url, json.dumps(body).encode(), method="POST", headers={
            "Content-Type": "application/json", "Idempotency-Key": key})
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                response.read()
            return None
        except urllib.error.HTTPError as error:
            temporary = error.code in (408, 425, 429) or error.code >= 500
            return f"{'status' if temporary else 'refused, status'} {error.code}"
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__  # not its text, which may hold the address


class Poster:
    """From records to posts."""

    def __init__(self, arguments, consumer, journal, webhook, now):
        self.arguments = arguments
        self.consumer = consumer
        self.journal = journal
        self.webhook = webhook
        self.now = now
        self.waiting = []   # stale signals, for the digest
        self.read = {}      # (topic, partition): offset behind what was read and is dealt with, or waits in `waiting`

    def take(self, record):
        each = Signal.read(record)
        self.read[(record.topic(), record.partition())] = record.offset() + 1
        if each is None:
            say("error", "a record that is no signal is passed over", partition=record.partition(), offset=record.offset())
        elif self.journal.is_done(each.id) or each.id in {other.id for other in self.waiting}:
            pass
        elif each.data.get("kind") == "crisis" and each.level() < self.arguments.least_level:
            pass
        elif each.age(self.now()) > self.arguments.stale_after:
            self.waiting.append(each)
            return len(self.waiting) < DIGEST_MAX or self.send_digest()
        elif not self.send([each], signal_body(each), each.id):
            return False
        return True

    def send_digest(self):
        """False if it was ended before it could be sent."""
        if not self.waiting:
            return True
        # Those of a digest that was begun before go out under its key again.
        groups = {}
        for each in self.waiting:
            groups.setdefault(self.journal.begun_with(each.id), []).append(each)
        for key, group in groups.items():
            if not self.send(group, digest_body(group), key or f"digest-{group[0].id}-{len(group)}"):
                return False
        self.waiting = []
        return True

    def send(self, signals, body, key):
        ids = [each.id for each in signals]
        self.journal.begin(ids, key)
        if not self.webhook.post(body, key):
            return False
        self.journal.finish(ids, key)
        say("info", "posted", kind=body["kind"], signals=len(ids), key=key)
        return True

    def commit(self):
        """Only when nothing waits: what is not dealt with must be read again after a crash."""
        if self.waiting or not self.read:
            return
        offsets = [TopicPartition(topic, partition, offset) for (topic, partition), offset in self.read.items()]
        try:
            self.consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            say("warning", "offsets are not committed; signals that are read again are passed over", error=str(error))
        self.read = {}

    def forget(self):
        """Partitions were taken away: what was not sent will be read by whoever owns them now."""
        self.waiting = []
        self.read = {}


def say(level, message, **fields):
    print(json.dumps({"level": level, "msg": message, **fields}), file=sys.stderr, flush=True)


def properties(arguments):
    found = {"bootstrap.servers": arguments.bootstrap, "group.id": arguments.group, "auto.offset.reset": "earliest",
             "enable.auto.commit": False, "isolation.level": "read_committed", "partition.assignment.strategy": "range"}
    for each in arguments.property:
        name, value = each.split("=", 1)
        found[name] = value
    for each in arguments.secret:
        name, path = each.split("=", 1)
        with open(path, encoding="utf-8") as file:
            found[name] = file.read().strip()
    return found


def follow(arguments, ended):
    journal = Journal(arguments.journal)
    consumer = Consumer(properties(arguments))
    webhook = Webhook(arguments.webhook, ended, meanwhile=lambda: keep_membership(consumer))
    poster = Poster(arguments, consumer, journal, webhook, lambda: datetime.datetime.now(datetime.timezone.utc))
    consumer.subscribe([arguments.topic], on_revoke=lambda *_: poster.forget(), on_lost=lambda *_: poster.forget())
    try:
        while not ended.is_set():
            record = consumer.poll(QUIET_SECONDS)
            if record is None:
                if not poster.send_digest():
                    break
                poster.commit()
            elif record.error() is not None:
                if record.error().fatal() or record.error().code() in (
                        KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED,
                        KafkaError._AUTHENTICATION):  # pylint: disable=protected-access
                    say("error", "Kafka", error=str(record.error()))
                    return 1
                say("warning", "Kafka", error=str(record.error()))
            elif poster.take(record):
                poster.commit()
            else:
                break
    finally:
        consumer.close()
    return 0


def keep_membership(consumer):
    """Polls while a post is retried, without taking records: a member that does not poll is thrown out of its group."""
    assignment = consumer.assignment()
    if assignment:
        consumer.pause(assignment)
    record = consumer.poll(0)
    if record is not None and record.error() is None:
        consumer.seek(TopicPartition(record.topic(), record.partition(), record.offset()))
    if assignment:
        consumer.resume(assignment)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--webhook", required=True)
    parser.add_argument("--journal", required=True)
    parser.add_argument("--topic", default="tocsin.signals")
    parser.add_argument("--group", default="tocsin-webhook")
    parser.add_argument("--property", action="append", default=[], metavar="NAME=VALUE", help="of librdkafka")
    parser.add_argument("--secret", action="append", default=[], metavar="NAME=FILE", help="likewise, its value in a file")
    parser.add_argument("--least-level", type=int, default=1, help="crisis signals below it are passed over")
    parser.add_argument("--stale-after", type=float, default=600, metavar="SECONDS")
    arguments = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        return follow(arguments, ended)
    except (KafkaException, sqlite3.Error, OSError, ValueError) as error:
        say("error", "ended", error=str(error))
        return 1


if __name__ == "__main__":
    sys.exit(main())

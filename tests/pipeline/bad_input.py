"""Bad input, every kind of it: each record that can't be used is in the dead letters with its reason, topic, partition and
offset, the counts add up exactly, and the partition goes on.

Three partitions: every kind of bad record between good ones (truncated, wrong types, not UTF-8, 10 MB, absurd dates, too
deep, empty, with --kafka tombstones); random bytes; posts of `tocsin generate`, mutated. Held, record by record, against
tests/oracle/record_rules.py, which reads docs/INPUT.md over Python's json: the dead ones must be exactly those that it
calls unusable, for the same reason. Where the page lets the engine be laxer than json, the difference is counted and must
be one of that kind. Good posts name one brand that no other record names, so matched and official are exact too.

Through `tocsin replay` over files; with --kafka through `tocsin run` on a real broker, where more than 1,000 dead letters
a second must be references only, and none may be missing.

    bad_input.py --tocsin build/release/bin/tocsin [--records N] [--long] [--kafka] [--seed N]
"""

import argparse
import collections
import functools
import hashlib
import json
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "oracle"), os.path.join(ROOT, "tests", "kafka", "broker")]
import broker as kafka_broker  # noqa: E402
import record_rules  # noqa: E402
from end_to_end import SKIPPED, Service, kcat  # noqa: E402

LONG = 1_000_000
KEPT_BYTES = 64 << 10
REFERENCES_FROM = 1_000  # dead letters a second, by default
TOPIC = "posts"
JSON_BYTES = b'{}[]:,"\\ \t0123456789truefalsnli.eE+-/u'
WATCHLIST = "brands: [{id: control, name: Control, query: qzcontrol, official_accounts: [qzofficial]}]\n"
CONFIG = """\
deployment: bad-input
sources: [{topics: [posts], preset: twitter_v1, start: earliest}]
watchlist: watchlist.yaml
metrics: {listen: "127.0.0.1:0"}
topics: {mentions_partitions: 4}
log: {format: json}
"""


def good(number, **changes):
    post = {"id_str": f"good-{number}", "created_at": "Fri Nov 20 10:00:00 +0000 2026", "text": f"qzcontrol {number}",
            "lang": "en", "user": {"id_str": "7", "screen_name": "someone"}}
    post.update(changes)
    return json.dumps({key: value for key, value in post.items() if value is not ...}, ensure_ascii=False).encode()


def kinds(tombstones):
    """(kind, record) of everything that is known to be wrong with records, and its harmless neighbours."""
    whole = good(0, text="qzcontrol l\u2019\u00e9t\u00e9 \u6771\u4eac")
    for cut in range(1, len(whole)):
        yield "truncated", whole[:cut]
    for text in (b"{}}", b"[]", b"null", b"7", b'"text"', whole + whole, whole + b"x", b"\xef\xbb\xbf" + whole, b"{" * 70,
                 b"nul", b"{'id': 1}", b'{"id_str":"1" "text":"x"}', whole.replace(b"qzcontrol", b"qz\x01control")):
        yield "no JSON", text
    for field, values in (("id_str", (True, [], {}, 1.5, -3, 1e30)), ("created_at", (True, [], {}, "soon", "", "20 Nov 2026")),
                          ("text", (7, False, [], {}))):
        for value in values:
            yield "wrong type", good(1, **{field: value})
        yield "missing", good(1, **{field: ...})
        yield "missing", good(1, **{field: None})
    yield "missing", b"{}"
    yield "missing", good(1, id_str="")
    for sequence in (b"\xff", b"\xc3", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x80\x80\xaf", b"\x80",
                     b"\xf8\x88\x80\x80\x80"):
        yield "no UTF-8", whole.replace(b"qzcontrol", b"qzcontrol " + sequence)
        yield "no UTF-8", whole[:-1] + b',"unmapped":"' + sequence + b'"}'
    for size in (10_000_000, (1 << 20) + 1):
        record = good(2, text="x" * 10)
        yield "too large", record[:-1] + b',"padding":"' + b"y" * (size - len(record) - 13) + b'"}'
    for when in ("Sat Jan 01 00:00:00 +0000 2101", "Fri Dec 31 23:59:59 +0000 1999", "1970-01-01T00:00:00Z",
                 "9999-12-31T23:59:59Z", 0, 4_102_444_800_000, 99_999_999_999_999_999, -5, "0001-01-01T00:00:00Z"):
        yield "absurd date", good(3, created_at=when)
    for when in ("2026-02-30T00:00:00Z", "2026-11-20T24:00:00Z", "2026-11-20T10:00:00+25:00", "1e12", 10**18):
        yield "no date", good(3, created_at=when)
    for depth in (64, 65, 66, 1_000, 100_000):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            inner = opening * (depth - 1) + b"1" + closing * (depth - 1)
            yield "too deep", whole[:-1] + b',"unmapped":' + inner + b"}"
    for blank in (b" ", b"\t  ", b"    "):
        yield "empty", blank
    yield "empty", b""
    if tombstones:
        yield "tombstone", None


def partition_of_kinds(tombstones):
    """The kinds with a good post before each and an official one now and then: (records, good ones, official ones)."""
    records, plain, official = [], 0, 0
    for number, (_, record) in enumerate(kinds(tombstones)):
        records.append(good(number + 10))
        plain += 1
        if number % 10 == 0:
            records.append(good(f"official-{number}", text="we are sorry", user={"screen_name": "qzOfficial"}))
            official += 1
        records.append(record)
    records.append(good("last"))
    return records, plain + 1, official


def one_line(record):
    """Files have a record a line."""
    return record.replace(b"\n", b"\x0b").replace(b"\r", b"\x0c")


def random_bytes(seed, count):
    rng = random.Random(seed)
    for number in range(count):
        size = rng.randrange(1, 200)
        if number % 2 == 0:
            yield one_line(rng.randbytes(size))
        else:
            yield bytes(rng.choices(JSON_BYTES, k=size))


def mutate(rng, post, other):
    record = bytearray(post)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(record)) if record else 0
        choice = rng.randrange(8)
        if choice < 2:
            record[at:at + 1] = bytes([rng.choice(JSON_BYTES)])
        elif choice == 2:
            record[at:at + 1] = rng.randbytes(1)
        elif choice == 3:
            del record[at:at + rng.randrange(1, 12)]
        elif choice == 4:
            record[at:at] = bytes([rng.choice(JSON_BYTES)])
        elif choice == 5:
            length = rng.randrange(1, 40)
            begin = rng.randrange(len(other))
            record[at:at + length] = other[begin:begin + length]
        elif choice == 6 and rng.randrange(4) == 0:
            del record[at:]
        else:
            record[at:at + 1] = record[at:at + 1].swapcase()
    return one_line(bytes(record))


def mutated_posts(tocsin, folder, seed, count):
    path = os.path.join(folder, "generated.ndjson")
    subprocess.run([tocsin, "generate", "--posts", str(min(count, 20_000)), "--bytes", "1000", "--seed", str(seed),
                    "--output", path], check=True, stderr=subprocess.DEVNULL)
    with open(path, "rb") as lines:
        posts = lines.read().splitlines()
    rng = random.Random(seed + 1)
    for number in range(count):
        yield mutate(rng, posts[number % len(posts)], posts[rng.randrange(len(posts))])


def judge_all(records, append_ms):
    with multiprocessing.Pool(2) as pool:
        return pool.map(functools.partial(record_rules.reason_of, append_ms=append_ms), records, chunksize=2_000)


class Comparison:
    def __init__(self):
        self.append_ms = None  # when the log took the records in, if it says so
        self.problems = []
        self.reasons = collections.Counter()
        self.differences = collections.Counter()

    def problem(self, text):
        if len(self.problems) < 20:
            self.problems.append(text)

    def records(self, partition, records, letters):
        """`letters`: {offset: (reason, record or None if only referred to, headers)}."""
        for offset, (record, expected) in enumerate(zip(records, judge_all(records, self.append_ms))):
            letter = letters.pop(offset, None)
            found = letter[0] if letter else ""
            self.reasons[found or "post"] += 1
            if found != expected:
                if not record_rules.may_differ(record, expected, found):
                    self.problem(f"partition {partition} offset {offset}: {found or 'a post'} instead of "
                                 f"{expected or 'a post'}: {record[:200]!r}")
                self.differences[(expected, found or "a post")] += 1
            if letter:
                self.letter(partition, offset, record, letter)
        if letters:
            self.problem(f"partition {partition}: dead letters of offsets that were never written: {sorted(letters)[:5]}")

    def letter(self, partition, offset, record, letter):
        _, body, headers = letter
        size = 0 if record is None else len(record)
        if headers["topic"] != TOPIC or int(headers["length"]) != size:
            self.problem(f"partition {partition} offset {offset}: headers {headers}")
        if headers.get("reference_only") == "true":
            if body is not None:
                self.problem(f"partition {partition} offset {offset}: a reference with a record")
            return
        if size > KEPT_BYTES and headers.get("sha256") != hashlib.sha256(record).hexdigest():
            self.problem(f"partition {partition} offset {offset}: sha256 {headers.get('sha256')}")
        if body != (None if record is None else record[:KEPT_BYTES]):
            self.problem(f"partition {partition} offset {offset}: not the record as it came: {body!r:.100}")

    def account(self, account, total, plain, official):
        dead = sum(count for reason, count in self.reasons.items() if reason != "post")
        expected = {"input": total, "matched": plain, "official": official, "dead": dead,
                    "unmatched": total - plain - official - dead}
        if {name: account[name] for name in expected} != expected:
            self.problem(f"account: {account}, must be {expected}")
        if account["mentions"] != plain:
            self.problem(f"mentions: {account['mentions']}, must be {plain}")

    def report(self):
        print("by reason:", dict(sorted(self.reasons.items())))
        for (expected, found), count in sorted(self.differences.items()):
            print(f"laxer than json, as docs/INPUT.md says: {count} that json calls {expected} are {found} here")
        for text in self.problems:
            print("PROBLEM", text)


def write_lines(path, records):
    with open(path, "wb") as file:
        for record in records:
            file.write(record + b"\n")


def through_files(tocsin, folder, partitions, comparison):
    """The account that `replay` gives."""
    inputs = []
    for number, records in enumerate(partitions):
        path = os.path.join(folder, f"partition-{number}")
        write_lines(path, records)
        inputs += ["--input", f"{TOPIC}={path}"]
    letters_path = os.path.join(folder, "letters")
    begin = time.monotonic()
    result = subprocess.run([tocsin, "replay", "--config", "config.yaml", "--flush", "--dead-letters", letters_path,
                             "--metrics", os.path.join(folder, "metrics"), *inputs],
                            cwd=folder, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise RuntimeError(f"tocsin replay ended with {result.returncode}: {result.stderr}")
    print(f"replay: {time.monotonic() - begin:.1f} s: {result.stderr.strip()}", flush=True)
    letters = [{} for _ in partitions]
    with open(letters_path, encoding="utf-8") as lines:
        for line in lines:
            letter = json.loads(line)
            partition, offset = int(letter["partition"]), int(letter["offset"])
            if offset in letters[partition]:
                comparison.problem(f"partition {partition} offset {offset}: two dead letters")
            source = partitions[partition][offset]
            body = letter["record"]
            # The file is for people: bytes that are no UTF-8 are replaced in it, so only the length of those is checked.
            kept = source[:KEPT_BYTES]
            same = body is not None and body.encode() == kept
            if body is not None and not same and "\ufffd" in body:
                same = True
            letters[partition][offset] = (letter["error"], kept if same else body, letter)
    for number, records in enumerate(partitions):
        comparison.records(number, records, letters[number])
    numbers = re.search(r"input (\d+) = matched (\d+) \+ unmatched (\d+) \+ dead (\d+) \+ official (\d+); mentions (\d+)",
                        result.stderr)
    return dict(zip(("input", "matched", "unmatched", "dead", "official", "mentions"), map(int, numbers.groups())))


def load(bootstrap, folder, number, records):
    """In order, by kcat. Tombstones and empty values are calls of their own: only with a key does kcat send them."""
    delimiter = b"\x01--end of record--\x02"

    def flush(batch):
        if not batch:
            return
        path = os.path.join(folder, "load")
        with open(path, "wb") as file:
            file.write(delimiter.join(batch))
        kcat(bootstrap, "-P", "-t", TOPIC, "-p", str(number), "-D", delimiter.decode(), "-l", path,
             "-X", "message.max.bytes=20000000", "-X", "enable.idempotence=true")

    batch = []
    for record in records:
        if record:
            batch.append(record)
            continue
        flush(batch)
        batch = []
        kcat(bootstrap, "-P", "-t", TOPIC, "-p", str(number), "-K", "\t", *(["-Z"] if record is None else []),
             input=b"key\t\n")
    flush(batch)


def read_letters(bootstrap):
    """(headers, value or None) of every dead letter, bytes as they are."""
    out = kcat(bootstrap, "-C", "-t", "tocsin.dead-letters", "-o", "beginning", "-e", "-X", "isolation.level=read_committed",
               "-X", "fetch.message.max.bytes=2000000", "-f", "%S;%k;%h;%s", capture_output=True).stdout
    at = 0
    while at < len(out):
        size, key, headers, at = *[part.decode() for part in out[at:].split(b";", 3)[:3]], at
        at += len(f"{size};{key};{headers};".encode())
        length = max(0, int(size))
        named = dict(each.split("=", 1) for each in headers.split(","))
        if key != f"{named['topic']}/{named['partition']}":
            raise RuntimeError(f"a dead letter with the key {key} of {named}")
        yield named, (out[at:at + length] if int(size) >= 0 else None)
        at += length


def through_kafka(tocsin, folder, partitions, comparison):
    settings = {"auto.create.topics.enable": "true", "message.max.bytes": "20000000",
                "replica.fetch.max.bytes": "20000000"}
    with kafka_broker.Broker(partitions_default=len(partitions), settings=settings) as running:
        bootstrap = running.bootstrap
        # A mutated date that lies within the minutes of this run would be a matter of luck; none of the seeds has one.
        comparison.append_ms = int(time.time() * 1000)
        for number, records in enumerate(partitions):
            load(bootstrap, folder, number, records)
        with open(os.path.join(folder, "config.yaml"), "a", encoding="utf-8") as config:
            config.write(f'kafka: {{bootstrap.servers: "{bootstrap}"}}\n')
        total = sum(map(len, partitions))
        service = Service(tocsin, folder)
        try:
            service.wait_for(service.has_port, "the port of /metrics")
            written = sum(1 for _ in kcat(bootstrap, "-C", "-t", TOPIC, "-o", "beginning", "-e", "-f", "%o\n",
                                          capture_output=True).stdout.splitlines())
            if written != total:
                raise RuntimeError(f"{written} records were loaded, not {total}")
            service.wait_for(lambda: sum(service.metrics().get("tocsin_posts_consumed_total", [0])) >= total, "all records")
            metrics = service.metrics()
            if service.stop() != 0:
                raise RuntimeError(f"tocsin run failed:\n{service.text()}")
        finally:
            service.kill()
        letters = [{} for _ in partitions]
        references = 0
        for headers, value in read_letters(bootstrap):
            partition, offset = int(headers["partition"]), int(headers["offset"])
            if offset in letters[partition]:
                comparison.problem(f"partition {partition} offset {offset}: two dead letters")
            letters[partition][offset] = (headers["error"], value, headers)
            references += headers.get("reference_only") == "true"
        written = sum(map(len, letters))
        print(f"{written} dead letters, {references} of them references only")
        if references == 0 and written > 50 * REFERENCES_FROM:
            comparison.problem("never more than 1,000 dead letters a second: too little input for this check")
        for number, records in enumerate(partitions):
            comparison.records(number, records, letters[number])
        names = {"input": "posts_consumed", "matched": "posts_matched", "unmatched": "posts_unmatched",
                 "dead": "dead_letters", "official": "posts_official", "mentions": "mentions"}
        return {name: int(sum(metrics.get(f"tocsin_{metric}_total", [0]))) for name, metric in names.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--records", type=int, default=20_000, help="random ones, and as many mutated ones")
    parser.add_argument("--long", action="store_true", help="a million each")
    parser.add_argument("--kafka", action="store_true", help="on a real broker instead of files")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.kafka:
        missing = [tool for tool in ("kcat", "java") if shutil.which(tool) is None]
        if missing:
            print("skipped: not installed:", ", ".join(missing))
            return SKIPPED
    count = LONG if arguments.long else arguments.records
    tocsin = os.path.abspath(arguments.tocsin)
    comparison = Comparison()
    with tempfile.TemporaryDirectory(prefix="tocsin-bad-input-") as folder:
        for name, text in (("config.yaml", CONFIG), ("watchlist.yaml", WATCHLIST)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        of_kinds, plain, official = partition_of_kinds(arguments.kafka)
        good_kinds = sum(1 for record in of_kinds if not record_rules.reason_of(record)) - plain - official
        partitions = [of_kinds, list(random_bytes(arguments.seed, count)),
                      list(mutated_posts(tocsin, folder, arguments.seed, count))]
        run = through_kafka if arguments.kafka else through_files
        account = run(tocsin, folder, partitions, comparison)
        comparison.account(account, sum(map(len, partitions)), plain + good_kinds, official)
    comparison.report()
    print(f"{'as it must be' if not comparison.problems else 'WRONG'}: {json.dumps(account)}")
    return 1 if comparison.problems else 0


if __name__ == "__main__":
    sys.exit(main())

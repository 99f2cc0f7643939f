"""Brand metrics from raw posts, the slow and plain way: the oracle of the end-to-end tests.

Reads NDJSON by docs/INPUT.md, matches by query.py, classifies by its own reading of the model file
(sentiment_model.py), never by anything that the engine says. Standard library only.

    brand_metrics.py --watchlist W [--change EPOCH_MS=W]... --model M --metrics ENGINE.ndjson [--source PRESET] FILE...
"""

import argparse
import bisect
import collections
import datetime
import json
import multiprocessing
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import brand_sentiment  # noqa: E402
import query  # noqa: E402
import record_rules  # noqa: E402
import sentiment_model  # noqa: E402

SIZES_S = (60, 300, 900, 3600)
SLIDE_S = 5
CLASSES = ("negative", "neutral", "positive", "unclassified")
FIELDS = ("mentions",) + CLASSES + ("unique_authors",)
MONTHS = {name: number for number, name in enumerate(
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
TWITTER_TIME = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{2}):(\d{2}):(\d{2}) \+0000 (\d{4})$")
EARLIEST_MS, LATEST_MS = 946_684_800_000, 4_102_444_800_000
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


class Dead(Exception):
    """A record that is no post; the reason is its text."""


def identifier(value):
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    return str(value)


def time_ms(value):
    """Epoch milliseconds, or None if it is no time. The forms that the generator and the real data use."""
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value * 1000 if value < 10**11 else value if value < 10**14 else value // 1000
    if not isinstance(value, str):
        return None
    match = TWITTER_TIME.match(value)
    if match:
        month, day, hour, minute, second, year = match.groups()
        moment = datetime.datetime(int(year), MONTHS[month], int(day), int(hour), int(minute), int(second),
                                   tzinfo=datetime.timezone.utc)
    else:
        try:
            moment = datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return None
    return (moment - EPOCH) // datetime.timedelta(milliseconds=1)


def required(values, convert):
    """The first value that is there decides."""
    for value in values:
        if value is not None:
            converted = convert(value)
            if converted is None:
                raise Dead("wrong_type")
            return converted
    raise Dead("missing_field")


def names(entries, key):
    return [entry[key] for entry in entries or () if isinstance(entry, dict) and isinstance(entry.get(key), str)]


def twitter_post(record):
    original = record.get("retweeted_status") or {}
    user = record.get("user") or {}
    entities = original.get("entities") or record.get("entities") or {}
    return {
        "id": required((record.get("id_str"), record.get("id")), identifier),
        "ms": required((record.get("timestamp_ms"), record.get("created_at")), time_ms),
        "text": required((original.get("full_text"), original.get("text"), record.get("full_text"),
                          record.get("text")), lambda text: text if isinstance(text, str) else None),
        "lang": original.get("lang") or record.get("lang") or "",
        "author": identifier(user.get("id_str")) or identifier(user.get("id")),
        "handle": user.get("screen_name"),
        "network": "twitter",
        "kind": "repost" if original else "original",
        "hashtags": names(entities.get("hashtags"), "text"),
        "handles": names(entities.get("user_mentions"), "screen_name"),
    }


def generic_post(record):
    return {
        "id": required((record.get("id"),), identifier),
        "ms": required((record.get("time"), record.get("event_time"), record.get("created_at")), time_ms),
        "text": required((record.get("text"),), lambda text: text if isinstance(text, str) else None),
        "lang": record.get("lang") or record.get("language") or "",
        "author": identifier(record.get("author_id")),
        "handle": record.get("author"),
        "network": record.get("network") or "other",
        "kind": record.get("kind") or "original",
        "hashtags": record.get("hashtags") or [],
        "handles": record.get("handles") or [],
    }


PRESETS = {"twitter_v1": twitter_post, "generic": generic_post}


def read_post(line, preset):
    if not line.strip():
        raise Dead("empty")
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Dead("not_utf8") from error
    if line.count(b"[") + line.count(b"{") > record_rules.MAX_DEPTH:
        deepest, holds = record_rules.depth_and_hold(line)
        if holds and deepest > record_rules.MAX_DEPTH:
            raise Dead("too_deep")
    try:
        record = json.loads(text, object_pairs_hook=record_rules.first_pairs)
    except ValueError as error:
        raise Dead("not_json") from error
    if not isinstance(record, dict):
        raise Dead("not_json")
    post = PRESETS[preset](record)
    if not EARLIEST_MS <= post["ms"] < LATEST_MS:
        raise Dead("absurd_time")
    return post


class Watchlists:
    """The watchlist that counts at each event time: the first, then those of the (epoch ms, path) changes."""

    def __init__(self, path, changes):
        changes = sorted(changes)
        self.begins = [ms for ms, _ in changes]
        self.lists = [query.Watchlist.load(each) for each in (path, *(changed for _, changed in changes))]
        self.sentiments = [brand_sentiment.BrandSentiment(each) for each in self.lists]

    def at(self, ms):
        number = bisect.bisect_right(self.begins, ms)
        return self.lists[number], self.sentiments[number]


def read_file(arguments):
    """(counts by outcome, largest event time, mentions as (brand, post, ms, author, class))."""
    path, preset, watchlist_path, changes, model_path = arguments
    watchlists = Watchlists(watchlist_path, changes)
    model = sentiment_model.load(model_path)
    counts = collections.Counter()
    largest = None
    mentions = []
    with open(path, "rb") as lines:
        for line in lines:
            counts["input"] += 1
            try:
                post = read_post(line.rstrip(b"\n"), preset)
            except Dead as reason:
                counts["dead"] += 1
                counts["dead " + str(reason)] += 1
                continue
            largest = post["ms"] if largest is None else max(largest, post["ms"])
            watchlist, sentiment = watchlists.at(post["ms"])
            brands, official = watchlist.match(post["text"], hashtags=post["hashtags"], handles=post["handles"],
                                               author=post["handle"], lang=post["lang"], network=post["network"],
                                               kind=post["kind"])
            brands = set(brands) - set(official)
            counts["matched" if brands else "official" if official else "unmatched"] += 1
            if not brands:
                continue
            classes = sentiment.decide(model, post["text"], post["lang"], brands)
            author = (post["network"], post["author"]) if post["author"] else query.fingerprint(post["text"])
            for brand in brands:
                mentions.append((brand, (post["network"], post["id"]), post["ms"], author, classes[brand][0]))
    return counts, largest, mentions


def window_records(mentions, end_s, sizes, slide_s):
    """{(brand, size, end): fields} for one brand's mentions, sorted by time, without copies."""
    records = {}
    times = [ms for ms, _, _ in mentions]
    brand_ends = range((times[0] // 1000 // slide_s + 1) * slide_s, end_s + 1, slide_s)
    for size in sizes:
        was_zero = True
        for end in brand_ends:
            first = bisect.bisect_left(times, (end - size) * 1000)
            last = bisect.bisect_left(times, end * 1000)
            if first == last:
                if not was_zero:
                    records[(size, end)] = (0,) * len(FIELDS)
                was_zero = True
                continue
            was_zero = False
            window = mentions[first:last]
            by_class = collections.Counter(klass for _, _, klass in window)
            authors = len({author for _, author, _ in window})
            records[(size, end)] = (len(window), *(by_class[i] for i in range(4)), authors)
    return records


def brand_records(arguments):
    brand, mentions, end_s, sizes, slide_s = arguments
    return brand, window_records(mentions, end_s, sizes, slide_s)


def oracle(files, watchlist, model, sizes=SIZES_S, slide_s=SLIDE_S, changes=()):
    """(counts, {(brand, size, end): fields}, last window end). `files` are (path, preset), `changes` (epoch ms, path)."""
    counts = collections.Counter()
    largest = None
    by_brand = collections.defaultdict(dict)
    with multiprocessing.Pool(min(len(files), os.cpu_count() or 1)) as pool:
        for part, part_largest, mentions in pool.imap_unordered(
                read_file, [(path, preset, watchlist, changes, model) for path, preset in files]):
            counts.update(part)
            if part_largest is not None:
                largest = part_largest if largest is None else max(largest, part_largest)
            for brand, post, ms, author, klass in mentions:
                counts["mentions"] += 1
                by_brand[brand].setdefault(post, (ms, author, klass))
        counts["counted"] = sum(len(posts) for posts in by_brand.values())
        if largest is None:
            return counts, {}, None
        end_s = (largest // 1000 // slide_s + 1) * slide_s
        work = [(brand, sorted(posts.values(), key=lambda mention: mention[0]), end_s, sizes, slide_s)
                for brand, posts in by_brand.items()]
        work.sort(key=lambda item: -len(item[1]))
        expected = {}
        for brand, records in pool.imap_unordered(brand_records, work):
            for (size, end), fields in records.items():
                expected[(brand, size, end)] = fields
    return counts, expected, end_s


def engine_records(lines):
    """({key: fields}, keys given twice) of brand-metrics records."""
    found, twice = {}, []
    for line in lines:
        record = json.loads(line)
        end = time_ms(record["window_end"]) // 1000
        key = (record["brand_id"], record["window_s"], end)
        if key in found:
            twice.append(key)
        found[key] = tuple(record[field] for field in FIELDS)
    return found, twice


def compare(expected, found, twice=(), show=10):
    """Differences as lines of text; none if the engine is right in every record."""
    problems = [f"twice: {key}" for key in twice]
    problems += [f"missing: {key} {expected[key]}" for key in expected.keys() - found.keys()]
    problems += [f"not due: {key} {found[key]}" for key in found.keys() - expected.keys()]
    problems += [f"wrong: {key} is {found[key]}, must be {expected[key]}"
                 for key in expected.keys() & found.keys() if expected[key] != found[key]]
    if not problems and expected:
        # The comparison itself must be able to fail.
        key = min(expected)
        altered = dict(found)
        altered[key] = tuple(value + 1 for value in altered[key])
        assert any(altered[k] != expected[k] for k in expected), "the comparison can't see a wrong number"
    return sorted(problems)[:show] + ([f"... {len(problems)} in all"] if len(problems) > show else [])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--watchlist", required=True)
    parser.add_argument("--change", action="append", default=[], metavar="EPOCH_MS=WATCHLIST")
    parser.add_argument("--model", required=True)
    parser.add_argument("--metrics", required=True)
    parser.add_argument("--source", default="twitter_v1", choices=sorted(PRESETS))
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    changes = [(int(ms), path) for ms, path in (change.split("=", 1) for change in arguments.change)]
    counts, expected, _ = oracle([(path, arguments.source) for path in arguments.files], arguments.watchlist,
                                 arguments.model, changes=changes)
    with open(arguments.metrics, encoding="utf-8") as lines:
        found, twice = engine_records(lines)
    problems = compare(expected, found, twice)
    print(json.dumps(counts, sort_keys=True))
    for problem in problems:
        print(problem)
    print(f"{len(expected)} records expected, {len(found)} found: {'equal' if not problems else 'DIFFERENT'}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

"""What a generated firehose's truth file says, counted again from the files alone.

Nothing here knows the generator's code: records are parsed as JSON, each network by its published form; brands are found
by their names, duplicates by their ids, late posts by the order of the file, events by the labels file.

    recount.py --tocsin build/dev/bin/tocsin [--scenario FILE] [--keep DIR]
"""

import argparse
import calendar
import collections
import datetime
import gzip
import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

SCENARIO = """\
seed: 20261121
duration: 5h
posts_per_minute: 400
matched: 0.5
brands:
  count: 8
  sectors: [airlines, banks]
  named:
    - {id: united, name: United Airlines, sector: airlines}
languages: {en: 0.4, fr: 0.2, it: 0.1, de: 0.1, es: 0.1, pt: 0.1}
cycle: {amplitude: 0.5}
delivery: {disorder: 2s, duplicates: 0.02, malformed: 0.02, late: 0.02, late_from: 2m, late_to: 30m}
streams:
  - {network: twitter_v1, share: 3, partitions: [2, 1]}
  - {network: twitter_v2}
  - {network: bluesky}
  - {network: mastodon}
  - {network: reddit}
  - {network: review}
  - {network: generic}
events:
  - {kind: crisis, brand: united, onset: 1h, rise: 20m, hold: 20m, factor: 8}
  - {kind: spam, rank: 3, onset: 1h, peak_per_minute: 20}
  - {kind: copied, rank: 4, onset: 1h, peak_per_minute: 20, accounts: 50}
  - {kind: reposts, rank: 5, onset: 1h, peak_per_minute: 20}
gaps:
  - {stream: twitter_v1, partition: 1, from: 90m, for: 5m, posts: elsewhere}
  - {stream: generic, from: 3h, for: 10m}
"""


def instant_ms(text):
    time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(time.timestamp() * 1000)


def text_of_html(text):
    return html.unescape(re.sub("<[^>]*>", "", text))


def twitter_v1(post):
    original = post.get("retweeted_status")
    return post["id_str"], int(post["timestamp_ms"]), (original or post)["text"], original is not None


def twitter_v2(post):
    data = post["data"]
    referenced = [each["id"] for each in data.get("referenced_tweets", []) if each["type"] == "retweeted"]
    text = data["text"]
    for tweet in post["includes"].get("tweets", []):
        if tweet["id"] in referenced:
            text = tweet["text"]
    return data["id"], instant_ms(data["created_at"]), text, bool(referenced)


def bluesky(post):
    commit = post["commit"]
    record = commit["record"]
    uri = f"at://{post['did']}/{commit['collection']}/{commit['rkey']}"
    return uri, post["time_us"] // 1000, record["text"], "embed" in record


def mastodon(post):
    original = post["reblog"]
    text = text_of_html((original or post)["content"])
    return post["id"], instant_ms(post["created_at"]), text, original is not None


def reddit(post):
    text = post["body"] if "body" in post else post["title"]
    return post["name"], int(post["created_utc"] * 1000), html.unescape(text), "crosspost_parent" in post


def review(post):
    date = datetime.datetime.strptime(post["date"], "%Y-%m-%d %H:%M:%S")
    return post["review_id"], calendar.timegm(date.timetuple()) * 1000, post["text"], None


def generic(post):
    return post["id"], instant_ms(post["time"]), post["text"], post["kind"] == "repost"


READERS = {each.__name__: each for each in (twitter_v1, twitter_v2, bluesky, mastodon, reddit, review, generic)}
YEAR_2000_MS = 946_684_800_000
SLACK_MS = 1_000  # some networks' times are whole seconds


def read_post(preset, line):
    """(id, event time, text, is repost), or None if the record is no post."""
    try:
        fields = READERS[preset](json.loads(line.decode("utf-8")))
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return None
    identifier, time_ms, text, _ = fields
    if not isinstance(identifier, str) or not isinstance(text, str) or time_ms < YEAR_2000_MS:
        return None
    if line.count(b"[") > 1000:
        return None
    return fields


def lines_of(folder, stream, several):
    partitions = len(stream["partition_records"])
    for partition in range(partitions):
        path = os.path.join(folder, "posts.ndjson" + (f".{stream['name']}" if several else "") +
                            (f".{partition}" if partitions > 1 else "") + ".gz")
        with gzip.open(path, "rb") as lines:
            yield partition, [line.rstrip(b"\n") for line in lines]


def recount_stream(folder, truth, stream, labels, problems):
    """Counter of (brand, mood, event) of the stream's posts."""
    several = len(truth["streams"]) > 1
    counts = collections.Counter()
    seen = {}
    lags = {}
    found = collections.Counter()
    partition_records = []
    names = {}
    for brand in truth["brands"]:
        names[brand["id"]] = re.compile(re.escape(brand["name"]) + "|[@#]" + re.escape(brand["id"]), re.IGNORECASE)
    for _, lines in lines_of(folder, stream, several):
        partition_records.append(len(lines))
        highest_ms = 0
        times = []
        for line in lines:
            counts["bytes"] += len(line)
            post = read_post(stream["preset"], line)
            if post is None:
                counts["malformed"] += 1
                continue
            identifier, time_ms, text, is_repost = post
            # Every malformed record is malformed by our rules, so that a good one with an unknown id is an error.
            label = labels.get((stream["name"], identifier))
            if label is None:
                problems.append(f"{stream['name']}: no label for {identifier}")
                continue
            # Of a post that is there twice, in two partitions perhaps, the earlier one decides.
            lags[identifier] = min(highest_ms - time_ms, lags.get(identifier, highest_ms))
            highest_ms = max(highest_ms, time_ms)
            if identifier in seen:
                counts["duplicates"] += 1
                if seen[identifier] != line:
                    problems.append(f"{stream['name']}: {identifier} is there twice with different bytes")
                continue
            seen[identifier] = line
            counts["posts"] += 1
            counts["reposts"] += 1 if is_repost else 0
            times.append(time_ms)
            named = [brand for brand, pattern in names.items() if pattern.search(text)]
            if named != ([label["brand"]] if label["brand"] else []):
                problems.append(f"{stream['name']}: {identifier} is about {label['brand']}, names {named}: {text}")
            if time_ms != int(label["time_ms"]):
                problems.append(f"{stream['name']}: {identifier} at {time_ms}, not {label['time_ms']}")
            counts["posts_of_no_brand"] += 0 if named else 1
            found[label["brand"], label["mood"], label["event"]] += 1
        counts["at the end"] += sum(1 for time_ms in times if time_ms > highest_ms - stream["disorder_ms"] - SLACK_MS)
    counts["late"] = sum(1 for lag in lags.values() if lag > stream["disorder_ms"] + SLACK_MS)
    # Of a late post of the last seconds the order of the file cannot tell.
    if not 0 <= stream["late"] - counts["late"] <= counts["at the end"]:
        problems.append(f"{stream['name']}: late is {stream['late']} in the truth, {counts['late']} in the files")
    for name in ("posts", "duplicates", "malformed", "bytes", "posts_of_no_brand"):
        if counts[name] != stream[name]:
            problems.append(f"{stream['name']}: {name} is {stream[name]} in the truth, {counts[name]} in the files")
    if stream["preset"] != "review" and counts["reposts"] != stream["reposts"]:
        problems.append(f"{stream['name']}: reposts {stream['reposts']} in the truth, {counts['reposts']} in the files")
    if partition_records != stream["partition_records"]:
        problems.append(f"{stream['name']}: partitions {stream['partition_records']}, files {partition_records}")
    return found


def same(problems, what, told, counted):
    if told != counted:
        problems.append(f"{what} is {told} in the truth, {counted} in the files")


def recount(folder, truth, labels):
    problems = []
    found = collections.Counter()
    for stream in truth["streams"]:
        found += recount_stream(folder, truth, stream, labels, problems)
    for brand in truth["brands"]:
        for mood in ("negative", "neutral", "positive"):
            counted = sum(n for (name, of, _), n in found.items() if name == brand["id"] and of == mood)
            same(problems, f"{brand['id']}: {mood}", brand["mentions"][mood], counted)
        by_events = sum(n for (name, _, event), n in found.items() if name == brand["id"] and event)
        same(problems, f"{brand['id']}: by events", brand["mentions_by_events"], by_events)
    for number, event in enumerate(truth["events"]):
        for mood in ("negative", "neutral", "positive"):
            counted = sum(n for (_, of, cause), n in found.items() if cause == str(number) and of == mood)
            same(problems, f"event {number}: {mood}", event["mentions"][mood], counted)
        times = [int(each["time_ms"]) for each in labels.values() if each["event"] == str(number)]
        if times and not instant_ms(event["onset"]) <= min(times) <= max(times) <= instant_ms(event["end"]) + 1000:
            problems.append(f"event {number}: has posts outside its time")
        # A label of a post that a gap swallowed would not be there: labels are of what was delivered.
        same(problems, f"event {number}: labels", event["mentions"]["posts"], len(times))
    same(problems, "records", truth["records"], sum(sum(each["partition_records"]) for each in truth["streams"]))
    return problems


def read_labels(path):
    with open(path, encoding="utf-8") as lines:
        names = next(lines).rstrip("\n").split("\t")
        rows = [dict(zip(names, line.rstrip("\n").split("\t"))) for line in lines]
    labels = {(row["stream"], row["id"]): row for row in rows}
    if len(labels) != len(rows):
        raise RuntimeError("two labels for one post")
    return labels


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--scenario", help="a scenario file instead of the one in here")
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()
    folder = arguments.keep or tempfile.mkdtemp(prefix="tocsin-recount-")
    os.makedirs(folder, exist_ok=True)
    try:
        scenario = arguments.scenario and os.path.abspath(arguments.scenario)
        if scenario is None:
            scenario = os.path.join(folder, "scenario.yaml")
            with open(scenario, "w", encoding="utf-8") as out:
                out.write(SCENARIO)
        subprocess.run([os.path.abspath(arguments.tocsin), "generate", "--scenario", scenario, "--output",
                        "posts.ndjson.gz", "--truth", "truth.json", "--labels", "labels.tsv"], check=True, cwd=folder)
        with open(os.path.join(folder, "truth.json"), encoding="utf-8") as file:
            truth = json.load(file)
        problems = recount(folder, truth, read_labels(os.path.join(folder, "labels.tsv")))
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for problem in problems[:20]:
        print(problem)
    print(f"{truth['records']} records recounted, {len(problems)} differences from the truth file")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

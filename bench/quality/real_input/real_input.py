"""Tocsin on real input: airline tweets with human labels, and the Twitter bursts of the Numenta Anomaly Benchmark.

Both go through `tocsin replay` and, with --kafka, through `tocsin run` on a real broker; the two must agree record by
record. Prints what docs/REAL_INPUT.md holds. The data are an argument and are not part of this project.

    real_input.py airline|nab --tocsin BIN --data DIR [--kafka] [--days N]
"""

import argparse
import collections
import csv
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", folder) for folder in ("oracle", "pipeline", os.path.join("kafka", "broker"))]
import brand_metrics  # noqa: E402
import broker as kafka_broker  # noqa: E402
import end_to_end  # noqa: E402
from signal_fields import comparable  # noqa: E402

SKIPPED = 77
PARTITIONS = 4
AIRLINES = {"Delta": "Delta", "Southwest": "SouthwestAir", "US Airways": "USAirways", "United": "united",
            "Virgin America": "VirginAmerica"}
UTC = datetime.timezone.utc
CONFIG = """\
deployment: {deployment}
kafka: {{bootstrap.servers: "{bootstrap}"}}
sources:
  - {{topics: [posts], preset: generic, start: earliest, out_of_orderness: 2s}}
watchlist: watchlist.yaml
windows: {{slide: 5m, sizes: [{size}]}}
metrics: {{every: 5m, listen: "127.0.0.1:0"}}
topics: {{mentions_partitions: 4}}
log: {{format: json}}
"""


class Input:
    """What a data set becomes: posts in time order, a watchlist, windows."""

    def __init__(self, name, size, size_s, posts, watchlist):
        self.name, self.size, self.size_s, self.posts, self.watchlist = name, size, size_s, posts, watchlist


def rfc3339(seconds, ms=0):
    return datetime.datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ms:03d}Z"


def airline_rows(data, days):
    """(label, time, airline, text) of 17-20 February, days as in the data (UTC-8)."""
    with open(os.path.join(data, "sentiment", "airline", "airline_calib_0216_0220.tsv"), encoding="utf-8") as lines:
        for line in lines:
            label, created, airline, _, text = line.rstrip("\n").split("\t", 4)
            time = datetime.datetime.strptime(created, "%Y-%m-%d %H:%M:%S %z")
            if airline in AIRLINES and 17 <= time.day < 17 + days:
                yield int(label), time, airline, text


def airline_input(data, days):
    rows = sorted(airline_rows(data, days or 4), key=lambda row: row[1])
    posts = []
    for number, (_, time, airline, text) in enumerate(rows):
        # Made: the id. The airline's handle stands where the first @user was. Authors are unknown and left out.
        text = text.replace("@user", "@" + AIRLINES[airline], 1)
        posts.append((time.timestamp(), {"id": f"a{number}", "network": "twitter", "time": rfc3339(time.timestamp()),
                                         "text": text, "lang": "en"}))
    watchlist = "brands:\n" + "".join(
        f"  - {{id: {name.lower().replace(' ', '-')}, name: {name}, query: '@{handle}'}}\n"
        for name, handle in AIRLINES.items())
    return Input("airline", "1h", 3600, posts, watchlist)


def nab_series(data, days):
    """{ticker: {aligned bin start: count}}: bins start at odd seconds and are moved to the five minutes they lie in."""
    folder = os.path.join(data, "nab", "realTweets")
    series = {}
    for name in sorted(os.listdir(folder)):
        ticker = name.removeprefix("Twitter_volume_").removesuffix(".csv")
        bins = collections.Counter()
        with open(os.path.join(folder, name), encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                time = datetime.datetime.strptime(row["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
                bins[int(time.timestamp()) // 300 * 300] += int(row["value"])
        first = min(bins)
        series[ticker] = {start: count for start, count in bins.items()
                          if days is None or start < first + days * 86_400}
    return series


def nab_input(data, days):
    posts = []
    for ticker, bins in nab_series(data, days).items():
        for start, count in bins.items():
            for number in range(count):
                at_ms = number * 300_000 // count
                posts.append((start + at_ms / 1000,
                              {"id": f"{ticker}{start}-{number}", "network": "twitter",
                               "time": rfc3339(start + at_ms // 1000, at_ms % 1000),
                               "text": f"${ticker} at {number}", "lang": "en",
                               "author_id": f"{(start // 300 * 7919 + number) % 500_000}"}))
    posts.sort(key=lambda post: post[0])
    watchlist = "brands:\n" + "".join(f"  - {{id: {ticker.lower()}, name: {ticker}, query: '${ticker}'}}\n"
                                      for ticker in nab_series(data, days))
    return Input("nab", "5m", 300, posts, watchlist)


def write_input(data_set, folder, bootstrap):
    with open(os.path.join(folder, "watchlist.yaml"), "w", encoding="utf-8") as out:
        out.write(data_set.watchlist)
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as out:
        out.write(CONFIG.format(deployment=data_set.name, bootstrap=bootstrap or "127.0.0.1:1", size=data_set.size))
    files = [os.path.join(folder, f"posts.{i}") for i in range(PARTITIONS)]
    outs = [open(path, "w", encoding="utf-8") for path in files]
    for number, (_, post) in enumerate(data_set.posts):
        outs[number % PARTITIONS].write(json.dumps(post, ensure_ascii=False) + "\n")
    for out in outs:
        out.close()
    return files


def replay(tocsin, folder, files):
    subprocess.run([tocsin, "replay", "--config", "config.yaml",
                    *[part for path in files for part in ("--input", "posts=" + path)], "--signals", "signals.ndjson",
                    "--metrics", "metrics.ndjson", "--flush"], cwd=folder, check=True)
    with open(os.path.join(folder, "metrics.ndjson"), encoding="utf-8") as lines:
        metrics = [json.loads(line) for line in lines]
    with open(os.path.join(folder, "signals.ndjson"), encoding="utf-8") as lines:
        signals = [json.loads(line)["data"] for line in lines]
    return metrics, signals


def run_on_kafka(tocsin, folder, files, bootstrap, last_s):
    end_to_end.load(bootstrap, files)
    end_to_end.run_service(tocsin, folder, bootstrap, end_to_end.count_lines(files), last_s // 300 * 300 + 300,
                           write_config=False)
    metrics = [json.loads(line) for line in end_to_end.read_topic(bootstrap, "tocsin.brand-metrics")]
    signals = [json.loads(line) for line in end_to_end.read_topic(bootstrap, "tocsin.signals")]
    return metrics, signals


def same(first, second):
    """Differences between two results, as lines."""
    problems = []
    for what, one, other in zip(("metrics", "signals"), first, second):
        one, other = (sorted(map(comparable, some)) for some in (one, other))
        if one != other:
            problems.append(f"{what} of run and replay differ: {len(one)} and {len(other)}")
    return problems


def report_airline(data, days, metrics, signals):
    """Daily negative ratio beside the human labels'. Every label counts, so the counts themselves must agree."""
    labels = collections.defaultdict(collections.Counter)
    for label, time, airline, _ in airline_rows(data, days or 4):
        labels[(airline, time.day)][label] += 1
    found = collections.defaultdict(collections.Counter)
    names = {name.lower().replace(" ", "-"): name for name in AIRLINES}
    for record in metrics:
        end_s = brand_metrics.time_ms(record["window_end"]) // 1000
        if end_s % 3600 == 0:  # hours that do not overlap
            day = datetime.datetime.fromtimestamp(end_s - 3600 - 8 * 3600, UTC).day
            for field in ("mentions", "negative", "neutral", "positive", "unclassified"):
                found[(names[record["brand_id"]], day)][field] += record[field]
    problems = []
    print("| airline | day | tweets | negative, human labels | negative, Tocsin | 95 % interval |\n|---|---|---|---|---|---|")
    errors = []
    for (airline, day), counts in sorted(labels.items()):
        engine = found[(airline, day)]
        human = counts[0] / sum(counts.values())
        classified = engine["mentions"] - engine["unclassified"]
        ratio = engine["negative"] / max(1, classified)
        low, high = wilson(engine["negative"], classified)
        errors.append(abs(ratio - human))
        print(f"| {airline} | {day} Feb | {sum(counts.values())} | {human:.2f} | {ratio:.2f} | {low:.2f}-{high:.2f} |")
        # The last hour's window may not have been closed by an hour's end.
        if engine["mentions"] > sum(counts.values()) * 1.05 + 2:
            problems.append(f"{airline} {day}: {engine['mentions']} mentions of {sum(counts.values())} tweets")
    print(f"\nmean absolute error of the daily ratio: {sum(errors) / len(errors):.3f} over {len(errors)} airline-days")
    print_signals(signals)
    return problems


def wilson(k, n):
    if n == 0:
        return 0.0, 1.0
    z = 1.959963984540054
    centre, spread = (k / n + z * z / (2 * n)), z * ((k / n * (1 - k / n) + z * z / (4 * n)) / n) ** 0.5
    return (centre - spread) / (1 + z * z / n), (centre + spread) / (1 + z * z / n)


def print_signals(signals):
    print(f"\n{len(signals)} signals:")
    for signal in signals:
        print(f"- {signal['times']['window_end']} {signal['brand_id']}: {signal['message']} {signal['kind']} "
              f"{signal['state'] or ''} level {signal['level']}")


def report_nab(data, days, metrics, signals):
    problems = []
    found = {(record["brand_id"].upper(), brand_metrics.time_ms(record["window_end"]) // 1000 - 300): record["mentions"]
             for record in metrics}
    bins = 0
    series = nab_series(data, days)
    for ticker, counts in series.items():
        bins += len(counts)
        for start, count in counts.items():
            if found.pop((ticker, start), 0) != count:
                problems.append(f"{ticker} {start}: must be {count}")
    problems += [f"{key}: {count} mentions in a bin that the series does not have" for key, count in found.items() if count]
    print(f"{bins} bins of {len(series)} series, {sum(map(lambda c: sum(c.values()), series.values()))} posts: "
          f"{'every bin equal' if not problems else 'DIFFERENT'}")
    with open(os.path.join(data, "nab", "windows.json"), encoding="utf-8") as file:
        windows = json.load(file)
    print("\n| series | labelled windows | with a signal | signals | of these outside |\n|---|---|---|---|---|")
    for ticker in series:
        times = [brand_metrics.time_ms(signal["times"]["window_end"]) / 1000 for signal in signals
                 if signal["brand_id"].upper() == ticker and signal["message"] in ("alert", "notice")]
        labelled = [[datetime.datetime.fromisoformat(edge).replace(tzinfo=UTC).timestamp() for edge in window]
                    for window in windows.get(f"realTweets/Twitter_volume_{ticker}.csv", [])]
        hit = sum(any(low <= time <= high for time in times) for low, high in labelled)
        outside = sum(not any(low <= time <= high for low, high in labelled) for time in times)
        print(f"| {ticker} | {len(labelled)} | {hit} | {len(times)} | {outside} |")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("airline", "nab"))
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--data", default=os.path.join(ROOT, "..", "shared", "data"))
    parser.add_argument("--kafka", action="store_true", help="also through `tocsin run` on a real broker")
    parser.add_argument("--days", type=int, help="only the first days: for a quick test")
    arguments = parser.parse_args()
    if not os.path.isdir(arguments.data):
        print("skipped: the data are not here:", arguments.data)
        return SKIPPED
    tocsin = os.path.abspath(arguments.tocsin)
    folder = tempfile.mkdtemp(prefix="tocsin-real-input-")
    try:
        data_set = (airline_input if arguments.what == "airline" else nab_input)(arguments.data, arguments.days)
        files = write_input(data_set, folder, None)
        metrics, signals = replay(tocsin, folder, files)
        report = report_airline if arguments.what == "airline" else report_nab
        problems = report(arguments.data, arguments.days, metrics, signals)
        if arguments.kafka:
            settings = {"auto.create.topics.enable": "true"}
            with kafka_broker.Broker(partitions_default=PARTITIONS, settings=settings) as running:
                write_input(data_set, folder, running.bootstrap)
                again = run_on_kafka(tocsin, folder, files, running.bootstrap, int(data_set.posts[-1][0]))
            problems += same(again, (metrics, signals))
            print(f"\nrun on Kafka: {len(again[0])} metrics, {len(again[1])} signals; replay: {len(metrics)}, {len(signals)}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for problem in problems[:20]:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

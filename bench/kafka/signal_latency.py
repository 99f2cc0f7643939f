"""From a post's append to the crisis signal that it causes, at several loads: latency.py's setting, with bursts of bad posts.

Beside the brands that the feeder mentions, the watchlist has brands that are mentioned once a minute, one mention of ten
negative; `tocsin backfill` has learnt that from the 30 hours before. During a load one of them after the other gets a burst:
negative posts by ever new authors, with ever new texts, that come with the feeder's posts, through the same partitions.
Each is stamped with the clock as it is sent; the broker stamps its append, a consumer with read_committed notes when each
record of the signals topic arrives. Of the first signal about a burst, decided at the slide end W (times.window_end):

  any post             arrival minus append, of every post of that brand in [W - slide, W), which the decision at W is the
                       first to count. Floor, and bound: slide + out_of_orderness + flush, as of a metric
  brand's last post    arrival minus the append of the brand's newest post with event time < W. Floor: out_of_orderness, and a
                       flush of ingest is due every flush.every
  since the first post arrival minus the append of the burst's first post: what a reader waits for, with the seconds until there
                       were posts enough

Of all signals that raise a level (first ones, confirmations and later rises; not updates and ends, which time brings):

  feed's last post     arrival minus the append of the newest post of the whole feed, sampled every 10 ms, with event time < W

Signals whose W is a load's first slide end, or lies behind its last post, are counted but not measured: at those the feed begins
or stands still. A burst without any signal is named. Confirmations come five minutes after the first signal, so
they are there if the loads together take longer.

    signal_latency.py --tocsin build/release/bin/tocsin --feeder build/release/bin/bench_steady_feeder [--seconds N] [--rate N]
                      [--share PERCENT]... [--brands N] [--set KEY=VALUE]...
"""

import argparse
import bisect
import collections
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

import latency
from latency import FLUSH_S, MARGIN_S, OUT_OF_ORDERNESS_S, SLIDE_S, in_ms, quantile

sys.path.insert(0, os.path.join(latency.ROOT, "tests", "pipeline"))
import broker as kafka_broker  # noqa: E402
import end_to_end  # noqa: E402

HISTORY_MINUTES = 30 * 60
MINUTE_MS = 60_000
BIN_MS = 5 * MINUTE_MS
NEGATIVE_SHARE = 0.1  # of the usual mentions
BURST_EVERY_S = 1.7  # no divisor of the slide, so that bursts begin everywhere in it
BURST_S, BURST_POSTS = 12, 48
FIRST_BURST_S = 2 * SLIDE_S
# A burst's signal must be decided while the feed still runs: posts enough, the next slide end, and room.
LAST_BURST_S = BURST_S + 2 * SLIDE_S
BOUND_S = SLIDE_S + OUT_OF_ORDERNESS_S + FLUSH_S
PLAIN = ("opens a shop in the old town", "has a new colour this spring", "moves its office next month", "is on the corner of our street",
         "publishes its numbers on Tuesday", "has the parcel at the counter")
BAD = ("is a disaster, I hate it, never again", "lied to us, this is a terrible scandal", "is the worst company, awful and dishonest",
       "ruined my holiday, horrible service, I am furious", "sold me dangerous rubbish, disgusting", "stole my money, what a shame")

# A post about a crisis brand; `due_ms` since the start of its load.
Planned = collections.namedtuple("Planned", "due_ms brand burst negative")
# The first signal about a burst.
First = collections.namedtuple("First", "brand any_post last_post since_first_post")


class Posts:
    """Writes posts of twitter_v1; each has an id, an author and a text of its own."""

    def __init__(self):
        self.random = random.Random(1)
        self.written = 0

    def record(self, brand, negative, time_ms):
        self.written += 1
        author = str(7_000_000_000 + self.written)
        text = f"{brand} {self.random.choice(BAD if negative else PLAIN)} {self.random.getrandbits(40):x} {self.random.getrandbits(40):x}"
        return json.dumps({"id_str": str(3 * 10 ** 18 + self.written), "text": text, "lang": "en", "user": {
            "id_str": author, "screen_name": "p" + author, "followers_count": 200}, "timestamp_ms": f"{time_ms:013d}"},
            separators=(",", ":"))


def burst_starts(seconds):
    """Seconds since the start of a load, of each of its bursts."""
    count = int((seconds - LAST_BURST_S - FIRST_BURST_S) / BURST_EVERY_S) + 1
    return [FIRST_BURST_S + number * BURST_EVERY_S for number in range(count)]


def plan_load(generator, brands, bursting, seconds):
    """What is written about the crisis brands during a load, in the order of time: all have their usual mentions, and those of
    `bursting`, as many as burst_starts, a burst each."""
    planned = []
    for start, brand in zip(burst_starts(seconds), bursting):
        times = [0, *sorted(generator.uniform(0, BURST_S) for _ in range(BURST_POSTS - 1))]
        planned += [Planned(int(1e3 * (start + each)), brand, True, True) for each in times]
    for brand in brands:
        due = generator.uniform(0, MINUTE_MS)
        while due < 1e3 * seconds:
            planned.append(Planned(int(due), brand, False, generator.random() < NEGATIVE_SHARE))
            due += MINUTE_MS
    return sorted(planned)


def write_history(path, posts, brands, end_ms):
    with open(path, "w", encoding="utf-8") as out:
        for minute in range(HISTORY_MINUTES):
            begin = end_ms - (HISTORY_MINUTES - minute) * MINUTE_MS
            for number, brand in enumerate(brands):
                at_ms = begin + number * MINUTE_MS // len(brands)
                out.write(posts.record(brand, posts.random.random() < NEGATIVE_SHARE, at_ms) + "\n")


def first_signal(brand, burst_begin, appended, signals):
    """`appended`: (event time, append time) of all the brand's posts of the load, sorted; `signals`: (arrival, W) of what
    was said of it. None if there was no signal after the burst's first post."""
    found = min((each for each in signals if each[1] > burst_begin[0]), default=None)
    if found is None:
        return None
    arrived, end = found
    times = [event for event, _ in appended]
    begin, behind = bisect.bisect_left(times, end - 1e3 * SLIDE_S), bisect.bisect_left(times, end)
    return First(brand, [(arrived - append) / 1e3 for _, append in appended[begin:behind]], (arrived - appended[behind - 1][1]) / 1e3,
                 (arrived - burst_begin[1]) / 1e3)


def of_load(planned, feeder, rises):
    """What the signals that raise a level, (arrival, W, data), say of a load that was planned so."""
    lost = len(planned) - len(feeder.beside)
    if lost:
        raise RuntimeError(f"{lost} of {len(planned)} posts of the crisis brands were not appended")
    by_brand, begins = collections.defaultdict(list), {}
    for number, post in enumerate(planned, 1):
        by_brand[post.brand].append(feeder.beside[number])
        if post.burst:
            begins.setdefault(post.brand, feeder.beside[number])
    times = [event for event, _ in feeder.samples]
    within = [each for each in rises if times[0] + 2e3 * SLIDE_S <= each[1] <= times[-1]]
    heard = collections.defaultdict(list)
    for arrived, end, data in within:
        heard[data["brand_id"]].append((arrived, end))
    firsts = {brand: first_signal(brand, begin, sorted(by_brand[brand]), heard[brand]) for brand, begin in begins.items()}
    return {"bursts": len(begins), "silent": sorted(brand for brand, first in firsts.items() if first is None),
            "firsts": [first for first in firsts.values() if first],
            "rises": [(arrived - feeder.samples[bisect.bisect_left(times, end) - 1][1]) / 1e3 for arrived, end, _ in within],
            "kinds": collections.Counter(f"{data['state']} {data['level']}" for _, _, data in within),
            "decided": [(in_ms(data["times"]["emitted_at"]) - end) / 1e3 for _, end, data in within],
            "published": [(arrived - in_ms(data["times"]["emitted_at"])) / 1e3 for arrived, _, data in within]}


def rising(records):
    """(arrival, W, data) of the signals that raise a level, and how many of each kind the others are."""
    rises, others = [], collections.Counter()
    for arrived, _, value in records:
        data = json.loads(value)
        if data["kind"] == "crisis" and data["level"] > data["previous_level"]:
            rises.append((arrived, in_ms(data["times"]["window_end"]), data))
        else:
            others[f"{data['kind']} {data['message']}"] += 1
    return rises, others


def three(values):
    values = sorted(values)
    return ", ".join(f"{each:.2f} s" for each in (quantile(values, 0.5), quantile(values, 0.99), values[-1])) if values else "none"


def prepare(arguments, folder, bootstrap, loads):
    """Watchlist, configuration and baselines; gives the writer of posts and the crisis brands, those of each load one after another."""
    count = loads * len(burst_starts(arguments.seconds))
    subprocess.run([arguments.tocsin, "generate", "--posts", "100", "--brands", str(arguments.brands + count), "--output", "/dev/null",
                    "--watchlist", "watchlist.yaml"], cwd=folder, check=True, capture_output=True)
    with open(os.path.join(folder, "watchlist.yaml"), encoding="utf-8") as lines:
        names = [line.split(": ")[1].strip() for line in lines if line.startswith("  - id: ")]
    brands = names[arguments.brands:]  # the feeder mentions the first
    latency.write_config(folder, bootstrap, f"{FLUSH_S}s", arguments.set)
    posts, now_ms = Posts(), int(1e3 * time.time())
    write_history(os.path.join(folder, "history.ndjson"), posts, brands, now_ms - now_ms % BIN_MS)
    began = time.time()
    learnt = subprocess.run([arguments.tocsin, "backfill", "--config", "config.yaml", "--input", "posts=history.ndjson", "--quiet"],
                            cwd=folder, capture_output=True, text=True, check=False)
    if learnt.returncode != 0:
        raise RuntimeError(f"tocsin backfill: {learnt.stderr}")
    print(f"{len(brands)} crisis brands beside {arguments.brands:,}; {posts.written:,} posts of history in {time.time() - began:.1f} s",
          flush=True)
    return posts, brands


def feed_loads(arguments, folder, bootstrap, service, metrics, posts, brands):
    """(share, what was planned, latency.py's row) of each load."""
    rate = arguments.rate or latency.highest_rate(arguments, service, bootstrap)
    path, each = os.path.join(folder, "beside.tsv"), len(burst_starts(arguments.seconds))
    fed = []
    for number, share in enumerate(arguments.share):
        planned = plan_load(posts.random, brands, brands[number * each:(number + 1) * each], arguments.seconds)
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(f"{post.due_ms}\t{posts.record(post.brand, post.negative, 0)}\n" for post in planned)
        fed.append((share, planned, latency.at_load(arguments, service, bootstrap, metrics, rate * share / 100, path)))
        print(f"{share} %: fed, machine load {os.getloadavg()[0]:.1f}", flush=True)
    return fed


def measure(arguments, folder, bootstrap):
    posts, brands = prepare(arguments, folder, bootstrap, len(arguments.share))
    latency.Feeder(arguments.feeder, bootstrap, latency.WARM_UP_POSTS, 0, arguments.brands).wait()
    service, metrics, signals = end_to_end.Service(arguments.tocsin, folder), None, None
    try:
        service.wait_for(service.has_port, "the port of /metrics")
        service.wait_for(service.ready, "/readyz")
        latency.until_counted(service, 0, latency.WARM_UP_POSTS)
        metrics, signals = (latency.Arrivals(bootstrap, topic) for topic in ("tocsin.brand-metrics", "tocsin.signals"))
        fed = feed_loads(arguments, folder, bootstrap, service, metrics, posts, brands)
        published = len(end_to_end.read_topic(bootstrap, "tocsin.signals"))
        service.wait_for(lambda: len(signals.records) >= published, "the last signals")
        if service.stop() != 0:
            raise RuntimeError(service.text())
    finally:
        for consumer in (metrics, signals):
            if consumer:
                consumer.stop()
        service.kill()
    rises, others = rising(signals.records)
    rows = [(share, row, of_load(planned, row["feeder"], rises)) for share, planned, row in fed]
    left = len(rises) - sum(len(found["rises"]) for _, _, found in rows)
    print(f"\nsignals: {len(rises)} that raise a level, {left} of them not measured; others: "
          f"{', '.join(f'{count} {kind}' for kind, count in sorted(others.items())) or 'none'}")
    return rows


def table(rows):
    for share, row, found in rows:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(found["kinds"].items()))
        print(f"{share} %: {kinds}; of them, p50, p99, max: slide end to decision {three(found['decided'])}, decision to arrival "
              f"{three(found['published'])}; metrics of all its slide ends, from the feed's last post {three(row['last_post'])}")
    print(f"\n| load | posts/s | bursts, of them signalled | any post: p50, p99, max (floor {BOUND_S} s) | brand's last post (floor "
          f"{OUT_OF_ORDERNESS_S} s, with the flush {OUT_OF_ORDERNESS_S + FLUSH_S} s) | since the first post | rises | feed's last post "
          "(floor as the brand's) |\n|---|---|---|---|---|---|---|---|")
    for share, row, found in rows:
        firsts = found["firsts"]
        any_post = three(sum((each.any_post for each in firsts), []))
        print(f"| {share} % | {row['rate']:,.0f} | {found['bursts']}, {len(firsts)} | {any_post} | "
              f"{three(each.last_post for each in firsts)} | {three(each.since_first_post for each in firsts)} | {len(found['rises'])} | "
              f"{three(found['rises'])} |")
    silent = [f"{brand} ({share} %)" for share, _, found in rows for brand in found["silent"]]
    late = [f"{share} %" for share, _, found in rows
            if quantile(sorted(sum((each.any_post for each in found["firsts"]), [])) or [0], 0.99) > BOUND_S + MARGIN_S]
    print(f"\np99 of any post above {BOUND_S + MARGIN_S} s: {', '.join(late) or 'at no load'}\n"
          f"bursts without a signal: {', '.join(silent) or 'none'}")
    return 1 if late or any(not found["firsts"] for _, _, found in rows) else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--feeder", required=True, help="target bench_steady_feeder")
    parser.add_argument("--seconds", type=int, default=120, help=f"of each load, at least {FIRST_BURST_S + LAST_BURST_S}")
    parser.add_argument("--rate", type=float, help="the highest rate, posts/s")
    parser.add_argument("--share", type=int, action="append", metavar="PERCENT", help="of it; may be repeated (default: 10, 50, 90)")
    parser.add_argument("--brands", type=int, default=1_000, help="that the feeder mentions")
    parser.add_argument("--set", action="append", default=[], metavar="LINE", help="a line of the configuration; may be repeated")
    arguments = parser.parse_args()
    if arguments.seconds < FIRST_BURST_S + LAST_BURST_S:
        parser.error(f"--seconds: at least {FIRST_BURST_S + LAST_BURST_S}, else there is no room for a burst")
    arguments.share = arguments.share or [10, 50, 90]
    arguments.tocsin, arguments.feeder = os.path.abspath(arguments.tocsin), os.path.abspath(arguments.feeder)
    folder = tempfile.mkdtemp(prefix="tocsin-signal-latency-")
    try:
        settings = {"auto.create.topics.enable": "true", "log.message.timestamp.type": "LogAppendTime"}
        with kafka_broker.Broker(partitions_default=latency.PARTITIONS, settings=settings, heap="1g") as running:
            rows = measure(arguments, folder, running.bootstrap)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return table(rows)


if __name__ == "__main__":
    sys.exit(main())

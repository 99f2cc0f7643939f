"""From a post's append to the brand metric that counts it, at several loads: one process of `tocsin run`, a real broker and
a feeder on this machine.

The feeder stamps each post with the clock as it makes it, so event time is the wall clock; the broker stamps its append
(LogAppendTime). A consumer with read_committed notes when each record of the brand-metrics topic arrives. Of the record of
window end W, taken over all brands, window sizes and slide ends of a run:

  window's last post   arrival minus the append of the newest post with event time < W. No record can come before the
                       watermark has passed W, so the floor is out_of_orderness; a flush of ingest is due every flush.every
  any post             arrival minus append, of every post in [W - slide, W), which W's record is the first to count:
                       a post waits for its slide end on top. Floor, and bound: slide + out_of_orderness + flush

Posts are sampled every 10 ms of event time; a run's first slide end is left out. The highest rate is that at which this
setting as a whole gets through posts: feeder without a pause, broker and engine side by side, records over seconds from the
first append until the engine has counted all. Loads are shares of it; --rate gives it instead of measuring.

Start to first record: from the start of the process until the broker has appended its first block, with posts waiting and
flush.every 10 ms; for a deployment that is new, and for one that goes on.

    latency.py --tocsin build/release/bin/tocsin --feeder build/release/bin/bench_steady_feeder [--seconds N] [--rate N]
               [--share PERCENT]... [--brands N] [--set KEY=VALUE]...
"""

import argparse
import bisect
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", folder) for folder in ("pipeline", os.path.join("kafka", "broker"))]
import broker as kafka_broker  # noqa: E402
import end_to_end  # noqa: E402

SLIDE_S, OUT_OF_ORDERNESS_S, FLUSH_S = 5, 2, 1
MARGIN_S = 0.5
PARTITIONS = 4
WARM_UP_POSTS = 50_000
RATE_POSTS = 1_000_000
START_FLUSH = "10ms"
CONFIG = """\
deployment: latency
kafka: {{bootstrap.servers: "{bootstrap}"}}
sources:
  - {{topics: [posts], preset: twitter_v1, start: earliest, out_of_orderness: {lateness}s}}
watchlist: watchlist.yaml
windows: {{slide: {slide}s}}
metrics: {{every: {slide}s, listen: "127.0.0.1:0"}}
flush: {{every: {flush}}}
log: {{format: json}}
"""


class Feeder:
    """bench_steady_feeder, and what it says of the posts that it samples."""

    def __init__(self, binary, bootstrap, posts, rate, brands, beside=None):
        self.samples = []  # (event time, append time) in ms, in the order of event time
        self.beside = {}  # likewise, of each line of the file `beside`, by its number from 1 on
        self.process = subprocess.Popen([binary, "--bootstrap", bootstrap, "--topics", "posts", "--partitions", str(PARTITIONS),
                                         "--records", str(posts), "--rate", str(rate), "--brands", str(brands),
                                         *(["--beside", beside] if beside else [])],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        preexec_fn=kafka_broker.die_with_parent)

    def wait(self):
        out, said = self.process.communicate()
        if self.process.returncode != 0:
            raise RuntimeError(said)
        rows = [tuple(map(int, line.split())) for line in out.splitlines()]
        self.samples = sorted(row for row in rows if len(row) == 2)
        self.beside = {row[2]: row[:2] for row in rows if len(row) == 3}
        return json.loads(said.splitlines()[-1])


class Arrivals:
    """Every record of a topic with the time of its arrival, as they come, to a consumer with read_committed."""

    def __init__(self, bootstrap, topic, with_value=True):
        self.records = []  # (arrival in ms, append time in ms, value)
        self.consumer = subprocess.Popen(["kcat", "-q", "-u", "-C", "-b", bootstrap, "-t", topic, "-o", "beginning", "-X",
                                          "isolation.level=read_committed", "-f", "%T %s\n" if with_value else "%T \n"],
                                         stdout=subprocess.PIPE, preexec_fn=kafka_broker.die_with_parent)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.consumer.stdout:
            arrived = 1e3 * time.time()
            append, value = line.split(b" ", 1)
            self.records.append((arrived, int(append), value))

    def stop(self):
        self.consumer.terminate()
        self.consumer.wait()
        self.thread.join()


def quantile(values, share):
    return values[min(len(values) - 1, int(share * len(values)))]


def in_ms(text):
    return 1e3 * datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def latencies(samples, records):
    """Seconds to each metric record from its window's last post, and from any post that it is the first to count."""
    times = [event for event, _ in samples]
    first, last = times[0], times[-1]
    last_post, any_post, behind_append, by_window = [], [], [], {}
    for arrived, appended, value in records:
        end = in_ms(json.loads(value)["window_end"])
        if end - 1e3 * SLIDE_S < first + 1e3 * SLIDE_S or end > last:
            continue
        begin, behind = bisect.bisect_left(times, end - 1e3 * SLIDE_S), bisect.bisect_left(times, end)
        last_post.append((arrived - samples[behind - 1][1]) / 1e3)
        by_window[end] = max(by_window.get(end, 0), last_post[-1])
        behind_append.append((arrived - appended) / 1e3)
        # Every 10th sample: of thousands of records, that is enough.
        any_post += [(arrived - append) / 1e3 for _, append in samples[begin:behind:10]]
    return sorted(last_post), sorted(any_post), sorted(behind_append), [round(by_window[end], 2) for end in sorted(by_window)]


def write_config(folder, bootstrap, flush, settings):
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as out:
        out.write(CONFIG.format(bootstrap=bootstrap, flush=flush, slide=SLIDE_S, lateness=OUT_OF_ORDERNESS_S) +
                  "".join(f"{line}\n" for line in settings))


def counted(service):
    return sum(service.metrics().get("tocsin_posts_consumed_total", [0]))


def until_counted(service, base, posts):
    service.wait_for(lambda: counted(service) - base >= posts, f"{posts} posts counted")


def highest_rate(arguments, service, bootstrap):
    base = counted(service)
    feeder = Feeder(arguments.feeder, bootstrap, RATE_POSTS, 0, arguments.brands)
    account = feeder.wait()
    until_counted(service, base, RATE_POSTS)
    # wait_for looks every 0.2 s, and the last flush is due within a second: a per cent or two too little.
    seconds = time.time() - feeder.samples[0][1] / 1e3
    print(f"highest rate of this setting: {RATE_POSTS / seconds:,.0f} posts/s ({RATE_POSTS:,} posts in {seconds:.1f} s; the feeder "
          f"took {account['wall_s']:.1f} s and {account['cpu_s']:.1f} s of CPU)", flush=True)
    return RATE_POSTS / seconds


def at_load(arguments, service, bootstrap, metrics, rate, beside=None):
    """The row of one load, with posts `beside` those of the feeder (its --beside)."""
    posts, base = round(rate * arguments.seconds), counted(service)
    before = len(metrics.records)
    feeder = Feeder(arguments.feeder, bootstrap, posts, round(rate), arguments.brands, beside)
    account = feeder.wait()
    until_counted(service, base, account["records"])
    # The last window that the posts can close is a flush and a commit behind them.
    last_end = feeder.samples[-1][0] - 1e3 * OUT_OF_ORDERNESS_S
    last_end -= last_end % (1e3 * SLIDE_S)
    service.wait_for(lambda: metrics.records and in_ms(json.loads(metrics.records[-1][2])["window_end"]) >= last_end,
                     "the last window's metrics")
    last_post, any_post, transport, by_window = latencies(feeder.samples, metrics.records[before:])
    return {"rate": posts / account["wall_s"], "records": len(last_post), "last_post": last_post, "any_post": any_post,
            "arrival_after_append": transport, "by_window": by_window, "feeder": feeder}


def start_to_first_block(arguments, folder, bootstrap):
    """Seconds from the start of a process to the append of its first block of posts, which has them waiting."""
    Feeder(arguments.feeder, bootstrap, WARM_UP_POSTS, 0, arguments.brands).wait()
    began = time.time()
    service = end_to_end.Service(arguments.tocsin, folder)
    blocks = None
    try:
        service.wait_for(service.has_port, "the port of /metrics")
        blocks = Arrivals(bootstrap, "tocsin.mentions", with_value=False)
        service.wait_for(lambda: any(append >= 1e3 * began for _, append, _ in list(blocks.records)), "a block")
        first = min(append for _, append, _ in list(blocks.records) if append >= 1e3 * began)
        until_counted(service, 0, WARM_UP_POSTS)
        if service.stop() != 0:
            raise RuntimeError(service.text())
        return first / 1e3 - began
    finally:
        if blocks:
            blocks.stop()
        service.kill()


def measure(arguments, folder, bootstrap):
    subprocess.run([arguments.tocsin, "generate", "--posts", "100", "--brands", str(arguments.brands), "--output", "/dev/null",
                    "--watchlist", "watchlist.yaml"], cwd=folder, check=True, capture_output=True)
    write_config(folder, bootstrap, START_FLUSH, arguments.set)
    starts = [start_to_first_block(arguments, folder, bootstrap) for _ in range(3)]
    print("start of the process to its first block: " + ", ".join(f"{each:.2f} s" for each in starts) +
          " (the first: a deployment that is new)", flush=True)
    write_config(folder, bootstrap, f"{FLUSH_S}s", arguments.set)
    service = end_to_end.Service(arguments.tocsin, folder)
    metrics = None
    rows = []
    try:
        service.wait_for(service.has_port, "the port of /metrics")
        service.wait_for(service.ready, "/readyz")
        metrics = Arrivals(bootstrap, "tocsin.brand-metrics")
        rate = arguments.rate or highest_rate(arguments, service, bootstrap)
        for share in arguments.share or [10, 50, 90]:
            rows.append((share, at_load(arguments, service, bootstrap, metrics, rate * share / 100)))
            row = rows[-1][1]
            print(f"{share} %: {row['rate']:,.0f} posts/s; window's last post, by slide end, s: {row['by_window']}; of it, from the "
                  f"metric's append to its arrival: p50 {quantile(row['arrival_after_append'], 0.5):.3f}, p99 "
                  f"{quantile(row['arrival_after_append'], 0.99):.3f}", flush=True)
        if service.stop() != 0:
            raise RuntimeError(service.text())
    finally:
        if metrics:
            metrics.stop()
        service.kill()
    return rows


def table(rows):
    floor = SLIDE_S + OUT_OF_ORDERNESS_S + FLUSH_S
    print(f"\n| load | posts/s | metric records | any post: p50, p99, max (floor {floor} s) | window's last post: p50, p99, max "
          f"(floor {OUT_OF_ORDERNESS_S} s, with the flush {OUT_OF_ORDERNESS_S + FLUSH_S} s) |\n|---|---|---|---|---|")
    for share, row in rows:
        parts = [", ".join(f"{value:.2f} s" for value in (quantile(row[name], 0.5), quantile(row[name], 0.99), row[name][-1]))
                 for name in ("any_post", "last_post")]
        print(f"| {share} % | {row['rate']:,.0f} | {row['records']:,} | {parts[0]} | {parts[1]} |")
    misses = [f"{share} %" for share, row in rows if quantile(row["any_post"], 0.99) > floor + MARGIN_S]
    print(f"\np99 of any post above {floor + MARGIN_S} s: {', '.join(misses) or 'at no load'}")
    return 1 if misses else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--feeder", required=True, help="target bench_steady_feeder")
    parser.add_argument("--seconds", type=int, default=120, help="of each load")
    parser.add_argument("--rate", type=float, help="the highest rate, posts/s")
    parser.add_argument("--share", type=int, action="append", metavar="PERCENT", help="of it; may be repeated (default: 10, 50, 90)")
    parser.add_argument("--brands", type=int, default=1_000)
    parser.add_argument("--set", action="append", default=[], metavar="LINE", help="a line of the configuration; may be repeated")
    arguments = parser.parse_args()
    arguments.tocsin, arguments.feeder = os.path.abspath(arguments.tocsin), os.path.abspath(arguments.feeder)
    folder = tempfile.mkdtemp(prefix="tocsin-latency-")
    try:
        settings = {"auto.create.topics.enable": "true", "log.message.timestamp.type": "LogAppendTime"}
        with kafka_broker.Broker(partitions_default=PARTITIONS, settings=settings, heap="1g") as running:
            rows = measure(arguments, folder, running.bootstrap)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return table(rows)


if __name__ == "__main__":
    sys.exit(main())

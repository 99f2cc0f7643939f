"""A watchlist that is changed by SIGHUP and by its file while posts flow through a real Kafka.

Posts with the time of day are written as they happen. The watchlist changes by SIGHUP, then to one that is refused, then
(without a signal) once more; between the publication of the first change and its effect the service is killed, and
started again with the same files, which must publish nothing. The moments at which the changes take effect are read from
the service's log; the brand-metrics topic must equal what tests/oracle computes with the watchlists changing at those
moments, for every brand, window size and window end.

    watchlist_reload.py --tocsin build/release/bin/tocsin [--rate N] [--brands N] [--keep DIR]

With --brands the watchlists are filled up with so many brands that nobody mentions; with --no-kill the service runs
through, and the time between two polls of its workers is told, before the changes and around them.
"""

import argparse
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import watchlists
from end_to_end import MODEL, SKIPPED, Service, kcat, kafka_broker, brand_metrics, read_topic, shell

PARTITIONS = 4
CONFIG = """\
deployment: reload
kafka: {{bootstrap.servers: "{bootstrap}"}}
sources:
  - {{topics: [posts], preset: generic, start: earliest, out_of_orderness: 2s, idle_after: 20s}}
watchlist: watchlist.yaml
workers: {{ingest: 2, detect: 1}}
metrics: {{every: 5s, listen: "127.0.0.1:0"}}
topics: {{mentions_partitions: 8}}
reload: {{every: 1s, margin: 6s}}
log: {{format: json}}
"""
HISTOGRAMS = ("tocsin_ingest_busy_cpu_seconds", "tocsin_detect_busy_cpu_seconds", "tocsin_ingest_busy_seconds",
              "tocsin_detect_busy_seconds", "tocsin_ingest_config_check_duration_seconds",
              "tocsin_ingest_flush_duration_seconds", "tocsin_detect_commit_duration_seconds")


class Feed(threading.Thread):
    """Writes posts when their time has come, up to a second out of order."""

    def __init__(self, bootstrap, folder, texts, rate):
        super().__init__(daemon=True)
        self.paths = [os.path.join(folder, f"posts.{i}") for i in range(PARTITIONS)]
        self.files = [open(path, "wb") for path in self.paths]
        self.pipes = [subprocess.Popen(["kcat", "-q", "-P", "-b", bootstrap, "-t", "posts", "-p", str(i), "-z", "lz4",
                                        "-X", "linger.ms=20"], stdin=subprocess.PIPE) for i in range(PARTITIONS)]
        self.texts, self.rate = texts, rate
        self.chance = random.Random(20261121)
        self.ends = threading.Event()
        self.latest_ms = 0
        self.posts = 0
        self.error = None

    def run(self):
        try:
            self.write()
        except OSError as error:
            self.error = error

    def write(self):
        due_ms = time.time() * 1000
        while not self.ends.is_set():
            now_ms = time.time() * 1000
            chunks = [[] for _ in range(PARTITIONS)]
            while due_ms < now_ms:
                due_ms += 1000 / self.rate
                self.posts += 1
                event_ms = int(due_ms) - self.chance.randrange(1000)
                self.latest_ms = max(self.latest_ms, event_ms)
                text, lang = self.chance.choice(self.texts)
                line = json.dumps({"id": str(self.posts), "time": event_ms, "text": text, "lang": lang,
                                   "author_id": str(self.chance.randrange(5000))}).encode() + b"\n"
                times = 2 if self.chance.random() < 0.01 else 1
                chunks[self.chance.randrange(PARTITIONS)].extend([line] * times)
            for chunk, file, pipe in zip(chunks, self.files, self.pipes):
                file.writelines(chunk)
                pipe.stdin.writelines(chunk)
                pipe.stdin.flush()
            self.ends.wait(0.02)

    def stop(self):
        self.ends.set()
        self.join()
        for file in self.files:
            file.close()
        for pipe in self.pipes:
            pipe.stdin.close()
            pipe.wait()
        if self.error is not None:
            raise self.error


class Watched:
    """The service, whose log is kept over restarts."""

    def __init__(self, tocsin, folder):
        self.tocsin, self.folder = tocsin, folder
        self.before = ""
        self.service = None

    def start(self):
        self.service = Service(self.tocsin, self.folder)
        self.service.wait_for(self.service.has_port, "the port of /metrics")
        self.service.wait_for(self.service.ready, "/readyz")

    def kill(self):
        self.service.kill()
        self.before += self.service.text()

    def log(self):
        lines = (self.before + self.service.text()).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def effects(self):
        """Epoch ms at which versions took effect, in order, each once."""
        told = [int(line["effective_ms"]) for line in self.log() if line.get("effective_ms")]
        return sorted(set(told))

    def await_effects(self, count):
        self.service.wait_for(lambda: len(self.effects()) >= count, f"change {count} is published")
        return self.effects()[count - 1]

    def refusals(self):
        return [line["reason"] for line in self.log() if "refused" in line.get("msg", line.get("message", ""))]

    def histograms(self):
        """{name: {le: count}} over all workers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.service.port}/metrics", timeout=10) as response:
            found = {}
            for line in response.read().decode().splitlines():
                name = line.split("_bucket{")[0]
                if name in HISTOGRAMS and "_bucket{" in line:
                    bound = line.split('le="')[1].split('"')[0]
                    counts = found.setdefault(name, {})
                    counts[bound] = counts.get(bound, 0) + int(float(line.rsplit(" ", 1)[1]))
            return found


def busy_between(before, after):
    """Of each histogram: how many took over 100 ms, and the smallest bound that none exceeded."""
    told = []
    for name in HISTOGRAMS:
        counts = {bound: count - before.get(name, {}).get(bound, 0) for bound, count in after.get(name, {}).items()}
        total = counts.get("+Inf", 0)
        over = total - counts.get("0.1", 0)
        bound = min((float(each) for each, count in counts.items() if count == total), default=0)
        told.append(f"  {name}: {total} times, {over} over 100 ms, none over {bound:g} s")
    return told


def padding(count):
    return [[f"pad-{i:05}", f"Pad {i}", f'"padding {i} phrase" OR @pad{i} OR #pad{i}', ""] for i in range(count)]


def replace(folder, brands):
    """As an editor or a ConfigMap does it: another file under the same name."""
    path = os.path.join(folder, "watchlist.yaml")
    os.replace(watchlists.write(path + ".new", brands), path)


def check(folder, tocsin, bootstrap, arguments):
    problems = []
    shell(tocsin, "generate", "--posts", "4000", "--duration", "30m", "--brands", "12", "--bytes", "1000", "--matched",
          "0.6", "--output", "texts.ndjson", "--watchlist", "generated.yaml", cwd=folder)
    with open(os.path.join(folder, "texts.ndjson"), encoding="utf-8") as lines:
        posts = [json.loads(line) for line in lines]
    texts = [(post["text"], post.get("lang", "")) for post in posts if "retweeted_status" not in post]
    pad = padding(arguments.brands)
    brands = watchlists.read(os.path.join(folder, "generated.yaml"))
    mentioned = [brands, watchlists.second(brands), watchlists.third(brands)]
    variants = [mentioned[0] + pad, mentioned[1] + pad[::-1], mentioned[2] + pad[:-1]]
    # The oracle looks through all brands for every post that may match, so it is spared those that nobody mentions.
    kept = [watchlists.write(os.path.join(folder, f"watchlist.{i}.yaml"), each) for i, each in enumerate(mentioned)]
    replace(folder, variants[0])
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as config:
        config.write(CONFIG.format(bootstrap=bootstrap))
    # The topic appears with its partitions.
    kcat(bootstrap, "-L", "-t", "posts", capture_output=True)
    feed = Feed(bootstrap, folder, texts, arguments.rate)
    feed.start()
    watched = Watched(tocsin, folder)
    try:
        watched.start()
        begin_ms = feed.latest_ms
        watched.service.wait_for(lambda: feed.latest_ms > begin_ms + 15_000, "some posts")
        begun = watched.histograms()
        watched.service.wait_for(lambda: feed.latest_ms > begin_ms + 30_000, "more posts")
        quiet = watched.histograms()
        if arguments.no_kill:
            print("\n".join(["without a change:"] + busy_between(begun, quiet)), flush=True)

        replace(folder, variants[1])
        watched.service.process.send_signal(signal.SIGHUP)
        first_ms = watched.await_effects(1)
        print(f"first change takes effect {first_ms - feed.latest_ms} ms after the newest post", flush=True)
        if not arguments.no_kill:
            watched.kill()
            watched.start()
        with open(os.path.join(folder, "watchlist.yaml"), "w", encoding="utf-8") as bad:
            bad.write("brands:\n  - id: acme\n    name: Acme\n    query: 'acme AND'\n")
        watched.service.process.send_signal(signal.SIGHUP)
        watched.service.wait_for(lambda: len(watched.refusals()) >= 1, "the bad watchlist is refused")
        watched.service.wait_for(lambda: feed.latest_ms > first_ms + 10_000, "posts behind the first change")
        replace(folder, variants[2])
        second_ms = watched.await_effects(2)
        watched.service.wait_for(lambda: feed.latest_ms > second_ms + 15_000, "posts behind the second change")
        if arguments.no_kill:
            print("\n".join(["around the changes:"] + busy_between(quiet, watched.histograms())), flush=True)
        feed.stop()
        changes = [(first_ms, kept[1]), (second_ms, kept[2])]
        counts, expected, end_s = brand_metrics.oracle([(path, "generic") for path in feed.paths], kept[0], MODEL,
                                                       changes=changes)
        watched.service.wait_for(
            lambda: min(watched.service.metrics().get("tocsin_watermark_timestamp_seconds", [0])) >= end_s,
            "all windows closed")
        metrics = watched.service.metrics()
        if watched.service.stop() != 0:
            problems.append("after SIGTERM tocsin run ended with an error")
        if watched.effects() != [first_ms, second_ms]:
            problems.append(f"versions took effect at {watched.effects()}")
        if not all("watchlist.yaml:4:" in reason for reason in watched.refusals()):
            problems.append(f"a refusal without its place: {watched.refusals()}")
        if metrics.get("tocsin_config_last_reload_successful") != [1.0]:
            problems.append("the last reload did not succeed")
        aborted = [line for line in watched.log() if "read again" in line.get("error", "")]
        print(f"{len(aborted)} times posts had to be read again under a version that came late")
    finally:
        feed.ends.set()
        watched.service.kill()
    found, twice = brand_metrics.engine_records(read_topic(bootstrap, "tocsin.brand-metrics"))
    problems += brand_metrics.compare(expected, found, twice)
    _, unchanged, _ = brand_metrics.oracle([(path, "generic") for path in feed.paths], kept[0], MODEL)
    if not brand_metrics.compare(unchanged, found, twice):
        problems.append("the changes must change something, or the test shows nothing")
    print(f"{counts['input']} posts at {arguments.rate}/s, {len(variants[0])} brands, {len(expected)} records expected, "
          f"{len(found)} found")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--brands", type=int, default=0, help="beside those that are mentioned")
    parser.add_argument("--no-kill", action="store_true")
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()
    missing = [tool for tool in ("kcat", "java") if shutil.which(tool) is None]
    if missing:
        print("skipped: not installed:", ", ".join(missing))
        return SKIPPED
    folder = arguments.keep or tempfile.mkdtemp(prefix="tocsin-watchlist-reload-")
    os.makedirs(folder, exist_ok=True)
    try:
        with kafka_broker.Broker(partitions_default=PARTITIONS,
                                 settings={"auto.create.topics.enable": "true"}) as running:
            problems = check(folder, os.path.abspath(arguments.tocsin), running.bootstrap, arguments)
    finally:
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for problem in problems:
        print(problem)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{'equal' if not problems else 'DIFFERENT'}; largest child {usage.ru_maxrss // 1024} MB")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

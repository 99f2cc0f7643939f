"""Tocsin beside other stream engines on the same work, in one run: posts per CPU second, and by the clock.

A real Apache Kafka broker holds Twitter-shaped posts of about 2.4 KB (lz4, four even partitions, disorder up to 2 s), which mention
1,000 brands with one to three aliases 0.36 times a post. Every engine counts the mentions, and the negative ones, of each brand in
windows of 60 s that slide by 5 s; rounds are interleaved, every other one in reverse. What an engine counted must be what the
generator says it wrote, for every brand and window, before its time counts. Windows that end in the last two minutes of event time
are left out, since not all engines close them; those that read a bounded topic do.

The figures are from between --from (20 %) and 95 % of the posts, so that neither start nor warm-up nor the end is in them: CPU
seconds of the engine's processes by /proc, all threads, user and system, and the clock. The two rows of librdkafka alone, which
tell no progress, have their whole runs (and one thread that reads, where the others have two), and so has bytewax, whose reading
runs ahead of its windows. Peak memory is VmHWM. What comes before --from should be 1.5 million posts or more: until then compilers
of the JVM are at work, as the tenths show that are printed with each run.

    peers.py --tocsin build/release/bin/tocsin --bare build/release/bin/bench_bare_consumer
             [--plain build/release/bin/bench_plain_run] [--posts N] [--rounds N] [--from SHARE] [--engines bare,tocsin,...]
             [--date YYYY-MM-DD] [--write]

--plain, Tocsin without transactions, is looked for beside --bare if it is not given.

Needs kcat, a JDK, mvn and Python's venv; engines are fetched into build/peers by their ordinary clients.
"""

import argparse
import collections
import datetime
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(ROOT, "tests", folder) for folder in ("pipeline", os.path.join("kafka", "broker"))]
import broker as kafka_broker  # noqa: E402
import end_to_end  # noqa: E402

PEERS = os.path.join(HERE, "peers")
BUILD = os.path.join(ROOT, "build", "peers")
BRANDS, POSTS_A_SECOND, SIZE_S, SLIDE_S, MARGIN_S = 1000, 4500, 60, 5, 120
LAST_MARK, WHOLE_RUN = 0.95, (0, 1)
DEADLINE_S = 1800
TICKS = os.sysconf("SC_CLK_TCK")
# In a trial Flink did more with this collector than with G1, which the JDK chooses by itself: 93,000 posts per CPU second to 72,000.
JAVA = ["java", "-Xmx3g", "-XX:+UseParallelGC"]
# What Flink needs of the JDK's insides; its own scripts give the same.
OPENS = [f"--add-opens=java.base/{each}=ALL-UNNAMED" for each in
         ("java.lang", "java.lang.reflect", "java.net", "java.io", "java.nio", "java.text", "java.time", "java.util",
          "java.util.concurrent", "java.util.concurrent.atomic", "java.util.concurrent.locks", "sun.net.util")]
CONFIG = """\
deployment: {deployment}
kafka: {{bootstrap.servers: "{bootstrap}"}}
sources:
  - {{topics: [posts], preset: twitter_v1, start: earliest, out_of_orderness: 2s}}
watchlist: watchlist.yaml
workers: {{ingest: 2, detect: 1}}
metrics: {{every: {every}, listen: "127.0.0.1:0"}}
windows: {{sizes: [{sizes}]}}
topics: {{mentions: "mentions.{deployment}", snapshots: "snapshots.{deployment}", brand_metrics: "metrics.{deployment}",
  mentions_partitions: 8}}
log: {{format: json}}
"""

Work = collections.namedtuple("Work", "bootstrap topic folder watchlist posts bytes expected last_end marks")
# Where a run stood: the clock, CPU seconds of its processes, posts read.
Sample = collections.namedtuple("Sample", "clock cpu posts")


# The workload

def widen_watchlist(folder):
    """Gives brands one to three aliases, in the watchlist and, as id and aliases between tabs, for the others."""
    path = os.path.join(folder, "watchlist.yaml")
    with open(path, encoding="utf-8") as text:
        lines = text.read().split("\n")
    rows = []
    for number, line in enumerate(lines):
        found = re.match(r"    query: '(\w+) OR @\1 OR #\1'$", line)
        if not found:
            continue
        name = found.group(1)
        more = [name + suffix for suffix in ("group", "global")[:len(rows) % 3]]
        lines[number] = "    query: '" + " OR ".join([f"{each} OR @{each} OR #{each}" for each in (name, *more)]) + "'"
        rows.append("\t".join([name, name, *more]))
    if len(rows) != BRANDS:
        raise RuntimeError(f"the generator's watchlist has {len(rows)} queries that are understood, not {BRANDS}")
    with open(path, "w", encoding="utf-8") as out:
        out.write("\n".join(lines))
    with open(os.path.join(folder, "brands.tsv"), "w", encoding="utf-8") as out:
        out.writelines(row + "\n" for row in rows)
    return os.path.join(folder, "brands.tsv")


def window_counts(labels):
    """({(brand, window end in s): mentions}, latest event time in s) from the generator's labels, and nothing else."""
    slices, latest = collections.Counter(), 0
    with open(labels, encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            _, _, ms, brand, _ = line.split("\t", 4)
            second = int(ms) // 1000
            latest = max(latest, second)
            if brand:
                slices[brand, second // SLIDE_S] += 1
    windows = collections.Counter()
    for (brand, first), count in slices.items():
        for after in range(1, SIZE_S // SLIDE_S + 1):
            windows[brand, (first + after) * SLIDE_S] += count
    return windows, latest


def load(tocsin, bootstrap, topic, folder, posts, marks):
    """Generates the posts into the topic; the work to be done."""
    labels, truth = os.path.join(folder, "labels.tsv"), os.path.join(folder, "truth.json")
    subprocess.run([tocsin, "generate", "--posts", str(posts), "--duration", f"{max(300, posts // POSTS_A_SECOND)}s", "--brands",
                    str(BRANDS), "--matched", "0.36", "--bytes", "2500", "--disorder", "2s", "--partitions", "25,25,25,25", "--kafka",
                    "bootstrap.servers=" + bootstrap, "--kafka", "compression.codec=lz4", "--kafka", "linger.ms=50", "--topic",
                    topic, "--labels", labels, "--truth", truth, "--watchlist", os.path.join(folder, "watchlist.yaml")], check=True)
    with open(truth, encoding="utf-8") as text:
        stream = json.load(text)["streams"][0]
    watchlist = widen_watchlist(folder)
    windows, latest = window_counts(labels)
    os.remove(labels)
    last_end = (latest - MARGIN_S) // SLIDE_S * SLIDE_S
    expected = {key: count for key, count in windows.items() if key[1] <= last_end}
    return Work(bootstrap, topic, folder, watchlist, stream["records"], stream["bytes"], expected, last_end, marks)


def check(name, work, found, every=SLIDE_S):
    """Raises if an engine's {(brand, end): mentions} differ from the generator's in any window, up to the last to compare."""
    expected = {key: count for key, count in work.expected.items() if key[1] % every == 0}
    found = {key: count for key, count in found.items() if count and key[1] <= work.last_end and key[1] % every == 0}
    wrong = [f"{key}: {found.get(key, 0)}, must be {expected.get(key, 0)}"
             for key in sorted(expected.keys() | found.keys()) if found.get(key, 0) != expected.get(key, 0)]
    if wrong or not expected:
        counted = sum(found.values()) / max(1, sum(expected.values()))
        raise RuntimeError(f"{name}: {len(wrong)} of {len(expected)} windows differ, {counted:.2%} counted: {wrong[:3]}")
    print(f"{name}: {len(expected)} windows equal", file=sys.stderr, flush=True)


# Watching a run

def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as text:
        fields = text.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_bytes(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as text:
        return next(int(line.split()[1]) * 1024 for line in text if line.startswith("VmHWM:"))


def at(samples, posts):
    """(clock, CPU seconds) when so many posts were read, on a straight line between two samples."""
    for before, after in zip(samples, samples[1:]):
        if before.posts < posts <= after.posts:
            part = (posts - before.posts) / (after.posts - before.posts)
            return before.clock + part * (after.clock - before.clock), before.cpu + part * (after.cpu - before.cpu)
    raise RuntimeError(f"no samples around {posts} posts")


def figures(work, samples, peak):
    """Posts a second and a CPU second between the marks, peak, seconds in all; and of each tenth but the first, posts a CPU second."""
    first, last = (samples[number][:2] if work.marks == WHOLE_RUN else at(samples, work.marks[number] * work.posts) for number in (0, -1))
    posts = (work.marks[1] - work.marks[0]) * work.posts
    cpus = [at(samples, number * work.posts / 10)[1] for number in range(1, 10)]
    return {"per_s": posts / (last[0] - first[0]), "per_cpu_s": posts / (last[1] - first[1]), "peak": peak,
            "seconds": samples[-1].clock - samples[0].clock,
            "tenths": [work.posts / 10 / max(after - before, 1 / TICKS) for before, after in zip(cpus, cpus[1:])]}


def watch(name, processes):
    """The samples of processes that print "posts N" until they end, and their peak."""
    counts, samples, peaks, lock = [0] * len(processes), [], [0] * len(processes), threading.Lock()

    def follow(number):
        for line in processes[number].stdout:
            if not line.startswith("posts "):
                continue
            with lock:
                counts[number] = int(line.split()[1])
                try:
                    cpu = sum(cpu_seconds(each.pid) for each in processes)
                    peaks[number] = peak_bytes(processes[number].pid)
                except (OSError, StopIteration):
                    continue
                samples.append(Sample(time.monotonic(), cpu, sum(counts)))

    threads = [threading.Thread(target=follow, args=(number,)) for number in range(len(processes))]
    for thread in threads:
        thread.start()
    try:
        deadline = time.monotonic() + DEADLINE_S
        for process in processes:
            if process.wait(timeout=max(1, deadline - time.monotonic())) != 0:
                raise RuntimeError(f"{name} ended with {process.returncode}")
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        for thread in threads:
            thread.join()
    return samples, sum(peaks)


# The engines

def run_bare(work, bare, *options):
    run = subprocess.run([bare, "--bootstrap", work.bootstrap, "--topics", work.topic, *options], check=True, stdout=subprocess.PIPE,
                         text=True)
    told = json.loads(run.stdout)
    if told["records"] != work.posts or (told["field_bytes"] == 0) == ("--fields" in options):
        raise RuntimeError(f"bare consumer: {told['records']} of {work.posts} records, {told['field_bytes']} bytes of fields")
    return {"per_s": work.posts / told["wall_s"], "per_cpu_s": told["records_per_cpu_s"], "peak": told["max_rss_mb"] * 1024 * 1024,
            "seconds": told["wall_s"]}


def metric_counts(name, work, topic):
    reader = subprocess.Popen(["kcat", "-q", "-b", work.bootstrap, "-C", "-t", topic, "-o", "beginning", "-e", "-X",
                               "isolation.level=read_committed", "-f", "%s\n"], stdout=subprocess.PIPE, text=True)
    found, epochs = {}, {}
    for line in reader.stdout:
        record = json.loads(line) if '"window_s":60,' in line else None
        if record is None:
            continue
        text = record["window_end"]
        if text not in epochs:
            epochs[text] = int(datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp())
        key = record["brand_id"], epochs[text]
        if key in found:
            raise RuntimeError(f"{name}: {key} is there twice")
        found[key] = record["mentions"]
    if reader.wait() != 0:
        raise RuntimeError(f"kcat ended with {reader.returncode}")
    return found


def run_tocsin(work, tocsin, every, sizes, name="tocsin"):
    deployment = f"peers-{time.time_ns()}"
    with open(os.path.join(work.folder, "config.yaml"), "w", encoding="utf-8") as out:
        out.write(CONFIG.format(bootstrap=work.bootstrap, deployment=deployment, every=f"{every}s", sizes=sizes))
    service = end_to_end.Service(tocsin, work.folder)
    try:
        service.wait_for(service.has_port, "the port of /metrics")
        samples = []

        def all_done():
            metrics = service.metrics()
            posts = sum(metrics.get("tocsin_posts_consumed_total", [0]))
            samples.append(Sample(time.monotonic(), cpu_seconds(service.process.pid), posts))
            return posts == work.posts and min(metrics.get("tocsin_watermark_timestamp_seconds", [0])) >= work.last_end

        service.wait_for(all_done, "all posts read and windows closed")
        peak = peak_bytes(service.process.pid)
        if service.stop() != 0:
            raise RuntimeError(service.text())
    finally:
        service.kill()
    check(name, work, metric_counts(name, work, "metrics." + deployment), every)
    return figures(work, samples, peak)


def run_peer(name, work, commands, environment=None, brand_names=None):
    """Runs processes that write lines of brand, window end, mentions, negative into out.* in the folder PEER_FOLDER."""
    folder = tempfile.mkdtemp(prefix=name + "-", dir=work.folder)
    try:
        fill = {"bootstrap": work.bootstrap, "watchlist": work.watchlist, "folder": folder, "posts": work.posts}
        variables = dict(os.environ, **{key: value.format(**fill) for key, value in (environment or {}).items()})
        samples, peak = watch(name, [subprocess.Popen([part.format(**fill) for part in command], stdout=subprocess.PIPE, text=True,
                                                      env=variables, preexec_fn=kafka_broker.die_with_parent)
                                     for command in commands])
        found = {}
        for file in os.listdir(folder):
            if not file.startswith("out."):
                continue
            with open(os.path.join(folder, file), encoding="utf-8") as lines:
                for line in lines:
                    brand, end, mentions, _ = line.split("\t")
                    found[brand_names[int(brand)] if brand_names else brand, int(end)] = int(mentions)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    check(name, work, found)
    return figures(work, samples, peak)


def prepare_java(profile, sources):
    """The class path, after fetching and compiling."""
    libs, classes = os.path.join(BUILD, profile), os.path.join(BUILD, profile + "-classes")
    pom = os.path.join(PEERS, "pom.xml")
    stamp = os.path.join(libs, "complete")
    if not os.path.exists(stamp) or os.path.getmtime(stamp) < os.path.getmtime(pom):
        shutil.rmtree(libs, ignore_errors=True)
        subprocess.run(["mvn", "-q", "-B", "-f", pom, "-P", profile, "dependency:copy-dependencies", "-DincludeScope=runtime",
                        "-DoutputDirectory=" + libs], check=True)
        with open(stamp, "w", encoding="utf-8"):
            pass
    os.makedirs(classes, exist_ok=True)
    subprocess.run(["javac", "-nowarn", "-cp", libs + "/*", "-d", classes,
                    *[os.path.join(PEERS, each + ".java") for each in ("Mentions", "Progress", *sources)]], check=True)
    return libs + "/*" + os.pathsep + classes


def prepare_python():
    folder = os.path.join(BUILD, "python")
    wanted = os.path.join(PEERS, "requirements.txt")
    stamp = os.path.join(folder, "complete")
    if not os.path.exists(stamp) or os.path.getmtime(stamp) < os.path.getmtime(wanted):
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([os.path.join(folder, "bin", "pip"), "install", "-q", "--disable-pip-version-check", "-r", wanted], check=True)
        with open(stamp, "w", encoding="utf-8"):
            pass
    return os.path.join(folder, "bin", "python")


def run_java(name, work, class_path, main, *options):
    with open(work.watchlist, encoding="utf-8") as lines:
        names = [line.split("\t")[0] for line in lines]
    return run_peer(name, work, [[*JAVA, *options, "-cp", class_path, main, "{bootstrap}", "{watchlist}", "{folder}",
                                  "{posts}"]], brand_names=names)


def run_bytewax(work, python):
    ports = kafka_broker.free_ports(2)
    addresses = ";".join(f"127.0.0.1:{port}" for port in ports)
    return run_peer("bytewax", work, [[python, "-m", "bytewax.run", os.path.join(PEERS, "mentions.py"), "-i", str(number), "-a",
                                       addresses] for number in range(2)],
                    {"PEER_BOOTSTRAP": "{bootstrap}", "PEER_WATCHLIST": "{watchlist}", "PEER_FOLDER": "{folder}",
                     "PEER_TOPIC": work.topic})


def engines(arguments):
    """{name: (description, what runs it on a Work)} of those asked for, made ready."""
    wanted = arguments.engines.split(",")
    tocsin, bare = os.path.abspath(arguments.tocsin), os.path.abspath(arguments.bare)
    plain = os.path.abspath(arguments.plain or os.path.join(os.path.dirname(bare), "bench_plain_run"))
    if "tocsin_plain" in wanted and not os.access(plain, os.X_OK):
        raise RuntimeError(f"Tocsin without transactions is not there: build the target bench_plain_run; path={plain}")
    flink = streams = python = ""
    if any(name.startswith("flink") for name in wanted):
        flink = prepare_java("flink", ("FlinkPosts", "FlinkDataStream", "FlinkSql"))
    if "streams" in wanted:
        streams = prepare_java("streams", ("StreamsMentions",))
    if "bytewax" in wanted:
        python = prepare_python()
    known = {
        "bare": ("bare librdkafka consumer", lambda work: run_bare(work, bare)),
        "bare_parse": ("librdkafka and simdjson on demand: text and timestamp_ms",
                       lambda work: run_bare(work, bare, "--fields", "text,timestamp_ms")),
        "tocsin": ("**Tocsin**, exactly-once, every window written", lambda work: run_tocsin(work, tocsin, 5, "60s")),
        "tocsin_shipped": ("Tocsin, exactly-once, metrics as shipped (every 60 s, windows of 1 min to 1 h)",
                           lambda work: run_tocsin(work, tocsin, 60, "60s, 5m, 15m, 1h", "tocsin_shipped")),
        "tocsin_plain": ("Tocsin without transactions, every window written",
                         lambda work: run_tocsin(work, plain, 5, "60s", "tocsin_plain")),
        "flink": (f"Flink {version('flink', 'flink-streaming-java')} DataStream",
                  lambda work: run_java("flink", work, flink, "FlinkDataStream", *OPENS)),
        "flink_sql": (f"Flink {version('flink', 'flink-streaming-java')} SQL, two-phase HOP",
                      lambda work: run_java("flink_sql", work, flink, "FlinkSql", *OPENS)),
        "streams": (f"Kafka Streams {version('streams', 'kafka-streams')}, grace 600 s",
                    lambda work: run_java("streams", work, streams, "StreamsMentions")),
        "bytewax": ("bytewax 0.21.1, wait 600 s, two processes", lambda work: run_bytewax(work, python)),
    }
    return {name: known[name] for name in wanted}


def version(profile, jar):
    folder = os.path.join(BUILD, profile)
    names = os.listdir(folder) if os.path.isdir(folder) else []
    return next((found.group(1) for found in (re.match(jar + r"-(\d[\d.]*)\.jar$", name) for name in names) if found), "")


# The table

def middle(values, form):
    """The median, and from what to what the rounds go."""
    text = form(statistics.median(values))
    return text if len(values) == 1 else f"{text} ({form(min(values))} to {form(max(values))})"


def ratios(rows, name):
    """Of posts per CPU second, of each round, to the best peer's in it; to the only round of who had but one."""
    values = []
    for number, row in enumerate(rows[name]):
        peers = [runs[min(number, len(runs) - 1)]["per_cpu_s"] for each, runs in rows.items()
                 if each.split("_")[0] not in ("bare", "tocsin")]
        if peers:
            values.append(row["per_cpu_s"] / max(peers))
    return values


def table(rows, known, works):
    lines = ["| | posts per CPU second | to the best peer | posts/s on both cores | MB/s | peak memory, MB | run, s |",
             "|---|---|---|---|---|---|---|"]
    for name, runs in rows.items():
        size = works[name].bytes / works[name].posts
        to_best = ratios(rows, name)
        lines.append(f"| {known[name][0]} | {middle([run['per_cpu_s'] for run in runs], lambda value: f'{value:,.0f}')} | "
                     f"{middle(to_best, lambda value: f'{value:.2f}x') if to_best else ''} | "
                     f"{middle([run['per_s'] for run in runs], lambda value: f'{value:,.0f}')} | "
                     f"{statistics.median(run['per_s'] for run in runs) * size / 1e6:,.0f} | "
                     f"{max(run['peak'] for run in runs) / 1e6:,.0f} | "
                     f"{middle([run['seconds'] for run in runs], lambda value: f'{value:.0f}')} |")
    return lines


def output_of(*command):
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return run.stdout.splitlines()[0].strip() if run.stdout else ""


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as text:
        model = next((line.split(":", 1)[1].strip() for line in text if line.startswith("model name")), "unknown processor")
    with open("/proc/meminfo", encoding="utf-8") as text:
        memory = int(text.readline().split()[1]) // 1024 // 1024
    return (f"{os.cpu_count()} cores of {model}, {memory} GiB, Linux {os.uname().release}; {output_of('java', '-version')}; "
            f"Python {sys.version.split()[0]}")


def report(arguments, rows, known, works, loads):
    work = works[next((name for name in rows if name != "bytewax"), "bytewax")]
    plain = f"--plain {arguments.plain} " if arguments.plain else ""
    whole = [name for name in rows if "tenths" not in rows[name][0] or name == "bytewax"]
    command = (f"python3 bench/kafka/peers.py --tocsin {arguments.tocsin} --bare {arguments.bare} {plain}"
               f"--posts {arguments.posts} --rounds {arguments.rounds} --from {arguments.first} --bytewax-posts {arguments.bytewax_posts} "
               f"--once {arguments.once} --engines {arguments.engines}")
    text = [f"# Beside other engines, {arguments.date}", "", "    " + command, "",
            f"{work.posts:,} posts of {work.bytes / work.posts:,.0f} bytes; {len(work.expected):,} windows with mentions, in each run equal "
            f"to the generator's truth. Measured from {arguments.first:.0%} to {LAST_MARK:.0%} of the posts; the median of the rounds, and "
            f"from what to what they go. {', '.join(whole) or 'No row'}: the whole run. Load of the machine (1 minute) before each run: "
            f"{min(loads):.1f} to {max(loads):.1f}.", "",
            f"{machine()}. Apache Kafka {version_of_broker()} on the same machine.", "", *table(rows, known, works), ""]
    if "bytewax" in rows:
        text += [f"bytewax has {works['bytewax'].posts:,} posts; it has no compiler that warms up, and is measured as a whole.", ""]
    text += ["Posts per CPU second, in thousands, of the second to the ninth tenth of the posts, last round:", ""]
    text += [f"- {known[name][0]}: " + ", ".join(f"{each / 1000:.0f}" for each in runs[-1]["tenths"])
             for name, runs in rows.items() if "tenths" in runs[-1]]
    return "\n".join(text) + "\n"


def version_of_broker():
    names = os.listdir(kafka_broker.LIBS)
    return next(found.group(1) for found in (re.match(r"kafka-clients-(\d[\d.]*)\.jar$", name) for name in names) if found)


def rounded(value):
    return [round(each) for each in value] if isinstance(value, list) else round(value)


def run_rounds(arguments, known, works):
    """Yields after each round what all have given: {name: figures of its rounds}, and the loads before each run."""
    rows, loads = collections.defaultdict(list), []
    for number in range(arguments.rounds):
        for name, (_, run) in list(known.items())[::-1 if number % 2 else 1]:
            if number and name in arguments.once.split(","):
                continue
            loads.append(os.getloadavg()[0])
            row = run(works[name])
            rows[name].append(row)
            print(json.dumps({"round": number, "engine": name, **{key: rounded(value) for key, value in row.items()}}), flush=True)
        yield rows, loads


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--bare", required=True, help="target bench_bare_consumer")
    parser.add_argument("--plain", help="target bench_plain_run (default: beside --bare)")
    parser.add_argument("--posts", type=int, default=8_000_000)
    parser.add_argument("--bytewax-posts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--from", dest="first", type=float, default=0.2, help="share of the posts from which on is measured")
    parser.add_argument("--once", default="streams,bytewax", help="engines that have only the first round")
    parser.add_argument("--engines", default="bare,bare_parse,tocsin,tocsin_plain,tocsin_shipped,flink,flink_sql,streams,bytewax")
    parser.add_argument("--date", default=datetime.date.today().isoformat(), help="of the file's name")
    parser.add_argument("--write", action="store_true", help="bench/results/DATE-peers.md")
    arguments = parser.parse_args()
    known = engines(arguments)
    folder = tempfile.mkdtemp(prefix="tocsin-peers-")
    try:
        settings = {"auto.create.topics.enable": "true"}
        with kafka_broker.Broker(partitions_default=4, settings=settings, heap="1g") as running:
            tocsin, works = os.path.abspath(arguments.tocsin), {}
            if any(name != "bytewax" for name in known):
                work = load(tocsin, running.bootstrap, "posts", folder, arguments.posts,
                            (arguments.first, LAST_MARK))
                works = {name: work for name in known}
            if "bytewax" in known:
                works["bytewax"] = load(tocsin, running.bootstrap, "fewer-posts", folder, arguments.bytewax_posts,
                                        WHOLE_RUN)
            for rows, loads in run_rounds(arguments, known, works):
                text = report(arguments, rows, known, works, loads)
                if arguments.write:
                    with open(os.path.join(ROOT, "bench", "results", arguments.date + "-peers.md"), "w", encoding="utf-8") as out:
                        out.write(text)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

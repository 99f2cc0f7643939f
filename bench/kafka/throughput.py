"""Posts per CPU second of `tocsin run`, beside a bare librdkafka consumer that throws the records away, in one run.

The workload is that of tests/pipeline/end_to_end.py (about 2.4 KB a post, a third of them matched, duplicates, malformed
records, four uneven partitions), exactly-once on, brand metrics every minute. CPU seconds are those of the whole
process, all threads, so that they bear a busy machine better than the clock does. Rounds are interleaved.

With several --flush each round runs all of these settings of flush.every, and the last line is what one more transaction of
ingest costs: CPU seconds over transactions, by least squares over all runs. The price of exactly-once for who flushes every
second is that cost, workers times a second; what it would be without transactions is the line at none.

With --plain it is measured what transactions cost: each round is a pair of runs, begun by either in turn: `tocsin run`, and
the same code with the same records and flushes, but a plain producer (idempotent, acks=all) and offsets that are committed as
any consumer does it, at least once (bench/kafka/plain_run). Both must find as many mentions. Printed are posts per CPU second
of each, their ratio in each pair, the ratio of the best run of either, which the machine's other work disturbed least, and the
CPU seconds of the broker, which works for transactions too.

    throughput.py --tocsin build/release/bin/tocsin --bare build/release/bin/bench_bare_consumer [--posts N] [--rounds N]
                  [--flush 1s]...
    throughput.py --tocsin build/release/bin/tocsin --plain build/release/bin/bench_plain_run [--posts N] [--rounds N] [--flush 1s]...
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", folder) for folder in ("pipeline", os.path.join("kafka", "broker"))]
import broker as kafka_broker  # noqa: E402
import end_to_end  # noqa: E402

# Each round has a deployment, and so groups, and internal topics of its own.
CONFIG = (end_to_end.CONFIG.replace("deployment: end-to-end", "deployment: {deployment}").replace("every: 5s", "every: 60s")
          .replace("mentions_partitions: 8", "mentions_partitions: 8, mentions: \"mentions.{deployment}\", "
                                             "snapshots: \"snapshots.{deployment}\""))


def cpu_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measured(action):
    """(CPU seconds, seconds) of the children that `action` starts and waits for, and what it returns."""
    cpu, clock = cpu_seconds(), time.monotonic()
    result = action()
    return cpu_seconds() - cpu, time.monotonic() - clock, result


def process_cpu_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_tocsin(tocsin, folder, bootstrap, records, deployment, flush):
    """The number of transactions of ingest, the process's largest resident set, its mentions and the bytes of their blocks."""
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as out:
        out.write(CONFIG.format(bootstrap=bootstrap, deployment=deployment) + f"flush: {{every: {flush}}}\n")
    service = end_to_end.Service(tocsin, folder)
    try:
        service.wait_for(service.has_port, "the port of /metrics")
        service.wait_for(lambda: sum(service.metrics().get("tocsin_posts_consumed_total", [0])) == records,
                         "all records read")
        metrics = {name: sum(values) for name, values in service.metrics().items()}
        with open(f"/proc/{service.process.pid}/status", encoding="utf-8") as status:
            peak = next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
        if service.stop() != 0:
            raise RuntimeError(service.text())
        return (metrics["tocsin_ingest_flush_duration_seconds_count"], peak, metrics["tocsin_mentions_total"],
                metrics["tocsin_blocks_written_bytes_total"])
    finally:
        service.kill()


def pairs(arguments, bootstrap, broker_pid, folder, records):
    """One dictionary a pair: posts per CPU second, transactions (or flushes) and the broker's CPU seconds of both ways."""
    for flush in arguments.flush or ["1s"]:
        found = []
        for number in range(-1, arguments.rounds):  # the first pair warms the broker up and does not count
            ways = [("transactions", arguments.tocsin), ("plain", arguments.plain)]
            pair, mentions = {}, set()
            for name, binary in ways if number % 2 == 0 else reversed(ways):
                broker = process_cpu_seconds(broker_pid)
                cpu, clock, (flushes, _, matched, _) = measured(
                    lambda way=(name, binary): run_tocsin(os.path.abspath(way[1]), folder, bootstrap, records,
                                                          f"{way[0]}-{number}-{flush}", flush))
                pair.update({name: records / cpu, f"{name} s": clock, f"{name} flushes": flushes,
                             f"{name} broker": process_cpu_seconds(broker_pid) - broker})
                mentions.add(matched)
            if len(mentions) != 1:
                raise RuntimeError(f"not the same work: {mentions} mentions")
            pair["ratio"] = pair["transactions"] / pair["plain"]
            if number >= 0:
                found.append(pair)
            print("pair" if number >= 0 else "warming up", json.dumps({key: round(value, 3 if key == "ratio" else 1) for key, value in pair.items()}), flush=True)
        middle = {key: statistics.median(pair[key] for pair in found) for key in found[0]}
        ratios = sorted(pair["ratio"] for pair in found)
        print(f"flush.every {flush}: {records} records, {len(found)} pairs, posts per CPU second: with transactions "
              f"{middle['transactions']:,.0f} ({middle['transactions flushes']:.0f} flushes, broker {middle['transactions broker']:.1f} CPU "
              f"s), without {middle['plain']:,.0f} ({middle['plain flushes']:.0f}, {middle['plain broker']:.1f}); ratio of a pair: median "
              f"{middle['ratio']:.3f}, from {ratios[0]:.3f} to {ratios[-1]:.3f}: transactions cost {100 * (1 - middle['ratio']):.1f} %; of the "
              f"least disturbed runs: {max(pair['transactions'] for pair in found) / max(pair['plain'] for pair in found):.3f}",
              flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--bare", help="target bench_bare_consumer")
    parser.add_argument("--plain", help="target bench_plain_run: pairs with and without transactions instead")
    parser.add_argument("--posts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flush", action="append", metavar="EVERY", help="flush.every (default: 1s); may be repeated")
    arguments = parser.parse_args()
    flushes = arguments.flush or ["1s"]
    if not arguments.bare and not arguments.plain:
        parser.error("--bare or --plain is needed")
    tocsin, bare = os.path.abspath(arguments.tocsin), os.path.abspath(arguments.bare or "")
    folder = tempfile.mkdtemp(prefix="tocsin-throughput-")
    try:
        files = end_to_end.generate(tocsin, folder, arguments.posts, crisis=False)
        records = end_to_end.count_lines(files)
        size = sum(os.path.getsize(path) for path in files)
        settings = {"auto.create.topics.enable": "true"}
        rows, runs = [], []
        with kafka_broker.Broker(partitions_default=4, settings=settings, heap="1g") as running:
            end_to_end.load(running.bootstrap, files)
            if arguments.plain:
                pairs(arguments, running.bootstrap, running.pid, folder, records)
                return 0
            for number in range(arguments.rounds):
                plain = measured(lambda: subprocess.run([bare, "--bootstrap", running.bootstrap, "--topics", "posts"], check=True,
                                                        stdout=subprocess.DEVNULL))
                row = {"bare": records / plain[0], "bare_wall": records / plain[1]}
                for flush in flushes:
                    cpu, clock, (transactions, peak, mentions, block_bytes) = measured(
                        lambda each=flush: run_tocsin(tocsin, folder, running.bootstrap, records, f"round-{number}-{each}", each))
                    runs.append((transactions, cpu))
                    row.update({f"tocsin {flush}": records / cpu, f"wall {flush}": records / clock, f"transactions {flush}": transactions,
                                f"peak MB {flush}": peak / 1e6, f"bytes a mention {flush}": block_bytes / mentions})
                rows.append(row)
                print(json.dumps({key: round(value) for key, value in row.items()}), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    middle = {key: statistics.median(row[key] for row in rows) for key in rows[0]}
    said = ", ".join(f"tocsin run {middle[f'tocsin {flush}']:,.0f} with flush.every {flush} "
                     f"(ratio {middle[f'tocsin {flush}'] / middle['bare']:.2f}, {middle[f'transactions {flush}']:.0f} transactions)"
                     for flush in flushes)
    print(f"{records} records of {size / records:.0f} bytes, median of {len(rows)} interleaved rounds, per CPU second: bare "
          f"consumer {middle['bare']:,.0f}, {said}")
    if len(flushes) > 1:
        slope, without = statistics.linear_regression(*zip(*runs))
        print(f"a transaction of ingest costs {1e3 * slope:.2f} ms of CPU; without any, {records / without:,.0f} records per CPU second")
    return 0


if __name__ == "__main__":
    sys.exit(main())

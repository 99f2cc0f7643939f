"""A rolling restart of all processes under load, or an upgrade from another build, held against the oracle.

Two processes of each role run, as the chart's StatefulSets do. While posts flow, each in turn is sent SIGTERM, must end with 0,
and is started again under the same number and waited for until it is ready: detect before ingest, as docs/DEPLOY.md has it. With
--from the first processes are of that build and those started again of --tocsin. Afterwards the same must hold as in faults.py.

    rolling.py --tocsin build/release/bin/tocsin [--from OTHER/tocsin] [--rounds N] [--posts N] [--crisis] [--keep DIR]
"""

import argparse
import os
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", "pipeline"), os.path.dirname(os.path.abspath(__file__))]
import end_to_end  # noqa: E402
import faults  # noqa: E402
from end_to_end import brand_metrics  # noqa: E402

EACH = 2  # processes of a role
RESTART_S = 4  # of load for one restart, about: drain, start, take-over
CONFIG = faults.CONFIG.replace("workers: {{ingest: 1, detect: 1}}\n", "")


class Process(faults.Process):
    """One pod of a role."""

    def __init__(self, tocsin, folder, role, ordinal):
        self.role, self.ordinal = role, ordinal
        self.folder = folder
        self.log_path = os.path.join(folder, f"{role}-{ordinal}.log")
        self.peak_mb = 0
        self.launch(tocsin)

    def launch(self, tocsin):
        self.command = [tocsin, "run", "--config", "config.yaml", "--set", f"roles=[{self.role}]", "--ordinal", str(self.ordinal)]
        self.start()

    def wait_until_ready(self):
        self.wait_for(self.has_port, "the port of /metrics")
        self.wait_for(self.ready, "/readyz")

    def roll(self, tocsin):
        """Seconds that the drain took, and the whole of it."""
        began = time.monotonic()
        self.drain()
        drained = time.monotonic()
        self.log.close()
        self.launch(tocsin)
        self.wait_until_ready()
        return drained - began, time.monotonic() - began


def roll_all(rounds, tocsin, processes):
    drains, wholes = [], []
    for _ in range(rounds):
        for process in processes:
            drain, whole = process.roll(tocsin)
            drains.append(drain)
            wholes.append(whole)
    print(f"{len(drains)} restarts: drain {max(drains):.1f} s at most, ready again after {max(wholes):.1f} s at most", flush=True)


def check(arguments, folder, broker):
    tocsin = os.path.abspath(arguments.tocsin)
    first = os.path.abspath(arguments.first or arguments.tocsin)
    files = end_to_end.generate(tocsin, folder, arguments.posts, arguments.crisis)
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as config:
        config.write(CONFIG.format(bootstrap=broker.bootstrap))
    counts, expected, end_s = brand_metrics.oracle([(path, "twitter_v1") for path in files],
                                                   os.path.join(folder, "watchlist.yaml"), end_to_end.MODEL)
    feeder = faults.Feeder(broker.bootstrap, files, 10 + RESTART_S * 2 * EACH * arguments.rounds)
    feeder.start()
    time.sleep(1)  # the topic appears with its first record
    processes = [Process(first, folder, role, ordinal) for role in ("detect", "ingest") for ordinal in range(EACH)]
    try:
        for process in processes:
            process.wait_until_ready()
        roll_all(arguments.rounds, tocsin, processes)
        share = min(sent / len(lines) for sent, lines in zip(feeder.sent, feeder.lines))
        print(f"{share:.0%} of the posts had been fed when the last process was ready")
        feeder.finish()
        # Watermarks are of detect.
        faults.wait_until_closed([process for process in processes if process.role == "detect"], end_s)
        for process in processes:
            process.drain()
    finally:
        feeder.kill()
        for process in processes:
            process.kill()
    return end_to_end.compare_run(tocsin, folder, broker.bootstrap, files, counts, expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--from", dest="first", help="the binary that the first processes are of: an upgrade")
    parser.add_argument("--rounds", type=int, default=2, help="restarts of each process")
    parser.add_argument("--posts", type=int, default=30_000)
    parser.add_argument("--crisis", action="store_true", help="the demo's scenario, so that there are signals")
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()
    return end_to_end.run_on_broker(arguments.keep, "tocsin-rolling-", lambda folder, broker: check(arguments, folder, broker))


if __name__ == "__main__":
    sys.exit(main())

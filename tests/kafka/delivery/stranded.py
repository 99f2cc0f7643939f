"""A stop while there is no broker: it ends within its limit, and nothing is lost.

`tocsin run` is sent SIGTERM once while it works and once while it starts, both times with the broker gone. It can't drain then; it
must say so and end with 1 when `limits.drain` is over, however long its requests would still wait, and must not knock at the broker's
door all the time meanwhile. After the broker has come back, the process is started again, and the same must hold as in faults.py.

    stranded.py --tocsin build/release/bin/tocsin [--posts N] [--keep DIR]
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", "pipeline"), os.path.dirname(os.path.abspath(__file__))]
import end_to_end  # noqa: E402
import faults  # noqa: E402
from end_to_end import brand_metrics  # noqa: E402

# A look for a newer configuration waits 40 s for an answer, and there is always one on its way.
CONFIG = faults.CONFIG + "limits: {{drain: 2s}}\nreload: {{every: 1ms}}\n"
ENDS_S = 30  # far more than the limit, and less than a request waits
LATE = "not drained in time"
# Of some ten clients that wait 50 ms to 2 s before the next attempt, within 2 s. One that does not wait makes thousands.
KNOCKS_MOST = 400


class Door(threading.Thread):
    """Takes connections at the broker's port and closes them, until the end of the block; `knocks` counts them."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", port), reuse_port=True)
        self.listener.settimeout(0.1)
        self.knocks = 0
        self.closed = threading.Event()

    def run(self):
        while not self.closed.is_set():
            try:
                self.listener.accept()[0].close()
                self.knocks += 1
            except TimeoutError:
                pass

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.closed.set()
        self.join()
        self.listener.close()


def expect_end(process, when):
    process.process.send_signal(signal.SIGTERM)
    try:
        code = process.process.wait(timeout=ENDS_S)
    except subprocess.TimeoutExpired as late:
        process.kill()
        raise RuntimeError(f"{when}: still there {ENDS_S} s after SIGTERM:\n{process.text()[-4000:]}") from late
    if code != 1 or LATE not in process.text():
        raise RuntimeError(f"{when}: ended with {code}, and not because of its limit:\n{process.text()[-4000:]}")
    print(f"{when}: ended by its limit", flush=True)


def check(arguments, folder, broker):
    tocsin = os.path.abspath(arguments.tocsin)
    files = end_to_end.generate(tocsin, folder, arguments.posts, False)
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as config:
        config.write(CONFIG.format(bootstrap=broker.bootstrap))
    counts, expected, end_s = brand_metrics.oracle([(path, "twitter_v1") for path in files],
                                                   os.path.join(folder, "watchlist.yaml"), end_to_end.MODEL)
    feeder = faults.Feeder(broker.bootstrap, files, 10)
    process = None
    try:
        feeder.start()
        process = faults.Process(tocsin, folder, 0)
        process.wait_for(process.has_port, "the port of /metrics")
        process.wait_for(process.ready, "/readyz")
        broker.kill()
        with Door(broker.port) as door:
            expect_end(process, "stopped while working")
        print(f"{door.knocks} connections meanwhile", flush=True)
        if door.knocks > KNOCKS_MOST:
            raise RuntimeError(f"{door.knocks} connections to a broker that is not there")
        process.start()
        process.wait_for(lambda: "Connection refused" in process.text(), "an attempt to reach the broker")
        expect_end(process, "stopped while starting")
        broker.restart()
        process.start()
        feeder.finish()
        faults.wait_until_closed([process], end_s)
        process.drain()
    finally:
        feeder.kill()
        if process is not None:
            process.kill()
    return end_to_end.compare_run(tocsin, folder, broker.bootstrap, files, counts, expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()
    return end_to_end.run_on_broker(arguments.keep, "tocsin-stranded-", lambda folder, broker: check(arguments, folder, broker))


if __name__ == "__main__":
    sys.exit(main())

"""Two processes of `tocsin run` that reach a real Kafka only through a proxy which breaks connections around the end of
transactions (proxy.py says how), held against the oracle as in faults.py.

    cuts.py --tocsin build/release/bin/tocsin [--share 0.2] [--least N] [--posts N] [--crisis] [--seed N] [--keep DIR]
"""

import argparse
import os
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", "pipeline"), os.path.dirname(os.path.abspath(__file__))]
import end_to_end  # noqa: E402
import faults  # noqa: E402
from end_to_end import brand_metrics, kafka_broker  # noqa: E402
from proxy import Proxy  # noqa: E402

PROCESSES = 2


class ProxiedBroker(kafka_broker.Broker):
    """Has a listener more, whose clients are told to come through the proxy."""

    def __init__(self, proxy, **keywords):
        super().__init__(**keywords)
        self.proxy = proxy

    def _write_properties(self):
        self.proxy.target = kafka_broker.free_ports(1)[0]
        own = f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port},PROXIED://127.0.0.1:"
        self.settings["listeners"] = own + str(self.proxy.target)
        self.settings["advertised.listeners"] = own + str(self.proxy.port)
        self.settings["listener.security.protocol.map"] = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT"
        super()._write_properties()


def check(arguments, folder, tocsin, broker, proxy):
    files = end_to_end.generate(tocsin, folder, arguments.posts, arguments.crisis)
    with open(os.path.join(folder, "config.yaml"), "w", encoding="utf-8") as config:
        config.write(faults.CONFIG.format(bootstrap=f"127.0.0.1:{proxy.port}"))
    counts, expected, end_s = brand_metrics.oracle([(path, "twitter_v1") for path in files],
                                                   os.path.join(folder, "watchlist.yaml"), end_to_end.MODEL)
    feeder = faults.Feeder(broker.bootstrap, files, arguments.seconds)
    feeder.start()
    time.sleep(1)  # the topic appears with its first record
    processes = [faults.Process(tocsin, folder, ordinal) for ordinal in range(PROCESSES)]
    restarts = 0
    try:
        feeder.finish()
        faults.wait_until_closed(processes, end_s)
        proxy.share = 0
        restarts = sum(process.text().count("worker failed") for process in processes)
        for process in processes:
            if process.stop() != 0:
                # The last transaction's end may have been broken just before: whoever starts anew finishes it.
                process.log.close()
                process.start()
                process.wait_for(process.has_port, "the port")
                process.wait_for(process.ready, "/readyz")
                process.drain()
    finally:
        feeder.kill()
        for process in processes:
            process.kill()
    cuts = sum(proxy.done.values())
    print(f"{proxy.seen} ends of transactions, {cuts} of them broken: {proxy.done}; {restarts} workers started again")
    problems = [] if cuts >= arguments.least else [f"only {cuts} were broken: nothing is shown"]
    return problems + end_to_end.compare_run(tocsin, folder, broker.bootstrap, files, counts, expected)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--share", type=float, default=0.2, help="of ends of transactions that are broken")
    parser.add_argument("--least", type=int, default=8, help="so many must have been")
    parser.add_argument("--seconds", type=float, default=40, help="of feeding")
    parser.add_argument("--posts", type=int, default=20_000)
    parser.add_argument("--crisis", action="store_true", help="the demo's scenario, so that there are signals")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()
    proxy = Proxy(arguments.share, arguments.seed)
    proxy.start()
    return end_to_end.run_on_broker(
        arguments.keep, "tocsin-cuts-",
        lambda folder, broker: check(arguments, folder, os.path.abspath(arguments.tocsin), broker, proxy),
        lambda **keywords: ProxiedBroker(proxy, **keywords))


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Runs a command with a real broker whose address is in TOCSIN_TEST_BROKER, and stops the broker whatever happens.

    run_with_broker.py [--partitions-default N] [--set KEY=VALUE]... [--user NAME=PASSWORD]... [--heap 512m] -- COMMAND...

With users there is a listener at TOCSIN_TEST_BROKER_SASL too, at which they may do only what ACLs allow (broker.py).
Exit code: the command's; 77 (ctest: skipped) without Java; 1 if the broker does not start.
"""

import argparse
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "broker"))
import broker as kafka  # noqa: E402  pylint: disable=wrong-import-position

SKIPPED = 77


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--partitions-default", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--user", action="append", default=[], metavar="NAME=PASSWORD")
    parser.add_argument("--heap", default="512m")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    if not kafka.have_java():
        print("skipped: java is missing (deploy/dependencies.sh --tests)")
        return SKIPPED
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # unwinds, so that the broker is stopped
    try:
        settings = dict(each.split("=", 1) for each in arguments.set)
        users = dict(each.split("=", 1) for each in arguments.user)
        with kafka.Broker(arguments.partitions_default, settings, heap=arguments.heap, users=users) as node:
            environment = dict(os.environ, TOCSIN_TEST_BROKER=node.bootstrap)
            if node.sasl_bootstrap:
                environment["TOCSIN_TEST_BROKER_SASL"] = node.sasl_bootstrap
            child = subprocess.Popen(arguments.command, env=environment, preexec_fn=kafka.die_with_parent)
            try:
                code = child.wait()
            finally:
                if child.poll() is None:
                    child.kill()
                    child.wait()
            if code != 0:
                print(kafka.tail(os.path.join(node.directory, "broker.log"), 15), file=sys.stderr)
            return code if code >= 0 else 1
    except kafka.BrokerError as error:
        print(f"run_with_broker: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

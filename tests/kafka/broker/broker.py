#!/usr/bin/env python3
"""A real Apache Kafka broker for tests: one KRaft node on free loopback ports.

    broker.py fetch                                        the jars into build/kafka/libs, once
    broker.py start [--partitions-default N] [--set KEY=VALUE]... [--dir DIR] [--heap 512m]
                                                           prints {"bootstrap": ..., "pid": ..., "dir": ...} once it answers
    broker.py stop --dir DIR [--keep]                      ends it by pid and removes DIR

As a module:  with Broker(settings={"log.retention.ms": "1000"}) as broker: use(broker.bootstrap)

A broker of the context manager dies with its parent; one of `start` outlives it until `stop`.
"""

import argparse
import ctypes
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
LIBS = os.path.join(ROOT, "build", "kafka", "libs")
CLUSTER_ID = "dG9jc2luLXRlc3RzMDAwMA"
START_ATTEMPTS = 5
START_SECONDS = 120
STOP_SECONDS = 30


class BrokerError(RuntimeError):
    """The broker could not be fetched, started or stopped."""


def have_java():
    return shutil.which("java") is not None


def fetch():
    """Copies Kafka and what it needs into build/kafka/libs, unless they are there. Safe to call concurrently."""
    os.makedirs(os.path.dirname(LIBS), exist_ok=True)
    with open(LIBS + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with open(os.path.join(HERE, "pom.xml"), encoding="utf-8") as pom_file:
            pom = pom_file.read()
        stamp = os.path.join(LIBS, "complete")
        if os.path.exists(stamp):
            with open(stamp, encoding="utf-8") as done:
                if done.read() == pom:
                    return
        if shutil.which("mvn") is None:
            raise BrokerError("Kafka's jars are not in build/kafka/libs and mvn is missing: deploy/dependencies.sh --tests")
        print("broker: fetching Apache Kafka with Maven", file=sys.stderr)
        shutil.rmtree(LIBS, ignore_errors=True)
        result = subprocess.run(
            ["mvn", "-q", "-B", "-f", os.path.join(HERE, "pom.xml"), "dependency:copy-dependencies",
             "-DincludeScope=runtime", "-DoutputDirectory=" + LIBS],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if result.returncode != 0:
            raise BrokerError("mvn failed:\n" + result.stdout)
        with open(stamp, "w", encoding="utf-8") as done:
            done.write(pom)


def free_ports(count):
    """Ports that were free a moment ago; a clash shows when the broker starts, which is then tried again."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def receive(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise ConnectionError("closed")
        data += part
    return data


def live_brokers(port):
    """How many brokers a Metadata (v1) request names: those that are unfenced, so that topics can be created."""
    client = b"probe"
    request = struct.pack(">hhih", 3, 1, 7, len(client)) + client + struct.pack(">i", 0)
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        size = struct.unpack(">i", receive(connection, 4))[0]
        return struct.unpack(">i", receive(connection, size)[4:8])[0]


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Broker:
    """One node, broker and controller. Not thread-safe.

    With `users` {name: password} there is a second listener, `sasl_bootstrap`, at which they log in with SASL/PLAIN, and an
    authorizer, which allows them nothing until ACLs say so; who comes through `bootstrap` may do everything.

    With `certificates` (a folder with broker.pem: key and chain, and ca.pem) there are two listeners over TLS:
    `scram_bootstrap`, at which `scram_users` {name: password} log in with SCRAM-SHA-512, and `mtls_bootstrap`, at which a
    client needs a certificate of that authority.
    """

    def __init__(self, partitions_default=1, settings=None, directory=None, heap="512m", detached=False, users=None,
                 certificates=None, scram_users=None):
        self.partitions_default = partitions_default
        self.settings = dict(settings or {})
        self.users = dict(users or {})
        self.certificates = certificates
        self.scram_users = dict(scram_users or {})
        self.heap = heap
        self.detached = detached
        self.directory = directory
        self.process = None
        self.bootstrap = self.sasl_bootstrap = self.scram_bootstrap = self.mtls_bootstrap = None
        self.pid = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        if not have_java():
            raise BrokerError("java is missing: deploy/dependencies.sh --tests")
        fetch()
        if self.directory is None:
            base = os.path.join(ROOT, "build", "kafka")
            self.directory = tempfile.mkdtemp(prefix="broker-", dir=base)
        else:
            self.directory = os.path.abspath(self.directory)
            os.makedirs(self.directory, exist_ok=True)
        for attempt in range(START_ATTEMPTS):
            if self._try_start():
                return self
            print(f"broker: a port was taken meanwhile, attempt {attempt + 2}", file=sys.stderr)
        raise BrokerError("no free ports found")

    def stop(self, keep=False):
        if self.process is not None:
            end_process(self.pid, self.process)
            self.process = None
        if self.directory and not keep:
            shutil.rmtree(self.directory, ignore_errors=True)

    def kill(self):
        """Ends it without a chance to shut down; the data stay for restart()."""
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def restart(self):
        """Starts it again on the same ports and data after kill() or stop(keep=True)."""
        if not self._launch():
            raise BrokerError("the broker's port was taken meanwhile")

    def _try_start(self):
        self.port, self.controller_port, self.sasl_port, self.scram_port, self.mtls_port = free_ports(5)
        self._write_properties()
        format_log = os.path.join(self.directory, "format.log")
        with open(format_log, "w", encoding="utf-8") as log:
            code = subprocess.run(
                self._java("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", CLUSTER_ID, "-c",
                           self._path("server.properties"), "--standalone",
                           *[part for name, password in self.scram_users.items()
                             for part in ("--add-scram", f"SCRAM-SHA-512=[name={name},password={password}]")]),
                stdout=log, stderr=subprocess.STDOUT, check=False).returncode
        if code != 0:
            raise BrokerError("formatting the storage failed:\n" + tail(format_log))
        if self._launch():
            return True
        shutil.rmtree(self._path("data"), ignore_errors=True)
        return False

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _java(self, *arguments):
        return ["java", "-Xms128m", "-Xmx" + self.heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
                "-Dlog4j2.configurationFile=" + os.path.join(HERE, "log4j2.properties"),
                "-cp", os.path.join(LIBS, "*"), *arguments]

    def _write_properties(self):
        properties = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.bootstrap.servers": f"127.0.0.1:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self._path("data"),
            "num.partitions": str(self.partitions_default),
            "auto.create.topics.enable": "false",
            "offsets.topic.num.partitions": "4",
            "offsets.topic.replication.factor": "1",
            "transaction.state.log.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "default.replication.factor": "1",
            "min.insync.replicas": "1",
            "group.initial.rebalance.delay.ms": "0",
            "log.retention.ms": "-1",  # generated posts bear event times of any year
            "log.cleaner.dedupe.buffer.size": "16777216",
            "num.network.threads": "2",
            "num.io.threads": "2",
        }
        if self.users:
            properties.update(self._sasl_properties(properties))
        if self.certificates:
            properties.update(self._tls_properties(properties))
        properties.update(self.settings)
        with open(self._path("server.properties"), "w", encoding="utf-8") as file:
            for key, value in properties.items():
                file.write(f"{key}={value}\n")

    def _sasl_properties(self, properties):
        listener = f",SASL://127.0.0.1:{self.sasl_port}"
        users = " ".join(f'user_{name}="{password}"' for name, password in self.users.items())
        return {
            "listeners": properties["listeners"] + listener,
            "advertised.listeners": properties["advertised.listeners"] + listener,
            "listener.security.protocol.map": properties["listener.security.protocol.map"] + ",SASL:SASL_PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.sasl.plain.sasl.jaas.config":
                f"org.apache.kafka.common.security.plain.PlainLoginModule required {users};",
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }

    def _tls_properties(self, properties):
        listeners = f",SCRAM://127.0.0.1:{self.scram_port},MTLS://127.0.0.1:{self.mtls_port}"
        return {
            "listeners": properties["listeners"] + listeners,
            "advertised.listeners": properties["advertised.listeners"] + listeners,
            "listener.security.protocol.map": properties["listener.security.protocol.map"] + ",SCRAM:SASL_SSL,MTLS:SSL",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
            "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.scram.scram-sha-512.sasl.jaas.config":
                "org.apache.kafka.common.security.scram.ScramLoginModule required;",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": os.path.join(self.certificates, "broker.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": os.path.join(self.certificates, "ca.pem"),
            "listener.name.mtls.ssl.client.auth": "required",
        }

    def _launch(self):
        """False if a port was taken; True once the broker answers."""
        log_path = self._path("broker.log")
        with open(log_path, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                self._java("kafka.Kafka", self._path("server.properties")), stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=None if self.detached else die_with_parent)
        self.pid = self.process.pid
        self.bootstrap = f"127.0.0.1:{self.port}"
        self.sasl_bootstrap = f"127.0.0.1:{self.sasl_port}" if self.users else None
        self.scram_bootstrap = f"127.0.0.1:{self.scram_port}" if self.certificates else None
        self.mtls_bootstrap = f"127.0.0.1:{self.mtls_port}" if self.certificates else None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                self.process = None
                text = tail(log_path, 200)
                if re.search("Address already in use|BindException", text):
                    return False
                raise BrokerError("the broker ended while starting:\n" + text)
            try:
                if live_brokers(self.port) > 0:
                    return True
            except (OSError, struct.error):
                pass
            time.sleep(0.05)
        end_process(self.pid, self.process)
        self.process = None
        raise BrokerError(f"the broker does not answer after {START_SECONDS} s:\n" + tail(log_path))


def tail(path, lines=40):
    with open(path, encoding="utf-8", errors="replace") as file:
        return "".join(file.readlines()[-lines:])


def alive(pid):
    try:
        os.kill(pid, 0)
        return True
    except ProcessLookupError:
        return False


def end_process(pid, process=None):
    """SIGTERM, then SIGKILL if it takes too long."""
    for number, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if process.poll() is not None if process else not alive(pid):
                return
            time.sleep(0.02)
    raise BrokerError(f"process {pid} does not end")


def is_broker(pid, directory):
    """A pid file may be older than the process that has its number today."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return os.fsencode(directory) in file.read()
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("fetch")
    start = commands.add_parser("start")
    start.add_argument("--partitions-default", type=int, default=1)
    start.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    start.add_argument("--dir")
    start.add_argument("--heap", default="512m")
    stop = commands.add_parser("stop")
    stop.add_argument("--dir", required=True)
    stop.add_argument("--keep", action="store_true", help="leave the data and the log")
    arguments = parser.parse_args()
    try:
        if arguments.command == "fetch":
            fetch()
        elif arguments.command == "start":
            settings = dict(each.split("=", 1) for each in arguments.set)
            broker = Broker(arguments.partitions_default, settings, arguments.dir, arguments.heap, detached=True).start()
            with open(os.path.join(broker.directory, "pid"), "w", encoding="utf-8") as file:
                file.write(str(broker.pid))
            print(json.dumps({"bootstrap": broker.bootstrap, "pid": broker.pid, "dir": broker.directory}))
        else:
            directory = os.path.abspath(arguments.dir)
            with open(os.path.join(directory, "pid"), encoding="utf-8") as file:
                pid = int(file.read())
            if is_broker(pid, directory):
                end_process(pid)
            if not arguments.keep:
                shutil.rmtree(directory, ignore_errors=True)
    except (BrokerError, OSError, ValueError) as error:
        print(f"broker: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Logging in to a real Kafka: SCRAM over TLS, and mTLS. Who may, gets to work; who may not, is told why in plain words; and
secrets are in no output.

Each case is `tocsin check --broker` and, where the login is right, `tocsin run` until it has partitions, then SIGTERM. The
passwords are searched in everything that was printed, at log.level debug and with librdkafka's own security logging on.

    security.py --tocsin build/release/bin/tocsin
"""

import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path[:0] = [os.path.join(ROOT, "tests", "kafka", "broker")]
import broker as kafka  # noqa: E402

SKIPPED = 77
READY_S = 120
PASSWORD = "sc4am-Passw0rd-of-tests"
WRONG_PASSWORD = "wr0ng-Passw0rd-of-tests"
KEY_PASSWORD = "k3y-Passw0rd-of-tests"
SECRETS = (PASSWORD, WRONG_PASSWORD, KEY_PASSWORD)
CONFIG = """\
deployment: {deployment}
kafka:
  bootstrap.servers: "{bootstrap}"
  debug: security,broker
{properties}
sources:
  - {{topics: [posts], preset: generic, start: earliest}}
watchlist: watchlist.yaml
topics: {{mentions_partitions: 2, config: {deployment}.config, mentions: {deployment}.mentions, snapshots: {deployment}.snapshots}}
metrics: {{listen: "127.0.0.1:{port}"}}
log: {{format: json, level: debug}}
"""
WATCHLIST = "brands: [{id: acme, name: Acme, query: acme}]\n"


def openssl(folder, *arguments):
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(arguments)}:\n{done.stderr}")


def make_authority(folder, name):
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
            f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem")


def make_certificate(folder, authority, name, password=None):
    """name.crt and name.key (PKCS 8, encrypted if there is a password)."""
    openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-addext",
            "subjectAltName=IP:127.0.0.1", "-keyout", f"{name}.plain", "-out", f"{name}.csr")
    openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.pem", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-days", "2", "-copy_extensions", "copy", "-out", f"{name}.crt")
    encryption = ["-v2", "aes-256-cbc", "-passout", f"pass:{password}"] if password else ["-nocrypt"]
    openssl(folder, "pkcs8", "-topk8", "-in", f"{name}.plain", *encryption, "-out", f"{name}.key")


def make_certificates(folder):
    for authority in ("ca", "stranger"):
        make_authority(folder, authority)
    make_certificate(folder, "ca", "broker")
    make_certificate(folder, "ca", "client", KEY_PASSWORD)
    make_certificate(folder, "stranger", "intruder")
    with open(os.path.join(folder, "broker.pem"), "w", encoding="utf-8") as pem:
        for name in ("broker.key", "broker.crt", "ca.pem"):
            with open(os.path.join(folder, name), encoding="utf-8") as part:
                pem.write(part.read())


def scram(folder, password, authority="ca"):
    return {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "tocsin",
            "sasl.password": password, "ssl.ca.location": os.path.join(folder, authority + ".pem")}


def mtls(folder, name=None, password=None, authority="ca"):
    found = {"security.protocol": "SSL", "ssl.ca.location": os.path.join(folder, authority + ".pem")}
    if name:
        found["ssl.certificate.location"] = os.path.join(folder, name + ".crt")
        found["ssl.key.location"] = os.path.join(folder, name + ".key")
    if password:
        found["ssl.key.password"] = password
    return found


def cases(folder, broker):
    """Name, address, properties, what must be said (all of one of the alternatives; None: all is well)."""
    yield "SCRAM", broker.scram_bootstrap, scram(folder, "${TOCSIN_TEST_PASSWORD}"), None
    yield "mTLS", broker.mtls_bootstrap, mtls(folder, "client", "${TOCSIN_TEST_KEY_PASSWORD}"), None
    yield "a wrong password", broker.scram_bootstrap, scram(folder, WRONG_PASSWORD), ("authentication", "invalid credentials")
    yield "no certificate", broker.mtls_bootstrap, mtls(folder), ("ssl",)
    yield "a stranger's certificate", broker.mtls_bootstrap, mtls(folder, "intruder"), ("ssl",)
    yield ("a broker that is not trusted", broker.scram_bootstrap, scram(folder, PASSWORD, "stranger"),
           ("certificate verify failed",))
    yield "no TLS where it is needed", broker.scram_bootstrap, {}, ("security.protocol",)


def write_config(folder, deployment, bootstrap, properties, port):
    with open(os.path.join(folder, "watchlist.yaml"), "w", encoding="utf-8") as file:
        file.write(WATCHLIST)
    lines = "\n".join(f'  {name}: "{value}"' for name, value in properties.items())
    with open(os.path.join(folder, "tocsin.yaml"), "w", encoding="utf-8") as file:
        file.write(CONFIG.format(deployment=deployment, bootstrap=bootstrap, properties=lines, port=port))


def environment():
    return dict(os.environ, TOCSIN_TEST_PASSWORD=PASSWORD, TOCSIN_TEST_KEY_PASSWORD=KEY_PASSWORD)


def ready(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as response:
            return response.status == 200
    except (OSError, urllib.error.URLError):
        return False


def run_until_ready(tocsin, folder, port):
    """(became ready, exit code after SIGTERM or of itself, what it said)."""
    with open(os.path.join(folder, "run.log"), "w+b") as log:
        process = subprocess.Popen([tocsin, "run", "--config", "tocsin.yaml"], cwd=folder, stdout=log, stderr=log,
                                   env=environment(), preexec_fn=kafka.die_with_parent)
        try:
            deadline = time.monotonic() + READY_S
            while process.poll() is None and not ready(port) and time.monotonic() < deadline:
                time.sleep(0.2)  # between two looks
            was_ready = process.poll() is None and ready(port)
            process.terminate()
            code = process.wait(timeout=60)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        log.seek(0)
        return was_ready, code, log.read().decode("utf-8", "replace")


def check_case(tocsin, folder, number, name, bootstrap, properties, said):
    """Problems, and everything that was printed."""
    os.makedirs(folder)
    port = kafka.free_ports(1)[0]
    write_config(folder, f"security{number}", bootstrap, properties, port)
    done = subprocess.run([tocsin, "check", "--config", "tocsin.yaml", "--broker"], cwd=folder, capture_output=True, text=True,
                          env=environment(), timeout=300, check=False)
    output = done.stdout + done.stderr
    problems = []
    if said is None:
        if done.returncode != 0:
            problems.append(f"{name}: check ends with {done.returncode}:\n{output[-2000:]}")
        was_ready, code, log = run_until_ready(tocsin, folder, port)
        if not was_ready or code != 0:
            problems.append(f"{name}: run was {'' if was_ready else 'not '}ready, ended with {code}:\n{log[-2000:]}")
        return problems, output + log
    errors = "\n".join(line for line in output.splitlines() if not line.startswith("{"))
    if done.returncode != 1:
        problems.append(f"{name}: check ends with {done.returncode}, not 1")
    missing = [word for word in said if word.lower() not in errors.lower()]
    if missing:
        problems.append(f"{name}: check does not speak of {missing}:\n{errors[-2000:]}")
    was_ready, code, log = run_until_ready(tocsin, folder, port)
    if was_ready or code != 1:
        problems.append(f"{name}: run was {'' if was_ready else 'not '}ready, ended with {code}:\n{log[-2000:]}")
    last = log.strip().splitlines()[-1]
    missing = [word for word in said if word.lower() not in last.lower()]
    if missing or last.startswith("{"):
        problems.append(f"{name}: the last line of run does not speak of {missing}: {last}")
    print(f"{name}: {last[:230]}")
    return problems, output + log


def check(folder, tocsin, broker):
    # The topic appears when it is written to.
    subprocess.run(["kcat", "-q", "-b", broker.bootstrap, "-P", "-t", "posts"], input=b'{"id":"1"}', check=True)
    # Side by side: most of the time is spent waiting for a broker that will not answer.
    todo = list(cases(folder, broker))
    with concurrent.futures.ThreadPoolExecutor(len(todo)) as pool:
        results = list(pool.map(lambda number: check_case(tocsin, os.path.join(folder, str(number)), number, *todo[number]),
                                range(len(todo))))
    problems = []
    for (name, _, _, said), (found, output) in zip(todo, results):
        problems += found
        if len(output) < 50:
            problems.append(f"{name}: nothing was said")
        problems += [f"{name}: the secret {secret} was printed" for secret in SECRETS if secret in output]
        if said is None:
            print(f"{name}: {'logged in' if not found else 'FAILED'}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    arguments = parser.parse_args()
    missing = [tool for tool in ("java", "openssl", "kcat") if shutil.which(tool) is None]
    if missing:
        print("skipped: not installed:", ", ".join(missing))
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="tocsin-security-") as folder:
        make_certificates(folder)
        with kafka.Broker(settings={"auto.create.topics.enable": "true"}, certificates=folder,
                          scram_users={"tocsin": PASSWORD}) as broker:
            problems = check(folder, os.path.abspath(arguments.tocsin), broker)
    for problem in problems:
        print("PROBLEM", problem)
    print("as it must be" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Builds and runs what deploy/ has, for real: the long part of the tests of this folder. Each step passes, fails or is skipped, and
says why; the last line is "N passed, N failed, N skipped".

    tests/deploy/run.py [STEP...] [--from OTHER/tocsin] [--keep DIR] [--image NAME]

    package   deploy/package.sh --twice on Debian 13; what is in it; lintian
    installed that package in a clean Debian 13: checked, `tocsin demo`, purged
    debian13  the dev preset built there, with its own compiler and libraries, and all tests but the long ones
    image     deploy/Dockerfile: size, labels, bill of materials; `tocsin demo` in a container that is as restricted as a pod;
              the service in one, on a real broker, as its HEALTHCHECK sees it
    pods      the chart's Job and StatefulSets, turned into pods, on a real broker: from a generated crisis to its signals
    compose   what compose.yaml starts, as processes with its files and commands: to the alert on the crisis. Not Grafana
    rolling   a rolling restart of all processes under load, equal to the oracle
    upgrade   the same from the build that --from names
    checkov   policies over Dockerfile and rendered chart (deploy/checkov.yaml)

Package, image and the tests on Debian 13 are those of the last commit. Tools: deploy/dependencies.sh --tests --deploy. Containers are
run by podman with runc; a registry is not needed, since Debian 13 is made by mmdebstrap. Its folders, some 5 GB, stay for the next run.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

import debian13
import deploying
from deploying import CHART, KUBERNETES, ROOT
from steps import Skipped, code_of, do, need, own_network, wait_for

sys.path[:0] = [str(ROOT / "tests/pipeline"), str(ROOT / "tests/kafka/broker")]
import broker as kafka_broker  # noqa: E402
import end_to_end  # noqa: E402

yaml = deploying.yaml()
BASE = "localhost/debian:13-slim"
RESTRICTED = ("--read-only", "--cap-drop=all", "--security-opt", "no-new-privileges", "--user", "65532:65532", "--pids-limit", "256")
# Neither systemd nor cgroups v2 are to be had in every place where this runs.
CONTAINERS = """\
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=10000:10000"]
"""
HEALTH_CONFIG = """\
deployment: health
kafka: {{bootstrap.servers: "{bootstrap}"}}
sources:
  - {{topics: [posts], preset: twitter_v1, start: earliest, out_of_orderness: 2s}}
watchlist: watchlist.yaml
topics: {{create: true, mentions_partitions: 2}}
metrics: {{listen: "0.0.0.0:9464"}}
"""


def said_by(*command):
    """All that it said, however it ended."""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False).stdout


def logs(container):
    return said_by("podman", "logs", container)


def base_image(options):
    """What the Dockerfile calls debian:13-slim, made here: a registry is not needed."""
    if code_of("podman", "image", "exists", BASE) != 0:
        do("podman", "import", debian13.base(options.roots), BASE)


def image(options):
    need("podman", "buildah", "mmdebstrap", "runc", "java")
    began = time.monotonic()
    base_image(options)
    do("buildah", "bud", "--pull-never", "--isolation", "chroot", "--network", "host", "--layers",
       "--volume", f"{debian13.compiler_cache()}:/root/.cache/ccache", "--build-arg", f"REVISION={debian13.commit()}",
       "--build-arg", f"SOURCE_DATE_EPOCH={debian13.commit_time()}", "--format", "docker", "-f", "deploy/Dockerfile", "-t", options.image, ".")
    built = time.monotonic()
    about = json.loads(do("podman", "image", "inspect", options.image))[0]
    labels = about["Config"]["Labels"]
    if about["Config"]["User"] != "65532:65532" or labels["org.opencontainers.image.revision"] != debian13.commit():
        raise RuntimeError(json.dumps(about["Config"]))
    run = ("podman", "run", "--rm", "--network", "none", *RESTRICTED)
    version = do(*run, options.image, "--version").strip()
    if labels["org.opencontainers.image.version"] not in version:
        raise RuntimeError(f"{version} is labelled {labels}")
    components = debian13.bill_of(do(*run, "--entrypoint", "/bin/cat", options.image, "/usr/share/tocsin/sbom.cdx.json"))
    shown = do(*run, options.image, "demo")
    if code_of(*run, options.image, "health", "--port", "9464") != 1:
        raise RuntimeError("health without a service must end with 1")
    began_service = time.monotonic()
    health = health_of_a_service(options)
    return (f"{version}, {about['Size'] / 1e6:.0f} MB, {components} components, built in {built - began:.0f} s; demo in a restricted container: "
            f"{shown.strip().splitlines()[-1]}; {health}, {time.monotonic() - began_service:.0f} s")


def confined(name):
    """Fails unless the process in the container is as it should be; what it is."""
    status = dict(line.split(":\t", 1) for line in do("podman", "exec", name, "cat", "/proc/1/status").splitlines() if ":\t" in line)
    found = {"user": status["Uid"].split()[0], "capabilities": int(status["CapEff"], 16), "bounding": int(status["CapBnd"], 16),
             "no_new_privs": status["NoNewPrivs"], "seccomp": status["Seccomp"]}
    if found != {"user": "65532", "capabilities": 0, "bounding": 0, "no_new_privs": "1", "seccomp": "2"}:
        raise RuntimeError(json.dumps(found))
    if "Read-only file system" not in said_by("podman", "exec", name, "touch", "/x"):
        raise RuntimeError("the root can be written to")
    return "user 65532, no capabilities, seccomp, root read-only"


def health_of_a_service(options):
    """`tocsin run` in a restricted container, as the image's HEALTHCHECK sees it while the broker goes and comes back; it drains with 0."""
    name = f"tocsin-health-{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="tocsin-health-") as folder, own_network(), \
            kafka_broker.Broker(settings={"auto.create.topics.enable": "true"}) as broker:
        end_to_end.load(broker.bootstrap, end_to_end.generate(os.path.abspath(options.tocsin), folder, 1_000, crisis=False)[:1])
        pathlib.Path(folder, "tocsin.yaml").write_text(HEALTH_CONFIG.format(bootstrap=broker.bootstrap), "utf-8")
        os.chmod(folder, 0o755)  # the container has another user
        do("podman", "run", "--detach", "--name", name, "--network", "host", *RESTRICTED, "--volume", f"{folder}:/etc/tocsin:ro", options.image,
           "run", "--config", "/etc/tocsin/tocsin.yaml")
        try:
            asked = ("podman", "healthcheck", "run", name)
            wait_for(lambda: code_of(*asked) == 0, "a healthy service")
            found = confined(name)
            broker.kill()
            wait_for(lambda: code_of(*asked) != 0, "an unhealthy service without a broker")
            broker.restart()
            wait_for(lambda: code_of(*asked) == 0, "a healthy service once the broker is back")
            do("podman", "stop", "--time", "90", name)
            code = do("podman", "inspect", "--format", "{{.State.ExitCode}}", name).strip()
            if code != "0":
                raise RuntimeError(f"ended with {code}")
        except RuntimeError as failure:
            raise RuntimeError(f"{failure}; it said: {logs(name)[-2000:]}") from failure
        finally:
            code_of("podman", "rm", "--force", "--time", "5", name)
    return f"HEALTHCHECK yes with a broker, no without, yes again; {found}; SIGTERM ended it with 0"


def as_pod(rendered, name, image_name):
    """A pod of a Job or StatefulSet. What needs a kubelet (probes, ports) is left out; all pods share this machine's network."""
    template = rendered["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": template["metadata"]["labels"]},
           "spec": {**template["spec"], "restartPolicy": "Never"}}
    for field in ("topologySpreadConstraints", "automountServiceAccountToken", "enableServiceLinks"):
        pod["spec"].pop(field, None)
    container = pod["spec"]["containers"][0]
    for field in ("ports", "startupProbe", "livenessProbe", "readinessProbe"):
        container.pop(field, None)
    container.update(image=image_name, imagePullPolicy="Never", command=["tocsin"])
    return pod


def play(folder, documents):
    path = pathlib.Path(folder, documents[-1]["metadata"]["name"] + ".yaml")
    path.write_text(yaml.safe_dump_all(documents), "utf-8")
    do("podman", "kube", "play", "--network", "host", path)
    return path


def template(*options):
    """The chart; what helm says of its links is not part of it."""
    return subprocess.run(["helm", "template", "rel", CHART, "--kube-version", KUBERNETES, *options], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True).stdout


def render(folder, bootstrap, watchlist):
    values = {"deployment": "pods", "kafka": {"bootstrapServers": bootstrap},
              "sources": [{"topics": ["posts"], "preset": "twitter_v1", "start": "earliest", "out_of_orderness": "2s", "max_drag": "24h"}],
              "watchlist": {"content": watchlist}, "topics": {"mentionsPartitions": 4}, "ingest": {"replicas": 1}, "detect": {"replicas": 1}}
    file = pathlib.Path(folder, "values.yaml")
    file.write_text(json.dumps(values), "utf-8")
    text = template("--values", file)
    objects = [each for each in yaml.safe_load_all(text) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


def replayed(tocsin, folder, objects, files):
    """How many signals a replay by the chart's configuration gives; they are in replay-signals.ndjson."""
    config = objects[("ConfigMap", "rel-tocsin-config")]["data"]["tocsin.yaml"]
    pathlib.Path(folder, "config.yaml").write_text(config.replace("/etc/tocsin/watchlist/", ""), "utf-8")
    end_to_end.replay(tocsin, folder, files, "--quiet")
    return len(pathlib.Path(folder, "replay-signals.ndjson").read_text("utf-8").splitlines())


def run_pods(options, folder, broker):
    """How many signals there were. Fails unless they are those of a replay, and both roles drain."""
    tocsin = os.path.abspath(options.tocsin)
    files = end_to_end.generate(tocsin, folder, 30_000, crisis=True)
    end_to_end.load(broker.bootstrap, files)
    # All pods share this machine's network, so each gets a port of its own by its arguments.
    objects = render(folder, broker.bootstrap, pathlib.Path(folder, "watchlist.yaml").read_text("utf-8"))
    maps = [each for (kind, _), each in objects.items() if kind == "ConfigMap"]
    playing = []
    try:
        job = as_pod(objects[("Job", "rel-tocsin-topics")], "topics", options.image)
        playing.append(play(folder, [*maps, job]))
        if do("podman", "wait", "topics-topics").strip() != "0":
            raise RuntimeError("topics: " + logs("topics-topics"))
        ports = kafka_broker.free_ports(2)
        for role, port in zip(("ingest", "detect"), ports):
            pod = as_pod(objects[("StatefulSet", f"rel-tocsin-{role}")], f"{role}-0", options.image)
            pod["spec"]["containers"][0]["args"] += [f"--set=metrics.listen=127.0.0.1:{port}", "--ordinal=0"]
            playing.append(play(folder, [*maps, pod]))
        for role, port in zip(("ingest", "detect"), ports):
            ask = ["podman", "exec", f"{role}-0-tocsin", "tocsin", "health", "--port", str(port)]
            wait_for(lambda ask=ask: subprocess.run(ask, capture_output=True, check=False).returncode == 0, f"{role} ready")

        signals = replayed(tocsin, folder, objects, files)
        wait_for(lambda: len(end_to_end.read_topic(broker.bootstrap, "tocsin.signals")) >= signals, f"{signals} signals")
        published, problems = end_to_end.compare_signals(folder, broker.bootstrap)
        if problems or not published:
            raise RuntimeError("; ".join(problems or ["no signals, though there is a crisis"]))
        for role in ("ingest", "detect"):
            do("podman", "stop", "--time", "90", f"{role}-0-tocsin")
            code = do("podman", "inspect", "--format", "{{.State.ExitCode}}", f"{role}-0-tocsin").strip()
            if code != "0" or "drained" not in logs(f"{role}-0-tocsin"):
                raise RuntimeError(f"{role} was not drained: exit code {code}")
        return published
    finally:
        for path in reversed(playing):
            subprocess.run(["podman", "kube", "play", "--down", str(path)], capture_output=True, check=False)


def pods(options):
    need("podman", "runc", "helm", "kcat", "java")
    if code_of("podman", "image", "exists", options.image) != 0:
        raise Skipped(f"no image {options.image}: the step `image` builds it")
    with tempfile.TemporaryDirectory(prefix="tocsin-pods-") as folder:
        with kafka_broker.Broker(partitions_default=4, settings={"auto.create.topics.enable": "true"}) as broker:
            began = time.monotonic()
            signals = run_pods(options, options.keep or folder, broker)
    return f"topics made by the Job's pod; ingest and detect drained with 0; {signals} signals, those of a replay, in {time.monotonic() - began:.0f} s"


def alerting(folder, services, broker, options, started):
    """Starts what the compose file has, as processes; the addresses of Prometheus and Alertmanager."""
    tocsin = os.path.abspath(options.tocsin)
    ports = kafka_broker.free_ports(3)
    hosts = dict(zip(("tocsin:9464", "prometheus:9090", "alertmanager:9093"), (f"127.0.0.1:{port}" for port in ports)))
    hosts.update({"kafka:9092": broker.bootstrap, "0.0.0.0:9464": hosts["tocsin:9464"],
                  "/etc/prometheus/tocsin.rules.yaml": str(ROOT / "deploy/prometheus/tocsin.rules.yaml")})

    def here(text):
        for host, address in hosts.items():
            text = text.replace(host, address)
        return text

    def start(name, *command):
        with open(pathlib.Path(folder, name + ".log"), "wb") as log:
            started[name] = subprocess.Popen([here(str(each)) for each in command], stdout=log, stderr=log, cwd=folder)

    for name in ("tocsin.yaml", "watchlist.yaml", "prometheus.yaml", "alertmanager.yaml"):
        pathlib.Path(folder, name).write_text(here((ROOT / "deploy/compose" / name).read_text("utf-8")), "utf-8")
    # The tool that the service `posts` makes its topic with is not among the test broker's: here the firehose makes it.
    start("firehose", tocsin, *services["firehose"]["command"])
    wait_for(lambda: " 4 partitions" in do("kcat", "-L", "-b", broker.bootstrap, "-t", "posts"), "the topic posts")
    start("tocsin", tocsin, *here(" ".join(services["tocsin"]["command"])).replace("/etc/tocsin/", "").split())
    wait_for(lambda: subprocess.run([tocsin, "health", "--quiet", "--port", str(ports[0])], capture_output=True, check=False).returncode == 0,
             "tocsin healthy")
    start("prometheus", "prometheus", "--config.file=prometheus.yaml", "--storage.tsdb.path=data", "--web.listen-address=prometheus:9090")
    start("alertmanager", "prometheus-alertmanager", "--config.file=alertmanager.yaml", "--storage.path=am",
          "--web.listen-address=alertmanager:9093", "--cluster.listen-address=")
    return hosts["prometheus:9090"], hosts["alertmanager:9093"]


def compose(options):
    need("prometheus", "prometheus-alertmanager", "kcat", "java")
    services = yaml.safe_load((ROOT / "deploy/compose/compose.yaml").read_text("utf-8"))["services"]
    started = {}
    with tempfile.TemporaryDirectory(prefix="tocsin-compose-") as folder, kafka_broker.Broker() as broker:
        began = time.monotonic()
        try:
            prometheus, alertmanager = alerting(folder, services, broker, options, started)

            def told():
                for name, process in started.items():
                    if process.poll() not in (None, 0):
                        raise RuntimeError(f"{name} ended: {pathlib.Path(folder, name + '.log').read_text('utf-8')[-3000:]}")
                try:
                    with urllib.request.urlopen(f"http://{alertmanager}/api/v2/alerts", timeout=10) as answer:
                        return [each["annotations"]["summary"] for each in json.load(answer) if each["labels"]["alertname"] == "TocsinCrisis"]
                except OSError:
                    return []

            wait_for(told, "the alert TocsinCrisis")
            with urllib.request.urlopen(f"http://{prometheus}/api/v1/query?query=max(tocsin_brand_level)", timeout=10) as answer:
                level = json.load(answer)["data"]["result"][0]["value"][1]
            return f"\"{told()[0]}\" at Alertmanager after {time.monotonic() - began:.0f} s, level {level}; Grafana is not to be had here"
        finally:
            for process in started.values():
                process.kill()
                process.wait()


def rolling(options, *more):
    need("kcat", "java")
    said = do(sys.executable, "tests/kafka/delivery/rolling.py", "--tocsin", options.tocsin, "--crisis", *more)
    return "; ".join(line for line in said.splitlines() if line.startswith(("equal", "read ")) or " restarts: " in line or " signals " in line)


def upgrade(options):
    if not options.first:
        raise Skipped("--from names no other build")
    return f"from {do(options.first, '--version').strip()}: " + rolling(options, "--from", options.first)


def checkov(_):
    need("checkov", "helm")
    with tempfile.TemporaryDirectory() as folder:
        chart = pathlib.Path(folder, "chart.yaml")
        chart.write_text(template("--set", "image.digest=sha256:" + "0" * 64, "--namespace", "listening"), "utf-8")
        said = do("checkov", "--config-file", "deploy/checkov.yaml", "-f", "deploy/Dockerfile", chart)
    counts = re.findall(r"Passed checks: (\d+), Failed checks: (\d+), Skipped checks: (\d+)", said)
    if len(counts) != 2:
        raise RuntimeError("neither Dockerfile nor chart was looked at: " + said)
    return "; ".join(f"{passed} passed, {failed} failed, {skipped} skipped" for passed, failed, skipped in counts)


STEPS = {step.__name__: step for step in (debian13.package, debian13.installed, debian13.debian13, image, pods, compose, rolling, upgrade, checkov)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", metavar="STEP", help="default: all")
    parser.add_argument("--tocsin", default=str(ROOT / "build/release/bin/tocsin"), help="the build that generates and is restarted")
    parser.add_argument("--from", dest="first", help="an older binary, for the step upgrade")
    parser.add_argument("--image", default="localhost/tocsin:0.1.0", help="name of the image")
    parser.add_argument("--roots", type=pathlib.Path, default=ROOT / "build/debian13", help="folder for the roots of Debian 13")
    parser.add_argument("--keep", help="folder for what the run of the pods leaves behind")
    options = parser.parse_args()
    options.roots = options.roots.resolve()
    unknown = set(options.steps) - set(STEPS)
    if unknown:
        parser.error(f"no such step: {', '.join(sorted(unknown))}; there are {', '.join(STEPS)}")
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as settings:
        settings.write(CONTAINERS)
        settings.flush()
        os.environ["CONTAINERS_CONF"] = settings.name
        for name in options.steps or STEPS:
            began = time.monotonic()
            try:
                outcome, why = "passed", STEPS[name](options)
            except Skipped as absent:
                outcome, why = "skipped", absent
            except (RuntimeError, OSError, ValueError, kafka_broker.BrokerError, subprocess.CalledProcessError) as failure:
                outcome, why = "failed", failure
            counts[outcome] += 1
            print(f"{outcome}: {name} ({time.monotonic() - began:.0f} s): {why}", flush=True)
    print(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return 1 if counts["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())

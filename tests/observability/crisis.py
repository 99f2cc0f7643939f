#!/usr/bin/env python3
"""A generated crisis, watched by a real Prometheus and told of by a real Alertmanager.

`tocsin demo` plays 13 hours with a crisis in a few minutes. Prometheus scrapes it every second with the rules of
deploy/prometheus; Alertmanager has the routes of deploy/alertmanager, whose webhook and PagerDuty are a server here.
It must come to this:

  - promtool finds nothing to say about /metrics of the running engine;
  - every query of both dashboards returns data at some time of the run;
  - TocsinCrisis fires, names the brand and its level, and reaches the webhook and PagerDuty; its end reaches the webhook;
  - no alert on the engine fires but those that follow from the demo's own time (it plays days of the past).

    tests/observability/crisis.py --tocsin build/release/bin/tocsin [--duration 3m] [--screenshots DIR]

Screenshots are of Prometheus' own graphs, by chromium, to be looked at. Exit code 77 if a tool is missing.
"""

import argparse
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

import checking

GRAPHS = {
    "velocity": ['60 * max by (brand) (tocsin_brand_mentions_per_second and on (brand) max_over_time(tocsin_brand_level[30m]) > 0)',
                 '60 * max by (brand) (tocsin_brand_expected_high_mentions_per_second and on (brand) '
                 'max_over_time(tocsin_brand_level[30m]) > 0)'],
    "level": ['max by (brand) (tocsin_brand_level and on (brand) max_over_time(tocsin_brand_level[30m]) > 0)',
              'sum by (state) (tocsin_incidents_open)'],
    "negative": ['max by (brand) (tocsin_brand_negative_ratio and on (brand) max_over_time(tocsin_brand_level[30m]) > 0)',
                 'max by (brand) (tocsin_brand_negative_low_ratio and on (brand) max_over_time(tocsin_brand_level[30m]) > 0)'],
    "engine": ['sum(rate(tocsin_posts_consumed_total[10s]))',
               'histogram_quantile(0.99, sum by (le) (rate(tocsin_ingest_transaction_duration_seconds_bucket[10s])))',
               'sum by (worker) (tocsin_detect_lag_records)'],
}
# The demo plays the past, some hundred times as fast: by the clock its watermark is days behind.
OF_THE_DEMO = {"TocsinWatermarkStalled", "TocsinLag"}
PROMETHEUS = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ["127.0.0.1:{alertmanager}"]}}]}}]}}
scrape_configs:
  - {{job_name: tocsin, static_configs: [{{targets: ["127.0.0.1:{tocsin}"]}}]}}
"""
WAIT_S = 900


class Receiver:
    """Takes what Alertmanager posts to webhook, Slack and PagerDuty, by path."""

    def __init__(self):
        self.posts = []  # (path, body)
        posts = self.posts

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                posts.append((self.path, body))
                self.send_response(202 if self.path == "/pagerduty" else 200)
                self.end_headers()
                self.wfile.write(b'{"status":"success"}' if self.path == "/pagerduty" else b"ok")

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def alerts(self, path, status):
        return [alert for where, body in list(self.posts) if where == path for alert in body.get("alerts", [])
                if alert["status"] == status]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url):
    with urllib.request.urlopen(url, timeout=20) as response:
        return response.read().decode()


def wait_for(condition, what, processes, seconds=WAIT_S):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for name, process in processes.items():
            if process.poll() not in (None, 0) and name != "demo":
                raise RuntimeError(f"{name} ended with {process.returncode}")
        try:
            found = condition()
        except OSError:
            found = None
        if found:
            return found
        time.sleep(0.3)  # between two looks
    raise RuntimeError(f"not within {seconds} s: {what}")


def alertmanager_config(folder, receiver):
    """That of deploy/alertmanager, with this machine's addresses in place of the example's."""
    text = (checking.ROOT / "deploy/alertmanager/alertmanager.yaml").read_text("utf-8")
    secrets = pathlib.Path(folder, "secrets")
    secrets.mkdir()
    for name in re.findall(r"/etc/alertmanager/secrets/([\w-]+)", text):
        (secrets / name).write_text(receiver.url + "/slack" if name == "slack" else "0" * 32, "utf-8")
    text = text.replace("/etc/alertmanager/secrets", str(secrets)).replace("http://127.0.0.1:8088/tocsin", receiver.url + "/webhook")
    text = text.replace("global:\n", f"global:\n  pagerduty_url: {receiver.url}/pagerduty\n").replace("group_interval: 1m", "group_interval: 2s")
    path = pathlib.Path(folder, "alertmanager.yaml")
    path.write_text(text, "utf-8")
    return path


def start(folder, tocsin, duration, receiver, tools, processes):
    """Adds to {name: process}; the ports of Tocsin and Prometheus."""
    demo_log = pathlib.Path(folder, "demo.log")

    def launch(name, *command):
        with open(pathlib.Path(folder, name + ".log"), "wb") as log:
            processes[name] = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    launch("demo", tocsin, "demo", "--duration", duration, "--keep-running")
    port = wait_for(lambda: re.search(r"metrics at http://127.0.0.1:(\d+)/metrics", demo_log.read_text("utf-8")),
                    "the demo's port", processes, 60).group(1)
    alertmanager, prometheus = free_port(), free_port()
    launch("alertmanager", tools["alertmanager"], f"--config.file={alertmanager_config(folder, receiver)}",
           f"--storage.path={folder}/alertmanager", f"--web.listen-address=127.0.0.1:{alertmanager}", "--cluster.listen-address=")
    config = pathlib.Path(folder, "prometheus.yaml")
    config.write_text(PROMETHEUS.format(rules=checking.ROOT / "deploy/prometheus/tocsin.rules.yaml", alertmanager=alertmanager,
                                        tocsin=port), "utf-8")
    launch("prometheus", tools["prometheus"], f"--config.file={config}", f"--storage.tsdb.path={folder}/prometheus",
           f"--web.listen-address=127.0.0.1:{prometheus}")
    return port, prometheus


def queries():
    """(dashboard, panel, expression with the variables filled in)."""
    for path in sorted((checking.ROOT / "deploy/grafana").glob("*.json")):
        board = json.loads(path.read_text("utf-8"))
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                expr = target["expr"].replace("$__rate_interval", "10s").replace("$__range", "10m")
                yield path.stem, panel["title"], re.sub(r"\$(?:job|instance|brand)\b", ".*", expr)


def without_data(base, began):
    """Queries that gave no data at any time since `began`; raises if one is refused."""
    empty = []
    step = max(1, int((time.time() - began) / 1000))
    for board, panel, expr in queries():
        parameters = urllib.parse.urlencode({"query": expr, "start": began, "end": time.time(), "step": step})
        result = json.loads(get(f"{base}/api/v1/query_range?{parameters}"))["data"]["result"]
        if not any(value not in ("NaN",) for series in result for _, value in series["values"]):
            empty.append(f"{board}: {panel}: {expr}")
    return empty


def fired(base, began):
    """Alerts that were firing at some time since `began`."""
    parameters = urllib.parse.urlencode({"query": 'ALERTS{alertstate="firing"}', "start": began, "end": time.time(), "step": 1})
    return {series["metric"]["alertname"] for series in
            json.loads(get(f"{base}/api/v1/query_range?{parameters}"))["data"]["result"]}


def take_screenshots(base, folder, minutes):
    folder.mkdir(parents=True, exist_ok=True)
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("no screenshots: chromium is not installed")
        return
    for name, exprs in GRAPHS.items():
        parameters = "&".join(f"g{i}.expr={urllib.parse.quote(expr)}&g{i}.tab=0&g{i}.range_input={minutes}m"
                              for i, expr in enumerate(exprs))
        subprocess.run([chromium, "--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size=1200,{700 * len(exprs)}",
                        "--virtual-time-budget=15000", f"--screenshot={folder}/{name}.png", f"{base}/graph?{parameters}"],
                       capture_output=True, timeout=180, check=False)
    print(f"screenshots in {folder}: {sorted(path.name for path in folder.glob('*.png'))}")


def watch(folder, processes, port, prometheus, receiver, tools, screenshots):
    """Problems."""
    base = f"http://127.0.0.1:{prometheus}"
    began = time.time()
    wait_for(lambda: json.loads(get(base + "/api/v1/query?query=tocsin_posts_consumed_total"))["data"]["result"],
             "Prometheus' first scrape", processes, 120)
    crisis = wait_for(lambda: [alert for alert in receiver.alerts("/webhook", "firing")
                               if alert["labels"]["alertname"] == "TocsinCrisis"], "TocsinCrisis at the webhook", processes)[0]
    print(f"after {time.time() - began:.0f} s the webhook was told: {crisis['annotations']['summary']} "
          f"(owner {crisis['labels'].get('owner')!r}, level {crisis['labels']['level']})", flush=True)
    problems = []
    code, said = checking.run(tools["promtool"], "check", "metrics", text=get(f"http://127.0.0.1:{port}/metrics"))
    if code != 0:
        problems.append(f"promtool check metrics: {said}")
    wait_for(lambda: [body for at, body in list(receiver.posts) if at == "/pagerduty" and "crisis" in json.dumps(body)],
             "a post to PagerDuty", processes, 120)
    wait_for(lambda: "Summary" in pathlib.Path(folder, "demo.log").read_text("utf-8"), "the demo's end", processes)
    empty = without_data(base, began)
    problems += [f"no data: {each}" for each in empty]
    names = fired(base, began)
    print(f"{len(list(queries()))} queries, {len(empty)} without data; alerts that fired: {sorted(names)}")
    if names - OF_THE_DEMO - {"TocsinCrisis", "TocsinIncidentConfirmed"}:
        problems.append(f"alerts that should not fire: {names}")
    if screenshots:
        take_screenshots(base, screenshots, max(2, int((time.time() - began) / 60) + 1))
    ended = wait_for(lambda: receiver.alerts("/webhook", "resolved"), "the end of the alert at the webhook", processes, 600)
    print(f"after {time.time() - began:.0f} s it was told of the end: {ended[0]['annotations']['summary']}")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--duration", default="3m", help="of the 13 hours with the crisis")
    parser.add_argument("--screenshots", type=pathlib.Path)
    parser.add_argument("--keep", help="folder for everything that the run leaves behind")
    arguments = parser.parse_args()
    tools = {"prometheus": shutil.which("prometheus"), "promtool": shutil.which("promtool"),
             "alertmanager": shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")}
    missing = [name for name, path in tools.items() if path is None]
    if missing:
        print(f"skipped: not installed: {', '.join(missing)} (deploy/dependencies.sh --tests)")
        return checking.SKIPPED
    folder = arguments.keep or tempfile.mkdtemp(prefix="tocsin-crisis-")
    os.makedirs(folder, exist_ok=True)
    receiver = Receiver()
    processes = {}
    try:
        port, prometheus = start(folder, os.path.abspath(arguments.tocsin), arguments.duration, receiver, tools, processes)
        problems = watch(folder, processes, port, prometheus, receiver, tools, arguments.screenshots)
    finally:
        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        for process in processes.values():
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
        receiver.server.shutdown()
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    for problem in problems:
        print("PROBLEM", problem)
    print("as it must be" if not problems else f"{len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Goal: the dashboards say what they show, ask only for metrics that exist, hold nothing of an installation, and are what
their script makes.
Method: the rules of dashboard linters, written anew over the committed JSON; each rule is also given a panel that breaks it.
"""

import copy
import json
import re
import unittest

import checking

FOLDER = checking.ROOT / "deploy/grafana"
BOARDS = ("crisis-room.json", "engine.json")
RATES = re.compile(r"\b(?:rate|irate|increase|changes|resets)\(\s*$")


def panels(board):
    for panel in board["panels"]:
        if panel["type"] == "row":
            yield from panel.get("panels", [])
        else:
            yield panel


def selectors(expr):
    """(metric, what stands in its braces or None, what stands before it, what behind) of each selector."""
    for match in checking.METRIC.finditer(expr):
        rest = expr[match.end():]
        braces = re.match(r"\{([^}]*)\}", rest)
        yield match.group(1), braces and braces.group(1), expr[:match.start()], rest[braces.end() if braces else 0:]


def faults(board, documented):
    """Every rule that the board breaks."""
    found = []
    for variable in ("datasource", "job", "instance"):
        if variable not in [each["name"] for each in board["templating"]["list"]]:
            found.append(f"no variable {variable}")
    if board.get("editable") is not False:
        found.append("is editable")
    for panel in panels(board):
        found += [f"{panel.get('title')}: {fault}" for fault in panel_faults(panel, documented)]
    return found


def panel_faults(panel, documented):
    for part in ("title", "description"):
        if len(panel.get(part) or "") < 2:
            yield f"no {part}"
    if not panel.get("description", "").endswith("."):
        yield "the description is no sentence"
    if not panel.get("fieldConfig", {}).get("defaults", {}).get("unit"):
        yield "no unit"
    if not panel.get("targets"):
        yield "no query"
    for target in [panel, *panel.get("targets", [])]:
        if target.get("datasource", {}).get("uid") != "${datasource}":
            yield "the data source is not the variable"
    for target in panel.get("targets", []):
        yield from query_faults(target["expr"], documented)


def query_faults(expr, documented):
    if not any(True for _ in selectors(expr)):
        yield f"no metric in {expr}"
    for name, inside, before, behind in selectors(expr):
        metric = checking.family(name, documented)
        if metric not in documented:
            yield f"{name} is not in docs/METRICS.md"
            continue
        for label in ("job", "instance"):
            if f'{label}=~"${label}"' not in (inside or ""):
                yield f"{name} is not filtered by {label}"
        is_counter = documented[metric] == "counter" or metric != name
        in_rate = bool(RATES.search(before))
        if is_counter != in_rate:
            yield f"{name} is {'' if is_counter else 'no '}counter, but {'' if in_rate else 'not '}under rate or increase"
        window = re.match(r"\[([^\]]+)\]", behind)
        if re.search(r"\brate\(\s*$", before) and window.group(1) not in ("$__rate_interval", "1h"):
            yield f"{name}: rate over {window.group(1)}, not $__rate_interval"


class Dashboards(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.documented = checking.documented_metrics()
        cls.boards = {name: json.loads((FOLDER / name).read_text("utf-8")) for name in BOARDS}

    def test_break_no_rule(self):
        for name, board in self.boards.items():
            self.assertEqual(faults(board, self.documented), [], name)

    def test_hold_nothing_of_an_installation(self):
        for name in BOARDS:
            text = (FOLDER / name).read_text("utf-8")
            self.assertEqual(re.findall(r'https?://[^"]*', text), [], name)
            self.assertEqual(set(re.findall(r'"uid": "([^"]*)"', text)),
                             {"${datasource}", "tocsin-" + name.removesuffix(".json")}, name)

    def test_show_everything_that_the_issue_lists(self):
        titles = {name: " ".join(panel["title"] + " " + panel["description"] for panel in panels(board)).lower()
                  for name, board in self.boards.items()}
        for word in ("open incidents", "brands by level", "velocity", "expect", "band", "negative ratio", "interval",
                     "networks", "response time"):
            self.assertIn(word, titles["crisis-room.json"])
        for word in ("posts", "lag in seconds", "watermark", "transactions", "dead letters", "memory", "rebalances"):
            self.assertIn(word, titles["engine.json"])

    def test_show_nearly_every_metric(self):
        shown = {checking.family(name, self.documented) for board in self.boards.values() for panel in panels(board)
                 for target in panel["targets"] for name, *_ in selectors(target["expr"])}
        left_out = set(self.documented) - shown
        self.assertLess(len(left_out), 20, left_out)

    def test_are_what_the_script_makes(self):
        python = checking.python_with("grafana_foundation_sdk")
        wanted = re.search(r"grafana-foundation-sdk==(?:\d+!)?(\S+)", (checking.ROOT / "tests/requirements.txt").read_text("utf-8")).group(1)
        _, version = checking.run(python, "-c", "import importlib.metadata as m; print(m.version('grafana-foundation-sdk'))")
        if version.strip().split("!")[-1] != wanted:
            raise unittest.SkipTest(f"the SDK here is {version.strip()}, the dashboards were made with {wanted}")
        code, said = checking.run(python, FOLDER / "dashboards.py", "--check")
        self.assertEqual(code, 0, said)

    def test_rules_are_seen_when_broken(self):
        board = self.boards["engine.json"]
        breaks = {
            "no unit": lambda panel: panel["fieldConfig"]["defaults"].pop("unit"),
            "no description": lambda panel: panel.update(description=""),
            "no title": lambda panel: panel.update(title=""),
            "not the variable": lambda panel: panel["targets"][0]["datasource"].update(uid="abc"),
            "not in docs": lambda panel: panel["targets"][0].update(expr="tocsin_no_such_metric"),
            "not filtered by job": lambda panel: panel["targets"][0].update(expr="tocsin_sources"),
            "not under rate": lambda panel: panel["targets"][0].update(
                expr='tocsin_posts_consumed_total{job=~"$job", instance=~"$instance"}'),
            "not $__rate_interval": lambda panel: panel["targets"][0].update(
                expr='rate(tocsin_posts_consumed_total{job=~"$job", instance=~"$instance"}[5m])'),
        }
        for fault, make in breaks.items():
            broken = copy.deepcopy(board)
            make(next(panels(broken)))
            self.assertTrue(any(fault in each for each in faults(broken, self.documented)), fault)


if __name__ == "__main__":
    checking.main()

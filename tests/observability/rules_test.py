#!/usr/bin/env python3
"""Goal: alerts fire when they must and only then, ask only for metrics that exist, have a runbook, and reach who must know.
Method: promtool's and amtool's own checks and unit tests; and rules of ours over the YAML, which need no tool.
"""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import checking

RULES = checking.ROOT / "deploy/prometheus/tocsin.rules.yaml"
UNIT_TESTS = checking.ROOT / "deploy/prometheus/tocsin.rules.test.yaml"
ROUTES = checking.ROOT / "deploy/alertmanager/alertmanager.yaml"
RUNBOOKS = checking.ROOT / "docs/OPERATIONS.md"

# Labels of an alert, and who is told of it.
TOLD = (
    ("alertname=TocsinCrisis level=3", "record-webhook,comms-pagerduty"),
    ("alertname=TocsinCrisis level=4", "record-webhook,head-of-comms-pagerduty,comms-pagerduty"),
    ("alertname=TocsinCrisis level=5 owner=airline comms", "record-webhook,head-of-comms-pagerduty,airline-pagerduty"),
    ("alertname=TocsinCrisis level=3 owner=airline comms", "record-webhook,airline-pagerduty"),
    ("alertname=TocsinIncidentConfirmed level=2", "record-webhook,comms-slack"),
    ("alertname=TocsinIncidentConfirmed level=2 owner=airline comms", "record-webhook,airline-slack"),
    ("alertname=TocsinNotAcknowledged severity=critical next=head-of-comms", "head-of-comms-pagerduty"),
    ("alertname=TocsinDown severity=critical", "engine-pagerduty"),
    ("alertname=TocsinLag severity=warning", "engine-slack"),
)


def alerts():
    """{name: the rule's text}."""
    text = RULES.read_text("utf-8")
    pieces = re.split(r"^ +- alert: (\w+)$", text, flags=re.M)
    return dict(zip(pieces[1::2], pieces[2::2]))


class Rules(unittest.TestCase):
    def test_are_all_there(self):
        for name in ("Crisis", "FeedSilent", "Lag", "WatermarkStalled", "AuditGap", "DeadLetters", "SnapshotMargin",
                     "WorkerRestarts"):
            self.assertIn(f"Tocsin{name}", alerts())

    def test_have_a_runbook_section_each_and_no_section_is_left_over(self):
        sections = set(re.findall(r"^### (Tocsin\w+)$", RUNBOOKS.read_text("utf-8"), re.M))
        self.assertEqual(sections, set(alerts()))
        for name, text in alerts().items():
            self.assertIn(f"runbook_url: docs/OPERATIONS.md#{name.lower()}\n", text)

    def test_ask_only_for_metrics_that_exist(self):
        documented = checking.documented_metrics()
        for name, text in alerts().items():
            expr = text.split("labels:", maxsplit=1)[0].split("for:", maxsplit=1)[0]
            for regex in re.findall(r'__name__=~"([^"]*)"', expr):
                self.assertTrue(any(re.fullmatch(regex, metric) for metric in documented), regex)
                expr = expr.replace(regex, "")
            for metric in checking.METRIC.findall(expr):
                self.assertIn(checking.family(metric, documented), documented, name)

    def test_have_severity_summary_and_description(self):
        for name, text in alerts().items():
            for part in ("severity:", "summary:", "description:"):
                self.assertIn(part, text, name)

    def test_have_a_case_that_fires_and_one_that_does_not(self):
        text = UNIT_TESTS.read_text("utf-8")
        for name in alerts():
            self.assertRegex(text, rf"alertname: {name}\n +exp_alerts:\n +- exp_labels", name)
        silent = set(re.findall(r"alertname: (\w+), exp_alerts: \[\]", text))
        # The level-2 alert is told apart from the level-3 one by its labels.
        self.assertEqual(set(alerts()) - silent, {"TocsinIncidentConfirmed"})

    def test_pass_promtool(self):
        promtool = checking.tool("promtool")
        code, said = checking.run(promtool, "check", "rules", "--lint=all", "--lint-fatal", RULES)
        self.assertEqual(code, 0, said)
        code, said = checking.run(promtool, "test", "rules", UNIT_TESTS)
        self.assertEqual(code, 0, said)

    def test_unit_tests_see_a_broken_rule(self):
        promtool = checking.tool("promtool")
        with tempfile.TemporaryDirectory() as folder:
            broken = RULES.read_text("utf-8").replace(">= 3)", ">= 4)")
            pathlib.Path(folder, RULES.name).write_text(broken, "utf-8")
            pathlib.Path(folder, UNIT_TESTS.name).write_text(UNIT_TESTS.read_text("utf-8"), "utf-8")
            code, _ = checking.run(promtool, "test", "rules", pathlib.Path(folder, UNIT_TESTS.name))
        self.assertNotEqual(code, 0)


class Exposition(unittest.TestCase):
    def test_passes_promtool(self):
        promtool = checking.tool("promtool")
        program = os.environ.get("TOCSIN_APP_METRICS_TEST", "")
        if not os.path.exists(program):
            raise unittest.SkipTest("TOCSIN_APP_METRICS_TEST does not name app_metrics_test: run by ctest, after building it")
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "metrics")
            os.environ["TOCSIN_WRITE_EXPOSITION"] = str(path)
            # Its results would stand for those of the whole program otherwise, where tests/run.sh has them written.
            code, said = checking.run(program, "--gtest_filter=*WriteTheirExposition*", f"--gtest_output=xml:{folder}/results.xml")
            self.assertEqual(code, 0, said)
            code, said = checking.run(promtool, "check", "metrics", text=path.read_text("utf-8"))
        self.assertEqual((code, said), (0, ""))


class Routes(unittest.TestCase):
    def test_pass_amtool(self):
        code, said = checking.run(checking.tool("amtool"), "check-config", ROUTES)
        self.assertEqual(code, 0, said)

    def test_lead_to_who_must_know(self):
        amtool = checking.tool("amtool")
        for labels, receivers in TOLD:
            pairs = re.findall(r"(\w+)=((?:[^= ]| (?!\w+=))+)", labels)
            # What it warns of differs from version to version, as does where; the answer is the last line.
            done = subprocess.run([amtool, "config", "routes", "test", f"--config.file={ROUTES}",
                                   *[f"{name}={value}" for name, value in pairs]], capture_output=True, text=True, check=False)
            self.assertEqual((done.returncode, done.stdout.strip().split("\n")[-1]), (0, receivers), f"{labels}: {done.stderr}")

    def test_have_every_kind_of_receiver_and_no_secret(self):
        text = ROUTES.read_text("utf-8")
        for kind in ("pagerduty_configs", "slack_configs", "webhook_configs"):
            self.assertIn(kind, text)
        self.assertEqual(re.findall(r"\b(?:routing_key|service_key|api_url|password|bearer_token):", text), [])


if __name__ == "__main__":
    checking.main()

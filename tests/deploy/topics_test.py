#!/usr/bin/env python3
"""Goal: deploy/topics.json is what the binary, the chart and the documents say of topics.
Method: the file against `tocsin topics --json` under two configurations, docs/CONFIG.md and the table of docs/DEPLOY.md. (The
chart reads the file itself: chart_test.py; the AsyncAPI document: tests/kafka/consumers/asyncapi_test.py.)

    topics_test.py --tocsin build/dev/bin/tocsin
"""

import json
import pathlib
import re
import subprocess
import tempfile

import deploying
from deploying import ROOT, unittest

TOCSIN = ""
TOPICS = json.loads((ROOT / "deploy/topics.json").read_text("utf-8"))["topics"]
DAY_MS = 86_400_000


def listed(*settings):
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "tocsin.yaml")
        config.write_text("sources: [{topics: [posts], preset: generic}]\nwatchlist: none.yaml\n", "utf-8")
        options = [part for each in settings for part in ("--set", each)]
        done = subprocess.run([TOCSIN, "topics", "--config", config, "--json", *options], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def row_of(topic):
    """The line of docs/DEPLOY.md."""
    days = int(topic["config"].get("retention.ms", 0)) / DAY_MS
    kept = "compacted" if "cleanup.policy" in topic["config"] else f"{days:g} days"
    partitions = topic["partitions"] or "`topics.mentions_partitions`"
    return f"| `{topic['name']}` | {topic['holds']} | {partitions} | {kept} | {topic['why']} |"


class Topics(unittest.TestCase):
    def test_binary_is_compiled_with_the_file(self):
        found = listed()
        self.assertEqual([each["name"] for each in found], [each["name"] for each in TOPICS])
        for each, topic in zip(found, TOPICS):
            self.assertEqual(each["partitions"], topic["partitions"] or 16)
            self.assertEqual(each["config"], topic["config"])
            self.assertEqual(each["why"], topic["why"])

    def test_configuration_is_heeded(self):
        found = listed("topics.mentions_partitions=5", "topics.signals=alarms", "topics.replication=3")
        for each, topic in zip(found, TOPICS):
            self.assertEqual(each["partitions"], topic["partitions"] or 5)
            self.assertEqual(each["replication"], 3)
            self.assertEqual(each["name"], "alarms" if topic["key"] == "signals" else topic["name"])

    def test_names_are_the_defaults_of_the_configuration(self):
        rows = dict(re.findall(r"^\| `topics\.(\w+)` \| text \| (\S+) \|", (ROOT / "docs/CONFIG.md").read_text("utf-8"), re.M))
        self.assertEqual({each["key"]: each["name"] for each in TOPICS}, rows)

    def test_table_of_the_document_is_that_of_the_file(self):
        rows = re.findall(r"^\| `tocsin\.[a-z-]+` \|.*$", (ROOT / "docs/DEPLOY.md").read_text("utf-8"), re.M)
        self.assertEqual(rows, [row_of(each) for each in TOPICS])


if __name__ == "__main__":
    TOCSIN = deploying.arguments()
    deploying.main()

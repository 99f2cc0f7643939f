#!/usr/bin/env python3
"""Goal: the AsyncAPI document has every topic, as Tocsin makes it, and refers to nothing that is not there.
Method: its YAML against docs/CONFIG.md (which a test holds against the code), deploy/topics.json, the headers
in operators/signal and app/worker, and the files that it names. (Its form: `npx @asyncapi/parser`, by hand.)
"""

import json
import os
import re
import subprocess
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
SKIPPED = 77
SCHEMAS = os.path.join(ROOT, "deploy", "schemas")
NO_TOPICS = {"create", "mentions_partitions", "replication"}


def text(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def resolve(reference, document):
    """What a $ref names, in this document or in a file beside it."""
    path, _, pointer = reference.partition("#")
    node = document if not path else json.loads(text("deploy", "schemas", path.removeprefix("./")))
    for part in [each for each in pointer.split("/") if each]:
        node = node[part]
    return node


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for each in node.values():
            yield from references(each)
    elif isinstance(node, list):
        for each in node:
            yield from references(each)


class AsyncApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        import yaml  # pylint: disable=import-outside-toplevel
        cls.document = yaml.safe_load(text("deploy", "schemas", "asyncapi.yaml"))

    def test_has_every_topic(self):
        rows = dict(re.findall(r"^\| `topics\.(\w+)` \| text \| (\S+) \|", text("docs", "CONFIG.md"), re.M))
        wanted = {name for key, name in rows.items() if key not in NO_TOPICS}
        self.assertGreaterEqual(len(wanted), 8)
        self.assertEqual({each["address"] for each in self.document["channels"].values()} - {"posts"}, wanted)

    def test_gives_topics_as_they_are_made(self):
        for topic in json.loads(text("deploy", "topics.json"))["topics"]:
            channel = next(each for each in self.document["channels"].values() if each["address"] == topic["name"])
            settings = channel["bindings"]["kafka"]["topicConfiguration"]
            if "cleanup.policy" in topic["config"]:
                self.assertEqual(settings, {"cleanup.policy": [topic["config"]["cleanup.policy"]]}, topic["name"])
            else:
                self.assertEqual(settings, {"retention.ms": int(topic["config"]["retention.ms"])}, topic["name"])

    def test_every_reference_leads_somewhere(self):
        found = set(references(self.document))
        self.assertGreater(len(found), 20)
        for reference in found:
            self.assertTrue(resolve(reference, self.document) is not None, reference)

    def test_every_schema_is_referred_to(self):
        named = {each.partition("#")[0].removeprefix("./") for each in references(self.document)}
        self.assertEqual({name for name in os.listdir(SCHEMAS) if name.endswith(".json")}, named - {""})

    def test_knows_the_headers_that_are_written(self):
        schemas = self.document["components"]
        written = set(re.findall(r'\{"(ce_\w+|content-type)",', text("operators", "signal", "signal.cc")))
        self.assertEqual(set(schemas["schemas"]["cloudEventHeaders"]["properties"]), written)
        letters = text("app", "worker", "dead_letters.cc")
        written = set(re.findall(r'\{"(\w+)", (?:letter\.|")', letters))
        self.assertEqual(set(schemas["messages"]["deadLetter"]["headers"]["properties"]), written)
        reasons = re.search(r"kDropReasonNames = \{([^}]*)\}", text("operators", "parse", "post.cc")).group(1)
        reasons += re.search(r"kErrorNames = \{([^}]*)\}", text("operators", "action", "action.cc")).group(1)
        self.assertEqual(set(schemas["messages"]["deadLetter"]["headers"]["properties"]["error"]["enum"]),
                         set(re.findall(r'"(\w+)"', reasons)) - {"none", "not_a_post"})

    def test_every_channel_is_written_or_read(self):
        used = {each["channel"]["$ref"].rsplit("/", 1)[1] for each in self.document["operations"].values()}
        self.assertEqual(used, set(self.document["channels"]))


def main():
    try:
        import yaml  # noqa: F401  pylint: disable=import-outside-toplevel,unused-import
    except ImportError:
        python = os.path.join(ROOT, "build", "python", "bin", "python")
        if os.path.exists(python) and not os.environ.get("TOCSIN_AGAIN"):
            return subprocess.run([python, __file__], env=dict(os.environ, TOCSIN_AGAIN="1"), check=False).returncode
        print("SKIPPED: no Python here has yaml: deploy/dependencies.sh --tests installs it")
        return SKIPPED
    return 0 if unittest.main(exit=False).result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Goal: whatever is wrong with a configuration or a watchlist, `tocsin check` says so at once, with file, line, column,
the line itself with a caret below the place, and what to do; `tocsin health` and the offline parts of `check` do what
they say.
Method: a table of mistakes as people make them, each of which must be told as the only error; then all errors of two
files in one run; then a file of posts through --try.

    check_test.py --tocsin build/dev/bin/tocsin
"""

import argparse
import http.server
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

TOCSIN = ""
CONFIG = "sources: [{topics: [posts], preset: twitter_v1}]\nwatchlist: w.yaml\n"  # lines 1 and 2
WATCHLIST = "brands:\n  - id: acme\n    name: Acme\n    query: acme\n"  # lines 1 to 4
ROUTES = WATCHLIST + "    route: oncall\nroutes:\n  oncall:\n"  # lines 1 to 7

# What stands behind CONFIG -> place, part of what is said.
BAD_CONFIGS = [
    ("windos: {slide: 5s}", "3:1", "unknown key: windos; did you mean windows?"),
    ("windows: {slid: 5s}", "3:11", "unknown key: windows.slid; did you mean slide?"),
    ("windows: {slide: 5}", "3:18", "must be a duration such as 500ms, 5s"),
    ("windows: {slide: 5 s}", "3:18", "must be a duration"),
    ("windows: {slide: 0s}", "3:18", "at least 1ms"),
    ("windows: 60s", "3:10", "windows must be a mapping of keys to values"),
    ("windows: {pane: 3s}", "3:17", "windows.slide, 5s, is not a multiple of windows.pane, 3s"),
    ("windows: {sizes: [60s, 61s]}", "3:24", "window of 61s is not a multiple of its slide, 5s"),
    ("windows: {sizes: [60s, 24h]}", "3:24", "write {size: 1d, slide: 1m}"),
    ("windows: {sizes: [60s, 60s]}", "3:24", "given twice"),
    ("windows: {sizes: 60s}", "3:18", "must be a list"),
    ("metrics: {every: 7s}", "3:18", "not a multiple of windows.slide"),
    ("metrics: {listen: 9464}", "3:19", "must be host:port, such as 127.0.0.1:9464"),
    ("metrics: {listen: 'a:99999'}", "3:19", "must be host:port"),
    ("privacy: {texts: hashed}", "3:18", "must be one of full, masked, none"),
    ("privacy: {text: none}", "3:11", "unknown key: privacy.text; did you mean texts?"),
    ("roles: [ingest, detector]", "3:8", "roles are ingest and detect"),
    ("workers: {ingest: many}", "3:19", "must be a whole number from 1 to 256"),
    ("workers: {detect: 0}", "3:19", "must be a whole number from 1 to 256"),
    ("topics: {signals: posts}", "3:19", "topic posts is used twice: by a source and by topics.signals"),
    ("topics: {signals: crisis signals}", "3:19", "not a topic's name"),
    ("topics: {create: yes}", "3:18", "must be true or false"),
    ("topics: {mentions_partitions: 0}", "3:31", "whole number from 1 to 1024"),
    ("topics: {replication: 0}", "3:23", "at least 1, or -1"),
    ("flush: {bytes: 512kb}", "3:16", "must be a size such as 512KB"),
    ("dedup: {max_entries: 1e6}", "3:22", "must be a whole number"),
    ("log: {level: verbose}", "3:14", "must be one of debug, info, warning, error"),
    ("log: {format: xml}", "3:15", "must be one of text, json"),
    ("on_gap: ignore", "3:9", "must be one of continue, stop"),
    ("deployment: prod/eu", "3:13", "letters, digits, '.', '_' and '-' only"),
    ("deployment: a\ndeployment: b", "4:1", "key given twice: deployment"),
    ("sentiment:\n  calibration: ${NOWHERE_SET}", "4:16", "environment variable NOWHERE_SET is not set; set it, or write"),
    ("sentiment: {calibration: \"${OPEN\"}", "3:26", "${ without its }"),
    ("kafka: localhost:9092", "3:8", "must be a mapping of librdkafka's properties"),
    ("limits: {queue_bytes: 1KB}", "3:23", "from 1048576 to"),
    ("log: {level: info", "3:1", "this is not YAML: end of map flow not found; correct the syntax"),
    ("log:\n\tlevel: info", "4:7", "this is not YAML"),
    ("log: 'info", "3:11", "this is not YAML"),
]

# Sources in the place of CONFIG's, on line 1.
BAD_SOURCES = [
    ("sources: [{topics: [posts], preset: twitter}]", "1:37", "no such preset: twitter; there are"),
    ("sources: [{topics: [posts]}]", "1:11", "a source needs either a preset"),
    ("sources: [{preset: twitter_v1}]", "1:11", "sources[].topics is missing"),
    ("sources: [{topics: [posts], preset: twitter_v1, start: now}]", "1:56", "must be one of earliest, latest"),
    ("sources: []", "1:10", "must be a list of at least one source"),
    ("sources: [{topics: a, fields: {id: /id, event_time: /t}}]", "1:31", "text"),
    ("sources: [{topics: a, fields: {id: /id, event_time: /t, text: t}}]", "1:63", "sources[].fields.text"),
    ("sources: [{topics: a, fields: {id: /id, event_time: /t, txt: /t, text: /t}}]", "1:57", "did you mean text?"),
    ("sources: [{topics: a, preset: generic, network: myspace}]", "1:49", "no such network: myspace"),
]

# Whole watchlists -> place, part of what is said.
BAD_WATCHLISTS = [
    ("brandz: []\n" + WATCHLIST, "1:1", "unknown key 'brandz' in a watchlist; known are brands, routes"),
    ("brands:\n", "2:1", "'brands' is not a list of brands; start each brand with"),
    ("brands: []\n", "1:9", "'brands' is not a list of brands"),
    ("- id: a\n", "1:1", "a watchlist is not a mapping"),
    ("brands:\n  - name: Acme\n    query: acme\n", "2:5", "a brand without 'id'; write a short name"),
    ("brands:\n  - id: acme\n    query: acme\n", "2:5", "a brand without 'name'"),
    ("brands:\n  - id: acme\n    name: Acme\n", "2:5", "a brand without 'query'; write what to look for"),
    ("brands:\n  - id: Acme Corp\n    name: Acme\n    query: acme\n", "2:9", "'Acme Corp' is no id; use a-z"),
    (WATCHLIST + "    querry: x\n", "5:5", "unknown key 'querry' in a brand; known are"),
    (WATCHLIST + "  - id: acme\n    name: B\n    query: b\n", "5:9", "id 'acme' is that of line 2 too; make ids unique"),
    (WATCHLIST + "    route: nobody\n", "5:12", "unknown route 'nobody'; add it under routes:"),
    (WATCHLIST + "    kind: product\n", "5:11", "unknown kind 'product'; write brand, topic"),
    (WATCHLIST + "    time_zone: CET+1\n", "5:16", "unknown time zone 'CET+1'; write a name of the tz database"),
    (WATCHLIST + "    official_accounts: acme\n", "5:24", "not a list; write [handle, handle]"),
    (WATCHLIST.replace("acme\n    name", "acme\n    name") + "    official_accounts: [a b]\n", "5:25", "no handle"),
    (WATCHLIST.replace("query: acme", "query: (acme"), "4:12", "'(' that is not closed; add the closing ')'"),
    (WATCHLIST.replace("query: acme", "query: acme)"), "4:16", "')' without '('"),
    (WATCHLIST.replace("query: acme", "query: '\"acme'"), "4:13", "quote that is not closed"),
    (WATCHLIST.replace("query: acme", "query: NOT acme"), "4:12", "only excludes, so almost every post would match"),
    (WATCHLIST.replace("query: acme", "query: lang:en"), "4:12", "no word that must be present"),
    (WATCHLIST.replace("query: acme", "query: acme or corp"), "4:17", "'or' is neither"),
    (WATCHLIST.replace("query: acme", "query: acme OR"), "4:19", "ends where a term is due"),
    (WATCHLIST.replace("query: acme", "query: a NEAR/500 b"), "4:14", "NEAR"),
    (WATCHLIST.replace("query: acme", "query: a NEAR/5 (b c)"), "4:21", "can't measure from this"),
    (WATCHLIST.replace("query: acme", "query: acme AND ()"), "4:21", "an empty group"),
    (ROUTES + "    rules: [{level: 4, route: board}]\n", "8:31", "unknown route 'board'; add it under routes:"),
    ("types: [{type: Strike, terms: [x]}]\n" + WATCHLIST, "1:16", "'Strike' is no type; use a-z"),
    (ROUTES + "    chanel: x\n", "8:5", "unknown key 'chanel' in route 'oncall'; known are owner"),
    (ROUTES + "    escalate_after: 30\n", "8:21", "'30' is no duration; write a number and ms, s, m, h or d: 30m"),
    (ROUTES + "    language: de\n", "8:15", "no summaries in 'de'; write en, fr or it"),
    (ROUTES + "    playbook_url: wiki/crisis\n", "8:19", "is no web address; start it with https://"),
]


def run(arguments, folder, **keywords):
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TOCSIN_")}
    return subprocess.run([TOCSIN, *arguments], cwd=folder, capture_output=True, text=True, timeout=120,
                          env=environment, **keywords)


class Folder(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = scratch.name

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def check(self, config, watchlist, *arguments):
        self.write("c.yaml", config)
        self.write("w.yaml", watchlist)
        return run(["check", "--config", "c.yaml", *arguments], self.folder)


class BadFiles(Folder):
    def expect_only(self, result, file, text, place, what):
        self.assertEqual(result.returncode, 2, result)
        lines = result.stderr.splitlines()
        self.assertEqual(lines[-1], "tocsin check: 1 error", result.stderr)
        self.assertTrue(lines[0].startswith(f"{file}:{place}: "), f"{place}: {result.stderr}")
        self.assertIn(what, lines[0])
        line, column = map(int, place.split(":"))
        source = (text.split("\n") + [""])[line - 1]
        if source:  # a place at the end of the file has no line to show
            self.assertEqual(lines[1], "    " + source)
            self.assertEqual(lines[2], "    " + re.sub(r"[^\t]", " ", source[:column - 1]) + "^")

    def test_table_is_long_enough(self):
        self.assertGreaterEqual(len(BAD_CONFIGS) + len(BAD_SOURCES) + len(BAD_WATCHLISTS), 50)

    def test_configurations(self):
        for yaml, place, what in BAD_CONFIGS:
            with self.subTest(yaml):
                self.expect_only(self.check(CONFIG + yaml, WATCHLIST), "c.yaml", CONFIG + yaml, place, what)

    def test_sources(self):
        for yaml, place, what in BAD_SOURCES:
            with self.subTest(yaml):
                text = yaml + "\nwatchlist: w.yaml\n"
                self.expect_only(self.check(text, WATCHLIST), "c.yaml", text, place, what)

    def test_watchlists(self):
        for yaml, place, what in BAD_WATCHLISTS:
            with self.subTest(yaml):
                self.expect_only(self.check(CONFIG, yaml), "w.yaml", yaml, place, what)

    def test_all_errors_of_all_files_are_told_at_once(self):
        config = ("deployment: prod eu\nsources: [{topics: [posts], preset: x}]\nwatchlist: w.yaml\nwindows: {slid: 5s}\n"
                  "sentiment: {model: none.model}\nprivacy: {key_file: none.key}\n"
                  "kafka: {sasl.password: hunter2, no.such.property: 1}\n")
        watchlist = ("brands:\n  - {id: A, name: A, query: 'a or b'}\n  - {id: b, query: NOT b, route: x}\n"
                     "routes:\n  r: {language: xx}\n")
        result = self.check(config, watchlist, "--set", "log.level=loud")
        self.assertEqual(result.returncode, 2)
        heads = [line for line in result.stderr.splitlines() if not line.startswith("    ")]
        expected = ["--set log.level: ", "c.yaml:1:13: ", "c.yaml:2:37: ", "c.yaml:4:11: ", "w.yaml:2:10: ",
                    "w.yaml:2:32: ", "w.yaml:3:5: ", "w.yaml:3:20: ", "w.yaml:3:34: ", "w.yaml:5:17: ",
                    "c.yaml: sentiment.model: ", "c.yaml: can't read the file that privacy.key_file names",
                    "c.yaml: kafka: ", "tocsin check: 13 errors"]
        self.assertEqual(len(heads), len(expected), result.stderr)
        for head, start in zip(heads, expected):
            self.assertTrue(head.startswith(start), f"{start}: {head}")
        self.assertNotIn("hunter2", result.stderr + result.stdout)

    def test_files_that_are_not_there(self):
        result = run(["check", "--config", "none.yaml"], self.folder)
        self.assertEqual(result.returncode, 2)
        self.assertIn("can't read the configuration; correct the path or the rights; file=none.yaml", result.stderr)
        self.write("c.yaml", CONFIG)
        result = run(["check", "--config", "c.yaml"], self.folder)
        self.assertEqual(result.returncode, 2)
        self.assertIn("can't read the file that watchlist names; correct the path or the rights", result.stderr)


class GoodFiles(Folder):
    WATCHLIST = (
        "brands:\n"
        "  - {id: acme, name: Acme, query: '\"acme corp\" OR @Acme', official_accounts: [AcmeHelp], route: oncall}\n"
        "  - {id: the, name: The, query: the}\n"
        "  - {id: silent, name: Silent, query: 'Qu\u00eb OR (never NEAR/3 (seen OR heard))'}\n"
        "  - {id: twin, name: Twin, query: 'THE'}\n"
        "routes: {oncall: {owner: a}, unused: {owner: b, next: oncall, escalate_after: 5m}}\n")
    CONFIG = "sources: [{topics: [posts], preset: generic}]\nwatchlist: w.yaml\n"

    def test_explains_queries_and_doubts(self):
        result = self.check(self.CONFIG, self.WATCHLIST, "--explain")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"^ok: 1 sources, 4 brands, 2 routes, version [0-9a-f]{16}\n")
        self.assertIn("acme: \"acme corp\" OR @acme\n", result.stdout)
        self.assertIn("silent: que OR never NEAR/3 (seen OR heard)\n", result.stdout)
        self.assertIn("brands the and twin have the same query", result.stderr)
        self.assertIn("route unused is used by no brand", result.stderr)
        self.assertIn("kafka.bootstrap.servers is not set", result.stderr)
        self.assertNotIn("route oncall", result.stderr)
        self.assertNotIn("escalate_after", result.stderr)

    def test_doubts_a_route_that_calls_nobody(self):
        for half, words in (("next: b", "next, but no escalate_after"), ("escalate_after: 5m", "escalate_after, but no next")):
            result = self.check(self.CONFIG, f"brands: [{{id: a, name: A, query: a, route: r}}]\nroutes: {{r: {{owner: o, {half}}}}}\n")
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(f"route r has {words}, so nobody is ever called; give both", result.stderr)

    def test_explains_what_a_brand_has_of_its_own(self):
        watchlist = ("brands:\n"
                     "- {id: a, name: A, query: a, thresholds: {confirmed_velocity: 2.5, negative_authors: 4}, crisis_history: [2025-03-01]}\n"
                     "- {id: b, name: B, query: b}\n")
        result = self.check(self.CONFIG, watchlist, "--explain")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("a has thresholds of its own: negative_authors 4, confirmed_velocity 2.5\n", result.stdout)
        self.assertIn("a has had crises, 1; each further one is a level higher once it is confirmed\n", result.stdout)
        self.assertNotIn("b has", result.stdout)

    def test_explains_and_doubts_types_and_rules(self):
        watchlist = ("brands: [{id: a, name: A, query: a, route: r}]\n"
                     "types: [{type: strike, terms: [walkout]}, {type: fees, terms: [fees]}]\n"
                     "routes:\n"
                     "  r: {rules: [{types: [strike, data_breach], level: 3, route: s}, {level: 2, route: s},\n"
                     "      {types: [fees], level: 4, route: t}]}\n"
                     "  s: {rules: [{level: 5, route: r}]}\n"
                     "  t: {}\n")
        result = self.check(self.CONFIG, watchlist, "--explain")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("types of your own: fees, strike\n", result.stdout)
        self.assertIn("route r: data_breach or strike, at level 3 and above goes to s\n", result.stdout)
        self.assertIn("route r: at level 2 and above goes to s\n", result.stdout)
        self.assertIn("route r has a rule that leads to s, whose own rules do not count then", result.stderr)
        self.assertIn("route r has a rule that decides nothing (fees, at level 4 and above)", result.stderr)
        self.assertNotIn("is used by no brand", result.stderr)

    def test_tries_a_file(self):
        def post(number, text, author="x"):
            return json.dumps({"id": str(number), "time": "2026-01-02T03:04:05Z", "text": text, "author": author})
        posts = [post(1, "the Acme Corp is down"), post(2, "the other acme"), post(3, "we are sorry", "acmehelp"),
                 post(4, "the @acme"), "{}", "no json", post(5, "the end " + "x" * 200), post(6, "the Acme Corp is down")]
        self.write("posts.ndjson", "\n".join(posts) + "\n")
        result = self.check(self.CONFIG, self.WATCHLIST, "--try", "posts.ndjson", "--examples", "2")
        self.assertEqual(result.returncode, 0, result.stderr)
        out = result.stdout
        self.assertIn("posts.ndjson: 8 records = 5 matched + 0 unmatched + 2 dead + 1 official\n", out)
        self.assertIn("  dead: 1 not_json\n", out)
        self.assertIn("  dead: 1 missing_field\n", out)
        self.assertIn("acme: 3 mentions (50.00 %), 0 ambiguous, 1 official posts\n"
                      "    by phrase: 2\n    by handle: 1\n    the Acme Corp is down\n    the @acme\n", out)
        self.assertRegex(out, r"match nearly everything, so too much: the, twin, acme; ")
        self.assertIn("match nothing in this file: silent; ", out)
        self.assertLess(max(map(len, out.splitlines())), 160)
        # Standard input, and a topic by name, say the same.
        with open(os.path.join(self.folder, "posts.ndjson"), encoding="utf-8") as lines:
            again = run(["check", "--config", "c.yaml", "--try", "posts=-", "--examples", "2"], self.folder, stdin=lines)
        self.assertEqual(again.stdout.replace("-: 8", "posts.ndjson: 8"), out)

    def test_contacts_nobody_unless_asked_to(self):
        with socket.create_server(("127.0.0.1", 0)) as broker:
            broker.settimeout(0.5)
            kafka = "kafka: {bootstrap.servers: '127.0.0.1:%d'}\n" % broker.getsockname()[1]
            result = self.check(self.CONFIG + kafka, self.WATCHLIST)
            self.assertEqual(result.returncode, 0, result)
            self.assertNotIn("kafka client", result.stderr)
            with self.assertRaises(TimeoutError, msg="somebody knocked at the broker"):
                broker.accept()

    def test_a_file_that_is_not_there_is_an_error(self):
        result = self.check(self.CONFIG, self.WATCHLIST, "--try", "none.ndjson")
        self.assertEqual(result.returncode, 2)
        self.assertIn("none.ndjson", result.stderr)

    def test_a_broker_that_does_not_answer_is_told_of(self):
        config = self.CONFIG + "kafka: {bootstrap.servers: '127.0.0.1:1', socket.connection.setup.timeout.ms: 1000}\n"
        result = self.check(config, self.WATCHLIST, "--broker")
        self.assertEqual(result.returncode, 1, result)
        self.assertIn("check kafka.bootstrap.servers, the network", result.stderr)


class Health(Folder):
    """Against a server that says what it is told to."""

    def setUp(self):
        super().setUp()
        answers = self.answers = {"/livez": (200, "ok\n"), "/readyz": (200, "ok\n")}

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                code, body = answers[self.path]
                self.send_response(code)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.port = server.server_address[1]

    def test_exit_codes_say_how_it_is(self):
        port = ["health", "--port", str(self.port)]
        result = run(port, self.folder)
        self.assertEqual((result.returncode, result.stdout), (0, "live and ready\n"), result.stderr)
        self.answers["/readyz"] = (503, "waiting for partitions\n")
        result = run(port, self.folder)
        self.assertEqual(result.returncode, 1)
        self.assertIn("/readyz: 503 waiting for partitions", result.stderr)
        self.assertEqual(run([*port, "--live"], self.folder).returncode, 0)
        self.answers["/livez"] = (500, "")
        self.assertEqual(run([*port, "--live"], self.folder).returncode, 1)

    def test_finds_the_address_in_the_configuration(self):
        for listen in (f"127.0.0.1:{self.port}", f"0.0.0.0:{self.port}"):
            self.write("c.yaml", CONFIG + f"metrics: {{listen: '{listen}'}}\n")
            self.assertEqual(run(["health", "--config", "c.yaml"], self.folder).returncode, 0)
        result = run(["health", "--config", "c.yaml", "--set", "metrics.listen=127.0.0.1:0"], self.folder)
        self.assertEqual(result.returncode, 2)
        self.assertIn("names no port", result.stderr)
        result = run(["health", "--url", f"http://127.0.0.1:{self.port}/"], self.folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(run(["health", "--url", "localhost:1"], self.folder).returncode, 2)

    def test_nobody_there_is_a_failure(self):
        with http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler) as other:
            port = other.server_address[1]
        result = run(["health", "--port", str(port), "--timeout", "2s"], self.folder)
        self.assertEqual(result.returncode, 1)
        self.assertIn("no answer", result.stderr)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    arguments, rest = parser.parse_known_args()
    TOCSIN = os.path.abspath(arguments.tocsin)
    unittest.main(argv=[sys.argv[0], *rest])

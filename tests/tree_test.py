#!/usr/bin/env python3
"""Goal: the tree keeps its shape: layers, sizes, names, words.
Method: every rule reads the whole tree; then each is given a small tree with one violation, which it must report.
"""

import os
import re
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CODE = (".cc", ".h")
TEXT = CODE + (".py", ".sh", ".cmake", ".txt", ".md", ".json", ".yaml", ".yml", ".xml", ".properties", ".service")
LIBRARIES = ("engine/", "operators/")
MAX_LINES = 600
BANNED_NAMES = {"util", "utils", "helper", "helpers", "common", "misc"}
# In halves, so that this file does not break its own rule.
REGISTRIES = [("pypi", "org"), ("files.pythonhosted", "org"), ("registry.npmjs", "org"), ("proxy.golang", "org"),
              ("crates", "io"), ("repo1.maven", "org"), ("repo.maven.apache", "org"), ("deb.debian", "org"),
              ("security.debian", "org"), ("rubygems", "org"), ("registry-1.docker", "io")]
REGISTRY = re.compile("|".join(re.escape(".".join(each)) for each in REGISTRIES))
MACHINE_PATH = re.compile(r"(?<![\w./:$}~-])/(?:" + "|".join(("work", "root", "home")) + r")/\w")
UNFINISHED = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')

ENGINE_INCLUDES = re.compile(r"^(?:operators|app|bench|tests)/")
OPERATORS_INCLUDE = re.compile(r"rdkafka|^(?:app|bench|tests)/|^engine/log/kafka/")
APP_INCLUDES = re.compile(r"^(?:bench|tests)/")
PRINTING = re.compile(r"std::(?:cout|cerr|clog)\b|\b(?:f?printf|puts|fputs|putchar)\s*\(")
ENDING = re.compile(r"(?<![\w.>:])(?:std::)?(?:exit|quick_exit|terminate)\s*\(")
ENDING_AT_ONCE = re.compile(r"(?<![\w.>])(?:::)?(?:_exit|_Exit)\s*\(")  # the app's second SIGTERM may
WALL_CLOCK = re.compile(r"absl::Now\(|absl::GetCurrentTimeNanos|system_clock|gettimeofday|CLOCK_REALTIME|\btime\((?:NULL|nullptr|0)\)")
UNSEEDED = re.compile(r"std::random_device|\bs?rand\(|absl::BitGen\b|absl::Hash\b")
DOMAIN = re.compile(r"\b(?:brand|sentiment)s?\b", re.IGNORECASE)


class Tree:
    """The files below a root, read once: {path relative to it: lines}."""

    def __init__(self, root):
        self.texts = {}
        self.paths = []
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(each for each in folders if each not in ("build", ".git", "__pycache__"))
            for name in sorted(files):
                full = os.path.join(folder, name)
                path = os.path.relpath(full, root)
                self.paths.append(path)
                if path.endswith(TEXT) or "." not in name:
                    with open(full, encoding="utf-8", errors="replace") as file:
                        self.texts[path] = file.read().split("\n")

    def code(self, *below):
        return ((path, lines) for path, lines in self.texts.items() if path.endswith(CODE) and path.startswith(below))

    def grep(self, pattern, files):
        return [f"{path}:{number}: {line.strip()}" for path, lines in files
                for number, line in enumerate(lines, 1) if pattern.search(line)]


def without_comments(files):
    return ((path, [line.split("//", 1)[0] for line in lines]) for path, lines in files)


def includes(tree, below, banned):
    found = []
    for path, lines in tree.code(below):
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match and banned.search(match.group(1)):
                found.append(f"{path}:{number}: {line.strip()}")
    return found


def engine_knows_nothing_above_it(tree):
    return includes(tree, "engine/", ENGINE_INCLUDES) + tree.grep(DOMAIN, tree.code("engine/"))


def operators_know_neither_kafka_nor_the_app(tree):
    return includes(tree, "operators/", OPERATORS_INCLUDE)


def app_includes_no_tests(tree):
    return includes(tree, "app/", APP_INCLUDES)


def only_its_folder_includes_librdkafka(tree):
    kafka = re.compile("rdkafka")
    return [each for each in includes(tree, "", kafka)
            if not each.startswith(("engine/log/kafka/", "bench/kafka/", "tests/"))]


def files_are_short(tree):
    return [f"{path}: {len(lines) - 1} lines" for path, lines in tree.code("") if len(lines) - 1 > MAX_LINES]


def names_say_something(tree):
    return [path for path in tree.paths
            if any(BANNED_NAMES & set(re.split(r"[_.-]", part.lower())) for part in path.split(os.sep))]


def nothing_is_left_unfinished(tree):
    return tree.grep(UNFINISHED, tree.texts.items())


def libraries_neither_print_nor_end_the_process(tree):
    return (tree.grep(PRINTING, without_comments(tree.code(*LIBRARIES))) +
            tree.grep(ENDING, without_comments(tree.code(*LIBRARIES, "app/"))) +
            tree.grep(ENDING_AT_ONCE, without_comments(tree.code(*LIBRARIES))))


def libraries_take_time_and_chance_from_outside(tree):
    files = [each for each in tree.code(*LIBRARIES) if each[0] != "engine/base/clock.h"]
    return (tree.grep(WALL_CLOCK, without_comments(files)) +
            tree.grep(UNSEEDED, without_comments(tree.code(*LIBRARIES, "app/"))))


def headers_are_included_once(tree):
    return [path for path, lines in tree.code("") if path.endswith(".h") and "#pragma once" not in lines]


def no_namespace_is_imported(tree):
    headers = [each for each in tree.code("") if each[0].endswith(".h")]
    return (tree.grep(re.compile(r"^\s*using namespace std;"), tree.code("")) +
            tree.grep(re.compile(r"^\s*using namespace (?!std;)"), headers))


def no_registry_and_no_machine_is_named(tree):
    return tree.grep(REGISTRY, tree.texts.items()) + tree.grep(MACHINE_PATH, tree.texts.items())


# A rule, and trees of one file that it must report.
RULES = [
    (engine_knows_nothing_above_it, [("engine/a.cc", '#include "operators/match/watchlist.h"'),
                                     ("engine/a.h", '#pragma once\n#include "app/run.h"'),
                                     ("engine/a.cc", "int brand = 0;")]),
    (operators_know_neither_kafka_nor_the_app, [("operators/a.cc", "#include <librdkafka/rdkafka.h>"),
                                                ("operators/a.cc", '#include "engine/log/kafka/kafka_log.h"'),
                                                ("operators/a.cc", '# include "app/run.h"')]),
    (app_includes_no_tests, [("app/a.cc", '#include "tests/testing/fake.h"')]),
    (only_its_folder_includes_librdkafka, [("app/a.cc", "#include <librdkafka/rdkafka_mock.h>"),
                                           ("engine/log/log.cc", "#include <librdkafka/rdkafka.h>")]),
    (files_are_short, [("app/a.cc", "\n" * (MAX_LINES + 1))]),
    (names_say_something, [("engine/string_utils.cc", ""), ("engine/common/a.txt", "")]),
    (nothing_is_left_unfinished, [("app/a.cc", "// TO" + "DO: later"), ("docs/a.md", "FIX" + "ME")]),
    (libraries_neither_print_nor_end_the_process, [("operators/a.cc", 'std::cout << "x";'), ("engine/a.cc", "printf(x);"),
                                                   ("engine/a.cc", "  exit(1);"), ("app/a.cc", "std::exit(2);"),
                                                   ("engine/a.cc", "_exit(1);")]),
    (libraries_take_time_and_chance_from_outside, [("engine/a.cc", "auto now = absl::Now();"),
                                                   ("operators/a.cc", "std::chrono::system_clock::now();"),
                                                   ("app/a.cc", "std::random_device device;")]),
    (headers_are_included_once, [("engine/a.h", "int x;")]),
    (no_namespace_is_imported, [("app/a.cc", "using namespace std;"), ("app/a.h", "#pragma once\nusing namespace other;")]),
    (no_registry_and_no_machine_is_named, [("docs/a.md", "see https://py" + "pi.org/x"),
                                           ("deploy/a.sh", 'cd "' + "/ro" + 'ot/x"'), (".ci/run", " /wo" + "rk/main")]),
]


class TreeTest(unittest.TestCase):
    def test_every_rule_holds(self):
        tree = Tree(ROOT)
        for rule, _ in RULES:
            with self.subTest(rule=rule.__name__):
                self.assertEqual([], rule(tree))

    def test_every_rule_reports_what_is_planted(self):
        for rule, plants in RULES:
            for path, text in plants:
                with self.subTest(rule=rule.__name__, path=path, text=text[:60]), tempfile.TemporaryDirectory() as root:
                    full = os.path.join(root, path)
                    os.makedirs(os.path.dirname(full), exist_ok=True)
                    with open(full, "w", encoding="utf-8") as file:
                        file.write(text + "\n")
                    self.assertEqual(1, len(rule(Tree(root))), rule(Tree(root)))

    def test_clean_code_is_not_reported(self):
        clean = ('#pragma once\n#include "engine/log/log.h"\n// Prints nothing; exit( only in comments.\n'
                 "clock.Now(); thread.terminate(); on_exit(x); SnPrintf(x);\n")
        for folder in ("engine", "operators", "app"):
            with tempfile.TemporaryDirectory() as root:
                os.makedirs(os.path.join(root, folder))
                with open(os.path.join(root, folder, "a.h"), "w", encoding="utf-8") as file:
                    file.write(clean)
                for rule, _ in RULES:
                    self.assertEqual([], rule(Tree(root)), rule.__name__)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=1))

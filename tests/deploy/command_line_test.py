#!/usr/bin/env python3
"""Goal: completions and manual page know every command and every option that the binary takes, and no other; each shell
accepts its script, and completes what it must.
Method: what --help says of each command, against what is written; then bash itself completes typed lines.

    command_line_test.py --tocsin build/dev/bin/tocsin
"""

import re
import subprocess
import tempfile

import deploying
from deploying import unittest

TOCSIN = ""
# What is typed, and what must be among the proposals or, with "!", must not.
LINES = [
    ("tocsin ", ["run", "check", "replay", "source", "topics", "completion", "--version", "!--config", "!reset"]),
    ("tocsin re", ["replay", "!run"]),
    ("tocsin run --", ["--config", "--set", "--ordinal", "!--broker"]),
    ("tocsin check --config a.yaml --", ["--broker", "--try", "!--ordinal"]),
    ("tocsin source ", ["reset", "!run"]),
    ("tocsin source reset --start ", ["earliest", "latest", "stopped", "!--topic"]),
    ("tocsin source reset --", ["--topic", "--detect", "--start"]),
    ("tocsin completion ", ["bash", "zsh", "fish"]),
    ("tocsin run --ordinal ", ["!--config"]),
    ("tocsin run --config ", ["deploy", "docs", "!--set"]),
]


def said(*words):
    return subprocess.run([TOCSIN, *words], capture_output=True, text=True, check=True).stdout


def commands():
    """{path: (names of options, choices)} of every command, as --help has them."""
    found = {}

    def look(path):
        text = said(*path, "--help")
        names = set()
        for line in re.findall(r"^ +(-[^ ].*)$", text, re.M):
            names |= set(re.findall(r"(?:^|,)(--?[a-z][a-z-]*)", line.split(" ")[0]))
        children = re.search(r"^Subcommands:\n((?:  .*\n)+)", text, re.M)
        found[path] = names
        for child in re.findall(r"^  ([a-z]+) ", children.group(1), re.M) if children else []:
            look((*path, child))

    look(())
    return found


class Completion(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.commands = commands()
        cls.scripts = {shell: said("completion", shell) for shell in ("bash", "zsh", "fish")}

    def test_help_is_read_as_it_is_meant(self):
        self.assertGreater(len(self.commands), 12)
        self.assertIn(("source", "reset"), self.commands)
        self.assertLessEqual({"-c", "--config", "--set", "--topic", "--detect", "--start"}, self.commands[("source", "reset")])

    def test_bash_knows_every_option_and_no_other(self):
        for path, names in self.commands.items():
            block = re.search(rf"^    '{' '.join(path)}'\)\n(.*?)^      ;;\n", self.scripts["bash"], re.M | re.S)
            words = re.search(r"^        \*\) words='(.*)' ;;$", block.group(1), re.M).group(1).split()
            self.assertEqual({word for word in words if word.startswith("-")}, names, path)

    def test_zsh_knows_every_option_and_no_other(self):
        for path, names in self.commands.items():
            function = "_".join(("_tocsin", *path))
            block = re.search(rf"^{function}\(\) {{\n(.*?)^}}\n", self.scripts["zsh"], re.M | re.S).group(1)
            self.assertEqual(set(re.findall(r"^    '\*?(--?[a-z][a-z-]*)\[", block, re.M)), names, path)

    def test_fish_knows_every_option_and_no_other(self):
        found = {}
        for condition, rest in re.findall(r"^complete -c tocsin -n '([^']*)' (-[sl].*)$", self.scripts["fish"], re.M):
            path = tuple(word for part in condition.split("; and ") if not part.startswith("not ") for word in part.split()[1:])
            options = rest.split(" -d ")[0]
            found.setdefault(path, set()).update(
                {"--" + name for name in re.findall(r"-l ([a-z-]+)", options)} | {"-" + name for name in re.findall(r"-s (\w)", options)})
        self.assertEqual(found, self.commands)

    def test_bash_completes_what_is_typed(self):
        with tempfile.NamedTemporaryFile("w", suffix=".bash") as script:
            script.write(self.scripts["bash"])
            script.flush()
            for line, wanted in LINES:
                words = line.split(" ")
                quoted = " ".join(f"'{word}'" for word in words)
                ask = f"source {script.name}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _tocsin; printf '%s\\n' \"${{COMPREPLY[@]}}\""
                answer = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True, cwd=deploying.ROOT)
                proposals = answer.stdout.split("\n")
                for each in wanted:
                    if each.startswith("!"):
                        self.assertNotIn(each[1:], proposals, line)
                    else:
                        self.assertIn(each, proposals, line)

    def accepts(self, shell, *command):
        program = deploying.tool(command[0])
        with tempfile.NamedTemporaryFile("w") as script:
            script.write(self.scripts[shell])
            script.flush()
            code, text = deploying.run(program, *command[1:], script.name)
        self.assertEqual((code, text), (0, ""))

    def test_bash_accepts_its_script(self):
        self.accepts("bash", "bash", "-n")

    def test_zsh_accepts_its_script(self):
        self.accepts("zsh", "zsh", "-n")

    def test_fish_accepts_its_script(self):
        self.accepts("fish", "fish", "--no-execute")


class Manual(unittest.TestCase):
    def test_has_every_command_and_option(self):
        page = said("manual").replace("\\-", "-")
        sections = dict(re.findall(r"^\.SS tocsin ([a-z ]+?)(?: [A-Z]+)*\n(.*?)(?=^\.S[SH])", page, re.M | re.S))
        for path, names in commands().items():
            if path in ((), ("source",)):
                continue
            found = set()
            for line in re.findall(r"^\.TP\n(\\fB-.*)$", sections[" ".join(path)], re.M):
                found |= set(re.findall(r"\\fB(--?[a-z][a-z-]*)\\fR", line))
            self.assertEqual(found, names - {"-h", "--help"}, path)

    def test_is_what_man_can_show(self):
        groff = deploying.tool("groff")
        code, text = deploying.run(groff, "-man", "-ww", "-z", "-", text=said("manual"))
        self.assertEqual((code, text), (0, ""))


if __name__ == "__main__":
    TOCSIN = deploying.arguments()
    deploying.main()

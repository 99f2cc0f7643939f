"""Reads a little YAML: block mappings and lists, one-line flow ones, scalars on one line; as tests' watchlists use."""

import json
import re


def parse_yaml(text):
    lines = []
    for line in text.splitlines():
        bare = _without_comment(line).rstrip()
        if bare.strip():
            lines.append((len(bare) - len(bare.lstrip()), bare.strip()))
    return _block(lines, lines[0][0]) if lines else None


def _without_comment(line):
    quote = None
    for i, char in enumerate(line):
        if quote:
            quote = None if char == quote else quote
        elif char in "'\"" and (i == 0 or line[i - 1] in " :[{,-"):
            quote = char
        elif char == "#" and (i == 0 or line[i - 1] == " "):
            return line[:i]
    return line


def _block(lines, indent):
    if lines[0][1].startswith("- "):
        items = []
        while lines and lines[0][0] == indent and lines[0][1].startswith("- "):
            content = lines[0][1][2:].lstrip()
            if re.match(r"[\w.-]+:( |$)", content):
                lines[0] = (indent + 2, content)
                items.append(_block(lines, indent + 2))
            else:
                lines.pop(0)
                items.append(_Flow(content).value())
        return items
    mapping = {}
    while lines and lines[0][0] == indent:
        key, _, rest = lines.pop(0)[1].partition(":")
        if rest.strip():
            mapping[key.strip()] = _Flow(rest.strip()).value()
        elif lines and (lines[0][0] > indent or lines[0][1].startswith("- ")):
            mapping[key.strip()] = _block(lines, lines[0][0])
        else:
            mapping[key.strip()] = None
    return mapping


class _Flow:
    def __init__(self, text):
        self.text, self.at = text, 0

    def value(self, inside=False):
        self._space()
        char = self.text[self.at:self.at + 1]
        if char == "[":
            return self._items("]", lambda: self.value(True))
        if char == "{":
            return dict(self._items("}", self._pair))
        if char in ("'", '"'):
            pattern = r"'((?:[^']|'')*)'" if char == "'" else r'"((?:[^"\\]|\\.)*)"'
            match = re.compile(pattern).match(self.text, self.at)
            self.at = match.end()
            return match.group(1).replace("''", "'") if char == "'" else json.loads(match.group())
        match = re.compile(r"[^,\[\]{}]*" if inside else r".*").match(self.text, self.at)
        self.at = match.end()
        return match.group().strip()

    def _space(self):
        while self.text[self.at:self.at + 1] == " ":
            self.at += 1

    def _pair(self):
        self._space()
        match = re.compile(r"([\w.-]+) *: *").match(self.text, self.at)
        self.at = match.end()
        return match.group(1), self.value(True)

    def _items(self, end, item):
        self.at += 1
        items = []
        while True:
            self._space()
            if self.text[self.at] == end:
                self.at += 1
                return items
            items.append(item())
            self._space()
            if self.text[self.at] == ",":
                self.at += 1

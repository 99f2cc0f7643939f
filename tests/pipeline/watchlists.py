"""Variants of a generated watchlist, for tests in which it changes."""

import re

ENTRY = re.compile(r"  - id: (\S+)\n    name: (.*)\n    query: '(.*)'\n(?:    official_accounts: \[(.*)\]\n)?")


def read(path):
    """[[id, name, query, official accounts]]"""
    with open(path, encoding="utf-8") as file:
        return [list(entry) for entry in ENTRY.findall(file.read())]


def write(path, brands):
    with open(path, "w", encoding="utf-8") as file:
        file.write("brands:\n")
        for brand, name, query, accounts in brands:
            file.write(f"  - id: {brand}\n    name: {name}\n    query: '{query}'\n    official_accounts: [{accounts}]\n")
    return path


def second(brands):
    """The most popular brand and another are gone, one has another query and one no accounts, a new one is there; all
    in another order."""
    changed = [list(brand) for brand in brands]
    changed[1][2] += " OR film"
    changed[3][3] = ""
    del changed[2], changed[0]
    changed.append(["newcomer", "Newcomer", "tonight OR homework", ""])
    return changed[::-1]


def third(brands):
    """The first watchlist again, with a new name for one brand and a second new brand."""
    changed = [list(brand) for brand in brands]
    changed[4][1] = "Renamed"
    changed.append(["latecomer", "Latecomer", "friday OR coffee", ""])
    return changed

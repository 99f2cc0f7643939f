#!/usr/bin/env python3
"""Sums the results that tests/run.sh left in a folder; the last line is "N passed, N failed, N skipped".

<preset>.xml        ctest's JUnit report: one entry a test program or script
<preset>/*.xml      GoogleTest's own reports: where there is one for an entry, its cases are counted instead
checks              lines "passed|failed|skipped <name>"
"""

import collections
import os
import sys
import xml.etree.ElementTree as ElementTree


def gtest_cases(folder):
    """Case results by program: {program: [(name, outcome)]}."""
    programs = collections.defaultdict(list)
    for file in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        if not file.endswith(".xml"):
            continue
        try:
            root = ElementTree.parse(os.path.join(folder, file)).getroot()
        except ElementTree.ParseError:
            continue  # the program died while writing it; ctest counts it as failed
        for case in root.iter("testcase"):
            name = case.get("classname", "") + "." + case.get("name", "")
            if case.find("failure") is not None:
                outcome = "failed"
            elif case.get("result") == "skipped" or case.find("skipped") is not None:
                outcome = "skipped"
            elif case.get("status") == "notrun":
                outcome = "skipped"
            else:
                outcome = "passed"
            programs[file[:-len(".xml")]].append((name, outcome))
    return programs


def preset_results(folder, preset):
    """Every (name, outcome) of one preset's run."""
    cases = gtest_cases(os.path.join(folder, preset))
    for entry in ElementTree.parse(os.path.join(folder, preset + ".xml")).getroot().iter("testcase"):
        program = entry.get("name")
        status = entry.get("status")
        if status in ("notrun", "disabled") or entry.find("skipped") is not None:
            outcome = "skipped" if skipped_on_purpose(entry) else "failed"
        else:
            outcome = "passed" if status == "run" else "failed"
        own = cases.get(program, [])
        for name, case_outcome in own:
            yield f"{preset}: {program}: {name}", case_outcome
        if not own or (outcome == "failed" and all(each != "failed" for _, each in own)):
            yield f"{preset}: {program}", outcome


def skipped_on_purpose(entry):
    """A program that was never built is "not run" too, and that is a failure."""
    skipped = entry.find("skipped")
    message = (skipped.get("message") or "") if skipped is not None else ""
    return entry.get("status") == "disabled" or "SKIP_RETURN_CODE" in message or "SKIP_REGULAR_EXPRESSION" in message


def all_results(folder):
    checks = os.path.join(folder, "checks")
    if os.path.exists(checks):
        with open(checks, encoding="utf-8") as file:
            for line in file:
                outcome, name = line.rstrip("\n").split(" ", 1)
                yield name, outcome
    for file in sorted(os.listdir(folder)):
        if file.endswith(".xml"):
            yield from preset_results(folder, file[:-len(".xml")])


def main():
    totals = collections.Counter()
    named = collections.defaultdict(list)
    for name, outcome in all_results(sys.argv[1]):
        totals[outcome] += 1
        named[outcome].append(name)
    for outcome in ("skipped", "failed"):
        for name in named[outcome]:
            print(f"{outcome}: {name}")
    print(f"{totals['passed']} passed, {totals['failed']} failed, {totals['skipped']} skipped")
    return 1 if totals["failed"] or not totals["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())

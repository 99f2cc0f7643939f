#!/usr/bin/env python3
"""Makes README.md of the chart from the comments in its values.yaml, so that the two can't differ.

    deploy/helm/values_doc.py            rewrites deploy/helm/tocsin/README.md
    deploy/helm/values_doc.py --check    exit code 1 if that would change it
"""

import json
import pathlib
import re
import sys

CHART = pathlib.Path(__file__).resolve().parent / "tocsin"
HEAD = """\
# Helm chart of Tocsin

{description}. Two StatefulSets, one for each role; how they are run, upgraded and scaled stands in docs/DEPLOY.md.

    helm install tocsin deploy/helm/tocsin --values my-values.yaml

Secrets are never made by the chart: name those that are there. Made from `values.yaml` by `deploy/helm/values_doc.py`.

| key | default | meaning |
|---|---|---|
"""


def rows(text):
    """(key, default, meaning) of each value with a comment that begins with "--"."""
    path, meaning = [], None
    lines = text.split("\n")
    for number, line in enumerate(lines):
        comment = re.match(r" *# -- (.*)", line)
        if comment:
            meaning = comment.group(1)
            continue
        key = re.match(r"( *)([A-Za-z]\w*):(?: (.*))?$", line)
        if not key:
            continue
        depth = len(key.group(1)) // 2
        if depth > len(path):
            continue  # within a value
        path[depth:] = [key.group(2)]
        if meaning is None:
            continue
        default = (key.group(3) or "").strip()
        if default in ("", "|"):
            block = []
            for follower in lines[number + 1:]:
                if follower.strip() and len(follower) - len(follower.lstrip()) <= len(key.group(1)):
                    break
                block.append(follower.strip())
            default = "see values.yaml" if any(block) else json.dumps("")
        yield ".".join(path), default, meaning
        meaning = None


def readme():
    description = re.search(r"^description: (.*)$", (CHART / "Chart.yaml").read_text("utf-8"), re.M).group(1)
    table = "".join(f"| `{key}` | {default if default == 'see values.yaml' else f'`{default}`'} | {meaning} |\n"
                    for key, default, meaning in rows((CHART / "values.yaml").read_text("utf-8")))
    return HEAD.format(description=description) + table


def main():
    file = CHART / "README.md"
    if sys.argv[1:] == ["--check"]:
        same = file.exists() and file.read_text("utf-8") == readme()
        if not same:
            print(f"{file} is not what values.yaml says: run deploy/helm/values_doc.py", file=sys.stderr)
        return 0 if same else 1
    if sys.argv[1:]:
        print(__doc__, file=sys.stderr)
        return 2
    file.write_text(readme(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

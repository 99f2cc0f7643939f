"""What `tocsin generate` writes to topics of a real Kafka is, record by record, what it writes to files.

    topics.py --tocsin build/dev/bin/tocsin
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "kafka", "broker"))
import broker as kafka_broker  # noqa: E402

SKIPPED = 77
SCENARIO = """\
duration: 10m
posts_per_minute: 3000
delivery: {disorder: 2s, duplicates: 0.01, malformed: 0.01}
streams:
  - {network: twitter_v1, share: 2, partitions: [3, 1]}
  - {network: mastodon, topic: fediverse}
"""


def generate(tocsin, folder, *where):
    subprocess.run([tocsin, "generate", "--scenario", "scenario.yaml", *where], check=True, cwd=folder)


def read(bootstrap, topic, partition):
    """Records in order, a line each (no record has a line end in it)."""
    return subprocess.run(["kcat", "-q", "-b", bootstrap, "-C", "-t", topic, "-p", str(partition), "-o", "beginning", "-e",
                           "-X", "isolation.level=read_committed", "-f", "%s\n"], check=True, capture_output=True).stdout


def check(tocsin, folder, bootstrap):
    problems = []
    generate(tocsin, folder, "--output", "posts", "--truth", "files.json")
    generate(tocsin, folder, "--kafka", f"bootstrap.servers={bootstrap}", "--truth", "topics.json")
    truths = []
    for name in ("files.json", "topics.json"):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            truths.append(json.load(file))
    if truths[0] != truths[1]:
        problems.append("the truth differs")
    for topic, partition, path in (("posts.twitter_v1", 0, "posts.twitter_v1.0"), ("posts.twitter_v1", 1, "posts.twitter_v1.1"),
                                   ("fediverse", 0, "posts.mastodon")):
        with open(os.path.join(folder, path), "rb") as file:
            expected = file.read()
        found = read(bootstrap, topic, partition)
        print(f"{topic} {partition}: {found.count(10)} records, {len(found)} bytes")
        if found != expected:
            problems.append(f"{topic} {partition} differs from {path}: {expected.count(10)} records there")
    return problems


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    arguments = parser.parse_args()
    missing = [tool for tool in ("kcat", "java") if shutil.which(tool) is None]
    if missing:
        print("skipped: not installed:", ", ".join(missing))
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="tocsin-topics-") as folder:
        with open(os.path.join(folder, "scenario.yaml"), "w", encoding="utf-8") as out:
            out.write(SCENARIO)
        with kafka_broker.Broker() as running:
            problems = check(os.path.abspath(arguments.tocsin), folder, running.bootstrap)
    for problem in problems:
        print(problem)
    print("the same records" if not problems else f"{len(problems)} DIFFERENCES")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

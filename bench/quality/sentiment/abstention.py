"""What an abstention threshold would cost and gain: the shipped default is chosen by this table (docs/MODEL_CARD.md).

    python3 bench/quality/sentiment/abstention.py ../shared/data/sentiment

Classifies the dev sets by tests/oracle/sentiment_model.py, which comes to the engine's classes, and counts a post as an
abstention where the best class leads the second by odds below the threshold, e^t to 1. An abstention is a miss: in every F1 and
recall it is a post of its class that was not found. Share classified and accuracy on those are beside it, which is what an
abstention would buy.
"""

import math
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "tests", "oracle"))
import sentiment_model  # noqa: E402

SETS = (("en/dev_tweeteval_val.tsv", "en"), ("en/dev_umsab.tsv", "en"), ("fr/dev_umsab.tsv", "fr"),
        ("it/dev_umsab.tsv", "it"), ("other/german_dev_umsab.tsv", "de"), ("other/spanish_dev_umsab.tsv", "es"),
        ("other/portuguese_dev_umsab.tsv", "pt"), ("other/arabic_dev_umsab.tsv", "ar"))
THRESHOLDS = (0, 0.05, 0.1, 0.2, 0.4, 0.8)


def judged(model, path, language):
    """(label, class, lead of the class in log odds) of each post."""
    posts = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            columns = line.rstrip("\n").split("\t")
            code, scores = model.scores(columns[-1], language)
            if scores is None:
                posts.append((int(columns[0]), sentiment_model.UNCLASSIFIED, 0.0))
                continue
            first, second = sorted(scores, reverse=True)[:2]
            posts.append((int(columns[0]), scores.index(first), (first - second) * model.sharpness(code)))
    return posts


def measures(posts, threshold):
    """(macro-F1, F1 of negatives, macro-recall, share classified, accuracy on those)"""
    pairs = [(label, found if lead >= threshold else sentiment_model.UNCLASSIFIED) for label, found, lead in posts]
    f1, recall = [], []
    for label in range(3):
        hits = sum(a == b == label for a, b in pairs)
        there, said = sum(a == label for a, _ in pairs), sum(b == label for _, b in pairs)
        f1.append(2 * hits / (there + said))
        recall.append(hits / there)
    decided = [(a, b) for a, b in pairs if b != sentiment_model.UNCLASSIFIED]
    right = sum(a == b for a, b in decided)
    return sum(f1) / 3, f1[0], sum(recall) / 3, len(decided) / len(pairs), right / len(decided)


def main():
    if len(sys.argv) != 2:
        sys.stderr.write("usage: abstention.py DATA\n")
        return 2
    model = sentiment_model.load(os.path.join(ROOT, "operators", "sentiment", "model", "default.model"))
    print("| set | " + " | ".join("e^%g = %.2f" % (t, math.exp(t)) for t in THRESHOLDS) + " |")
    print("|---" * (len(THRESHOLDS) + 1) + "|")
    totals = [[0.0] * 5 for _ in THRESHOLDS]
    for name, language in SETS:
        posts = judged(model, os.path.join(sys.argv[1], name), language)
        rows = [measures(posts, threshold) for threshold in THRESHOLDS]
        for total, row in zip(totals, rows):
            for i, value in enumerate(row):
                total[i] += value / len(SETS)
        print("| %s | " % name + " | ".join("%.3f" % row[0] for row in rows) + " |")
    for i, what in enumerate(("macro-F1", "F1 of negatives", "macro-recall", "share classified", "accuracy on those")):
        print("| mean %s | " % what + " | ".join("%.3f" % total[i] for total in totals) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How often each of two brands in a sentence gets the sentiment that is meant for it: by the whole post, and by its part.

    two_brands.py TOCSIN_BRAND_SENTIMENT MODEL

Reads two_brands.tsv beside it: language, the labels of Acme and Borealis (0 negative, 1 neutral, 2 positive) and the text, written by
hand for this. The whole post is what the engine says where its watchlist has one of the brands. Prints a table; ends with 1
if the parts are right less often than docs/MODEL_CARD.md has it.
"""

import collections
import os
import subprocess
import sys
import tempfile

BRANDS = ("acme", "borealis")
LEAST_RIGHT = 0.9


def decisions(tool, model, brands, lines):
    """Class by brand, of each line."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write("brands:\n" + "".join("  - {id: %s, name: x, query: '%s OR @%s'}\n" % (3 * (b,)) for b in brands))
        file.flush()
        said = subprocess.run([tool, file.name, model], input=lines.encode("utf-8"), stdout=subprocess.PIPE, check=True)
    return [{each.split(":")[0]: int(each.split(":")[1]) for each in line.split()}
            for line in said.stdout.decode("ascii").splitlines()]


def main():
    tool, model = sys.argv[1:3]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "two_brands.tsv"), encoding="utf-8") as file:
        posts = [line.rstrip("\n").split("\t") for line in file]
    lines = "".join("%s\t%s\n" % (language, text) for language, _, _, text in posts)
    parts = decisions(tool, model, BRANDS, lines)
    whole = [decisions(tool, model, (brand,), lines) for brand in BRANDS]
    counts = collections.Counter()
    for number, (language, *labels, text) in enumerate(posts):
        for brand, label in zip(BRANDS, labels):
            wholly = whole[BRANDS.index(brand)][number][brand] == int(label)
            partly = parts[number][brand] == int(label)
            unlike = labels[0] != labels[1]
            for key in (language, "all", "of those, unlike" if unlike else "of those, alike"):
                counts[key, "mentions"] += 1
                counts[key, "whole"] += wholly
                counts[key, "part"] += partly
            if "--show" in sys.argv and not partly:
                print("# %s is %s, not %s: %s" % (brand, parts[number][brand], label, text))
    print("| | mentions | right by the whole post | right by the part |")
    print("|---|---|---|---|")
    for key in ("en", "fr", "it", "all", "of those, unlike", "of those, alike"):
        total = counts[key, "mentions"]
        print("| %s | %d | %.2f | %.2f |" % (key, total, counts[key, "whole"] / total, counts[key, "part"] / total))
    return 0 if counts["all", "part"] >= LEAST_RIGHT * counts["all", "mentions"] else 1


if __name__ == "__main__":
    sys.exit(main())

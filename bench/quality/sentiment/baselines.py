"""VADER, AFINN and fastText on the dev sets that docs/MODEL_CARD.md measures the shipped model on.

    python3 -m venv build/venv
    build/venv/bin/pip install numpy vaderSentiment afinn fasttext-wheel
    build/venv/bin/python bench/quality/sentiment/baselines.py ../shared/data/sentiment [build/release/bin/sentiment_bench]

VADER and AFINN by their authors' thresholds; fastText trained per language on the same training posts (word 1-2-grams, 3- to
6-character grams, one thread, so that the figures come out again). Prints a table and, in the same run, the time a post of
140 characters takes each of them, and the engine if its benchmark is named.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time

LANGUAGES = {
    "en": (["en/train_semeval13_16.tsv"], ["en/dev_tweeteval_val.tsv", "en/dev_umsab.tsv"]),
    "fr": (["fr/train_umsab.tsv", "fr/train_deft17_task1.tsv"], ["fr/dev_umsab.tsv"]),
    "it": (["it/train_sentipolc16.tsv"], ["it/dev_umsab.tsv"]),
}
UNSEEN = "airline/airline_calib_0216_0220.tsv"
RESAMPLES = 1000
POST_CHARACTERS = 140
MANY_POSTS = 20000  # fewer need more passes


def read(folder, name):
    posts = []
    with open(os.path.join(folder, name), encoding="utf-8") as file:
        for line in file:
            columns = line.rstrip("\n").split("\t")
            posts.append((int(columns[0]), columns[-1]))
    return posts


def f1_of(pairs):
    """(macro-F1, F1 of negatives) of (label, predicted) pairs."""
    values = []
    for label in range(3):
        hits = sum(a == label and b == label for a, b in pairs)
        total = sum(a == label for a, b in pairs) + sum(b == label for a, b in pairs)
        values.append(2 * hits / total if total else 0.0)
    return sum(values) / 3, values[0]


def interval(pairs, seed=1):
    draw = random.Random(seed)
    values = sorted(f1_of(draw.choices(pairs, k=len(pairs)))[0] for _ in range(RESAMPLES))
    return values[RESAMPLES // 40], values[-1 - RESAMPLES // 40]


def vader():
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer
    analyser = SentimentIntensityAnalyzer()

    def classify(text):
        compound = analyser.polarity_scores(text)["compound"]
        return 2 if compound >= 0.05 else 0 if compound <= -0.05 else 1
    return classify


def afinn():
    from afinn import Afinn
    scorer = Afinn(emoticons=True)

    def classify(text):
        score = scorer.score(text)
        return 2 if score > 0 else 0 if score < 0 else 1
    return classify


def fast_text(posts):
    import fasttext
    # The binding of this version wants a NumPy that lets an array be made without a copy only by name.
    import numpy
    plain_array = numpy.array
    numpy.array = lambda *args, **kwargs: plain_array(*args, **{k: v for k, v in kwargs.items() if k != "copy"})
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8", delete=False) as file:
        for label, text in posts:
            file.write("__label__%d %s\n" % (label, text.lower()))
    try:
        model = fasttext.train_supervised(file.name, lr=0.5, epoch=10 if len(posts) > MANY_POSTS else 50, wordNgrams=2,
                                          minn=3, maxn=6, dim=50, thread=1, bucket=200000, seed=1, verbose=0)
    finally:
        os.unlink(file.name)
    return lambda text: int(model.predict(text.lower().replace("\n", " "))[0][0][-1])


def nanoseconds_a_post(classify, posts):
    texts = [text for _, text in posts if len(text) >= POST_CHARACTERS - 20][:2000]
    texts = [text[:POST_CHARACTERS] for text in texts]
    least = None
    for _ in range(5):
        begin = time.process_time()
        for text in texts:
            classify(text)
        spent = (time.process_time() - begin) / len(texts)
        least = spent if least is None else min(least, spent)
    return least * 1e9


def engine_nanoseconds(program):
    """(benchmark, nanoseconds of CPU a post), the least of nine repetitions."""
    arguments = [program, "--benchmark_filter=Variant|Classify", "--benchmark_repetitions=9",
                 "--benchmark_min_time=0.05", "--benchmark_format=json"]
    runs = json.loads(subprocess.run(arguments, stdout=subprocess.PIPE, check=True).stdout)["benchmarks"]
    least = {}
    for run in runs:
        if run["run_type"] == "iteration":
            name = run["run_name"] + (" " + run["label"] if run.get("label") else "")
            least[name] = min(least.get(name, run["cpu_time"]), run["cpu_time"])
    return least.items()


def report(name, classify, data, sets):
    for set_name in sets:
        posts = data[set_name]
        pairs = [(label, classify(text)) for label, text in posts]
        macro, negative = f1_of(pairs)
        low, high = interval(pairs)
        print("%-9s %-36s %5d  %.3f (%.3f-%.3f)  %.3f" % (name, set_name, len(posts), macro, low, high, negative),
              flush=True)


def main():
    if len(sys.argv) not in (2, 3):
        sys.stderr.write(__doc__)
        return 2
    folder = sys.argv[1]
    data = {name: read(folder, name) for _, (train, dev) in LANGUAGES.items() for name in train + dev}
    data[UNSEEN] = read(folder, UNSEEN)
    english = LANGUAGES["en"][1] + [UNSEEN]
    print("method    set                                  posts  macro-F1 (95 %)      F1 of negatives")
    timed = [("VADER", vader()), ("AFINN", afinn())]
    for name, classify in timed:
        report(name, classify, data, english)
    for language, (train, dev) in LANGUAGES.items():
        classify = fast_text([post for name in train for post in data[name]])
        report("fastText", classify, data, dev + ([UNSEEN] if language == "en" else []))
        if language == "en":
            timed.append(("fastText", classify))
    for name, classify in timed:
        print("%-9s %.0f ns a post of %d characters, through Python as its users run it" %
              (name, nanoseconds_a_post(classify, data[UNSEEN]), POST_CHARACTERS))
    for name, nanoseconds in engine_nanoseconds(sys.argv[2]) if len(sys.argv) == 3 else ():
        print("%s %.0f ns a post" % (name, nanoseconds))
    return 0


if __name__ == "__main__":
    sys.exit(main())

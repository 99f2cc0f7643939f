"""The engine and the oracle come to the same class for the same bytes.

usage: agreement_test.py TOCSIN_CLASSIFY MODEL [SAMPLES_DIR]

Compares at least 20,000 texts: random bytes, random characters of all planes, pieces that matter to the tokeniser,
sentences; and the dev sets of labelled posts if SAMPLES_DIR is there. Ends with 1 if one class differs.
"""

import collections
import glob
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "oracle"))
import sentiment_model  # noqa: E402

LANGUAGES = ("en fr it de es pt ar hi EN-us fra ger_AT und UND zxx qme nl zh-Hant nld x " "").split() + [""]
PIECES = [piece.encode("utf-8") for piece in (
    "http", "https://t.co/aB9", "HTTP", "www.", "www", "WWW.x.org", "@", "@a", "@user", "!", "?", ".", ",", '"', "'",
    "’", "€", "É", "×", "😂", "a", "B", "_", "9", " ", "\t", "#", "Hello", "wonderful", "incomprehensibilities", "<",
    ">", "\x7f", "\x01", "é", "ÀÉÎ", "(", ")", "...", "…")] + [b"\xe2\x80", b"\xe2", b"\xc3", b"\xf0\x9f"]
WORDS = """worst flight ever hours late nobody answers love this phone best purchase the store opens at nine on monday
quel service lamentable jamais plus déçu j'adore cette marque merci che schifo il treno è in ritardo bellissimo concerto
das essen war eklig frechheit qué alegría un día estupendo o atendimento é péssimo não recomendo خدمة سيئة جدا شكرا
bahut accha phone hai यह बहुत अच्छा है bugün hava çok güzel сегодня прекрасная погода 今日はとても天気がいい 오늘 날씨가 #fail
@united https://t.co/abc !! :) :-( ... 😍 💔 ❤️ ☹ “quoted” –""".split()
RANDOM_TEXTS = 24000


def random_texts(seed):
    source = random.Random(seed)
    for number in range(RANDOM_TEXTS):
        kind = number % 4
        if kind == 0:
            text = bytes(source.randrange(256) for _ in range(source.randrange(200)))
        elif kind == 1:
            points = (source.choice((0x80, 0x250, 0x800, 0x3100, 0xD7FF, 0x1FAFF)) for _ in range(source.randrange(60)))
            text = "".join(chr(source.randrange(1, limit)) for limit in points).encode("utf-8", "surrogatepass")
        elif kind == 2:
            text = b"".join(source.choice(PIECES) for _ in range(source.randrange(80)))
        else:
            text = " ".join(source.choice(WORDS) for _ in range(source.randrange(40))).encode("utf-8")
        if number % 500 == 0:
            text = (text + b" ab") * 400  # longer than what is read
        yield source.choice(LANGUAGES), text.replace(b"\n", b" ")


def labelled_texts(folder):
    for path in sorted(glob.glob(os.path.join(folder, "**", "*.tsv"), recursive=True)):
        if "dev" not in os.path.basename(path) and "airline" not in path:
            continue
        language = os.path.basename(path)[:2] if "other" in path else os.path.basename(os.path.dirname(path))
        language = {"ge": "de", "sp": "es", "po": "pt", "ai": "en", "airline": "en"}.get(language, language)
        with open(path, "rb") as file:
            for line in file:
                text = line.rstrip(b"\n").rsplit(b"\t", 1)[-1]
                yield language, text
                if language != "en":
                    yield "und", text


def main():
    tool, model_path = sys.argv[1:3]
    samples = list(random_texts(seed=1))
    if len(sys.argv) > 3 and os.path.isdir(sys.argv[3]):
        samples += labelled_texts(sys.argv[3])
    else:
        print("no labelled posts here: random texts only")
    lines = b"".join(language.encode("ascii") + b"\t" + text + b"\n" for language, text in samples)
    engine = subprocess.run([tool, model_path], input=lines, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    if len(engine) != len(samples):
        print("the engine gave %d classes for %d texts" % (len(engine), len(samples)))
        return 1
    model = sentiment_model.load(model_path)
    counts = collections.Counter()
    differences = 0
    for (language, text), label in zip(samples, engine):
        oracle = model.classify_with_level(text, language)
        counts[oracle[0]] += 1
        if b"%d %d" % oracle != label:
            differences += 1
            if differences <= 10:
                print("differs: language=%r text=%r engine=%s oracle=%d %d" % (language, text, label.decode(), *oracle))
    print("%d texts, %d differ; classes %s" % (len(samples), differences, sorted(counts.items())))
    if min(counts[label] for label in range(4)) < 100:
        print("the samples hardly reach one of the classes: the comparison says little")
        return 1
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())

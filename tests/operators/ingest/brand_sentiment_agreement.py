"""The engine and the oracle say the same of each brand of a post, one or several, with a lexicon of the user's own.

    brand_sentiment_agreement.py TOCSIN_BRAND_SENTIMENT MODEL

20,000 random texts of words in four languages that the lexicons of a random watchlist have, or hardly have. Ends with 1
if one decision differs, or if the lexicon or the other brands hardly decide anything.
"""

import json
import os
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "oracle"))
import brand_sentiment  # noqa: E402
import query  # noqa: E402
import sentiment_model  # noqa: E402

TEXTS, ROUNDS = 2000, 10
LANGS = ["en", "en", "fr", "it", "und", "", "nl", "EN-us", "fra"]
WORDS = """
    delta united acme flight great awful late again never stranded stranded. the is are I love hate but and , ! ? . ...
    je adore déteste nul génial mais et très Être c'est horrible superbe retard ne pas
    ma è pessimo ottimo perché però non bellissimo ritardo schifo treno
    sehr gut schlecht ist nicht #fail #AcmeFail @acme @x $ACM 😡 😍 ❤️ 👍🏽 ½ 東京 Ａｃｍｅ https://t.co/abc &amp; at&t it's""".split()
BRANDS = ["delta", "united", "acme", "topic"]
QUERIES = {
    "delta": "delta OR @delta OR #delta",
    "united": '(united AND NOT schifo) OR "united flight" OR "acme and united"',
    "acme": "acme OR @acme OR (flight NEAR/3 great) OR (train AND late)",
    "topic": "great OR ottimo",
}
JOINS = [" "] * 8 + ["  ", ", ", ". ", "! ", "; ", " - ", "... ", "—", "/", "."]


def some_term(rng):
    words = [rng.choice(WORDS) for _ in range(rng.choice([1, 1, 1, 2, 2, 3]))]
    return " ".join(words)


def some_lexicon(rng, size):
    groups, seen = [], set()
    for _ in range(size):
        term, lang = some_term(rng), rng.choice(["", "", "en", "fr", "it"])
        keys = tuple(key for key, _ in brand_sentiment.tokenize(term))
        if not keys or "" in keys or (keys, lang) in seen:
            continue
        seen.add((keys, lang))
        group = {"terms": [term], "weight": rng.randrange(-400, 401) / 100}
        groups.append({**group, "lang": lang} if lang else group)
    return groups


def some_watchlist(rng):
    brands = [{"id": brand, "name": brand, "query": QUERIES[brand]} for brand in BRANDS]
    brands[3]["kind"] = "topic"
    for brand in brands[1:]:
        brand["lexicon"] = some_lexicon(rng, 12)
    return {"brands": brands, "lexicon": some_lexicon(rng, 25)}


def some_text(rng):
    words = rng.choices(WORDS, k=rng.randrange(1, 25)) + rng.choices(BRANDS[:3], k=2)
    rng.shuffle(words)
    return "".join(word + rng.choice(JOINS) for word in words)


def main():
    tool, model_path = sys.argv[1:3]
    model = sentiment_model.load(model_path)
    rng = random.Random(7)
    compared = moved = parted = 0
    for _ in range(ROUNDS):
        document = some_watchlist(rng)
        texts = [(rng.choice(LANGS), some_text(rng)) for _ in range(TEXTS)]
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False)
            file.flush()
            lines = "".join("%s\t%s\n" % each for each in texts).encode("utf-8")
            engine = subprocess.run([tool, file.name, model_path], input=lines, stdout=subprocess.PIPE,
                                    check=True).stdout.decode("ascii").split("\n")
        watchlist = query.Watchlist(document["brands"], document["lexicon"])
        oracle = brand_sentiment.BrandSentiment(watchlist)
        plain = brand_sentiment.BrandSentiment(query.Watchlist(
            [{key: value for key, value in brand.items() if key != "lexicon"} for brand in document["brands"]]))
        for (lang, text), said in zip(texts, engine):
            brands = sorted(watchlist.match(text, lang=lang)[0], key=BRANDS.index)
            decided = oracle.decide(model, text, lang, brands)
            expected = " ".join("%s:%d:%d" % (brand, *decided[brand]) for brand in brands)
            compared += len(brands)
            parted += sum(oracle.decide(model, text, lang, [brand])[brand] != each for brand, each in decided.items())
            moved += sum(decided[brand] != each for brand, each in plain.decide(model, text, lang, brands).items())
            if said != expected:
                print("differs: %r %r\n  engine %s\n  oracle %s\n  lexicon %s" % (
                    lang, text, said, expected, json.dumps(document, ensure_ascii=False)))
                return 1
    print("%d decisions, equal; the lexicon moved %d of them, the other brands %d" % (compared, moved, parted))
    return 0 if min(moved, parted) > compared // 20 else 1


if __name__ == "__main__":
    sys.exit(main())

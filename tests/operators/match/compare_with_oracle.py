"""Compares the engine's matcher with tests/oracle/query.py on random watchlists and posts in several scripts.

    compare_with_oracle.py TOCSIN_MATCH [POSTS_PER_ROUND]

Exit 0 if every post has the same brands, official brands and (up to renaming) fingerprint in both, enough matched to
mean something, and both fold each character alike; else 1 and the first difference.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "oracle"))
import folding  # noqa: E402
import query  # noqa: E402

WORDS = """
    united airlines flight plane delay gap target total tide apple orange monday zoom hp bp 3m 6s plus max acme now
    boycott service rt the a of and naïve café straße œuvre mærsk smørrebrød łódź İstanbul ısparta l'oréal dell’arte
    o'neill coca-cola at&t h&m c++ 7-eleven user_name delta москва аэрофлот самолёт йод αθήνα όμιλος القاهرة
    مُحَمَّد שָׁלוֹם 東京 航空 大阪 がっこう カメラ ｶﾞｽ 삼성 전자 ไทย การบิน हिन्दी कंपनी 中国南方航空 😀 🇺🇸 👩‍🚀 ✈️ 1⁄2 ½ ﬁsh Ａｃｍｅ 𝗮𝗰𝗺𝗲 Ⓐcme
    ㎏ ™ ㍿ é e\u0301 x²""".split()
HANDLES = "united delta acme_corp 3M user_1 bp Coca_Cola x".split()
TAGS = ("united BoycottAcmeNow boycott_acme PS5 HPPrinter iPhone6SPlus Acme2024Now 東京Olympics café MondayMotivation 3M délai "
        "straße UNITEDfail हिन्दीNews").split()
SITES = "example.com news.example.com acme.com united.com bbc.co.uk t.co".split()
PATHS = ["", "/", "/recall", "/acme/recall?id=1", "/a_b-c.html", "/%20x", "/(x)", "/@acme"]
LANGS = ["en", "fr", "pt-BR", "pt", "de", "und", "", "zh_TW", "EN"]
JOINS = [" ", " ", " ", " ", " ", ", ", ". ", "! ", "-", "/", "\n", "  ", "\u3000", "\u00a0", "", "_", "'", "’", "…", "&amp;",
         "&", ":", "·", "\u200b", "(", ") ", "\""]
NOISE = ["\u200d", "\ufe0f", "\u00ad", "\u0301", "\u0640", "\U0001f3fd", "\u0327"]


def noisy(rng, text):
    style = rng.random()
    if style < 0.2:
        text = text.upper()
    elif style < 0.35:
        text = text.title()
    elif style < 0.45:
        text = unicodedata.normalize(rng.choice(["NFD", "NFC", "NFKC"]), text)
    elif style < 0.5:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(NOISE) + text[at:]
    return text


def some_url(rng):
    start = rng.choice(["http://", "https://", "HTTPS://", "www.", "https://www.", "http://u:p@"])
    return start + rng.choice(SITES) + rng.choice(["", "", ":8080", "."]) + rng.choice(PATHS)


def some_token(rng):
    kind = rng.random()
    if kind < 0.72:
        return noisy(rng, rng.choice(WORDS))
    if kind < 0.82:
        return rng.choice("@@@＠") + noisy(rng, rng.choice(HANDLES)) + rng.choice(["", "", ".bsky.social", "@host.tld"])
    if kind < 0.92:
        return rng.choice("###＃") + noisy(rng, rng.choice(TAGS + WORDS))
    if kind < 0.95:
        return "$" + rng.choice(["UAL", "aapl", "BRK.B", "100", "TOOLONGTICKER"])
    if kind < 0.99:
        return some_url(rng)
    return chr(rng.choice([rng.randrange(0x20, 0x250), rng.randrange(0x250, 0x3000), rng.randrange(0x3000, 0xD7FF),
                           rng.randrange(0x1F300, 0x1FA00), rng.randrange(0xF900, 0xFFFE)]))


def some_text(rng):
    parts = ["RT @united: "] if rng.random() < 0.05 else []
    for _ in range(rng.randrange(0, 14)):
        parts += [some_token(rng), rng.choice(JOINS)]
    return "".join(parts)


def clean(text):
    return "".join(c for c in text if c not in '"“”„{}()*' and not c.isspace())


def some_phrase(rng, most=3):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, most + 1)))


def some_literal(rng):
    kind = rng.random()
    if kind < 0.45:
        return '"%s"' % some_phrase(rng)
    if kind < 0.55:
        return "#" + rng.choice(TAGS)
    if kind < 0.65:
        return "@" + rng.choice(HANDLES)
    if kind < 0.68:
        return "$" + rng.choice(["ual", "AAPL"])
    if kind < 0.74:
        return rng.choice(["unit*", "#boy*", "@co*", "ac*", "мос*", "#déla*"])
    if kind < 0.82:
        return "{%s}" % noisy(rng, some_phrase(rng, 2)).replace("{", "").replace("}", "")
    if kind < 0.88:
        return 'tag:"%s"' % rng.choice(["acme", "boycott acme", "3m", "hp", "plus", "6s plus", "東京", "2024", "हिन्दी", "news"])
    if kind < 0.93:
        return rng.choice(["site:", "site:www."]) + rng.choice(SITES + ["com", "co.uk"])
    if kind < 0.97:
        return 'url:"%s"' % rng.choice(["acme", "recall", "acme.com/recall", "example.com", "a_b", "20x", "www"])
    return "author:" + rng.choice(HANDLES)


def some_term(rng):
    if rng.random() < 0.75:
        return some_literal(rng)
    return rng.choice(["lang:en", "lang:pt", "lang:pt-BR", "lang:und", "lang:zh", "network:twitter", "network:review", "is:repost",
                       "is:original", "is:reply", "rating:1", "rating:1..2", "rating:>=4", "rating:<=3"])


def near_literal(rng):
    literal = ""
    while literal[:1] not in ('"', "#", "@", "$", "{"):
        literal = some_literal(rng)
    return literal


def near_side(rng):
    if rng.random() < 0.7:
        return near_literal(rng)
    return "(%s)" % " OR ".join(near_literal(rng) for _ in range(rng.randrange(2, 4)))


def some_query(rng, depth):
    kind = rng.random()
    if depth == 0 or kind < 0.15:
        return some_term(rng)
    if kind < 0.5:
        return "(%s)" % " OR ".join(some_query(rng, depth - 1) for _ in range(rng.randrange(2, 5)))
    if kind < 0.7:
        joint = rng.choice([" AND ", " "])
        return "(%s)" % joint.join(some_query(rng, depth - 1) for _ in range(2))
    if kind < 0.85:
        return "(%s%s%s)" % (some_query(rng, depth - 1), rng.choice([" AND NOT ", " NOT "]), some_query(rng, depth - 1))
    return "(%s %s/%d %s)" % (near_side(rng), rng.choice(["NEAR", "ONEAR"]), rng.choice([1, 2, 5, 20]), near_side(rng))


def valid(text):
    try:
        query._Parser(text).parse()
        return True
    except query.QueryError:
        return False


def some_watchlist(rng, brands):
    entries = [
        {"query": '"united airlines" OR @united OR #united OR (united NEAR/5 (flight OR plane))', "official_accounts": ["@United"]},
        {"query": "6s"}, {"query": '"6s plus"', "official_accounts": ["acme_corp", "3M"]}, {"query": '"6s plus max" OR tide'},
        {"query": "l'oréal OR 3m OR {HP} OR {Gap}"}, {"query": "apple NOT (orange OR #apple)"}, {"query": "東京 OR 航空"},
        {"query": '"delay flight" OR plus', "kind": "topic"},
    ]
    while len(entries) < brands:
        text = some_query(rng, rng.randrange(0, 4))
        if rng.random() < 0.3:
            text = '"%s" OR %s' % (some_phrase(rng), text)
        if valid(text):
            entries.append({"query": text, "kind": rng.choice(["brand", "brand", "topic"]),
                            "official_accounts": rng.sample(HANDLES, rng.choice([0, 0, 1]))})
    return [{"id": f"b{i}", "name": f"B{i}", **entry} for i, entry in enumerate(entries)]


def some_post(rng):
    def listed(make):
        return [make() for _ in range(rng.choice([0, 0, 0, 1, 2]))]
    return {"text": some_text(rng), "hashtags": listed(lambda: noisy(rng, rng.choice(TAGS + ["100", "a&b"]))),
            "handles": listed(lambda: rng.choice(HANDLES) + rng.choice(["", ".bsky.social", "@h.tld"])),
            "urls": listed(lambda: some_url(rng)), "author": rng.choice(["", "", *HANDLES, "UNITED", "@delta"]),
            "lang": rng.choice(LANGS), "network": rng.choice(["twitter", "review", "other"]),
            "kind": rng.choice(query.KINDS), "rating": rng.randrange(6)}


def encode(post):
    def hexed(text):
        return text.encode().hex()
    lists = [",".join(hexed(item) for item in post[name]) for name in ("hashtags", "handles", "urls")]
    return "\t".join([hexed(post["text"]), *lists, hexed(post["author"]), hexed(post["lang"]), post["network"], post["kind"],
                      str(post["rating"])])


def compare(tool, entries, posts, folder, counts):
    watchlist_file = os.path.join(folder, "watchlist.json")
    posts_file = os.path.join(folder, "posts.txt")
    with open(watchlist_file, "w", encoding="utf-8") as file:
        json.dump({"brands": entries}, file, ensure_ascii=False, indent=1)
    with open(posts_file, "w", encoding="utf-8") as file:
        file.writelines(encode(post) + "\n" for post in posts)
    run = subprocess.run([tool, watchlist_file, posts_file], capture_output=True, text=True)
    if run.returncode != 0:
        print(run.stderr)
        return False
    watchlist = query.Watchlist.load(watchlist_file)
    lines = run.stdout.split("\n")[:-1]
    assert len(lines) == len(posts), (len(lines), len(posts))
    fingerprints = {}
    for post, line in zip(posts, lines):
        brands, official, fingerprint = line.split("\t")
        want_brands, want_official = watchlist.match(**post)
        counts["posts"] += 1
        counts["pairs"] += len(entries)
        counts["matches"] += len(want_brands)
        counts["matched posts"] += bool(want_brands)
        if set(brands.split()) != want_brands or set(official.split()) != want_official:
            print("post:", json.dumps(post, ensure_ascii=False), "\nengine:", brands, "|", official, "\noracle:",
                  sorted(want_brands), "|", sorted(want_official))
            for entry in entries:
                if (entry["id"] in brands.split()) != (entry["id"] in want_brands):
                    print("query:", entry["query"])
            return False
        want = query.fingerprint(post["text"])
        if fingerprints.setdefault(want, fingerprint) != fingerprint:
            print("fingerprint differs:", json.dumps(post["text"], ensure_ascii=False))
            return False
    if len(set(fingerprints.values())) != len(fingerprints):
        print("different texts have one fingerprint")
        return False
    return True


def fold_tables_agree(tool):
    """Class, case and fold of every assigned code point. The two libraries may be of neighbouring versions of Unicode, in
    which a few characters changed their category."""
    lines = subprocess.run([tool, "--fold-table"], capture_output=True, text=True, check=True).stdout.split("\n")
    codes = [code for code in range(0x110000) if not 0xD800 <= code <= 0xDFFF]
    differing = []
    for code, line in zip(codes, lines):
        if code >= 0x33480 and code < 0xE0000 or unicodedata.category(chr(code)) in ("Cn", "Co"):
            continue
        char_class, folded, case = folding.CHARACTERS[chr(code)]
        dropped = char_class in (folding.BREAK, folding.SKIP)
        want = f"{char_class}{'LUD'.index(case)} {folded.encode().hex()}"
        if (line[0] if dropped else line) != (char_class if dropped else want):
            differing.append(f"U+{code:04X}: engine {line}, oracle {want}")
    print("characters that differ:", len(differing), *differing[:5])
    return len(differing) <= 20


def main():
    tool, per_round = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2500
    if not fold_tables_agree(tool):
        return 1
    counts = {"posts": 0, "pairs": 0, "matches": 0, "matched posts": 0}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(10):
            rng = random.Random(seed)
            if not compare(tool, some_watchlist(rng, 60), [some_post(rng) for _ in range(per_round)], folder, counts):
                print("seed", seed)
                return 1
    print(counts)
    return 0 if counts["matched posts"] > counts["posts"] // 4 else 1


if __name__ == "__main__":
    sys.exit(main())

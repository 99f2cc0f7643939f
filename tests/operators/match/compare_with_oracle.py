"""Compares the engine's matcher with tests/oracle/query.py on random watchlists and posts in several scripts.

    compare_with_oracle.py TOCSIN_MATCH [POSTS_PER_ROUND [ROUNDS]]

By default 1,000,000 (query, post) pairs. A round makes the posts first, from words of which some are in most posts and
some in few; the queries' words are drawn from what the posts have, as many frequent ones as middling and rare ones.
Exit 0 if every post has the same brands, with the same reasons and ambiguity, official brands and (up to renaming)
fingerprint in both, both fold each character alike, at least 30 % of the pairs match, and every construct of the query
language is in at least 10,000 pairs, matching and not; else 1 and the first difference.
"""

import collections
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
REASONS = "word phrase hashtag handle near context url cashtag author".split()
BRANDS = 80
NOISE = ["\u200d", "\ufe0f", "\u00ad", "\u0301", "\u0640", "\U0001f3fd", "\u0327"]


class Vocabulary:
    """The words of a round: how often each is written, and what queries draw from."""

    def __init__(self, rng):
        self.words = WORDS[:]
        rng.shuffle(self.words)
        self.weights = [1 / (rank + 1) for rank in range(len(self.words))]
        self.strata = []

    def write(self, rng):
        return rng.choices(self.words, self.weights)[0]

    def count(self, posts):
        """Draws from the posts: frequent words (in one post of five or more), middling ones, and rare ones (less than 5 %)."""
        share = {word: sum(word in post["text"] for post in posts) / len(posts) for word in self.words}
        strata = ([word for word in self.words if low <= share[word] < high]
                  for low, high in ((0.2, 2), (0.05, 0.2), (1e-9, 0.05)))
        self.strata = [stratum for stratum in strata if stratum]

    def draw(self, rng):
        return rng.choice(rng.choice(self.strata))


VOCABULARY = Vocabulary(random.Random(0))


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
        return noisy(rng, VOCABULARY.write(rng))
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
    for _ in range(rng.choice([0, 6, 14, 22, 30, 38])):
        parts += [some_token(rng), rng.choice(JOINS)]
    return "".join(parts)


def clean(text):
    return "".join(c for c in text if c not in '"“”„{}()*' and not c.isspace())


def some_phrase(rng, most=3):
    return " ".join(VOCABULARY.draw(rng) for _ in range(rng.randrange(1, most + 1)))


def some_literal(rng):
    kind = rng.random()
    if kind < 0.25:
        return '"%s"' % VOCABULARY.draw(rng)
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


def parsed(text, accents=False):
    try:
        return query._Parser(text, accents).parse()
    except query.QueryError:
        return None


def literals(node, under_not=True):
    """The literals of a tree; without `under_not` only those outside of NOT."""
    if node[0] == "literal":
        yield node
    elif node[0] in ("and", "or"):
        for child in node[1]:
            yield from literals(child, under_not)
    elif node[0] == "not" and under_not:
        yield from literals(node[1])
    elif node[0] == "near":
        yield from node[1] + node[2]


def some_context(rng, tree, accents):
    """A context for the query, or None if no term of it can be ambiguous."""
    def term():
        return rng.choice([VOCABULARY.draw(rng), VOCABULARY.draw(rng), some_phrase(rng), "#" + rng.choice(TAGS),
                           "{%s}" % clean(VOCABULARY.draw(rng)), "@" + rng.choice(HANDLES)])
    if not any(len(literal[1]) == 1 and literal[1][0][0] in "w#t" for literal in literals(tree, False)):
        return None
    context, seen = {}, set()
    for key in ("any_of", "none_of"):
        groups = []
        for _ in range(rng.choice([0, 1, 3])):
            language = rng.choice(["", "", "en", "pt", "pt-br"])
            terms = []
            for text in (term() for _ in range(rng.randrange(1, 5))):
                plain = f'"{text}"' if " " in text else text
                try:
                    parsed = query._Parser(plain, accents).parse()
                except query.QueryError:
                    continue
                if parsed[0] == "literal" and (language, parsed) not in seen:
                    seen.add((language, parsed))
                    terms.append(text)
            if terms:
                group = {"terms": terms, "weight": rng.choice(["0.25", "0.5", "1", "2"]), "lang": language}
                groups.append({name: value for name, value in group.items() if value})
                groups += [terms.pop()] if len(terms) > 1 and not language else []
        context[key] = groups
    if not context["any_of"] + context["none_of"]:
        return None
    if rng.random() < 0.3:
        context["unsure"] = rng.choice(["keep", "drop"])
    return context


def some_watchlist(rng, brands):
    entries = [
        {"query": '"united airlines" OR @united OR #united OR (united NEAR/5 (flight OR plane))', "official_accounts": ["@United"]},
        {"query": "6s"}, {"query": '"6s plus"', "official_accounts": ["acme_corp", "3M"]}, {"query": '"6s plus max" OR tide'},
        {"query": "l'oréal OR 3m OR {HP} OR {Gap}"}, {"query": "apple NOT (orange OR #apple)"}, {"query": "東京 OR 航空"},
        {"query": '"delay flight" OR plus', "kind": "topic"},
        {"query": "gap OR max OR the OR @gap", "context": {"ambiguous": ["gap", "max", "the"], "any_of": ["of", {"terms": ["a of", "rt"]}],
                                                     "none_of": [{"terms": ["the", "now"], "weight": "0.5", "lang": "en"}]}},
    ]
    while len(entries) < brands:
        text = some_query(rng, rng.randrange(0, 4))
        if rng.random() < 0.95:
            names = [some_phrase(rng), *(VOCABULARY.draw(rng) for _ in range(rng.randrange(7)))]
            text = " OR ".join([*(f'"{name}"' for name in names), text])
        accents = rng.random() < 0.2
        tree = parsed(text, accents)
        if tree is None:
            continue
        entry = {"query": text, "kind": rng.choice(["brand", "brand", "topic", "sector"]),
                 "official_accounts": rng.sample(HANDLES, rng.choice([0, 0, 1])), "accents": "keep" if accents else "fold"}
        context = some_context(rng, tree, accents) if rng.random() < 0.3 else None
        entries.append({**entry, "context": context} if context else entry)
    return [{"id": f"b{i}", "name": f"B{i}", **entry} for i, entry in enumerate(entries)]


def constructs(entry):
    """What of the query language the entry uses."""
    accents = entry.get("accents") == "keep"
    tree = parsed(entry["query"], accents)
    found = {"accents"} if accents else set()
    names = {"w": "word", "#": "hashtag", "@": "handle", "$": "cashtag", "t": "tag:", "p": "url:", "s": "site:", "a": "author:"}

    def walk(node):
        if node[0] == "near":
            found.add("ONEAR" if node[4] else "NEAR")
        elif node[0] in ("and", "or", "not"):
            found.add(node[0].upper())
            for child in node[1] if node[0] != "not" else (node[1],):
                walk(child)
        elif node[0] != "literal":
            found.add(node[0] + ":")
    walk(tree)
    for literal in literals(tree):
        _, keys, prefix, raws, _ = literal
        name = names[keys[0][0]]
        found.add("prefix*" if prefix else "{case}" if raws else "phrase" if name == "word" and len(keys) > 1 else name)
    context = entry.get("context") or {}
    found |= {key for key in ("any_of", "none_of", "unsure", "ambiguous") if context.get(key)}
    if any(isinstance(item, dict) and item.get("lang") for key in ("any_of", "none_of") for item in context.get(key) or ()):
        found.add("context by language")
    return found


CONSTRUCTS = ("AND OR NOT NEAR ONEAR word phrase hashtag handle cashtag prefix* {case} tag: url: site: author: lang: network: is: "
              "rating: accents any_of none_of unsure ambiguous").split() + ["context by language"]


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
    used = {entry["id"]: constructs(entry) for entry in entries}
    for names in used.values():
        counts["pairs with"].update(dict.fromkeys(names, len(posts)))
    for post, line in zip(posts, lines):
        brands, official, fingerprint = line.split("\t")
        want_brands, want_official = watchlist.explain(**post)
        counts["posts"] += 1
        counts["pairs"] += len(entries)
        counts["matches"] += len(want_brands)
        counts["matched posts"] += bool(want_brands)
        counts["ambiguous"] += sum(ambiguity > 0 for _, ambiguity in want_brands.values())
        for brand in want_brands:
            counts["matches with"].update(used[brand])
        found = {}
        for brand, reasons, ambiguity in (item.split(":") for item in brands.split()):
            found[brand] = {name for bit, name in enumerate(REASONS) if int(reasons) >> bit & 1}, int(ambiguity)
        if found != want_brands or set(official.split()) != want_official:
            print("post:", json.dumps(post, ensure_ascii=False), "\nofficial, engine:", official, "oracle:",
                  sorted(want_official))
            for entry in entries:
                if found.get(entry["id"]) != want_brands.get(entry["id"]):
                    print("entry:", json.dumps(entry, ensure_ascii=False), "\nengine:", found.get(entry["id"]), "\noracle:",
                          want_brands.get(entry["id"]))
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
    tool = sys.argv[1]
    per_round, rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 625, int(sys.argv[3]) if len(sys.argv) > 3 else 20
    if not fold_tables_agree(tool):
        return 1
    counts = {"posts": 0, "pairs": 0, "matches": 0, "matched posts": 0, "ambiguous": 0, "pairs with": collections.Counter(),
              "matches with": collections.Counter()}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(rounds):
            rng = random.Random(seed)
            VOCABULARY.__init__(rng)
            posts = [some_post(rng) for _ in range(per_round)]
            VOCABULARY.count(posts)
            if not compare(tool, some_watchlist(rng, BRANDS), posts, folder, counts):
                print("seed", seed)
                return 1
    print(counts)
    enough = counts["pairs"] * 0.3 <= counts["matches"] <= counts["pairs"] * 0.7
    for name in CONSTRUCTS:
        matching = counts["matches with"][name]
        if min(matching, counts["pairs with"][name] - matching) < counts["pairs"] // 1000 or counts["pairs with"][name] < counts["pairs"] // 100:
            print("too few pairs with", name)
            enough = False
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())

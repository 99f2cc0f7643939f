"""What a watchlist matches, by docs/QUERIES.md alone: the oracle for the engine's matcher.

Standard library only, and nothing shared with the engine. Clear before fast, but for one thing: most posts mention no
brand, and are told apart by the words that some query must have.

    watchlist = Watchlist.load("watchlist.yaml")
    brands, official = watchlist.match("My @united flight ...", author="someone", network="twitter")
"""

import json
import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from folding import ACCENTS, SIMPLIFIED, _in, fold_handle, fold_keeping_accents, tokenize, url_parts, words_of  # noqa: E402
from small_yaml import parse_yaml  # noqa: E402

NETWORKS = ("twitter bluesky mastodon reddit review facebook instagram youtube tiktok linkedin news forum threads "
            "other").split()
KINDS = ("original", "repost", "reply", "quote")
FIELDS = ("author", "is", "lang", "network", "rating", "site", "tag", "url")
MAX_PHRASE = 32


class QueryError(ValueError):
    pass


SPACE = r"\s\u00a0\u3000"
QUOTE = "\"\u201c\u201d\u201e"
LEXEME = re.compile(
    rf'[{SPACE}]*(?:(?P<paren>[()])|[{QUOTE}](?P<phrase>[^{QUOTE}]*)[{QUOTE}]|'
    r'\{(?P<case>[^}]*)\}|'
    rf'(?P<field>[A-Za-z]+):(?!//)(?:[{QUOTE}](?P<quoted>[^{QUOTE}]*)[{QUOTE}]|(?P<value>[^{SPACE}{QUOTE}(){{}}]*))|'
    rf'(?P<bare>[^{SPACE}{QUOTE}(){{}}]+)|(?P<end>$))')


def _literal(tokens, **flags):
    if not tokens or len(tokens) > MAX_PHRASE or any(not key for key, _ in tokens):
        raise QueryError("not a term")
    accented = flags.get("accents") and not flags.get("case")
    return ("literal", tuple(key for key, _ in tokens), flags.get("prefix", False),
            tuple(raw for _, raw in tokens) if flags.get("case") else None,
            tuple(fold_keeping_accents(raw) for _, raw in tokens) if accented else None)


def _rating(value):
    for pattern, low, high in ((r">=([1-5])", 1, None), (r"<=([1-5])", None, 1), (r"([1-5])\.\.([1-5])", 1, 2),
                               (r"([1-5])", 1, 1)):
        match = re.fullmatch(pattern, value)
        if match:
            result = (int(match.group(low)) if low else 1, int(match.group(high)) if high else 5)
            if result[0] <= result[1]:
                return ("rating", *result)
    raise QueryError("rating")


def _field(name, value, accents):
    name = name.lower()
    if name not in FIELDS or not value:
        raise QueryError(f"field {name}:")
    if name in ("url", "tag"):
        return _literal(words_of(value, "p" if name == "url" else "t"), accents=accents)
    if name == "author":
        return _literal([("a" + fold_handle(value), value)])
    if name == "site":
        return _literal([("s" + re.sub(r"^(?:www\.)+", "", fold_handle(value)), value)])
    if name == "rating":
        return _rating(value)
    value = value.lower()
    if (name == "network" and value not in NETWORKS) or (name == "is" and value not in KINDS):
        raise QueryError(f"{name}:{value}")
    return (name, value)


def _bare(word, accents):
    if re.fullmatch(r"(?i)and|or|not|o?near(/.*)?|\||\|\||&|&&|!|\+", word) or word[0] == "-" or "*" in word[:-1]:
        raise QueryError(word)
    prefix = word.endswith("*")
    tokens = tokenize(word[:-1] if prefix else word)
    if word[0] in "#@$" and (not tokens or not tokens[0][0].startswith(word[0])):
        raise QueryError(word)
    if prefix and (len(tokens) != 1 or len(tokens[0][0]) < 3):
        raise QueryError(word)
    return _literal(tokens, prefix=prefix, accents=accents)


class _Parser:
    def __init__(self, text, accents=False):
        self.lexemes = list(self._lex(text, accents))

    @staticmethod
    def _lex(text, accents):
        at = 0
        while True:
            match = LEXEME.match(text, at)
            if not match:
                raise QueryError(f"can't read on at {at}")
            at = match.end()
            found = match.groupdict()
            if found["paren"]:
                yield found["paren"]
            elif found["phrase"] is not None:
                if text[at:at + 1] in ("~", "*"):
                    raise QueryError("phrase")
                yield _literal(tokenize(found["phrase"]), accents=accents)
            elif found["case"] is not None:
                yield _literal(tokenize(found["case"]), case=True)
            elif found["field"] is not None:
                yield _field(found["field"], found["quoted"] if found["quoted"] is not None else found["value"], accents)
            elif found["bare"] is not None:
                word = found["bare"]
                near = re.fullmatch(r"(O?)NEAR/(\d+)", word)
                if near and 1 <= int(near.group(2)) <= 100:
                    yield ("near/", int(near.group(2)), bool(near.group(1)))
                else:
                    yield word if word in ("AND", "OR", "NOT") else _bare(word, accents)
            else:
                yield "end"
                return

    def parse(self):
        node = self._or()
        if self.lexemes[0] != "end" or not _anchored(node):
            raise QueryError("query")
        return node

    def _or(self):
        nodes = [self._and()]
        while self.lexemes[0] == "OR":
            self.lexemes.pop(0)
            nodes.append(self._and())
        return nodes[0] if len(nodes) == 1 else ("or", nodes)

    def _and(self):
        nodes = [self._not()]
        while self.lexemes[0] in ("AND", "NOT", "(") or isinstance(self.lexemes[0], tuple):
            if self.lexemes[0] == "AND":
                self.lexemes.pop(0)
            nodes.append(self._not())
        return nodes[0] if len(nodes) == 1 else ("and", nodes)

    def _not(self):
        if self.lexemes[0] == "NOT":
            self.lexemes.pop(0)
            return ("not", self._not())
        left = self._primary()
        if self.lexemes[0][0] != "near/":
            return left
        _, distance, ordered = self.lexemes.pop(0)
        return ("near", _side(left), _side(self._primary()), distance, ordered)

    def _primary(self):
        lexeme = self.lexemes.pop(0)
        if lexeme == "(":
            node = self._or()
            if self.lexemes.pop(0) != ")":
                raise QueryError("(")
            return node
        if isinstance(lexeme, str) or lexeme[0] == "near/":
            raise QueryError(str(lexeme))
        return lexeme


def _alternatives(node):
    return [found for child in node[1] for found in _alternatives(child)] if node[0] == "or" else [node]


def _side(node):
    literals = _alternatives(node)
    if any(literal[0] != "literal" or literal[1][0][0] not in "w#@$" for literal in literals):
        raise QueryError("side of NEAR")
    return literals


def _anchored(node):
    if node[0] in ("and", "or"):
        return (any if node[0] == "and" else all)(_anchored(child) for child in node[1])
    return node[0] in ("literal", "near")


def _anchors(node):
    """Literals of which one is in every post that matches; None if there are none."""
    if node[0] == "literal":
        return [node]
    if node[0] == "near":
        return min(node[1], node[2], key=len)
    if node[0] == "or":
        lists = [_anchors(child) for child in node[1]]
        return None if None in lists else sum(lists, [])
    if node[0] == "and":
        lists = [found for found in map(_anchors, node[1]) if found is not None]
        return min(lists, key=len) if lists else None
    return None


class _Post:
    def __init__(self, text, hashtags, handles, urls, author, lang, network, kind, rating):
        parts = []
        self.runs = [tokenize(text, parts)]  # tokens of one run may be adjacent
        for sigil, names in (("#", hashtags), ("@", handles)):
            for name in names:
                self.runs.append(tokenize(sigil + name, parts))
        for part in parts + [url_parts(url) for url in urls]:
            self.runs += part if isinstance(part, tuple) else [part]
        if author:
            self.runs.append([("a" + fold_handle(author), author)])
        self.places = {}
        for number, run in enumerate(self.runs):
            for position, (key, _) in enumerate(run):
                if key:
                    self.places.setdefault(key, []).append((number, position))
        self.lang = (lang or "und").lower().replace("_", "-")
        self.network, self.kind, self.rating = network or "other", kind or "original", rating
        self.covers = []  # (brand, run, first, end)
        self.cache = {}

    def spans(self, literal):
        """(run, first, end) of each occurrence."""
        found = self.cache.get(literal)
        if found is None:
            found = self.cache[literal] = list(self._find(literal))
        return found

    def _find(self, literal):
        _, keys, prefix, raws, accented = literal
        if prefix:
            for key, places in self.places.items():
                if key.startswith(keys[0]):
                    yield from ((run, at, at + 1) for run, at in places
                                if not accented or _starts(fold_keeping_accents(self.runs[run][at][1]), accented[0]))
            return
        for number, at in self.places.get(keys[0], ()):
            window = self.runs[number][at:at + len(keys)]
            if tuple(key for key, _ in window) != keys or (raws is not None and tuple(raw for _, raw in window) != raws):
                continue
            if accented is None or tuple(fold_keeping_accents(raw) for _, raw in window) == accented:
                yield number, at, at + len(keys)


def _starts(text, start):
    after = text[len(start):len(start) + 1]
    return text.startswith(start) and not (after and _in(ACCENTS, ord(after)))


NOTHING = (False, False, frozenset())


class _Brand:
    def __init__(self, entry):
        self.id = entry["id"]
        self.topic = entry.get("kind") in ("topic", "sector")
        self.accents = entry.get("accents") == "keep"
        self.query = _Parser(entry["query"], self.accents).parse()
        self._read_context(entry.get("context"))
        self.official = {fold_handle(account) for account in entry.get("official_accounts") or ()}
        self.names = [] if self.topic else [
            literal for literal in _alternatives(self.query)
            if literal[0] == "literal" and len(literal[1]) > 1 and all(key[0] == "w" for key in literal[1])]

    def _read_context(self, context):
        self.context = context is not None
        if context is None:
            return
        self.drop = context.get("unsure") == "drop"
        self.ambiguous = {self._term(text) for text in context["ambiguous"]} if "ambiguous" in context else None
        self.terms = []  # (literal, language, weight in hundredths)
        for key, sign in (("any_of", 1), ("none_of", -1)):
            for item in context.get(key) or ():
                group = item if isinstance(item, dict) else {"terms": [item]}
                terms = group["terms"] if isinstance(group["terms"], list) else [group["terms"]]
                weight = sign * round(100 * float(group.get("weight", 1)))
                self.terms += [(self._term(text), group.get("lang", "").lower(), weight) for text in terms]

    def _term(self, text):
        if re.search(r"\s", text) and not re.search('["(){}:“„]', text):
            text = f'"{text}"'
        return _Parser(text, self.accents).parse()

    def _is_ambiguous(self, literal):
        if not self.context:
            return False
        if self.ambiguous is not None:
            return literal in self.ambiguous
        return len(literal[1]) == 1 and literal[1][0][0] in "w#t"

    def match(self, post):
        """(reasons, ambiguity in percent), or None."""
        holds, clear, reasons = self._verdict(self.query, post)
        if not holds:
            return None
        if clear or not self.context:
            return reasons, 0
        score = sum(weight for literal, language, weight in self.terms
                    if (not language or post.lang == "und" or post.lang.startswith("und-") or _speaks(post, language))
                    and post.spans(literal))
        if score < 0 or (score < 100 and self.drop):
            return None
        return (reasons, 100 - score) if score < 100 else (reasons | {"context"}, 0)

    def name_spans(self, node, post):
        """(first, end) of the tokens in the text that name the brand."""
        op = node[0]
        if op == "literal":
            return [span[1:] for span in self._counted(node, post, False) if span[0] == 0]
        if op == "or":
            return [span for child in node[1] for span in self.name_spans(child, post)]
        choices = node[1:3] if op == "near" else ([child] for child in node[1]) if op == "and" else ()
        for nodes in choices:
            found = [span for child in nodes for span in self.name_spans(child, post)]
            if found:
                return found
        return []

    def _verdict(self, node, post):
        """Whether it holds, whether more than one ambiguous term says so, and the kinds of terms that do."""
        op = node[0]
        if op == "or":
            found = [verdict for verdict in (self._verdict(child, post) for child in node[1]) if verdict[0]]
            return (bool(found), any(verdict[1] for verdict in found), frozenset().union(*(v[2] for v in found)))
        if op == "and":
            found = [self._verdict(child, post) for child in node[1]]
            if not all(verdict[0] for verdict in found):
                return NOTHING
            speaking = sum(bool(verdict[2]) for verdict in found)
            return (True, speaking > 1 or any(verdict[1] for verdict in found), frozenset().union(*(v[2] for v in found)))
        holds = self._holds(node, post, False)
        if not holds or op not in ("literal", "near"):
            return (holds, False, frozenset())
        if op == "near":
            return (True, True, frozenset(["near"]))
        kind = {"w": "word", "#": "hashtag", "t": "hashtag", "@": "handle", "$": "cashtag", "p": "url", "s": "url",
                "a": "author"}[node[1][0][0]]
        if kind == "word" and len(node[1]) > 1:
            kind = "phrase"
        return (True, not self._is_ambiguous(node), frozenset([kind]))

    def _counted(self, literal, post, negative):
        spans = post.spans(literal)
        if negative or self.topic or not post.covers or any(key[0] != "w" for key in literal[1]):
            return spans
        return [span for span in spans if not any(
            brand is not self and run == span[0] and first <= span[1] and end >= span[2] and
            end - first > span[2] - span[1]
            for brand, run, first, end in post.covers)]

    def _near(self, node, post, negative):
        _, left, right, distance, ordered = node
        sides = [[span for literal in side for span in self._counted(literal, post, negative) if span[0] == 0]
                 for side in (left, right)]
        return any(1 <= b[1] - a[2] + 1 <= distance or (not ordered and 1 <= a[1] - b[2] + 1 <= distance)
                   for a in sides[0] for b in sides[1])

    def _holds(self, node, post, negative):
        op = node[0]
        if op == "literal":
            return bool(self._counted(node, post, negative))
        if op == "and":
            return all(self._holds(child, post, negative) for child in node[1])
        if op == "or":
            return any(self._holds(child, post, negative) for child in node[1])
        if op == "not":
            return not self._holds(node[1], post, not negative)
        if op == "near":
            return self._near(node, post, negative)
        if op == "lang":
            return _speaks(post, node[1])
        if op == "network":
            return post.network == node[1]
        if op == "is":
            return post.kind == node[1]
        return node[1] <= post.rating <= node[2]


def _speaks(post, language):
    return post.lang == language or ("-" not in language and post.lang.startswith(language + "-"))


class Watchlist:
    def __init__(self, entries, lexicon=()):
        self.lexicon = lexicon  # of all brands, as it is written; each brand's own is in its entry
        self.entries = {entry["id"]: entry for entry in entries}
        self.brands = [_Brand(entry) for entry in entries]
        self.accounts = {}
        for brand in self.brands:
            for account in brand.official:
                self.accounts.setdefault(account, set()).add(brand.id)
        self._plan()

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        try:
            document = json.loads(text)
        except ValueError:
            document = parse_yaml(text)
        return cls(document["brands"], document.get("lexicon") or ())

    def _plan(self):
        """Finds, for each brand, words of which one must be there; `words` are runs of [a-z0-9] in the folded text."""
        self.words, self.texts, self.prefixes = {}, {}, {}
        self.with_tags, self.with_urls, self.authors, self.unplanned = set(), set(), {}, set()
        for number, brand in enumerate(self.brands):
            for _, keys, prefix, _, _ in _anchors(brand.query):
                kind = keys[0][0]
                if kind == "t":
                    self.with_tags.add(number)
                elif kind in "ps":
                    self.with_urls.add(number)
                elif kind == "a":
                    self.authors.setdefault(keys[0][1:], set()).add(number)
                else:
                    pieces = [piece for key in keys for piece in key[1:].split("_") if piece]
                    piece = max(pieces, key=len, default="")
                    plain = re.fullmatch("[a-z0-9]+", piece)
                    if not piece or (prefix and not plain):
                        self.unplanned.add(number)
                    else:
                        table = self.texts if not plain else self.prefixes if prefix else self.words
                        table.setdefault(piece if not prefix else keys[0][1:].split("_")[0] or piece, set()).add(number)
        self.prefix_starts = tuple(self.prefixes)

    def _candidates(self, text, hashtags, handles, urls, author):
        if hashtags or handles:
            text = " ".join((text, *hashtags, *handles))
        ascii_only = text.isascii()
        folded = text.lower() if ascii_only else text.translate(SIMPLIFIED)
        found = set(self.unplanned)
        words = set(re.findall("[a-z0-9]+", folded))
        if not words.isdisjoint(self.words):
            for word in words & self.words.keys():
                found |= self.words[word]
        if self.prefix_starts:
            for word in words:
                if word.startswith(self.prefix_starts):
                    for start, numbers in self.prefixes.items():
                        if word.startswith(start):
                            found |= numbers
        if not ascii_only:
            # A handle, cashtag or URL may end, and a word begin, in the middle of a run.
            anywhere = [self.texts]
            if re.search(r"[@＠$]|://|www\.", text, re.IGNORECASE):
                anywhere += [self.words, self.prefixes]
            for table in anywhere:
                for piece, numbers in table.items():
                    if piece in folded:
                        found |= numbers
        if self.with_tags and (hashtags or "#" in text or "＃" in text):
            found |= self.with_tags
        if self.with_urls and (urls or "://" in folded or "www." in folded or not ascii_only):
            found |= self.with_urls
        if author and self.authors:
            found |= self.authors.get(fold_handle(author), set())
        return found

    def _post(self, *fields):
        post = _Post(*fields)
        for brand in self.brands:
            for name in brand.names:
                if name[1][0] in post.places:
                    post.covers += [(brand, *span) for span in post.spans(name)]
        return post

    def names(self, text, brands):
        """{id: (first, end) of the tokens of the text that name it}, of those of `brands` that are no topics."""
        post = self._post(text, (), (), (), None, None, None, None, 0)
        return {brand.id: brand.name_spans(brand.query, post)
                for brand in self.brands if brand.id in brands and not brand.topic}

    def match(self, text, hashtags=(), handles=(), urls=(), author=None, lang=None, network=None, kind=None, rating=0):
        """(ids of the brands mentioned, ids of the brands that it is an official response of)."""
        matched, official = self.explain(text, hashtags, handles, urls, author, lang, network, kind, rating)
        return matched.keys() - official, official

    def explain(self, text, hashtags=(), handles=(), urls=(), author=None, lang=None, network=None, kind=None, rating=0):
        """({id of a brand whose query and context hold: (reasons, ambiguity in percent)}, official as for match)."""
        official = self.accounts.get(fold_handle(author), set()) if author and self.accounts else set()
        candidates = self._candidates(text, hashtags, handles, urls, author)
        if not candidates:
            return {}, set(official)
        post = self._post(text, hashtags, handles, urls, author, lang, network, kind, rating)
        found = {self.brands[number].id: self.brands[number].match(post) for number in candidates}
        return {brand: match for brand, match in found.items() if match is not None}, set(official)


def fingerprint(text):
    """Equal for the texts that have the same fingerprint in the engine."""
    keys = [key for key, _ in tokenize(text)]
    if keys and keys[0] == "wrt":
        keys = keys[1:]
    return "\0".join(key for key in keys if key and key[0] != "@")

"""What a watchlist matches, by docs/QUERIES.md alone: the oracle for the engine's matcher.

Standard library only, and nothing shared with the engine. Clear before fast, but for one thing: most posts mention no brand,
and are told apart by the words that some query must have.

    watchlist = Watchlist.load("watchlist.yaml")
    brands, official = watchlist.match("My @united flight ...", author="someone", network="twitter")
"""

import json
import re
import unicodedata

NETWORKS = ("twitter bluesky mastodon reddit review facebook instagram youtube tiktok linkedin news forum threads "
            "other").split()
KINDS = ("original", "repost", "reply", "quote")
FIELDS = ("author", "is", "lang", "network", "rating", "site", "tag", "url")
MAX_PHRASE = 32


# --- folding -----------------------------------------------------------------------------------------------------------------

def _ranges(text):
    pairs = (part.split("-") for part in text.split())
    return tuple((int(pair[0], 16), int(pair[-1], 16)) for pair in pairs)


def _in(ranges, code):
    return any(first <= code <= last for first, last in ranges)


IGNORED = _ranges("00AD 0300-036F 0591-05BD 05BF 05C1-05C2 05C4-05C5 05C7 0610-061A 061C 0640 064B-065F 0670 06D6-06DC "
                  "06DF-06E8 06EA-06ED 180B-180E 1AB0-1AFF 1DC0-1DFF 200C-200F 202A-202E 2060-206F 20D0-20FF FE00-FE0F "
                  "FE20-FE2F FEFF 1F3FB-1F3FF E0000-E0FFF")
BREAKS = _ranges("00A6 00A9 00AE 00B0 02BB-02BC 2117 2120 2122 FFFC-FFFD")
HAN = _ranges("3400-4DBF 4E00-9FFF 20000-2FFFD 30000-3FFFD")
IDEOGRAPHS = _ranges("0E00-0EFF 1000-109F 1780-17FF 19E0-19FF 2E80-2FDF 3005-3007 3021-3029 3038-303B 3040-312F 31A0-31BF "
                     "31F0-31FF A9E0-A9FF AA60-AA7F F900-FAFF FF66-FF9D")
BASE_LETTERS = {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "þ": "th", "ı": "i"}

BREAK, WORD, IDEOGRAPH, SYMBOL, MARK, SKIP = "BWISM-"


def _fold_char(char):
    folded = char
    while True:
        again = unicodedata.normalize("NFKD", folded.casefold())
        if again == folded:
            break
        folded = again
    return "".join(BASE_LETTERS.get(c, c) for c in folded if not _in(IGNORED, ord(c)))


def _classify(char, folded):
    code = ord(char)
    if _in(IGNORED, code):
        return SKIP
    if _in(BREAKS, code):
        return BREAK
    if _in(HAN, code):
        return IDEOGRAPH
    if code in (0xFF9E, 0xFF9F):
        return MARK
    category = unicodedata.category(char)
    if category[0] == "M":
        return MARK if folded else SKIP
    if category[0] not in "LN" and category != "So":
        return BREAK
    if not folded:
        return SKIP
    if category == "So" and any(unicodedata.category(c)[0] not in "LNM" for c in folded):
        return SYMBOL
    return IDEOGRAPH if _in(IDEOGRAPHS, code) else WORD


class _Characters(dict):
    """character -> (class, fold, case), made on demand; case is U, D or L."""

    def __missing__(self, char):
        folded = _fold_char(char)
        char_class = _classify(char, folded)
        category = unicodedata.category(char)
        case = "U" if category in ("Lu", "Lt") else "D" if category[0] == "N" else "L"
        self[char] = entry = (char_class, "" if char_class in (BREAK, SKIP) else folded, case)
        return entry


CHARACTERS = _Characters()


class _Simplified(dict):
    """For str.translate: folds, with a space for a break. Only to tell posts that can't match."""

    def __missing__(self, code):
        char_class, folded, _ = CHARACTERS[chr(code)]
        self[code] = text = {BREAK: " ", SYMBOL: f" {folded} "}.get(char_class, folded)
        return text


SIMPLIFIED = _Simplified()


def fold_handle(text):
    if text.startswith("@"):
        text = text[1:]
    out = []
    for char in text:
        char_class, folded, _ = CHARACTERS[char]
        out.append(char if char_class == BREAK else folded)
    return "".join(out)


# --- tokens ------------------------------------------------------------------------------------------------------------------

URL = re.compile(r'(?:https?://|www\.)[!#-;=?-~]+', re.IGNORECASE | re.ASCII)
URL_START = re.compile(r'https?://|www\.', re.IGNORECASE | re.ASCII)
HANDLE = re.compile(r"[A-Za-z0-9_]+")
LETTERS = re.compile(r"[A-Za-z]+")
ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#39|#039|#x27);")


def words_of(text, kind):
    """Tokens of text in which sigils and URLs mean nothing."""
    return _scan(text, kind, None)


def tokenize(text, parts=None):
    """(kind + fold, raw) of each token of a text; '' for a URL. Its parts go to `parts` (a list of runs)."""
    return _scan(text, "w", [] if parts is None else parts)


def _scan(text, kind, parts):
    tokens = []
    current = None  # [class, fold, raw start, raw end]
    after_name = False  # right after a handle, a cashtag or '_'
    i = 0

    def close():
        nonlocal current
        if current is not None:
            tokens.append((kind + current[1], text[current[2]:current[3]]))
        current = None

    while i < len(text):
        char = text[i]
        char_class, folded, _ = CHARACTERS[char]
        if char_class == SKIP:
            i += 1
        elif char_class == MARK:
            if current is None:
                current, after_name = [WORD, "", i, i], False
            current[1] += folded
            current[3] = i = i + 1
        elif char_class == WORD:
            if current is None or current[0] != WORD:
                close()
                taken = _url(text, i) if parts is not None else 0
                if taken:
                    tokens.append(("", text[i:i + taken]))
                    parts.append(url_parts(text[i:i + taken]))
                    i += taken
                    after_name = False
                    continue
                current, after_name = [WORD, "", i, i], False
            current[1] += folded
            current[3] = i = i + 1
        elif char_class in (IDEOGRAPH, SYMBOL):
            close()
            current, after_name = [IDEOGRAPH, folded, i, i + 1], False
            i += 1
            if char_class == SYMBOL:
                close()
        else:
            blocked = after_name or (current is not None and current[0] == WORD)
            close()
            after_name = char == "_"
            i += 1
            if parts is None:
                continue
            if char == "&":
                entity = ENTITY.match(text, i - 1)
                if entity:
                    i = entity.end()
            elif char in "#＃@＠$" and not blocked:
                end, token = _name(text, i, char, parts)
                if token:
                    tokens.append(token)
                    after_name = char not in "#＃"
                    i = end
    close()
    return tokens


def _url(text, start):
    match = URL.match(text, start)
    if not match:
        return 0
    url = match.group()
    shortest = URL_START.match(url).end()
    while len(url) > shortest and url[-1] in ".,;:!?')]}":
        url = url[:-1]
    return len(url) if len(url) > shortest else 0


def _name(text, start, sigil, parts):
    """(end, token) of the hashtag, handle or cashtag whose sign ends at `start`."""
    if sigil in "@＠":
        match = HANDLE.match(text, start)
        return (match.end(), ("@" + match.group().lower(), match.group())) if match else (start, None)
    if sigil == "$":
        match = LETTERS.match(text, start)
        if not match or len(match.group()) > 10:
            return start, None
        after = text[match.end():match.end() + 1]
        if after and (after == "_" or CHARACTERS[after][0] in (WORD, MARK)):
            return start, None
        return match.end(), ("$" + match.group().lower(), match.group())
    end, raw_end, folded, letters = start, start, "", False
    while end < len(text):
        char = text[end]
        char_class, fold, _ = CHARACTERS[char]
        if char == "_" or char_class in (WORD, IDEOGRAPH, MARK):
            folded += fold or "_"
            letters = letters or char not in "0123456789_"
            raw_end = end + 1
        elif char_class != SKIP:
            break
        end += 1
    if not letters:
        return start, None
    raw = text[start:raw_end]
    parts.append(tag_parts(raw))
    return end, ("#" + folded, raw)


def tag_parts(raw):
    starts = [i for i, char in enumerate(raw) if i == 0 or CHARACTERS[char][0] not in (SKIP, MARK)]
    case = {i: CHARACTERS[raw[i]][2] for i in starts}
    pieces, begin = [], 0
    for before, here, after in zip(starts, starts[1:], starts[2:] + [None]):
        if "_" in (raw[before], raw[here]):
            continue
        next_lower = after is not None and raw[after] != "_" and case[after] == "L"
        if (case[before] == "L" and case[here] in "UD") or (case[here] == "U" and next_lower):
            pieces += words_of(raw[begin:here], "t")
            begin = here
    return pieces + words_of(raw[begin:], "t")


def url_parts(url):
    url = url.split("://", 1)[-1]
    host = re.split(r"[/?#]", url, maxsplit=1)[0].rsplit("@", 1)[-1].split(":", 1)[0].rstrip(".")
    labels = fold_handle("@" + host).split(".")
    sites = [("s" + ".".join(labels[i:]), host) for i in range(len(labels))]
    return words_of(url, "p"), sites


# --- queries -----------------------------------------------------------------------------------------------------------------

class QueryError(ValueError):
    pass


LEXEME = re.compile(r'[\s\u00a0\u3000]*(?:(?P<paren>[()])|["“”„](?P<phrase>[^"“”„]*)["“”„]|\{(?P<case>[^}]*)\}|'
                    r'(?P<field>[A-Za-z]+):(?!//)(?:["“”„](?P<quoted>[^"“”„]*)["“”„]|(?P<value>[^\s\u00a0\u3000"“”„(){}]*))|'
                    r'(?P<bare>[^\s\u00a0\u3000"“”„(){}]+)|(?P<end>$))')


def _literal(tokens, **flags):
    if not tokens or len(tokens) > MAX_PHRASE or any(not key for key, _ in tokens):
        raise QueryError("not a term")
    return ("literal", tuple(key for key, _ in tokens), flags.get("prefix", False),
            tuple(raw for _, raw in tokens) if flags.get("case") else None)


def _rating(value):
    for pattern, low, high in ((r">=([1-5])", 1, None), (r"<=([1-5])", None, 1), (r"([1-5])\.\.([1-5])", 1, 2),
                               (r"([1-5])", 1, 1)):
        match = re.fullmatch(pattern, value)
        if match:
            result = (int(match.group(low)) if low else 1, int(match.group(high)) if high else 5)
            if result[0] <= result[1]:
                return ("rating", *result)
    raise QueryError("rating")


def _field(name, value):
    name = name.lower()
    if name not in FIELDS or not value:
        raise QueryError(f"field {name}:")
    if name in ("url", "tag"):
        return _literal(words_of(value, "p" if name == "url" else "t"))
    if name == "author":
        return _literal([("a" + fold_handle(value), value)])
    if name == "site":
        host = fold_handle(value)
        return _literal([("s" + (host[4:] if host.startswith("www.") else host), value)])
    if name == "rating":
        return _rating(value)
    value = value.lower()
    if (name == "network" and value not in NETWORKS) or (name == "is" and value not in KINDS):
        raise QueryError(f"{name}:{value}")
    return (name, value)


def _bare(word):
    if re.fullmatch(r"(?i)and|or|not|o?near(/.*)?|\||\|\||&|&&|!|\+", word) or word[0] == "-" or "*" in word[:-1]:
        raise QueryError(word)
    prefix = word.endswith("*")
    tokens = tokenize(word[:-1] if prefix else word)
    if word[0] in "#@$" and (not tokens or not tokens[0][0].startswith(word[0])):
        raise QueryError(word)
    if prefix and (len(tokens) != 1 or len(tokens[0][0]) < 3):
        raise QueryError(word)
    return _literal(tokens, prefix=prefix)


class _Parser:
    def __init__(self, text):
        self.lexemes = list(self._lex(text))

    @staticmethod
    def _lex(text):
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
                yield _literal(tokenize(found["phrase"]))
            elif found["case"] is not None:
                yield _literal(tokenize(found["case"]), case=True)
            elif found["field"] is not None:
                yield _field(found["field"], found["quoted"] if found["quoted"] is not None else found["value"])
            elif found["bare"] is not None:
                word = found["bare"]
                near = re.fullmatch(r"(O?)NEAR/(\d+)", word)
                if near and 1 <= int(near.group(2)) <= 100:
                    yield ("near/", int(near.group(2)), bool(near.group(1)))
                else:
                    yield word if word in ("AND", "OR", "NOT") else _bare(word)
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


# --- one post ----------------------------------------------------------------------------------------------------------------

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
        _, keys, prefix, raws = literal
        if prefix:
            for key, places in self.places.items():
                if key.startswith(keys[0]):
                    yield from ((run, at, at + 1) for run, at in places)
            return
        for number, at in self.places.get(keys[0], ()):
            window = self.runs[number][at:at + len(keys)]
            if tuple(key for key, _ in window) == keys and (raws is None or tuple(raw for _, raw in window) == raws):
                yield number, at, at + len(keys)


class _Brand:
    def __init__(self, entry):
        self.id = entry["id"]
        self.topic = entry.get("kind") == "topic"
        self.query = _Parser(entry["query"]).parse()
        self.official = {fold_handle(account) for account in entry.get("official_accounts") or ()}
        self.names = [] if self.topic else [
            literal for literal in _alternatives(self.query)
            if literal[0] == "literal" and len(literal[1]) > 1 and all(key[0] == "w" for key in literal[1])]

    def matches(self, post):
        return self._holds(self.query, post, False)

    def _counted(self, literal, post, negative):
        spans = post.spans(literal)
        if negative or self.topic or not post.covers or any(key[0] != "w" for key in literal[1]):
            return spans
        return [span for span in spans if not any(
            brand is not self and run == span[0] and first <= span[1] and end >= span[2] and end - first > span[2] - span[1]
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
            return post.lang == node[1] or ("-" not in node[1] and post.lang.startswith(node[1] + "-"))
        if op == "network":
            return post.network == node[1]
        if op == "is":
            return post.kind == node[1]
        return node[1] <= post.rating <= node[2]


class Watchlist:
    def __init__(self, entries):
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
        return cls(document["brands"])

    def _plan(self):
        """Finds, for each brand, words of which one must be there; `words` are runs of [a-z0-9] in the folded text."""
        self.words, self.texts, self.prefixes = {}, {}, {}
        self.with_tags, self.with_urls, self.authors, self.unplanned = set(), set(), {}, set()
        for number, brand in enumerate(self.brands):
            for _, keys, prefix, _ in _anchors(brand.query):
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

    def match(self, text, hashtags=(), handles=(), urls=(), author=None, lang=None, network=None, kind=None, rating=0):
        """(ids of the brands mentioned, ids of the brands that it is an official response of)."""
        official = self.accounts.get(fold_handle(author), set()) if author and self.accounts else set()
        candidates = self._candidates(text, hashtags, handles, urls, author)
        if not candidates:
            return set(), set(official)
        post = _Post(text, hashtags, handles, urls, author, lang, network, kind, rating)
        for brand in self.brands:
            for name in brand.names:
                if name[1][0] in post.places:
                    post.covers += [(brand, *span) for span in post.spans(name)]
        matched = {self.brands[number].id for number in candidates if self.brands[number].matches(post)}
        return matched - official, set(official)


def fingerprint(text):
    """Equal for the texts that have the same fingerprint in the engine."""
    keys = [key for key, _ in tokenize(text)]
    if keys and keys[0] == "wrt":
        keys = keys[1:]
    return "\0".join(key for key in keys if key and key[0] != "@")


# --- a little YAML -----------------------------------------------------------------------------------------------------------

def parse_yaml(text):
    """Block mappings and lists, one-line flow ones, and scalars on one line: what watchlists of tests are written in."""
    lines = []
    for line in text.splitlines():
        bare = _without_comment(line).rstrip()
        if bare.strip():
            lines.append((len(bare) - len(bare.lstrip()), bare.strip()))
    return _block(lines, lines[0][0]) if lines else None


def _without_comment(line):
    quote = None
    for i, char in enumerate(line):
        if quote:
            quote = None if char == quote else quote
        elif char in "'\"" and (i == 0 or line[i - 1] in " :[{,-"):
            quote = char
        elif char == "#" and (i == 0 or line[i - 1] == " "):
            return line[:i]
    return line


def _block(lines, indent):
    if lines[0][1].startswith("- "):
        items = []
        while lines and lines[0][0] == indent and lines[0][1].startswith("- "):
            content = lines[0][1][2:].lstrip()
            if re.match(r"[\w.-]+:( |$)", content):
                lines[0] = (indent + 2, content)
                items.append(_block(lines, indent + 2))
            else:
                lines.pop(0)
                items.append(_Flow(content).value())
        return items
    mapping = {}
    while lines and lines[0][0] == indent:
        key, _, rest = lines.pop(0)[1].partition(":")
        if rest.strip():
            mapping[key.strip()] = _Flow(rest.strip()).value()
        elif lines and (lines[0][0] > indent or lines[0][1].startswith("- ")):
            mapping[key.strip()] = _block(lines, lines[0][0])
        else:
            mapping[key.strip()] = None
    return mapping


class _Flow:
    def __init__(self, text):
        self.text, self.at = text, 0

    def value(self, inside=False):
        self._space()
        char = self.text[self.at:self.at + 1]
        if char == "[":
            return self._items("]", lambda: self.value(True))
        if char == "{":
            return dict(self._items("}", self._pair))
        if char in ("'", '"'):
            pattern = r"'((?:[^']|'')*)'" if char == "'" else r'"((?:[^"\\]|\\.)*)"'
            match = re.compile(pattern).match(self.text, self.at)
            self.at = match.end()
            return match.group(1).replace("''", "'") if char == "'" else json.loads(match.group())
        match = re.compile(r"[^,\[\]{}]*" if inside else r".*").match(self.text, self.at)
        self.at = match.end()
        return match.group().strip()

    def _space(self):
        while self.text[self.at:self.at + 1] == " ":
            self.at += 1

    def _pair(self):
        self._space()
        match = re.compile(r"([\w.-]+) *: *").match(self.text, self.at)
        self.at = match.end()
        return match.group(1), self.value(True)

    def _items(self, end, item):
        self.at += 1
        items = []
        while True:
            self._space()
            if self.text[self.at] == end:
                self.at += 1
                return items
            items.append(item())
            self._space()
            if self.text[self.at] == ",":
                self.at += 1

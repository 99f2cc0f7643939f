"""How a post's text is folded and cut into tokens, by docs/QUERIES.md alone. Standard library only."""

import re
import unicodedata


def _ranges(text):
    pairs = (part.split("-") for part in text.split())
    return tuple((int(pair[0], 16), int(pair[-1], 16)) for pair in pairs)


def _in(ranges, code):
    return any(first <= code <= last for first, last in ranges)


IGNORED = _ranges("""
    00AD 0300-036F 0591-05BD 05BF 05C1-05C2 05C4-05C5 05C7 0610-061A 061C 0640 064B-065F 0670 06D6-06DC 06DF-06E8
    06EA-06ED 180B-180E 1AB0-1AFF 1DC0-1DFF 200C-200F 202A-202E 2060-206F 20D0-20FF FE00-FE0F FE20-FE2F FEFF
    1F3FB-1F3FF E0000-E0FFF""")
BREAKS = _ranges("00A6 00A9 00AE 00B0 02BB-02BC 2117 2120 2122 FFFC-FFFD")
HAN = _ranges("3400-4DBF 4E00-9FFF 20000-2FFFD 30000-3FFFD")
IDEOGRAPHS = _ranges("""
    0E00-0EFF 1000-109F 1780-17FF 19E0-19FF 2E80-2FDF 3005-3007 3021-3029 3038-303B 3040-312F 31A0-31BF 31F0-31FF
    A9E0-A9FF AA60-AA7F F900-FAFF FF66-FF9D""")
BASE_LETTERS = {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "þ": "th", "ı": "i"}

ACCENTS = _ranges("0300-036F 1AB0-1AFF 1DC0-1DFF FE20-FE2F")

BREAK, WORD, IDEOGRAPH, SYMBOL, MARK, SKIP = "BWISM-"


def _fold_char(char, keep_accents=False):
    folded = char
    while True:
        again = unicodedata.normalize("NFKD", folded.casefold())
        if again == folded:
            break
        folded = again
    if keep_accents:
        return "".join(c for c in folded if not _in(IGNORED, ord(c)) or _in(ACCENTS, ord(c)))
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


def fold_keeping_accents(word):
    """A token's text as it counts where accents do."""
    return "".join(char if CHARACTERS[char][0] == BREAK else _fold_char(char, True) for char in word)


def fold_handle(text):
    out = []
    for char in text:
        char_class, folded, _ = CHARACTERS[char]
        out.append(char if char_class == BREAK else folded)
    return "".join(out).lstrip("@")


URL = re.compile(r'(?:https?://|www\.)[!#-;=?-~]+', re.IGNORECASE | re.ASCII)
URL_START = re.compile(r'https?://|www\.', re.IGNORECASE | re.ASCII)
HANDLE = re.compile(r"[A-Za-z0-9_]+")
LETTERS = re.compile(r"[A-Za-z]+")
ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#39|#039|#x27);")


def words_of(text, kind):
    """Tokens of text in which sigils and URLs mean nothing."""
    return _scan(text, kind, None)


def tokenize(text, parts=None, places=None):
    """(kind + fold, raw) of each token of a text; '' for a URL. Its parts go to `parts` (a list of runs), where each stands,
    with its sign, to `places`."""
    return _scan(text, "w", [] if parts is None else parts, places)


def _scan(text, kind, parts, places=None):
    tokens = []
    places = [] if places is None else places
    current = None  # [class, fold, raw start, raw end]
    after_name = False  # right after a handle, a cashtag or '_'
    i = 0

    def close():
        nonlocal current
        if current is not None:
            tokens.append((kind + current[1], text[current[2]:current[3]]))
            places.append((current[2], current[3]))
        current = None

    while i < len(text):
        char = text[i]
        char_class, folded, _ = CHARACTERS[char]
        if char_class == SKIP:
            i += 1
            if current is not None and _in(ACCENTS, ord(char)):
                current[3] = i
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
                    places.append((i, i + taken))
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
                    places.append((i - 1, i + len(token[1])))
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
        elif _in(ACCENTS, ord(char)):
            raw_end = end + 1
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

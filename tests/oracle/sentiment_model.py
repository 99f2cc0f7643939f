"""Classifies texts by a sentiment model file, as docs/formats/SENTIMENT_MODEL.md describes it.

Written from that page alone, with the standard library, so that tests can compare the engine with a second reading:

    model = load("operators/sentiment/model/default.model")
    model.classify("what a lovely day", "en")   # 0 negative, 1 neutral, 2 positive, 3 unclassified

Run as a program it reads lines of `language<TAB>text` and writes the class and the level of negativity for each.
"""

import math
import re
import struct
import sys
import zlib

MAX_TEXT_BYTES = 4096
MASK64 = (1 << 64) - 1
TOKEN_MULTIPLIER = 0x9E3779B97F4A7C15
PAIR_MULTIPLIER = 0xC2B2AE3D27D4EB4F
FINAL_MULTIPLIER = 0xD6E8FEB86659FD93
FOUR_GRAM_MULTIPLIER = 0xA0761D6478BD642F
FIVE_GRAM_MULTIPLIER = 0xE7037ED1A0B428DB
MENTION_HASH = 0x8EBC6AF09C88C6E3
LINK_HASH = 0x589965CC75374CC3
UNCLASSIFIED = 3
KINDS = 14
VALENCES = 6
NEGATOR = 12
ONLY_MEANING = 14
NEGATION_TOKENS = 3
COUNTS = 3
HITS = 64
CACHE_ENTRIES = 1 << 20

THREE_LETTERS = {
    "ara": "ar", "deu": "de", "eng": "en", "fra": "fr", "fre": "fr",
    "ger": "de", "hin": "hi", "ita": "it", "por": "pt", "spa": "es",
}

_GENERAL_PUNCTUATION = rb"\xE2[\x80\x81][\x80-\xBF]"
# The alternatives are tried in this order at every position, and one of them always matches.
_TOKEN = re.compile(
    rb"(?P<link>(?:[hH][tT][tT][pP](?:[0-9A-Za-z_\x80-\xFF](?<!\xE2)|\xE2(?![\x80\x81][\x80-\xBF]))*"
    rb"|[wW]{3}(?=\.))[^\x00-\x20\x80-\xFF\"<>]*)"
    rb"|(?P<word>(?:[0-9A-Za-z_\x80-\xFF](?<!\xE2)|\xE2(?![\x80\x81][\x80-\xBF]))+)"
    rb"|@(?P<mention>[0-9A-Za-z_]+)"
    rb"|(?P<symbol>(?:[!-&(-/:-?\[-^`{-~]|@(?![0-9A-Za-z_]))+)"
    rb"|" + _GENERAL_PUNCTUATION + rb"|[\x00-\xFF]",
    re.DOTALL,
)
_LATIN1_CAPITAL = re.compile(rb"\xC3([\x80-\x96\x98-\x9E])")


def _lower(word):
    word = bytes(b + 0x20 if 0x41 <= b <= 0x5A else b for b in word)
    return _LATIN1_CAPITAL.sub(lambda match: bytes((0xC3, match.group(1)[0] | 0x20)), word)


def _token_hash(token):
    value = len(token)
    for begin in range(0, len(token), 8):
        chunk = int.from_bytes(token[begin:begin + 8], "little")
        value = ((value ^ chunk) * TOKEN_MULTIPLIER) & MASK64
        value ^= value >> 32
    return value


def _gram_features(word):
    padded = b" " + word + b" "
    features = []
    for size, multiplier in ((4, FOUR_GRAM_MULTIPLIER), (5, FIVE_GRAM_MULTIPLIER)):
        for begin in range(len(padded) - size + 1):
            gram = int.from_bytes(padded[begin:begin + size], "little")
            features.append(((gram * multiplier) & MASK64) >> 32)
    return features


def _single(value):
    return ((value * FINAL_MULTIPLIER) & MASK64) >> 32


class _Token:
    """A word, symbol, mention or link, with the features that are its own."""

    def __init__(self, value, grams=()):
        self.value = value
        self.features = (_single(value), *grams)


_MENTION = _Token(MENTION_HASH)
_LINK = _Token(LINK_HASH)


class _Tokeniser:
    """Splits texts into tokens; equal words and symbols give the same object while they are remembered."""

    def __init__(self):
        self._known = {}

    def tokens(self, text):
        result = []
        for match in _TOKEN.finditer(text[:MAX_TEXT_BYTES]):
            kind = match.lastgroup
            if kind is None:
                continue
            if kind == "link":
                result.append(_LINK)
                continue
            if kind == "mention":
                result.append(_MENTION)
                continue
            raw = match.group()
            token = self._known.get(raw)
            if token is None:
                token = self._remember(raw, kind)
            if token:
                result.append(token)
        return result

    def _remember(self, raw, kind):
        if kind == "word":
            word = _lower(raw)
            token = _Token(_token_hash(word), _gram_features(word))
        elif len(raw) > 1 or raw in (b"!", b"?"):
            token = _Token(_token_hash(raw))
        else:
            token = False
        if len(self._known) >= CACHE_ENTRIES:
            self._known.clear()
        self._known[raw] = token
        return token


def _pair_features(tokens):
    return [
        _single((before.value * PAIR_MULTIPLIER + token.value) & MASK64)
        for before, token in zip(tokens, tokens[1:])
    ]


def features(text):
    """The features of a text (bytes), in no order that counts."""
    tokens = _Tokeniser().tokens(text)
    return [feature for token in tokens for feature in token.features] + _pair_features(tokens)


class _Table:
    """Weights of a few classes over hashed features."""

    def __init__(self, weights, stride, count, bits, scale, bias):
        self._weights = weights
        self._stride = stride
        self._count = count
        self._shift = 32 - bits
        self._scale = scale
        self._bias = bias
        self._sums = {}  # of the features of a token

    def _sum(self, hashed):
        offsets = [(feature >> self._shift) * self._stride for feature in hashed]
        weights = self._weights
        return [sum([weights[offset + c] for offset in offsets]) for c in range(self._count)]

    def meant(self, hashed):
        """What features of meanings add to the scores."""
        return [((total - 128 * len(hashed)) * self._scale) >> 18 for total in self._sum(hashed)]

    def scores(self, tokens):
        pairs = _pair_features(tokens)
        totals = self._sum(pairs)
        size = len(pairs)
        for token in tokens:
            size += len(token.features)
            known = self._sums.get(token)
            if known is None:
                if len(self._sums) >= CACHE_ENTRIES:
                    self._sums.clear()
                known = self._sums[token] = self._sum(token.features)
            for c, value in enumerate(known):
                totals[c] += value
        root = math.isqrt((1 << 40) // size)
        return [
            bias + (((total - 128 * size) * self._scale * root) >> 36)
            for bias, total in zip(self._bias, totals)
        ]


class _Tone:
    """Words of known tone."""

    def __init__(self, section):
        count = struct.unpack_from("<I", section, 4)[0]
        flat = struct.unpack_from("<%di" % (KINDS * COUNTS * 3), section, 8)
        self._added = [[flat[9 * kind + 3 * n:9 * kind + 3 * n + 3] for n in range(COUNTS)] for kind in range(KINDS)]
        hashes = struct.unpack_from("<%dI" % count, section, 512)
        self._words = dict(zip(hashes, struct.unpack_from("<%dH" % count, section, 512 + 4 * count)))

    def scores(self, tokens, table):
        counts = [0] * KINDS
        meanings = []
        known = 0
        reach = 0  # tokens that the last negation still reaches
        for token in tokens:
            negated, reach = reach > 0, max(0, reach - 1)
            word = self._words.get(token.features[0])
            if word is None:
                continue
            known += 1
            if known > HITS:
                break
            kind, meaning = divmod(word, 1 << 12)
            if kind == NEGATOR:
                reach = NEGATION_TOKENS
            if kind < VALENCES or kind == ONLY_MEANING:
                meanings.append((((2 * meaning + negated + 1) * TOKEN_MULTIPLIER) & MASK64) >> 32)
            if kind == ONLY_MEANING:
                continue
            counts[kind + VALENCES if negated and kind < VALENCES else kind] += 1
        totals = table.meant(meanings)
        for kind, count in enumerate(counts):
            if count > 0:
                totals = [total + more for total, more in zip(totals, self._added[kind][min(count, COUNTS) - 1])]
        return totals


class SentimentModel:
    """Not thread-safe: it remembers what it has classified."""

    def __init__(self, data):
        self._languages = {}
        self._tones = {}
        self._guess = None
        self.description = ""
        self.calibration = None
        self._tokeniser = _Tokeniser()
        self._scores = {}
        self._read(data)

    def _read(self, data):
        if len(data) < 68 or data[:8] != b"TCSNSENT":
            raise ValueError("not a sentiment model")
        version, feature_version, size, count = struct.unpack_from("<IIQI", data, 8)
        if size != len(data):
            raise ValueError("sentiment model is truncated or extended")
        if zlib.crc32(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
            raise ValueError("sentiment model is altered")
        if (version, feature_version) != (3, 1):
            raise ValueError("unknown version of a sentiment model")
        for number in range(count):
            kind, _, offset, length, _ = struct.unpack_from("<IIQQQ", data, 64 + 32 * number)
            section = data[offset:offset + length]
            if kind == 1:
                bits, scale, *rest = struct.unpack_from("<II10i", section, 4)
                table = _Table(section[64:], 3, 3, bits, scale, rest[:3])
                self._languages[section[:2].decode("ascii")] = (table, rest[3], rest[4:9], rest[9])
            elif kind == 2:
                bits, languages, scale, least, *bias = struct.unpack_from("<IIIi8i", section, 0)
                codes = [section[48 + 2 * i:50 + 2 * i].decode("ascii") for i in range(languages)]
                self._guess = (_Table(section[64:], 8, languages, bits, scale, bias), least, codes)
            elif kind == 3:
                self.description = section.decode("utf-8")
            elif kind == 4:
                self.calibration = section
            elif kind == 5:
                self._tones[section[:2].decode("ascii")] = _Tone(section)
            elif kind < 1 << 31:
                raise ValueError("unknown section in a sentiment model")

    def _guess_language(self, tokens):
        if self._guess is None:
            return None
        table, least, codes = self._guess
        scores = table.scores(tokens)
        best = max(scores)
        return codes[scores.index(best)] if best >= least else None

    def classify(self, text, language):
        """0 negative, 1 neutral, 2 positive, 3 unclassified. `text` is bytes or str, `language` a BCP-47 tag."""
        return self.classify_with_level(text, language)[0]

    def classify_with_level(self, text, language):
        """(class, level of negativity); the level is 0 where the class is 3."""
        return self.decide(*self.scores(text, language))

    def scores(self, text, language):
        """(language whose table decides, scores of the classes); ("", None) if none does."""
        if isinstance(text, str):
            text = text.encode("utf-8", "surrogateescape")
        key = (text, language)
        known = self._scores.get(key)
        if known is None:
            if len(self._scores) >= CACHE_ENTRIES:
                self._scores.clear()
            known = self._scores[key] = self._score(text, language)
        return known

    def sharpness(self, code):
        """Log odds of a unit of scores()."""
        return self._languages[code][3] / 2.0 ** 32

    def decide(self, code, scores, weight=0):
        """As classify_with_level, of what scores() gave, after evidence of `weight` hundredths."""
        if scores is None:
            return UNCLASSIFIED, 0
        _, abstain, levels, sharpness = self._languages[code]
        if weight != 0:
            scores = list(scores)
            scores[0 if weight < 0 else 2] += min((abs(weight) << 32) // (100 * max(sharpness, 1)), 1 << 24)
        first, second = sorted(scores, reverse=True)[:2]
        if first - second < abstain:
            return UNCLASSIFIED, 0
        margin = scores[0] - max(scores[1:]) - max(0, (1 << 16) - abs(scores[1] - scores[2])) // 2
        return scores.index(first), sum(margin >= level for level in levels)

    def _score(self, text, language):
        tag = re.split("[-_]", language, maxsplit=1)[0]
        code = tag.lower()
        named = re.fullmatch("[A-Za-z]{2,3}", tag) is not None
        if code in ("und", "mul", "mis", "zxx") or re.fullmatch("q[a-t][a-z]", code):
            named = False
        code = THREE_LETTERS.get(code, code)
        if named and code not in self._languages:
            return "", None
        tokens = self._tokeniser.tokens(text)
        if not tokens:
            return "", None
        if not named:
            code = self._guess_language(tokens)
            if code not in self._languages:
                return "", None
        table = self._languages[code][0]
        scores = table.scores(tokens)
        if code in self._tones:
            scores = [score + more for score, more in zip(scores, self._tones[code].scores(tokens, table))]
        return code, scores


def load(path):
    """Reads a model file; raises ValueError if it is damaged or of an unknown version."""
    with open(path, "rb") as file:
        return SentimentModel(file.read())


def main():
    if len(sys.argv) != 2:
        sys.stderr.write("usage: sentiment_model.py MODEL < lines of language<TAB>text\n")
        return 2
    model = load(sys.argv[1])
    for line in sys.stdin.buffer:
        language, _, text = line.rstrip(b"\n").partition(b"\t")
        sys.stdout.write("%d %d\n" % model.classify_with_level(text, language.decode("ascii", "replace")))
    return 0


if __name__ == "__main__":
    sys.exit(main())

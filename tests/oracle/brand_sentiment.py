"""What a post says of each brand, by docs/QUERIES.md ("Words of your own", "Posts that name several brands").

    sentiment = BrandSentiment(query.Watchlist.load("watchlist.yaml"))
    sentiment.decide(model, "stranded again, thanks @united", "en", ["united"])   # {"united": (class, level)}

Standard library only.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from folding import tokenize  # noqa: E402

MOST = 400
MOST_NAMED = 8
FEW_WORDS = 3
SENTENCE, CONTRAST, PAUSE = 3, 2, 1
WORDS = {
    "en": ("and", "but whereas while although though however nevertheless"),
    "fr": ("et", "mais tandis alors pourtant cependant toutefois contrairement"),
    "it": ("e ed", "ma mentre pero tuttavia eppure bensi"),
    "de": ("und", "aber sondern wahrend obwohl"),
    "es": ("y e", "pero mientras aunque sino"),
    "pt": ("e", "mas enquanto porem embora"),
}


def _word_border(key, language):
    pauses, contrasts = WORDS.get(language, ("", ""))
    if key[:1] != "w" or len(key) < 2:
        return 0
    return CONTRAST if key[1:] in contrasts.split() else PAUSE if key[1:] in pauses.split() else 0


def _gap_border(gap):
    if any(char in gap for char in "!?\n…。！？؟।") or ".." in gap or ("." in gap and any(char in gap for char in " \t\r\n")):
        return SENTENCE
    if any(char in gap for char in "–—|؛") or " - " in gap or (";" in gap and "&" not in gap):
        return CONTRAST
    return PAUSE if any(char in gap for char in ",،、") else 0


class _Aspects:
    """A text, cut between the names of brands."""

    def __init__(self, text, names, language):
        self.text, self.language = text, language
        self.places = []
        self.keys = [key for key, _ in tokenize(text, None, self.places)]
        self.names = sorted((*span, brand) for brand, spans in names.items() for span in spans)
        self.named = {token for first, end, _ in self.names for token in range(first, end)}
        self.cuts = []  # (level, token) between one name and the next
        for (_, end, brand), (first, _, other) in zip(self.names, self.names[1:]):
            borders = [(self._border(token), token) for token in range(end, first + 1)] if brand != other else []
            self.cuts.append(max(borders, default=(0, 0)))
        self.strongest = max((level for level, _ in self.cuts), default=0)

    def _border(self, token):
        end, begin = self.places[token - 1][1], self.places[token][0]
        return max(_gap_border(self.text[end:begin]), _word_border(self.keys[token], self.language))

    def of(self, brand, level):
        """(text, runs of tokens, words) about a brand."""
        cuts = [token for strength, token in self.cuts if strength >= level]
        runs = [(first, end) for first, end in zip([0] + cuts, cuts + [len(self.keys)])
                if any(each == brand and first <= at < end for at, _, each in self.names)]
        text = " ".join(self.text[self.places[first][0] if first > 0 else 0:
                                  self.places[end][0] if end < len(self.keys) else len(self.text)] for first, end in runs)
        words = sum(1 for first, end in runs for token in range(first, end) if self.keys[token] and
                    token not in self.named and not _word_border(self.keys[token], self.language))
        return text, [self.keys[first:end] for first, end in runs], words


def _terms(lexicon):
    """{(tokens, language or ""): hundredths}"""
    found = {}
    for group in lexicon or ():
        terms = group["terms"] if isinstance(group["terms"], list) else [group["terms"]]
        for term in terms:
            keys = tuple(key for key, _ in tokenize(term))
            found[(keys, group.get("lang", "").lower())] = round(100 * float(group["weight"]))
    return found


class BrandSentiment:
    def __init__(self, watchlist):
        self._watchlist = watchlist
        self._general = _terms(watchlist.lexicon)
        self._own = {brand: _terms(entry.get("lexicon")) for brand, entry in watchlist.entries.items()}
        self._any = bool(self._general) or any(self._own.values())
        lengths = [len(keys) for terms in (self._general, *self._own.values()) for keys, _ in terms]
        self._longest = max(lengths, default=0)

    def weight(self, runs, brand, language):
        """Hundredths, of runs of tokens of a text."""
        total = sum(self._sum(keys, brand, language) for keys in runs)
        return max(-MOST, min(MOST, total))

    def _sum(self, keys, brand, language):
        total = at = 0
        while at < len(keys):
            for size in range(min(self._longest, len(keys) - at), 0, -1):
                run = tuple(keys[at:at + size])
                found = [terms[run, lang] for terms in (self._own[brand], self._general)
                         for lang in (language, "") if (run, lang) in terms]
                if found:
                    total += found[0]
                    at += size
                    break
            else:
                at += 1
        return total

    def decide(self, model, text, lang, brands):
        """{brand: (class, level of negativity)}"""
        code, scores = model.scores(text, lang)
        if scores is None:
            return dict.fromkeys(brands, model.decide(code, scores))
        whole = self._whole(model, text, code, scores, brands)
        if len(brands) < 2:
            return whole
        names = self._watchlist.names(text, brands)
        if not 2 <= len(names) <= MOST_NAMED:
            return whole
        aspects = _Aspects(text, names, code)
        return {**whole, **{brand: self._aspect(model, aspects, brand, code) or whole[brand] for brand in names}}

    def _aspect(self, model, aspects, brand, code):
        """None where the whole post decides."""
        before = None
        for level in range(1, aspects.strongest + 1):
            text, runs, words = aspects.of(brand, level)
            if text == before or words == 0:
                continue
            before = text
            language, scores = model.scores(text, code)
            decided = model.decide(language, scores, self.weight(runs, brand, code))
            if words >= FEW_WORDS or decided[0] in (0, 2):
                return decided
        return None

    def _whole(self, model, text, code, scores, brands):
        if not self._any:
            return dict.fromkeys(brands, model.decide(code, scores))
        keys = [key for key, _ in tokenize(text)]
        return {brand: model.decide(code, scores, self.weight([keys], brand, code)) for brand in brands}

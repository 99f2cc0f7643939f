"""What a post says of each brand, by docs/QUERIES.md ("Words of your own") and docs/formats/SENTIMENT_MODEL.md.

    sentiment = BrandSentiment(query.Watchlist.load("watchlist.yaml"))
    sentiment.decide(model, "stranded again, thanks @united", "en", ["united"])   # {"united": (class, level)}

Standard library only.
"""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from folding import tokenize  # noqa: E402

MOST = 400


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
        self._general = _terms(watchlist.lexicon)
        self._own = {brand: _terms(entry.get("lexicon")) for brand, entry in watchlist.entries.items()}
        self._any = bool(self._general) or any(self._own.values())
        lengths = [len(keys) for terms in (self._general, *self._own.values()) for keys, _ in terms]
        self._longest = max(lengths, default=0)

    def weight(self, keys, brand, language):
        """Hundredths, of the tokens of a text."""
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
        return max(-MOST, min(MOST, total))

    def decide(self, model, text, lang, brands):
        """{brand: (class, level of negativity)}"""
        code, scores = model.scores(text, lang)
        if not self._any or scores is None:
            return dict.fromkeys(brands, model.decide(code, scores))
        keys = [key for key, _ in tokenize(text)]
        return {brand: model.decide(code, scores, self.weight(keys, brand, code)) for brand in brands}

"""Writes golden_features.tsv by the oracle: the bytes of a text in hex, a tab, its features in hex, sorted."""

import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(FOLDER, "..", "..", "oracle"))
import sentiment_model  # noqa: E402

TEXTS = [
    b"", b"a", b"ab", b"abc", b"Word", b"two words", b"!", b"?!", b".", b"...", b"@user", b"http", b"httpd", b"www.x.y z",
    b"www", b"a@b", b"@@a", b"@ a", b"don't", "don’t".encode(), "ÀÉ×ÞßÿĀ".encode(), "😂😂".encode(), b"\xe2\x80", b"\xc3",
    b"\xff\x00\xfe", b"http://a.b/\xc3\xa9t\xc3\xa9", b'www.a"!', b"incomprehensibilities", b"sixteen_letters_",
    b"Worst flight EVER: 5 hours late!! @united #fail https://t.co/abc", "L'Été À la mer, déçu…".encode(),
    "خدمة سيئة جدا".encode(), "यह बहुत अच्छा है".encode(), "今日はとても天気がいい".encode(),
]


def main():
    with open(os.path.join(FOLDER, "golden_features.tsv"), "w", encoding="ascii") as file:
        for text in TEXTS:
            features = " ".join("%08x" % feature for feature in sorted(sentiment_model.features(text)))
            file.write("%s\t%s\n" % (text.hex(), features))


if __name__ == "__main__":
    main()

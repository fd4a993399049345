"""Finds names by the beginnings of their words, whatever their case and accents; knows no database.

What is typed and what is stored are folded alike: case, accents and other marks, and letters that people
without them on their keyboard write by others. ``ü`` is found as ``u`` and as ``ue``.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Mapping

from index.decisions.names import folded

_LETTERS = str.maketrans(
    {
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "ŧ": "t",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
        "ŋ": "ng",
        "ĳ": "ij",
    }
)
"""Letters that Unicode does not decompose, in lower case, and what people write for them."""

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa"})
"""What German and the Nordic languages write for these letters where they are missing."""

_BETWEEN = re.compile("[\\s.,;:_/()\\[\\]\"\u00ab\u00b7\u00bb'\u02bc\u2018-\u201f\u2010-\u2015\u30fb\\\\-]+")
"""What separates the words of a name: blanks, points, brackets, quotation marks, apostrophes and dashes."""


def search_key(text: str) -> str:
    """Fold case and marks, so that ``Zoé``, ``ZOE`` and ``zoe`` are one."""
    if text.isascii():
        return text.lower()
    seen = unicodedata.normalize("NFKD", folded(text)).casefold().translate(_LETTERS)
    return "".join(each for each in seen if not unicodedata.combining(each))


def search_words(name: str) -> list[str]:
    """Return the words of a name, folded; those with umlauts in both ways of writing."""
    words = _words(search_key(name))
    composed = unicodedata.normalize("NFC", name).casefold()
    if not name.isascii() and (other := composed.translate(_UMLAUTS)) != composed:
        words += [each for each in _words(search_key(other)) if each not in words]
    return words


def _words(key: str) -> list[str]:
    return [each for each in _BETWEEN.split(key) if each]


class NameSearch:
    """Finds the ids of names."""

    def __init__(self, names: Mapping[int, str]) -> None:
        self._words = sorted((word, each) for each, name in names.items() for word in search_words(name))

    def beginning_with(self, text: str) -> set[int]:
        """Find the names in which each word of a text begins a word; none if the text has no word."""
        words = _words(search_key(text))
        found = [self._of(word) for word in words]
        return set.intersection(*found) if found else set()

    def _of(self, word: str) -> set[int]:
        return set(self._from(word))

    def _from(self, word: str) -> Iterator[int]:
        for place in range(bisect_left(self._words, (word,)), len(self._words)):
            found, each = self._words[place]
            if not found.startswith(word):
                return
            yield each


def order_key(name: str) -> tuple[str, str]:
    """Return by what names are put in order: letters first, then accents."""
    return search_key(name), folded(name)

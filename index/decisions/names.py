"""Names of persons: which texts are names, as what they are stored, and which ones are one name."""

import re
import unicodedata

NAME_CHARACTERS = 200
"""Maximum length of a name."""

_UNFIT = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode categories forbidden in names: control characters, surrogates, line separators."""

_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They reverse the text after them: a name could make its whole line unreadable."""

_FLAG = "(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)"
"""An emoji of a flag such as England's: a black flag and tags, which mean nothing elsewhere."""

_UNSEEN = "\u00ad\u061c\u200b\u200e\u200f\u2060-\u2064\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0001-\U000e007f"
"""Format characters that come along with pasted text and change no letter, as members of a set."""

_JOINING = (
    "\u034f\u200c\u200d\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef"
)
"""Characters that choose the form of their neighbours and are nothing alone, as members of a set."""

_NOT_STORED = re.compile(f"{_FLAG}|[{_UNSEEN}]")

_NOT_COMPARED = re.compile(f"{_FLAG}|[{_UNSEEN}{_JOINING}]")


def clean_name(name: str) -> str:
    """Return a name as it is stored: composed (Unicode NFC), without blanks at its ends.

    Joiners stay: emoji and Persian need them. Other format characters that cannot be seen are left out.

    Raises a ``ValueError`` if it is empty, too long, or holds a forbidden character, which the message names.
    """
    cleaned = unicodedata.normalize("NFC", _without(_NOT_STORED, name)).strip()
    if not _without(_NOT_COMPARED, cleaned).strip():
        raise ValueError("a name cannot be empty")
    if len(cleaned) > NAME_CHARACTERS:
        raise ValueError(f"a name has at most {NAME_CHARACTERS} characters")
    for each in cleaned:
        if unicodedata.category(each) in _UNFIT or each in _OVERRIDES:
            raise ValueError(f"a name cannot hold the character U+{ord(each):04X}")
    return cleaned


def folded(name: str) -> str:
    """Fold case, composition and joiners: names that differ only in these become equal.

    The source is the Unicode Standard, section 3.13: definition D145 (canonical caseless match), and of
    D147 that characters without a form of their own do not count.
    """
    if name.isascii():
        return name.strip().lower()
    seen = unicodedata.normalize("NFD", _without(_NOT_COMPARED, name)).strip()
    return unicodedata.normalize("NFD", seen.casefold())


def _without(unwanted: re.Pattern[str], text: str) -> str:
    """Leave out what matches, except for flags."""
    return unwanted.sub(lambda found: found[1] or "", text)

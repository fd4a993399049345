"""Makes text fit to be shown: a name or path holds no character that controls a terminal or breaks a page."""

import os
import re

_KEPT_OR_OTHER = re.compile("([\u200c\u200d]|\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f)|.", re.DOTALL)
"""Joiners, without which Persian and emoji are not themselves, and flags such as England's."""


def printable(text: str | bytes) -> str:
    r"""Return text in which control characters and undecodable bytes are escapes such as ``\x1b``."""
    text = os.fsdecode(text) if isinstance(text, bytes) else text
    if text.isprintable():
        return text
    return _KEPT_OR_OTHER.sub(lambda found: found[1] or _shown(found[0]), text)


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()

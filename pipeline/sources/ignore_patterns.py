"""Patterns as in ``.gitignore`` (gitignore(5), "Pattern format"), but ``?`` is a character, not a byte.

Ignore files may be hostile, so the time of a match is at most proportional to the length of the pattern times
that of the path. As one regular expression, a pattern with five stars could take half a minute for one name.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

_POSIX_CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "blank": r"\ \t",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": r"\ -~",
    "punct": r"!-/:-@\[-`{-~",
    "space": r"\ \t-\r",
    "upper": "A-Z",
    "xdigit": "0-9A-Fa-f",
}

_STAR = "*"
"""Marks a star among expressions for single characters, none of which is a star alone."""

_Name: TypeAlias = re.Pattern[str] | None
"""What one name of a path must match; ``None`` stands for any number of names."""


class _Meaningless(Exception):
    """The pattern can match nothing: an unclosed bracket, or a backslash at the end."""


@dataclass(frozen=True, slots=True)
class IgnorePattern:
    """One line of an ignore file.

    Attributes:
        excludes: Whether it excludes what it matches, or takes it back.
        folders_only: Whether it matches no files.
        anywhere: Whether it matches only the last name of a path.
        names: What the names of the path must match.
    """

    excludes: bool
    folders_only: bool
    anywhere: bool
    names: tuple[_Name, ...]

    def matches(self, path: str, is_folder: bool) -> bool:
        """Return whether it matches the path itself, not only a folder above it.

        ``path`` is relative to the folder that holds the ignore file.
        """
        if self.folders_only and not is_folder:
            return False
        names = path.split("/")
        return _match(self.names, names[-1:] if self.anywhere else names)


def parse_pattern(line: str) -> IgnorePattern | None:
    """Return the pattern in a line; ``None`` if it holds none, or one that can match nothing."""
    text = _without_trailing_spaces(line)
    if text.startswith("#"):
        return None
    excludes = not text.startswith("!")
    text = text.removeprefix("!")
    folders_only = text.endswith("/")
    text = text.removesuffix("/")
    try:
        parts = _split(text)
    except _Meaningless:
        return None
    anywhere = "/" not in text
    if not parts[0]:  # a slash at the start, or nothing at all
        parts = parts[1:]
    if not parts:
        return None
    names = [None if not anywhere and _is_any_number(part) else _expression(part) for part in parts]
    if names[-1] is None:  # all that is in a folder, but not the folder itself
        names.append(_expression([_STAR]))
    return IgnorePattern(excludes, folders_only, anywhere, tuple(names))


def _match(wanted: Sequence[_Name], names: Sequence[str]) -> bool:
    """Return whether the expressions match all of the names.

    Where a name does not fit, it is enough that the latest "any number" takes one name more: what precedes it
    was fitted as early as possible, which leaves the most names for the rest.
    """
    at = name = 0
    latest: tuple[int, int] | None = None
    while name < len(names):
        expression = wanted[at] if at < len(wanted) else _NEVER
        if expression is None:
            at += 1
            latest = at, name
        elif expression.match(names[name]):
            at, name = at + 1, name + 1
        elif latest is not None:
            at, name = latest[0], latest[1] + 1
            latest = at, name
        else:
            return False
    return not any(wanted[at:])


def _without_trailing_spaces(line: str) -> str:
    """Strip spaces from the end of the line, except one after a backslash."""
    text = line.rstrip(" ")
    backslashes = len(text) - len(text.rstrip("\\"))
    return text + " " if backslashes % 2 and len(text) < len(line) else text


def _split(text: str) -> list[list[str]]:
    """Split the pattern at its slashes into parts: expressions for single characters, and stars."""
    parts: list[list[str]] = [[]]
    at = 0
    while at < len(text):
        sign = text[at]
        at += 1
        if sign == "\\":
            if at == len(text):
                raise _Meaningless
            sign = text[at]
            at += 1
            expression = re.escape(sign)
        elif sign == "[":
            expression, at = _bracket(text, at)
        else:
            expression = {"*": _STAR, "?": "."}.get(sign) or re.escape(sign)
        if sign == "/":
            parts.append([])
        else:
            parts[-1].append(expression)
    return parts


def _bracket(text: str, at: int) -> tuple[str, int]:
    """Return the expression for a bracket opened just before ``at``, and where it ends."""
    negated = text.startswith(("!", "^"), at)
    at += negated
    start, members = at, []
    while at == start or text[at : at + 1] != "]":
        if text[at : at + 2] == "[:":
            member, at = _posix_class(text, at + 2)
        else:
            first, at = _member(text, at)
            last = first
            if text[at : at + 1] == "-" and text[at + 1 : at + 2] not in ("", "]"):
                last, at = _member(text, at + 1)
            # Of a reversed range git sees the first character.
            member = f"{re.escape(first)}-{re.escape(last if first <= last else first)}"
        members.append(member)
    return f"[{'^' if negated else ''}{''.join(members)}]", at + 1


def _member(text: str, at: int) -> tuple[str, int]:
    """Return a character in a bracket, perhaps after a backslash, and what follows it."""
    if text[at : at + 1] == "\\":
        at += 1
    if at >= len(text):
        raise _Meaningless
    return text[at], at + 1


def _posix_class(text: str, at: int) -> tuple[str, int]:
    name, end, _ = text[at:].partition(":]")
    if not end or name not in _POSIX_CLASSES:
        raise _Meaningless
    return _POSIX_CLASSES[name], at + len(name) + len(end)


def _is_any_number(part: list[str]) -> bool:
    return len(part) > 1 and set(part) == {_STAR}


def _expression(part: list[str]) -> re.Pattern[str]:
    """Return what one name must match.

    After each star comes a piece of fixed length, matched at its first place only (an atomic group): if the
    rest does not follow there, it follows behind no later one.
    """
    pieces = [""]
    for expression in part:
        if expression == _STAR:
            pieces.append("")
        else:
            pieces[-1] += expression
    if len(pieces) == 1:
        return re.compile(pieces[0] + r"\Z", re.DOTALL)
    first, *middle, last = pieces
    found = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    return re.compile(rf"{first}{found}.*{last}\Z", re.DOTALL)


_NEVER = re.compile("(?!)")

"""Addresses of pages, in which is what they show, unless it is as by default; and what pages send back."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

from fastapi import Request

from faceindex.errors import BadRequest


def address(path: str, query: Mapping[str, object]) -> str:
    """Return a path with a query, without what is empty or not so; a tuple gives several values."""
    pairs = [
        (name, "1" if each is True else str(each))
        for name, value in query.items()
        for each in (value if isinstance(value, tuple) else (value,))
        if each is not None and each is not False and each != ""
    ]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def numbers(text: str) -> tuple[int, ...]:
    """Parse what a page sends of selected tiles: numbers joined by commas."""
    parts = [each for each in text.split(",") if each]
    if not all(each.isascii() and each.isdigit() and len(each) < 19 for each in parts):
        raise BadRequest(f"{text[:40]!r} are no numbers.")
    return tuple(dict.fromkeys(map(int, parts)))


def keys(text: str) -> tuple[str, ...]:
    """Parse keys of persons joined by commas."""
    return tuple(dict.fromkeys(each for each in text.split(",") if each))


def sizes(text: str) -> dict[int, int]:
    """Parse which groups a page shows, and their sizes there: ``12:5,40:3``."""
    pairs = (each.partition(":") for each in text.split(",") if each)
    return {numbers(number)[0]: numbers(size)[0] for number, _, size in pairs if number and size}


def current_query(request: Request) -> dict[str, str]:
    """Return the query of the page on which somebody acts, as htmx tells it; of several values the last."""
    query = urlsplit(request.headers.get("HX-Current-URL", "")).query
    return {name: values[-1] for name, values in parse_qs(query).items()}

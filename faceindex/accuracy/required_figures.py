"""Figures that must be reached, as a nightly job asks: ``KEY=VALUE``, and which fell short."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faceindex.accuracy.measures import MEASURES, Evaluation
from faceindex.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that a figure may be, from 0 to 1."""

    key: str
    least: float


def parse_floors(texts: Iterable[str]) -> tuple[Floor, ...]:
    """What was asked for on the command line; rates may be written as ``tar@1e-3`` too.

    Raises:
        BadRequest: One is not of the form, names no figure, or asks for more than there can be.
    """
    return tuple(map(_floor, texts))


def shortfalls(found: Evaluation, floors: Sequence[Floor]) -> tuple[str, ...]:
    """One sentence for each figure that is less than it must be, or was not measured."""
    figures = found.measures
    messages = []
    for floor in floors:
        if floor.key not in figures:
            messages.append(f"{floor.key} could not be measured: {found.source} does not suffice.")
        elif figures[floor.key] < floor.least:
            messages.append(f"{floor.key} is {figures[floor.key]:.5f}, less than {floor.least:g}.")
    return tuple(messages)


def _floor(text: str) -> Floor:
    key, separator, value = text.partition("=")
    name, at, rate = key.strip().lower().partition("@")
    try:
        least = float(value)
        key = f"{name}@{float(rate):g}" if at else name
    except ValueError:
        separator = ""
    if not separator or not 0 <= least <= 1:
        raise BadRequest(f"{text!r} is not a required figure: write KEY=VALUE with a value from 0 to 1.")
    if key not in MEASURES:
        raise BadRequest(f"There is no figure {key!r}. The figures are: {', '.join(MEASURES)}.")
    return Floor(key, least)

"""Figures that an evaluation must reach, written ``KEY=VALUE``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from faceindex.accuracy.measures import MEASURES, Evaluation
from faceindex.errors import BadRequest


@dataclass(frozen=True, slots=True)
class Floor:
    """The least value of a figure, from 0 to 1."""

    key: str
    least: float


def parse_floors(texts: Iterable[str]) -> tuple[Floor, ...]:
    """Parse requirements; a rate may have an exponent, as in ``tar@1e-3=0.9``.

    Raises:
        BadRequest: A text has another form, an unknown key, or a value that is not from 0 to 1.
    """
    floors = []
    for text in texts:
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
        floors.append(Floor(key, least))
    return tuple(floors)


def shortfalls(found: Evaluation, floors: Sequence[Floor]) -> tuple[str, ...]:
    """One sentence for each figure that is too low or was not measured."""
    figures = found.measures
    messages = []
    for floor in floors:
        if floor.key not in figures:
            messages.append(f"{floor.key} could not be measured: {found.source} does not suffice.")
        elif figures[floor.key] < floor.least:
            messages.append(f"{floor.key} is {figures[floor.key]:.5f}, less than {floor.least:g}.")
    return tuple(messages)

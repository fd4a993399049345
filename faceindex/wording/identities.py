"""Who a face is, in words. Names are those that a user gave: whoever shows them makes them printable."""

import os
from typing import TYPE_CHECKING

from faceindex.film_times import at_time
from faceindex.results import Certainty
from faceindex.wording.numbers import percent
from index.people.persons import Person

if TYPE_CHECKING:
    from faceindex.results import Identity, NearKnownFace
    from pipeline.values import Box

HIDDEN = "(hidden)"
"""Stands for the name of a hidden person."""

UNKNOWN = "?"


def who(identity: "Identity") -> str:
    """Say who a face is, and who the runner-up."""
    phrase = caption(identity)
    if identity.probability is not None:
        phrase += f" ({percent(identity.probability)})"
    if identity.runner_up is None or identity.margin is None:
        return phrase
    order = "ahead of" if identity.margin >= 0 else "behind"
    return f"{phrase}, {abs(identity.margin):.3f} {order} {name_of(identity.runner_up)}"


def caption(identity: "Identity") -> str:
    """Say who a face is, in few words."""
    name = UNKNOWN if identity.person is None else name_of(identity.person)
    return {
        Certainty.CONFIRMED: f"{name} (confirmed)",
        Certainty.IGNORED: "a stranger (ignored)",
        Certainty.NOT_A_FACE: "not a face",
        Certainty.ACCEPTED: name,
        Certainty.PROBABLE: f"probably {name}",
        Certainty.UNKNOWN: UNKNOWN,
    }[identity.certainty]


def near_text(near: "NearKnownFace") -> str:
    """Name the photo of a similar face, and whose it is."""
    known = ""
    if near.person is not None:
        known = f"  {name_of(near.person)}" + ("" if near.confirmed else " (recognised)")
    elif near.ignored:
        known = "  a stranger (ignored)"
    missing = "  (the photo is missing)" if near.face.missing else ""
    return f"{os.fsdecode(near.face.photo)}{at_time(near.face)}{known}{missing}"


def name_of(person: Person) -> str:
    """Name a person, who may be hidden."""
    return person.name or HIDDEN


def place_of(box: "Box") -> str:
    """Format the size and place of a face in its photo, in pixels."""
    return f"{box.w:.0f} x {box.h:.0f} at {box.x:.0f}, {box.y:.0f}"

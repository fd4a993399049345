"""Text of the commands that answer questions. ``render`` makes names of files and persons printable."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from faceindex.cli.render import columns, count, padded
from faceindex.film_times import at_time, clock, times, when_seen
from faceindex.results import Certainty
from index.people.queries import Person

if TYPE_CHECKING:
    from faceindex.asking.celebrity import Lookalikes
    from faceindex.asking.verify import Verification
    from faceindex.output.photo_links import Linked
    from faceindex.results import Answer, Identity, KnownFace, NearKnownFace
    from index.people.photo_search import FoundPhoto
    from pipeline.values import Box, PhotoIndexed

HIDDEN = "(hidden)"
"""Stands for the name of a hidden person."""

UNKNOWN = "?"

_SIMILARITY = 10  # columns


def photo_title(photo: "PhotoIndexed") -> str:
    """Name a photo or film and its number of faces."""
    faces = count(len(photo.faces), "face") if photo.faces else "no face found"
    size, note = f"{photo.size.width} x {photo.size.height} pixels", f"; {photo.note}" if photo.note else ""
    length = "" if photo.film is None else f", {clock(photo.film.duration)}"
    return f"{os.fsdecode(photo.file.path)}: {faces} ({size}{length}){note}"


def answer_rows(answer: "Answer") -> Iterator[str]:
    """Yield a heading, and whom a photo or film shows."""
    return answer_faces(answer.faces) if answer.photo.film is None else film_people(answer)


def film_people(answer: "Answer") -> Iterator[str]:
    """Yield a heading, and for each person in a film when they are seen, and the numbers of their faces."""
    if not answer.people:
        return
    names = [caption(each.identity) for each in answer.people]
    seen = [
        times(filter(None, (when_seen(answer.faces[number - 1].described) for number in each.numbers)))
        for each in answer.people
    ]
    column, width = columns(["who", *names]), columns(["when", *seen])
    yield f"{padded('who', column)}  {padded('when', width)}  faces"
    for each, name, when in zip(answer.people, names, seen, strict=True):
        yield f"{padded(name, column)}  {when:<{width}}  {', '.join(map(str, each.numbers))}"


def answer_faces(faces: "Sequence[KnownFace]") -> Iterator[str]:
    """Yield a heading, then for each face a row with its identity, and below it the nearest faces."""
    if not faces:
        return
    places = [place_of(face.described.face.box) for face in faces]
    column = max(map(len, places))
    yield f"face  {'where':<{column}}  quality  similarity  who, and the nearest faces"
    for number, (face, place) in enumerate(zip(faces, places, strict=True), 1):
        start = f"{number:>4}  {place:<{column}}  {face.described.quality.score:>7.2f}"
        similarity = None if face.identity.certainty is Certainty.UNKNOWN else face.identity.similarity
        shown = "" if similarity is None else f"{similarity:.3f}"
        yield f"{start}  {shown:>{_SIMILARITY}}  {who(face.identity)}"
        for near in face.matches:
            yield f"{'':<{len(start)}}  {near.similarity:>{_SIMILARITY}.3f}    {near_text(near)}"


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


def percent(probability: float) -> str:
    """Format a probability, never rounded to 0 or 100 %."""
    if probability > 0.999:
        return "over 99.9 %"
    return "under 0.1 %" if probability < 0.001 else f"{probability:.1%}".replace("%", " %")


def verification_rows(found: "Verification") -> Iterator[str]:
    """Say whether two faces are of one person."""
    verdict = "same" if found.same else "different"
    chance = "" if found.probability is None else f", probability {percent(found.probability)}"
    yield f"{verdict}: similarity {found.similarity:.3f} (threshold {found.thresholds.accept:.3f}){chance}"


def found_times(photo: "FoundPhoto") -> str:
    """Say when a film shows all persons that were asked for; nothing of a photo."""
    if photo.moments is None:
        return ""
    return f" {times(photo.moments) or '(never at once)'}"


def lookalikes_rows(found: "Lookalikes") -> Iterator[str]:
    """Yield the photo, then a row for each guess; the first row of each face shows its place."""
    yield photo_title(found.photo)
    places = [place_of(face.described.face.box) for face in found.faces]
    column = max(map(len, places), default=0)
    for number, (face, place) in enumerate(zip(found.faces, places, strict=True), 1):
        start = f"{number:>4}  {place:<{column}}"
        for guess in face.guesses:
            yield f"{start}  {guess.probability:>7.2%}  {guess.name}"
            start = " " * len(start)


def probable_note(photos: "Sequence[FoundPhoto]") -> str:
    """Say how many of some photos show somebody only probably."""
    probable = sum(photo.probable for photo in photos)
    certain = f"{count(len(photos) - probable, 'photo')} certain"
    marked = ": a terminal and --json mark them" if probable else ""
    return f"{certain}, {probable:,} only probable{marked}."


def links_note(linked: "Linked", folder: str) -> str:
    """Report the update of a folder of links."""
    links = count(linked.made + linked.kept, "link")
    return f"{folder} has {links}: {linked.made:,} new, {linked.kept:,} kept; {linked.removed:,} taken away"


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

"""Text of the commands that answer questions. ``render`` makes names of files and persons printable."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from faceindex.cli.render import columns, padded
from faceindex.film_times import clock, times, when_seen
from faceindex.results import Certainty
from faceindex.wording.identities import caption, near_text, place_of, who
from faceindex.wording.numbers import count, percent

if TYPE_CHECKING:
    from faceindex.asking.celebrity import Lookalikes
    from faceindex.asking.verify import Verification
    from faceindex.output.photo_links import Linked
    from faceindex.results import Answer, KnownFace
    from index.people.photo_search import FoundPhoto
    from pipeline.values import PhotoIndexed

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

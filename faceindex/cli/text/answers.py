"""Text of the commands that answer questions. ``render`` makes names of files and persons printable."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from faceindex.cli.render import count
from faceindex.results import Certainty
from index.decisions.model import Assign, Ignore, NotAFace, Reject, Split
from index.people.queries import Person

if TYPE_CHECKING:
    from faceindex.asking.celebrity import Lookalikes
    from faceindex.asking.verify import Verification
    from faceindex.asking.why import Explanation
    from faceindex.output.photo_links import Linked
    from faceindex.results import Identity, KnownFace, NearKnownFace
    from index.decisions.log import LoggedDecision
    from index.people.photo_search import FoundPhoto
    from index.recognition.gallery import TemplateLikeness
    from pipeline.values import Box, PhotoIndexed

HIDDEN = "(hidden)"
"""Stands for the name of a hidden person."""

UNKNOWN = "?"

_SIMILARITY = 10  # columns


def photo_title(photo: "PhotoIndexed") -> str:
    """Name a photo and its number of faces."""
    faces = count(len(photo.faces), "face") if photo.faces else "no face found"
    note = f"; {photo.note}" if photo.note else ""
    return f"{os.fsdecode(photo.file.path)}: {faces} ({photo.size.width} x {photo.size.height} pixels){note}"


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
            yield f"{'':<{len(start)}}  {near.similarity:>{_SIMILARITY}.3f}    {_near(near)}"


def who(identity: "Identity") -> str:
    """Say who a face is, and who the runner-up."""
    phrase = caption(identity)
    if identity.probability is not None:
        phrase += f" ({percent(identity.probability)})"
    if identity.runner_up is None or identity.margin is None:
        return phrase
    order = "ahead of" if identity.margin >= 0 else "behind"
    return f"{phrase}, {abs(identity.margin):.3f} {order} {_name(identity.runner_up)}"


def caption(identity: "Identity") -> str:
    """Say who a face is, in few words."""
    name = UNKNOWN if identity.person is None else _name(identity.person)
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


def explanation_rows(explanation: "Explanation") -> Iterator[str]:
    """Explain an identity: a title, then rows of a name and a value."""
    face, photo, thresholds = explanation.face, explanation.photo, explanation.thresholds
    name = os.fsdecode(photo.file.path)
    face_id = explanation.stored.face_id
    number = "not in the library" if face_id is None else f"number {face_id} of the library"
    yield f"{name}, face {explanation.number} of {len(photo.faces)}: {who(face.identity)}"
    sections = {
        "Face": [f"{place_of(face.described.face.box)}; {number}"],
        "Quality": [_quality(explanation)],
        "Thresholds": [
            f"named from {thresholds.accept:.3f} on if {explanation.margin:.3f} ahead of the next, "
            f"probable from {thresholds.review:.3f} on",
            thresholds.provenance,
        ],
        "Persons": list(_candidates(explanation)),
        "Nearest": [
            f"{each.similarity:.3f}  face {each.face.face_id}  {_near(each)}" for each in face.matches
        ],
        "Decisions": [_decision(each) for each in explanation.decisions],
        "Rule": [_rule(explanation)],
    }
    for title, rows in sections.items():
        for at, row in enumerate(rows or ["none"]):
            yield f"  {'' if at else title:<10}  {row}"


def _quality(explanation: "Explanation") -> str:
    quality = explanation.face.described.quality
    if not quality.reasons:
        return f"{quality.score:.2f}"
    reasons = ", ".join(quality.reasons)
    return f"{quality.score:.2f} ({reasons}): a face of low quality looks less similar to everybody"


def _candidates(explanation: "Explanation") -> Iterator[str]:
    for candidate in explanation.candidates:
        rejected = "  (decided: not this person)" if candidate.rejected else ""
        yield f"{candidate.similarity:.3f}  {_name(candidate.person)}{rejected}"
        for each in candidate.likeness.templates:
            yield f"         {each.similarity:.3f}  {_template(each)}"
        nearest = candidate.likeness.nearest
        mean = sum(each.similarity for each in nearest) / len(nearest)
        faces = ", ".join(f"{each.similarity:.3f} with face {each.face_id}" for each in nearest)
        yield f"         {mean:.3f}  its nearest confirmed faces: {faces}"


def _template(likeness: "TemplateLikeness") -> str:
    template = likeness.template
    faces = count(template.faces, "confirmed face")
    if template.years is None:
        return f"template of {faces}"
    first, last = template.years
    return f"template of {faces} of {first if first == last else f'{first} to {last}'}"


def _decision(logged: "LoggedDecision") -> str:
    person = HIDDEN if logged.person_name == "" else logged.person_name or UNKNOWN
    other = HIDDEN if logged.other_name == "" else logged.other_name or UNKNOWN
    match logged.decision.act:
        case Assign():
            text = f"it is {person}"
        case Reject():
            text = f"it is not {person}"
        case Split():
            text = f"it is {person}, and not {other}"
        case NotAFace():
            text = "it is not a face"
        case Ignore():
            text = "it is a stranger, not to be asked about again"
        case _:
            text = "it was named"
    undone = (
        "" if logged.active else "; undone" if logged.undone_by is None else f"; undone by {logged.undone_by}"
    )
    return f"{logged.decision.id}, {logged.decision.made_at:%Y-%m-%d %H:%M}: {text}{undone}"


def _rule(explanation: "Explanation") -> str:
    identity, accept = explanation.face.identity, explanation.thresholds.accept
    name = _name(identity.person) if identity.person else UNKNOWN
    status = explanation.stored.status
    number = status.decision_id if status else None
    return {
        "decided": f"decision {number} says so: decisions count before similarity",
        "like-a-stranger": "it is most similar to an ignored stranger, more than to any person",
        "nobody-known": "there is no confirmed face to compare it with",
        "alike": f"it is similar enough to {name}, and clearly more than to anybody else",
        "too-close": f"it is nearly as similar to the next person as to {name}: too close to call",
        "twice-in-photo": f"another face of this photo is more similar to {name}",
        "like-the-rejected": f"it is more similar to a face that is not {name} by decision than to {name}",
        "one-face-alone": f"it is similar to one confirmed face of {name}, but not to all of them together",
        "in-the-band": f"its similarity to {name} is below the {accept:.3f} that a name requires",
        "unlike": "it is not similar enough to any known person",
    }[explanation.rule]


def _near(near: "NearKnownFace") -> str:
    known = ""
    if near.person is not None:
        known = f"  {_name(near.person)}" + ("" if near.confirmed else " (recognised)")
    elif near.ignored:
        known = "  a stranger (ignored)"
    missing = "  (the photo is missing)" if near.face.missing else ""
    return f"{os.fsdecode(near.face.photo)}{known}{missing}"


def _name(person: Person) -> str:
    return person.name or HIDDEN


def place_of(box: "Box") -> str:
    """Format the size and place of a face in its photo, in pixels."""
    return f"{box.w:.0f} x {box.h:.0f} at {box.x:.0f}, {box.y:.0f}"

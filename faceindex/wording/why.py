"""The reasons for an identity, in words."""

import os
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from faceindex.film_times import at_time, times, when_seen
from faceindex.wording.identities import HIDDEN, UNKNOWN, name_of, near_text, place_of, who
from faceindex.wording.numbers import count
from index.decisions.model import Assign, Draw, Ignore, NotAFace, Portrait, Reject, Split
from pipeline.values import DateSource

if TYPE_CHECKING:
    from faceindex.asking.why import Explanation
    from faceindex.results import KnownFace
    from index.decisions.log import LoggedDecision
    from index.recognition.gallery import TemplateLikeness


def title(explanation: "Explanation") -> str:
    """Name the face that is explained, and say who it is."""
    photo = explanation.photo
    name = os.fsdecode(photo.file.path)
    return f"{name}, face {explanation.number} of {len(photo.faces)}: {who(explanation.face.identity)}"


def sections(explanation: "Explanation") -> dict[str, list[str]]:
    """Explain an identity: lines by their title; what begins with spaces belongs to the line above."""
    face, photo, thresholds = explanation.face, explanation.photo, explanation.thresholds
    face_id = explanation.stored.face_id
    number = "not in the library" if face_id is None else f"number {face_id} of the library"
    siblings = [f"{os.fsdecode(each.other)} ({each.kind})" for each in explanation.siblings]
    return {
        "Face": [f"{place_of(face.described.face.box)}{_when(face)}; {number}{_drawn(face)}"],
        "Taken": [taken(photo.taken_at, photo.taken_from)],
        **({"Siblings": siblings} if siblings else {}),
        "Quality": [_quality(explanation)],
        "Thresholds": [
            f"named from {thresholds.accept:.3f} on if {explanation.margin:.3f} ahead of the next, "
            f"probable from {thresholds.review:.3f} on",
            thresholds.provenance,
        ],
        "Persons": list(_candidates(explanation)),
        "Nearest": [
            f"{each.similarity:.3f}  face {each.face.face_id}  {near_text(each)}" for each in face.matches
        ],
        "Decisions": [_decision(each) for each in explanation.decisions],
        "Rule": [rule_in_words(explanation)],
    }


def taken(at: datetime | None, source: DateSource | None) -> str:
    """Say when a photo was taken, and what says so."""
    if at is None:
        return "nothing says when"
    time = f"{at:%Y-%m-%d %H:%M}"
    return time if source is None else f"{time}, by {_BY_SOURCE[source]}"


def _drawn(face: "KnownFace") -> str:
    if not face.drawn:
        return ""
    return "; drawn" if face.described.is_described else "; drawn, named only: never compared"


def _when(face: "KnownFace") -> str:
    seen = when_seen(face.described)
    return "" if seen is None else f"{at_time(face.described)}, seen {times([seen])}"


_BY_SOURCE = {
    DateSource.SIDECAR: "the XMP file beside it",
    DateSource.ORIGINAL: "EXIF's DateTimeOriginal",
    DateSource.XMP: "XMP",
    DateSource.IPTC: "IPTC",
    DateSource.DIGITIZED: "EXIF's DateTimeDigitized",
    DateSource.XMP_CREATED: "XMP's date of the file's creation",
    DateSource.PNG: "the PNG's creation time",
    DateSource.CONTAINER: "the film's container",
    DateSource.GPS: "its satellites' time",
    DateSource.FILE_NAME: "its file's name",
    DateSource.CHANGED: "EXIF's DateTime, which editing sets: it counts as no year of a template",
}


_UNDESCRIBED = {
    "no-landmarks": "no landmarks were found in the box, without which no model describes a face",
    "not-looked-at": "the box was not looked at yet: 'faceindex reindex' does that",
}


def _quality(explanation: "Explanation") -> str:
    quality = explanation.face.described.quality
    if not explanation.face.described.is_described:
        return f"{quality.score:.2f}: {_UNDESCRIBED[quality.reasons[0]]}"
    if not quality.reasons:
        return f"{quality.score:.2f}"
    reasons = ", ".join(quality.reasons)
    return f"{quality.score:.2f} ({reasons}): a face of low quality looks less similar to everybody"


def _candidates(explanation: "Explanation") -> Iterator[str]:
    for candidate in explanation.candidates:
        rejected = "  (decided: not this person)" if candidate.rejected else ""
        yield f"{candidate.similarity:.3f}  {name_of(candidate.person)}{rejected}"
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
        case Draw():
            text = f"it was drawn, and is {person}"
        case Portrait():
            text = f"it is shown for {person}"
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


def rule_in_words(explanation: "Explanation") -> str:
    """Say by which rule it was decided who a face is, as a part of a sentence."""
    identity, accept = explanation.face.identity, explanation.thresholds.accept
    name = name_of(identity.person) if identity.person else UNKNOWN
    status = explanation.stored.status
    number = status.decision_id if status else None
    seen_with = "of this photo" if explanation.photo.film is None else "seen at the same time"
    return {
        "decided": f"decision {number} says so: decisions count before similarity",
        "like-a-stranger": "it is most similar to an ignored stranger, more than to any person",
        "nobody-known": "there is no confirmed face to compare it with",
        "alike": f"it is similar enough to {name}, and clearly more than to anybody else",
        "too-close": f"it is nearly as similar to the next person as to {name}: too close to call",
        "twice-in-photo": f"another face {seen_with} is more similar to {name}",
        "like-the-rejected": f"it is more similar to a face that is not {name} by decision than to {name}",
        "one-face-alone": f"it is similar to one confirmed face of {name}, but not to all of them together",
        "in-the-band": f"its similarity to {name} is below the {accept:.3f} that a name requires",
        "unlike": "it is not similar enough to any known person",
    }[explanation.rule]

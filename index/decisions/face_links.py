"""Finds the rows of the faces that decisions are about, in a transaction of the caller.

Decisions name contents and boxes; the tables name rows. A decision applies to the face of the content that
overlaps its box most, if that is enough, and to the same face in other contents; no face matches two boxes.
Where the detector of a content found no such face, the face of another detector is kept for the decision, or
the one that somebody drew, as long as that holds.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, Connection, select

from index.decisions.drawn_rows import places_in_question
from index.decisions.face_overlap import SAME_FACE, overlap, pairs
from index.decisions.model import FaceKey
from index.decisions.replay import State
from index.store.schema import BOX, DRAWN, content, decision_face, other_face, stored_face
from index.store.statements import in_chunks
from pipeline.values import Box

_CHUNK = 500
"""Contents in one statement."""


@dataclass(frozen=True, slots=True)
class FaceLinks:
    """The ids of each face that decisions are about: one in each content that shows it.

    Attributes:
        kept: Those that another detector found than the one whose faces their content shows.
        searched: All faces in the contents in question.
    """

    rows: Mapping[FaceKey, Sequence[int]]
    kept: Set[int]
    searched: Set[int]


@dataclass(slots=True)
class _ContentFaces:
    """The faces of a content, ids by box: by its detector, by others, and drawn ones."""

    own: dict[Box, int] = field(default_factory=dict)
    others: dict[Box, int] = field(default_factory=dict)
    drawn: dict[Box, int] = field(default_factory=dict)


def find_links(
    connection: Connection, state: State, known: Set[str], contents: Set[bytes] | None = None
) -> FaceLinks:
    """Find the rows of the faces that decisions are about, in contents that have one of some digests.

    ``known`` has the keys of all known persons. By default, all contents to which decisions may apply count.
    """
    keys = dict.fromkeys([*state.verdicts, *state.rejections, *state.portraits, *state.drawn])
    wanted: dict[bytes, dict[Box, FaceKey]] = {}
    for key in keys:
        wanted.setdefault(state.same.pictures[key.digest], {})[key.box] = key
    links: dict[FaceKey, list[int]] = {key: [] for key in keys}
    in_question: dict[bytes, list[Box]] = defaultdict(list)
    for place in places_in_question(state):
        in_question[state.same.pictures[place.digest]].append(place.box)
    kept: set[int] = set()
    searched: set[int] = set()
    for digest, faces in _faces_in_question(connection, state, contents).items():
        searched.update(faces.own.values(), faces.others.values(), faces.drawn.values())
        picture = state.same.pictures[digest]
        named, asked = wanted.get(picture, {}), in_question[picture]
        held = [box for box, key in named.items() if key in state.drawn]
        faces.others.update(_still_drawn(faces.drawn, [*held, *asked]))
        linked = _linked(list(named), faces)
        there = {state.numbers[named[box]] for box in linked}
        lost = [
            box
            for box, key in named.items()
            if state.numbers[key] not in there and _counts(state, key, known)
        ]
        from_others = list(faces.others)
        found = {lost[i]: faces.others[from_others[j]] for i, j in pairs(lost, from_others)}
        kept.update(found.values())
        kept.update(face_id for box, face_id in faces.drawn.items() if _is_asked(box, asked, faces.own))
        for box, face_id in (linked | found).items():
            links[named[box]].append(face_id)
    return FaceLinks(links, kept, searched)


def _still_drawn(drawn: Mapping[Box, int], held: Sequence[Box]) -> dict[Box, int]:
    """Return the drawn faces of a content that somebody still says are there, at the boxes ``held``."""
    return {
        box: face_id
        for box, face_id in drawn.items()
        if any(box == each or overlap(box, each) > SAME_FACE for each in held)
    }


def _is_asked(box: Box, asked: Sequence[Box], own: Mapping[Box, int]) -> bool:
    """Tell whether a drawn face is at a place in question, where the content's own detector found none."""
    return box in asked and all(overlap(box, each) <= SAME_FACE for each in own)


def _linked(named: Sequence[Box], faces: _ContentFaces) -> dict[Box, int]:
    """Find the face of the content's own detector for each box, if there is one.

    A face that is rather another one, which only another detector found, is not that of the box.
    """
    unlinked = [box for box in named if box not in faces.own]
    rivals = [box for box in faces.others if all(overlap(box, each) <= SAME_FACE for each in named)]
    free = [box for box in faces.own if box not in named]
    found = {box: faces.own[box] for box in named if box in faces.own}
    for i, j in pairs([*unlinked, *rivals], free):
        if i < len(unlinked):
            found[unlinked[i]] = faces.own[free[j]]
    return found


def _counts(state: State, key: FaceKey, known: Set[str]) -> bool:
    """Tell whether a decision about a face has an effect: it is not about an unknown person alone."""
    if key in state.verdicts or key in state.drawn:
        return True
    return any(not known.isdisjoint(persons.get(key, ())) for persons in (state.rejections, state.portraits))


def _faces_in_question(
    connection: Connection, state: State, contents: Set[bytes] | None
) -> dict[bytes, _ContentFaces]:
    """Read the faces of some contents, or of all to which decisions may apply, by digest."""
    conditions = [content.c.digest.in_(select(decision_face.c.digest))] if contents is None else []
    digests = sorted(state.same.digests if contents is None else contents)
    conditions += [content.c.digest.in_(chunk) for chunk in in_chunks(digests, _CHUNK)]
    found: dict[bytes, _ContentFaces] = {}
    for condition in conditions:
        for digest, face_id, box, detector, is_other in _read_faces(connection, condition):
            faces = found.setdefault(digest, _ContentFaces())
            others = faces.drawn if detector == DRAWN else faces.others
            (others if is_other else faces.own)[box] = face_id
    return found


def _read_faces(
    connection: Connection, condition: ColumnElement[bool]
) -> Iterator[tuple[bytes, int, Box, str | None, bool]]:
    """Read faces by rising id: digest, id, box, detector, and whether it is another than the content's."""
    columns, is_other = stored_face.c, other_face.c.face_id.is_not(None)
    query = (
        select(content.c.digest, columns.id, columns.detector, is_other, *(columns[name] for name in BOX))
        .join_from(stored_face, content)
        .outerjoin(other_face, other_face.c.face_id == columns.id)
    )
    rows = connection.execute(query.where(condition).order_by(columns.id))
    for digest, face_id, detector, other, *box in rows:
        yield digest, face_id, Box(*box), detector, other

"""Decisions for tests: a few faces and persons, and any sequence of acts about them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import strategies as st

from index.decisions.journal import Journal
from index.decisions.model import (
    Act,
    Apart,
    Assign,
    Born,
    Decision,
    Draw,
    FaceKey,
    Forget,
    Forgotten,
    Hide,
    Ignore,
    InPhoto,
    Merge,
    NotAFace,
    NotInPhoto,
    Portrait,
    Reject,
    Rename,
    Split,
    Undo,
    Unhide,
)
from index.people.queries import FaceStatus, PeopleQueries
from index.photos.catalog import Catalog
from index.privacy.journal_merge import Imported, import_lines
from pipeline.values import Box, ModelId, PhotoIndexed
from tests.index.builders import MODEL, digest_of, indexed, make_file, units

ANNA, BEN, CARL, DORA = ("a" * 32, "b" * 32, "c" * 32, "d" * 32)
KEYS = (ANNA, BEN, CARL, DORA)
NAMES = {ANNA: "Anna", BEN: "Ben", CARL: "Carl", DORA: "Dora"}
MADE_AT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)


def key(number: int, shift: float = 0.0) -> FaceKey:
    """A face, where ``builders.indexed`` puts it: two in each content."""
    box = Box(100.0 * (number % 2) + shift, -2.5, 40.25, 50.0)
    return FaceKey(digest_of(f"content {number // 2}"), box)


def keys(*numbers: int) -> tuple[FaceKey, ...]:
    return tuple(map(key, numbers))


def uid(number: int) -> str:
    return f"{number:032x}"


def journal(*acts: Act) -> list[Decision]:
    """Decisions numbered from 1; ``Undo(uid(N))`` undoes number N."""
    return [Decision(number, uid(number), MADE_AT, act) for number, act in enumerate(acts, start=1)]


def assign(person: str, *numbers: int) -> Assign:
    return Assign(keys(*numbers), person, NAMES[person])


def split(person: str, other: str, *numbers: int) -> Split:
    return Split(keys(*numbers), person, other, NAMES[person])


def draw(person: str, *numbers: int) -> Draw:
    return Draw(keys(*numbers), person, NAMES[person])


def in_photo(person: str, *contents: int) -> InPhoto:
    return InPhoto(tuple(digest_of(f"content {each}") for each in contents), person, NAMES[person])


A_FACE = st.builds(key, st.integers(0, 5), st.sampled_from([0.0, 0.0, 5.0, -5.0]))
"""One of a few faces, whose box differs a little from one act to the next."""


A_DATE = st.sampled_from([None, "2010", "2010-05", "2010-05-17"])


def acts(decisions: int = 12, face: st.SearchStrategy[FaceKey] = A_FACE) -> st.SearchStrategy[Act]:
    """Any act about a few faces, photos and persons."""
    some = st.lists(face, min_size=1, max_size=4).map(tuple)
    photos = st.lists(face.map(lambda each: each.digest), min_size=1, max_size=3).map(tuple)
    person = st.sampled_from(KEYS)
    name = st.sampled_from([*NAMES.values(), "Anna Maria", "Æsa"])
    return st.one_of(
        st.builds(Assign, some, person, name),
        st.builds(Draw, some, person, name),
        st.builds(InPhoto, photos, person, name),
        st.builds(NotInPhoto, photos, person),
        st.builds(Portrait, st.tuples(face), person),
        st.builds(Born, person, A_DATE),
        st.builds(Reject, some, person),
        st.builds(NotAFace, some),
        st.builds(Ignore, some),
        st.builds(Merge, person, person),
        st.builds(Apart, person, person),
        st.builds(Split, some, person, person, name),
        st.builds(Rename, person, name),
        st.builds(Hide, person),
        st.builds(Unhide, person),
        st.builds(Undo, st.integers(1, decisions + 2).map(uid)),
    )


def journals(decisions: int = 12) -> st.SearchStrategy[list[Decision]]:
    """Any journal at all, as it may come from anywhere."""
    rare = st.one_of(st.builds(Forget, st.sampled_from(KEYS)), st.just(Forgotten()))
    each = st.one_of(acts(decisions=decisions), acts(decisions=decisions), rare)
    return st.lists(each, max_size=decisions).map(lambda made: journal(*made))


def without_undone(decisions: Sequence[Decision], undone: Iterable[str]) -> list[Decision]:
    gone = frozenset(undone)
    return [each for each in decisions if each.uid not in gone and not isinstance(each.act, Undo)]


def scan(
    catalog: Catalog, folder: Path, contents: int = 3, shift: float = 0.0, model: ModelId = MODEL
) -> None:
    """Record photos whose faces are those of ``key``: face N has the id N + 1 in a new library."""
    catalog.record(
        [
            moved(
                indexed(make_file(folder / f"{number}.jpg"), f"content {number}", units(2, number)),
                shift,
                model,
            )
            for number in range(contents)
        ]
    )


def moved(outcome: PhotoIndexed, shift: float, model: ModelId) -> PhotoIndexed:
    """The same faces, found by another detector, and described by another model."""
    faces = []
    for described in outcome.faces:
        box = described.face.box
        there = replace(described.face, box=Box(box.x + shift, box.y, box.w, box.h))
        faces.append(replace(described, face=there, model_id=model))
    return replace(outcome, faces=tuple(faces))


def said(people: PeopleQueries, faces: int = 6) -> dict[int, str]:
    """In short: what is decided of each face; ``!`` stands before who it is not."""
    found = {}
    for face_id, each in people.statuses(range(1, faces + 1)).items():
        words = [_own(each), *(f"!{who.name}" for who in each.rejected)]
        if any(words):
            found[face_id] = " ".join(filter(None, words))
    return found


def _own(status: FaceStatus) -> str:
    if status.person is not None:
        return status.person.name if status.confirmed else f"{status.person.name}?"
    return "ignored" * status.ignored + "not a face" * status.not_a_face


def import_into(journal: Journal, lines: Iterable[str | bytes]) -> Imported:
    """Take over the decisions of a file into the library of a journal."""
    return import_lines(journal._store, lines)

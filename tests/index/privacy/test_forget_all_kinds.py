"""Forgetting a person with drawn faces, photos without a face, a portrait and a date of birth."""

import struct
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select

from index.decisions.journal import Journal
from index.decisions.model import (
    Act,
    Assign,
    Born,
    Draw,
    FaceKey,
    Forgotten,
    InPhoto,
    NotAFace,
    Portrait,
    Reject,
)
from index.errors import DecisionRefused
from index.maintenance.check import inspections
from index.people.queries import PeopleQueries
from index.photos.catalog import Catalog
from index.photos.drawn_faces import DrawnFaceRows
from index.privacy.forget import forget
from index.store.opening import create_store
from index.store.read_again import read_again
from index.store.schema import DRAWN, content, decision_photo, face, in_photo, portrait, stored_face
from index.store.store import Store
from pipeline.values import Box, DrawnFace, Size
from tests.index.builders import MODEL, described, digest_of, indexed, make_file, units
from tests.index.journals import ANNA, BEN, DORA, assign, import_into, key, keys, scan
from tests.index.privacy.test_forget import holders

PLACE = Box(321.0625, 77.03125, 40.0, 50.0)
"""Where no detector finds a face; its numbers are in no other place of a file."""


def drawn_in(store: Store, photos: Path, box: Box = PLACE, seed: int = 55) -> tuple[FaceKey, list[bytes]]:
    """Draw a face, which is described, in the first photo; with what it looks like in files."""
    (vector,) = units(1, seed)
    there = described(vector)
    seen = replace(there.face, box=box, landmarks=np.full((5, 2), box.x / 3, np.float32))
    file, digest = make_file(photos / "0.jpg"), digest_of("content 0")
    drawn = DrawnFace(file, digest, digest, Size(640, 480), box, replace(there, face=seen))
    named = DrawnFaceRows(store, MODEL).add(digest, drawn)
    with store.read() as connection:
        landmarks = connection.scalar(select(stored_face.c.landmarks).where(stored_face.c.x == box.x))
    return named, [landmarks or b"", struct.pack(">d", box.x), vector.astype("<f2").tobytes()]


def drawn_rows(store: Store, *, shown: bool = False) -> int:
    faces = face if shown else stored_face
    with store.read() as connection:
        query = select(func.count()).select_from(faces).where(faces.c.detector == DRAWN)
        return connection.scalar(query) or 0


def faults(store: Store) -> list[str]:
    return [found.message for look in inspections(store, lambda model: None)[:-2] for found in look.find()]


def test_nothing_of_what_is_known_beyond_faces_is_left_in_any_file(
    journal: Journal, database: Store, photos: Path
) -> None:
    drawn, needles = drawn_in(database, photos)
    elsewhere = digest_of("of no photo here")
    acts: list[Act] = [
        Draw((drawn,), ANNA, "Annamária"),
        Assign(keys(2), ANNA, None),
        Portrait((drawn,), ANNA),
        Born(ANNA, "1987-06-05"),
        InPhoto((elsewhere, digest_of("content 2")), ANNA, None),
    ]
    Journal(database, source="a file of Annamária").append_all(acts)
    journal.append(assign(BEN, 4))
    needles += [b"1987-06-05", "Annamária".encode(), elsewhere]
    folder = database.path.parent
    assert holders(folder, needles)[database.path.name] == len(needles)

    erased = forget(database, ANNA)

    assert (erased.name, erased.faces, erased.decisions) == ("Annamária", 2, 5)
    assert holders(folder, needles) == {}
    assert drawn_rows(database) == 0
    assert faults(database) == []
    log = journal.decisions()
    assert [type(each.decision.act) for each in log[:5]] == [Forgotten] * 5
    assert [each.decision.source for each in log[:5]] == [None] * 5
    with database.read() as connection:
        for table in (decision_photo, in_photo, portrait):
            assert connection.scalar(select(func.count()).select_from(table)) == 0


def test_a_drawn_face_that_was_forgotten_does_not_come_back(
    journal: Journal, database: Store, catalog: Catalog, photos: Path, tmp_path: Path
) -> None:
    drawn, _ = drawn_in(database, photos)
    journal.append(Draw((drawn,), ANNA, "Anna"))
    old = list(journal.export_lines())
    forget(database, ANNA)
    with pytest.raises(DecisionRefused, match="forgotten"):
        journal.append(Draw((drawn,), BEN, "Ben"))
    other = [line.replace(ANNA, DORA).replace(line[8:40], "e" * 32) for line in old if '"draw"' in line]
    assert import_into(journal, other).redacted == 1
    with database.write() as connection:
        read_again(connection, list(connection.scalars(select(content.c.id))))
    catalog.record([indexed(make_file(photos / "0.jpg"), "content 0", units(2, 0))])
    assert drawn_rows(database) == 0
    with create_store(tmp_path / "anew" / "library.sqlite3") as rebuilt:
        there = Catalog(rebuilt)
        there.choose_model(MODEL)
        scan(there, tmp_path / "photos elsewhere")
        import_into(Journal(rebuilt), old)
        assert drawn_rows(rebuilt, shown=True) == 1
        import_into(Journal(rebuilt), list(journal.export_lines()))
        assert drawn_rows(rebuilt) == 0
        assert PeopleQueries(rebuilt).everyone() == {}


@pytest.mark.parametrize("later", [assign(BEN), NotAFace(()), Reject((), ANNA)])
def test_a_face_drawn_as_a_forgotten_person_stays_if_it_is_somebody_else(
    journal: Journal, database: Store, photos: Path, later: Assign | NotAFace | Reject
) -> None:
    drawn, _ = drawn_in(database, photos)
    journal.append_all([Draw((drawn,), ANNA, "Anna"), replace(later, faces=(drawn,))])
    forget(database, ANNA)
    assert drawn_rows(database, shown=True) == 1
    assert journal.decisions()[0].decision.act == Draw((drawn,))
    assert faults(database) == []


def test_a_face_whose_drawing_was_undone_goes_with_the_person(
    journal: Journal, database: Store, photos: Path
) -> None:
    drawn, needles = drawn_in(database, photos)
    other, kept = drawn_in(database, photos, Box(421.0625, 177.03125, 40.0, 50.0), seed=56)
    journal.append_all([Draw((drawn,), ANNA, "Anna"), Draw((other,), BEN, "Ben"), assign(ANNA, 0)])
    journal.undo(1)
    assert drawn_rows(database, shown=True) == 1
    forget(database, ANNA)
    assert drawn_rows(database) == 1
    assert holders(database.path.parent, needles) == {}
    assert holders(database.path.parent, kept)[database.path.name] == 3


def test_a_person_who_was_only_added_to_photos_can_be_forgotten(
    journal: Journal, database: Store, people: PeopleQueries
) -> None:
    journal.append(InPhoto((digest_of("content 1"),), DORA, "Dorabelle"))
    assert [each.name for each in people.everyone().values()] == ["Dorabelle"]
    erased = forget(database, DORA)
    assert (erased.name, erased.faces, erased.decisions) == ("Dorabelle", 0, 1)
    assert people.everyone() == {}
    assert holders(database.path.parent, [b"Dorabelle"]) == {}


def test_who_has_only_forgotten_faces_loses_photos_and_date_of_birth_too(
    journal: Journal, database: Store, people: PeopleQueries, tmp_path: Path
) -> None:
    """Under another key, from another library, it may be the forgotten person."""
    journal.append_all([assign(ANNA, 0), assign(BEN, 2)])
    lines = [
        line.replace(ANNA, DORA).replace("Anna", "Dorabelle")
        for line in _exported(tmp_path / "other", [assign(ANNA, 0), Born(ANNA, "1987"), _there(ANNA)])
    ]
    forget(database, ANNA)
    assert import_into(journal, lines).redacted == 3
    assert [each.name for each in people.everyone().values()] == ["Ben"]
    assert holders(database.path.parent, [b"Dorabelle", b"1987"]) == {}


def _there(person: str) -> InPhoto:
    return InPhoto((key(4).digest,), person, None)


def _exported(folder: Path, acts: Sequence[Act]) -> list[str]:
    with create_store(folder / "library.sqlite3") as other:
        Journal(other).append_all(acts)
        return list(Journal(other).export_lines())

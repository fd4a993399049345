"""Decisions made while a scan is at work: all are taken, and the scan ends as if it had known them."""

import threading
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from sqlalchemy import select

from faceindex.library import Library
from faceindex.results import Listeners
from faceindex.scanning.scan import Scan, ScanOptions
from faceindex.session import Session
from index.store.read_again import read_again
from index.store.schema import content
from index.vectors.saved_index import load_index
from pipeline.models.registry import SFACE
from pipeline.values import Descriptor, Outcome, PhotoFile, PhotoIndexed, PhotoKnown, Size
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import direction, face, like
from tests.functional.sound import check_sound

ANNA, BEN, CARL = direction(1), direction(2), direction(3)
PHOTOS = 12
"""Photos of Anna, Ben and Carl by turns, but for one of a stranger."""

STRANGER = 2
"""The number of that photo."""

Act = Callable[[Library], object]


@pytest.fixture(autouse=True)
def batches_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceindex.scanning.recording.BATCH_PHOTOS", 1)


@pytest.fixture
def photos(album: Album) -> Album:
    for number in range(PHOTOS):
        (album.folder / f"{number:02}.jpg").write_text(str(number))
    return album


def made(number: int) -> Descriptor:
    """The face in a photo."""
    return face(like(direction(4) if number == STRANGER else (ANNA, BEN, CARL)[number % 3], 0.9, 10 + number))


@dataclass
class Photos:
    """A stand-in for the networks, which has somebody decide before a photo is looked at."""

    library: Library
    acts: dict[int, Act]

    def __call__(
        self, files: Iterable[PhotoFile], is_known: Callable[[bytes], bool]
    ) -> Generator[Outcome, None, None]:
        for file in files:
            bytes_read = Path(bytes.decode(file.path)).read_bytes()
            number, digest = int(bytes_read), blake3(bytes_read).digest()
            if number in self.acts:
                in_another_thread(self.acts.pop(number), self.library)
            if is_known(digest):
                yield PhotoKnown(file, digest)
            else:
                faces = (made(number),)
                yield PhotoIndexed(file, digest, Size(400, 300), None, faces, "made 1", "mtcnn", digest)


def in_another_thread(act: Act, library: Library) -> None:
    """Do something in another thread, and see that it is done."""
    raised: list[BaseException] = []

    def do() -> None:
        try:
            act(library)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that waits
            raised.append(error)

    thread = threading.Thread(target=do)
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


def scan(album: Album, acts: dict[int, Act] | None = None) -> None:
    """Scan the album; each act is done just before the photo of its number is looked at."""
    left = dict(acts or {})
    with Library(album.settings) as library, Session.open_to_write(album.settings) as session:
        session.catalog.choose_model(SFACE.model_id)
        this = Scan(session.database, SFACE, Photos(library, left), Listeners())
        this.run([bytes(album.folder)], ScanOptions())
    assert not left


def ids(library: Library, *numbers: int) -> list[int]:
    """The faces in some photos."""
    found = {Path(bytes.decode(each.record.photo)).name: each.record.face_id for each in library.faces()}
    return [found[f"{number:02}.jpg"] for number in numbers]


def known(album: Album) -> dict[str, tuple[Any, ...]]:
    """What is known of the face in each photo."""
    with Library(album.settings) as library:
        return {
            Path(bytes.decode(each.record.photo)).name: (
                each.status.person and each.status.person.name,
                each.status.confirmed,
                each.status.ignored,
                each.status.not_a_face,
                tuple(who.name for who in each.status.rejected),
            )
            for each in library.faces()
        }


ACTS: dict[int, Act] = {
    4: lambda library: library.people.move("Anna", ids(library, 0)),
    5: lambda library: (
        library.people.move("Ben", ids(library, 1)),
        library.people.move("Benno", ids(library, 4)),
        library.people.merge("Ben", "Benno"),
    ),
    6: lambda library: (
        library.people.confirm("Anna", ids(library, 3)),
        library.people.reject("Anna", ids(library, 1)),
        library.people.move("Anna", ids(library, 5)),
    ),
    7: lambda library: library.people.undo(),
    8: lambda library: (
        library.people.undo(8),
        library.people.rename("Anna", "Annabelle"),
        library.people.hide("Ben"),
        library.people.ignore(ids(library, STRANGER)),
        library.people.not_a_face(ids(library, 7)),
        library.people.split("Annabelle", ids(library, 5), "Carl"),
    ),
    11: lambda library: (library.cluster(), library.people.confirm("Annabelle", every=True)),
}
"""Every kind of decision, some on photos that were recorded just before."""


def test_the_scan_ends_as_if_it_had_known_the_decisions(photos: Album, tmp_path: Path) -> None:
    scan(photos, ACTS)
    check_sound(photos.settings.library, faces=PHOTOS)
    other_place = photos.settings.model_copy(update={"library": tmp_path / "elsewhere" / "library.db"})
    after = Album(photos.folder, other_place)
    scan(after)
    with Library(photos.settings) as library, Library(after.settings) as other:
        library.people.export_journal(tmp_path / "journal.jsonl")
        assert other.people.import_journal(tmp_path / "journal.jsonl").added == len(library.people.log())
    found = known(photos)
    assert found == known(after)
    assert [found[f"{number:02}.jpg"][:2] for number in (0, 3, 6, 9)] == [("Annabelle", True)] * 4
    assert found["10.jpg"][:2] == ("Ben", False)  # recognised by the scan itself
    assert found["11.jpg"][:2] == ("Carl", False)
    assert (found["02.jpg"][2], found["07.jpg"][3]) == (True, True)


def test_a_decision_about_photos_that_the_scan_has_yet_to_find_again(photos: Album, tmp_path: Path) -> None:
    """A name is undone, and another one given, while the content that both name is away."""
    scan(photos)
    with Library(photos.settings) as library:
        library.people.move("Anna", ids(library, 0, 3))
        library.people.move("Ben", ids(library, 1))
    with Session.open_to_write(photos.settings) as session, session.database.write() as connection:
        read_again(connection, list(connection.scalars(select(content.c.id))))
    scan(photos, {5: lambda library: (library.people.undo(1), library.people.move("Carl", ids(library, 0)))})
    check_sound(photos.settings.library, faces=PHOTOS)
    found = known(photos)
    now = [found[f"{number:02}.jpg"][:2] for number in (0, 3, 1)]
    assert now == [("Carl", True), ("Carl", False), ("Ben", True)]


def traces(album: Album) -> list[bytes]:
    """The descriptors of the faces of photos 0 and 3, as the library and the index have them."""
    return [made(number).vector.astype("<f2").tobytes() for number in (0, 3)]


@pytest.mark.parametrize("batch", [1, 2 * PHOTOS], ids=["recorded before", "in the batch in hand"])
def test_who_is_forgotten_during_a_scan_stays_out(
    photos: Album, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Her photos are being read again: her faces are in memory, or were just recorded."""
    scan(photos)
    with Library(photos.settings) as library:
        library.people.move("Anna", ids(library, 0, 3))
    with Session.open_to_write(photos.settings) as session, session.database.write() as connection:
        read_again(connection, list(connection.scalars(select(content.c.id))))
    monkeypatch.setattr("faceindex.scanning.recording.BATCH_PHOTOS", batch)
    scan(photos, {10: lambda library: library.people.forget("Anna")})
    check_sound(photos.settings.library, faces=PHOTOS - 2)
    assert {"00.jpg", "03.jpg"} & known(photos).keys() == set()
    with Library(photos.settings) as library:
        assert library.people.list() == ()
    for file in photos.settings.library.parent.iterdir():
        assert not [each for each in [b"Anna", *traces(photos)] if each in file.read_bytes()], file
    with Session.open(photos.settings) as session:
        loaded = load_index(session.catalog, SFACE.model_id, SFACE.dimension)
        assert (len(loaded.index), loaded.saved) == (PHOTOS - 2, True)


def test_the_traces_are_those_of_a_face(photos: Album) -> None:
    scan(photos)
    files = [file.read_bytes() for file in photos.settings.library.parent.iterdir()]
    assert [sum(each in file for file in files) for each in traces(photos)] == [2, 2]

"""The nightly job: all folders, what is given up, what comes back, and a time after which it stops."""

import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from faceindex.errors import FaceindexError, NoLibrary
from faceindex.library import Library
from faceindex.results import Listeners, PersonGain, ReindexSummary
from faceindex.scanning.scan import ScanOptions
from faceindex.session import Session
from index.decisions.journal import Journal
from index.decisions.model import Assign, Hide, new_key
from index.people.queries import PeopleQueries
from index.values import Pruned
from pipeline.models.registry import SFACE
from tests.faceindex.conftest import Album, Clock
from tests.functional.people import astronaut, landscape, save


@pytest.fixture
def scanned(album: Album) -> Album:
    """A portrait in each of two folders, and landscapes enough that one photo may go."""
    for number in range(8):
        save(landscape(number), album.folder / f"{number}.jpg")
    save(astronaut(0), album.folder / "a.jpg")
    save(astronaut(3), album.folder.with_name("second") / "b.jpg")
    for number in range(10, 16):
        save(landscape(number), album.folder.with_name("second") / f"{number}.jpg")
    assert album.counts(album.folder, album.folder.with_name("second")) == {"indexed": 16}
    return album


def call(album: Album, photo: str, name: str) -> None:
    """Say who the one face of a photo is."""
    (number,) = [face.face_id for face in album.faces() if os.fsdecode(face.photo).endswith(photo)]
    with Session.open_to_write(album.settings) as library:
        journal = Journal(library.database)
        journal.append(Assign(journal.face_keys([number]), new_key(), name))


def confirmed(album: Album) -> dict[str, int]:
    with Session.open(album.settings) as library:
        return {each.person.name: each.confirmed for each in PeopleQueries(library.database).summaries()}


def wait(album: Album, days: float) -> None:
    """Let what is missing have been missing for longer."""
    for path, since in album.execute("SELECT path, missing_since FROM photo WHERE missing_since IS NOT NULL"):
        then = datetime.fromisoformat(since) - timedelta(days=days)
        album.execute("UPDATE photo SET missing_since = ? WHERE path = ?", then.isoformat(), path)


def test_all_folders_that_were_ever_scanned_are_scanned_again(scanned: Album) -> None:
    save(astronaut(5), scanned.folder / "new.jpg")
    save(landscape(99), scanned.folder.with_name("second") / "new.jpg")
    report = scanned.reindex()
    assert (report.scan.indexed, report.scan.unchanged, report.scan.faces) == (2, 16, 1)
    assert report.in_time
    quiet = scanned.reindex()
    assert (quiet.scan.indexed, quiet.scan.unchanged) == (0, 18)


def test_a_night_without_changes_changes_nothing(scanned: Album) -> None:
    rows, index = scanned.rows(), scanned.index_file.stat()
    report = scanned.reindex()
    assert (report.gains, report.review, report.pruned, report.new_failures) == ((), 0, Pruned(0, 0), ())
    assert scanned.rows() == rows
    assert scanned.index_file.stat().st_mtime_ns == index.st_mtime_ns


def test_a_library_that_has_grown_gets_the_other_kind_of_index_and_says_so_once(
    scanned: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    def night() -> tuple[str | None, list[str]]:
        """The kind of index that there is after it, and what it said."""
        notes: list[str] = []
        with Library(scanned.settings, Listeners(note=notes.append)) as library:
            library.reindex()
            return library.statistics().index_kind, notes

    monkeypatch.setattr("index.vectors.saved_index.EXACT_BYTES", 2 * SFACE.dimension * len(scanned.faces()))
    assert night() == ("exact", [])
    save(astronaut(5), scanned.folder / "new.jpg")
    kind, (note,) = night()
    assert kind == "codes of 4 bits"
    assert "a library of this size has an index of another kind" in note
    assert night() == (kind, [])


def test_a_confirmed_face_whose_photo_is_gone_has_a_number_to_reject_it_by(scanned: Album) -> None:
    call(scanned, "a.jpg", "Anna")
    (scanned.folder / "a.jpg").unlink()
    scanned.reindex()
    wait(scanned, days=31)
    scanned.reindex()
    with Library(scanned.settings) as library:
        kept = library.people.get("Anna").exemplar_ids
        assert library.people.reject("Anna", kept).faces == 1
        assert library.people.get("Anna").exemplar_ids == ()
        library.people.undo()
        assert library.people.not_a_face(library.people.get("Anna").exemplar_ids).faces == 1
    assert scanned.reindex().pruned == Pruned(0, 1)


def test_missing_photos_keep_faces_and_names_for_thirty_days(scanned: Album, tmp_path: Path) -> None:
    call(scanned, "a.jpg", "Anna")
    photo, away = scanned.folder / "a.jpg", tmp_path / "away.jpg"
    photo.rename(away)
    assert scanned.reindex().scan.missing == 1
    wait(scanned, days=29.9)
    assert scanned.reindex().pruned == Pruned(0, 0)
    assert (len(scanned.faces()), confirmed(scanned)) == (2, {"Anna": 1})
    assert Library(scanned.settings).plan_pruning() == Pruned(0, 0)

    wait(scanned, days=0.2)
    assert Library(scanned.settings).plan_pruning() == Pruned(1, 0)
    report = scanned.reindex()
    assert (report.pruned, report.scan.exemplars) == (Pruned(1, 0), 1)
    assert Library(scanned.settings).plan_pruning() == Pruned(0, 0)
    assert scanned.names() == ["b.jpg"]
    assert confirmed(scanned) == {"Anna": 0}  # who is known all the same, by an exemplar
    with Library(scanned.settings) as library:
        assert library.people.get("Anna").exemplars == 1
        undone = library.people.undo().decision
    assert scanned.reindex().pruned == Pruned(0, 1)
    for table in ("face", "descriptor"):
        assert scanned.execute(f"SELECT count(*) FROM {table}") == [(1,)]  # noqa: S608
    with Library(scanned.settings) as library:
        assert library.statistics().indexed_faces == 1
        library.people.undo(undone.id + 1)

    away.rename(photo)
    report = scanned.reindex()
    assert (report.scan.indexed, report.scan.faces) == (1, 1)
    assert report.gains == (PersonGain("Anna", 2),)  # it, and the portrait that is like it
    assert confirmed(scanned) == {"Anna": 1}


def test_how_long_missing_photos_are_kept_can_be_set(scanned: Album) -> None:
    impatient = keeping(scanned, days=2)
    (scanned.folder / "a.jpg").unlink()
    assert impatient.reindex().scan.missing == 1
    wait(scanned, days=1)
    assert impatient.reindex().pruned == Pruned(0, 0)
    wait(scanned, days=1)
    assert impatient.reindex().pruned == Pruned(1, 1)
    never = keeping(scanned, days=36_500)
    (scanned.folder / "0.jpg").unlink()
    assert never.reindex().scan.missing == 1
    wait(scanned, days=4_000)
    assert never.reindex().pruned == Pruned(0, 0)


def keeping(album: Album, days: float) -> Album:
    return Album(album.folder, album.settings.model_copy(update={"keep_missing_days": days}))


def test_new_faces_of_a_person_are_counted_by_name(scanned: Album) -> None:
    call(scanned, "a.jpg", "Anna")
    assert scanned.reindex().gains == (PersonGain("Anna", 1),)  # the other portrait, known since before
    for number in (5, 7):
        save(astronaut(number), scanned.folder / f"new {number}.jpg")
    report = scanned.reindex()
    assert (report.gains, report.review) == ((PersonGain("Anna", 2),), 0)
    assert scanned.reindex().gains == ()
    with Session.open_to_write(scanned.settings) as library:
        Journal(library.database).append(Hide(PeopleQueries(library.database).named("Anna").key))
    save(astronaut(9), scanned.folder / "new 9.jpg")
    assert scanned.reindex().gains == ()  # who is hidden is left out of lists


def test_a_scan_gives_nothing_up(scanned: Album) -> None:
    (scanned.folder / "a.jpg").unlink()
    scanned.scan()
    wait(scanned, days=100)
    scanned.scan()
    assert len(scanned.faces()) == 2


def test_a_content_with_another_copy_is_kept(scanned: Album) -> None:
    shutil.copyfile(scanned.folder / "a.jpg", scanned.folder.with_name("second") / "copy.jpg")
    scanned.reindex()
    before = [face.face_id for face in scanned.faces()]
    (scanned.folder / "a.jpg").unlink()
    scanned.reindex()
    wait(scanned, days=100)
    assert scanned.reindex().pruned == Pruned(1, 0)
    assert [face.face_id for face in scanned.faces()] == before
    assert scanned.names() == ["b.jpg", "copy.jpg"]


def test_who_was_replaced_stays_known_and_the_name_comes_back_with_the_photo(scanned: Album) -> None:
    call(scanned, "a.jpg", "Anna")
    before = (scanned.folder / "a.jpg").read_bytes()
    save(landscape(77), scanned.folder / "a.jpg")
    report = scanned.reindex()
    assert (report.pruned, report.scan.exemplars) == (Pruned(0, 0), 1)
    assert confirmed(scanned) == {"Anna": 0}
    assert scanned.reindex().scan.exemplars == 0
    (scanned.folder / "a.jpg").write_bytes(before)
    scanned.reindex()
    assert confirmed(scanned) == {"Anna": 1}


def with_caption(photo: Path) -> None:
    """What a program does that puts tags into photos: the same picture, another file."""
    content = photo.read_bytes()
    comment = b"\xff\xfe\x00\x0fCollins, NASA"
    photo.write_bytes(content[:2] + comment + content[2:])


def saved_again(photo: Path) -> None:
    with Image.open(photo) as picture:
        picture.save(photo, quality=75)


@pytest.mark.parametrize(("rewrite", "indexed"), [(with_caption, 0), (saved_again, 1)])
def test_a_photo_that_was_written_anew_keeps_its_names(
    scanned: Album, rewrite: Callable[[Path], None], indexed: int
) -> None:
    call(scanned, "a.jpg", "Anna")
    rewrite(scanned.folder / "a.jpg")
    report = scanned.reindex()
    assert (report.scan.indexed, report.pruned) == (indexed, Pruned(0, 0))
    assert report.gains == (PersonGain("Anna", 1),)  # the portrait that is like it
    assert confirmed(scanned) == {"Anna": 1}


def test_moves_renames_and_copies_between_folders(scanned: Album) -> None:
    call(scanned, "b.jpg", "Anna")
    before = [face.face_id for face in scanned.faces()]
    second = scanned.folder.with_name("second")
    (second / "b.jpg").rename(scanned.folder / "renamed.jpg")
    (scanned.folder / "trip").mkdir()
    (scanned.folder / "a.jpg").rename(scanned.folder / "trip" / "a.jpg")
    shutil.copyfile(scanned.folder / "0.jpg", second / "copy of 0.jpg")
    report = scanned.reindex()
    assert (report.scan.moved, report.scan.duplicate, report.scan.missing) == (2, 1, 0)
    assert [face.face_id for face in scanned.faces()] == before
    assert sorted(scanned.names()) == ["a.jpg", "renamed.jpg"]
    assert confirmed(scanned) == {"Anna": 1}


def test_failures_are_new_once(scanned: Album) -> None:
    (scanned.folder / "broken.jpg").write_bytes((scanned.folder / "a.jpg").read_bytes()[:4000])
    first, second = scanned.reindex(), scanned.reindex()
    assert [Path(os.fsdecode(each.path)).name for each in first.new_failures] == ["broken.jpg"]
    assert second.new_failures == ()
    assert len(second.scan.failures) == 1


def test_when_the_time_is_up_it_stops_and_the_next_night_goes_on(
    album: Album, tmp_path: Path, clock: Clock
) -> None:
    for number in range(30):
        save(astronaut(number) if number % 10 == 0 else landscape(number), album.folder / f"{number:02}.jpg")
    at_once = Album(album.folder, album.settings.model_copy(update={"library": tmp_path / "other.db"}))
    at_once.scan()
    empty = album.folder / "empty"
    empty.mkdir()
    album.scan(empty)
    album.execute("INSERT INTO root (path) VALUES (?)", bytes(album.folder))

    nights: list[ReindexSummary] = []
    while not nights or not nights[-1].in_time:
        options = ScanOptions(deadline=clock.now + 3)
        nights.append(album.reindex(options, progress=lambda _: clock.advance(0.15)))
    assert 2 <= len(nights) < 20
    assert [night.scan.left > 0 for night in nights] == [not night.in_time for night in nights]
    assert sum(night.scan.indexed for night in nights) == 30
    for night in nights[:-1]:
        assert night.scan.indexed > 0
        assert night.scan.missing == 0
    assert facts(album) == facts(at_once)
    with Library(album.settings) as library:
        assert library.statistics().indexed_faces == 3
    assert album.reindex().scan.unchanged == 30


def facts(album: Album) -> list[tuple[object, ...]]:
    return album.execute(
        "SELECT photo.path, content.digest, face.x, face.y, face.w, face.h, descriptor.vector FROM photo "
        "JOIN content ON content.id = photo.content_id LEFT JOIN face ON face.content_id = content.id "
        "LEFT JOIN descriptor ON face_id = face.id ORDER BY path, x"
    )


def test_there_must_be_a_library_with_something_in_it(album: Album) -> None:
    with pytest.raises(NoLibrary):
        album.reindex()
    assert not album.settings.library.parent.exists()
    Session.open_to_write(album.settings).close()
    with pytest.raises(FaceindexError, match="scan FOLDER"):
        list(Library(album.settings).plan_reindex())
    with pytest.raises(FaceindexError, match="scan FOLDER"):
        album.reindex()

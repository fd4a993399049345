"""A library that stays open: loaded once, used by threads, and true to what others change meanwhile."""

import os
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

import faceindex.engine
from faceindex import (
    Answer,
    FaceindexError,
    Library,
    LibraryLocked,
    Listeners,
    NoLibrary,
    PhotoFailed,
    open_index,
)
from faceindex.lock import DECISION_PATIENCE, locked, turn
from tests.faceindex.conftest import Album, Clock
from tests.functional.people import astronaut, landscape, save

pytestmark = pytest.mark.slow

THREADS, QUESTIONS = 4, 4


@pytest.fixture
def scanned(album: Album, hopper: Path) -> Album:
    """Two photos of Eileen, and one of Grace."""
    save(astronaut(0), album.folder / "eileen 0.jpg")
    save(astronaut(1), album.folder / "eileen 1.jpg")
    shutil.copyfile(hopper, album.folder / "grace.jpg")
    album.scan()
    return album


def name_in(library: Library, photo: Path) -> str | None:
    """Who the one face in a photo is said to be."""
    (answer,) = library.who([photo])
    assert isinstance(answer, Answer)
    (face,) = answer.faces
    return face.identity.person.name if face.identity.person else None


def matches_of(library: Library, photo: Path) -> list[str]:
    (answer,) = library.who([photo], k=10)
    assert isinstance(answer, Answer)
    return sorted(Path(match.face.photo.decode()).name for match in answer.faces[0].matches)


def test_a_second_question_loads_nothing(scanned: Album, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    for module, name in (
        (faceindex.engine, "build_runner"),
        (open_index, "load_searchable_index"),
        (open_index, "open_saved_index"),
    ):
        real = getattr(module, name)

        def load(*arguments: object, real=real, name=name, **options: object) -> object:  # type: ignore[no-untyped-def]
            loaded.append(name)
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, load)
    with Library(scanned.settings) as library:
        for photo in ("eileen 0.jpg", "grace.jpg", "eileen 1.jpg"):
            assert name_in(library, scanned.folder / photo) is None
        assert library.verify(scanned.folder / "eileen 0.jpg", scanned.folder / "grace.jpg")
        assert sorted(loaded) == ["build_runner", "load_searchable_index"]
        library.people.move("Grace", [scanned.folder / "grace.jpg"])
        assert name_in(library, scanned.folder / "grace.jpg") == "Grace"
        assert sorted(loaded) == ["build_runner", "load_searchable_index"]  # no face came or went


def test_a_decision_saves_the_index_that_it_had_to_make_anew(scanned: Album) -> None:
    (file,) = scanned.settings.library.parent.glob("*.faiss")
    file.unlink()
    notes: list[str] = []
    for name in ("Grace", "Anna"):
        with Library(scanned.settings, Listeners(note=notes.append)) as library:
            library.people.move(name, [scanned.folder / "grace.jpg"])
    assert len(notes) == 1
    assert "The index was built anew" in notes[0]
    assert file.exists()


def test_threads_ask_while_another_confirms(scanned: Album) -> None:
    """Every answer is that from before the decision or from after it, and in this order."""
    photo = scanned.folder / "eileen 0.jpg"
    start = Barrier(THREADS + 1)

    def ask() -> list[str | None]:
        start.wait()
        return [name_in(library, photo) for _ in range(QUESTIONS)]

    with Library(scanned.settings) as library, ThreadPoolExecutor(THREADS) as threads:
        asking = [threads.submit(ask) for _ in range(THREADS)]
        start.wait()
        library.people.move("Eileen", [photo, scanned.folder / "eileen 1.jpg"])
        assert name_in(library, photo) == "Eileen"
        for answers in (each.result() for each in asking):
            assert len(answers) == QUESTIONS
            named = [name == "Eileen" for name in answers]
            assert named == sorted(named), answers  # never named, and then not again
            assert set(answers) <= {None, "Eileen"}


def test_threads_that_decide_wait_for_one_another(scanned: Album) -> None:
    names = [f"Person {number}" for number in range(THREADS)]
    with Library(scanned.settings, patience=60) as library, ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda name: library.people.move(name, [1]), names))
        assert len(library.people.log()) == THREADS
        assert {each.person.name for each in library.people.list()} == set(names)


def test_what_another_run_adds_and_removes_is_seen(scanned: Album) -> None:
    with Library(scanned.settings) as library:
        assert matches_of(library, scanned.folder / "grace.jpg") == ["eileen 0.jpg", "eileen 1.jpg"]
        save(astronaut(2), scanned.folder / "eileen 2.jpg")
        scanned.scan()
        assert "eileen 2.jpg" in matches_of(library, scanned.folder / "grace.jpg")
        save(landscape(), scanned.folder / "eileen 2.jpg")
        scanned.scan()
        assert matches_of(library, scanned.folder / "grace.jpg") == ["eileen 0.jpg", "eileen 1.jpg"]


def test_another_library_in_the_same_place_is_seen(scanned: Album, tmp_path: Path) -> None:
    grace = scanned.folder / "grace.jpg"
    with Library(scanned.settings) as library:
        library.backup(tmp_path / "before.db")
        library.people.move("Grace", [grace])
        assert name_in(library, grace) == "Grace"
        Library(scanned.settings).restore(tmp_path / "before.db")
        assert library.people.list() == ()
        assert name_in(library, grace) is None
        scanned.settings.library.unlink()
        with pytest.raises(NoLibrary):
            library.statistics()


def test_questions_and_decisions_go_on_while_another_run_is_at_work(scanned: Album) -> None:
    grace, roots = scanned.folder / "grace.jpg", [scanned.folder]
    with Library(scanned.settings, patience=0) as library:
        with locked(scanned.settings.library):
            assert name_in(library, grace) is None
            library.people.move("Grace", [grace])
            assert name_in(library, grace) == "Grace"
            for run in (
                lambda: library.scan(roots),
                lambda: library.reindex(),
                lambda: library.people.enroll("Grace", [grace]),
                lambda: library.roots.forget(scanned.folder),
            ):
                with pytest.raises(LibraryLocked):
                    run()
        with locked(scanned.settings.library, patience=0):  # held only during a call
            pass


def test_a_decision_waits_for_whoever_writes(scanned: Album, clock: Clock) -> None:
    grace, refused, notes = scanned.folder / "grace.jpg", [], list[str]()

    def decide() -> None:
        try:
            Library(scanned.settings, Listeners(note=notes.append)).people.move("Grace", [grace])
        except LibraryLocked as error:
            refused.append((clock.now, str(error)))

    with turn(scanned.settings.library):
        other = threading.Thread(target=decide)
        other.start()
        other.join()
    ((waited, message),) = refused
    assert waited >= DECISION_PATIENCE
    assert re.search(rf"in use by process {os.getpid()}, started \d{{4}}-", message)
    assert notes == [f"{message} Waiting for it."]
    decide()
    assert (len(refused), len(notes)) == (1, 1)


def test_nobody_waits_for_a_journal_that_comes_through_a_pipe(scanned: Album, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with Library(scanned.settings, patience=0) as library, ThreadPoolExecutor() as threads:
        imported = threads.submit(library.people.import_journal, pipe)
        with open(pipe, "wb") as written:  # once it is being read
            library.people.move("Grace", [scanned.folder / "grace.jpg"])
            written.write("\n".join(library.people.journal()).encode())
        assert imported.result().known == 1


def test_what_needs_no_library_needs_none(album: Album, hopper: Path) -> None:
    with Library(album.settings) as library:
        compared = library.verify(hopper, hopper)
        assert getattr(compared, "same", None) is True
        assert any(each.model.model_id == "sface" for each in library.models.list())
        with pytest.raises(NoLibrary):
            library.people.list()
        with pytest.raises(NoLibrary):
            list(library.who([hopper]))
    assert not album.settings.library.exists()


def test_an_empty_name_is_refused_and_a_photo_that_is_none_is_a_failure(scanned: Album) -> None:
    with Library(scanned.settings) as library:
        with pytest.raises(FaceindexError, match="empty name"):
            list(library.who([""]))
        (failed,) = library.who("/no/such.jpg")  # one name, not twelve
        assert isinstance(failed, PhotoFailed)

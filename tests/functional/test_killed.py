"""kill -9 at any moment: the library opens, nothing is wrong with it, and whoever finishes has lost nothing.

The moments are drawn from a seed; so are the rows of a table of how often which job is killed.
"""

import random
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from index.arrays import descriptors_from_blobs
from index.decisions.journal import Journal
from index.decisions.model import Assign, Ignore, new_key
from index.store.opening import open_store
from index.store.store import Access
from pipeline.values import F32
from tests.functional.command import CHECKOUT, CommandLine
from tests.functional.killing import Ended, Killer, Moment
from tests.functional.people import astronaut, landscape, save
from tests.functional.sound import check_sound
from tests.waiting import wait_until

SEED = 20240506

FACTS = {
    "photos": """
        SELECT path, size, mtime_ns, digest, photo.failed_reason, missing_since IS NULL
        FROM photo LEFT JOIN content ON content.id = content_id ORDER BY path""",
    "contents": "SELECT digest, width, height, taken_at, failed_reason FROM content ORDER BY digest",
    "faces": """
        SELECT digest, x, y, w, h, landmarks, confidence, quality, quality_reasons, model, length(vector)
        FROM face JOIN content ON content.id = content_id LEFT JOIN descriptor ON face_id = face.id
        ORDER BY digest, x, model""",
    "verdicts": """
        SELECT digest, x, status, name, decision_id FROM verdict JOIN face ON face.id = face_id
        JOIN content ON content.id = content_id LEFT JOIN person ON person.id = person_id
        ORDER BY digest, x""",
    "recognised": """
        SELECT digest, x, name FROM recognised JOIN face ON face.id = face_id
        JOIN content ON content.id = content_id JOIN person ON person.id = person_id ORDER BY digest, x""",
    "clustered": """
        SELECT digest, x, (SELECT count(*) FROM cluster_face AS other WHERE other.cluster_id = own.cluster_id)
        FROM cluster_face AS own JOIN face ON face.id = face_id JOIN content ON content.id = content_id
        ORDER BY digest, x""",
    "roots": "SELECT path FROM root ORDER BY path",
    "decisions": "SELECT uid, kind, person, name FROM decision ORDER BY id",
    "model": "SELECT model, previous_model FROM library",
}
"""All that a library knows, but for ids and times."""


def facts(library: Path) -> dict[str, list[tuple[object, ...]]]:
    with closing(sqlite3.connect(library)) as connection:
        return {name: connection.execute(query).fetchall() for name, query in FACTS.items()}


def files_beside(library: Path) -> set[str]:
    """The names of a library's files, but for the pictures of faces: a kill may cost them."""
    return {path.name for path in library.parent.iterdir() if ".thumbnails" not in path.name}


def vectors(library: Path) -> F32:
    """The descriptors, in the order of contents and places."""
    with closing(sqlite3.connect(library)) as connection:
        query = f"SELECT vector FROM ({FACTS['faces'].replace('length(vector)', 'vector')})"  # noqa: S608
        blobs = [blob for (blob,) in connection.execute(query)]
    return descriptors_from_blobs(blobs)


@pytest.fixture(scope="module")
def killer(tmp_path_factory: pytest.TempPathFactory, scanned: CommandLine) -> Iterator[Killer]:
    """With a warm cache of networks. No process outlives a job that was killed."""
    killer = Killer(scanned.cache, uuid.uuid4().hex)
    yield killer
    wait_until(lambda: not killer.left_over())
    killer.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven photos that a library knows, one of them twice; see ``change``."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(3):
        save(astronaut(number), folder / f"collins {number}.jpg")
    shutil.copy2(folder / "collins 0.jpg", folder / "copy.jpg")
    save(landscape(), folder / "hills.jpg")
    save(landscape(1), folder / "gone.jpg")
    save(astronaut(20), folder / "old name.jpg")
    return folder


def change(folder: Path, hopper: Path) -> None:
    """What happened since: photos are new, changed, moved, gone, broken."""
    for number in range(4):
        save(astronaut(8 + number), folder / "new" / f"collins {number}.jpg")
    save(landscape(2), folder / "new" / "hills.jpg")
    shutil.copy2(hopper, folder / "new" / "hopper.jpg")
    (folder / "new" / "broken.jpg").write_bytes(hopper.read_bytes()[:9000])
    save(astronaut(30), folder / "hills.jpg", age=1800)
    (folder / "old name.jpg").rename(folder / "new" / "moved.jpg")
    (folder / "gone.jpg").unlink()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, killer: Killer, folder: Path, hopper: Path) -> Path:
    """A library that knows the folder as it was, with names; the folder has changed since."""
    library = tmp_path_factory.mktemp("started") / "library.db"
    library.parent.chmod(0o700)
    killer.run("scan", library, folder)
    with open_store(library, Access.WRITE) as database:
        journal = Journal(database)
        with database.read() as connection:
            rows = connection.exec_driver_sql("SELECT id FROM face ORDER BY id").scalars().all()
        journal.append(Assign(journal.face_keys(rows[:2]), new_key(), "Eileen Collins"))
        journal.append(Ignore(journal.face_keys(rows[2:3])))
    change(folder, hopper)
    return library


def copy_of(library: Path, place: Path) -> Path:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(library.parent, place)
    return place / library.name


def moments(chance: random.Random, whole: Ended) -> Callable[[], Moment]:
    """Draws when to kill a job: at an event, or at a time, from the first to the last of them."""

    def draw() -> Moment:
        if chance.random() < 0.6:
            return Moment(event=chance.randint(1, whole.events))
        return Moment(seconds=chance.uniform(0.001, whole.seconds))

    return draw


@pytest.mark.parametrize(("job", "kills"), [("scan", 24), ("reindex", 16)])
def test_a_killed_run_loses_nothing(
    killer: Killer, started: Path, folder: Path, tmp_path: Path, job: str, kills: int
) -> None:
    arguments = (folder,) if job == "scan" else ()
    reference = copy_of(started, tmp_path / "reference")
    whole = killer.run(job, reference, *arguments)
    expected = facts(reference)
    assert len(expected["faces"]) == 10
    chance = random.Random(SEED)  # noqa: S311
    draw = moments(chance, whole)
    done = 0
    while done < kills:
        library = copy_of(started, tmp_path / "killed")
        for _ in range(chance.randint(2, 5)):  # each goes on where the one before was killed
            done += killer.run(job, library, *arguments, when=draw()).killed
            check_sound(library)
        assert not killer.run(job, library, *arguments).killed
        assert facts(library) == expected
        np.testing.assert_allclose(vectors(library), vectors(reference), atol=0.01)  # batches differ
        check_sound(library)
        assert files_beside(library) == files_beside(reference)


def test_a_killed_first_scan_loses_nothing(
    killer: Killer, folder: Path, started: Path, tmp_path: Path
) -> None:
    reference = tmp_path / "reference" / "library.db"
    whole = killer.run("scan", reference, folder)
    expected = facts(reference)
    chance = random.Random(SEED)  # noqa: S311
    draw = moments(chance, whole)
    library = tmp_path / "killed" / "library.db"
    killed = 0
    while killed < 8:
        killed += killer.run("scan", library, folder, when=draw()).killed
        if library.exists() and library.stat().st_size:
            check_sound(library)
    assert not killer.run("scan", library, folder).killed
    assert facts(library) == expected
    check_sound(library)


def dump(library: Path) -> list[list[str]]:
    """A library as SQL. The constraints of a table that Alembic has made anew stand in any order."""
    with closing(sqlite3.connect(library)) as connection:
        return [sorted(each.removesuffix("\n);").split(", \n\t")) for each in connection.iterdump()]


def test_a_killed_upgrade_changes_nothing_or_is_done(killer: Killer, tmp_path: Path) -> None:
    saved = tmp_path / "saved" / "library.db"
    saved.parent.mkdir(mode=0o700)
    shutil.copy(CHECKOUT / "tests" / "index" / "store" / "sqlite" / "revisions" / "0001.db", saved)
    saved.chmod(0o600)
    with closing(sqlite3.connect(saved)) as connection:
        connection.execute("DELETE FROM vector_index")  # the index file is not saved with it
        connection.commit()
    before = dump(saved)
    reference = copy_of(saved, tmp_path / "reference")
    whole = killer.run("open", reference)
    expected = dump(reference)
    chance = random.Random(SEED)  # noqa: S311
    draw = moments(chance, whole)
    killed = 0
    while killed < 20:
        library = copy_of(saved, tmp_path / "killed")
        for _ in range(chance.randint(1, 4)):
            killed += killer.run("open", library, when=draw()).killed
        assert dump(library) in (before, expected)
        assert not killer.run("open", library).killed
        assert dump(library) == expected
        assert dump(library.with_name("library.db.revision-0001")) == before
        check_sound(library)


def test_a_killed_backup_restore_or_repair_leaves_a_whole_library(
    killer: Killer, started: Path, tmp_path: Path
) -> None:
    library = copy_of(started, tmp_path / "library")
    backup = tmp_path / "copies" / "backup.db"
    backup.parent.mkdir()
    killer.run("backup", library, backup)
    expected = facts(backup)
    with closing(sqlite3.connect(library)) as connection:
        connection.execute("DELETE FROM photo")
        connection.commit()
    emptied = facts(library)
    chance = random.Random(SEED)  # noqa: S311
    for job, states in (("backup", (expected, emptied)), ("restore", (emptied, expected))):
        target = Path(shutil.copy(backup, tmp_path / "b.db"))
        whole = killer.run(job, copy_of(library, tmp_path / "whole"), target)
        draw = moments(chance, whole)
        for _ in range(8):
            killed = copy_of(library, tmp_path / "killed")
            target = Path(shutil.copy(backup, tmp_path / "b.db"))
            killer.run(job, killed, target, when=draw())
            changed = target if job == "backup" else killed
            assert facts(changed) in states
            check_sound(killed)
            killer.run(job, killed, target)
            assert facts(changed) == states[1]
    with open(library, "r+b") as file, closing(sqlite3.connect(library)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'root'"
        file.seek((connection.execute(query).fetchone()[0] - 1) * 4096)
        file.write(bytes(4096))
    whole = killer.run("repair", copy_of(library, tmp_path / "whole"))
    draw = moments(chance, whole)
    for _ in range(8):
        killed = copy_of(library, tmp_path / "killed")
        killer.run("repair", killed, when=draw())
        killer.run("repair", killed)
        check_sound(killed)
        assert facts(killed) == {**emptied, "roots": []}

"""People are named while a scan is at work, which goes on with what was decided."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from faceindex import Library, LibraryLocked, Settings
from tests.functional.command import CHECKOUT, CommandLine, Ran
from tests.functional.halfway import PHOTOS, start_halfway
from tests.functional.sound import check_sound

FACES = -(-PHOTOS // 8)
"""So many of the photos show somebody."""


def done(ran: Ran) -> Ran:
    assert ran.code == 0, ran.err
    return ran


def persons(command: CommandLine) -> dict[str, tuple[int, int]]:
    listed = done(command.run("people", "list", "--json")).objects
    return {each["person"]: (each["confirmed"], each["recognised"]) for each in listed}


def test_people_are_named_and_forgotten_while_a_scan_is_at_work(command: CommandLine, many: Path) -> None:
    """The scan stands still between two batches, so nothing depends on how fast anything is."""
    with start_halfway(command, many) as scan:
        first, second, *others = done(command.run("export")).objects
        assert 0 < len(others) < FACES - 2
        named = done(command.run("people", "move", "Eileen", first["face_id"]))
        assert "more faces recognised" in named.err
        assert persons(command) == {"Eileen": (1, len(others) + 1)}
        done(command.run("people", "move", "Somebody", second["face_id"]))
        done(command.run("people", "forget", "Somebody", "--yes"))
        refused = command.run("reindex")
        assert refused.code == 11
        assert f"process {scan.pid}, started " in refused.complaint
        assert scan.poll() is None
        scan.send_signal(signal.SIGCONT)
        ran = command.end(scan)
    assert (ran.code, ran.err) == (0, "")
    assert ran.summary["photos"]["indexed"] == PHOTOS
    assert persons(command) == {"Eileen": (1, FACES - 2)}
    assert second["photo"] not in {each["photo"] for each in done(command.run("export")).objects}
    assert b"Somebody" not in command.library.read_bytes()
    check_sound(command.library, faces=FACES - 1)


WRITES = """
import sys
from pathlib import Path
from index.store.opening import open_store
from index.store.schema import root
from index.store.store import Access

with open_store(Path(sys.argv[1]), Access.WRITE) as database, database.write() as connection:
    connection.execute(root.insert().values(path=b"/new"))
    print("writes", flush=True)
    sys.stdin.read()
"""


def test_a_decision_is_refused_if_a_batch_never_ends(copied: CommandLine, album: Path) -> None:
    """As where a scan is suspended in the middle of a transaction; nothing is lost of either."""
    settings = Settings.load(library=copied.library, cache_dir=copied.cache)
    with (
        Library(settings, patience=0) as library,
        subprocess.Popen(
            [sys.executable, "-c", WRITES, copied.library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=CHECKOUT,
        ) as scan,
    ):
        assert scan.stdout is not None
        assert scan.stdout.readline() == b"writes\n"
        with pytest.raises(LibraryLocked, match=rf"process {scan.pid}, started \d{{4}}-"):
            library.people.move("Grace", [album / "hopper.jpg"])
        scan.communicate(b"")
        library.people.move("Grace", [album / "hopper.jpg"])
        assert [each.person.name for each in library.people.list()] == ["Grace"]
        assert b"/new" in [each.figures.path for each in library.roots.list()]
    check_sound(copied.library)

"""check, backup and restore as a person types them; damage is real: bytes of real files are overwritten."""

import os
import pty
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from index.decisions.journal import Journal
from index.decisions.model import Assign, new_key
from index.store.opening import open_store
from index.store.store import Access
from tests.functional.command import CHECKOUT, Argument, CommandLine
from tests.functional.people import astronaut, save
from tests.functional.sound import check_sound

REVISION_1 = CHECKOUT / "tests" / "index" / "store" / "sqlite" / "revisions" / "0001.db"
PAGE = 4096


def index_of(command: CommandLine) -> Path:
    (index,) = command.library.parent.glob("*.faiss")
    return index


def change(path: Path, how: Callable[[bytearray], bytes | bytearray]) -> None:
    path.write_bytes(how(bytearray(path.read_bytes())))


def flipped(content: bytearray) -> bytearray:
    content[len(content) // 2] ^= 1
    return content


def spoil_table(library: Path, table: str) -> None:
    """Overwrite the page that a table begins with."""
    with closing(sqlite3.connect(library)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        (page,) = connection.execute(query, (table,)).fetchone()
    with open(library, "r+b") as file:
        file.seek((page - 1) * PAGE)
        file.write(b"\xa5" * PAGE)


def name_everybody(command: CommandLine) -> None:
    """Collins is named by a decision, and Hopper by another."""
    faces = {Path(face["photo"]).name: face["face_id"] for face in command.run("export").objects}
    with open_store(command.library, Access.WRITE) as database:
        journal = Journal(database)
        collins = journal.face_keys([faces["collins.jpg"], faces["collins too.jpg"]])
        journal.append(Assign(collins, new_key(), "Eileen Collins"))
        journal.append(Assign(journal.face_keys([faces["hopper.jpg"]]), new_key(), "Grace Hopper"))


def people(command: CommandLine) -> dict[str, str | None]:
    """Who is in each photo."""
    return {Path(face["photo"]).name: face["person"] for face in command.run("export").objects}


def test_a_sound_library_has_no_faults(copied: CommandLine) -> None:
    before = {path: path.read_bytes() for path in copied.library.parent.iterdir()}
    ran = copied.run("check")
    assert (ran.code, ran.out, ran.err) == (0, "no fault found in 4 photos and 3 faces\n", "")
    (summary,) = copied.run("check", "--json").objects
    assert summary == {
        "event": "summary", "found": 0, "left": 0, "photos": 4, "faces": 3, "undescribed": 0,
    }  # fmt: skip
    assert {path: path.read_bytes() for path in copied.library.parent.iterdir()} == before


def test_a_check_says_on_a_terminal_what_it_looks_at(copied: CommandLine) -> None:
    reading, terminal = pty.openpty()
    with copied.start("check", terminal=terminal) as process:
        os.close(terminal)
        shown = ""
        with suppress(OSError):  # at its end
            while part := os.read(reading, 100_000):
                shown += part.decode(errors="replace")
        assert process.wait() == 0
    os.close(reading)
    for step in ("all pages of the database", "descriptors", "what follows from decisions"):
        assert f"checking {step}" in shown
    assert shown.rstrip().endswith("no fault found in 4 photos and 3 faces")


@pytest.mark.parametrize("damage", ["missing", "truncated", "flipped", "of another library"])
def test_an_index_that_is_not_right_is_found_and_rebuilt_and_never_answers(
    copied: CommandLine, album: Path, tmp_path: Path, damage: str
) -> None:
    index = index_of(copied)
    sound = index.read_bytes()
    if damage == "missing":
        index.unlink()
    elif damage == "of another library":
        other = replace(copied, library=tmp_path / "other" / "library.db")
        assert other.run("scan", "--model", "sface", album / "launch").code == 0
        shutil.copy(index_of(other), index)
    else:
        change(index, flipped if damage == "flipped" else lambda content: content[:-9])
    asked = copied.run("who", "--json", album / "collins.jpg")
    assert str(index) in asked.complaint
    assert "built anew" in asked.complaint
    match, other_match = asked.objects[0]["faces"][0]["matches"]
    assert Path(match["photo"]).name == "collins too.jpg"
    assert match["similarity"] > 0.8 > 0.5 > other_match["similarity"]

    repaired = copied.run("check", "--repair")
    assert repaired.code == 0
    finding, verdict = repaired.out.splitlines()
    assert "the file of the saved index cannot be used" in finding
    assert "; repair: build the index anew" in finding
    assert verdict == "1 fault found, all repaired"
    assert index.read_bytes() == sound
    check_sound(copied.library)


def test_an_index_older_than_the_library_is_not_believed(command: CommandLine, photos: Path) -> None:
    save(astronaut(), photos / "a.jpg")
    command.run("scan", "--model", "sface", photos)
    older = index_of(command).read_bytes()
    for number in (8, 16):
        save(astronaut(number), photos / f"{number}.jpg")
        command.run("scan", photos)
    index_of(command).write_bytes(older)
    (answer,) = command.run("who", "--json", photos / "a.jpg").objects
    assert {Path(match["photo"]).name for match in answer["faces"][0]["matches"]} == {"8.jpg", "16.jpg"}
    (found, _) = command.run("check", "--json").objects
    assert (found["event"], found["kind"]) == ("finding", "index")
    assert command.run("scan", photos).code == 0
    check_sound(command.library)


def test_a_damaged_database_is_told_left_alone_and_repaired_and_the_journal_brings_the_names_back(
    copied: CommandLine, album: Path, tmp_path: Path
) -> None:
    name_everybody(copied)
    before = people(copied)
    assert set(before.values()) == {"Eileen Collins", "Grace Hopper"}
    assert copied.run("people", "export", tmp_path / "journal.jsonl").code == 0
    spoil_table(copied.library, "decision")
    damaged = copied.library.read_bytes()

    found = copied.run("check")
    assert found.code == 1
    assert "the database is damaged" in found.out
    assert "--repair would: save what can be read" in found.out
    failed = copied.run("backup", tmp_path / "copy.db")
    assert (failed.code, str(copied.library) in failed.complaint) == (1, True)
    assert not list(tmp_path.glob("copy.db*"))
    assert copied.library.read_bytes() == damaged

    repaired = copied.run("check", "--repair")
    assert repaired.code == 0
    kept = copied.library.with_name("library.db.damaged")
    assert str(kept) in repaired.out
    assert "lost: decisions: 0 saved, 2 lost at most" in repaired.out
    assert "faceindex people import" in repaired.out
    assert kept.read_bytes() == damaged
    check_sound(copied.library)
    assert people(copied) == dict.fromkeys(before)

    assert copied.run("people", "import", tmp_path / "journal.jsonl").code == 0
    assert people(copied) == before
    check_sound(copied.library)


def test_a_run_on_a_damaged_library_changes_nothing_and_says_what_to_do(
    copied: CommandLine, album: Path, photos: Path
) -> None:
    spoil_table(copied.library, "face")
    damaged = copied.library.read_bytes()
    save(astronaut(9), photos / "new.jpg")
    for arguments in (("scan", photos), ("reindex",), ("reindex", "--model", "sface")):
        ran = copied.run(*arguments)
        assert (ran.code, ran.out) == (1, "")
        assert str(copied.library) in ran.complaint
        assert "faceindex check --repair" in ran.complaint
        assert copied.library.read_bytes() == damaged
    repaired = copied.run("check", "--repair")
    assert repaired.code == 0
    assert "lost: faces: 0 saved, 3 lost at most" in repaired.out
    assert copied.run("scan", "--json", album, photos).summary["faces"] == 4
    check_sound(copied.library)


def test_faults_in_rows_are_told_one_a_line_and_repaired(copied: CommandLine, album: Path) -> None:
    with closing(sqlite3.connect(copied.library)) as connection:
        connection.execute("DELETE FROM content WHERE id = (SELECT content_id FROM face LIMIT 1)")
        connection.execute("UPDATE descriptor SET vector = zeroblob(256) WHERE face_id = 2")
        connection.commit()
    copied.library.chmod(0o644)
    found = copied.run("check", "--json")
    kinds = [each["kind"] for each in found.objects[:-1]]
    assert (found.code, sorted(set(kinds))) == (1, ["descriptors", "permissions", "references"])
    assert all(each["message"] and each["repair"] for each in found.objects[:-1])
    plain = copied.run("check")
    assert len(plain.out.splitlines()) == len(kinds) + 1
    repaired = copied.run("check", "--repair")
    assert repaired.code == 0
    assert "1 face yet to be described: 'faceindex reindex' does it" in repaired.out
    assert copied.run("reindex").code == 0
    assert copied.run("check").out == "no fault found in 4 photos and 3 faces\n"


def test_what_a_check_is_refused(command: CommandLine, copied: CommandLine, album: Path) -> None:
    nowhere = replace(command, library=command.folder / "nowhere" / "library.db")
    for arguments in (("check", "--repair"), ("backup", "b.db")):
        assert nowhere.run(*arguments).code == 10
    assert not nowhere.library.parent.exists()
    notes = replace(command, library=command.folder / "notes.txt")
    notes.library.write_text("these are my notes on faces\n")
    for ran in (notes.run("check", "--repair"), notes.run("restore", copied.library)):
        assert ran.code == 1
        assert str(notes.library) in ran.complaint
        assert "--repair" not in ran.complaint  # it would say the same again
    assert notes.library.read_text() == "these are my notes on faces\n"
    with closing(sqlite3.connect(copied.library)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    for arguments in (("check", "--repair"), ("backup", "b.db")):
        assert copied.run(*arguments).code == 12


def test_a_library_of_the_first_revision_is_upgraded_beside_a_copy(
    command: CommandLine, tmp_path: Path
) -> None:
    command.library.parent.mkdir()
    shutil.copy(REVISION_1, command.library)
    assert "8" in command.run("stats").out
    assert command.library.with_name("library.db.revision-0001").read_bytes()[:16] == b"SQLite format 3\0"
    newer = tmp_path / "newer.db"
    shutil.copy(REVISION_1, newer)
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    for ran in (replace(command, library=newer).run("stats"), command.run("restore", newer)):
        assert ran.code == 12
        assert "newer version" in ran.complaint


def test_backup_and_restore(copied: CommandLine, photos: Path, tmp_path: Path) -> None:
    backup = tmp_path / "copy.db"
    ran = copied.run("backup", backup)
    assert (ran.code, ran.out) == (0, "")
    assert ran.complaint == f"The backup {backup} holds 4 photos, 3 faces, 0 decisions"
    save(astronaut(9), photos / "new.jpg")
    assert copied.run("scan", photos).code == 0
    before = {path: path.read_bytes() for path in copied.library.parent.iterdir()}
    planned = copied.run("restore", "--dry-run", backup)
    assert (planned.code, "would hold 4 photos" in planned.err) == (0, True)
    assert {path: path.read_bytes() for path in copied.library.parent.iterdir()} == before
    (restored,) = copied.run("restore", "--json", backup).objects
    assert (restored["event"], restored["photos"]) == ("restore", 4)
    assert Path(restored["kept"]).read_bytes() == before[copied.library]
    check_sound(copied.library, faces=3)
    (answer,) = copied.run("who", "--json", photos / "new.jpg").objects
    assert len(answer["faces"][0]["matches"]) == 3


def test_a_backup_never_writes_over_anything_but_a_backup(
    copied: CommandLine, album: Path, tmp_path: Path
) -> None:
    backup, photo = tmp_path / "copy.db", Path(shutil.copy(album / "hopper.jpg", tmp_path))
    before = photo.read_bytes()
    assert copied.run("backup", backup).code == 0
    again = copied.run("backup", backup)
    assert (again.code, "--force" in again.complaint) == (2, True)
    assert copied.run("backup", "--force", backup).code == 0
    for target in (photo, copied.library, tmp_path, tmp_path / "gone" / "copy.db"):
        ran = copied.run("backup", "--force", target)
        assert ran.code == 2, target
        assert str(target.parent) in ran.complaint
    assert photo.read_bytes() == before
    for wrong in (photo, tmp_path / "gone.db", copied.library):
        ran = copied.run("restore", wrong)
        assert ran.code in (1, 2)
        assert str(wrong) in ran.complaint
    check_sound(copied.library)


HOLDS = """
import sys
from pathlib import Path
from faceindex.lock import locked
from index.store.opening import open_store
from index.store.schema import root
from index.store.store import Access

path = Path(sys.argv[1])
with locked(path), open_store(path, Access.WRITE) as database, database.write() as connection:
    connection.execute(root.insert().values(path=b"/new"))
    print("held", flush=True)
    sys.stdin.read()
"""


def test_while_a_scan_writes_others_read_and_back_up_but_do_not_repair(
    copied: CommandLine, album: Path, tmp_path: Path
) -> None:
    """The scan is in the middle of a transaction."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, copied.library],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=CHECKOUT,
    ) as scan:
        assert scan.stdout is not None
        assert scan.stdout.readline() == b"held\n"
        hopper, backup = album / "hopper.jpg", tmp_path / "b.db"
        reading: list[tuple[Argument, ...]] = [("stats",), ("check",), ("export",), ("who", hopper)]
        for arguments in reading:
            ran = copied.run(*arguments)
            assert (ran.code, ran.err) == (0, ""), arguments
        assert copied.run("backup", backup).code == 0
        writing: list[tuple[Argument, ...]] = [("check", "--repair"), ("restore", backup), ("scan", album)]
        for arguments in writing:
            ran = copied.run(*arguments)
            assert ran.code == 11
            assert f"process {scan.pid}, started " in ran.complaint
        scan.kill()
    assert copied.run("check", "--repair").code == 0  # the lock has gone with its owner
    assert b"/new" not in copied.library.read_bytes()


def test_reading_goes_on_during_a_real_scan(command: CommandLine, photos: Path, tmp_path: Path) -> None:
    for number in range(80):
        save(astronaut(number), photos / f"{number:02}.jpg")
    reads = 0
    with command.start("scan", "--model", "sface", "--workers", 1, photos) as scan:
        while scan.poll() is None:
            if command.library.exists() and command.library.stat().st_size:
                ran = command.run("export")
                assert (ran.code, ran.err) in ((0, ""), (10, ran.err)), ran
                reads += ran.code == 0
        command.end(scan)
    assert reads > 0
    assert len(command.run("export").objects) == 80

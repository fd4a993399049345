"""Bad input: one plain line that names the file, the right exit code, and no traceback."""

import re
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.functional.command import CHECKOUT, CommandLine
from tests.functional.people import astronaut, jpeg, landscape, save
from tests.functional.rights import without_privileges


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that are no photos, each for a reason of its own, and one that is."""
    folder = tmp_path_factory.mktemp("broken")
    whole = jpeg(astronaut())
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("dear diary\n")
    (folder / "whole.jpg").write_bytes(whole)
    return folder


REASONS = {
    "empty.jpg": "empty",
    "text.jpg": "not-an-image",
    "truncated.jpg": "truncated",
}


def test_broken_photos_are_listed_once_and_then_counted_and_the_others_are_indexed(
    command: CommandLine, broken: Path
) -> None:
    first = command.run("scan", "--model", "sface", broken)
    assert (first.code, len(first.err.splitlines())) == (3, len(REASONS))
    for name, line in zip(REASONS, first.err.splitlines(), strict=True):
        assert line.startswith(f"Failed: {broken / name}: ")
    assert "4 seen, 1 indexed, 3 failed" in first.out
    again = command.run("scan", broken)
    assert (again.code, again.complaint) == (
        3,
        "3 photos still cannot be read (1 empty, 1 no image, 1 truncated): "
        "'faceindex stats --failed' lists them",
    )
    second = command.run("scan", "--json", broken)
    assert (second.code, second.err) == (3, "")
    assert {Path(each["photo"]).name: each["reason"] for each in second.objects[:-1]} == REASONS
    assert not any(each["new"] for each in second.objects[:-1])
    assert (second.summary["photos"]["unchanged"], second.summary["photos"]["failed"]) == (1, 3)
    listed = command.run("stats", "--failed").out.splitlines()
    assert [line.partition(": ")[0] for line in listed] == [str(broken / name) for name in REASONS]


def test_a_photo_that_lacks_its_end_is_read_and_noted(command: CommandLine, photos: Path) -> None:
    whole = jpeg(landscape(1, 640, 480))
    (photos / "cut.jpg").write_bytes(whole[: int(len(whole) * 0.97)])
    ran = command.run("scan", "--model", "sface", photos)
    note = r"its last \d+ % are missing: the file ends early"
    assert ran.code == 0
    assert re.fullmatch(rf"Note: {re.escape(str(photos / 'cut.jpg'))}: {note}", ran.complaint)
    assert "1 seen, 1 indexed" in ran.out
    with sqlite3.connect(command.library) as library:
        ((recorded,),) = library.execute("SELECT note FROM content").fetchall()
    assert re.fullmatch(note, recorded)
    assert command.run("scan", photos).err == ""
    (answer,) = command.run("who", "--json", photos / "cut.jpg").objects
    assert answer["note"] == recorded
    (photos / "cut.jpg").write_bytes(whole[: int(len(whole) * 0.971)])
    event, _ = command.run("scan", "--json", photos).objects
    assert (event["event"], event["photo"]) == ("incomplete", str(photos / "cut.jpg"))


def test_who_says_what_is_wrong_with_each_and_answers_the_rest(scanned: CommandLine, broken: Path) -> None:
    gone = broken / "gone.jpg"
    names = [broken / name for name in REASONS]
    ran = scanned.run("who", *names, gone, broken)
    assert ran.code == 3
    lines = ran.err.splitlines()
    for name, line in zip([*names, gone, *names], lines, strict=True):
        assert line.startswith(f"Failed: {name}: ")
    assert "there is no such file" in lines[len(names)]
    assert ran.out.startswith(f"{broken / 'whole.jpg'}: 1 face")


def test_who_json_reports_failures_among_the_answers(scanned: CommandLine, broken: Path) -> None:
    ran = scanned.run("who", "--json", broken / "text.jpg", broken / "gone.jpg")
    assert [(each["event"], each["reason"]) for each in ran.objects] == [
        ("failed", "not-an-image"),
        ("failed", "vanished"),
    ]
    assert (ran.code, ran.err) == (3, "")


def test_an_unreadable_photo_is_read_by_the_next_scan_that_may(command: CommandLine, photos: Path) -> None:
    secret = save(astronaut(), photos / "secret.jpg")
    secret.chmod(0)
    there = replace(command, wrapper=without_privileges())
    ran = there.run("scan", "--model", "sface", "--json", photos)
    assert (ran.code, ran.objects[0]["reason"]) == (3, "unreadable")
    secret.chmod(0o600)
    assert command.run("scan", "--json", photos).summary["photos"]["indexed"] == 1


def test_a_folder_that_cannot_be_listed_is_named_and_its_photos_are_kept(
    command: CommandLine, photos: Path
) -> None:
    save(astronaut(), photos / "locked" / "a.jpg")
    command.run("scan", "--model", "sface", photos)
    (photos / "locked").chmod(0)
    ran = replace(command, wrapper=without_privileges()).run("scan", "--json", photos)
    (photos / "locked").chmod(0o700)
    assert str(photos / "locked") in ran.complaint
    assert ran.summary["photos"]["missing"] == 0


MISUSE: list[tuple[tuple[str, ...], int, str]] = [
    (("scan", "gone"), 2, "gone cannot be scanned: no such file or directory"),
    (("scan", "/dev/null"), 2, "/dev/null cannot be scanned"),
    (("scan", ""), 2, "empty name"),
    (("scan", "--model", "nope", "."), 2, "no model called 'nope'"),
    (("scan", "--runtime", "nope", "."), 2, "runtime"),
    (("scan", "--max-megapixels", "inf", "."), 2, "max_megapixels"),
    (("scan", "--smallest-face", "3", "."), 2, "smallest_face"),
    (("export", "--format", "npz"), 2, "name a file"),
    (("models", "fetch", "nope"), 2, "no model called 'nope'"),
    (("models", "fetch", "vggface2-resnet50", "--from", "gone.h5"), 2, "gone.h5"),
    (("models", "fetch", "vggface2-resnet50"), 13, "vggface2-resnet50 could not be fetched"),
    (("scan", "--model", "vggface2-resnet50", "."), 13, "faceindex models fetch vggface2-resnet50"),
    (("who", "a.jpg"), 10, "there is no library at"),
    (("stats",), 10, "faceindex scan"),
    (("export",), 10, "there is no library at"),
    (("--config", "gone.toml", "stats"), 2, "gone.toml"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), MISUSE, ids=[" ".join(each[0]) for each in MISUSE])
def test_misuse(command: CommandLine, arguments: tuple[str, ...], code: int, said: str) -> None:
    ran = command.run(*arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.complaint
    assert ran.code == 13 or not command.library.parent.exists()  # no library for a slip of the pen


def test_a_library_belongs_to_one_model(scanned: CommandLine, album: Path) -> None:
    ran = scanned.run("scan", "--model", "facenet", album)
    assert ran.code == 2
    assert str(scanned.library) in ran.complaint
    assert "belongs to the model sface, not to facenet" in ran.complaint


def test_a_library_of_a_newer_version_is_left_alone(copied: CommandLine, album: Path) -> None:
    with sqlite3.connect(copied.library) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = copied.library.read_bytes()
    for arguments in (("stats",), ("scan", album)):
        ran = copied.run(*arguments)
        assert ran.code == 12
        assert str(copied.library) in ran.complaint
        assert "newer version" in ran.complaint
    assert copied.library.read_bytes() == before


def test_a_library_that_is_none(command: CommandLine, album: Path) -> None:
    command.library.parent.mkdir()
    command.library.write_text("these are my notes on faces\n")
    for arguments in (("stats",), ("scan", album)):
        ran = command.run(*arguments)
        assert ran.code == 1
        assert ran.complaint.startswith(f"Error: {command.library} cannot be used as a library")
    assert command.library.read_text() == "these are my notes on faces\n"


def test_a_library_that_another_run_holds(copied: CommandLine, album: Path) -> None:
    holds = "import sys; from pathlib import Path; from faceindex.lock import locked\n"
    holds += "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", holds, copied.library],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=CHECKOUT,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        ran = copied.run("scan", album)
        asked = copied.run("stats")
        other.communicate(b"")
    assert ran.code == 11
    assert str(copied.library) in ran.complaint
    assert re.search(rf"process {other.pid}, started \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d", ran.complaint)
    assert asked.code == 0  # who only reads need not wait
    assert copied.run("scan", album).code == 0  # and the lock has gone with its process


@pytest.mark.parametrize("name", ["marked", "marked.txt", "marked.psd", "marked.gif"])
def test_annotate_wants_an_ending_that_it_can_write(
    scanned: CommandLine, album: Path, tmp_path: Path, name: str
) -> None:
    ran = scanned.run("who", album / "collins.jpg", "--annotate", tmp_path / name)
    assert (ran.code, ran.out) == (2, "")
    assert name in ran.complaint
    assert not (tmp_path / name).exists()


def test_annotate_never_writes_over_a_photo(scanned: CommandLine, album: Path, tmp_path: Path) -> None:
    new = save(astronaut(4), tmp_path / "new.jpg")
    link = tmp_path / "link.jpg"
    link.symlink_to(album / "hopper.jpg")
    before = {photo: photo.read_bytes() for photo in (new, *album.glob("*.jpg"))}
    for photo, target in ((new, new), (new, album / "hopper.jpg"), (new, link)):
        ran = scanned.run("who", photo, "--annotate", target)
        assert (ran.code, ran.out) == (2, "")
        assert f"{target} is one of your photos" in ran.complaint
    assert before == {photo: photo.read_bytes() for photo in before}


def test_a_place_that_cannot_be_written_to(scanned: CommandLine, album: Path, tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "faces.npz"
    ran = scanned.run("export", "--format", "npz", target)
    assert ran.code == 1
    assert ran.complaint == f"Error: {target} cannot be written: No such file or directory."
    marked = tmp_path / "nowhere" / "marked.jpg"
    ran = scanned.run("-q", "who", album / "hopper.jpg", "--annotate", marked)
    assert ran.code == 1
    assert str(marked) in ran.complaint


def test_only_verbose_shows_a_traceback(command: CommandLine) -> None:
    plain, verbose = command.run("stats"), command.run("-v", "stats")
    assert len(plain.err.splitlines()) == 1
    assert "Traceback (most recent call last)" in verbose.err
    assert verbose.err.splitlines()[-1] == plain.err.splitlines()[-1]


def test_quiet_leaves_results_and_errors(command: CommandLine, photos: Path) -> None:
    save(landscape(), photos / "a.jpg")
    (photos / "empty.jpg").touch()
    loud = command.run("scan", photos)
    assert "The library's model is" in loud.err
    command.library.unlink()
    quiet = command.run("-q", "scan", photos)
    assert quiet.complaint.startswith("Failed: ")
    assert quiet.out == ""


def test_a_damaged_index_file_is_rebuilt_and_never_believed(copied: CommandLine, album: Path) -> None:
    before = copied.run("who", "--json", album / "collins.jpg")
    (index,) = copied.library.parent.glob("*.faiss")
    content = bytearray(index.read_bytes())
    content[-20] ^= 1
    index.write_bytes(content)
    ran = copied.run("who", "--json", album / "collins.jpg")
    assert ran.objects == before.objects
    assert str(index) in ran.complaint
    assert "built anew" in ran.complaint
    copied.run("scan", album)
    assert copied.run("scan", album).err == ""


def test_an_empty_library_says_how_to_fill_it(command: CommandLine, photos: Path, album: Path) -> None:
    assert command.run("scan", "--model", "vggface2-resnet50", photos).code == 13
    ran = command.run("who", album / "hopper.jpg")
    assert ran.code == 1
    assert "faceindex scan FOLDER" in ran.complaint

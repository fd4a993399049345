"""Without an extra of the package, its files are left out, counted, and read as soon as it is installed."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.functional.command import CHECKOUT, CommandLine
from tests.functional.people import astronaut

pillow_heif = pytest.importorskip("pillow_heif")

WITHOUT = """
import sys
for name in ("pillow_heif", "rawpy", "av"):
    sys.modules[name] = None
"""

NEEDED = "HEIC files need faceindex[heic], which is not installed: pip install 'faceindex[heic]'"


def save_heic(path: Path, variety: int = 0) -> None:
    """Write a portrait as HEIC, as if long ago: a scan reads one that is quite new once more."""
    pillow_heif.from_pillow(astronaut(variety)).save(path)
    os.utime(path, (1_000_000_000 + variety, 1_000_000_000 + variety))


@pytest.fixture
def bare(command: CommandLine, tmp_path: Path) -> CommandLine:
    """The command line of an installation without extras."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WITHOUT)
    path = filter(None, (str(folder), str(CHECKOUT), os.environ.get("PYTHONPATH")))
    return replace(command, environment={"PYTHONPATH": os.pathsep.join(path)})


def test_films_behind_photos_need_the_extra_for_films(bare: CommandLine, album: Path) -> None:
    refused = bare.run("scan", "--model", "sface", "--motion", album)
    assert refused.code == 2
    assert refused.complaint == "Error: --motion needs the extra video: pip install 'faceindex[video]'."
    assert bare.run("scan", "--no-motion", album).code == 0


def test_files_of_an_extra_are_left_out_until_it_is_installed(
    bare: CommandLine, command: CommandLine, photos: Path
) -> None:
    portrait = photos / "portrait.heic"
    save_heic(portrait)
    (photos / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom")
    (photos / "letter.pdf").write_bytes(b"%PDF-1.7")
    said = "1 HEIC (faceindex[heic] is not installed), 1 video (faceindex[video] is not installed), 1 PDF"
    first = bare.run("scan", "--model", "sface", photos)
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines()[-1] == f"Left out: {said}"
    assert f"Left out          {said}" in bare.run("stats").out
    dry = bare.run("scan", "--dry-run", photos)
    assert f"skip  {portrait}  (HEIC: faceindex[heic] is not installed)" in dry.out
    assert dry.complaint == f"Left out: {said}"
    asked = bare.run("who", portrait)
    assert (asked.code, asked.complaint) == (3, f"Failed: {portrait}: {NEEDED}")
    folder = bare.run("who", photos)
    assert folder.err.splitlines()[0] == f"Left out: {said.removesuffix(', 1 PDF')}"
    summary = command.run("scan", "--json", photos).summary
    assert (summary["photos"]["indexed"], summary["faces"]) == (1, 1)
    assert {"kind": "PDF", "files": 1, "needs": None} in summary["left_out"]
    assert all(each["kind"] != "HEIC" for each in summary["left_out"])


def test_a_known_photo_stays_when_its_extra_is_gone(
    bare: CommandLine, command: CommandLine, photos: Path
) -> None:
    portrait = photos / "portrait.heic"
    save_heic(portrait)
    command.run("scan", "--model", "sface", photos)
    kept = bare.run("scan", "--json", photos).summary
    assert (kept["photos"]["unchanged"], kept["library"]["faces"]) == (1, 1)
    save_heic(portrait, 1)
    changed = bare.run("scan", photos)
    assert (changed.code, changed.complaint) == (3, f"Failed: {portrait}: {NEEDED}")
    assert "1 photo, 1 face" in changed.out
    back = command.run("scan", "--json", photos).summary
    assert (back["photos"]["failed"], back["library"]["faces"]) == (0, 1)

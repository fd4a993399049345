"""A person names somebody in films, finds them again, and looks at pictures of the right moments."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.functional.command import CommandLine
from tests.functional.people import astronaut

films = pytest.importorskip("tests.functional.films")
sound_film = pytest.importorskip("tests.pipeline.films").sound_film


@pytest.fixture
def clips(photos: Path, hopper: Path) -> Path:
    """Eileen alone, twice; and Eileen, then nobody, then both at once."""
    eileen = astronaut().resize((200, 200))
    with Image.open(hopper) as picture:
        grace = picture.convert("RGB").resize((200, 240))
    films.save_film(photos / "alone.mp4", [(2, [(eileen, 20)]), (2, []), (2, [(eileen, 200)])])
    films.save_film(photos / "both.mp4", [(2, [(eileen, 10)]), (1, []), (2, [(eileen, 10), (grace, 240)])])
    return photos


def test_somebody_is_enrolled_from_a_film_found_in_another_and_drawn(
    command: CommandLine, clips: Path
) -> None:
    refused = command.run("people", "enroll", "Eileen", clips / "both.mp4")
    assert refused.code == 3
    assert "both.mp4: it shows 2 people: say whom with --face" in refused.err
    assert command.run("people", "enroll", "Eileen", clips / "alone.mp4").code == 0
    assert command.run("scan", clips).code == 0
    found = command.run("find", "Eileen", "--moments")
    assert found.out.splitlines() == [
        f"{clips / 'alone.mp4'} 0:00-0:01, 0:04-0:05",
        f"{clips / 'both.mp4'} 0:00-0:01, 0:03-0:04",
    ]
    title, heading, eileen, other = command.run("who", clips / "both.mp4").out.splitlines()
    assert title == f"{clips / 'both.mp4'}: 3 faces (480 x 320 pixels, 0:05)"
    assert heading.split() == ["who", "when", "faces"]
    assert eileen.split() == ["Eileen", "0:00-0:01,", "0:03-0:04", "1,", "2"]
    assert other.split() == ["?", "0:03-0:04", "3"]
    sheet = command.folder / "sheet.png"
    shown = command.run("people", "show", "Eileen", "--sheet", sheet)
    assert shown.out.splitlines()[1].endswith(f"{clips / 'alone.mp4'}  0:00-0:01")
    with Image.open(sheet) as drawn:
        tiles = [
            np.asarray(drawn.crop((left, 6, left + 128, 134)).convert("L"), float)
            for left in range(6, drawn.width - 128, 134)
        ]
    assert len(tiles) == 4
    # Each tile shows her: none is of a moment at which she is not seen.
    assert min(np.corrcoef(tiles[0].ravel(), each.ravel())[0, 1] for each in tiles) > 0.8
    drawn_film = command.folder / "both.png"
    assert command.run("who", clips / "both.mp4", "--annotate", drawn_film).code == 0
    with Image.open(drawn_film) as picture:
        assert picture.size == (3 * 134 + 6, 128 + 2 * 20 + 12)


def test_a_tracklet_is_decided_about_by_its_number(command: CommandLine, clips: Path) -> None:
    assert command.run("scan", "--model", "sface", clips).code == 0
    both = clips / "both.mp4"
    assert command.run("people", "move", "Grace", f"{both}:3").code == 0
    assert command.run("people", "move", "Eileen", f"{both}:1", f"{both}:2").code == 0
    (face, *_) = command.run("people", "show", "Grace", "--json").objects
    assert set(face["moment"]) == {"start", "end", "best"}
    assert len(face["box"]) == 4
    assert command.run("find", "Eileen", "--with", "Grace", "--moments").out == f"{both} 0:03-0:04\n"
    assert command.run("people", "not-a-face", face["face_id"]).code == 0
    assert command.run("who", both).out.splitlines()[-1].startswith("not a face")
    assert command.run("people", "undo").code == 0
    logged = command.run("people", "log", "--json").objects
    assert logged[0]["faces"][0]["moment"]["best"] == face["moment"]["best"]
    why = command.run("why", both, "--face", 3)
    assert "Grace (confirmed)" in why.out
    assert "seen 0:03-0:04" in why.out


def test_a_film_of_sound_alone_is_left_out(command: CommandLine, photos: Path) -> None:
    for number, cover in enumerate((False, True, True)):  # two have the same content
        (photos / f"song{number}.mp4").write_bytes(sound_film(cover))
    for _ in range(2):
        scanned = command.run("scan", "--model", "sface", photos)
        assert (scanned.code, scanned.err) == (0, "")
        assert scanned.out.splitlines()[-1] == "Left out: 3 sound files"
    named = command.run("who", photos / "song0.mp4")
    assert named.code == 3
    assert named.complaint.endswith("it holds no picture of a supported format: sound file")

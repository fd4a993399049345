"""The identifier that a live photo shares with its film."""

from pathlib import Path

import pytest

from pipeline.decoding.decoders import Decoders
from pipeline.decoding.films.live_film import live_photo_of_film
from pipeline.sources.photo_file_access import OpenPhoto
from tests.functional.people import landscape
from tests.pipeline.live_photos import IDENTIFIER, apple_note, live_film, live_jpeg
from tests.pipeline.pictures import photo_file, written

MEDIA = Path("../shared/media")


def live_photo(path: Path) -> str | None:
    with Decoders() as decoders, decoders.lend() as decoder, OpenPhoto(photo_file(path)) as photo:
        return decoder.decode(photo, 100).live_photo


def test_it_is_read_from_both(tmp_path: Path) -> None:
    photo, film = (
        written(tmp_path / "a.jpg", live_jpeg(landscape())),
        written(tmp_path / "b.mov", live_film()),
    )
    assert live_photo(tmp_path / "a.jpg") == live_photo_of_film(film) == IDENTIFIER
    assert live_photo_of_film(photo) is None


@pytest.mark.parametrize(
    "note",
    [
        b"Nikon\0" + apple_note(IDENTIFIER.encode())[6:],
        apple_note(IDENTIFIER.encode())[:-37],
        apple_note(b""),
        apple_note(b"\x1b[2J"),
        apple_note(b"a" * 5000),
        b"Apple iOS\0",
    ],
    ids=["another camera", "cut", "empty", "control characters", "too long", "nothing"],
)
def test_a_note_that_has_none_costs_nothing(tmp_path: Path, note: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(live_jpeg(landscape(), note=note))
    assert live_photo(tmp_path / "a.jpg") is None


@pytest.mark.parametrize("keep", [0, 10, 200, 1100, -1])
def test_a_film_that_is_cut_has_none(tmp_path: Path, keep: int) -> None:
    assert live_photo_of_film(written(tmp_path / "a.mov", live_film()[:keep])) is None


def test_a_film_that_is_gone_has_none(tmp_path: Path) -> None:
    file = written(tmp_path / "a.mov", live_film())
    (tmp_path / "a.mov").unlink()
    assert live_photo_of_film(file) is None


@pytest.mark.skipif(not MEDIA.is_dir(), reason="the samples in ../shared/media are not here")
def test_those_of_a_phone_agree() -> None:
    pytest.importorskip("pillow_heif")
    found = live_photo(MEDIA / "IMG_7943.HEIC")
    assert found == IDENTIFIER == live_photo_of_film(photo_file(MEDIA / "IMG_7943_HEVC.MOV"))

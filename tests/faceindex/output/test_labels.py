"""Labels on marked photos: whole names, inside the picture, in every script."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from faceindex.output.annotated_photo import annotate, mark_faces
from faceindex.output.text_line import lay_out
from faceindex.results import Answer, Certainty, Identity, KnownFace
from faceindex.settings import Settings
from pipeline.values import Box, PhotoFile
from tests.faceindex.schemas.results import ANNA, DESCRIPTOR, PHOTO
from tests.functional.people import save

LONG = "Maximiliane Theodora von und zu Hohenstein-Łukaszewicz "


@pytest.fixture(autouse=True)
def _no_fonts_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


def known(name: str, box: Box, certainty: Certainty = Certainty.CONFIRMED) -> KnownFace:
    described = replace(DESCRIPTOR, face=replace(DESCRIPTOR.face, box=box))
    return KnownFace(described, Identity(certainty, replace(ANNA, name=name)), ())


def marked(size: tuple[int, int], *faces: KnownFace) -> NDArray[np.int64]:
    """Mark faces on a grey photo, and return its pixels, [h, w, 3]."""
    picture = Image.new("RGB", size, (96, 96, 96))
    assert mark_faces(picture, faces) == frozenset()
    return np.asarray(picture, int)


def ink(pixels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what letters cover, [h, w], cut to it: blue is 96 beside labels, 32 on them, 255 in letters."""
    return cut(pixels[:, :, 2])


def written(text: str, size: float) -> NDArray[np.int64]:
    """Return the same of a text alone."""
    return cut((32 + np.asarray(lay_out(text).mask(size), int) / 255 * (255 - 32)).round().astype(int))


def cut(blue: NDArray[np.int64]) -> NDArray[np.int64]:
    coverage = blue.clip(96, 255) - 96
    rows, columns = np.nonzero(coverage > 40)
    return coverage[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def alike(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    return one.shape == other.shape and bool(abs(one - other).max() <= 1)


@pytest.mark.parametrize(
    "name",
    ["Zoë Łukasz", "Иван", "王小明", "می\u200cنا", "דוד (Dan)", "राहुल", "สมชาย ปื้", "👨\u200d👩\u200d👧"],
)
@pytest.mark.parametrize(
    "box",
    [
        Box(300, 200, 60, 80),
        Box(-20, -30, 70, 80),
        Box(570, 200, 60, 80),
        Box(0, 380, 50, 60),
        Box(5, 0, 590, 400),
    ],
    ids=["inside", "corner", "right edge", "below", "all of it"],
)
def test_a_label_has_the_whole_name(name: str, box: Box) -> None:
    assert alike(ink(marked((600, 400), known(name, box))), written(name, 12))


@pytest.mark.parametrize(("certainty", "ending"), [(Certainty.CONFIRMED, "…"), (Certainty.PROBABLE, "…?")])
def test_a_name_wider_than_the_photo_is_cut(certainty: Certainty, ending: str) -> None:
    drawn = ink(marked((120, 90), known(LONG, Box(70, 30, 20, 25), certainty)))
    assert any(alike(drawn, written(LONG[:kept] + ending, 12)) for kept in range(len(LONG)))
    assert 90 < drawn.shape[1] < 120


def test_a_very_long_name_does_not_hide_the_others() -> None:
    short, long = known("Bo", Box(400, 200, 60, 80)), known(LONG * 3, Box(100, 200, 60, 80))
    both, alone = marked((2000, 400), short, long), marked((2000, 400), short)
    assert (both[160:200, 400:420] == alone[160:200, 400:420]).all()  # its label
    assert (both[:, 1100:] == alone[:, 1100:]).all()


@pytest.mark.parametrize("size", [(1, 1), (8, 500), (500, 8)])
def test_a_label_may_be_larger_than_the_photo(size: tuple[int, int]) -> None:
    assert (marked(size, known("Zoë", Box(0, 0, 4, 4))) != 96).any()


def test_letters_that_no_font_has_are_named_once(tmp_path: Path) -> None:
    photo = save(Image.new("RGB", (600, 400)), tmp_path / "photo.jpg")
    found = photo.stat()
    file = PhotoFile(os.fsencode(photo), found.st_size, found.st_mtime_ns)
    faces = tuple(known("A\U00013000\ue123", Box(number, 50, 40, 40)) for number in (50, 200))
    notes: list[str] = []
    settings = Settings.load(library=tmp_path / "none.db")
    annotate(Answer(replace(PHOTO, file=file), faces), tmp_path / "marked.png", settings, notes.append)
    (note,) = notes
    assert "has \ue123 (U+E123), \U00013000 (U+13000 EGYPTIAN HIEROGLYPH A001), drawn as \ufffd." in note
    assert "install fontconfig" in note

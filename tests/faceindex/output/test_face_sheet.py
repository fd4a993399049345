"""A sheet of faces shows each of them upright, however its photo lies."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from faceindex.output.face_sheet import SheetFace, draw_sheet
from faceindex.settings import Settings
from index.values import FaceRecord
from pipeline.values import DecodedPhoto, DetectedFace, Quality
from tests.pipeline.faces import HOPPER, hopper, tilted


def record(number: int, photo: DecodedPhoto, face: DetectedFace, folder: Path) -> FaceRecord:
    path = folder / f"{number}.png"
    Image.fromarray(photo.pixels).save(path)
    return FaceRecord(
        number, bytes(32), os.fsencode(path), False, face.box, face.landmarks, 1.0, Quality(1.0, ())
    )


@pytest.mark.parametrize("degrees", [45, 90, 180, 225])
def test_a_tilted_face_is_drawn_upright(degrees: float, tmp_path: Path) -> None:
    faces = [
        record(1, hopper(), HOPPER, tmp_path),
        record(2, *tilted(hopper(), HOPPER, degrees), tmp_path),
    ]
    assert (
        draw_sheet([SheetFace.of_record(each) for each in faces], tmp_path / "sheet.png", Settings.load())
        == 2
    )
    with Image.open(tmp_path / "sheet.png") as sheet:
        upright, turned = (
            np.asarray(sheet.crop((left + 44, 50, left + 84, 90)).convert("L"), float) for left in (6, 140)
        )
    assert np.corrcoef(upright.ravel(), turned.ravel())[0, 1] > 0.6

"""Films of the people whose pictures packages ship."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("av")

from tests.pipeline.encoded_films import encoded_film

SIZE = (480, 320)

_PER_SECOND = 8


def save_film(path: Path, shots: Sequence[tuple[float, Sequence[tuple[Image.Image, int]]]]) -> Path:
    """Write a film: each shot lasts some seconds, and shows pictures at places from the left, which move."""
    frames = []
    for number, (seconds, people) in enumerate(shots):
        for step in range(round(seconds * _PER_SECOND)):
            frame = Image.new("RGB", SIZE, (60, 80 + 60 * (number % 2), 90))
            for picture, left in people:
                frame.paste(picture, (left + step, 40))
            frames.append(np.asarray(frame))
    encoded_film(path, frames, _PER_SECOND, keyframe_every=_PER_SECOND)
    return path

"""Films made from photos of people: what a scan of a minute takes."""

import sys
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from benchmarks.process import CACHE, Finished, run
from pipeline.values import U8

SIZE = (1920, 1080)
FRAMES_A_SECOND = 30
SHOT_SECONDS = 6
"""Each photo is shown for so long; a hard cut follows."""

KEYFRAMES = 250
"""Frames between two keyframes where nothing changes: what x264 does if it is not told otherwise."""


def make_film(photos: Sequence[Path], seconds: int, path: Path) -> None:
    """Write an H.264 film in which a camera moves over photos, one after another, with a grain of its own."""
    grain = np.random.default_rng(0).integers(-6, 7, (4, SIZE[1], SIZE[0], 1), np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FRAMES_A_SECOND)
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.gop_size = KEYFRAMES
        stream.options = {"preset": "veryfast", "crf": "23"}
        stream.time_base = Fraction(1, FRAMES_A_SECOND)
        for number, picture in enumerate(_pictures(photos, seconds)):
            noisy = np.clip(picture.astype(np.int16) + grain[number % len(grain)], 0, 255).astype(np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(noisy, "rgb24")):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)


def _pictures(photos: Sequence[Path], seconds: int) -> Iterator[U8]:
    for shot in range(-(-seconds // SHOT_SECONDS)):
        with Image.open(photos[shot % len(photos)]) as image:
            scale = 1.25 * max(SIZE[0] / image.width, SIZE[1] / image.height)
            large = image.convert("RGB").resize((round(scale * image.width), round(scale * image.height)))
        frames = SHOT_SECONDS * FRAMES_A_SECOND
        room = large.width - SIZE[0], large.height - SIZE[1]
        for frame in range(min(frames, seconds * FRAMES_A_SECOND - shot * frames)):
            x, y = (round(each * frame / frames) for each in room)
            yield np.asarray(large.crop((x, y, x + SIZE[0], y + SIZE[1])))


def scan(film: Path, library: Path, *options: str) -> Finished:
    """Scan a film into a library of its own, as a person would."""
    command = [sys.executable, "-m", "faceindex", "--library", str(library), "scan", str(film), *options]
    return run([*command, "--json"], {"FACEINDEX_CACHE_DIR": str(CACHE)})

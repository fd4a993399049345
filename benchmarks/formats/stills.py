"""Photos of one picture in several formats: what decoding each takes, and which faces are found."""

import io
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.decoding import children
from pipeline.decoding.decoders import Decoder, Decoders
from pipeline.detection.detector import Detector
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import DetectedFace, PhotoFile
from tests.pipeline.heic_files import heic
from tests.pipeline.raw_pictures import dng, jpeg

TWELVE_MEGAPIXELS = (4032, 3024)
TWENTY_FOUR_MEGAPIXELS = (6000, 4000)

DECODED_AT_ONCE = 5
"""Times that a photo is decoded for one figure: the kernel counts a reader's time in hundredths."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of one decoding, medians: of the processor, both processes, and by the clock."""

    processor: float
    wall: float


def mosaic(photos: Sequence[Path], size: tuple[int, int]) -> Image.Image:
    """A picture of photos as they are, side by side: as much detail as a camera gives."""
    picture = Image.new("RGB", size)
    x = y = height = 0
    for photo in cycle(photos):
        with Image.open(photo) as image:
            picture.paste(image.convert("RGB"), (x, y))
        x, height = x + image.width, max(height, image.height)
        if x >= size[0]:
            x, y, height = 0, y + height, 0
        if y >= size[1]:
            break
    return picture


def of_twelve_megapixels(photos: Sequence[Path]) -> Mapping[str, bytes]:
    """A picture in formats that phones write, by the ending of the name."""
    image = mosaic(photos, TWELVE_MEGAPIXELS)
    contents = {"jpg": jpeg(np.asarray(image)), "heic": heic(image, quality=60)}
    contents["avif"] = saved(image, "AVIF", quality=60, speed=9)
    return contents


def of_twenty_four_megapixels(photos: Sequence[Path]) -> Mapping[str, bytes]:
    """A picture as a JPEG, and as a DNG with that JPEG as its preview, and without."""
    pixels = np.asarray(mosaic(photos, TWENTY_FOUR_MEGAPIXELS))
    picture = jpeg(pixels)
    return {"jpg": picture, "preview.dng": dng(pixels, preview=picture), "dng": dng(pixels)}


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def written(contents: Mapping[str, bytes], folder: Path, name: str) -> dict[str, Path]:
    paths = {kind: folder / f"{name}.{kind}" for kind in contents}
    for kind, content in contents.items():
        paths[kind].write_bytes(content)
    return paths


def costs(paths: Sequence[Path], long_edge: int | None, rounds: int) -> list[Cost]:
    """What decoding each photo takes, in turn; the first round does not count."""
    with Decoders() as decoders, decoders.lend() as decoder:
        runs = [[_cost(decoder, path, long_edge) for path in paths] for _ in range(rounds + 1)][1:]
    return [
        Cost(
            1000 * statistics.median(each.processor for each in of_path),
            1000 * statistics.median(each.wall for each in of_path),
        )
        for of_path in zip(*runs, strict=True)
    ]


def faces(detector: Detector, path: Path) -> tuple[DetectedFace, ...]:
    """The faces that are found in a photo."""
    with Decoders() as decoders, decoders.lend() as decoder, _opened(path) as photo:
        return detector.detect(decoder.decode(photo, None))


def _cost(decoder: Decoder, path: Path, long_edge: int | None) -> Cost:
    with _opened(path) as photo:
        photo.digest()
        decoder.decode(photo, long_edge)  # it makes memory
        processor, wall = _processor_seconds(), time.perf_counter()
        for _ in range(DECODED_AT_ONCE):
            decoder.decode(photo, long_edge)
        spent = _processor_seconds() - processor, time.perf_counter() - wall
        return Cost(*(each / DECODED_AT_ONCE for each in spent))


def _processor_seconds() -> float:
    """Of this process and its only reader, with threads that have ended (proc(5), stat)."""
    (reader,) = children()
    fields = Path(f"/proc/{reader}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _opened(path: Path) -> OpenPhoto:
    found = path.stat()
    return OpenPhoto(PhotoFile(os.fsencode(path), found.st_size, found.st_mtime_ns))

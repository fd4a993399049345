"""Files that hang, crash or bloat the decoder, among good ones: each has its outcome, and the run goes on."""

import os
import struct
import zlib
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.decoding.decoders import DecoderOptions, Decoders
from pipeline.values import (
    DecodedPhoto,
    DetectedFace,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    Reason,
    Size,
)
from tests.pipeline import faults
from tests.pipeline.fakes import FakeDetector, picture, run, runner
from tests.pipeline.pictures import encoded, noise, written

pytestmark = pytest.mark.slow

HOSTILE = {
    "segfault": Reason.CRASHED,
    "hang": Reason.TIMED_OUT,
    "eat": Reason.OUT_OF_MEMORY,
    "exit": Reason.CRASHED,
    "killed": Reason.KILLED,
    "raise": Reason.CRASHED,
}


def decoders(seconds: float) -> Decoders:
    return Decoders(DecoderOptions(seconds=seconds, entry=faults.ENTRY))


@pytest.fixture
def photos(tmp_path: Path) -> list[PhotoFile]:
    """Thirty good photos."""
    return [written(tmp_path / f"{number:02}.png", picture(number)) for number in range(30)]


@pytest.mark.parametrize("workers", [1, 3])
def test_each_has_its_outcome_and_the_others_are_none_the_worse(
    tmp_path: Path, photos: list[PhotoFile], workers: int
) -> None:
    hostile = [
        written(tmp_path / f"{fault} {workers}.png", picture(100 + at)) for at, fault in enumerate(HOSTILE)
    ]
    files = [*photos[:3], *hostile[:3], *photos[3:20], *hostile[3:], *photos[20:]]
    outcomes = run(runner(FakeDetector(), workers=workers, decoders=decoders(1.5)), files)
    assert [outcome.file for outcome in outcomes] == files
    undisturbed = run(runner(FakeDetector(), workers=workers), photos)
    for before, outcome in zip(undisturbed, (each for each in outcomes if each.file in photos), strict=True):
        assert isinstance(before, PhotoIndexed)
        assert isinstance(outcome, PhotoIndexed)
        np.testing.assert_array_equal(outcome.faces[0].vector, before.faces[0].vector)
    failed = [outcome for outcome in outcomes if isinstance(outcome, PhotoFailed)]
    assert [outcome.reason for outcome in failed] == list(HOSTILE.values())
    for outcome in failed:
        assert (outcome.digest is None) == (outcome.reason is Reason.KILLED)


def test_a_quarantined_photo_costs_no_time_any_more(tmp_path: Path) -> None:
    """Its content is known by its digest, under any name."""
    hanging = [written(tmp_path / f"hang {number}.png", picture(1)) for number in range(4)]
    outcomes = run(runner(FakeDetector(), workers=1, decoders=decoders(1)), hanging)
    assert [type(outcome) for outcome in outcomes] == [PhotoFailed] + [PhotoKnown] * 3
    assert isinstance(outcomes[0], PhotoFailed)
    digest = outcomes[0].digest
    assert digest is not None
    assert sorted(len(tries(file)) for file in hanging) == [0, 0, 0, 2]  # whichever was read first
    again = run(runner(FakeDetector(), workers=1, decoders=decoders(60)), hanging, frozenset({digest}))
    assert [type(outcome) for outcome in again] == [PhotoKnown] * 4
    assert sorted(len(tries(file)) for file in hanging) == [0, 0, 0, 2]


def tries(photo: PhotoFile) -> list[str]:
    """The processes that tried to decode a photo."""
    file = Path(os.fsdecode(photo.path)).with_suffix(".tries")
    return file.read_text().splitlines() if file.exists() else []


def test_other_photos_do_not_wait_for_one_that_hangs(tmp_path: Path, photos: list[PhotoFile]) -> None:
    class Telling(FakeDetector):
        def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
            faces = super().detect(photo)
            if len(self.seen) == len(photos):
                (tmp_path / "crash-when-told.told").touch()
            return faces

    detector = Telling()
    hanging = written(tmp_path / "crash-when-told.png", picture(100))
    fast = runner(detector, workers=2, decoders=decoders(60))
    with closing(fast.run([hanging, *photos], lambda _: False)) as outcomes:
        assert isinstance(next(outcomes), PhotoFailed)
        assert len(detector.seen) == len(photos)


def black_png(width: int, height: int) -> bytes:
    """A picture that is a thousand times smaller than its pixels, which no encoder has to hold."""
    packer = zlib.compressobj(1)
    rows = [packer.compress(bytes((1 + width * 3) * 100)) for _ in range(height // 100)]
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", b"".join(rows) + packer.flush()),
        (b"IEND", b""),
    )
    blocks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(blocks)


def test_bombs_and_panoramas(tmp_path: Path) -> None:
    """300 megapixels, under the cap, are read; a picture that holds less than it says is not."""
    panorama = Image.new("L", (30_000, 10_000), 128)
    panorama.paste(Image.fromarray(noise(2000, 2000)).convert("L"), (20_000, 4_000))
    files = [
        written(tmp_path / "a panorama.jpg", encoded(panorama, "JPEG", quality=50)),
        written(tmp_path / "b black.png", black_png(30_000, 10_000)),
        written(tmp_path / "c empty.webp", webp_of_nothing(16_383)),
        written(tmp_path / "d small.png", picture(1)),
    ]
    outcomes = run(runner(FakeDetector(), workers=2, long_edge=1600), files)
    for outcome in outcomes[:2]:
        assert isinstance(outcome, PhotoIndexed)
        assert outcome.size == Size(30_000, 10_000)
    assert isinstance(outcomes[2], PhotoFailed)
    assert outcomes[2].reason is Reason.CORRUPT
    assert isinstance(outcomes[3], PhotoIndexed)


def webp_of_nothing(edge: int) -> bytes:
    """A canvas of that many pixels squared, and a picture of one."""
    size = (edge - 1).to_bytes(3, "little")
    frame = encoded(Image.new("RGB", (16, 16)), "WEBP")[12:]
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + size * 2 + frame
    return b"RIFF" + struct.pack("<I", len(body)) + body

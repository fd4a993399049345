"""What is read ahead of the threads that examine it."""

from functools import partial
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from PIL import Image

from pipeline.decoding.decoders import Decoders
from pipeline.examination import Contents, ExaminationOptions, Examiner
from pipeline.networks import NetworkLoader, Networks
from pipeline.sources.photo_file_access import FIRST_BYTES, OpenPhoto
from pipeline.timing import StageClock
from pipeline.values import PhotoFile, PhotoSkipped
from tests.pipeline.fakes import PROTOCOL, SIDE, FakeDetector, FakeEmbedder
from tests.pipeline.pictures import encoded, noise, written
from tests.waiting import SECONDS, is_blocked, wait_until


@pytest.fixture
def examiner(monkeypatch: pytest.MonkeyPatch) -> Examiner:
    """One that reads no second long photo ahead."""
    monkeypatch.setattr("pipeline.examination.AHEAD_BYTES", FIRST_BYTES)
    clock = StageClock()
    networks = NetworkLoader(lambda: Networks(FakeDetector(), FakeEmbedder()), clock)
    return Examiner(networks, Decoders(), ExaminationOptions(SIDE, PROTOCOL), clock)


@pytest.fixture
def long_photos(tmp_path: Path) -> list[PhotoFile]:
    pictures = [encoded(Image.fromarray(noise(256, 256, seed)), "BMP") for seed in range(2)]
    assert len(pictures[0]) > FIRST_BYTES
    return [written(tmp_path / f"{seed}.bmp", content) for seed, content in enumerate(pictures)]


@pytest.mark.parametrize("release", ["examine", "drop"])
def test_the_bytes_that_are_read_ahead_are_bounded(
    examiner: Examiner, long_photos: list[PhotoFile], tmp_path: Path, release: str
) -> None:
    contents = Contents(lambda _: False)
    first = examiner.read(long_photos[0], contents)
    assert isinstance(first, OpenPhoto)
    seconds: list[object] = []
    thread = Thread(target=lambda: seconds.append(examiner.read(long_photos[1], contents)), daemon=True)
    thread.start()
    wait_until(partial(is_blocked, thread))
    text = written(
        tmp_path / "a.pdf", b"%PDF-1.7" + bytes(2 * FIRST_BYTES)
    )  # not read, so nothing to wait for
    assert isinstance(examiner.read(text, contents), PhotoSkipped)
    assert not seconds
    if release == "drop":
        examiner.drop(first)
    else:
        examiner.examine(first, contents)
    thread.join(SECONDS)
    (second,) = seconds
    assert isinstance(second, OpenPhoto)
    examiner.drop(second)


def test_the_content_is_in_memory_and_the_file_closed_before_it_is_examined(
    examiner: Examiner, long_photos: list[PhotoFile]
) -> None:
    photo = examiner.read(long_photos[0], Contents(lambda _: False))
    assert isinstance(photo, OpenPhoto)
    assert photo.is_kept
    content = np.fromfile(f"/dev/fd/{photo.descriptor()}", np.uint8)
    assert content.tobytes() == Path(long_photos[0].path.decode()).read_bytes()
    examiner.drop(photo)

"""The runner, with small fakes for detector and embedder: it sees to it that every file has one outcome."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from itertools import cycle, islice, repeat
from pathlib import Path
from threading import Barrier, Event, Timer
from time import monotonic

import numpy as np
import PIL
import pytest
from PIL import Image, ImageFilter

from pipeline.decoding.decoders import DecoderOptions, Decoders
from pipeline.decoding.readers import decoder_of
from pipeline.description import quality
from pipeline.description.crop import cut
from pipeline.errors import ModelError
from pipeline.examination import ExaminationOptions
from pipeline.models.registry import SFACE, CropProtocol
from pipeline.networks import Networks
from pipeline.runner import UNDER_WAY, Runner, _FileFeed
from pipeline.values import (
    U8,
    DateSource,
    DecodedPhoto,
    DetectedFace,
    Outcome,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
    Reason,
)
from tests.pipeline.fakes import PROTOCOL, SIDE, FakeDetector, FakeEmbedder, face_at, picture, run, runner
from tests.pipeline.pictures import decoded, encoded, noise, photo_file, written
from tests.waiting import SECONDS, wait_until

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workers", [1, 4])
def test_one_outcome_a_file_in_the_order_of_the_files(photos: list[PhotoFile], workers: int) -> None:
    outcomes = run(runner(FakeDetector(), workers=workers), photos)
    assert [outcome.file for outcome in outcomes] == photos
    for outcome in outcomes:
        assert isinstance(outcome, PhotoIndexed)
        (described,) = outcome.faces
        assert described.model_id == "fake"
        assert np.linalg.norm(described.vector) == pytest.approx(1)


def test_each_face_gets_the_descriptor_of_its_own_crop(photos: list[PhotoFile]) -> None:
    """However the crops of several photos came to be in one batch."""
    detector = FakeDetector(faces=(face_at(2, 2, 20), face_at(30, 30, 24), face_at(5, 35, 16)))
    outcomes = run(runner(detector), photos)
    alone = FakeEmbedder()
    for file, outcome in zip(photos, outcomes, strict=True):
        assert isinstance(outcome, PhotoIndexed)
        photo = decoded(file)
        for face, described in zip(detector.faces, outcome.faces, strict=True):
            expected = alone.embed(cut(photo, face, alone.protocol)[None])[0]
            assert described.face is face
            np.testing.assert_allclose(described.vector, expected, atol=1e-6)


def test_whatever_happens_to_a_file_it_has_its_outcome(tmp_path: Path) -> None:
    whole = written(tmp_path / "a whole.png", picture(1))
    known = written(tmp_path / "b known.png", picture(2))
    files = [
        whole,
        known,
        written(tmp_path / "c truncated.png", picture(3)[:900]),
        written(tmp_path / "d empty.png", b""),
        written(tmp_path / "e text.txt", b"no photo"),
        written(tmp_path / "f text.png", b"no photo"),
        replace(whole, path=bytes(tmp_path / "g gone.png")),
        replace(written(tmp_path / "h changed.png", picture(4)), mtime_ns=1),
        written(tmp_path / "i large.png", picture(5, edge=200)),
        written(tmp_path / "j last.png", picture(6)),
    ]
    decoders = Decoders(DecoderOptions(pixel_cap=10_000))
    outcomes = run(runner(FakeDetector(), decoders=decoders), files, frozenset({digest(known)}))
    assert [outcome.file for outcome in outcomes] == files
    reasons = [outcome.reason if isinstance(outcome, PhotoFailed) else type(outcome) for outcome in outcomes]
    assert reasons == [
        PhotoIndexed,
        PhotoKnown,
        Reason.TRUNCATED,
        Reason.EMPTY,
        PhotoSkipped,
        Reason.NOT_AN_IMAGE,
        Reason.VANISHED,
        Reason.CHANGED,
        Reason.TOO_LARGE,
        PhotoIndexed,
    ]
    for outcome in outcomes:
        if isinstance(outcome, PhotoFailed):
            assert (outcome.digest is not None) == outcome.reason.lies_in_content


def test_outcomes_name_the_decoder_and_the_detector(tmp_path: Path) -> None:
    indexed, truncated, unread, text = run(
        runner(FakeDetector()),
        [
            written(tmp_path / "a.png", picture(1)),
            written(tmp_path / "b.png", picture(2)[:900]),
            written(tmp_path / "c.psd", b"8BPS\x00\x01" + bytes(99)),
            written(tmp_path / "d.png", b"no photo"),
        ],
    )
    pillow = f"png pillow {PIL.__version__}, revision 2"
    assert isinstance(indexed, PhotoIndexed)
    assert (indexed.decoder, indexed.detector) == (pillow, "fake")
    failures = [each.decoder for each in (truncated, text) if isinstance(each, PhotoFailed)]
    assert failures == [pillow, decoder_of(None)]
    assert isinstance(unread, PhotoSkipped)
    assert (unread.kind, unread.needs, unread.decoder) == ("Photoshop", None, "photoshop none")
    assert f"pillow {PIL.__version__}" in decoder_of(None)
    assert isinstance(text, PhotoFailed)
    assert text.message == "its name is that of an image, but it is a text: rename or remove it"


def digest(file: PhotoFile) -> bytes:
    return decoded(file).digest


def test_known_content_is_not_decoded(photos: list[PhotoFile]) -> None:
    detector = FakeDetector()
    outcomes = run(runner(detector), photos, frozenset(digest(file) for file in photos[5:]))
    assert [type(outcome) for outcome in outcomes] == [PhotoIndexed] * 5 + [PhotoKnown] * 15
    assert sorted(file.path for file in detector.seen) == [file.path for file in photos[:5]]


@pytest.mark.parametrize("workers", [1, 8])
def test_content_met_twice_is_examined_once(tmp_path: Path, workers: int) -> None:
    files = [written(tmp_path / f"{number:02}.png", picture(number % 3)) for number in range(24)]
    detector = FakeDetector(seconds=0.02)  # so that the copies come while the first is being looked at
    outcomes = run(runner(detector, workers=workers), files)
    assert len(detector.seen) == 3
    assert [type(outcome) for outcome in outcomes] == [PhotoIndexed] * 3 + [PhotoKnown] * 21
    for number, outcome in enumerate(outcomes[3:]):
        first = outcomes[number % 3]
        assert isinstance(outcome, PhotoKnown)
        assert isinstance(first, PhotoIndexed)
        assert outcome.digest == first.digest
    assert [outcome.file for outcome in outcomes] == files


def test_the_first_file_of_a_content_is_the_one_that_is_indexed(tmp_path: Path) -> None:
    """Whichever of them a worker came to first."""
    for attempt in range(10):
        files = [written(tmp_path / f"{number}.png", picture(100 + attempt)) for number in range(4)]
        outcomes = run(runner(FakeDetector(), workers=4), files)
        assert [type(outcome) for outcome in outcomes] == [PhotoIndexed] + [PhotoKnown] * 3


def test_a_photo_without_a_date_is_dated_by_its_own_name(tmp_path: Path) -> None:
    names = ("1.png", "IMG_20190704_123045.png", "IMG-20010203-WA0001.jpg", "IMG_20020304_000000.jpg")
    exif = Image.Exif()
    exif[0x0132] = "2024:01:01 00:00:00"  # the day of the last change
    edited = encoded(Image.fromarray(noise(64, 64)), "JPEG", exif=exif)
    exif.get_ifd(0x8769)[0x9003] = "1998:05:06 07:08:09"
    whole = encoded(Image.fromarray(noise(64, 64, 1)), "JPEG", exif=exif)
    contents = (picture(1), picture(1), edited, whole)
    files = [written(tmp_path / name, content) for name, content in zip(names, contents, strict=True)]

    outcomes = run(runner(FakeDetector()), files)

    dates = [
        (each.taken_at, each.taken_from) for each in outcomes if isinstance(each, PhotoIndexed | PhotoKnown)
    ]
    assert dates == [
        (None, None),
        (datetime(2019, 7, 4, 12, 30, 45), DateSource.FILE_NAME),
        (datetime(2001, 2, 3), DateSource.FILE_NAME),
        (datetime(1998, 5, 6, 7, 8, 9), DateSource.ORIGINAL),
    ]


@pytest.mark.parametrize("workers", [1, 4])
def test_broken_content_met_twice_fails_once_and_is_known_then(tmp_path: Path, workers: int) -> None:
    broken = picture(1)[:900]
    files = [written(tmp_path / f"{number}.png", broken) for number in range(6)]
    outcomes = run(runner(FakeDetector(), workers=workers), files)
    assert [type(outcome) for outcome in outcomes] == [PhotoFailed] + [PhotoKnown] * 5
    assert isinstance(outcomes[0], PhotoFailed)
    assert {outcome.digest for outcome in outcomes[1:] if isinstance(outcome, PhotoKnown)} == {
        outcomes[0].digest
    }


def test_a_copy_of_a_file_that_cannot_be_read_is_read_itself(tmp_path: Path) -> None:
    changed = replace(written(tmp_path / "a.png", picture(1)), mtime_ns=1)
    outcomes = run(runner(FakeDetector()), [changed, written(tmp_path / "b.png", picture(1))])
    assert [type(outcome) for outcome in outcomes] == [PhotoFailed, PhotoIndexed]


@pytest.mark.parametrize("workers", [1, 4])
def test_a_bug_ends_the_run_with_its_own_error(
    photos: list[PhotoFile], workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.runner.UNDER_WAY", 2)
    detector = FakeDetector(bug={photos[7].path: ValueError("a bug")})
    outcomes: list[Outcome] = []
    with pytest.raises(ValueError, match="a bug"):
        outcomes.extend(runner(detector, workers=workers).run(photos, lambda _: False))
    assert len(detector.seen) <= 8 + workers * 2  # those under way, and no new ones


def test_a_bug_met_by_two_workers_at_once_does_not_hang_the_run(tmp_path: Path) -> None:
    files = [written(tmp_path / f"{number}.png", picture(1)) for number in range(8)]
    bugs: dict[bytes, Exception] = {file.path: ValueError("a bug") for file in files}
    with pytest.raises(ValueError, match="a bug"):
        run(runner(FakeDetector(bug=bugs, seconds=0.02)), files)


def test_no_more_files_are_taken_than_are_under_way(photos: list[PhotoFile]) -> None:
    taken: list[PhotoFile] = []

    def files() -> Iterator[PhotoFile]:
        for file in cycle(photos):
            taken.append(file)
            yield file

    embedder = FakeEmbedder(batch_size=1)
    with closing(runner(FakeDetector(), embedder, workers=2).run(files(), lambda _: False)) as outcomes:
        next(outcomes)
        wait_until(lambda: len(taken) == 2 * UNDER_WAY + 1)  # and the feed waits then
        next(outcomes)
        assert len(taken) <= 2 * UNDER_WAY + 2


def test_a_photo_has_its_outcome_while_the_next_file_is_still_looked_for(photos: list[PhotoFile]) -> None:
    """Its face waits for no batch that may never be full."""
    has_outcome = Event()

    def files() -> Iterator[PhotoFile]:
        yield photos[0]
        assert has_outcome.wait(60)
        yield photos[1]

    embedder = FakeEmbedder(batch_size=8)
    outcomes = runner(FakeDetector(), embedder).run(files(), lambda _: False)
    assert next(outcomes).file == photos[0]
    has_outcome.set()
    assert [outcome.file for outcome in outcomes] == [photos[1]]


def test_an_error_of_the_crawl_comes_after_the_outcomes_of_the_files_before_it(
    photos: list[PhotoFile],
) -> None:
    def files() -> Iterator[PhotoFile]:
        yield from photos[:3]
        raise OSError("the disk is gone")

    outcomes = runner(FakeDetector(), FakeEmbedder(batch_size=1)).run(files(), lambda _: False)
    assert [outcome.file for outcome in islice(outcomes, 3)] == photos[:3]
    with pytest.raises(OSError, match="the disk is gone"):
        next(outcomes)


def test_closing_does_not_wait_for_the_next_file(photos: list[PhotoFile]) -> None:
    closed = Event()

    def files() -> Iterator[PhotoFile]:
        yield photos[0]
        closed.wait(60)

    outcomes = runner(FakeDetector()).run(files(), lambda _: False)
    next(outcomes)
    outcomes.close()
    assert not closed.is_set()
    closed.set()


def test_an_endless_crawl_has_outcomes(tmp_path: Path) -> None:
    file = written(tmp_path / "a.png", picture(1))
    with closing(runner(FakeDetector()).run(repeat(file), lambda _: False)) as outcomes:
        assert [type(outcome) for outcome in islice(outcomes, 5)] == [PhotoIndexed] + [PhotoKnown] * 4


def test_networks_are_loaded_once_and_only_for_a_photo_that_is_new(
    tmp_path: Path, photos: list[PhotoFile]
) -> None:
    loaded: list[int] = []
    networks = Networks(FakeDetector(), FakeEmbedder())

    def load() -> Networks:
        loaded.append(1)
        if len(loaded) == 1:
            raise ModelError("the weights are not there yet")
        return networks

    lazy = Runner(load, 2, ExaminationOptions(64, networks.embedder.protocol))
    text = written(tmp_path / "a.txt", b"no photo")
    assert [type(each) for each in run(lazy, [text])] == [PhotoSkipped]
    assert [type(each) for each in lazy.run(photos, lambda _: True)] == [PhotoKnown] * len(photos)
    assert not loaded
    with pytest.raises(ModelError, match="not there yet"):
        run(lazy, photos[:1])
    assert [type(each) for each in run(lazy, photos)] == [PhotoIndexed] * len(photos)
    assert len(loaded) == 2


@pytest.mark.parametrize("protocol", [SFACE.crop, PROTOCOL])
def test_the_crop_that_faces_are_judged_by_serves_a_model_that_wants_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: CropProtocol
) -> None:
    cuts: list[CropProtocol] = []

    def counted(photo: DecodedPhoto, face: DetectedFace, protocol: CropProtocol) -> U8:
        cuts.append(protocol)
        return cut(photo, face, protocol)

    monkeypatch.setattr(quality, "cut", counted)
    embedder = FakeEmbedder(protocol=protocol)
    file = written(tmp_path / "a.png", picture(1))
    (outcome,) = run(runner(FakeDetector(), embedder), [file])
    assert isinstance(outcome, PhotoIndexed)
    assert cuts == list(dict.fromkeys([SFACE.crop, protocol]))
    photo, face = decoded(file), outcome.faces[0].face
    np.testing.assert_array_equal(embedder.batches[0][0], cut(photo, face, protocol))
    assert outcome.faces[0].quality == quality.crop_and_assess(photo, face, SFACE.crop).quality


def test_closing_early_stops_the_workers_after_the_photo_in_hand(photos: list[PhotoFile]) -> None:
    released = Event()

    class Slow(FakeDetector):
        def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
            faces = super().detect(photo)
            if photo.file != photos[0]:
                released.wait(20)
            return faces

    detector = Slow()
    outcomes = runner(detector, FakeEmbedder(batch_size=1), workers=2).run(photos, lambda _: False)
    next(outcomes)
    Timer(1.0, released.set).start()  # long after the run began to end, also on a busy machine
    outcomes.close()
    assert released.is_set()
    assert len(detector.seen) <= 1 + 2


def test_workers_are_really_side_by_side(photos: list[PhotoFile]) -> None:
    together = Barrier(4, timeout=20)

    class Meeting(FakeDetector):
        def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
            together.wait()  # breaks unless four come
            return super().detect(photo)

    assert len(run(runner(Meeting(), workers=4), photos)) == len(photos)


def run_once_found(runner: Runner, photos: list[PhotoFile]) -> list[Outcome]:
    """Run photos, none of which is examined before all are found."""
    are_found = Event()

    def files() -> Iterator[PhotoFile]:
        yield from photos
        are_found.set()

    return list(runner.run(files(), lambda _: not are_found.wait(60)))


def test_crops_are_described_in_full_batches_across_photos(photos: list[PhotoFile]) -> None:
    embedder = FakeEmbedder(batch_size=8)
    run_once_found(runner(FakeDetector(), embedder), photos)
    assert [len(batch) for batch in embedder.batches] == [8, 8, 4]
    assert {batch.shape[1:] for batch in embedder.batches} == {(SIDE, SIDE, 3)}
    assert {batch.dtype for batch in embedder.batches} == {np.dtype(np.uint8)}


def test_crops_that_fill_no_batch_wait_for_the_next_one(photos: list[PhotoFile]) -> None:
    detector = FakeDetector(faces=(face_at(4, 4, 24), face_at(30, 4, 24), face_at(4, 30, 24)))
    embedder = FakeEmbedder(batch_size=8)
    outcomes = run_once_found(runner(detector, embedder), photos)
    assert [outcome.file for outcome in outcomes] == photos
    assert [len(outcome.faces) for outcome in outcomes if isinstance(outcome, PhotoIndexed)] == [3] * 20
    assert [len(batch) for batch in embedder.batches] == [8] * 7 + [4]


def test_photos_without_faces_wait_for_no_batch(
    photos: list[PhotoFile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.runner.UNDER_WAY", 4)
    detector, embedder = FakeDetector(faces=()), FakeEmbedder(batch_size=8)
    with closing(runner(detector, embedder, workers=1).run(photos, lambda _: False)) as outcomes:
        next(outcomes)
        assert len(detector.seen) <= 4 + 1
    assert not embedder.batches


def test_one_face_does_not_hold_up_the_outcomes_of_many_photos(tmp_path: Path) -> None:
    """A folder of landscapes after one portrait: nothing would be recorded, nor shown, before its end."""
    files = [written(tmp_path / f"{number:03}.png", picture(number, edge=16)) for number in range(300)]

    class Portrait(FakeDetector):
        def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
            faces = super().detect(photo)
            return faces if photo.file == files[0] else ()

    detector = Portrait(faces=(face_at(0, 0, SIDE),))
    started = runner(detector, FakeEmbedder(batch_size=8), workers=1)
    with closing(started.run(files, lambda _: False)) as outcomes:
        next(outcomes)
        assert len(detector.seen) < len(files) / 2


def sharpness(crop: U8) -> float:
    blurred = np.asarray(Image.fromarray(crop).filter(ImageFilter.BoxBlur(1)), np.float32)
    return float(np.abs(crop.astype(np.float32) - blurred).mean())


def test_a_small_face_is_cut_from_larger_pixels_than_it_was_sought_in(tmp_path: Path) -> None:
    content = encoded(Image.fromarray(noise(512, 512)), "JPEG", quality=95)
    file = written(tmp_path / "large.jpg", content)
    small = face_at(200, 200, SIDE)  # as many pixels as its crop: nothing is to be lost
    detector, embedder = FakeDetector(faces=(small,)), FakeEmbedder()
    (outcome,) = run(runner(detector, embedder, long_edge=64), [file])
    assert isinstance(outcome, PhotoIndexed)
    (crop,) = embedder.batches[0]
    from_copy = cut(decoded(file, 64), small, embedder.protocol)
    from_photo = cut(decoded(file), small, embedder.protocol)
    np.testing.assert_array_equal(crop, from_photo)
    assert sharpness(crop) > 2 * sharpness(from_copy)


def test_a_large_face_is_cut_from_the_copy_it_was_sought_in(tmp_path: Path) -> None:
    file = written(tmp_path / "large.jpg", encoded(Image.fromarray(noise(512, 512)), "JPEG", quality=95))
    large = face_at(100, 100, 256)
    embedder = FakeEmbedder()
    run(runner(FakeDetector(faces=(large,)), embedder, long_edge=64), [file])
    np.testing.assert_array_equal(embedder.batches[0][0], cut(decoded(file, 64), large, embedder.protocol))


def test_the_file_of_an_outcome_is_the_one_that_was_given(tmp_path: Path) -> None:
    file = written(tmp_path / "a.png", picture(1))
    assert [outcome.file for outcome in run(runner(FakeDetector()), [file])] == [
        photo_file(tmp_path / "a.png")
    ]


def test_closing_waits_a_while_for_the_file_that_is_being_looked_for(photos: list[PhotoFile]) -> None:
    looking, ended = Event(), Event()

    def files() -> Iterator[PhotoFile]:
        yield photos[0]
        looking.set()
        stopping.wait(60)
        ended.set()
        yield photos[1]

    stopping = Event()
    feed = _FileFeed(files(), 2)
    assert looking.wait(60)
    Timer(0.1, stopping.set).start()
    feed.stop(monotonic() + SECONDS)
    assert ended.is_set()


LOADS_FOR_EVER = """
import signal, sys, threading
from contextlib import closing
from pathlib import Path
from pipeline.examination import ExaminationOptions
from pipeline.runner import Runner
from tests.pipeline.fakes import PROTOCOL, SIDE
from tests.pipeline.pictures import photo_file

def load():
    print("loading", flush=True)
    threading.Event().wait()

signal.signal(signal.SIGINT, signal.default_int_handler)
files = [photo_file(Path(name)) for name in sys.argv[1:]]
runner = Runner(load, workers=2, options=ExaminationOptions(SIDE, PROTOCOL))
try:
    with closing(runner.run(files, lambda _: False)) as outcomes:
        next(outcomes)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_does_not_wait_for_networks_that_are_being_loaded(photos: list[PhotoFile]) -> None:
    command = [sys.executable, "-c", LOADS_FOR_EVER, *(os.fsdecode(photo.path) for photo in photos)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=SECONDS)
    assert (process.returncode, output) == (0, "interrupted\n")

"""Films are decoded in readers: their header, their frames one by one, and whatever can befall a reader."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from blake3 import blake3
from PIL import Image

from pipeline.decoding.decoders import Decoder, DecoderOptions, Decoders
from pipeline.decoding.films.film import Film, FilmEnd, FilmRequest
from pipeline.decoding.films.film_digest import read_film
from pipeline.errors import PhotoError
from pipeline.sources import photo_file_access
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import DateSource, Reason, Size
from tests.pipeline import film_faults
from tests.pipeline.films import Make, film, seen
from tests.pipeline.pictures import encoded, noise, written

pytestmark = pytest.mark.slow

LONG = Make(scenes=(2.0, 2.0), metadata={"creation_time": "2019-07-04T10:20:30Z"})


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoders(DecoderOptions()) as decoders, decoders.lend() as decoder:
        yield decoder


@pytest.fixture(scope="module")
def content() -> bytes:
    return film(LONG)


def moments(found: Film) -> list[float]:
    return [each.moment for each in found]


class TestFrames:
    def test_they_are_those_of_the_decoder_itself(
        self, tmp_path: Path, decoder: Decoder, content: bytes
    ) -> None:
        here = seen(content)
        with (
            OpenPhoto(written(tmp_path / "a.mp4", content)) as photo,
            decoder.open_film(photo, FilmRequest()) as found,
        ):
            assert found.header.size == Size(160, 96)
            assert found.header.duration == 4
            assert found.header.taken_at == datetime(2019, 7, 4, 10, 20, 30, tzinfo=UTC)
            assert found.header.taken_from is DateSource.CONTAINER
            there = []
            for each, pixels in zip(found, here.frames, strict=True):
                assert each.size == found.header.size
                assert each.scale == 1
                np.testing.assert_array_equal(each.pixels, pixels)
                there.append((each.moment, each.after_cut))
            assert found.end == FilmEnd(4.0, None)
        assert there == [(0.0, False), (1.0, False), (2.0, True), (3.0, False)]

    def test_a_frame_stays_until_the_next_is_asked_for(
        self, tmp_path: Path, decoder: Decoder, content: bytes
    ) -> None:
        """However long that takes: the reader may decode one more meanwhile, and no more."""
        with (
            OpenPhoto(written(tmp_path / "a.mp4", content)) as photo,
            decoder.open_film(photo, FilmRequest(per_second=10)) as found,
        ):
            frames = iter(found)
            first, second = next(frames), None
            before = first.pixels.copy()
            for _ in range(3):
                second = next(frames)
            assert second is not None
            after = second.pixels.copy()
            with OpenPhoto(photo.file) as other:
                read_film(other)  # takes a while
            np.testing.assert_array_equal(second.pixels, after)
            assert (before != after).any()

    def test_a_film_may_be_left_early_and_the_reader_goes_on(
        self, tmp_path: Path, decoder: Decoder, content: bytes
    ) -> None:
        file = written(tmp_path / "a.mp4", content)
        for taken in (0, 1, 2, 4):
            with OpenPhoto(file) as photo, decoder.open_film(photo, FilmRequest()) as found:
                frames = iter(found)
                for _ in range(taken):
                    next(frames)
        with OpenPhoto(file) as photo, decoder.open_film(photo, FilmRequest(start=2.5)) as found:
            assert moments(found) == [3]
        still = written(tmp_path / "b.png", encoded(Image.fromarray(noise(60, 40)), "PNG"))
        with OpenPhoto(still) as photo:
            assert decoder.decode(photo, None).size == Size(60, 40)

    def test_large_frames_are_reduced(self, tmp_path: Path, decoder: Decoder) -> None:
        file = written(tmp_path / "a.mp4", film(Make(size=(640, 360), scenes=(0.1,))))
        with OpenPhoto(file) as photo, decoder.open_film(photo, FilmRequest(long_edge=320)) as found:
            (frame,) = found
            assert (frame.size, frame.scale) == (Size(640, 360), 0.5)
            assert frame.pixels.shape == (180, 320, 3)

    def test_the_frame_of_a_moment_is_a_photo(self, tmp_path: Path, decoder: Decoder, content: bytes) -> None:
        with OpenPhoto(written(tmp_path / "a.mp4", content)) as photo:
            found = decoder.frame_at(photo, 1.52, None)
            assert found.digest == blake3(content).digest()
            assert found.taken_from is DateSource.CONTAINER
            expected = seen(content, 1.52, exact=True)
            assert expected.moments == [1.5]
            np.testing.assert_array_equal(found.pixels, expected.frames[0])

    @pytest.mark.usefixtures("way")
    def test_a_film_behind_a_photo(self, tmp_path: Path, content: bytes) -> None:
        """In memory, as a photo is, and not as a file."""
        jpeg = encoded(Image.fromarray(noise(60, 40)), "JPEG")
        file = written(tmp_path / "PXL.MP.jpg", jpeg + content)
        with Decoders() as decoders, decoders.lend() as decoder, OpenPhoto(file) as photo:
            with decoder.open_film(photo, FilmRequest(begin=len(jpeg))) as found:
                assert moments(found) == [0, 1, 2, 3]
            assert decoder.decode(photo, None).size == Size(60, 40)


class TestFiles:
    def test_a_film_is_not_read_into_memory(self, tmp_path: Path, content: bytes) -> None:
        with OpenPhoto(written(tmp_path / "a.mp4", content)) as photo:
            read_film(photo)
            assert not photo.is_kept
            assert photo.digest() == blake3(content).digest()

    @pytest.mark.parametrize("block", [1000, 1 << 20])
    def test_tags_change_the_digest_and_not_what_the_film_shows(
        self, tmp_path: Path, decoder: Decoder, monkeypatch: pytest.MonkeyPatch, block: int
    ) -> None:
        monkeypatch.setattr(photo_file_access, "_BLOCK", block)
        plain = film(Make())
        tagged = film(Make(metadata={"title": "A day at the sea", "comment": "x" * 3000}))
        moved = film(Make(muxing={"movflags": "faststart"}))
        turned = film(Make(rotation=180))
        other = film(Make(moving=1))
        found = []
        for each in (plain, tagged, moved, turned, other):
            with (
                OpenPhoto(written(tmp_path / "a.mp4", each)) as photo,
                decoder.open_film(photo, FilmRequest()) as opened,
            ):
                found.append((photo.digest(), opened.header.picture))
        assert len({digest for digest, _ in found}) == 5
        assert found[0][1] == found[1][1] == found[2][1]
        assert len({picture for _, picture in found}) == 3

    def test_one_whose_digest_is_trusted_is_not_read_again(
        self, tmp_path: Path, decoder: Decoder, content: bytes
    ) -> None:
        file = written(tmp_path / "a.mp4", content)
        with OpenPhoto(file) as photo:
            photo.trust(b"d" * 32)
            with decoder.open_film(photo, FilmRequest(start=2)) as found:
                assert found.header.picture == photo.digest() == b"d" * 32
                assert moments(found) == [2, 3]

    def test_one_that_changed_is_not_trusted(self, tmp_path: Path, content: bytes) -> None:
        file = written(tmp_path / "a.mp4", content)
        os.utime(file.path, ns=(1, 1))
        with OpenPhoto(file) as photo, pytest.raises(PhotoError) as caught:
            photo.trust(b"d" * 32)
        assert caught.value.reason is Reason.CHANGED

    def test_one_that_changes_while_it_is_looked_through_has_failed(
        self, tmp_path: Path, decoder: Decoder, content: bytes
    ) -> None:
        file = written(tmp_path / "a.mp4", content)
        with OpenPhoto(file) as photo, decoder.open_film(photo, FilmRequest()) as found:
            frames = iter(found)
            next(frames)
            with open(file.path, "ab") as more:
                more.write(b"more")
            with pytest.raises(PhotoError) as caught:
                list(frames)
        assert caught.value.reason is Reason.CHANGED

    @pytest.mark.parametrize("name", ["a.jpg", "a.mp4", "a.txt"])
    def test_what_is_no_film_is_refused(self, tmp_path: Path, decoder: Decoder, name: str) -> None:
        for bytes_ in (encoded(Image.fromarray(noise(60, 40)), "JPEG"), b"some words", b""):
            with OpenPhoto(written(tmp_path / name, bytes_)) as photo, pytest.raises(PhotoError) as caught:
                decoder.frame_at(photo, 0, None)
            assert caught.value.message.isprintable()


def look(tmp_path: Path, name: str, seconds: float = 30) -> tuple[list[float], FilmEnd | None]:
    """Look through a film of this name, which has a fault."""
    file = written(tmp_path / f"{name}.mp4", film(Make(scenes=(4.0,))))
    options = DecoderOptions(film_seconds=seconds, film_entry=film_faults.ENTRY)
    with (
        Decoders(options) as decoders,
        decoders.lend() as decoder,
        OpenPhoto(file) as photo,
        decoder.open_film(photo, FilmRequest()) as opened,
    ):
        return moments(opened), opened.end


class TestHostileFilms:
    @pytest.mark.parametrize(("fault", "seconds"), [("segfault", 30), ("hang", 1), ("lie", 30), ("eat", 30)])
    def test_what_was_found_before_stays(self, tmp_path: Path, fault: str, seconds: float) -> None:
        found, end = look(tmp_path, f"{fault} 2", seconds)
        assert found == [0, 1]
        assert end is not None
        assert end.note == "its last 3 s cannot be read: the decoder crashes or hangs there"
        assert tries(tmp_path, f"{fault} 2") >= 2

    def test_a_film_goes_on_after_a_fault_that_does_not_come_again(self, tmp_path: Path) -> None:
        for fault, seconds in (("segfault-once", 30.0), ("hang-once", 1.0)):
            found, end = look(tmp_path, f"{fault} 2", seconds)
            assert found == [0, 1, 2, 3]
            assert end == FilmEnd(4.0, None)

    @pytest.mark.parametrize(("fault", "reason"), [("segfault", Reason.CRASHED), ("hang", Reason.TIMED_OUT)])
    def test_one_without_a_frame_fails_after_two_tries(
        self, tmp_path: Path, fault: str, reason: Reason
    ) -> None:
        with pytest.raises(PhotoError) as caught:
            look(tmp_path, f"{fault} 0", 1)
        assert caught.value.reason is reason
        assert tries(tmp_path, f"{fault} 0") == 2


def tries(folder: Path, name: str) -> int:
    return len((folder / f"{name}.tries").read_text().splitlines())

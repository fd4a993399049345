"""Films that are cut, flipped, zeroed: each gives frames or one line, and none hangs or ends its reader."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from pipeline.decoding.decoders import Decoder, DecoderOptions, Decoders
from pipeline.decoding.films.film import FilmRequest
from pipeline.decoding.format_reader import Unreadable
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import Reason
from tests.pipeline.films import Make, film, seen
from tests.pipeline.pictures import written

Rng: TypeAlias = np.random.Generator

QUICK_VP9 = {"deadline": "realtime", "cpu-used": "8"}

WHOLE = {
    "mp4": Make(scenes=(1, 1)),
    "index first": Make(scenes=(1, 1), muxing={"movflags": "faststart"}),
    "fragments": Make(scenes=(1, 1), muxing={"movflags": "frag_keyframe+empty_moov"}),
    "mkv": Make("matroska", "libx265", scenes=(1, 1), options={"x265-params": "log-level=none"}),
    "webm": Make("webm", "libvpx-vp9", scenes=(1, 1), options=QUICK_VP9),
    "avi": Make("avi", "mpeg4", scenes=(1, 1)),
    "mjpeg": Make("mov", "mjpeg", "yuvj420p", scenes=(1, 1)),
    "mpegts": Make("mpegts", scenes=(1, 1)),
    "mpeg": Make("vob", "mpeg2video", rate=25, scenes=(1, 1)),
    "wmv": Make("asf", "wmv2", scenes=(1, 1)),
    "flv": Make("flv", "flv", scenes=(1, 1)),
}


def cut(content: bytearray, rng: Rng) -> None:
    del content[int(rng.integers(1, len(content))) :]


def flip(content: bytearray, rng: Rng) -> None:
    for _ in range(int(rng.choice((1, 10, 100)))):
        content[int(rng.integers(len(content)))] ^= 1 << int(rng.integers(8))


def zero(content: bytearray, rng: Rng) -> None:
    start = int(rng.integers(len(content)))
    end = min(len(content), start + int(rng.integers(1, 3000)))
    content[start:end] = bytes(end - start)


def leave_out(content: bytearray, rng: Rng) -> None:
    start = int(rng.integers(len(content)))
    del content[start : start + int(rng.integers(1, 2000))]


def spoil_head(content: bytearray, rng: Rng) -> None:
    for _ in range(3):
        content[int(rng.integers(16, min(2000, len(content))))] = int(rng.integers(256))


DAMAGES = (cut, flip, zero, leave_out, spoil_head)
OF_EACH = 3


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoders(DecoderOptions()) as decoders, decoders.lend() as decoder:
        yield decoder


@pytest.mark.slow
@pytest.mark.parametrize("whole", WHOLE)
def test_each_damaged_film_has_one_outcome(whole: str, tmp_path: Path, decoder: Decoder) -> None:
    content, failures = film(WHOLE[whole]), []
    for number, damage in enumerate(DAMAGES * OF_EACH):
        damaged = bytearray(content)
        damage(damaged, np.random.default_rng(number))
        with OpenPhoto(written(tmp_path / f"{number}.mp4", bytes(damaged))) as photo:
            try:
                with decoder.open_film(photo, FilmRequest()) as opened:
                    frames = [each.moment for each in opened]
                    assert frames == sorted(set(frames))
                    assert frames
                    assert opened.end is not None
                    assert opened.end.note is None or opened.end.note.isprintable()
            except PhotoError as error:
                failures.append(error)
    for failure in failures:
        assert failure.message.isprintable()
        assert failure.reason in (Reason.CORRUPT, Reason.TRUNCATED, Reason.UNSUPPORTED, Reason.NOT_AN_IMAGE)
    assert len(failures) < len(DAMAGES) * OF_EACH


@pytest.mark.parametrize("whole", ["index first", "mkv", "avi", "flv"])
def test_what_a_broken_copy_has_is_found_and_what_it_lacks_said(whole: str) -> None:
    content = film(replace(WHOLE[whole], scenes=(6.0,)))
    found = seen(content[: int(len(content) * 0.7)])
    assert len(found.moments) >= 3
    assert found.end is not None
    assert found.end.note is not None
    assert re.match("its (end|last [0-9]+ s) cannot be read", found.end.note)


def test_a_film_without_its_index_is_called_truncated() -> None:
    content = film()
    with pytest.raises(Unreadable, match="its index") as caught:
        seen(content[: content.index(b"moov") - 4])
    assert caught.value.reason is Reason.TRUNCATED


def test_an_encrypted_film_is_called_that() -> None:
    keys = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "7" * 32, "encryption_kid": "a" * 32}
    with pytest.raises(Unreadable, match="it is encrypted") as caught:
        seen(film(Make(muxing=keys)))
    assert caught.value.reason is Reason.UNSUPPORTED


def test_a_codec_that_nobody_knows_is_called_unsupported() -> None:
    content = film().replace(b"avc1\x00\x00\x00\x00", b"zzz1\x00\x00\x00\x00")
    with pytest.raises(Unreadable, match="no decoder") as caught:
        seen(content)
    assert caught.value.reason is Reason.UNSUPPORTED


def test_damage_in_the_middle_is_said() -> None:
    content = bytearray(film(Make(scenes=(6.0,), muxing={"movflags": "faststart"})))
    middle = len(content) // 2
    content[middle : middle + 1500] = bytes(1500)
    found = seen(bytes(content))
    assert found.end is not None
    assert found.end.note is not None
    assert found.end.duration == 6
    assert {0.0, 5.0} <= set(found.moments)


def test_an_offset_beyond_any_file_is_no_error_of_storage() -> None:
    content = film(Make(muxing={"movflags": "faststart"}))
    at = content.index(b"stco") + 12
    damaged = content[:at] + b"\xff" * 4 + content[at + 4 :]
    with pytest.raises(Unreadable):
        seen(damaged)

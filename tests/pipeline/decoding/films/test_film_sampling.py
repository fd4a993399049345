"""Which frames of a film are looked at: by keyframes, between them, at cuts, and from any moment on."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from pipeline.decoding.format_reader import Unreadable
from pipeline.values import Reason
from tests.pipeline.films import Make, film, pictures, seen, sound_film

NO_TALK = MappingProxyType({"x265-params": "log-level=none"})
QUICK_VP9 = MappingProxyType({"deadline": "realtime", "cpu-used": "8"})

CONTAINERS: Mapping[str, Make] = {
    "mp4": Make(),
    "mp4 in fragments": Make(muxing={"movflags": "frag_keyframe+empty_moov"}),
    "mov of 10 bits": Make("mov", "libx265", "yuv420p10le", options=NO_TALK),
    "3gp": Make("3gp", "mpeg4"),
    "mkv": Make("matroska", "libx265", options=NO_TALK),
    "webm": Make("webm", "libvpx-vp9", options=QUICK_VP9),
    "avi": Make("avi", "mpeg4"),
    "avi of mjpeg": Make("avi", "mjpeg", "yuvj420p"),
    "avi out of order": Make("avi", options={"bf": "3"}),
    "mpegts": Make("mpegts"),
    "m2ts": Make("mpegts", muxing={"mpegts_m2ts_mode": "1"}),
    "mpeg": Make("vob", "mpeg2video", rate=25, gop=25),
    "wmv": Make("asf", "wmv2"),
    "flv": Make("flv", "flv"),
    "mxf": Make("mxf", "mpeg2video", rate=25, gop=25),
    "prores": Make("mov", "prores_ks", "yuv422p10le"),
    "h264 alone": Make("h264"),
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_each_container_gives_its_frames_and_its_cuts(container: str) -> None:
    """Whatever is decoded, and however frames are ordered and times are counted."""
    make = CONTAINERS[container]
    make = replace(make, scenes=(2.0, 2.0))
    name = "a.h264" if make.container == "h264" else "a film"
    found = seen(film(make), name=name)
    assert found.end is not None
    assert found.end.note is None
    assert found.end.duration == pytest.approx(4, abs=0.05)
    assert found.cuts == [2.0]
    assert 4 <= len(found.moments) <= 7
    originals = list(pictures(make))
    for moment, pixels in zip(found.moments, found.frames, strict=True):
        shown = originals[round(moment * make.rate)]
        assert np.abs(pixels.astype(int) - shown).mean() < 8
    for start in (0.5, 1.0, 2.0, 3.3):
        rest = seen(film(make), start, name=name)
        assert rest.moments == [each for each in found.moments if each >= start]
        assert rest.cuts == [each for each in found.cuts if each >= start]


def moments(make: Make, per_second: float = 1.0) -> list[float]:
    return seen(film(make), per_second=per_second).moments


def test_keyframes_are_enough_if_they_are_dense() -> None:
    assert moments(Make(scenes=(4,), gop=20)) == [0, 1, 2, 3]
    assert moments(Make(scenes=(4,), gop=24)) == [0, 1.2, 2.4, 3.6]
    assert moments(Make(scenes=(4,), gop=10)) == [0, 1, 2, 3]  # at most one a second
    assert moments(Make(scenes=(3,), gop=1)) == [0, 1, 2]


def test_where_they_are_rare_other_frames_are_decoded() -> None:
    assert moments(Make(scenes=(6,), gop=200)) == [0, 1, 2, 3, 4, 5]
    assert moments(Make(scenes=(6,), gop=200, options={"bf": "3", "b-pyramid": "none"}))[1] < 1.2


def test_a_thorough_look_takes_three_a_second() -> None:
    found = moments(Make(scenes=(3,), rate=30, gop=30), 3.0)
    assert found == [0, 0.333, 0.667, 1, 1.333, 1.667, 2, 2.333, 2.667]


@pytest.mark.parametrize("gop", [1, 7, 20, 300])
def test_a_cut_between_keyframes_is_found(gop: int) -> None:
    """Encoders put a keyframe there, but cameras' recorders do not."""
    make = Make(scenes=(1.35, 1.1, 0.9), gop=gop, options={"sc_threshold": "0"})
    found = seen(film(make))
    assert found.cuts == [1.35, 2.45]


def test_a_camera_that_turns_fast_makes_no_cut() -> None:
    for gop in (1, 20, 300):
        assert not seen(film(Make(scenes=(3,), gop=gop, moving=2.5))).cuts


@pytest.mark.parametrize("per_second", [1.0, 3.0])
@pytest.mark.parametrize("gop", [3, 14, 20, 33, 300])
def test_a_resumed_film_gives_the_same_frames(gop: int, per_second: float) -> None:
    content = film(Make(scenes=(2.6, 3.1, 1.9), gop=gop, options={"bf": "2"}))
    whole = seen(content, per_second=per_second)
    for start in np.arange(0, 7.6, 0.35):
        rest = seen(content, float(start), per_second)
        expected = [each for each in whole.moments if each >= start - 0.0005]
        assert rest.moments == expected
        assert rest.cuts == [each for each in whole.cuts if each in expected]


def test_the_frame_of_a_moment_is_exactly_that() -> None:
    make = Make(scenes=(3,), gop=50, options={"bf": "3"}, moving=2)
    content, originals = film(make), list(pictures(make))
    for number in (0, 1, 17, 33, 59):
        for moment in (number / 20, number / 20 + 0.03):  # while it is shown
            found = seen(content, moment, exact=True)
            assert found.moments == [number / 20]
            errors = [np.abs(found.frames[0].astype(int) - each).mean() for each in originals]
            assert int(np.argmin(errors)) == number
    assert seen(content, 99.0, exact=True).moments == [2.95]


def test_moments_count_from_the_first_frame() -> None:
    for container in ("mpegts", "mp4", "matroska"):
        assert seen(film(Make(container, first=7200))).moments == [0, 1, 2]


def test_frames_that_are_shown_for_long_are_taken_once() -> None:
    """As a record of a screen has them."""
    seconds = (0, 0.1, 0.2, 5.5, 5.6, 9.0)
    make = Make(
        "matroska", rate=10, scenes=(0.6,), gop=99, stamps=tuple(int(90_000 * each) for each in seconds)
    )
    assert moments(make) == [0, 5.5, 9]


def test_a_film_of_one_frame() -> None:
    assert moments(Make(scenes=(0.05,))) == [0]


def test_a_start_behind_the_end_gives_nothing() -> None:
    found = seen(film(Make(scenes=(2,))), 5.0)
    assert not found.moments
    assert found.end is not None
    assert found.end.duration == 2


def test_a_film_behind_a_picture_and_before_other_bytes() -> None:
    content = film()
    found = seen(b"\xff\xd8\xff" + bytes(5000) + content + bytes(99), begin=5003, length=len(content))
    assert found.moments == [0, 1, 2]


def test_recordings_that_were_joined_are_one_film() -> None:
    """As of a camera that begins a new clock; time goes on."""
    content = film(Make("mpegts", scenes=(3.0,))) + film(Make("mpegts", scenes=(2.0, 2.0)))
    found = seen(content)
    assert found.moments == pytest.approx([0, 1, 2, 3, 4, 5, 6], abs=0.2)
    assert found.end is not None
    assert found.end.duration == pytest.approx(7, abs=0.2)
    assert seen(content, 4.5).moments == [each for each in found.moments if each >= 4.5]
    assert seen(content, found.moments[5], exact=True).moments == [found.moments[5]]


def test_a_film_without_keyframes_is_decoded_from_its_start() -> None:
    """As one that refreshes a part of each frame in turn, or whose container marks none."""
    content = film(Make("mpegts", gop=9999, scenes=(3.0,), options={"x264-params": "intra-refresh=1"}))
    assert len(seen(content).moments) >= 2


@pytest.mark.parametrize("cover", [False, True])
def test_sound_is_no_film_even_with_a_cover(cover: bool) -> None:
    with pytest.raises(Unreadable, match="sound, and no moving picture") as caught:
        seen(sound_film(cover))
    assert caught.value.reason is Reason.NOT_AN_IMAGE


def test_a_frame_soon_after_a_cut_gives_way_to_a_later_one() -> None:
    """It would show what the first frame after the cut shows."""
    found = moments(Make(scenes=(1.7, 2.3), gop=200))
    assert found[:3] == [0, 1, 1.7]
    assert 2.1 <= found[3] <= 2.3
    assert found[4:] == [3]

"""Small films made with PyAV: scenes of coloured noise that move, with hard cuts between them."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.decoding.films.film_containers import container_of
from pipeline.decoding.films.film_decoding import Paint, look
from pipeline.decoding.process.reader_messages import FilmEnded, FilmOpened, LookRequest

av = pytest.importorskip("av")

WIDTH, HEIGHT = 160, 96


@dataclass(frozen=True)
class Make:
    """How a film is made.

    Attributes:
        scenes: Seconds of each scene; a hard cut lies between two.
        gop: Frames between keyframes.
        moving: Pixels that the picture moves a frame.
        stamps: Times of frames in units of 1/90000 s, instead of steady ones.
    """

    container: str = "mp4"
    codec: str = "libx264"
    pixels: str = "yuv420p"
    rate: int = 20
    scenes: tuple[float, ...] = (3.0,)
    gop: int = 20
    moving: float = 0.5
    size: tuple[int, int] = (WIDTH, HEIGHT)
    options: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    rotation: int = 0
    aspect: Fraction = Fraction(1)
    stamps: tuple[int, ...] | None = None
    first: int = 0
    sound: bool = False
    muxing: Mapping[str, str] = field(default_factory=dict)


def scene(number: int, size: tuple[int, int] = (WIDTH, HEIGHT)) -> NDArray[np.uint8]:
    """The wide picture over which a scene moves: uint8 [height, 2 width, 3]; no two scenes are alike."""
    width, height = size
    rng = np.random.default_rng(number)
    coarse = rng.integers(20, 235, (4, 8, 3)).astype(np.float32)
    rows = np.linspace(0, 3, height)
    columns = np.linspace(0, 7, 2 * width)
    top, left = np.minimum(rows.astype(int), 2), np.minimum(columns.astype(int), 6)
    down, right = (rows - top)[:, None, None], (columns - left)[None, :, None]
    upper = coarse[top][:, left] * (1 - right) + coarse[top][:, left + 1] * right
    lower = coarse[top + 1][:, left] * (1 - right) + coarse[top + 1][:, left + 1] * right
    return np.asarray(upper * (1 - down) + lower * down).astype(np.uint8)


def pictures(make: Make) -> Iterator[NDArray[np.uint8]]:
    """The frames of a film, as they are before they are encoded."""
    for number, seconds in enumerate(make.scenes):
        wide = scene(number, make.size)
        for frame in range(round(seconds * make.rate)):
            left = int(frame * make.moving) % make.size[0]
            yield np.ascontiguousarray(wide[:, left : left + make.size[0]])


def film(make: Make | None = None) -> bytes:
    """The content of a film."""
    make = make or Make()
    with TemporaryDirectory() as folder:  # an index at the front is written by opening the file again
        path = Path(folder) / "film"
        _write(path, make)
        return path.read_bytes()


def _write(path: Path, make: Make) -> None:
    with av.open(str(path), "w", format=make.container, options=dict(make.muxing)) as output:
        output.metadata.update(make.metadata)
        stream = output.add_stream(make.codec, rate=make.rate, options={**_options(make), **make.options})
        stream.width, stream.height = make.size
        stream.pix_fmt = make.pixels
        stream.gop_size = make.gop
        stream.thread_count = 1
        if make.aspect != 1:
            stream.sample_aspect_ratio = make.aspect
        if make.rotation:
            stream.set_display_rotation(make.rotation)
        if make.stamps is not None:
            stream.codec_context.time_base = Fraction(1, 90_000)
        if make.sound:
            _add_sound(output, sum(make.scenes))
        for number, pixels in enumerate(pictures(make)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format=make.pixels)
            frame.pts = make.first + number if make.stamps is None else make.stamps[number]
            frame.time_base = Fraction(1, make.rate) if make.stamps is None else Fraction(1, 90_000)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def sound_film(cover: bool) -> bytes:
    """A second of silence, perhaps with a cover."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "film"
        with av.open(str(path), "w", format="mp4") as output:
            if cover:
                stream = output.add_stream("png", rate=1)
                stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "rgb24"
                stream.disposition = av.stream.Disposition.attached_pic
            _add_sound(output, 1.0)
            if cover:
                output.mux(stream.encode(av.VideoFrame.from_ndarray(scene(1)[:, :WIDTH].copy(), "rgb24")))
                output.mux(stream.encode(None))
        return path.read_bytes()


def _options(make: Make) -> dict[str, str]:
    return {"preset": "ultrafast"} if make.codec in ("libx264", "libx265") else {}


def _add_sound(output: Any, seconds: float) -> None:
    stream = output.add_stream("aac", rate=8000)
    frame = av.AudioFrame.from_ndarray(
        np.zeros((1, int(8000 * seconds)), np.float32), format="fltp", layout="mono"
    )
    frame.sample_rate = 8000
    frame.pts = 0
    output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


@dataclass
class Seen:
    """What came of a film; frames are copies."""

    opened: FilmOpened | None = None
    end: FilmEnded | None = None
    moments: list[float] = field(default_factory=list)
    cuts: list[float] = field(default_factory=list)
    frames: list[NDArray[np.uint8]] = field(default_factory=list)

    def open(self, opened: FilmOpened) -> None:
        assert self.opened is None
        self.opened = opened

    def give(self, moment: float, after_cut: bool, shape: tuple[int, int], paint: Paint) -> None:
        self.moments.append(moment)
        if after_cut:
            self.cuts.append(moment)
        canvas = np.zeros((*shape, 3), np.uint8)
        paint(canvas)
        self.frames.append(canvas)

    def go_on(self, reached: float) -> bool:
        return True


def seen(
    content: bytes,
    start: float = 0.0,
    per_second: float = 1.0,
    exact: bool = False,
    long_edge: int | None = None,
    name: str = "a film",
    begin: int = 0,
    length: int | None = None,
) -> Seen:
    """Look through a film in this process."""
    container = "mov" if begin else container_of(name.encode(), content[:1024])
    assert container is not None
    size = len(content) - begin if length is None else length
    request = LookRequest(
        name, len(content), container, begin, size, start, per_second, long_edge, exact, 400_000_000
    )
    found = Seen()
    found.end = look(io.BytesIO(content), request, found)
    return found


def write(path: Path, make: Make | None = None) -> Path:
    """Write a film."""
    path.write_bytes(film(make))
    return path

"""Looks through one film: opens it, chooses frames and has them painted. Runs in a reader process."""

from collections.abc import Callable
from typing import BinaryIO, Protocol, TypeAlias

from pipeline.decoding.films.film_bytes import FilmBytes
from pipeline.decoding.films.film_faults import no_picture
from pipeline.decoding.films.film_painting import FramePainter
from pipeline.decoding.films.film_sampling import ROUNDING, FilmSampler, Sample
from pipeline.decoding.films.film_stream import FilmStream, StreamHeader
from pipeline.decoding.format_reader import Unreadable
from pipeline.decoding.process.reader_messages import FilmEnded, FilmOpened, LookRequest
from pipeline.values import U8, Reason

Paint: TypeAlias = Callable[[U8], None]
"""Writes a frame to memory: uint8 [H, W, 3]."""

_FRAMES_HELD = 24
"""Frames that a decoder and its queues hold at most: 16 references of H.264 and HEVC, and some more."""

_FRAMES_OF_A_PHOTO = 4
"""Frames of a film may have so many pixels that those held take as much memory as this many photos."""

_BYTES_A_PIXEL = 4
"""Of a frame as it is decoded: 10 bits and full colour take most."""

_STATED_LIES = 1.0
_STATED_SHARE = 0.02
"""Seconds, and share of a film, by which it may end before what its container states."""


class FilmOutput(Protocol):
    """Takes what is found in a film."""

    def open(self, opened: FilmOpened) -> None:
        """Take the header, once, before any frame; wait for memory."""

    def give(self, moment: float, after_cut: bool, shape: tuple[int, int], paint: Paint) -> None:
        """Take a frame of this height and width; wait until there is room for it."""

    def go_on(self, reached: float) -> bool:
        """Return whether more is wanted; called often, with the moment up to which the film has been read."""


def look(stream: BinaryIO, request: LookRequest, output: FilmOutput) -> FilmEnded:
    """Give the frames that are wanted of a film.

    Raises:
        Unreadable: It is no film that can be read, or none of its frames can.
        OSError: The file cannot be read.
    """
    source = FilmBytes(stream, request.begin, request.size)
    film = FilmStream(source, request.container)
    header = film.header
    _check_size(header, request.pixel_cap)
    sampler = FilmSampler(film, request.per_second)
    samples = sampler.frame_at(request.start) if request.exact else sampler.samples(request.start)
    painter: FramePainter | None = None
    last = -1.0
    for sample in samples:
        if not output.go_on(sampler.reached):
            break
        if sample is None:
            continue
        if painter is None:
            painter = FramePainter(sample.frame, header, request.long_edge)
            output.open(_opened(film, header, painter))
        if request.exact or (sample.moment > last and sample.moment >= request.start - ROUNDING):
            _give(sample, painter, output)
            last = sample.moment
    if painter is None:
        raise no_picture(source.ends_early(request.container))
    note = _note(header.duration, sampler.reached, source.ends_early(request.container), film.errors > 0)
    return FilmEnded(round(sampler.reached, 3), note)


def _check_size(header: StreamHeader, pixel_cap: int) -> None:
    width, height = header.stored.width, header.stored.height
    if width * height * _FRAMES_HELD > pixel_cap * _FRAMES_OF_A_PHOTO:
        raise Unreadable(Reason.TOO_LARGE, f"its pictures of {width} x {height} pixels are too large")


def _opened(film: FilmStream, header: StreamHeader, painter: FramePainter) -> FilmOpened:
    rows, columns = painter.shape
    return FilmOpened(
        width=painter.size.width,
        height=painter.size.height,
        reduction=painter.reduction,
        result=3 * rows * columns,
        decoding=painter.size.width * painter.size.height * _BYTES_A_PIXEL * _FRAMES_HELD,
        duration=header.duration,
        taken_at=header.taken_at,
        live_photo=header.live_photo,
        shown=f"{film.shown} {painter.orientation} {header.pixel_aspect}",
        codec=film.codec,
    )


def _give(sample: Sample, painter: FramePainter, output: FilmOutput) -> None:
    output.give(
        sample.moment, sample.after_cut, painter.shape, lambda canvas: painter.paint(sample.frame, canvas)
    )


def _note(stated: float | None, reached: float, ends_early: bool, has_errors: bool) -> str | None:
    """Say what of a film could not be read."""
    why = "the file ends early" if ends_early else "the file is damaged, or states a wrong length"
    if stated is not None and stated - reached > max(_STATED_LIES, _STATED_SHARE * stated):
        return f"its last {stated - reached:.0f} s cannot be read: {why}"
    if ends_early:
        return "its end cannot be read: the file ends early"
    return "parts of it cannot be read: the file is damaged" if has_errors else None

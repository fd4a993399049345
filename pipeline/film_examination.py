"""Takes a film, or a part of one, from its frames to the tracklets of the people in it.

A part ends where no tracklet is open: what is found in parts is what would be found at once, nothing
twice and nothing lost. This module must not know how films are decoded, nor how tracklets are recorded.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import numpy as np

from pipeline.decoding.films.film import Film, FilmDecoder, FilmRequest, Frame
from pipeline.errors import PhotoError
from pipeline.extras import is_installed
from pipeline.models.registry import CropProtocol
from pipeline.networks import Networks, RunStopped
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.timing import StageClock
from pipeline.tracking.tracker import SFACE, Likeness, Tracker
from pipeline.tracking.tracklet import Tracklet
from pipeline.values import (
    DecodedPhoto,
    Descriptor,
    FaceCrop,
    FilmPart,
    FilmRest,
    PhotoIndexed,
    Size,
)

USUAL_RATE, THOROUGH_RATE = 1.0, 3.0
"""Frames a second that are looked at, at most: usually, and if wanted thoroughly."""

LONGEST_SHOT = 120.0
"""Seconds of film after which all tracklets end if some were open all the time: a part can end there."""

_FRAMES_AT_ONCE = 8
"""Frames whose faces are described together."""


@dataclass(frozen=True, slots=True)
class FilmOptions:
    """How films are looked at.

    Attributes:
        per_second: Frames a second at most, of films that were not looked at before.
        likeness: How much alike the model's descriptors of one person are.
        part_seconds: Time after which a part ends, as soon as no tracklet is open.
        behind_photos: Whether photos with a film behind them are said to have one.
        deadline: By ``time.monotonic``; no part begins after it, and one under way ends.
    """

    per_second: float = USUAL_RATE
    likeness: Likeness = SFACE
    part_seconds: float = 20.0
    deadline: float = math.inf
    behind_photos: bool = False


USUALLY = FilmOptions()


@dataclass(frozen=True, slots=True)
class FilmExaminer:
    """Looks at films for faces. Shared by threads.

    Attributes:
        networks: Waits for the networks.
        crop: How faces are cut out for the descriptor model.
        long_edge: The detector's, in pixels: no frame is decoded smaller.
        stopped: Done once the run has ended.
        thumbnails: Whether they are cut, of the best frame of each tracklet.
    """

    networks: Callable[[], Networks]
    crop: CropProtocol
    long_edge: int
    options: FilmOptions
    clock: StageClock
    stopped: Future[None]
    now: Callable[[], float] = time.monotonic
    thumbnails: bool = False

    def first(self, photo: OpenPhoto, decoder: FilmDecoder, decoder_name: str) -> PhotoIndexed:
        """Read a film's first frame, to see that it can be read; say that all of it is left to look at.

        Raises:
            PhotoError: The film cannot be read.
        """
        rest = FilmRest(photo.digest(), 0.0, self.options.per_second)
        with self._open(photo, decoder, rest) as film, self.clock.time("decode"):
            next(iter(film), None)
            return self._indexed(photo, film, _Part(rest.start, self.options.likeness), decoder_name, rest)

    def part(self, photo: OpenPhoto, decoder: FilmDecoder, decoder_name: str, rest: FilmRest) -> PhotoIndexed:
        """Return the tracklets of the rest of a film, in the order of time, up to where the part ends.

        Where nothing more can be read, the film ends, with a note.

        Raises:
            PhotoError: The file has changed, or a cause outside of it kept it from being read.
            RunStopped: The run has ended.
        """
        begins_in_time = self.now() < self.options.deadline
        with self._open(photo, decoder, rest) as film:
            part = _Part(rest.start, self.options.likeness)
            if begins_in_time:
                self._look(photo, film, part)
            return self._indexed(photo, film, part, decoder_name, rest)

    def part_behind(
        self, photo: OpenPhoto, decoder: FilmDecoder, decoder_name: str, rest: FilmRest
    ) -> PhotoIndexed:
        """Return ``part`` of the film behind a photo: where nothing can be read, it ends with a note.

        Raises:
            PhotoError: The file has changed, or a cause outside of it kept it from being read.
            RunStopped: The run has ended.
        """
        try:
            found = self.part(photo, decoder, decoder_name, rest)
            return (
                found if found.note is None else replace(found, note=f"of the film behind it: {found.note}")
            )
        except PhotoError as error:
            if not error.reason.lies_in_content or not is_installed("video"):
                raise
            note = f"the film behind it is not looked at further: {error.message}"
        part = FilmPart(rest.start, None, rest.start, rest.per_second)
        name, nothing = self.networks().detector.name, photo.digest()
        size = Size(0, 0)  # that of the photo is known
        return PhotoIndexed(photo.file, nothing, size, None, (), decoder_name, name, nothing, note, film=part)

    def _open(self, photo: OpenPhoto, decoder: FilmDecoder, rest: FilmRest) -> AbstractContextManager[Film]:
        return decoder.open_film(photo, FilmRequest(rest.start, rest.per_second, self.long_edge))

    def _indexed(
        self, photo: OpenPhoto, film: Film, part: "_Part", decoder_name: str, rest: FilmRest
    ) -> PhotoIndexed:
        header, end = film.header, film.end
        duration = max(header.duration or 0.0, part.until) if end is None else end.duration
        until = None if part.is_last else part.until
        return PhotoIndexed(
            photo.file,
            photo.digest(),
            header.size,
            header.taken_at,
            tuple(each.described() for each in sorted(part.tracklets, key=lambda each: each.moments[0])),
            decoder_name,
            self.networks().detector.name,
            header.picture,
            part.note if end is None else end.note,
            header.taken_from,
            header.live_photo,
            FilmPart(rest.start, until, duration, rest.per_second),
        )

    def _look(self, photo: OpenPhoto, film: Film, part: "_Part") -> None:
        """Find the tracklets of a part."""
        end = self.now() + self.options.part_seconds
        waiting: list[tuple[Frame, tuple[FaceCrop, ...]]] = []
        note: str | None = None
        try:
            for frame in self._decoded(film):
                if self.now() >= self.options.deadline and frame.moment > part.start:
                    self._add(waiting, part)
                    part.interrupt(frame.moment)
                    return
                waiting.append((frame, self._crops(photo, frame)))
                if len(waiting) == _FRAMES_AT_ONCE:
                    is_late, until = self.now() >= end, part.until
                    self._add(waiting, part)
                    waiting = []
                    if is_late and part.until > until:
                        return
        except PhotoError as error:
            if not error.reason.lies_in_content:
                raise
            note = error.message
        self._add(waiting, part)
        part.end(note)

    def _decoded(self, film: Film) -> Iterator[Frame]:
        """Yield the frames of a film, until the run has ended."""
        frames = iter(film)
        while not self.stopped.done():
            with self.clock.time("decode"):
                frame = next(frames, None)
            if frame is None:
                return
            yield frame
        raise RunStopped

    def _crops(self, photo: OpenPhoto, frame: Frame) -> tuple[FaceCrop, ...]:
        from pipeline.description.quality import crop_and_assess  # they bring OpenCV
        from pipeline.description.thumbnail import with_thumbnails

        still = DecodedPhoto(photo.file, photo.digest(), frame.size, None, frame.pixels, frame.scale, b"")
        still = replace(still, moment=frame.moment)
        detector = self.networks().detector
        with self.clock.time("detect"):
            faces = detector.detect(still)
        with self.clock.time("crop"):
            crops = [crop_and_assess(still, face, self.crop) for face in faces]
            return tuple(with_thumbnails(still, crops) if self.thumbnails else crops)

    def _add(self, frames: Sequence[tuple[Frame, tuple[FaceCrop, ...]]], part: "_Part") -> None:
        """Describe the faces of frames, and add them to a part."""
        described = iter(self._described([crop for _, crops in frames for crop in crops]))
        for frame, crops in frames:
            part.add(frame.moment, [next(described) for _ in crops], after_cut=frame.after_cut)

    def _described(self, crops: Sequence[FaceCrop]) -> list[Descriptor]:
        if not crops:
            return []
        embedder = self.networks().embedder
        with self.clock.time("describe"):
            vectors = embedder.embed(np.stack([crop.pixels for crop in crops]))
        return [
            Descriptor(crop.face, crop.quality, embedder.model_id, vector, thumbnail=crop.thumbnail)
            for crop, vector in zip(crops, vectors, strict=True)
        ]


class _Part:
    """The tracklets of a part of a film.

    Attributes:
        start: Where it begins.
        until: The last moment, or ``start``, before which all tracklets had ended: the film may go on there.
        tracklets: Those that had ended then.
        is_last: Whether the film ends with this part.
        note: What of the film cannot be read.
    """

    def __init__(self, start: float, likeness: Likeness) -> None:
        self.start = self.until = start
        self.tracklets: list[Tracklet] = []
        self.is_last = False
        self.note: str | None = None
        self._since: list[Tracklet] = []
        self._tracker = Tracker(likeness)

    def add(self, moment: float, faces: Sequence[Descriptor], *, after_cut: bool) -> None:
        """Add the faces of the next frame."""
        end_all = after_cut or moment - self.until >= LONGEST_SHOT
        self._since += self._tracker.close(None if end_all else moment)
        if self._tracker.is_idle:
            self.tracklets += self._since
            self._since, self.until = [], moment
        self._tracker.add(moment, faces)

    def interrupt(self, moment: float) -> None:
        """Give up what follows ``until``; if nothing came before it, end all tracklets before ``moment``.

        Else somebody who is seen all the time would never let the film go on.
        """
        if self.until == self.start:
            self.add(moment, (), after_cut=True)

    def end(self, note: str | None = None) -> None:
        """End all tracklets, as the film ends."""
        self.is_last, self.note = True, note
        self.tracklets += [*self._since, *self._tracker.close()]

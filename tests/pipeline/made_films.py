"""Films whose frames are made when they are wanted: coloured, textured squares stand for faces of people."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.decoding.films.film import FilmEnd, FilmHeader, FilmRequest, Frame
from pipeline.errors import PhotoError
from pipeline.models.registry import CropProtocol
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import F32, U8, DecodedPhoto, DetectedFace, ModelId, Size
from tests.pipeline.fakes import MODEL, PROTOCOL, face_at

SIZE = Size(160, 90)

COLOURS = np.array([(200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 200, 40)], np.uint8)
"""One for each person."""

_SIDE = 32


@dataclass(frozen=True, slots=True)
class Shown:
    """What a frame shows: the place of each person in it, from the left, and whether a cut lies before it."""

    people: dict[int, int]
    after_cut: bool = False


@dataclass
class MadeFilm:
    """A film of frames at a steady distance; a decoder of itself."""

    shown: Sequence[Shown]
    every: float = 1.0
    error: PhotoError | None = None
    note: str | None = None
    requests: list[FilmRequest] = field(default_factory=list)
    given: int = 0

    @contextmanager
    def open_film(self, photo: OpenPhoto, request: FilmRequest) -> Iterator["_OpenFilm"]:
        self.requests.append(request)
        yield _OpenFilm(self, request.start)

    def frame_at(self, photo: OpenPhoto, moment: float, long_edge: int | None) -> DecodedPhoto:
        raise NotImplementedError

    def frames(self, start: float) -> Iterator[Frame]:
        for number, each in enumerate(self.shown):
            if number * self.every >= start:
                self.given += 1
                yield Frame(number * self.every, SIZE, drawn(each), 1.0, each.after_cut)
        if self.error is not None:
            raise self.error


class _OpenFilm:
    def __init__(self, film: MadeFilm, start: float) -> None:
        self.end: FilmEnd | None = None
        self.header = FilmHeader(SIZE, None, None, None, b"p" * 32)
        self._film, self._start = film, start

    def __iter__(self) -> Iterator[Frame]:
        yield from self._film.frames(self._start)
        self.end = FilmEnd(len(self._film.shown) * self._film.every, self._film.note)


def drawn(shown: Shown) -> U8:
    pixels = np.zeros((SIZE.height, SIZE.width, 3), np.uint8)
    texture = np.random.default_rng(0).integers(-30, 30, (_SIDE, _SIDE, 1))
    for person, x in shown.people.items():
        pixels[10 : 10 + _SIDE, x : x + _SIDE] = np.clip(COLOURS[person] + texture, 1, 255)
    return pixels


class SquareDetector:
    """Finds the squares of made films."""

    name = "squares"

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        row = photo.pixels[10].any(axis=1).astype(np.int8)
        edges = np.flatnonzero(np.diff(row, prepend=0, append=0))
        found = (
            face_at(left, 10, _SIDE)
            for first, last in edges.reshape(-1, 2)
            for left in range(int(first), int(last), _SIDE)
        )
        return tuple(replace(face, confidence=0.99) for face in found)


class ColourEmbedder:
    """Describes a square as the person of the most similar colour; alike for all squares of this person."""

    model_id: ModelId = MODEL
    dimension = 8
    protocol: CropProtocol = PROTOCOL
    batch_size = 4

    def embed(self, pixels: U8) -> F32:
        middle = pixels[:, 4:12, 4:12].reshape(len(pixels), -1, 3).mean(axis=1)
        person = np.linalg.norm(middle[:, None] - COLOURS.astype(np.float32), axis=2).argmin(axis=1)
        return np.asarray(np.eye(8)[person], np.float32)

"""Films whose tracklets are made: written as files that hold nothing but a name, and looked at in parts."""

import hashlib
import os
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from faceindex.session import Session
from faceindex.settings import Settings
from pipeline.values import (
    F32,
    Appearance,
    Descriptor,
    FilmPart,
    Outcome,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    Size,
)
from tests.faceindex.made_library import SFACE, face

DURATION = 20.0


def appearing(vector: F32, start: float, end: float, place: float = 0.0, quality: float = 1.0) -> Descriptor:
    """A face that a film shows from a moment to another, and best at the end."""
    found = face(vector, place, quality)
    moments = np.unique(np.array([start, end], np.float32))
    box, landmarks = found.face.box, found.face.landmarks
    track = np.array([(each, box.x, box.y, box.w, box.h, *landmarks.ravel()) for each in moments], np.float32)
    there = replace(found.face, box=replace(box, moment=float(moments[-1])))
    return replace(found, face=there, appearance=Appearance(start, end, track))


def write_film(path: Path) -> Path:
    """Write a file that stands for a film of its name, as if an hour ago: a quite new one may change."""
    path.write_text(path.name)
    written = time.time() - 3600
    os.utime(path, (written, written))
    return path


def digest_of(path: bytes | Path) -> bytes:
    return hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).digest()


def looked_at(file: PhotoFile, faces: Sequence[Descriptor], part: FilmPart) -> PhotoIndexed:
    """A part of a film, with the faces that begin in it."""
    end = DURATION if part.until is None else part.until
    inside = tuple(each for each in faces if each.appearance and part.start <= each.appearance.start < end)
    digest = digest_of(file.path)
    return PhotoIndexed(
        file, digest, Size(2000, 400), None, inside, "video av 18", "mtcnn", digest, film=part
    )


def record_film(
    settings: Settings, path: Path, faces: Sequence[Descriptor], until: float | None = None
) -> None:
    """Record a film as a scan does, perhaps only its beginning."""
    state = write_film(path).stat()
    file = PhotoFile(os.fsencode(path), state.st_size, state.st_mtime_ns)
    with Session.open_to_write(settings) as library:
        library.catalog.choose_model(SFACE)
        library.catalog.record([looked_at(file, faces, FilmPart(0.0, until, DURATION, 1.0))])


@dataclass
class FilmOutcomes:
    """Looks at films by their names, in parts of 8 seconds.

    ``opened`` has the names of the files that were opened, ``looked`` where each part began.
    """

    films: dict[str, Sequence[Descriptor]]
    opened: list[str] = field(default_factory=list)
    looked: list[float] = field(default_factory=list)

    def __call__(
        self, files: Iterable[PhotoFile], is_known: Callable[[bytes], bool]
    ) -> Generator[Outcome, None, None]:
        for file in files:
            yield self._outcome(file, is_known)

    def _outcome(self, file: PhotoFile, is_known: Callable[[bytes], bool]) -> Outcome:
        name = os.path.basename(os.fsdecode(file.path))
        self.opened.append(name)
        faces = self.films[name]
        if file.rest is None:
            digest = digest_of(file.path)
            if is_known(digest):
                return PhotoKnown(file, digest)
            return looked_at(file, (), FilmPart(0.0, 0.0, DURATION, 1.0))
        start = file.rest.start
        self.looked.append(start)
        until = start + 8 if start + 8 < DURATION else None
        return looked_at(file, faces, FilmPart(start, until, DURATION, file.rest.per_second))

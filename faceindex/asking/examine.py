"""Finds and describes the faces of single photos and films, which need not be in a library."""

import os
import stat
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from threading import Lock
from typing import TypeAlias

from faceindex.asking.photo_arguments import NamedPhoto, named_photo
from faceindex.film_times import clock
from faceindex.paths import AnyPath
from faceindex.session import Session
from index.photos.recorded_contents import read_film
from pipeline.values import (
    FilmRest,
    Outcome,
    Outcomes,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
    Reason,
    Stage,
)

FilmLookup: TypeAlias = Callable[[PhotoFile, bytes | None], PhotoIndexed | None]
"""Returns what a library knows of a film by the digest of its file or picture, or without one by a path at
which nothing has changed; ``None`` for anything else."""


def recorded_film(session: Session, file: PhotoFile, digest: bytes | None) -> PhotoIndexed | None:
    """Return what the library knows of a film, as a ``FilmLookup`` does."""
    if session.catalog.model() is None:
        return None
    if digest is None:
        known = session.catalog.states_under([file.path]).get(file.path)
        if known is None or known.racy or (known.size, known.mtime_ns) != (file.size, file.mtime_ns):
            return None
        digest = session.people.digest_of(file.path)
    if digest is None:
        return None
    model = session.model()
    return read_film(session.catalog, file, digest, model.model_id, model.dimension)


@dataclass(frozen=True, slots=True)
class FilmAids:
    """What helps with films, which take long.

    Attributes:
        recorded: What it knows of a film is not looked at again.
        step: Called with what is done now, in a few words.
    """

    recorded: FilmLookup = lambda file, digest: None
    step: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True, eq=False)
class ExaminedFile:
    """A photo or film.

    Attributes:
        found: What it shows; ``PhotoKnown`` for a content that an earlier file has.
        outcomes: What is to be recorded of it, in this order.
    """

    found: PhotoIndexed | PhotoKnown | PhotoFailed
    outcomes: tuple[PhotoIndexed | PhotoKnown | PhotoFailed, ...]


def examine(
    photo: NamedPhoto | PhotoFailed,
    outcomes: Outcomes,
    aids: FilmAids | None = None,
    *,
    films: bool = True,
) -> PhotoIndexed | PhotoFailed | PhotoSkipped:
    """Find and describe the faces of a photo, or with ``films`` of a film; name it as the user did.

    Returns ``PhotoSkipped`` for a file in a folder only: one that was named fails if it is no photo.
    """
    if isinstance(photo, PhotoFailed):
        return photo
    file = _photo_file(photo.path)
    if isinstance(file, PhotoFailed):
        return replace(file, file=replace(file.file, path=photo.name))
    aids = aids or FilmAids()
    outcome = aids.recorded(file, None) or _one(file, outcomes, _is_recorded(aids))
    if isinstance(outcome, PhotoIndexed) and outcome.film is not None and not films:
        message = "it is a film: name a photo"
        failed = PhotoFailed(file, Stage.DECODE, Reason.UNSUPPORTED, message, None)
        outcome = PhotoSkipped(file, "video") if photo.found else failed
    if isinstance(outcome, PhotoSkipped) and photo.found:
        return outcome
    found = _examined(outcome, outcomes, aids).found
    if isinstance(found, PhotoKnown):
        raise TypeError(f"nothing is known before it is read, and yet {photo.path!r} is")
    return replace(found, file=replace(file, path=photo.name))


def examine_named(name: AnyPath, outcomes: Outcomes, aids: FilmAids) -> PhotoIndexed | PhotoFailed:
    """Examine the one photo or film that a name stands for; errors are those of ``named_photo``."""
    with named_photo(name) as photo:
        found = examine(photo, outcomes, aids)
    return found.failed if isinstance(found, PhotoSkipped) else found


def examine_each_content_once(
    photos: Sequence[bytes], outcomes: Outcomes, aids: FilmAids | None = None
) -> Generator[ExaminedFile, None, None]:
    """Find and describe the faces of photos and films (absolute paths); yield one result for each, in order.

    A content that several have is examined once.
    """
    aids = aids or FilmAids()
    files = [_photo_file(path) for path in photos]
    readable = (each for each in files if isinstance(each, PhotoFile))
    with closing(outcomes(readable, _is_recorded(aids))) as found:
        for file in files:
            outcome = file if isinstance(file, PhotoFailed) else next(found)
            yield _examined(outcome, outcomes, aids)


def _is_recorded(aids: FilmAids) -> Callable[[bytes], bool]:
    nowhere, asking = PhotoFile(b"", 0, 0), Lock()

    def is_recorded(digest: bytes) -> bool:
        with asking:  # many threads ask, of which each would take a connection
            return aids.recorded(nowhere, digest) is not None

    return is_recorded


def _one(file: PhotoFile, outcomes: Outcomes, known: Callable[[bytes], bool]) -> Outcome:
    with closing(outcomes(iter([file]), known)) as found:
        return next(found)


def _examined(outcome: Outcome, outcomes: Outcomes, aids: FilmAids) -> ExaminedFile:
    """Look at the rest of a film."""
    if isinstance(outcome, PhotoSkipped):
        outcome = outcome.failed
    found: PhotoIndexed | PhotoKnown | PhotoFailed | None = outcome
    if isinstance(outcome, PhotoKnown):
        found = aids.recorded(outcome.file, outcome.picture or outcome.digest) or outcome
    parts: list[PhotoIndexed | PhotoKnown | PhotoFailed] = [outcome]
    if not isinstance(found, PhotoIndexed):
        return ExaminedFile(outcome, (outcome,))
    for part in _parts_after(found, outcomes, aids):
        if isinstance(part, PhotoFailed):
            return ExaminedFile(part, (part,))
        found = _joined(found, part)
        parts.append(part)
    return ExaminedFile(found, tuple(parts))


def _parts_after(
    film: PhotoIndexed, outcomes: Outcomes, aids: FilmAids
) -> Iterator[PhotoIndexed | PhotoFailed]:
    """Look at what is left of a film, part by part."""
    name, part = os.path.basename(os.fsdecode(film.file.path)), film.film
    while part is not None and part.until is not None:
        aids.step(f"{name}: {clock(part.until)} of {clock(part.duration)} looked at")
        rest = FilmRest(film.digest, part.until, part.per_second)
        outcome = _one(replace(film.file, rest=rest), outcomes, lambda _: False)
        if isinstance(outcome, PhotoSkipped):
            outcome = outcome.failed
        if isinstance(outcome, PhotoKnown):
            raise TypeError(f"a part of {film.file.path!r} is known before it is looked at")
        yield outcome
        part = None if isinstance(outcome, PhotoFailed) else outcome.film


def _joined(film: PhotoIndexed, part: PhotoIndexed) -> PhotoIndexed:
    whole = None if film.film is None or part.film is None else replace(part.film, start=film.film.start)
    return replace(film, faces=(*film.faces, *part.faces), film=whole, note=part.note or film.note)


def _photo_file(path: bytes) -> PhotoFile | PhotoFailed:
    try:
        found = os.stat(path)
    except OSError as error:
        missing = isinstance(error, FileNotFoundError | NotADirectoryError)
        reason = Reason.VANISHED if missing else Reason.UNREADABLE
        message = "there is no such file" if missing else (error.strerror or str(error)).lower()
        return PhotoFailed(PhotoFile(path, 0, 0), Stage.READ, reason, message, None)
    file = PhotoFile(path, found.st_size, found.st_mtime_ns)
    if stat.S_ISDIR(found.st_mode):
        message = "it is a folder: name the photos in it"
        return PhotoFailed(file, Stage.READ, Reason.UNREADABLE, message, None)
    return file

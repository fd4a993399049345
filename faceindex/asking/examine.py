"""Finds and describes the faces of single photos, which need not be in a library."""

import os
import stat
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace

from faceindex.scanning.survey import not_a_photo
from pipeline.values import (
    Outcomes,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
    Reason,
    Stage,
)


def examine(photos: Sequence[bytes], outcomes: Outcomes) -> Iterator[PhotoIndexed | PhotoFailed]:
    """Find and describe the faces of photos (absolute paths); yield one outcome for each, in order."""
    seen: dict[bytes, PhotoIndexed | PhotoFailed] = {}
    with closing(examine_each_content_once(photos, outcomes)) as examined:
        for outcome in examined:
            if isinstance(outcome, PhotoKnown):
                yield replace(seen[outcome.digest], file=outcome.file)
                continue
            if outcome.digest is not None:
                seen[outcome.digest] = outcome
            yield outcome


def examine_each_content_once(
    photos: Sequence[bytes], outcomes: Outcomes
) -> Generator[PhotoIndexed | PhotoKnown | PhotoFailed, None, None]:
    """As ``examine``, with ``PhotoKnown`` for a content that an earlier photo has."""
    files = [_photo_file(path) for path in photos]
    readable = (each for each in files if isinstance(each, PhotoFile))
    with closing(outcomes(readable, lambda _: False)) as found:
        for file in files:
            if isinstance(file, PhotoFailed):
                yield file
                continue
            outcome = next(found)
            yield not_a_photo(file) if isinstance(outcome, PhotoSkipped) else outcome


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

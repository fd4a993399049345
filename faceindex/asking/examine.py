"""Finds and describes the faces of single photos, which need not be in a library."""

import os
import stat
from collections.abc import Iterator, Sequence
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
    files = [_photo_file(path) for path in photos]
    found = outcomes((each for each in files if isinstance(each, PhotoFile)), lambda _: False)
    seen: dict[bytes, PhotoIndexed | PhotoFailed] = {}
    for file in files:
        if isinstance(file, PhotoFailed):
            yield file
            continue
        outcome = next(found)
        if isinstance(outcome, PhotoKnown):
            yield replace(seen[outcome.digest], file=file)
        elif isinstance(outcome, PhotoSkipped):
            yield not_a_photo(file)
        else:
            if outcome.digest is not None:
                seen[outcome.digest] = outcome
            yield outcome


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

"""Finds and describes the faces of single photos, which need not be in a library."""

import os
import stat
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace

from faceindex.asking.photo_arguments import NamedPhoto
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


def examine(photo: NamedPhoto | PhotoFailed, outcomes: Outcomes) -> PhotoIndexed | PhotoFailed | None:
    """Find and describe the faces of a photo, and name it as the user did.

    Returns ``None`` for a file in a folder that is no photo.
    """
    if isinstance(photo, PhotoFailed):
        return photo
    file = _photo_file(photo.path)
    if isinstance(file, PhotoFailed):
        return replace(file, file=replace(file.file, path=photo.name))
    with closing(outcomes(iter([file]), lambda _: False)) as found:
        outcome = next(found)
    if isinstance(outcome, PhotoSkipped):
        if photo.found:
            return None
        outcome = outcome.failed
    if isinstance(outcome, PhotoKnown):
        raise TypeError(f"nothing is known before it is read, and yet {photo.path!r} is")
    return replace(outcome, file=replace(outcome.file, path=photo.name))


def examine_each_content_once(
    photos: Sequence[bytes], outcomes: Outcomes
) -> Generator[PhotoIndexed | PhotoKnown | PhotoFailed, None, None]:
    """Find and describe the faces of photos (absolute paths); yield one outcome for each, in order.

    It is ``PhotoKnown`` for a content that an earlier photo has.
    """
    files = [_photo_file(path) for path in photos]
    readable = (each for each in files if isinstance(each, PhotoFile))
    with closing(outcomes(readable, lambda _: False)) as found:
        for file in files:
            if isinstance(file, PhotoFailed):
                yield file
                continue
            outcome = next(found)
            yield outcome.failed if isinstance(outcome, PhotoSkipped) else outcome


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

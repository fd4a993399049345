"""Looks at photos that somebody asked about; they need not be in a library, and none is changed.

What cannot be looked at fails with a reason of its own, and the next photo comes. This module knows neither
what is asked nor who answers.
"""

import os
import stat
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from faceindex.scanning.survey import not_a_photo
from pipeline.values import PhotoFailed, PhotoFile, PhotoIndexed, PhotoSkipped, Reason, Stage

if TYPE_CHECKING:
    from pipeline.runner import Runner  # it brings OpenVINO


def examine(photos: Sequence[bytes], runner: "Runner") -> Iterator[PhotoIndexed | PhotoFailed]:
    """Find and describe the faces of photos.

    Args:
        photos: Absolute paths.
        runner: With the model that is to describe them.

    Yields:
        What was found, or why it could not be, for each photo, in order.
    """
    for file in map(_photo_file, photos):
        if isinstance(file, PhotoFailed):
            yield file
        else:
            (outcome,) = runner.run([file], lambda _: False)
            yield outcome if isinstance(outcome, PhotoIndexed) else _failed(outcome)


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


def _failed(outcome: object) -> PhotoFailed:
    if isinstance(outcome, PhotoSkipped):
        return not_a_photo(outcome.file)
    if isinstance(outcome, PhotoFailed):
        return outcome
    raise TypeError(f"unexpected outcome of a question: {outcome!r}")

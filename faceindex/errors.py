"""The public errors; each class carries the exit code of the command line.

    FaceindexError              1
    ├── BadRequest              2
    │   └── NotFound            2
    │       └── PictureUnavailable 2
    ├── NoLibrary              10
    ├── LibraryLocked          11
    ├── LibraryFromTheFuture   12
    └── WeightsUnavailable     13

The layers below raise errors of their own; ``explained`` turns them into these, chained.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager


class FaceindexError(Exception):
    """Base of everything that is raised on purpose; the message is one line for the user."""

    exit_code = 1


class BadRequest(FaceindexError):
    """The request is invalid."""

    exit_code = 2


class NotFound(BadRequest):
    """What the request names is not in the library."""


class PictureUnavailable(NotFound):
    """There is no picture of a face, photo or moment; ``reason`` says why, ``path`` is the file, if known."""

    def __init__(self, path: bytes | None, reason: str) -> None:
        place = "" if path is None else f"{os.fsdecode(path)}: "
        super().__init__(f"{place}{reason}.")
        self.path = path
        self.reason = reason


class NoLibrary(FaceindexError):
    """There is no library at that place."""

    exit_code = 10


class LibraryLocked(FaceindexError):
    """Another run is using the library."""

    exit_code = 11


class LibraryFromTheFuture(FaceindexError):
    """A newer version of faceindex made the library."""

    exit_code = 12


class WeightsUnavailable(FaceindexError):
    """The model's weights are missing or invalid."""

    exit_code = 13


@contextmanager
def explained() -> Iterator[None]:
    """Turn errors of the layers below into those of this module, chained."""
    from index.errors import (  # here, so that importing this module stays cheap
        DecisionRefused,
        DetectorMismatch,
        LibraryError,
        LibraryMissing,
        LibraryTooNew,
        LockHeld,
        ModelMismatch,
        NumberUnknown,
        PersonUnknown,
    )
    from pipeline.errors import DecodersUnavailable, ModelError, WeightsInvalid, WeightsMissing
    from pipeline.models.registry import UnknownModel

    try:
        yield
    except LibraryMissing as error:
        raise NoLibrary(str(error)) from error
    except LockHeld as error:
        raise LibraryLocked(str(error)) from error
    except LibraryTooNew as error:
        raise LibraryFromTheFuture(str(error)) from error
    except (NumberUnknown, PersonUnknown) as error:
        raise NotFound(str(error)) from error
    except (DecisionRefused, DetectorMismatch, ModelMismatch, UnknownModel) as error:
        raise BadRequest(str(error)) from error
    except (WeightsMissing, WeightsInvalid) as error:
        raise WeightsUnavailable(str(error)) from error
    except (LibraryError, ModelError, DecodersUnavailable) as error:
        raise FaceindexError(str(error)) from error

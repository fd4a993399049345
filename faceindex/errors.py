"""What can go wrong, as a person meets it; each class carries the exit code of the command line.

    FaceindexError              1
    ├── BadRequest              2    what was asked for makes no sense
    ├── NoLibrary              10    there is none at that place
    ├── LibraryLocked          11    another run is at work on it
    ├── LibraryFromTheFuture   12    a newer version of faceindex made it
    └── WeightsUnavailable     13    the model's weights are not on this machine, or not right

The layers below raise errors of their own; ``explained`` turns them into these, chained. Ctrl-C is
Python's own KeyboardInterrupt.
"""

from collections.abc import Iterator
from contextlib import contextmanager


class FaceindexError(Exception):
    """Base of everything that is raised on purpose; the message is one line for the person who reads it."""

    exit_code = 1


class BadRequest(FaceindexError):
    """What was asked for makes no sense."""

    exit_code = 2


class NoLibrary(FaceindexError):
    """There is no library at that place."""

    exit_code = 10


class LibraryLocked(FaceindexError):
    """Another run is at work on the library."""

    exit_code = 11


class LibraryFromTheFuture(FaceindexError):
    """A newer version of faceindex made the library."""

    exit_code = 12


class WeightsUnavailable(FaceindexError):
    """The model's weights are not on this machine, or are not what they should be."""

    exit_code = 13


@contextmanager
def explained() -> Iterator[None]:
    """Turn errors of the layers below into those of this module, chained."""
    from index.errors import (
        DecisionRefused,
        LibraryError,
        LibraryMissing,
        LibraryTooNew,
        LockHeld,
        ModelMismatch,
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
    except (DecisionRefused, ModelMismatch, PersonUnknown, UnknownModel) as error:
        raise BadRequest(str(error)) from error
    except (WeightsMissing, WeightsInvalid) as error:
        raise WeightsUnavailable(str(error)) from error
    except (LibraryError, ModelError, DecodersUnavailable) as error:
        raise FaceindexError(str(error)) from error

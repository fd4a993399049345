"""The errors of a library.

    LibraryError
    ├── LibraryMissing        there is no library at that place
    ├── LibraryTooNew         a newer version of faceindex made it
    ├── LibraryDamaged        its content contradicts itself, or cannot be read
    │   └── NotALibrary       not SQLite, or not a library: nothing in it can be saved
    ├── LibraryBusy           another program kept it locked for too long
    ├── LockHeld              another run has the lock
    ├── LibraryInaccessible   it cannot be read or written: permissions, a full disk, a read-only place
    ├── ModelMismatch         it belongs to one model, and another one was asked for
    ├── PersonUnknown         nobody in it has that name
    ├── NumberUnknown         a number is larger than any that a library gives
    ├── DecisionRefused       the decision contradicts the library; nothing was changed
    └── JournalMalformed      a file of decisions has something else in it; nothing was imported

Every message says what happened, to which file, and what to do. Paths are in messages as they are: the caller
that prints them replaces undecodable and control characters.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LibraryError(Exception):
    """Base of the errors of this package; ``path`` is the library's file."""

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


class LibraryMissing(LibraryError):
    """There is no library at that place."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"there is no library at {path}: make one with 'faceindex scan FOLDER'")


class LibraryTooNew(LibraryError):
    """A newer version of faceindex, with the schema ``revision``, made the library."""

    def __init__(self, path: Path, revision: str) -> None:
        super().__init__(
            path,
            f"the library {path} was made by a newer version of faceindex (its revision is {revision}): "
            "update faceindex, or name another library",
        )
        self.revision = revision


class LibraryDamaged(LibraryError):
    """A library's content contradicts itself or cannot be read; ``reason`` says why."""

    ADVICE = "Repair it by 'faceindex check --repair', restore a backup, or move it away and scan again"

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, f"{path} cannot be used as a library: {reason}. {self.ADVICE}")
        self.reason = reason


class NotALibrary(LibraryDamaged):
    """The file is not SQLite, or not a library of faceindex: nothing in it can be saved."""

    ADVICE = "Name another file; or, if it was one, restore a backup, or move it away and scan again"


class LibraryBusy(LibraryError):
    """Another program kept the library locked for too long."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(
            path,
            f"the library {path} is in use by another program, and stayed so for {seconds:g} seconds: "
            "try again when it is done",
        )


class LockHeld(LibraryError):
    """Another run has the lock of the library."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(path, f"The library {path} is in use by {owner}: try again when it is done.")


class LibraryInaccessible(LibraryError):
    """The library cannot be read or written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            path,
            f"the library {path} cannot be used where it is: {reason}. "
            "Check the permissions and the free space there, or name another place with --library",
        )


@contextmanager
def accessible(path: Path) -> Iterator[None]:
    """Translate errors of the operating system to ``LibraryInaccessible``."""
    try:
        yield
    except OSError as error:
        raise LibraryInaccessible(path, error.strerror or str(error)) from error


class ModelMismatch(LibraryError):
    """The library belongs to another model than the one asked for, or to none yet."""

    def __init__(self, path: Path, library_model: str | None, asked: str) -> None:
        super().__init__(
            path,
            f"the library {path} belongs to the model {library_model or '(none yet)'}, not to {asked}: "
            "descriptors of two models cannot be compared. Leave the model out, or name another library",
        )
        self.library_model = library_model
        self.asked = asked


class DetectorMismatch(LibraryError):
    """The library's faces are by another detector than the one asked for."""

    def __init__(self, path: Path, own: str, asked: str) -> None:
        super().__init__(
            path,
            f"the faces of the library {path} are found by {own}, not by {asked}: leave the detector out, or "
            f"look at all photos again with 'faceindex reindex --detector {asked}'",
        )


class PersonUnknown(LibraryError):
    """Nobody in the library has that name, or key; the message offers ``close`` names."""

    def __init__(self, path: Path, name: str, close: tuple[str, ...] = ()) -> None:
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        super().__init__(
            path, f"nobody is called {name}: {hint}'faceindex people list' shows everyone who is known"
        )
        self.close = close


class NumberUnknown(LibraryError):
    """Something was asked for by a number that is larger than any that a library gives."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"the library {path} holds nothing with so large a number")


class DecisionRefused(LibraryError):
    """The decision contradicts the library; nothing was changed."""


class JournalMalformed(LibraryError):
    """A file of decisions is malformed, first in ``line``, from 1; nothing was imported."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(
            path,
            f"line {line} of the journal is not a decision: {reason}. Nothing was imported into {path}: "
            "remove that line, or use another copy of the journal",
        )
        self.line = line

"""What can go wrong with a library, each with the file it happened to.

    LibraryError
    ├── LibraryMissing        there is no library at that place
    ├── LibraryTooNew         a newer version of faceindex made it
    ├── LibraryDamaged        its content contradicts itself, or cannot be read
    │   └── NotALibrary       not SQLite, or not a library: nothing in it can be saved
    ├── LibraryBusy           another process holds it, and did not let go in time
    ├── LibraryInaccessible   it cannot be read or written here: permissions, a full disk, a read-only place
    ├── ModelMismatch         it belongs to one model, and another one was asked for
    ├── PersonUnknown         nobody in it has the name that was asked for
    ├── DecisionRefused       what was decided makes no sense, as things are
    └── JournalMalformed      a file of decisions holds something else

Every message says what happened, to which file, and what to do. Paths stand in messages as they are:
who prints a message makes undecodable and control characters safe.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LibraryError(Exception):
    """Base of what this package raises on purpose.

    Attributes:
        path: The library's file.
    """

    def __init__(self, path: Path, message: str) -> None:
        super().__init__(message)
        self.path = path


class LibraryMissing(LibraryError):
    """There is no library at that place."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"there is no library at {path}: make one with 'faceindex scan FOLDER'")


class LibraryTooNew(LibraryError):
    """The library was made by a newer version of faceindex.

    Attributes:
        revision: The revision of the schema that the library says it has.
    """

    def __init__(self, path: Path, revision: str) -> None:
        super().__init__(
            path,
            f"the library {path} was made by a newer version of faceindex (its revision is {revision}): "
            "update faceindex, or name another library",
        )
        self.revision = revision


class LibraryDamaged(LibraryError):
    """A library's content contradicts itself, or cannot be read.

    Attributes:
        reason: What is wrong with it.
    """

    ADVICE = (
        "Save what can be read of it with 'faceindex check --repair', restore a backup, or move it away and "
        "scan again"
    )

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, f"{path} cannot be used as a library: {reason}. {self.ADVICE}")
        self.reason = reason


class NotALibrary(LibraryDamaged):
    """The file is not SQLite, or not a library of faceindex: there is nothing in it that could be saved."""

    ADVICE = "Name another file; or, if it was one, restore a backup, or move it away and scan again"


class LibraryBusy(LibraryError):
    """Another process holds the library, and did not let go of it in time."""

    def __init__(self, path: Path, seconds: float) -> None:
        super().__init__(
            path,
            f"the library {path} is in use by another program, and stayed so for {seconds:g} seconds: "
            "try again when it is done",
        )


class LockHeld(LibraryError):
    """Another run holds the lock of the library."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(path, f"The library {path} is in use by {owner}: try again when it is done.")


class LibraryInaccessible(LibraryError):
    """The library cannot be read or written at its place."""

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
    """The library belongs to one model, and another one was asked for.

    Attributes:
        library_model: The model it belongs to; ``None`` where it has none yet.
        asked: The model that was asked for.
    """

    def __init__(self, path: Path, library_model: str | None, asked: str) -> None:
        super().__init__(
            path,
            f"the library {path} belongs to the model {library_model or '(none yet)'}, not to {asked}: "
            "descriptors of two models cannot be compared. Leave the model out, or name another library",
        )
        self.library_model = library_model
        self.asked = asked


class PersonUnknown(LibraryError):
    """Nobody in the library has the name that was asked for.

    Attributes:
        name: That name.
        close: Names that are like it, the closest first.
    """

    def __init__(self, path: Path, name: str, close: tuple[str, ...]) -> None:
        hint = f"did you mean {' or '.join(close)}? " if close else ""
        super().__init__(
            path, f"nobody is called {name}: {hint}'faceindex people list' shows everyone who is known"
        )
        self.name = name
        self.close = close


class DecisionRefused(LibraryError):
    """What was decided makes no sense, as things are; nothing was changed."""


class JournalMalformed(LibraryError):
    """A file of decisions holds something else; nothing of it was imported.

    Attributes:
        line: The number of the first line that is none, from 1.
    """

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(
            path,
            f"line {line} of the journal is no decision: {reason}. Nothing was imported into {path}: "
            "take that line out, or the journal from another copy",
        )
        self.line = line

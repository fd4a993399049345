"""A stand-in for the networks: it tells by a file's content what comes of it, and finds no face."""

import hashlib
import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.values import (
    Outcome,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
    Reason,
    Size,
    Stage,
)


@dataclass
class FakeOutcomes:
    """Looks at files, and keeps the names of those that it has looked at.

    A file that begins with ``no photo`` is none, and one that begins with ``broken`` cannot be decoded.
    """

    decoder: str = "jpeg fake 1"
    looked_at: list[str] = field(default_factory=list)

    def __call__(
        self, files: Iterable[PhotoFile], is_known: Callable[[bytes], bool]
    ) -> Generator[Outcome, None, None]:
        done: set[bytes] = set()
        for file in files:
            path = Path(os.fsdecode(file.path))
            self.looked_at.append(path.name)
            content = path.read_bytes()
            digest = hashlib.sha256(content).digest()
            if content.startswith(b"no photo"):
                yield PhotoSkipped(file)
            elif digest in done or is_known(digest):
                yield PhotoKnown(file, digest)
            elif content.startswith(b"broken"):
                yield PhotoFailed(
                    file, Stage.DECODE, Reason.UNSUPPORTED, "no reader of it", digest, self.decoder
                )
            else:
                yield PhotoIndexed(file, digest, Size(1, 1), None, (), self.decoder, "fake")
            done.add(digest)

    def take(self) -> list[str]:
        """The names since the last time."""
        taken, self.looked_at = self.looked_at, []
        return taken

"""A stand-in for the networks: it tells by a file's content what comes of it, and finds no face."""

import os
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from blake3 import blake3

from faceindex.results import Listeners, ScanSummary
from faceindex.scanning.scan import Scan, ScanOptions
from faceindex.scanning.survey import Crawl
from faceindex.session import Session
from pipeline.decoding.readers import decoder_of
from pipeline.models.registry import SFACE
from pipeline.sources.crawl import crawl
from pipeline.values import (
    Outcome,
    Outcomes,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    PhotoKnown,
    PhotoSkipped,
    Reason,
    Size,
    Stage,
)
from tests.faceindex.conftest import Album


@dataclass
class FakeOutcomes:
    """Looks at files, and keeps the names of those that it has looked at.

    A file that begins with ``no photo`` is none, one that begins with ``film`` needs an extra, and one that
    begins with ``broken`` cannot be decoded. ``unread_by`` is the decoder of what is left out.
    """

    decoder: str = "jpeg fake 1"
    unread_by: str = decoder_of(None)
    looked_at: list[str] = field(default_factory=list)

    def __call__(
        self, files: Iterable[PhotoFile], is_known: Callable[[bytes], bool]
    ) -> Generator[Outcome, None, None]:
        done: set[bytes] = set()
        for file in files:
            path = Path(os.fsdecode(file.path))
            self.looked_at.append(path.name)
            content = path.read_bytes()
            digest = blake3(content).digest()
            if content.startswith(b"no photo"):
                yield PhotoSkipped(file, decoder=self.unread_by)
            elif content.startswith(b"film"):
                yield PhotoSkipped(file, "video", "video", self.unread_by, Reason.UNSUPPORTED)
            elif digest in done or is_known(digest):
                yield PhotoKnown(file, digest)
            elif content.startswith(b"broken"):
                yield PhotoFailed(
                    file, Stage.DECODE, Reason.UNSUPPORTED, "no reader of it", digest, self.decoder
                )
            else:
                yield PhotoIndexed(file, digest, Size(1, 1), None, (), self.decoder, "fake", digest)
            done.add(digest)

    def take(self) -> list[str]:
        """The names since the last time."""
        taken, self.looked_at = self.looked_at, []
        return taken


def scan(
    album: Album,
    outcomes: Outcomes,
    *roots: Path,
    options: ScanOptions | None = None,
    listeners: Listeners | None = None,
    crawl: Crawl = crawl,
) -> ScanSummary:
    """Scan roots, by default the album's folder, with a stand-in or the real runner."""
    with Session.open_to_write(album.settings) as library:
        library.catalog.choose_model(SFACE.model_id)
        this = Scan(library.database, SFACE, outcomes, listeners or Listeners(), crawl=crawl)
        return this.run([bytes(root) for root in roots or (album.folder,)], options or ScanOptions())

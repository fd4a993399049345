"""Photos of a made library: rows of contents and photos, and on request the files that a scan looks at."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np
from blake3 import blake3
from sqlalchemy import Connection

from benchmarks.made_library.rows import fill
from index.store.schema import content, file_digest, photo, root
from index.values import I64
from pipeline.decoding.formats import Format
from pipeline.decoding.readers import decoder_of

WIDTH, HEIGHT = 4000, 3000
_BEGIN, _YEARS = datetime(2005, 1, 1), 20
_UNDATED = 0.03
"""The share of photos without a date."""


@dataclass(frozen=True, slots=True, eq=False)
class MadePhotos:
    """P photos, by rising number and time.

    Attributes:
        times: When each was taken.
        dated: bool [P], whether the photo says so.
        sizes: int64 [P], of the files, in bytes.
        paths: Of the files.
    """

    times: list[datetime]
    dated: list[bool]
    sizes: I64
    paths: list[bytes]

    @property
    def mtimes(self) -> list[int]:
        """When each file was last changed, in nanoseconds."""
        return [int((each - datetime(1970, 1, 1)).total_seconds()) * 1_000_000_000 for each in self.times]


def made_photos(count: int, folder: bytes, rng: np.random.Generator) -> MadePhotos:
    """Make photos of some decades, in a folder for each third of a month."""
    seconds = np.sort(rng.integers(0, _YEARS * 365 * 86400, count)).tolist()
    times = [_BEGIN + timedelta(seconds=each) for each in seconds]
    paths = [
        b"%s/%04d/%04d-%02d-%02d/IMG_%07d.jpg"
        % (folder, each.year, each.year, each.month, 1 + 10 * min((each.day - 1) // 10, 2), number)
        for number, each in enumerate(times, start=1)
    ]
    dated = (rng.random(count) >= _UNDATED).tolist()
    return MadePhotos(times, dated, rng.integers(1 << 20, 6 << 20, count), paths)


def digest_of(number: int, seed: int) -> bytes:
    """Return the digest of a photo, by its number."""
    return blake3(b"%d %d" % (seed, number)).digest()


def write_photos(
    connection: Connection, made: MadePhotos, folder: bytes, seed: int, detector: str
) -> list[bytes]:
    """Write the rows of photos that show one content each, with equal numbers; return their digests."""
    count = len(made.paths)
    ids = range(1, count + 1)
    digests = [digest_of(each, seed) for each in ids]
    taken = [time.isoformat() if dated else None for time, dated in zip(made.times, made.dated, strict=True)]
    contents = {"id": ids, "digest": digests, "width": WIDTH, "height": HEIGHT, "taken_at": taken}
    looked = {"detector": detector, "decoder": decoder_of(Format.JPEG)}
    fill(connection, content, count, contents | looked)
    # In the order of the index, so that SQLite appends to it.
    fill(connection, file_digest, count, {"digest": sorted(digests), "picture": sorted(digests)})
    files = {"path": made.paths, "size": made.sizes, "mtime_ns": made.mtimes}
    fill(connection, photo, count, {"id": ids, **files, "content_id": ids})
    fill(connection, root, 1, {"path": [folder]})
    return digests


def make_files(made: MadePhotos) -> None:
    """Make the files, of zeros that take no space on the disk, with the sizes and times of the rows."""
    for folder, files in groupby(_files(made), key=lambda each: os.path.dirname(each[0])):
        os.makedirs(folder, exist_ok=True)
        for path, size, mtime in files:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.ftruncate(descriptor, size)
            os.utime(descriptor, ns=(mtime, mtime))
            os.close(descriptor)


def _files(made: MadePhotos) -> Iterator[tuple[bytes, int, int]]:
    return zip(made.paths, made.sizes.tolist(), made.mtimes, strict=True)

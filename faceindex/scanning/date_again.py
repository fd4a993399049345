"""Reads dates again that a version before this one looked for in EXIF alone: once for each photo.

Only the beginning of a file is read, or what its format needs to find the metadata, and no picture. The first
photo of a content counts, by path.
"""

import time
from collections.abc import Iterator

from faceindex.lock import turn
from faceindex.results import Listeners
from faceindex.scanning.recording import BATCH_SECONDS
from faceindex.settings import Settings
from index.photos.dates import OldDates
from index.store.store import Store
from index.values import KnownContent
from pipeline.decoding.decoders import Decoder, DecoderOptions, Decoders
from pipeline.decoding.metadata.file_names import or_by_name
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import Taken

_AHEAD = 256
"""Contents that are read from the library at once, and dates stored together, at most."""


def read_dates_again(store: Store, settings: Settings, listeners: Listeners, deadline: float) -> bool:
    """Read old dates again; return whether all are done by the deadline, by ``time.monotonic``.

    A photo that cannot be read, or has changed, keeps its date until the next run.
    """
    old = OldDates(store)
    contents = _contents(old)
    first = next(contents, None)
    if first is None:
        return True
    listeners.step("reading when photos were taken")
    read = changed = 0
    found: dict[int, Taken | None] = {}
    stored = time.monotonic()

    def write() -> None:
        nonlocal read, changed, stored
        with turn(store.path):
            changed += old.store(found)
        read += len(found)
        found.clear()
        stored = time.monotonic()

    in_time = True
    options = DecoderOptions(pixel_cap=int(settings.max_megapixels * 1e6))
    with Decoders(options) as decoders, decoders.lend() as decoder:
        content: KnownContent | None = first
        while content is not None and in_time:
            _read(content, decoder, found)
            if len(found) >= _AHEAD or time.monotonic() - stored >= BATCH_SECONDS:
                write()
            in_time = time.monotonic() < deadline
            content = next(contents, None)
    write()
    if read:
        photos = "photo" if read == 1 else "photos"
        listeners.note(f"The dates of {read:,} {photos} were looked for in more places: {changed:,} changed.")
    return in_time or content is None


def _contents(old: OldDates) -> Iterator[KnownContent]:
    last = 0
    while found := old.contents(last, _AHEAD):
        last = found[-1].content_id
        yield from found


def _read(content: KnownContent, decoder: Decoder, found: dict[int, Taken | None]) -> None:
    for file in content.files:
        try:
            with OpenPhoto(file) as photo:
                photo.check_unchanged()
                taken = decoder.taken(photo)
        except PhotoError:
            continue
        found[content.content_id] = or_by_name(taken, file.path)
        return

"""A folder of symbolic links to photos, brought up to date by making it again.

The folder is new, empty, or one that was made here; nothing in it is ever written over, and only links
that were made here, and still lead where they led, are taken away. Two files in it are not links:
``LIST`` says which links are ours, and an ignore file keeps scans from taking them for photos. This module
knows paths, and nothing of who is in the photos.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from faceindex.errors import BadRequest, FaceindexError
from pipeline.sources.crawl import IGNORE_FILE

LIST = ".faceindex-links"


@dataclass(frozen=True, slots=True)
class Linked:
    """What became of a folder of links.

    Attributes:
        made: Links that are new.
        kept: Links that were there.
        removed: Links to photos that are not wanted any more.
    """

    made: int
    kept: int
    removed: int


def link(photos: Sequence[bytes], folder: Path) -> Linked:
    """Let a folder hold a link to each of some photos, and no other link of ours.

    Args:
        photos: Absolute paths, each once; those in the folder itself are passed over.
        folder: Made if it is not there.

    Raises:
        BadRequest: The folder is none, or holds something and was not made here.
        FaceindexError: It cannot be read or written, or its file system has no links.
    """
    place = os.path.abspath(os.fsencode(folder))
    outside = [photo for photo in photos if not photo.startswith(place + b"/")]
    targets = set(outside)
    try:
        ours = _prepare(place, folder)
        stale = ours.keys() - {name for name, target in ours.items() if target in targets}
        kept = {target: name for name, target in ours.items() if name not in stale}
        for name in stale:
            os.unlink(os.path.join(place, name))
        fresh = [photo for photo in outside if photo not in kept]
        made = dict(_named(fresh, place, set(kept.values())))
        # Written first: of a run that is killed, the next one still knows which links are ours.
        _write_list(place, {name: target for target, name in kept.items()} | made)
        for name, target in made.items():
            os.symlink(target, os.path.join(place, name))
    except OSError as error:
        raise FaceindexError(f"{folder} cannot hold the links: {error.strerror or error}.") from error
    return Linked(made=len(made), kept=len(kept), removed=len(stale))


def _prepare(place: bytes, folder: Path) -> dict[bytes, bytes]:
    """Make the folder if need be; the links in it that are ours, by name, with where they lead."""
    try:
        os.makedirs(place, exist_ok=True)
    except FileExistsError as error:
        raise BadRequest(f"{folder} is not a folder: name another one for the links.") from error
    listed = os.path.join(place, os.fsencode(LIST))
    if not os.path.lexists(listed):
        if os.listdir(place):
            raise BadRequest(f"{folder} is not empty: name a new folder, or one that --link made.")
        _write_list(place, {})
    ignored = os.path.join(place, IGNORE_FILE)
    if not os.path.lexists(ignored):
        _write(ignored, b"*\n")
    return {name: target for name, target in _read_list(listed, folder) if _leads_to(place, name, target)}


def _read_list(listed: bytes, folder: Path) -> Iterator[tuple[bytes, bytes]]:
    try:
        with open(listed, encoding="utf-8") as file:
            for name, target in json.load(file).items():
                yield os.path.basename(os.fsencode(name)), os.fsencode(target)
    except (ValueError, AttributeError, TypeError) as error:
        raise FaceindexError(
            f"{folder}/{LIST}, the list of links that are ours, is damaged: name another folder."
        ) from error


def _leads_to(place: bytes, name: bytes, target: bytes) -> bool:
    try:
        return os.readlink(os.path.join(place, name)) == target
    except OSError:
        return False


def _named(photos: Sequence[bytes], place: bytes, taken: set[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """A name for the link to each photo: its own, with a number behind it where that is taken."""
    for photo in photos:
        stem, ending = os.path.splitext(os.path.basename(photo))
        numbered = (b"%s (%d)%s" % (stem, number, ending) for number in count(2))
        name = next(
            each
            for each in chain([stem + ending], numbered)
            if each not in taken and not os.path.lexists(os.path.join(place, each))
        )
        taken.add(name)
        yield name, photo


def _write_list(place: bytes, ours: dict[bytes, bytes]) -> None:
    listed = {os.fsdecode(name): os.fsdecode(target) for name, target in ours.items()}
    path = os.path.join(place, os.fsencode(LIST))
    _write(path + b".unfinished", json.dumps(listed, indent=0).encode())
    os.replace(path + b".unfinished", path)


def _write(path: bytes, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)

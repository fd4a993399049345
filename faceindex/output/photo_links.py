"""Keeps a folder of symbolic links to photos: a new or empty folder, or one that was made here.

No file in it is overwritten, and only links that were made here and still have their target are deleted.
``LIST`` records these links, and an ignore file keeps scans out. Paths are text as PEP 383 decodes them.
"""

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from faceindex.errors import BadRequest, FaceindexError
from pipeline.sources.folders import IGNORE_FILE

LIST = ".faceindex-links"


@dataclass(frozen=True, slots=True)
class Linked:
    """Numbers of links made, kept, and removed because their photos are no longer wanted."""

    made: int
    kept: int
    removed: int


def link(photos: Sequence[bytes], folder: Path) -> Linked:
    """Make a folder hold a link to each of some photos (distinct absolute paths), and no other link of ours.

    The folder is made if necessary; photos in it are skipped.

    Raises:
        BadRequest: The path is not a folder, or the folder is not empty and was not made here.
        FaceindexError: It cannot be read or written, or its file system has no links.
    """
    place = Path(os.path.abspath(folder))
    targets = [photo for photo in map(os.fsdecode, photos) if not photo.startswith(f"{place}/")]
    try:
        ours = _prepare(place, folder)
        wanted = set(targets)
        kept = {name: target for name, target in ours.items() if target in wanted}
        for name in ours.keys() - kept.keys():
            (place / name).unlink()
        linked = set(kept.values())
        made = dict(_named([target for target in targets if target not in linked], place, set(kept)))
        # Written first: after a run that is killed, the next one still knows which links are ours.
        _write_list(place, kept | made)
        for name, target in made.items():
            (place / name).symlink_to(target)
    except OSError as error:
        raise FaceindexError(f"{folder} cannot hold the links: {error.strerror or error}.") from error
    return Linked(made=len(made), kept=len(kept), removed=len(ours) - len(kept))


def _prepare(place: Path, folder: Path) -> dict[str, str]:
    """Make the folder if necessary, and return the targets of our links in it by name."""
    try:
        place.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise BadRequest(f"{folder} is not a folder: name another one for the links.") from error
    if not os.path.lexists(place / LIST):
        if os.listdir(place):
            raise BadRequest(f"{folder} is not empty: name a new folder, or one that --link made.")
        _write_list(place, {})
    ignored = place / os.fsdecode(IGNORE_FILE)
    if not os.path.lexists(ignored):
        ignored.write_text("*\n")
    try:
        listed = json.loads((place / LIST).read_text(encoding="utf-8"))
        recorded = {os.path.basename(name): os.fsdecode(target) for name, target in listed.items()}
    except (ValueError, AttributeError, TypeError) as error:
        raise FaceindexError(
            f"{folder}/{LIST}, the list of links that are ours, is damaged: name another folder."
        ) from error
    return {name: target for name, target in recorded.items() if _leads_to(place / name, target)}


def _leads_to(path: Path, target: str) -> bool:
    try:
        return os.readlink(path) == target
    except OSError:
        return False


def _named(targets: Sequence[str], place: Path, taken: set[str]) -> Iterator[tuple[str, str]]:
    """Name the link to each photo as the photo, with a number added where that name is taken."""
    for target in targets:
        stem, ending = os.path.splitext(os.path.basename(target))
        numbered = (f"{stem} ({number}){ending}" for number in count(2))
        name = next(
            each
            for each in chain([stem + ending], numbered)
            if each not in taken and not os.path.lexists(place / each)
        )
        taken.add(name)
        yield name, target


def _write_list(place: Path, ours: dict[str, str]) -> None:
    unfinished = place / f"{LIST}.unfinished"
    unfinished.write_text(json.dumps(ours, indent=0))
    unfinished.replace(place / LIST)

"""Folders of photos on the disk, and what may happen to the files in them.

What a path holds is read from the disk. Times of change are set, each one second after the one before, and no
test depends on the real time.
"""

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.faceindex.names_stay.portraits import Portrait, Shot, encoded, read

LONG_AGO = 1_600_000_000
"""Seconds since the epoch: the time of the first change."""


class Folders:
    """The folders under one place, each of which may be a root, and all that happens to their files."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._changes = 0
        self._tags = 0
        self.backup: dict[Path, tuple[Shot, float]] = {}

    def files(self) -> list[Path]:
        """All paths of files, by name, without those below a linked folder."""
        return [
            path
            for folder, _, names in sorted(os.walk(self.place))
            for path in (Path(folder, name) for name in sorted(names))
            if path.suffix.lower() in (".jpg", ".png")
        ]

    def shot(self, path: Path) -> Shot | None:
        """What a file holds; ``None`` if it is gone or damaged, or may not be read."""
        try:
            if not path.stat().st_mode & 0o400:
                return None
            return read(path.read_bytes())
        except OSError:
            return None

    def photos(self) -> list[Path]:
        """The paths of files that can be read."""
        return [path for path in self.files() if self.shot(path)]

    def add(self, portrait: Portrait, folder: str, name: str) -> Path:
        path = self.place / folder / (name + (".png" if portrait.form == "PNG" else ".jpg"))
        path.parent.mkdir(parents=True, exist_ok=True)
        self.write(path, Shot(portrait), in_place=True)
        return path

    def write(self, path: Path, shot: Shot, *, in_place: bool, changed: float | None = None) -> None:
        """Write a file, into itself or as a new file in its place; what it held is kept as a backup."""
        before = self.shot(path)
        if before is not None:
            self.backup[path] = before, path.stat().st_mtime
        written = path if in_place else path.with_name(f".{path.name}.new")
        if in_place and path.exists():
            path.chmod(0o600)
        written.write_bytes(encoded(shot))
        if not in_place:
            os.replace(written, path)
        self.touch(path, changed)

    def touch(self, path: Path, changed: float | None = None) -> None:
        self._changes += 1
        moment = LONG_AGO + self._changes if changed is None else changed
        os.utime(path, (moment, moment))

    def edit(self, path: Path, edit: str, *, in_place: bool) -> bool:
        """Edit a photo; false if it was edited often already."""
        shot = self.shot(path)
        if shot is None or len(shot.edits) >= shot.portrait.most_edits or edit not in shot.portrait.edits:
            return False
        self.write(path, replace(shot, edits=(*shot.edits, edit)), in_place=in_place)
        return True

    def tag(self, path: Path, *, in_place: bool) -> None:
        """Write other metadata."""
        self._tags += 1
        if (shot := self.shot(path)) is not None:
            self.write(path, replace(shot, tag=self._tags), in_place=in_place)

    def replace(self, path: Path, portrait: Portrait) -> None:
        """Put another photo in the place of this one, as a name that a camera uses again."""
        self.write(path, Shot(portrait), in_place=False)

    def damage(self, path: Path, size: int) -> None:
        """Leave so many bytes of a file, as a download that was broken off."""
        shot = self.shot(path)
        if shot is not None:
            self.backup[path] = shot, path.stat().st_mtime
            path.write_bytes(encoded(shot)[:size])
            self.touch(path)

    def lock(self, path: Path) -> None:
        """Take the right to read a file, whose times change."""
        self.touch(path)
        path.chmod(0)

    def restore(self, path: Path) -> bool:
        """Give a file back what it held before the last change, with its time; false if nothing is known."""
        path_there = path.is_file()
        if path_there and not path.stat().st_mode & 0o400:
            path.chmod(0o600)
            return True
        if path not in self.backup:
            return False
        shot, changed = self.backup[path]
        path.parent.mkdir(parents=True, exist_ok=True)
        self.write(path, shot, in_place=False, changed=changed)
        return True

    def delete(self, path: Path) -> None:
        if (shot := self.shot(path)) is not None:
            self.backup[path] = shot, path.stat().st_mtime
        path.unlink()

    def move(self, path: Path, target: Path) -> bool:
        if os.path.lexists(target):
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
        return True

    def copy(self, path: Path, target: Path) -> bool:
        if os.path.lexists(target) or self.shot(path) is None:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
        return True

    def link(self, path: Path, target: Path, *, hard: bool) -> bool:
        if os.path.lexists(target):
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        if hard:
            os.link(path, target)
        else:
            target.symlink_to(path)
        return True


_DAC_OVERRIDE, _DAC_READ_SEARCH = 1, 2


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable"))


@contextmanager
def permissions_apply() -> Iterator[bool]:
    """Have permissions of files apply to this thread and those it starts, also where root runs the tests.

    Yields whether they do; the source is capabilities(7), version 3 of the sets.
    """
    if os.geteuid():
        yield True
        return
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        header, sets = _Header(0x20080522, 0), (_Sets * 2)()
        given_up = not libc.capget(ctypes.byref(header), sets)
    except (OSError, AttributeError):
        given_up = False
    if not given_up:
        yield False
        return
    before = sets[0].effective
    sets[0].effective = before & ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    try:
        yield not libc.capset(ctypes.byref(header), sets)
    finally:
        sets[0].effective = before
        libc.capset(ctypes.byref(header), sets)

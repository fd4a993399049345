"""Finds the other paths of a folder that is mounted at several places, by the table of mounts."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Mount:
    """A folder of a file system, and the path at which it is mounted; neither ends in a slash."""

    device: bytes
    folder: bytes
    place: bytes


def other_paths(path: bytes, table: bytes) -> Iterator[bytes]:
    """Yield paths of the same file or folder at other mounts, which later mounts may hide.

    Args:
        path: An absolute path without symbolic links.
        table: The content of /proc/self/mountinfo (proc(5)).
    """
    mounts = list(_parse(table))
    holding = [each for each in mounts if _below(path, each.place) is not None]
    if not holding:
        return
    # Of mounts at one place the last one hides the others.
    own = max(reversed(holding), key=lambda mount: len(mount.place))
    in_file_system = own.folder + path[len(own.place) :]
    for mount in mounts:
        rest = _below(in_file_system, mount.folder)
        if mount.device == own.device and rest is not None and mount.place + rest != path:
            yield mount.place + rest or b"/"


def _parse(table: bytes) -> Iterator[_Mount]:
    for line in table.splitlines():
        fields = line.split(b" ")
        if len(fields) > 4:
            yield _Mount(fields[2], _plain(fields[3]), _plain(fields[4]))


def _plain(name: bytes) -> bytes:
    """Resolve the octal escapes for blanks and backslashes."""
    return name.decode("unicode_escape").encode("latin-1").rstrip(b"/")


def _below(path: bytes, folder: bytes) -> bytes | None:
    """Return the rest of a path after a folder; ``None`` if it lies elsewhere."""
    rest = path.removeprefix(folder)
    return rest if path.startswith(folder) and (not rest or rest.startswith(b"/")) else None

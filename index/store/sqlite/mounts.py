"""Whether a library is on a file system that other machines may share."""

import os
from pathlib import Path

from pipeline.platform_support import mounts

# fmt: off
_NETWORK = frozenset((
    "9p", "afs", "beegfs", "ceph", "cifs", "davfs", "fuse.ceph", "fuse.davfs2", "fuse.gcsfuse",
    "fuse.glusterfs", "fuse.gvfsd-fuse", "fuse.juicefs", "fuse.rclone", "fuse.s3fs", "fuse.smbnetfs",
    "fuse.sshfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2", "smb", "smb2",
    "smb3", "smbfs", "vboxsf", "virtiofs",
))
# fmt: on
"""File systems, as /proc/mounts names them, that several machines may share."""


def network_kind(path: Path) -> str | None:
    """The kind of file system that the path is on, if several machines may share it; else ``None``.

    Also ``None`` where the system does not tell.
    """
    kind = _kind(path)
    return kind if kind in _NETWORK else None


def is_on_network(path: Path) -> bool:
    """Whether the path lies on a file system that several machines may share, or one that is unknown."""
    kind = _kind(path)
    return kind is None or kind in _NETWORK


def _kind(path: Path) -> str | None:
    listed = mounts()
    return None if listed is None else file_system(os.fsencode(os.path.realpath(path)), listed)


def file_system(path: bytes, listed: bytes) -> str | None:
    """The kind of file system that a path is on.

    Args:
        path: Absolute, without symbolic links.
        listed: The content of /proc/mounts: device, place, kind, one mount a line, later ones above
            earlier ones; blanks and backslashes in a place are octal escapes.
    """
    best, kind = b"", None
    for line in listed.splitlines():
        fields = line.split(b" ")
        if len(fields) < 3:
            continue
        place = fields[1].decode("unicode_escape").encode("latin-1").rstrip(b"/")
        if len(place) >= len(best) and (path == place or path.startswith(place + b"/")):
            best, kind = place, fields[2].decode("ascii", "replace")
    return kind

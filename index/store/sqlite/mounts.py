"""Recognises file systems that other machines may share."""

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
    """Return the kind of network file system that the path is on; ``None`` for a local or an unknown one."""
    kind = _kind(path)
    return kind if kind in _NETWORK else None


def is_on_network(path: Path) -> bool:
    """Return whether the path is on a network file system, or on an unknown one."""
    kind = _kind(path)
    return kind is None or kind in _NETWORK


def _kind(path: Path) -> str | None:
    return file_system(os.fsencode(os.path.realpath(path)), mounts() or b"")


def file_system(path: bytes, listed: bytes) -> str | None:
    """Return the kind of file system of an absolute path without symbolic links; ``None`` if unknown.

    ``listed`` is the content of /proc/mounts, one mount a line: device, mount point, kind. Later mounts hide
    earlier ones; blanks and backslashes in a mount point are octal escapes.
    """
    best, kind = b"", None
    for line in listed.splitlines():
        fields = line.split(b" ")
        if len(fields) < 3:
            continue
        point = fields[1].decode("unicode_escape").encode("latin-1").rstrip(b"/")
        if len(point) >= len(best) and (path == point or path.startswith(point + b"/")):
            best, kind = point, fields[2].decode("ascii", "replace")
    return kind

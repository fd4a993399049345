"""The folders and files that are scanned: ``library.roots``."""

from faceindex.paths import AnyPath, absolute
from faceindex.results import RootReport
from faceindex.scanning.scan_roots import forget_root, list_roots, move_root
from faceindex.sessions import Sessions
from index.values import Moved


class ScannedRoots:
    """What was ever asked to be scanned; ``Library.reindex`` scans it again."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def list(self) -> tuple[RootReport, ...]:
        """Every folder with its photos, in the order in which they were first scanned."""
        return self._sessions.read(list_roots)

    def move(self, old: AnyPath, new: AnyPath, *, dry_run: bool = False) -> Moved:
        """Say that a folder is at another place now: its photos are the same, and are not read again.

        Args:
            old: A folder of ``list``.
            new: Where it is now.
            dry_run: Only find out whether that may be.

        Raises:
            BadRequest: There is no such folder, or one place lies in the other.
            FaceindexError: The photos are not at the new place; nothing is changed.
        """
        run = self._sessions.read if dry_run else self._sessions.write
        before, after = absolute([old, new])
        return run(move_root, before, after, dry_run=dry_run)

    def forget(self, folder: AnyPath, *, dry_run: bool = False) -> int:
        """Scan a folder no more. Its photos count as missing, unless another folder holds them.

        Args:
            folder: A folder of ``list``.
            dry_run: Only count.

        Returns:
            How many photos count as missing by that.

        Raises:
            BadRequest: There is no such folder.
        """
        run = self._sessions.read if dry_run else self._sessions.write
        return run(forget_root, absolute(folder)[0], dry_run=dry_run)

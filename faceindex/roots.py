"""The folders that are scanned: ``library.roots``."""

from faceindex.paths import AnyPath, absolute
from faceindex.results import RootReport
from faceindex.scanning.scan_roots import forget_root, list_roots, move_root
from faceindex.warm_sessions import WarmSessions
from index.values import Moved


class ScannedRoots:
    """The folders given to ``Library.scan``; ``BadRequest`` means that ``list`` has no such one."""

    def __init__(self, sessions: WarmSessions) -> None:
        self._sessions = sessions

    def list(self) -> tuple[RootReport, ...]:
        """List every root with its figures, in the order of their first scan."""
        return self._sessions.read(list_roots)

    def move(self, old: AnyPath, new: AnyPath, *, dry_run: bool = False) -> Moved:
        """Record that a folder has moved, without reading its photos again.

        Raises:
            BadRequest: One place lies in the other.
            FaceindexError: The photos are not at the new place; nothing is changed.
        """
        run = self._sessions.read if dry_run else self._sessions.run
        before, after = absolute([old, new])
        return run(move_root, before, after, dry_run=dry_run)

    def forget(self, folder: AnyPath, *, dry_run: bool = False) -> int:
        """Stop scanning a folder; return how many photos are missing now, since no other root holds them."""
        run = self._sessions.read if dry_run else self._sessions.run
        return run(forget_root, absolute(folder)[0], dry_run=dry_run)

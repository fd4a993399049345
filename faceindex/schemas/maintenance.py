"""The JSON contract of ``check``, ``backup`` and ``restore``. Fields may be added, never renamed."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from faceindex.schemas.answers import Json

if TYPE_CHECKING:
    from faceindex.maintenance import Checked
    from index.maintenance.findings import Finding
    from index.store.sqlite.backup import BackedUp
    from index.store.sqlite.salvage import Salvage


def finding(finding: "Finding") -> Json:
    """A fault of a library."""
    return {
        "event": "finding",
        "kind": str(finding.kind),
        "message": finding.message,
        "repair": finding.remedy,
    }


def salvage(salvage: "Salvage") -> Json:
    """What was saved of a damaged database."""
    return {
        "event": "salvage",
        "lost": {
            table.table: {"saved": table.saved, "lost_at_most": None if table.cut else table.lost}
            for table in salvage.tables
        },
        "photos_to_read_again": salvage.read_again,
        "damaged": os.fspath(salvage.kept),
    }


def checked(checked: "Checked") -> Json:
    """The last line of a check."""
    return {
        "event": "summary",
        "found": checked.found,
        "left": checked.left,
        "photos": checked.photos,
        "faces": checked.faces,
        "undescribed": checked.undescribed,
    }


def backup(event: str, file: Path, contents: "BackedUp", kept: Path | None = None) -> Json:
    """A backup made or restored, or what would be restored."""
    return {
        "event": event,
        "file": os.fspath(file),
        "photos": contents.photos,
        "faces": contents.faces,
        "decisions": contents.decisions,
        "bytes": contents.file_bytes,
        "kept": None if kept is None else os.fspath(kept),
    }

"""Text of ``stats``, ``check``, ``backup`` and ``restore``."""

import os
from collections.abc import Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING

from faceindex.cli.text.scanning import reasons_counted
from faceindex.film_times import clock
from faceindex.left_out import described
from faceindex.wording.numbers import count

if TYPE_CHECKING:
    from pathlib import Path

    from faceindex.maintenance import Checked, Restored
    from index.figures import Statistics
    from index.maintenance.check import Finding
    from index.store.store import BackedUp, Salvage
    from index.values import FailureRecord

_NAMES = {
    "calibration": "calibrations",
    "cluster": "clusters",
    "cluster_face": "members of clusters",
    "content": "contents of photos",
    "decision": "decisions",
    "decision_face": "faces that decisions are about",
    "descriptor": "descriptors",
    "face": "faces",
    "forgotten": "marks of forgotten faces",
    "library": "the library's model",
    "person": "persons",
    "photo": "photos",
    "projection": "learned models",
    "recognised": "recognised faces",
    "rejection": "rejections",
    "root": "scanned folders",
    "verdict": "faces with a name or another verdict",
}
"""Plain names for the rows of each table."""

_DERIVED = frozenset({"cluster", "cluster_face", "left_out", "person", "recognised", "rejection", "verdict"})
"""Tables that are rebuilt from others, or by the next scan."""


def statistics_rows(statistics: "Statistics", library: "Path") -> Iterator[tuple[str, str]]:
    """Yield the statistics as names and values."""
    yield "Library", f"{library} ({_bytes(statistics.database_bytes)})"
    yield "Model", statistics.model or "none yet: nothing was scanned"
    if statistics.detector is not None:
        yield "Detector", statistics.detector
    for name, root in zip_longest(("Folders",), statistics.roots, fillvalue=""):
        yield name, os.fsdecode(root) if root else ""
    yield "Photos", f"{statistics.photos:,} ({_bytes(statistics.photo_bytes)})"
    yield "  duplicates", f"{statistics.duplicates:,}"
    yield "  without a face", f"{statistics.contents_without_face:,}"
    yield "  missing", f"{statistics.missing:,}"
    reasons = reasons_counted((each.reason, each.photos) for each in statistics.failed)
    yield "  failed", f"{statistics.failures:,}" + (f" ({reasons})" if reasons else "")
    if statistics.left_out:
        yield "Left out", described(statistics.left_out)
    if statistics.first_taken and statistics.last_taken:
        yield "Taken", f"{statistics.first_taken:%Y-%m-%d} to {statistics.last_taken:%Y-%m-%d}"
    most = f"{statistics.faces_per_photo:.2f} a photo, at most {statistics.most_faces:,}"
    yield "Faces", f"{statistics.faces:,} ({most})"
    if statistics.films:
        length = clock(statistics.film_seconds)
        faces = count(statistics.tracklets, "appearance")
        yield "Films", f"{statistics.films:,} ({length} in all), {faces} of faces"
    yield "Descriptors", f"{statistics.descriptors:,} ({_bytes(statistics.descriptor_bytes)})"
    index = "not saved yet"
    if statistics.index_kind:
        index = f"{count(statistics.indexed_faces, 'face')}, {statistics.index_kind}"
    yield "Index", index


def _bytes(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:,.0f} {unit}" if unit == "bytes" else f"{number:,.1f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"


def failure(failed: "FailureRecord") -> str:
    """Say why a photo cannot be read."""
    return f"{os.fsdecode(failed.path)}: {failed.message}"


def finding(finding: "Finding", *, repair: bool) -> str:
    """Describe a fault and its repair."""
    return f"{finding.message}; {'repair' if repair else '--repair would'}: {finding.remedy}"


def salvage(salvage: "Salvage") -> Iterator[str]:
    """Report what was saved of a damaged database, and what was lost."""
    yield f"saved what could be read; the damaged database is kept as {salvage.kept}"
    for table in salvage.tables:
        if table.table not in _DERIVED:
            name = _NAMES.get(table.table, f"rows of the table {table.table}")
            lost = "how many were lost is unknown"
            if table.lost_at_most is not None:
                lost = f"{table.lost_at_most:,} lost at most"
            yield f"lost: {name}: {table.saved:,} saved, {lost}"
    if salvage.read_again:
        photos = count(salvage.read_again, "photo")
        yield f"the next scan reads {photos} again, of which faces may have been lost"
    if any(table.table in ("decision", "decision_face") for table in salvage.tables):
        yield "decisions were lost: bring them back with 'faceindex people import', if you have exported them"


def checked(checked: "Checked", *, repair: bool) -> Iterator[str]:
    """Report the result of a check."""
    if checked.undescribed:
        yield f"{count(checked.undescribed, 'face')} yet to be described: 'faceindex reindex' does it"
    yield _verdict(checked, repair=repair)


def _verdict(checked: "Checked", *, repair: bool) -> str:
    if not checked.found:
        photos, faces = count(checked.photos or 0, "photo"), count(checked.faces or 0, "face")
        return f"no fault found in {photos} and {faces}"
    if not checked.left:
        return f"{count(checked.found, 'fault')} found, all repaired"
    if repair:
        return f"{count(checked.found, 'fault')} found, {checked.left:,} of them left"
    return f"{count(checked.found, 'fault')} found: 'faceindex check --repair' does what is said above"


def backed_up(contents: "BackedUp", file: "Path") -> str:
    """Report the contents of a backup."""
    return f"The backup {file} holds {_contents(contents)}"


def restored(restored: "Restored", library: "Path", *, dry_run: bool) -> Iterator[str]:
    """Report the contents of a restored library, and where the replaced one is."""
    if dry_run:
        yield f"The library {library} would hold {_contents(restored.contents)}"
        if restored.kept is not None:
            yield "The one that is there would be kept beside it"
        return
    yield f"The library {library} holds {_contents(restored.contents)}"
    if restored.kept is not None:
        yield f"The one before is now {restored.kept}"


def _contents(contents: "BackedUp") -> str:
    counts = ((contents.photos, "photo"), (contents.faces, "face"), (contents.decisions, "decision"))
    return ", ".join(count(number, noun) for number, noun in counts)

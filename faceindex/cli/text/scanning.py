"""Text of ``scan`` and ``reindex``."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from faceindex.wording.numbers import count

if TYPE_CHECKING:
    from pathlib import Path

    from faceindex.results import ReindexSummary, ScanSummary
    from index.figures import LeftOutCount
    from index.values import FailureRecord, Pruned

_NAMED = 5
"""Persons with new faces who are named; the others are only counted."""

_REASONS = {"corrupt": "damaged", "not-an-image": "no image", "too-large": "too large"}
"""Reasons whose words differ from their values."""


def scanned(scan: "ScanSummary", library: "Path") -> Iterator[tuple[str, str]]:
    """Yield what a scan did as names and values."""
    yield "Photos", _counts(scan)
    kept = f", {count(scan.exemplars, 'confirmed one')} in no photo any more, but kept"
    yield "Faces", f"{scan.faces:,} found{kept if scan.exemplars else ''}"
    totals = f"{count(scan.library_photos, 'photo')}, {count(scan.library_faces, 'face')}"
    yield "Library", f"{totals}, model {scan.model}, in {library}"
    rate = f", {scan.indexed / scan.seconds:.1f} photos a second" if scan.indexed else ""
    yield "Time", f"{scan.seconds:.1f} s{rate}"


def _counts(scan: "ScanSummary") -> str:
    names = ("indexed", "unchanged", "duplicate", "moved", "failed", "missing", "excluded")
    parts = [f"{number:,} {name}" for name in names if (number := getattr(scan, name))]
    return ", ".join([f"{scan.seen:,} seen", *parts])


def left_out(counts: "Sequence[LeftOutCount]") -> Iterator[str]:
    """Say what was left out, in one line, if anything was."""
    if counts:
        from faceindex.left_out import described  # it brings SQLAlchemy, which help needs not

        yield f"Left out: {described(counts)}"


def still_failed(failures: "Iterable[FailureRecord]") -> Iterator[str]:
    """Count photos of which an earlier scan said that they cannot be read, in one line, if there are any."""
    reasons = Counter(each.reason for each in failures if not each.new)
    if reasons:
        words = reasons_counted(reasons.items())
        them = "it" if reasons.total() == 1 else "them"
        yield (
            f"{count(reasons.total(), 'photo')} still cannot be read ({words}): "
            f"'faceindex stats --failed' lists {them}"
        )


def reasons_counted(reasons: "Iterable[tuple[str, int]]") -> str:
    """Return numbers of photos with the reasons why they failed, the most frequent first."""
    ordered = sorted(reasons, key=lambda each: (-each[1], each[0]))
    return ", ".join(f"{number:,} {_REASONS.get(why, why.replace('-', ' '))}" for why, number in ordered)


def reindexed(report: "ReindexSummary") -> str:
    """Report what changed; empty if nothing did."""
    scan, pruned = report.scan, report.pruned
    counts = (
        (scan.indexed + scan.duplicate, "+{}", "photo"),
        (scan.faces, "+{}", "face"),
        (scan.moved, "{} moved", ""),
        (scan.missing, "{} missing", ""),
        (scan.excluded, "{} excluded", ""),
        (scan.returned, "{} back", ""),
        (pruned.photos, "{} given up", ""),
        (0 if pruned.photos else pruned.faces, "{} given up", "face"),
        (scan.exemplars, "{} in no photo any more, but kept", "confirmed face"),
        (report.described, "{} described", ""),
        (report.looked_at, "{} looked at again", "photo"),
        (len(report.new_failures), "{} failed", ""),
    )
    parts = [
        text.format(count(number, noun) if noun else f"{number:,}") for number, text, noun in counts if number
    ]
    parts += [f"{each.new:,} new of {each.person}" for each in report.gains[:_NAMED]]
    if others := report.gains[_NAMED:]:
        parts.append(f"{sum(each.new for each in others):,} new of {len(others):,} others")
    if report.review:
        parts.append(f"{report.review:,} to review")
    return ", ".join(parts)


def to_be_pruned(pruned: "Pruned", days: float) -> str:
    """Report what ``reindex`` would remove."""
    return f"{count(pruned.photos, 'photo')}, missing for {days:g} days or longer, would be given up."

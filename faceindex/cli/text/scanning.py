"""Text of ``reindex`` and ``roots``."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from faceindex.cli.render import count

if TYPE_CHECKING:
    from faceindex.results import (
        DetectorPreview,
        DetectorSwitch,
        ModelSwitch,
        Preview,
        ReindexSummary,
        RootReport,
    )
    from index.recognition.model_comparison import Comparison
    from index.values import DetectorComparison, Moved, Pruned

_NAMED = 5
"""Persons with new faces who are named; the others are only counted."""


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


def model_switched(result: "ModelSwitch") -> Iterator[str]:
    """Report how a library was described by another model."""
    coverage = result.coverage
    lacking = coverage.faces - coverage.described
    yield f"{count(result.described, 'face')} described by {result.model}"
    if lacking and result.in_time:
        yield f"{count(lacking, 'face')} could not be described: photos are missing, or cannot be read"
    if result.comparison is not None:
        yield from _compared(result.comparison, result.previous, result.model)
    for name in result.unknown:
        yield (
            f"{name} cannot be recognised with {result.model}: the photos of the confirmed faces are out of "
            "reach. Confirm another face."
        )
    if result.changed:
        yield f"The library's model is {result.model} now" + (
            ""
            if result.previous == result.model
            else f"; back to {result.previous}: reindex --model {result.previous}"
        )


def not_changed(result: "ModelSwitch") -> str:
    """Say why a library has not changed its model, and what to do."""
    lacking = result.coverage.faces - result.coverage.described
    if not result.in_time:
        return (
            f"The time is up: {count(result.coverage.waiting, 'face')} left for the next run. "
            f"The library goes on with {result.previous}."
        )
    return (
        f"{lacking:,} of {result.coverage.faces:,} faces could not be described by {result.model}: is a disk "
        f"not mounted? The library goes on with {result.previous}. To change it anyway, use --allow-missing."
    )


def model_previewed(preview: "Preview") -> Iterator[str]:
    """Report how many faces a model has described, and how identities would change."""
    coverage = preview.coverage
    yield (
        f"{coverage.described:,} of {coverage.faces:,} faces are described by {preview.model}; "
        f"{coverage.waiting:,} in {coverage.contents:,} photos would be"
    )
    if preview.comparison is not None:
        yield from _compared(preview.comparison, preview.previous, preview.model)


def _compared(comparison: "Comparison", before: str, after: str) -> Iterator[str]:
    yield (
        f"Of {comparison.confirmed:,} confirmed faces, {comparison.astray_after:,} are most like another "
        f"person with {after}, and {comparison.astray_before:,} with {before}"
    )
    yield (
        f"Of {comparison.open:,} other faces, {comparison.recognised_after:,} are recognised with {after}, "
        f"{comparison.recognised_before:,} with {before}, {comparison.otherwise:,} as another person"
    )


def detector_switched(result: "DetectorSwitch") -> Iterator[str]:
    """Report how the photos of a library were looked at by another detector."""
    coverage = result.coverage
    yield f"{count(result.looked_at, 'photo')} looked at by {result.detector}: {count(result.found, 'face')}"
    if result.in_time and (lacking := coverage.contents - coverage.looked_at):
        yield f"{count(lacking, 'photo')} could not be looked at: missing, or unreadable. Their faces stay"
    if result.comparison is not None:
        yield _faces_compared(result.comparison)
    if result.changed and result.kept:
        stays = "stays, because of a decision about it"
        stay = "stay, because of decisions about them"
        yield (
            f"{count(result.kept, 'face')} that {result.detector} does not find "
            f"{stays if result.kept == 1 else stay}"
        )
    for each in result.fewer[:_NAMED]:
        yield f"{each.person} has {count(each.after, 'face')} now, {each.before:,} before"
    if others := result.fewer[_NAMED:]:
        yield f"Fewer faces too: {count(len(others), 'other person')}"
    if result.changed:
        back = (
            ""
            if result.previous == result.detector
            else (f"; back to {result.previous}: reindex --detector {result.previous}")
        )
        yield f"The library's detector is {result.detector} now{back}"


def detector_not_changed(result: "DetectorSwitch") -> str:
    """Say why a library has not changed its detector, and what to do."""
    coverage = result.coverage
    if not result.in_time:
        return (
            f"The time is up: {count(coverage.waiting, 'photo')} left for the next run. "
            f"The library goes on with {result.previous}."
        )
    lacking = coverage.contents - coverage.looked_at
    return (
        f"{lacking:,} of {count(coverage.contents, 'photo')} could not be looked at by {result.detector}: is "
        f"a disk not mounted? The library goes on with {result.previous}. "
        "To change it anyway, use --allow-missing."
    )


def detector_previewed(preview: "DetectorPreview") -> Iterator[str]:
    """Report how many photos a detector has looked at, and what it found in them."""
    coverage = preview.coverage
    yield (
        f"{preview.detector} has looked at {coverage.looked_at:,} of {count(coverage.contents, 'photo')}; "
        f"it would look at {coverage.waiting:,}"
    )
    if coverage.looked_at and preview.detector != preview.previous:
        yield _faces_compared(preview.comparison)


def _faces_compared(comparison: "DetectorComparison") -> str:
    return (
        f"In the photos that both looked at: {count(comparison.before, 'face')} before, "
        f"{comparison.after:,} after; {comparison.gained:,} gained, {comparison.lost:,} lost"
    )


def root_row(root: "RootReport") -> str:
    """Describe a scanned folder."""
    figures = root.figures
    same_as = "" if figures.same_as is None else f", as {os.fsdecode(figures.same_as)}"
    missing = f", {figures.missing:,} missing" if figures.missing else ""
    reason = f"  ({root.unreachable})" if root.unreachable else ""
    return f"{os.fsdecode(figures.path)}  {count(figures.photos, 'photo')}{missing}{same_as}{reason}"


def moved(moved: "Moved", old: str, new: str, *, dry_run: bool) -> str:
    """Report the move of a root."""
    would = "would be" if dry_run else "are"
    twice = f"; {moved.known_already:,} were known there already" if moved.known_already else ""
    return f"{count(moved.photos, 'photo')} of {old} {would} in {new} now{twice}."


def forgotten(folder: str, missing: int, days: float, *, dry_run: bool) -> str:
    """Report that a root is scanned no more."""
    if dry_run:
        return f"{folder} would be scanned no more, and {count(missing, 'photo')} would count as missing."
    if missing == 0:
        return f"{folder} is scanned no more. No photo was known only there."
    counted = (
        "1 photo counts as missing, and is"
        if missing == 1
        else f"{missing:,} photos count as missing, and are"
    )
    back = "it" if missing == 1 else "them"
    return (
        f"{folder} is scanned no more. {counted} given up after {days:g} days; "
        f"'faceindex scan' of the folder takes {back} back."
    )

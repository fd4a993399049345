"""Text of ``reindex --model`` and ``reindex --detector``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from faceindex.wording.numbers import count

if TYPE_CHECKING:
    from faceindex.results import DetectorPreview, DetectorSwitch, ModelSwitch, Preview
    from index.recognition.model_comparison import Comparison
    from index.values import DetectorComparison

_NAMED = 5
"""Persons with fewer faces who are named; the others are only counted."""


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

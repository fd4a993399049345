"""Thousands of damaged photographs through the real run: each has its outcome, and none lies on its side."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import pytest

from pipeline.values import F32, U8, DecodedPhoto, DetectedFace, Outcome, PhotoFailed, PhotoIndexed, Reason
from tests.pipeline import corrupt
from tests.pipeline.fakes import FakeDetector, run, runner
from tests.pipeline.pictures import photo_file

pytestmark = pytest.mark.slow

DEATHS = {Reason.CRASHED, Reason.TIMED_OUT, Reason.OUT_OF_MEMORY, Reason.KILLED}
ALIKE = 0.75
"""Correlation of two small grey copies from which on they show the same photograph the same way up."""


@dataclass
class Watching(FakeDetector):
    """Keeps a small grey copy of every photo."""

    copies: dict[bytes, F32] = field(default_factory=dict)

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        self.copies[photo.file.path] = small(photo.pixels)
        return ()


def small(pixels: U8) -> F32:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    copy = np.asarray(cv2.resize(grey, (24, 24), interpolation=cv2.INTER_AREA), np.float32)
    copy -= copy.mean()
    return copy / (np.linalg.norm(copy) + 1e-6)


def test_thousands_of_damaged_photographs(tmp_path: Path) -> None:
    cases = list(corrupt.corpus())
    assert len(cases) >= 2_000
    files = [photo_file(path) for path in corrupt.write(cases, tmp_path)]
    detector = Watching()
    outcomes = run(runner(detector, workers=2, long_edge=2000), files)
    assert [outcome.file for outcome in outcomes] == files
    reasons = Counter(outcome.reason for outcome in outcomes if isinstance(outcome, PhotoFailed))
    assert not DEATHS & set(reasons)  # none takes longer than the five seconds that a try may take
    assert {Reason.TRUNCATED, Reason.CORRUPT, Reason.NOT_AN_IMAGE} <= set(reasons)
    wrong: list[tuple[str, Outcome]] = []
    for case, outcome in zip(cases, outcomes, strict=True):
        if case.whole and not isinstance(outcome, PhotoIndexed):
            wrong.append((case.name, outcome))
        copy = detector.copies.get(outcome.file.path)
        if copy is not None and not lies_right(copy, case):
            wrong.append((case.name, outcome))
    assert not wrong


def lies_right(copy: F32, case: corrupt.Case) -> bool:
    """Whether a copy shows its photograph the way up that the file says; where it shows it at all."""
    likeness = {tag: float((copy * small(corrupt.read_as(case.source, tag))).sum()) for tag in range(1, 9)}
    best = max(likeness, key=likeness.__getitem__)
    return likeness[best] < ALIKE or best in case.tags

"""Milliseconds of one core that detectors take for a photo that is decoded already."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.detectors.case import SHARED, as_photo, read_pixels
from benchmarks.detectors.loading import load
from benchmarks.detectors.scenes import Scene, all_sources, make
from pipeline.models.runtime import Precision
from pipeline.values import DecodedPhoto

PRECISIONS: tuple[Precision, ...] = ("f32", "bf16")


def speed_rows(names: Sequence[str], cache: Path, rounds: int) -> Iterator[list[str]]:
    """Time each detector on every set, all in turn, by the process's own time: other programs count little.

    The least of the rounds counts of each photo, the mean of the photos of each set.
    """
    loaded = [(precision, [load(name, cache, precision) for name in names]) for precision in PRECISIONS]
    for kind, photos in _sets().items():
        for precision, detectors in loaded:
            taken = np.empty((rounds + 1, len(photos), len(detectors)))
            for index in np.ndindex(taken.shape):
                started = time.process_time()
                detectors[index[2]].detect(photos[index[1]])
                taken[index] = time.process_time() - started
            means = taken[1:].min(axis=0).mean(axis=0)  # the first warms up
            yield [f"ms a photo: {kind}, {precision}", "", *(f"{1000 * mean:.1f}" for mean in means)]


def _sets() -> dict[str, list[DecodedPhoto]]:
    large = Scene(width=4000, scale=0.5, heights=(150, 250, 400, 600), counts=(0, 1, 2, 3, 5, 8))
    photos = SHARED / "photos"
    return {
        "12 megapixels at half size": [case.photo for case in make(large, 6, seed=5)],
        "groups": [as_photo(read_pixels(path)) for path in sorted((photos / "groups").glob("*.jpg"))[:6]],
        "presidents": [as_photo(read_pixels(path)) for path in sorted((photos / "presidents").glob("*.jpg"))],
        "lfw": [as_photo(read_pixels(path)) for path in all_sources()[:20]],
    }

"""Described faces for tests of tracking: people are directions, and frames add noise to them."""

import numpy as np

from pipeline.values import Box, Descriptor, DetectedFace, ModelId, Quality

DIMENSION = 128


def someone(seed: int) -> "Someone":
    """Return a person, whom nobody else resembles."""
    return Someone(np.random.default_rng(seed))


class Someone:
    """A person, whose faces resemble each other."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random
        self._face = _unit(random.normal(size=DIMENSION))

    def face(
        self,
        x: float = 0.0,
        y: float = 0.0,
        *,
        side: float = 100.0,
        alike: float = 0.8,
        quality: float = 0.9,
        confidence: float = 0.99,
        reasons: tuple[str, ...] = (),
    ) -> Descriptor:
        """Return a face whose descriptor has the cosine ``alike`` with the person's own."""
        noise = self._random.normal(size=DIMENSION)
        noise -= (noise @ self._face) * self._face
        vector = alike * self._face + np.sqrt(1 - alike**2) * _unit(noise)
        landmarks = np.zeros((5, 2), np.float32)
        face = DetectedFace(Box(x, y, side, side), landmarks, confidence)
        return Descriptor(face, Quality(quality, reasons), ModelId("made"), vector.astype(np.float32))


def _unit(
    vector: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]",
) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.asarray(vector / np.linalg.norm(vector))

"""Made descriptors for tests and benchmarks: people with several faces each, and not white noise.

A descriptor is a mean shared by all, plus who the person is, plus how the photo was taken, plus noise.
The first three lie in a space of low rank, in which the variances fall off as a power law, as the
principal components of real descriptors do. Two faces of one person are at a cosine of 0.65 on average,
two strangers at 0.15, and of many strangers the most alike at 0.3 to 0.5. What is made depends on the
seed and on the place of a chunk alone, so that a million never need be in memory at once. This module
knows nothing of indexes.
"""

from collections.abc import Iterator

import numpy as np

from index.values import I64
from pipeline.values import F32

CHUNK = 5000
"""Faces made at a time: 40 MB in 2048 dimensions."""
SAME = 0.65
STRANGERS = 0.15
"""Cosines, on average."""

_RANK = 256
"""Most dimensions of the space of faces, by default."""
_PHOTO = 0.15
"""Share of pose and light in the square of a descriptor; what is left over is noise without structure."""
_FACES = 8.0
"""Faces of a person on average. Their number is distributed geometrically: many have one, a few have 40."""


class MadePeople:
    """People of whom faces can be made.

    Args:
        dimension: D.
        seed: Of everything.
        strangers: The cosine of two strangers on average.
        fall: The exponent of the power law: at 0 all directions vary alike.
        rank: Dimensions of the space of faces, by default the least of 256 and D / 2.
    """

    def __init__(
        self,
        dimension: int,
        seed: int = 20240607,
        strangers: float = STRANGERS,
        fall: float = 0.5,
        rank: int | None = None,
    ) -> None:
        self._dimension = dimension
        self._seed = seed
        rng = np.random.default_rng((seed, 0))
        rank = rank or min(_RANK, dimension // 2)
        self._axes: F32 = np.linalg.qr(rng.standard_normal((dimension, rank)))[0].T.astype(np.float32)
        variances = np.arange(1, rank + 1) ** -fall
        self._scales: F32 = np.sqrt(variances / variances.sum()).astype(np.float32)
        mean = rng.standard_normal(rank).astype(np.float32)
        self._person = np.float32(np.sqrt(SAME - strangers))
        self._mean: F32 = np.float32(np.sqrt(strangers)) * mean / np.linalg.norm(mean)

    def gallery(self, start: int, stop: int) -> Iterator[F32]:
        """The faces from one place to another, in chunks, float32 [<= ``CHUNK``, D], of unit norm.

        Args:
            start: A multiple of ``CHUNK``.
            stop: Any place after it.
        """
        for place in range(start, stop, CHUNK):
            rng = np.random.default_rng((self._seed, 1, place))
            yield self._faces(rng, self._people(place))[: stop - place]

    def probes(self, count: int, stop: int) -> F32:
        """New faces, float32 [count, D]: each fifth of a stranger, the others of people in the gallery.

        Args:
            count: How many.
            stop: The people are those among the first so many faces of the gallery.
        """
        rng = np.random.default_rng((self._seed, 2))
        people = rng.choice(np.concatenate([self._people(place) for place in range(0, stop, CHUNK)]), count)
        people[::5] = -np.arange(1, len(people[::5]) + 1)
        return self._faces(rng, people)

    def faces(self, people: I64, part: int) -> F32:
        """More faces of some people, int64 [N]: float32 [N, D]. Each ``part`` has faces of its own."""
        return self._faces(np.random.default_rng((self._seed, 5, part)), people)

    def names(self, place: int) -> I64:
        """Whose the faces of the chunk at a place are, int64 [``CHUNK``]: a number for each person."""
        return self._people(place)

    def _people(self, place: int) -> I64:
        """Whose the faces of a chunk are, int64 [``CHUNK``]; all faces of a person are in one chunk."""
        rng = np.random.default_rng((self._seed, 3, place))
        return place + np.repeat(np.arange(CHUNK), rng.geometric(1.0 / _FACES, CHUNK))[:CHUNK]

    def _faces(self, rng: np.random.Generator, people: I64) -> F32:
        names, whose = np.unique(people, return_inverse=True)
        identities = np.stack([self._identity(int(name)) for name in names])[whose]
        photos = rng.standard_normal(identities.shape, dtype=np.float32)
        latent = self._mean + self._person * self._scales * identities
        latent += np.float32(np.sqrt(_PHOTO)) * self._scales[::-1] * photos  # faces vary where people do not
        faces = latent @ self._axes
        spread = np.float32(np.sqrt((1.0 - SAME - _PHOTO) / self._dimension))
        faces += spread * rng.standard_normal(faces.shape, dtype=np.float32)
        faces /= np.linalg.norm(faces, axis=1, keepdims=True)
        return faces

    def _identity(self, name: int) -> F32:
        rng = np.random.default_rng((self._seed, 4, abs(name), name < 0))
        return rng.standard_normal(len(self._scales), dtype=np.float32)

"""Who is in a made library: how many faces each person has, and which faces are in one photo; only arrays."""

from dataclasses import dataclass

import numpy as np

from index.values import I64, NONE
from pipeline.values import F32

FACES_A_PHOTO = 2.5
"""On average."""

FACES_A_NAME, _FEWEST_NAMES = 500, 10
"""There is a named person for each so many faces, and so many at least."""

OF_NAMED, _SEEN_ONCE = 0.26, 0.3
"""The shares of all faces that are of named persons, and of strangers that are seen once."""

_FALL = 0.75
"""The faces of a person fall with this power of its rank: of a million, 11,000 are of the first."""

_FEW = 8
"""Persons beyond the power law have so many faces on average, distributed geometrically."""


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """N faces in P photos, which are numbered from 1.

    Attributes:
        whose: int64 [N], the person of each, numbered from 0 by falling number of faces, strangers last.
        contents: int64 [N], the photo that each is in, rising. No two of a photo are of one person.
        qualities: float32 [N], 0 to 1.
        named: The number of persons with a name: the first ones.
        photos: P.
    """

    whose: I64
    contents: I64
    qualities: F32
    named: int
    photos: int

    def __len__(self) -> int:
        return len(self.whose)

    def groups(self) -> list[I64]:
        """Return the rows of the faces of each person, int64 [M], rising."""
        order = np.argsort(self.whose, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.whose))[:-1])

    def places(self) -> I64:
        """Return the place of each face in its photo, int64 [N], from 0."""
        first = np.searchsorted(self.contents, self.contents)
        return np.arange(len(self)) - first


@dataclass(frozen=True, slots=True)
class Names:
    """How many persons have a name, the share of all faces that are theirs, and the most faces of one."""

    persons: int
    share: float = OF_NAMED
    largest: int | None = None

    @classmethod
    def usual(cls, faces: int) -> "Names":
        """Return those of a library of so many faces."""
        return cls(max(_FEWEST_NAMES, faces // FACES_A_NAME))


def made_population(faces: int, names: Names, rng: np.random.Generator) -> Population:
    """Make the persons and photos of a library with so many faces, at least 1,000."""
    sizes = _sizes(faces, names, rng)
    photos = round(faces / FACES_A_PHOTO)
    others = rng.multinomial(faces - photos, np.full(photos, 1 / photos))
    contents = np.repeat(np.arange(1, photos + 1), 1 + others)
    whose = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    while len(twice := _twice_in_photo(whose, contents)):
        others = rng.integers(0, faces, len(twice))
        for one, other in zip(twice.tolist(), others.tolist(), strict=True):
            whose[one], whose[other] = whose[other], whose[one]
    qualities = rng.beta(3, 2, faces).astype(np.float32)
    return Population(whose, contents, qualities, names.persons, photos)


def _sizes(faces: int, names: Names, rng: np.random.Generator) -> I64:
    """Draw the number of faces of each person, falling."""
    known = round((1 - _SEEN_ONCE) * faces)
    by_rank = np.arange(1.0, faces) ** -_FALL
    first = 0.0 if names.largest is None else float(names.largest)
    by_rank *= (names.share * faces - first) / by_rank[1 if first else 0 : names.persons].sum()
    by_rank[0] = first or by_rank[0]
    large = np.floor(by_rank[by_rank > _FEW]).astype(np.int64)
    few = 1 + rng.geometric(1 / (_FEW - 1), (known - int(large.sum())) // _FEW)
    sizes = np.concatenate([large, np.sort(few)[::-1]])
    return np.concatenate([sizes, np.ones(faces - sizes.sum(), np.int64)])


def _twice_in_photo(whose: I64, contents: I64) -> I64:
    """Find the faces whose person is in the photo already, int64 [M]."""
    order = np.lexsort((whose, contents))
    same = (np.diff(whose[order], prepend=NONE) == 0) & (np.diff(contents[order], prepend=NONE) == 0)
    return np.asarray(order[same], np.int64)

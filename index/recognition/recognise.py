"""Which faces look so much like a person that they count as it, as long as no decision says otherwise.

``index.recognition.identify`` judges each face by itself. Then the others are looked at: two faces of one
photo are hardly ever one person, and a face that is more like a rejected face than like the person is
rejected with it. This module reads nothing from the store and writes nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index.recognition.decided_faces import Rejections
from index.recognition.gallery import Gallery
from index.recognition.identify import identify
from index.recognition.thresholds import Thresholds
from index.values import I64, NONE, Descriptors, Flags
from pipeline.values import F32

NEAR_IDENTICAL = 0.9
"""From this similarity on, two faces in one photo may be one person: a collage, a mirror, a picture twice.
On Labeled Faces in the Wild two photos of one person reach it once in 250 times."""


class Recogniser:
    """Judges faces, chunk by chunk, each by itself.

    Args:
        gallery: The persons that are known.
        thresholds: Of the model that described them.
        wanted: int64 [M], the faces to be judged, rising; others in a chunk are passed over.
        rejections: Who they are not.
    """

    def __init__(self, gallery: Gallery, thresholds: Thresholds, wanted: I64, rejections: Rejections) -> None:
        self._gallery = gallery
        self._thresholds = thresholds
        self._wanted = wanted
        self._rejected: dict[int, list[int]] = {}
        for one, who in zip(rejections.face_ids.tolist(), rejections.person_ids.tolist(), strict=True):
            self._rejected.setdefault(one, []).append(who)
        self._persons: I64 = np.full(len(wanted), NONE)
        self._similarities: F32 = np.zeros(len(wanted), np.float32)

    def see(self, chunk: Descriptors) -> None:
        """Judge those of some faces that are wanted."""
        faces = chunk.only(self._wanted)
        if not len(faces) or not len(self._gallery):
            return
        rejected = self._rejected
        excluded = {row: rejected[one] for row, one in enumerate(faces.ids.tolist()) if one in rejected}
        found = identify(self._gallery, faces.vectors, self._thresholds, excluded)
        places = np.searchsorted(self._wanted, faces.ids)[found.accepted]
        self._persons[places] = found.person_ids[found.accepted]
        self._similarities[places] = found.similarities[found.accepted]

    def judged(self, face_ids: I64) -> tuple[I64, F32]:
        """Who some of the wanted faces look like, ``NONE`` where it is not sure enough, and how similar."""
        places = np.searchsorted(self._wanted, face_ids)
        return self._persons[places], self._similarities[places]


@dataclass(frozen=True, slots=True, eq=False)
class Likenesses:
    """Faces of a library, and who they are taken for.

    Attributes:
        ids: int64 [N], rising.
        vectors: float32 [N, D], of norm 1 at most.
        contents: int64 [N], the content that each is in.
        confirmed: int64 [N], who it was decided to be, or ``NONE``.
        recognised: int64 [N], who it looks like, or ``NONE``.
        similarities: float32 [N], to that person.
    """

    ids: I64
    vectors: F32
    contents: I64
    confirmed: I64
    recognised: I64
    similarities: F32


def second_in_photo(faces: Likenesses) -> Flags:
    """Which recognised faces are not the person, because another face in their photo is: bool [N].

    Confirmed faces come first, then the most similar. A face that is near-identical to all of the person's
    faces before it stays recognised.
    """
    persons = np.where(faces.confirmed != NONE, faces.confirmed, faces.recognised)
    rank = np.where(faces.confirmed != NONE, np.inf, faces.similarities)
    rows = np.flatnonzero(persons != NONE)
    rows = rows[np.lexsort((rows, -rank[rows], persons[rows], faces.contents[rows]))]
    refused = np.zeros(len(persons), bool)
    for together in _runs(rows, faces.contents[rows], persons[rows]):
        kept = [together[0]]
        for row in together[1:].tolist():
            similarities = cosines(faces.vectors[[row]], faces.vectors[kept])
            refused[row] = faces.confirmed[row] == NONE and similarities.min() < NEAR_IDENTICAL
            if not refused[row]:
                kept.append(row)
    return refused


def like_the_rejected(faces: Likenesses, rejections: Rejections) -> Flags:
    """Which recognised faces look more like one that was rejected than like the person: bool [N]."""
    refused = np.zeros(len(faces.ids), bool)
    for person_id in np.unique(rejections.person_ids):
        ids = rejections.face_ids[rejections.person_ids == person_id]
        not_them = np.flatnonzero(np.isin(faces.ids, ids))
        rows = np.flatnonzero((faces.recognised == person_id) & (faces.confirmed == NONE))
        if len(rows) and len(not_them):
            nearest = (faces.vectors[rows] @ faces.vectors[not_them].T).max(axis=1)
            refused[rows] = nearest > faces.similarities[rows]
    return refused


def cosines(vectors: F32, others: F32) -> F32:
    """How similar each of N vectors is to each of M, float32 [N, M], whatever their norms."""
    lengths = np.linalg.norm(vectors, axis=1)[:, None] * np.linalg.norm(others, axis=1)
    return np.asarray(vectors @ others.T / np.maximum(lengths, 1e-12), dtype=np.float32)


def _runs(rows: NDArray[np.intp], *keys: I64) -> list[NDArray[np.intp]]:
    """The parts of ``rows`` in which all keys stay the same, those of two rows or more."""
    differs = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return [part for part in np.split(rows, np.flatnonzero(differs) + 1) if len(part) > 1]

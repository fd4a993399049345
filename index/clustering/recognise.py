"""Which faces look so much like a person that they count as it, as long as no decision says otherwise.

``index.recognition.identify`` judges each face by itself. Then the others are looked at: two faces of one
photo are hardly ever one person, and a face that is more like a rejected face than like the person is
rejected with it. This module reads nothing from the store and writes nothing.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from index.clustering.cluster_tables import FaceTable
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
    """Recognises faces, chunk by chunk, each by itself.

    Args:
        gallery: The persons that are known.
        thresholds: Of the model that described them.
        face_ids: int64 [M], the faces to recognise, rising; others in a chunk are ignored.
        rejections: Persons that faces were rejected for.
    """

    def __init__(
        self, gallery: Gallery, thresholds: Thresholds, face_ids: I64, rejections: Rejections
    ) -> None:
        self._gallery = gallery
        self._thresholds = thresholds
        self._face_ids = face_ids
        self._rejected: dict[int, list[int]] = {}
        for one, person_id in zip(rejections.face_ids.tolist(), rejections.person_ids.tolist(), strict=True):
            self._rejected.setdefault(one, []).append(person_id)
        self._persons: I64 = np.full(len(face_ids), NONE)
        self._similarities: F32 = np.zeros(len(face_ids), np.float32)

    def add(self, chunk: Descriptors) -> None:
        """Recognise those of the faces that are in the chunk."""
        faces = chunk.only(self._face_ids)
        if not len(faces) or not len(self._gallery):
            return
        rejected = self._rejected
        excluded = {row: rejected[one] for row, one in enumerate(faces.ids.tolist()) if one in rejected}
        found = identify(self._gallery, faces.vectors, self._thresholds, excluded)
        places = np.searchsorted(self._face_ids, faces.ids)[found.accepted]
        self._persons[places] = found.person_ids[found.accepted]
        self._similarities[places] = found.similarities[found.accepted]

    def recognised(self, face_ids: I64) -> tuple[I64, F32]:
        """For some of the faces the person, ``NONE`` where none is sure enough, and the similarity."""
        places = np.searchsorted(self._face_ids, face_ids)
        return self._persons[places], self._similarities[places]


def recognise(
    faces: FaceTable, affected: Flags, recogniser: Recogniser, vectors: F32, rejections: Rejections
) -> FaceTable:
    """Find who is recognised now.

    Args:
        faces: N of them, as they were.
        affected: bool [N], which of them the recogniser has; the others stay who they were.
        recogniser: Has seen them.
        vectors: float32 [N, D], their descriptors, of norm 1 at most.
        rejections: Who they are not.
    """
    unaffected = faces.is_undecided & ~affected
    recognised = np.where(unaffected, faces.recognised, NONE)
    similarities = np.where(unaffected, faces.similarities, np.float32(0))
    recognised[affected], similarities[affected] = recogniser.recognised(faces.ids[affected])
    faces = replace(faces, recognised=recognised, similarities=similarities)  # changed in place from here on
    recognised[_like_the_rejected(faces, vectors, rejections)] = NONE
    recognised[_second_in_photo(faces, vectors)] = NONE
    similarities[recognised == NONE] = 0
    return faces


def _second_in_photo(faces: FaceTable, vectors: F32) -> Flags:
    """Which recognised faces are not the person, because another face in their photo is: bool [N].

    Confirmed faces come first, then the most similar. A face that is near-identical to all of the person's
    faces before it stays recognised.
    """
    rank = np.where(faces.confirmed != NONE, np.inf, faces.similarities)
    rows = np.flatnonzero(faces.persons != NONE)
    rows = rows[np.lexsort((rows, -rank[rows], faces.persons[rows], faces.contents[rows]))]
    refused = np.zeros(len(faces.ids), bool)
    for together in _runs(rows, faces.contents[rows], faces.persons[rows]):
        kept = [together[0]]
        for row in together[1:].tolist():
            similarities = _cosines(vectors[row], vectors[kept])
            refused[row] = faces.confirmed[row] == NONE and similarities.min() < NEAR_IDENTICAL
            if not refused[row]:
                kept.append(row)
    return refused


def _like_the_rejected(faces: FaceTable, vectors: F32, rejections: Rejections) -> Flags:
    """Which recognised faces look more like one that was rejected than like the person: bool [N]."""
    refused = np.zeros(len(faces.ids), bool)
    for person_id in np.unique(rejections.person_ids):
        ids = rejections.face_ids[rejections.person_ids == person_id]
        not_them = np.flatnonzero(np.isin(faces.ids, ids))
        rows = np.flatnonzero((faces.recognised == person_id) & (faces.confirmed == NONE))
        if len(rows) and len(not_them):
            nearest = (vectors[rows] @ vectors[not_them].T).max(axis=1)
            refused[rows] = nearest > faces.similarities[rows]
    return refused


def _cosines(vector: F32, others: F32) -> F32:
    """How similar a vector is to each of M others, float32 [M], whatever their norms."""
    lengths = np.linalg.norm(vector) * np.linalg.norm(others, axis=1)
    return np.asarray(others @ vector / np.maximum(lengths, 1e-12), dtype=np.float32)


def _runs(rows: NDArray[np.intp], *keys: I64) -> list[NDArray[np.intp]]:
    """The parts of ``rows`` in which all keys stay the same, those of two rows or more."""
    differs = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return [part for part in np.split(rows, np.flatnonzero(differs) + 1) if len(part) > 1]

"""Recognises faces similar enough to a person to count as that person without a decision.

``identify`` judges each face alone; then two faces of one photo are rarely one person, and a face more
similar to a rejected face than to the person is rejected too. This module does not use the store.
"""

from dataclasses import replace

import numpy as np

from index.clustering.cluster_tables import FaceTable
from index.recognition.decided_faces import Rejections
from index.recognition.gallery import Gallery
from index.recognition.identify import identify
from index.recognition.thresholds import Thresholds
from index.values import I64, NONE, Descriptors, Flags
from pipeline.values import F32

NEAR_IDENTICAL = 0.9
"""Similarity at which two faces of one photo may be one person (a collage, a mirror). On Labeled Faces in the
Wild two photos of one person reach it once in 250 times."""


class Recogniser:
    """Recognises faces one by one, in chunks; ignores faces not in ``face_ids``, int64 [M], rising."""

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
        """Recognise the faces in a chunk."""
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
        """Return the persons of some faces, ``NONE`` where not recognised, and the similarities."""
        places = np.searchsorted(self._face_ids, face_ids)
        return self._persons[places], self._similarities[places]


def recognise(
    faces: FaceTable, affected: Flags, recogniser: Recogniser, vectors: F32, rejections: Rejections
) -> FaceTable:
    """Update who is recognised.

    ``affected``, bool [N], marks the faces that the recogniser has seen; the others keep their person.
    ``vectors`` are float32 [N, D], of norm 1 at most; ``rejections`` are the persons that faces are not.
    """
    unaffected = faces.is_undecided & ~affected
    recognised = np.where(unaffected, faces.recognised, NONE)
    similarities = np.where(unaffected, faces.similarities, np.float32(0))
    recognised[affected], similarities[affected] = recogniser.recognised(faces.ids[affected])
    faces = replace(faces, recognised=recognised, similarities=similarities)  # changed in place below
    recognised[_like_the_rejected(faces, vectors, rejections)] = NONE
    recognised[_second_in_photo(faces, vectors)] = NONE
    similarities[recognised == NONE] = 0
    return faces


def _second_in_photo(faces: FaceTable, vectors: F32) -> Flags:
    """Find faces whose recognised person is another face of the same photo: bool [N].

    Confirmed faces come first, then the most similar. Faces near-identical to all earlier ones of the person
    in the photo stay recognised.
    """
    rank = np.where(faces.confirmed != NONE, np.inf, faces.similarities)
    rows = np.flatnonzero(faces.persons != NONE)
    rows = rows[np.lexsort((rows, -rank[rows], faces.persons[rows], faces.contents[rows]))]
    refused = np.zeros(len(faces.ids), bool)
    groups = np.stack([faces.contents[rows], faces.persons[rows]], axis=1)
    for together in np.split(rows, np.flatnonzero(np.any(groups[1:] != groups[:-1], axis=1)) + 1):
        kept = together[:1].tolist()
        for row in together[1:].tolist():
            lengths = np.linalg.norm(vectors[row]) * np.linalg.norm(vectors[kept], axis=1)
            cosines = vectors[kept] @ vectors[row] / np.maximum(lengths, 1e-12)
            refused[row] = faces.confirmed[row] == NONE and cosines.min() < NEAR_IDENTICAL
            if not refused[row]:
                kept.append(row)
    return refused


def _like_the_rejected(faces: FaceTable, vectors: F32, rejections: Rejections) -> Flags:
    """Find recognised faces more similar to a rejected face than to the person: bool [N]."""
    refused = np.zeros(len(faces.ids), bool)
    for person_id in np.unique(rejections.person_ids):
        ids = rejections.face_ids[rejections.person_ids == person_id]
        not_them = np.flatnonzero(np.isin(faces.ids, ids))
        rows = np.flatnonzero((faces.recognised == person_id) & (faces.confirmed == NONE))
        if len(rows) and len(not_them):
            nearest = (vectors[rows] @ vectors[not_them].T).max(axis=1)
            refused[rows] = nearest > faces.similarities[rows]
    return refused

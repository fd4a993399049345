"""Recognises faces similar enough to a person to count as that person without a decision.

``identify`` judges each face alone. Then two faces of one photo are rarely one person, a face more similar to
a rejected face than to the person is rejected too, and one more similar to an ignored stranger is a stranger.
``faceindex.asking.identifier`` has the same rules. This module does not use the store.
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

_CHUNK = 1024
"""Faces compared with the ignored strangers at a time, 8 MB with 2,000 of those."""


class Recogniser:
    """Recognises faces one by one, in chunks; ignores faces not in ``face_ids``, int64 [M], rising.

    ``strangers``, float32 [S, D] of unit norm, are the descriptors of ignored faces.
    """

    def __init__(
        self, gallery: Gallery, thresholds: Thresholds, face_ids: I64, rejections: Rejections, strangers: F32
    ) -> None:
        self._gallery = gallery
        self._thresholds = thresholds
        self._face_ids = face_ids
        self._strangers = strangers
        self._rejected: dict[int, list[int]] = {}
        for one, person_id in zip(rejections.face_ids.tolist(), rejections.person_ids.tolist(), strict=True):
            self._rejected.setdefault(one, []).append(person_id)
        self._persons: I64 = np.full(len(face_ids), NONE)
        self._similarities: F32 = np.zeros(len(face_ids), np.float32)
        self._is_accepted = np.zeros(len(face_ids), bool)

    def add(self, chunk: Descriptors) -> None:
        """Recognise the faces in a chunk."""
        faces = chunk.only(self._face_ids)
        if not len(faces) or not len(self._gallery):
            return
        rejected = self._rejected
        excluded = {row: rejected[one] for row, one in enumerate(faces.ids.tolist()) if one in rejected}
        found = identify(self._gallery, faces.vectors, self._thresholds, excluded)
        stranger = most_similar(faces.vectors, self._strangers)
        is_stranger = (stranger >= self._thresholds.accept) & (stranger > found.similarities)
        likely = (found.accepted | found.probable) & ~is_stranger
        places = np.searchsorted(self._face_ids, faces.ids)[likely]
        self._persons[places] = found.person_ids[likely]
        self._similarities[places] = found.similarities[likely]
        self._is_accepted[places] = found.accepted[likely]

    def likely(self, face_ids: I64) -> tuple[I64, F32, Flags]:
        """Return who some faces probably are, or ``NONE``; the similarities; and which are accepted."""
        places = np.searchsorted(self._face_ids, face_ids)
        return self._persons[places], self._similarities[places], self._is_accepted[places]


def most_similar(probes: F32, others: F32) -> F32:
    """Return the similarity of probes, [N, D], to the nearest of others, [M, D]: float32 [N], or -1."""
    nearest = np.full(len(probes), -1.0, np.float32)
    if len(others):
        for start in range(0, len(probes), _CHUNK):
            rows = slice(start, start + _CHUNK)
            nearest[rows] = (probes[rows] @ others.T).max(axis=1)
    return nearest


def recognise(
    faces: FaceTable, affected: Flags, recogniser: Recogniser, vectors: F32, rejections: Rejections
) -> FaceTable:
    """Update who is recognised.

    ``affected``, bool [N], marks the faces that the recogniser has seen; the others keep their person.
    ``vectors`` are float32 [N, D], of norm 1 at most; ``rejections`` are the persons that faces are not.
    """
    unaffected = faces.is_undecided & ~affected
    persons = np.where(unaffected, faces.recognised, NONE)
    similarities = np.where(unaffected, faces.similarities, np.float32(0))
    is_recognised = unaffected & (persons != NONE)
    persons[affected], similarities[affected], is_recognised[affected] = recogniser.likely(
        faces.ids[affected]
    )
    likely = replace(faces, recognised=persons, similarities=similarities)
    is_recognised &= ~_like_the_rejected(likely, vectors, rejections)
    is_recognised &= ~_second_in_photo(likely, vectors)
    return replace(
        faces,
        recognised=np.where(is_recognised, persons, NONE),
        similarities=np.where(is_recognised, similarities, np.float32(0)),
    )


def _second_in_photo(faces: FaceTable, vectors: F32) -> Flags:
    """Find faces whose person is another face of the same photo, certainly or probably: bool [N].

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
    """Find faces more similar to a rejected face of the person than to the person: bool [N]."""
    refused = np.zeros(len(faces.ids), bool)
    for person_id in np.unique(rejections.person_ids):
        ids = rejections.face_ids[rejections.person_ids == person_id]
        not_them = np.flatnonzero(np.isin(faces.ids, ids))
        rows = np.flatnonzero((faces.recognised == person_id) & (faces.confirmed == NONE))
        if len(rows) and len(not_them):
            nearest = (vectors[rows] @ vectors[not_them].T).max(axis=1)
            refused[rows] = nearest > faces.similarities[rows]
    return refused

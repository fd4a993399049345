"""The JSON of faces in a library: ``export``, ``people show``, and the clusters of ``cluster``.

A face is made of a ``FaceRecord`` and its ``FaceStatus``, a cluster of ``ClusterFaces`` and its exemplar.
"""

from faceindex.schemas.base import Box, Digest, Landmarks, PathText, PersonName, Schema, at


class FaceSchema(Schema):
    """A face with all that is known of it."""

    face_id: int
    photo: PathText
    missing: bool
    digest: Digest
    box: Box
    landmarks: Landmarks
    confidence: float
    quality: float = at("quality.score")
    person: PersonName
    confirmed: bool
    cluster: int | None = at("cluster_id")


class PersonFaceSchema(Schema):
    """A face of a person, or of a cluster."""

    face_id: int
    photo: PathText
    missing: bool
    box: Box
    quality: float = at("quality.score")
    person: PersonName
    confirmed: bool
    similarity: float | None
    cluster: int | None = at("cluster_id")


class ClusterSchema(Schema):
    """A cluster; ``photo`` is that of its exemplar."""

    cluster: int = at("cluster_id")
    faces: tuple[int, ...] = at("face_ids")
    exemplar: int = at("face_id")
    photo: PathText

"""The JSON of faces in a library: ``export``, ``people show``, and the clusters of ``cluster``."""

from faceindex.schemas.base import Box, Digest, InFilm, Landmarks, PathText, PersonName, Schema, at


class FaceSchema(Schema):
    """A face of the library."""

    face_id: int = at("record.face_id")
    photo: PathText = at("record.photo")
    missing: bool = at("record.missing")
    digest: Digest = at("record.digest")
    box: Box = at("record.box")
    landmarks: Landmarks = at("record.landmarks")
    confidence: float = at("record.confidence")
    quality: float = at("record.quality.score")
    person: PersonName = at("status.person")
    confirmed: bool = at("status.confirmed")
    cluster: int | None = at("status.cluster_id")
    detector: str = at("record.detector")
    moment: InFilm = at("record")
    photo_id: int = at("record.photo_id")
    drawn: bool = at("record.drawn")
    described: bool = at("record.described")


class PersonFaceSchema(Schema):
    """A face of a person, or of a cluster."""

    face_id: int = at("record.face_id")
    photo: PathText = at("record.photo")
    missing: bool = at("record.missing")
    box: Box = at("record.box")
    quality: float = at("record.quality.score")
    person: PersonName = at("status.person")
    confirmed: bool = at("status.confirmed")
    edited: bool = at("status.edited")
    similarity: float | None = at("status.similarity")
    cluster: int | None = at("status.cluster_id")
    detector: str = at("record.detector")
    moment: InFilm = at("record")
    photo_id: int = at("record.photo_id")
    drawn: bool = at("record.drawn")
    described: bool = at("record.described")


class ClusterSchema(Schema):
    """A cluster; ``photo`` is that of its exemplar."""

    cluster: int = at("faces.cluster_id")
    faces: tuple[int, ...] = at("faces.face_ids")
    exemplar: int = at("exemplar.face_id")
    photo: PathText = at("exemplar.photo")
    moment: InFilm = at("exemplar")

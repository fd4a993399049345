"""A real library that grows by scans, of faces of which it is known who they are, grouped after each scan."""

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from benchmarks.labelled_faces import LabelledFaces
from index.clustering.regroup import regroup
from index.photos.catalog import Catalog
from index.recognition.thresholds import shipped
from index.store.opening import create_store
from index.store.schema import cluster_face
from index.values import I64
from pipeline.models.registry import ModelSpec
from pipeline.values import Box, Descriptor, DetectedFace, PhotoFile, PhotoIndexed, Quality, Size


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """What came of it.

    Attributes:
        labels: int64 [N], the cluster of each face; a number of its own for one that is in none.
        moved: Faces that changed their cluster, all scans together.
    """

    labels: I64
    moved: int


def grow(faces: LabelledFaces, model: ModelSpec, scans: int, seed: int) -> Growth:
    """Scan the photos in so many parts, in random order."""
    photos = np.unique(faces.photos)
    if scans > 1:
        photos = np.random.default_rng(seed).permutation(photos)
    moved, order = 0, []
    with tempfile.TemporaryDirectory() as folder, create_store(Path(folder) / "library.db") as database:
        catalog = Catalog(database)
        catalog.choose_model(model.model_id)
        for part in np.array_split(photos, scans):
            rows = [np.flatnonzero(faces.photos == photo) for photo in part]
            catalog.record([outcome(faces, each, model) for each in rows])
            order += [int(row) for each in rows for row in each]
            moved += regroup(database, shipped(model.model_id)).moved
        with database.read() as connection:
            placed = connection.execute(select(cluster_face.c.face_id, cluster_face.c.cluster_id)).all()
    labels = -1 - np.arange(len(faces))
    for face_id, cluster in placed:
        if cluster is not None:
            labels[order[face_id - 1]] = cluster  # ids are given in the order of recording, from 1
    return Growth(labels, moved)


def outcome(faces: LabelledFaces, rows: I64, model: ModelSpec) -> PhotoIndexed:
    """A photo with these faces."""
    photo = int(faces.photos[rows[0]])
    described = tuple(
        Descriptor(
            DetectedFace(Box(100.0 * place, 0.0, 60.0, 80.0), np.zeros((5, 2), np.float32), 0.99),
            Quality(float(faces.qualities[row]), ()),
            model.model_id,
            faces.vectors[row],
        )
        for place, row in enumerate(rows)
    )
    digest = hashlib.sha256(str(photo).encode()).digest()
    return PhotoIndexed(
        PhotoFile(b"/%d.jpg" % photo, 1, 1),
        digest,
        Size(9999, 100),
        None,
        described,
        "png pillow 12.0.0",
        "mtcnn",
    )

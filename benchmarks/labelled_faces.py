"""Faces of which it is known who they are, described by a model as the program does it, and kept in a file.

Two kinds of folder: one folder of photos for each person, as Labeled Faces in the Wild has it, of whose
photos the face nearest the middle is taken; and a made library, with ``photos`` and a ``truth.csv`` beside it
that says who is where, which is scanned as a whole. Of a face that no line of it is about nobody knows who
it is: its name is empty.
"""

import csv
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.crops import gather, make_detector
from index.decisions.face_overlap import overlap
from index.photos.catalog import Catalog
from index.store.opening import open_store
from index.store.store import Access
from index.values import I64, FaceRecord
from pipeline.description.crop import cut
from pipeline.description.embedder import load_embedder
from pipeline.description.quality import assess
from pipeline.models.registry import ModelSpec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, Box

RIGHT_LABELS = {
    "Carlos_Ruckauf_0001.jpg": "Eduardo_Duhalde",
    "Mahmoud_Abbas_0012.jpg": "a king in a headdress",
    "Michael_Schumacher_0008.jpg": "Rubens_Barrichello",
    "Recep_Tayyip_Erdogan_0004.jpg": "Abdullah_Gul",
}
"""Photos that are of somebody else than their folder says, seen by eye."""

BATCH = 64
OVERLAP = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFaces:
    """N faces.

    Attributes:
        vectors: float32 [N, D], of unit norm.
        people: str [N]; empty where nobody knows.
        photos: int64 [N], a number for the photo of each.
        names: str [N], that of the photo.
        qualities: float32 [N].
    """

    vectors: F32
    people: NDArray[np.str_]
    photos: I64
    names: NDArray[np.str_]
    qualities: F32

    def __len__(self) -> int:
        return len(self.people)

    def at(self, rows: I64 | NDArray[np.bool_]) -> "LabelledFaces":
        """Some of them."""
        return LabelledFaces(
            self.vectors[rows], self.people[rows], self.photos[rows], self.names[rows], self.qualities[rows]
        )

    def rightly_labelled(self) -> "LabelledFaces":
        """The same, with ``RIGHT_LABELS``."""
        people = [
            RIGHT_LABELS.get(name, person) for name, person in zip(self.names, self.people, strict=True)
        ]
        return replace(self, people=np.array(people))


def by_folders(photos: Path, model: ModelSpec, cache: Path, kept: Path) -> LabelledFaces:
    """The faces of one folder a person; described once, and then taken from ``kept``."""
    file = kept / f"{photos.name}.{model.model_id}.npz"
    if not file.exists():
        samples = gather(photos, None, make_detector(cache))
        options = RuntimeOptions(cache, threads=0, streams=1)
        embedder = load_embedder(model, WeightsStore(cache), options)
        crops = [cut(sample.photo, sample.face, model.crop) for sample in samples]
        vectors = [
            embedder.embed(np.stack(crops[start : start + BATCH])) for start in range(0, len(crops), BATCH)
        ]
        np.savez(
            file,
            vectors=np.concatenate(vectors),
            people=np.array([sample.person for sample in samples]),
            photos=np.arange(len(samples)),
            names=np.array([os.path.basename(os.fsdecode(each.photo.file.path)) for each in samples]),
            qualities=np.array([assess(each.photo, each.face).score for each in samples], np.float32),
        )
    return LabelledFaces(**np.load(file))


def of_made_library(folder: Path, model: ModelSpec, kept: Path) -> LabelledFaces:
    """The faces of a made library; scanned once, into a library in ``kept``."""
    library = kept / f"{folder.name}.{model.model_id}.db"
    if not library.exists():
        command = [sys.executable, "-m", "faceindex", "--library", str(library), "--quiet"]
        command += ["scan", "--model", model.model_id, str(folder / "photos")]
        subprocess.run(command, check=True)
    truth = read_truth(folder / "truth.csv")
    with open_store(library, Access.READ) as database:
        catalog = Catalog(database)
        faces = [face for chunk in catalog.all_faces() for face in chunk]
        chunks = catalog.descriptors(model.model_id, [face.face_id for face in faces])
        vectors = np.concatenate([chunk.vectors for chunk in chunks])
    names = [os.path.relpath(os.fsdecode(face.photo), folder / "photos") for face in faces]
    return LabelledFaces(
        vectors=vectors,
        people=np.array([who(face, truth.get(name, [])) for face, name in zip(faces, names, strict=True)]),
        photos=np.unique([face.digest for face in faces], return_inverse=True)[1].astype(np.int64),
        names=np.array(names),
        qualities=np.array([face.quality.score for face in faces], np.float32),
    )


@dataclass(frozen=True, slots=True)
class Pasted:
    """A face that was pasted into a photo."""

    person: str
    box: Box


def read_truth(file: Path) -> Mapping[str, Sequence[Pasted]]:
    """What was pasted, by photo."""
    found: dict[str, list[Pasted]] = {}
    with open(file, newline="") as lines:
        for line in csv.DictReader(lines):
            box = Box(*(float(line[side]) for side in "xywh"))
            found.setdefault(line["photo"], []).append(Pasted(line["person"], box))
    return found


def who(face: FaceRecord, pasted: Sequence[Pasted]) -> str:
    """Whose a face is."""
    best = max(pasted, key=lambda each: overlap(face.box, each.box), default=None)
    return best.person if best is not None and overlap(face.box, best.box) > OVERLAP else ""

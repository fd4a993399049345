"""How well ``sface`` recognises faces that are cut as a detector's landmarks say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.detectors.scenes import LFW
from benchmarks.labelled_photos import WRONG_LABELS, off_centre, read
from faceindex.accuracy.cluster_agreement import agree
from faceindex.accuracy.verification import accuracy_by_protocol, compare_all, threshold_at
from index.clustering.affected_region import never_grouped
from index.clustering.linkage import group
from index.recognition.thresholds import shipped
from pipeline.description.crop import cut
from pipeline.description.embedder import load_embedder
from pipeline.detection.detector import Detector
from pipeline.models.registry import spec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, DecodedPhoto, DetectedFace

MODEL = spec("sface")
FALSE_ACCEPT_RATE = 1e-3


@dataclass(frozen=True, slots=True)
class _Figures:
    """What the descriptors of one detector's faces give."""

    found: int
    accuracy: float
    accepted: float
    b_cubed: float


def recognition_rows(detectors: Mapping[str, Detector], cache: Path, photos: int) -> Iterator[list[str]]:
    """Describe the middle faces of photos of known people, of photos where all detectors find one."""
    paths = _photos(photos)
    found = {
        name: [_middle_face(detector, read(path)) for path in paths] for name, detector in detectors.items()
    }
    common = [number for number in range(len(paths)) if all(faces[number] for faces in found.values())]
    figures = [_figures(paths, faces, common, cache) for faces in found.values()]
    kind, count = "lfw by sface", f"{len(common)}"
    yield [f"{kind}: faces in the middle", f"{len(paths)}", *(f"{each.found}" for each in figures)]
    yield [f"{kind}: accuracy over ten folds", count, *(f"{each.accuracy:.4f}" for each in figures)]
    yield [f"{kind}: TAR at FAR 1e-3", count, *(f"{each.accepted:.4f}" for each in figures)]
    yield [f"{kind}: B-cubed F", count, *(f"{each.b_cubed:.4f}" for each in figures)]


def _photos(count: int) -> list[Path]:
    """Choose people with several photos, with all that there are of them."""
    chosen: list[Path] = []
    folders = sorted(folder for folder in LFW.iterdir() if folder.is_dir())
    for number in np.random.default_rng(4).permutation(len(folders)).tolist():
        photos = [path for path in sorted(folders[number].glob("*.jpg")) if path.name not in WRONG_LABELS]
        if len(photos) > 1 and len(chosen) < count:
            chosen += photos
    return chosen


def _middle_face(detector: Detector, photo: DecodedPhoto) -> tuple[DecodedPhoto, DetectedFace] | None:
    face = min(detector.detect(photo), key=lambda face: off_centre(photo, face), default=None)
    return None if face is None or off_centre(photo, face) > 50 else (photo, face)


def _figures(
    paths: Sequence[Path],
    faces: Sequence[tuple[DecodedPhoto, DetectedFace] | None],
    common: Sequence[int],
    cache: Path,
) -> _Figures:
    embedder = load_embedder(MODEL, WeightsStore(cache), RuntimeOptions(cache, threads=1, streams=1))
    crops = np.stack([cut(*face, MODEL.crop) for number in common if (face := faces[number]) is not None])
    vectors: F32 = embedder.embed(crops)
    people = [paths[number].parent.name for number in common]
    compared, folds = compare_all(vectors, people), accuracy_by_protocol(vectors, people)
    same = shipped(MODEL.model_id).accept
    groups = agree(
        group(never_grouped(vectors, np.ones(len(vectors), np.float32), same), same).tolist(), people
    )
    return _Figures(
        found=sum(face is not None for face in faces),
        accuracy=folds.accuracy if folds else 0.0,
        accepted=float(np.mean(compared.genuine > threshold_at(compared.impostor, FALSE_ACCEPT_RATE))),
        b_cubed=groups.b_cubed.f if groups else 0.0,
    )

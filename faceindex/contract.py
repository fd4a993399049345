"""The JSON contract: what ``--json`` and ``export`` write. Fields may be added, never renamed.

Paths stand as text; one that is not UTF-8 has lone surrogates (PEP 383), which ``json.dumps`` escapes and
``os.fsencode`` turns back into its bytes.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faceindex.values import Answer, KnownFace, Planned, ScanSummary
    from index.values import FaceRecord, NearFace, Statistics
    from pipeline.models.registry import ModelSpec
    from pipeline.models.weights import Availability
    from pipeline.values import Box

Json = dict[str, Any]


def failed(path: bytes, stage: str, reason: str, message: str) -> Json:
    """A photo that could not be read."""
    return {
        "event": "failed",
        "photo": os.fsdecode(path),
        "stage": str(stage),
        "reason": str(reason),
        "message": message,
    }


def planned(planned: "Planned") -> Json:
    """One file or folder of a dry run."""
    event = "would-read" if planned.read else "would-skip"
    return {"event": event, "photo": os.fsdecode(planned.path), "reason": str(planned.reason)}


def model(model: "ModelSpec", status: "Availability") -> Json:
    """A model, and whether it can be used now."""
    return {
        "model": model.model_id,
        "dimension": model.dimension,
        "status": str(status),
        "summary": model.summary,
        "licence": model.licence,
    }


def face(face: "FaceRecord") -> Json:
    """A face of the library, as ``export`` writes it."""
    return {
        "face_id": face.face_id,
        "photo": os.fsdecode(face.photo),
        "missing": face.missing,
        "digest": face.digest.hex(),
        "box": _box(face.box),
        "landmarks": face.landmarks.tolist(),
        "confidence": face.confidence,
        "quality": face.quality.score,
        "person": None,
        "cluster": None,
    }


def summary(summary: "ScanSummary") -> Json:
    """The last line of a scan."""
    names = ("seen", "indexed", "unchanged", "duplicate", "moved", "missing", "failed")
    return {
        "event": "summary",
        "photos": {name: getattr(summary, name) for name in names},
        "faces": summary.faces,
        "model": summary.model,
        "seconds": round(summary.seconds, 3),
        "stages": {each.stage: round(each.seconds, 3) for each in summary.stages},
        "library": {"photos": summary.library_photos, "faces": summary.library_faces},
    }


def answer(answer: "Answer") -> Json:
    """What the library says of one photo."""
    return {
        "photo": os.fsdecode(answer.photo.file.path),
        "width": answer.photo.size.width,
        "height": answer.photo.size.height,
        "faces": [_asked_face(face) for face in answer.faces],
    }


def _asked_face(face: "KnownFace") -> Json:
    found = face.described.face
    return {
        "box": _box(found.box),
        "confidence": found.confidence,
        "quality": face.described.quality.score,
        "landmarks": found.landmarks.tolist(),
        "person": None,
        "similarity": face.matches[0].similarity if face.matches else None,
        "matches": [_match(match) for match in face.matches],
    }


def _match(match: "NearFace") -> Json:
    return {
        "face_id": match.face.face_id,
        "photo": os.fsdecode(match.face.photo),
        "missing": match.face.missing,
        "box": _box(match.face.box),
        "similarity": match.similarity,
        "person": None,
    }


def statistics(statistics: "Statistics", library: "Path") -> Json:
    """The library in figures."""
    return {
        "library": str(library),
        "model": statistics.model,
        "folders": [os.fsdecode(root) for root in statistics.roots],
        "photos": statistics.photos,
        "photo_bytes": statistics.photo_bytes,
        "duplicates": statistics.duplicates,
        "without_face": statistics.contents_without_face,
        "missing": statistics.missing,
        "failed": {each.reason: each.photos for each in statistics.failed},
        "first_taken": statistics.first_taken and statistics.first_taken.isoformat(),
        "last_taken": statistics.last_taken and statistics.last_taken.isoformat(),
        "faces": statistics.faces,
        "descriptors": statistics.descriptors,
        "descriptor_bytes": statistics.descriptor_bytes,
        "database_bytes": statistics.database_bytes,
        "indexed_faces": statistics.manifest.file.count if statistics.manifest else 0,
    }


def _box(box: "Box") -> list[float]:
    return [box.x, box.y, box.w, box.h]

"""The JSON contract: what ``--json`` and ``export`` write. Fields may be added, never renamed.

Paths stand as text; one that is not UTF-8 has lone surrogates (PEP 383), which ``json.dumps`` escapes and
``os.fsencode`` turns back into its bytes.
"""

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faceindex.adapt.adaptation import Adaptation
    from faceindex.asking.celebrity import Lookalikes
    from faceindex.asking.verify import Verification
    from faceindex.asking.why import Candidate, Explanation
    from faceindex.results import Answer, KnownFace, NearKnownFace, Planned, ScanSummary
    from index.people.queries import FaceStatus, FoundPhoto
    from index.values import FaceRecord, Statistics
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


def face(face: "FaceRecord", standing: "FaceStatus") -> Json:
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
        "person": standing.person and standing.person.name,
        "confirmed": standing.confirmed,
        "cluster": standing.cluster_id,
    }


def summary(summary: "ScanSummary") -> Json:
    """The last line of a scan."""
    names = ("seen", "indexed", "unchanged", "duplicate", "moved", "missing", "failed")
    return {
        "event": "summary",
        "photos": {name: getattr(summary, name) for name in names},
        "left": summary.left,
        "refused": [os.fsdecode(each.root) for each in summary.refused],
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
        **_identity(face),
        "matches": [_match(match) for match in face.matches],
    }


def _identity(face: "KnownFace") -> Json:
    """Who a face is; ``similarity`` is that to the person, or where nobody is named to the nearest face."""
    identity = face.identity
    name = identity.person.name or None if identity.person else None
    nearest = face.matches[0].similarity if face.matches else None
    return {
        "person": None if identity.certainty == "probable" else name,
        "probable": name if identity.certainty == "probable" else None,
        "certainty": str(identity.certainty),
        "hidden": identity.person is not None and identity.person.hidden,
        "similarity": nearest if identity.person is None else identity.similarity,
        "probability": identity.probability,
        "runner_up": identity.runner_up.name or None if identity.runner_up else None,
        "margin": identity.margin,
    }


def _match(match: "NearKnownFace") -> Json:
    return {
        "face_id": match.face.face_id,
        "photo": os.fsdecode(match.face.photo),
        "missing": match.face.missing,
        "box": _box(match.face.box),
        "similarity": match.similarity,
        "person": match.person.name or None if match.person else None,
        "confirmed": match.confirmed,
    }


def verification(found: "Verification") -> Json:
    """How two faces compare."""
    return {
        "same": found.same,
        "similarity": found.similarity,
        "probability": found.probability,
        "threshold": found.thresholds.accept,
        "faces": [_box(each.face.box) for each in found.faces],
        "model": found.model,
    }


def explanation(explanation: "Explanation") -> Json:
    """Why a face is said to be who it is said to be."""
    return {
        "photo": os.fsdecode(explanation.photo.file.path),
        "face": explanation.number,
        "face_id": explanation.own.face_id,
        **_asked_face(explanation.face),
        "quality_reasons": list(explanation.face.described.quality.reasons),
        "accept": explanation.thresholds.accept,
        "review": explanation.thresholds.review,
        "least_margin": explanation.margin,
        "provenance": explanation.thresholds.provenance,
        "candidates": [_candidate(each) for each in explanation.candidates],
        "decisions": [
            {
                "id": each.decision.id,
                "made_at": each.decision.made_at.isoformat(),
                "kind": type(each.decision.act).__name__.lower(),
                "person": each.person_name or None,
                "active": each.active,
            }
            for each in explanation.decisions
        ],
        "rule": str(explanation.rule),
    }


def _candidate(candidate: "Candidate") -> Json:
    return {
        "person": candidate.person.name or None,
        "similarity": candidate.similarity,
        "rejected": candidate.rejected,
        "templates": [
            {
                "years": each.template.years,
                "faces": each.template.faces,
                "similarity": each.similarity,
            }
            for each in candidate.likeness.templates
        ],
        "nearest": [
            {"face_id": each.face_id, "similarity": each.similarity} for each in candidate.likeness.nearest
        ],
    }


def found_photo(photo: "FoundPhoto") -> Json:
    """A photo that shows who was asked for."""
    return {
        "photo": os.fsdecode(photo.path),
        "digest": photo.digest.hex(),
        "taken_at": photo.taken_at and photo.taken_at.isoformat(),
    }


def adapted(found: "Adaptation") -> Json:
    """What came of ``adapt``."""
    return {
        "event": "adapt",
        "base": found.base,
        "people": found.people,
        "faces": found.faces,
        "dimension": found.dimension,
        "before": asdict(found.trial.before),
        "after": asdict(found.trial.after),
        "gain": found.trial.gain,
        "deviation": found.trial.deviation,
        "steps": found.trial.steps,
        "helps": found.trial.helps,
        "model": found.kept,
        "changed": found.change is not None and found.change.changed,
    }


def lookalikes(found: "Lookalikes") -> Json:
    """The celebrities that the faces of one photo may show."""
    return {
        "photo": os.fsdecode(found.photo.file.path),
        "width": found.photo.size.width,
        "height": found.photo.size.height,
        "faces": [
            {
                "box": _box(face.described.face.box),
                "confidence": face.described.face.confidence,
                "quality": face.described.quality.score,
                "celebrities": [
                    {"name": guess.name, "probability": guess.probability} for guess in face.guesses
                ],
            }
            for face in found.faces
        ],
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

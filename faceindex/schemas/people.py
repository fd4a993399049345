"""The JSON of the commands about people, as ``faceindex.schemas.answers`` is that of the others."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from index.decisions.fields import fields_of
from index.decisions.model import faces_of

if TYPE_CHECKING:
    from faceindex.naming.decide import Decided
    from faceindex.naming.enroll import Enrolled
    from faceindex.naming.review import Suggestion
    from index.clustering.regroup import Regrouped
    from index.decisions.journal import LoggedDecision
    from index.people.queries import ClusterFaces, FaceStatus, PersonSummary
    from index.privacy.forget import Erased
    from index.values import FaceRecord

Json = dict[str, Any]


def person(summary: "PersonSummary") -> Json:
    """A person in the list of people."""
    return {
        "person": summary.person.name,
        "key": summary.person.key,
        "hidden": summary.person.hidden,
        "confirmed": summary.confirmed,
        "recognised": summary.recognised,
        "missing": summary.missing,
    }


def face(record: "FaceRecord", standing: "FaceStatus") -> Json:
    """A face of a person, or of a cluster."""
    return {
        "face_id": record.face_id,
        "photo": os.fsdecode(record.photo),
        "missing": record.missing,
        "box": [record.box.x, record.box.y, record.box.w, record.box.h],
        "quality": record.quality.score,
        "person": standing.person and standing.person.name,
        "confirmed": standing.confirmed,
        "similarity": standing.similarity,
        "cluster": standing.cluster_id,
    }


def cluster(faces: "ClusterFaces", exemplar: "FaceRecord") -> Json:
    """A cluster in the list of clusters."""
    return {
        "cluster": faces.cluster_id,
        "faces": list(faces.face_ids),
        "exemplar": exemplar.face_id,
        "photo": os.fsdecode(exemplar.photo),
    }


def regrouped(regrouped: "Regrouped") -> Json:
    """What regrouping changed."""
    names = ("recognised", "newly_recognised", "no_longer_recognised", "joined", "founded", "merged", "moved")
    return {
        "event": "regrouped",
        **{name: getattr(regrouped, name) for name in (*names, "clusters", "clustered", "unclustered")},
    }


def decided(decided: "Decided") -> Json:
    """What came of a decision."""
    follows = {} if decided.regrouped is None else regrouped(decided.regrouped)
    return {
        "event": "decided",
        "decision": decided.decision.id,
        "kind": fields_of(decided.decision.act).kind,
        "faces": decided.faces,
        "recognised": follows.get("recognised"),
        "newly_recognised": follows.get("newly_recognised"),
        "no_longer_recognised": follows.get("no_longer_recognised"),
    }


def logged(logged: "LoggedDecision", targets: Mapping[str, int]) -> Json:
    """A line of the log; ``targets`` has the numbers of decisions by uid."""
    act = logged.decision.act
    return {
        "decision": logged.decision.id,
        "uid": logged.decision.uid,
        "made_at": logged.decision.made_at.isoformat(),
        "kind": fields_of(act).kind,
        "person": logged.person_name,
        "other": logged.other_name,
        "name": getattr(act, "name", None),
        "undoes": targets.get(getattr(act, "target", "")),
        "faces": [
            {"digest": each.digest.hex(), "box": [each.box.x, each.box.y, each.box.w, each.box.h]}
            for each in faces_of(act)
        ],
        "active": logged.active,
        "undone_by": logged.undone_by,
    }


def suggestion(suggestion: "Suggestion", command: str) -> Json:
    """Something to look at."""
    return {
        "kind": str(suggestion.kind),
        "person": suggestion.person and suggestion.person.name,
        "other": suggestion.other and suggestion.other.name,
        "cluster": suggestion.cluster_id,
        "faces": list(suggestion.face_ids),
        "similarity": suggestion.similarity,
        "command": command,
    }


def enrolled(enrolled: "Enrolled") -> Sequence[Json]:
    """What came of an enrolment: each photo that was left out, and a summary."""
    refused = [
        {"event": "left-out", "photo": os.fsdecode(each.photo), "reason": each.reason}
        for each in enrolled.left_out
    ]
    return [*refused, {"event": "enrolled", "people": enrolled.people, "faces": enrolled.faces}]


def erased(erased: "Erased") -> Json:
    """What was forgotten."""
    return {
        "event": "forgotten",
        "person": erased.name,
        "faces": erased.faces,
        "decisions": erased.decisions,
        "left": [str(path) for path in erased.purged.left],
    }

"""The JSON of ``evaluate`` and ``calibrate``, as ``faceindex.schemas.answers`` is that of the others."""

from typing import TYPE_CHECKING, Any

from faceindex.accuracy.measures import Evaluation, measures

if TYPE_CHECKING:
    from faceindex.accuracy.calibrate import Calibrated
    from faceindex.accuracy.cluster_agreement import Agreement
    from faceindex.accuracy.verification import Interval
    from index.recognition.thresholds import Thresholds


def evaluation(found: Evaluation) -> dict[str, Any]:
    """One line of ``evaluate --json``."""
    return {
        "source": found.source,
        "model": found.model,
        "people": found.people,
        "faces": found.faces,
        "measures": measures(found),
        "detection": _detection(found),
        "verification": _verification(found),
        "folds": _folds(found),
        "identification": _identification(found),
        "clustering": _clustering(found),
        "groups": [
            {
                "group": each.name,
                "genuine": each.genuine,
                "tar": each.tar,
                "impostor": each.impostor,
                "far": each.far,
            }
            for each in found.groups
        ],
    }


def calibrated(found: "Calibrated") -> dict[str, Any]:
    """One line of ``calibrate --json``."""
    return {
        "model": found.model,
        "method": found.method,
        "persons": found.persons,
        "pairs": {"same": found.same, "different": found.different, "rejected": found.rejected},
        "losses": {each.method: each.loss for each in found.losses},
        "before": _thresholds(found.before),
        "after": _thresholds(found.after),
        "close": [
            {"person": each.person, "other": each.other, "margin": each.margin} for each in found.close
        ],
        "recognised": {
            "now": found.recognised,
            "gained": found.gained,
            "lost": found.lost,
        },
        "stored": found.stored,
    }


def _thresholds(found: "Thresholds") -> dict[str, Any]:
    return {"accept": found.accept, "review": found.review, "provenance": found.provenance}


def _detection(found: Evaluation) -> dict[str, Any] | None:
    counts = found.detection
    if counts is None:
        return None
    return {
        "photos": counts.photos,
        "unreadable": counts.unreadable,
        "repeated": counts.repeated,
        "without_face": counts.without_face,
        "several": counts.several,
        "faces": counts.faces,
    }


def _verification(found: Evaluation) -> dict[str, Any] | None:
    rates = found.verification
    if rates is None:
        return None
    return {
        "genuine": rates.genuine,
        "impostor": rates.impostor,
        "auc": rates.auc,
        "eer": rates.eer,
        "operating": [
            {
                "far": each.far,
                "threshold": each.threshold,
                "tar": each.tar,
                "interval": _interval(each.interval),
            }
            for each in rates.operating
        ],
    }


def _folds(found: Evaluation) -> dict[str, Any] | None:
    folds = found.folds
    if folds is None:
        return None
    return {
        "accuracy": folds.accuracy,
        "deviation": folds.deviation,
        "pairs": folds.pairs,
        "draws": folds.draws,
    }


def _identification(found: Evaluation) -> dict[str, Any] | None:
    known = found.identification
    if known is None:
        return None
    return {
        "enrolled": known.enrolled,
        "probes": known.probes,
        "rank_1": known.rank_1,
        "rank_5": known.rank_5,
        "strangers": known.strangers,
        "open_set": [
            {
                "fpir": each.fpir,
                "threshold": each.threshold,
                "tpir": each.tpir,
                "interval": _interval(each.interval),
            }
            for each in known.open_set
        ],
    }


def _clustering(found: Evaluation) -> dict[str, Any] | None:
    groups = found.clustering
    if groups is None:
        return None
    return {
        "faces": groups.faces,
        "people": groups.people,
        "groups": groups.groups,
        "b_cubed": _agreement(groups.b_cubed),
        "pairwise": _agreement(groups.pairwise),
    }


def _agreement(found: "Agreement") -> dict[str, float]:
    return {"precision": found.precision, "recall": found.recall, "f": found.f}


def _interval(found: "Interval") -> list[float]:
    return [found.low, found.high]

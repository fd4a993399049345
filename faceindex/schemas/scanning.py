"""The JSON contract of ``reindex`` and ``roots``. Fields may be added, never renamed."""

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

from faceindex.schemas import answers as contract
from faceindex.schemas.answers import Json

if TYPE_CHECKING:
    from faceindex.results import ModelSwitch, Preview, ReindexSummary, RootReport


def reindexed(report: "ReindexSummary") -> Json:
    """The last line of ``reindex``: that of a scan, and what else a night does."""
    return {
        **contract.summary(report.scan),
        "described": report.described,
        "pruned": asdict(report.pruned),
        "people": [{"person": each.name, "new": each.faces} for each in report.gains],
        "review": report.review,
        "in_time": report.in_time,
    }


def model_switched(result: "ModelSwitch") -> Json:
    """The last line of ``reindex --model``."""
    return {
        "event": "model",
        "model": result.model,
        "previous": result.previous,
        "changed": result.changed,
        "described": result.described,
        "coverage": asdict(result.coverage),
        "comparison": None if result.comparison is None else asdict(result.comparison),
        "in_time": result.in_time,
        "seconds": round(result.seconds, 3),
    }


def model_previewed(preview: "Preview") -> Json:
    """What ``reindex --model --dry-run`` says."""
    return {
        "event": "would-change-model",
        "model": preview.model,
        "previous": preview.previous,
        "coverage": asdict(preview.coverage),
        "comparison": None if preview.comparison is None else asdict(preview.comparison),
    }


def root(report: "RootReport") -> Json:
    """A folder that is scanned."""
    return {
        "root": os.fsdecode(report.figures.path),
        "photos": report.figures.photos,
        "missing": report.figures.missing,
        "unreachable": report.unreachable,
    }

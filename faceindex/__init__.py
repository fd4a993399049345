"""Find who is in your photographs: the public API.

    from faceindex import Library, Settings

    with Library(Settings.load()) as library:
        library.scan(["/home/me/Pictures"])
        for answer in library.who(["photo.jpg"]):
            print(answer)

``Library`` has a method for everything; the other names are options that it takes, values that it returns,
and errors that it raises. Importing this package is cheap; SQLite, FAISS and OpenVINO come in when a library
is opened or a model is needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faceindex.accuracy.calibrate import Calibrated
    from faceindex.accuracy.measures import Evaluation
    from faceindex.adapt.adaptation import Adaptation
    from faceindex.asking.celebrity import Lookalikes
    from faceindex.asking.verify import Unread, Verification
    from faceindex.asking.why import Explanation
    from faceindex.errors import (
        BadRequest,
        FaceindexError,
        LibraryFromTheFuture,
        LibraryLocked,
        NoLibrary,
        WeightsUnavailable,
    )
    from faceindex.library import Library
    from faceindex.listeners import Listeners
    from faceindex.maintenance import Checked, Restored
    from faceindex.naming.decide import Decided
    from faceindex.naming.enroll import Enrolled
    from faceindex.naming.review import Suggestion
    from faceindex.results import (
        Answer,
        Certainty,
        ClusterList,
        Identity,
        KnownFace,
        LibraryFace,
        ModelSwitch,
        NearKnownFace,
        Planned,
        Preview,
        Progress,
        ReindexSummary,
        RootReport,
        ScanSummary,
    )
    from faceindex.scanning.scan import ScanOptions
    from faceindex.settings import Settings
    from index.people.photo_search import FoundPhoto
    from index.people.queries import Person, PersonSummary
    from index.values import FaceRecord, Statistics
    from pipeline.values import Box, PhotoFailed

__all__ = [
    "Adaptation",
    "Answer",
    "BadRequest",
    "Box",
    "Calibrated",
    "Certainty",
    "Checked",
    "ClusterList",
    "Decided",
    "Enrolled",
    "Evaluation",
    "Explanation",
    "FaceRecord",
    "FaceindexError",
    "FoundPhoto",
    "Identity",
    "KnownFace",
    "Library",
    "LibraryFace",
    "LibraryFromTheFuture",
    "LibraryLocked",
    "Listeners",
    "Lookalikes",
    "ModelSwitch",
    "NearKnownFace",
    "NoLibrary",
    "Person",
    "PersonSummary",
    "PhotoFailed",
    "Planned",
    "Preview",
    "Progress",
    "ReindexSummary",
    "Restored",
    "RootReport",
    "ScanOptions",
    "ScanSummary",
    "Settings",
    "Statistics",
    "Suggestion",
    "Unread",
    "Verification",
    "WeightsUnavailable",
]

_MODULES = {
    "faceindex.accuracy.calibrate": "Calibrated",
    "faceindex.accuracy.measures": "Evaluation",
    "faceindex.adapt.adaptation": "Adaptation",
    "faceindex.asking.celebrity": "Lookalikes",
    "faceindex.asking.verify": "Unread Verification",
    "faceindex.asking.why": "Explanation",
    "faceindex.errors": "BadRequest FaceindexError LibraryFromTheFuture LibraryLocked NoLibrary "
    "WeightsUnavailable",
    "faceindex.library": "Library",
    "faceindex.listeners": "Listeners",
    "faceindex.maintenance": "Checked Restored",
    "faceindex.naming.decide": "Decided",
    "faceindex.naming.enroll": "Enrolled",
    "faceindex.naming.review": "Suggestion",
    "faceindex.results": "Answer Certainty ClusterList Identity KnownFace LibraryFace ModelSwitch "
    "NearKnownFace Planned Preview Progress ReindexSummary RootReport ScanSummary",
    "faceindex.scanning.scan": "ScanOptions",
    "faceindex.settings": "Settings",
    "index.people.photo_search": "FoundPhoto",
    "index.people.queries": "Person PersonSummary",
    "index.values": "FaceRecord Statistics",
    "pipeline.values": "Box PhotoFailed",
}
"""Where each public name is defined."""

_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

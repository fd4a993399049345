"""Find who is in your photographs: the public API.

    from faceindex import Library, Settings

    with Library(Settings.load()) as library:
        library.scan(["/home/me/Pictures"])
        for answer in library.who(["photo.jpg"]):
            print(answer)

``Library`` has a method for everything; the other names are its options, results and errors. Importing this
package is cheap: SQLite, FAISS and OpenVINO are imported when a library is opened or a model is needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faceindex.accuracy.calibrate import Calibrated as Calibrated
    from faceindex.accuracy.measures import Evaluation as Evaluation
    from faceindex.adapt.adaptation import Adaptation as Adaptation
    from faceindex.asking.celebrity import Lookalikes as Lookalikes
    from faceindex.asking.verify import Unread as Unread
    from faceindex.asking.verify import Verification as Verification
    from faceindex.asking.why import Explanation as Explanation
    from faceindex.browsing.clusters import FaceGroup as FaceGroup
    from faceindex.browsing.faces import DatedFace as DatedFace
    from faceindex.browsing.faces import Years as Years
    from faceindex.browsing.log import LogEntry as LogEntry
    from faceindex.browsing.log import LogPage as LogPage
    from faceindex.browsing.pages import Page as Page
    from faceindex.browsing.person import PersonTemplate as PersonTemplate
    from faceindex.browsing.person import SeenWith as SeenWith
    from faceindex.browsing.photo import LibraryPhoto as LibraryPhoto
    from faceindex.browsing.photos import PhotoTile as PhotoTile
    from faceindex.browsing.state import LibraryState as LibraryState
    from faceindex.errors import BadRequest as BadRequest
    from faceindex.errors import FaceindexError as FaceindexError
    from faceindex.errors import LibraryFromTheFuture as LibraryFromTheFuture
    from faceindex.errors import LibraryLocked as LibraryLocked
    from faceindex.errors import NoLibrary as NoLibrary
    from faceindex.errors import NotFound as NotFound
    from faceindex.errors import PictureUnavailable as PictureUnavailable
    from faceindex.errors import WeightsUnavailable as WeightsUnavailable
    from faceindex.library import Library as Library
    from faceindex.lists import Lists as Lists
    from faceindex.maintenance import Checked as Checked
    from faceindex.maintenance import Restored as Restored
    from faceindex.models import Models as Models
    from faceindex.models import ModelStatus as ModelStatus
    from faceindex.naming.decide import Decided as Decided
    from faceindex.naming.decide import ForgetPlan as ForgetPlan
    from faceindex.naming.enroll import Enrolled as Enrolled
    from faceindex.naming.enroll import LeftOut as LeftOut
    from faceindex.naming.journal import Undone as Undone
    from faceindex.naming.person_doubts import PersonDoubts as PersonDoubts
    from faceindex.naming.question import Question as Question
    from faceindex.naming.question import Questions as Questions
    from faceindex.naming.suggestion import Suggestion as Suggestion
    from faceindex.naming.suggestion import Suggestions as Suggestions
    from faceindex.output.photo_links import Linked as Linked
    from faceindex.people import People as People
    from faceindex.pictures import Pictures as Pictures
    from faceindex.results import Answer as Answer
    from faceindex.results import Certainty as Certainty
    from faceindex.results import ClusterList as ClusterList
    from faceindex.results import DetectorPreview as DetectorPreview
    from faceindex.results import DetectorSwitch as DetectorSwitch
    from faceindex.results import FilmPerson as FilmPerson
    from faceindex.results import Identity as Identity
    from faceindex.results import KnownFace as KnownFace
    from faceindex.results import LibraryFace as LibraryFace
    from faceindex.results import Listeners as Listeners
    from faceindex.results import ModelSwitch as ModelSwitch
    from faceindex.results import NearKnownFace as NearKnownFace
    from faceindex.results import PersonLoss as PersonLoss
    from faceindex.results import Planned as Planned
    from faceindex.results import Preview as Preview
    from faceindex.results import Progress as Progress
    from faceindex.results import Refusal as Refusal
    from faceindex.results import ReindexSummary as ReindexSummary
    from faceindex.results import RootReport as RootReport
    from faceindex.results import ScanSummary as ScanSummary
    from faceindex.roots import ScannedRoots as ScannedRoots
    from faceindex.scanning.scan import ScanOptions as ScanOptions
    from faceindex.settings import Settings as Settings
    from faceindex.viewing.film_files import FilmFile as FilmFile
    from faceindex.viewing.film_files import FilmInfo as FilmInfo
    from faceindex.viewing.picture import Picture as Picture
    from index.clustering.regroup import Regrouped as Regrouped
    from index.clustering.ungrouped import Ungrouped as Ungrouped
    from index.decisions.log import LoggedDecision as LoggedDecision
    from index.figures import Statistics as Statistics
    from index.maintenance.check import Finding as Finding
    from index.people.overruled import Effects as Effects
    from index.people.overruled import Overruled as Overruled
    from index.people.overruled import Renamed as Renamed
    from index.people.person_tiles import PersonTile as PersonTile
    from index.people.persons import Person as Person
    from index.people.photo_search import FoundPhoto as FoundPhoto
    from index.people.queries import PersonSummary as PersonSummary
    from index.photos.photo_records import PhotoRecord as PhotoRecord
    from index.privacy.forget import Erased as Erased
    from index.privacy.journal_merge import Imported as Imported
    from index.store.store import BackedUp as BackedUp
    from index.store.store import LastRun as LastRun
    from index.store.store import Salvage as Salvage
    from index.values import FaceRecord as FaceRecord
    from index.values import FailureRecord as FailureRecord
    from index.values import Moved as Moved
    from index.values import Pruned as Pruned
    from index.values import RawFiles as RawFiles
    from index.values import TimeSpan as TimeSpan
    from pipeline.models.weights import VerifiedWeights as VerifiedWeights
    from pipeline.values import Box as Box
    from pipeline.values import PhotoFailed as PhotoFailed

_MODULES = {
    "faceindex.accuracy.calibrate": "Calibrated",
    "faceindex.accuracy.measures": "Evaluation",
    "faceindex.adapt.adaptation": "Adaptation",
    "faceindex.asking.celebrity": "Lookalikes",
    "faceindex.asking.verify": "Unread Verification",
    "faceindex.asking.why": "Explanation",
    "faceindex.browsing.clusters": "FaceGroup",
    "faceindex.browsing.faces": "DatedFace Years",
    "faceindex.browsing.log": "LogEntry LogPage",
    "faceindex.browsing.pages": "Page",
    "faceindex.browsing.person": "PersonTemplate SeenWith",
    "faceindex.browsing.photo": "LibraryPhoto",
    "faceindex.browsing.photos": "PhotoTile",
    "faceindex.browsing.state": "LibraryState",
    "faceindex.lists": "Lists",
    "faceindex.errors": "BadRequest FaceindexError LibraryFromTheFuture LibraryLocked NoLibrary "
    "NotFound PictureUnavailable WeightsUnavailable",
    "faceindex.library": "Library",
    "faceindex.maintenance": "Checked Restored",
    "faceindex.models": "ModelStatus Models",
    "faceindex.naming.decide": "Decided ForgetPlan",
    "faceindex.naming.enroll": "Enrolled LeftOut",
    "faceindex.naming.journal": "Undone",
    "faceindex.naming.person_doubts": "PersonDoubts",
    "faceindex.naming.question": "Question Questions",
    "faceindex.naming.suggestion": "Suggestion Suggestions",
    "faceindex.output.photo_links": "Linked",
    "faceindex.people": "People",
    "faceindex.pictures": "Pictures",
    "faceindex.results": "Answer Certainty ClusterList DetectorPreview DetectorSwitch FilmPerson Identity "
    "KnownFace LibraryFace Listeners ModelSwitch NearKnownFace PersonLoss Planned Preview Progress Refusal "
    "ReindexSummary RootReport ScanSummary",
    "faceindex.roots": "ScannedRoots",
    "faceindex.scanning.scan": "ScanOptions",
    "faceindex.settings": "Settings",
    "faceindex.viewing.film_files": "FilmFile FilmInfo",
    "faceindex.viewing.picture": "Picture",
    "index.clustering.regroup": "Regrouped",
    "index.clustering.ungrouped": "Ungrouped",
    "index.decisions.log": "LoggedDecision",
    "index.figures": "Statistics",
    "index.maintenance.check": "Finding",
    "index.people.overruled": "Effects Overruled Renamed",
    "index.people.photo_search": "FoundPhoto",
    "index.people.person_tiles": "PersonTile",
    "index.people.persons": "Person",
    "index.people.queries": "PersonSummary",
    "index.photos.photo_records": "PhotoRecord",
    "index.privacy.forget": "Erased",
    "index.privacy.journal_merge": "Imported",
    "index.store.store": "BackedUp LastRun Salvage",
    "index.values": "FaceRecord FailureRecord Moved Pruned RawFiles TimeSpan",
    "pipeline.models.weights": "VerifiedWeights",
    "pipeline.values": "Box PhotoFailed",
}
"""Where each public name is defined."""

_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Import a public name on first access (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

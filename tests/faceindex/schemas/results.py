"""One result of each kind, of real values; its path is not UTF-8 and holds a control character."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from faceindex.accuracy.calibrate import Calibrated, CloseNames
from faceindex.accuracy.cluster_agreement import Agreement, Clustering
from faceindex.accuracy.fitting import PredictionLoss
from faceindex.accuracy.group_rates import GroupRates
from faceindex.accuracy.identification import Identification, OpenSet
from faceindex.accuracy.measures import Detection, Evaluation
from faceindex.accuracy.verification import Folds, Interval, Operating, RocCurve, VerificationRates
from faceindex.adapt.adaptation import Adaptation
from faceindex.adapt.cross_validation import Figures, Trial
from faceindex.adapt.threshold_transfer import Change, Spread
from faceindex.asking.celebrity import Guess, GuessedFace, Lookalikes
from faceindex.asking.identifier import StoredFace
from faceindex.asking.verify import Verification
from faceindex.asking.why import Candidate, Explanation, Rule
from faceindex.browsing.clusters import FaceGroup
from faceindex.browsing.faces import DatedFace
from faceindex.browsing.pages import Page
from faceindex.browsing.photo import LibraryPhoto, PhotoFace
from faceindex.browsing.photos import PhotoTile
from faceindex.maintenance import Checked, Restored
from faceindex.naming.decide import Decided, ForgetPlan
from faceindex.naming.enroll import Enrolled, LeftOut
from faceindex.naming.journal import Undone
from faceindex.naming.suggestion import Kind, Suggestion
from faceindex.results import (
    Answer,
    Certainty,
    DetectorPreview,
    DetectorSwitch,
    FilmPerson,
    Identity,
    IncompletePhoto,
    KnownFace,
    LibraryFace,
    ModelSwitch,
    NearKnownFace,
    PersonGain,
    PersonLoss,
    Planned,
    Preview,
    Refusal,
    ReindexSummary,
    RootReport,
    ScanSummary,
)
from index.clustering.regroup import Regrouped
from index.clustering.ungrouped import Ungrouped
from index.decisions.log import LoggedDecision
from index.decisions.model import Assign, Decision, FaceKey, NotAFace, Undo
from index.figures import LeftOutCount, ReasonCount, Statistics
from index.maintenance.check import Finding, FindingKind
from index.people.overruled import Effects, Overruled, Renamed, Said
from index.people.person_tiles import PersonTile
from index.people.persons import Person
from index.people.photo_search import FoundPhoto
from index.people.queries import ClusterFaces, FaceStatus, PersonSummary
from index.photos.photo_records import PhotoCopy, PhotoRecord
from index.privacy.forget import Erased, Purged
from index.privacy.journal_merge import Imported
from index.recognition.gallery import FaceLikeness, Likeness, TemplateLikeness
from index.recognition.model_comparison import Comparison
from index.recognition.templates import Template
from index.recognition.thresholds import Thresholds
from index.store.store import BackedUp, Salvage, SavedTable
from index.values import (
    Coverage,
    DetectorComparison,
    DetectorCoverage,
    FaceRecord,
    FailureRecord,
    Pruned,
    RootFigures,
    TimeSpan,
)
from pipeline.timing import StageSeconds
from pipeline.values import (
    NO_LANDMARKS,
    Appearance,
    Box,
    DateSource,
    Descriptor,
    DetectedFace,
    FilmPart,
    ModelId,
    PhotoFailed,
    PhotoFile,
    PhotoIndexed,
    Quality,
    Reason,
    Size,
    Stage,
)

PATH = b"/photos/caf\xe9\x1b[31m.jpg"
SFACE = ModelId("sface")
DIGEST = bytes(range(32))
BOX = Box(10.5, -2.0, 40.25, 50.0)
FILM_BOX = Box(10.5, -2.0, 40.25, 50.0, 62.0)
LANDMARKS = np.arange(10, dtype=np.float32).reshape(5, 2) / np.float32(3)
QUALITY = Quality(0.75, ("small", "blurred"))
MADE_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANNA = Person(1, "a" * 32, "Anna", hidden=False)
BEN = Person(2, "b" * 32, "Ben (2)", hidden=False)
UNNAMED = Person(3, "c" * 32, "", hidden=True)

FACE = FaceRecord(7, DIGEST, PATH, False, BOX, LANDMARKS, 0.98, QUALITY)
OF_FILM = FaceRecord(8, DIGEST, PATH, False, FILM_BOX, LANDMARKS, 0.98, QUALITY, span=TimeSpan(61.5, 65.25))
DRAWN = replace(FACE, landmarks=NO_LANDMARKS, detector="drawn", kept=True, drawn=True, described=False)
RECOGNISED = FaceStatus(ANNA, False, 0.625, False, False, (BEN,), 5, None)
UNKNOWN = FaceStatus(None, False, None, False, False, (), None, None)
CLUSTER = ClusterFaces(5, (7, 9))

VECTOR = np.eye(1, 128, dtype=np.float32)[0]
DESCRIPTOR = Descriptor(DetectedFace(BOX, LANDMARKS, 0.98), QUALITY, SFACE, VECTOR)
APPEARANCE = Appearance(61.5, 65.25, np.array([[62.0, 10.5, -2.0, 40.25, 50.0]], np.float32))
TRACKLET = replace(DESCRIPTOR, face=DetectedFace(FILM_BOX, LANDMARKS, 0.98), appearance=APPEARANCE)
FILE = PhotoFile(PATH, 1234, 5678)
PHOTO = PhotoIndexed(FILE, DIGEST, Size(640, 480), None, (DESCRIPTOR,), "jpeg pillow 12", "mtcnn", DIGEST)
FILM = replace(PHOTO, faces=(TRACKLET, TRACKLET), film=FilmPart(0.0, None, 75.5, 1.0))
NEAR = NearKnownFace(FACE, 0.5, UNNAMED, confirmed=True, ignored=False)
SURE = KnownFace(DESCRIPTOR, Identity(Certainty.ACCEPTED, ANNA, 0.7, 0.99, BEN, 0.25), (NEAR,))
PROBABLE = KnownFace(DESCRIPTOR, Identity(Certainty.PROBABLE, BEN, 0.4, None, UNNAMED, 0.125), (NEAR,))
HIDDEN = KnownFace(DESCRIPTOR, Identity(Certainty.CONFIRMED, UNNAMED), ())
NOBODY = KnownFace(DESCRIPTOR, Identity(Certainty.UNKNOWN, similarity=0.1), (NEAR,))
NAMED_ONLY = KnownFace(
    replace(DESCRIPTOR, face=DetectedFace(BOX, NO_LANDMARKS, 0.0), vector=np.zeros(128, np.float32)),
    Identity(Certainty.CONFIRMED, ANNA),
    (),
    drawn=True,
)
ALONE = KnownFace(DESCRIPTOR, Identity(Certainty.UNKNOWN), ())
ANSWER = Answer(PHOTO, (SURE, PROBABLE, HIDDEN, NOBODY, ALONE, NAMED_ONLY))

IN_FILM = KnownFace(
    TRACKLET, SURE.identity, (NearKnownFace(OF_FILM, 0.5, ANNA, confirmed=True, ignored=False),)
)
FILM_ANSWER = Answer(FILM, (IN_FILM, IN_FILM), people=(FilmPerson(SURE.identity, (1, 2)),))

THRESHOLDS = Thresholds(0.363, 0.3, "measured on 546 people")
KEY = FaceKey(DIGEST, BOX)
ASSIGNED = LoggedDecision(
    Decision(3, "d" * 32, MADE_AT, Assign((KEY,), ANNA.key, "Anna")), True, None, None, "Anna", None
)
ASSIGNED_FILM = replace(
    ASSIGNED, decision=replace(ASSIGNED.decision, act=Assign((FaceKey(DIGEST, FILM_BOX),), ANNA.key, "Anna"))
)
NOT_A_FACE = LoggedDecision(Decision(4, "e" * 32, MADE_AT, NotAFace((KEY,))), False, None, 5, None, None)
UNDONE = LoggedDecision(Decision(5, "f" * 32, MADE_AT, Undo("e" * 32)), True, 4, None, None, None)
LIKENESS = Likeness(
    (TemplateLikeness(Template(1, None, 4), 0.8), TemplateLikeness(Template(1, (2019, 2021), 3), 0.75)),
    (FaceLikeness(7, 0.625),),
)
EXPLANATION = Explanation(
    PHOTO,
    1,
    SURE,
    StoredFace(7, RECOGNISED),
    THRESHOLDS,
    0.05,
    (Candidate(ANNA, 0.7, LIKENESS, False), Candidate(UNNAMED, 0.5, Likeness((), ()), True)),
    (ASSIGNED, NOT_A_FACE),
    Rule.ALIKE,
)
VERIFICATION = Verification(True, 0.7, None, THRESHOLDS, SFACE, (DESCRIPTOR, DESCRIPTOR))
VERIFIED_FILM = replace(VERIFICATION, faces=(TRACKLET, DESCRIPTOR))
LOOKALIKES = Lookalikes(PHOTO, (GuessedFace(DESCRIPTOR, (Guess("Ada Lovelace", 0.25),)),))
FOUND = FoundPhoto(PATH, DIGEST, datetime(2019, 7, 14, 12, 30), taken_from=DateSource.ORIGINAL)
FOUND_FILM = replace(FOUND, moments=(TimeSpan(61.5, 65.25),))
FOUND_UNDATED = FoundPhoto(PATH, DIGEST, None)
LIBRARY_PHOTO = LibraryPhoto(
    PhotoRecord(
        3, PATH, DIGEST, Size(640, 480), 4096, datetime(2019, 7, 14), DateSource.XMP, False, 75.5, True, None
    ),
    (PhotoFace(FACE, RECOGNISED, Identity(Certainty.ACCEPTED, BEN, 0.7, 0.9), True, None),),
    (BEN,),
)
PEOPLE_PAGE = Page((PersonTile(BEN, 3, 4, 7),), "WzFd", 2)
CLUSTERS_PAGE = Page((FaceGroup(5, 12, (7, 9)),), None, 1)
FACES_PAGE = Page((DatedFace(LibraryFace(FACE, RECOGNISED), datetime(2019, 7, 14), 9, 0.625),), None, 1)
PHOTOS_PAGE = Page((PhotoTile(FOUND, (7,)),), None, 1)
LIBRARY_PHOTO_UNREAD = LibraryPhoto(
    PhotoRecord(
        4,
        PATH,
        None,
        None,
        12,
        None,
        None,
        False,
        None,
        False,
        "it is empty",
        copies=(PhotoCopy(5, b"/a.jpg", False),),
    ),
    (),
)

REGROUPED = Regrouped(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)
UNGROUPED = Ungrouped(0.5, 100, 0.3, 1, 2, 3, 4, 5, 6, 7, 22)
EFFECTS = Effects(
    (Overruled((7, 9), Said.CONFIRMED, "Ben", "Anna", 3), Overruled((8,), Said.IGNORED, None, None, None)),
    (Renamed("Ben (2)", "Ben"), Renamed(None, "Anna (2)", "Anna"), Renamed("Tim", "Anna", None, True)),
)
DECIDED = Decided(ASSIGNED, 1, REGROUPED, (FACE,), EFFECTS)
TAKEN_BACK = Undone(NOT_A_FACE, None, ())
TAKEN_BACK_TWICE = Undone(replace(UNDONE, undone_by=6), ASSIGNED, EFFECTS.renamed)
IMPORTED = Imported(3, 2, 1, 0, EFFECTS)
DECIDED_ALONE = Decided(NOT_A_FACE, 1, None)
PERSON = PersonSummary(BEN, 3, 4, 1)
SUGGESTION = Suggestion(Kind.DOUBTFUL, ANNA, BEN, None, (7,), 0.5)
SUGGESTED_CLUSTER = Suggestion(Kind.NEW_CLUSTER, None, None, 5, (7, 9), None)
ENROLLED = Enrolled(1, 2, (LeftOut(PATH, "no face"),), (FACE,), (3, 4), EFFECTS.overruled)
ERASED = Erased("Anna", 4, 3, Purged((), (), (Path("/data/old.db"),)), 2)
FORGET_PLAN = ForgetPlan(BEN, (), (LibraryFace(FACE, RECOGNISED),), 1)

FAILURE = FailureRecord(PATH, "decode", "truncated", "the file ends early")
FAILED = PhotoFailed(FILE, Stage.READ, Reason.VANISHED, "it is gone", None, None)
INCOMPLETE = IncompletePhoto(PATH, "its last 3 % are missing: the file ends early")
PLANNED = Planned(PATH, True, "new")
SKIPPED = Planned(PATH, False, "unchanged")
LEFT_OUT = (LeftOutCount("video", 214, "video"), LeftOutCount("PDF", 3))
SCAN = ScanSummary(
    seen=21,
    indexed=1,
    unchanged=2,
    duplicate=3,
    moved=4,
    failed=11,
    missing=6,
    faces=8,
    library_photos=30,
    library_faces=40,
    model="sface",
    seconds=1.23456,
    stages=(StageSeconds("decode", 0.98765),),
    failures=(FAILURE,),
    refused=(Refusal(PATH, 9, 9, None),),
    left=5,
    left_out=LEFT_OUT,
)
REINDEX = ReindexSummary(SCAN, 2, 7, Pruned(3, 4), (PersonGain("Anna", 5),), 6, (FAILURE,), in_time=True)
ROOT = RootReport(RootFigures(PATH, 12, 1), "it is not there")
COVERAGE = Coverage(10, 8, 2, 1)
COMPARISON = Comparison(1, 2, 3, 4, 5, 6, 7)
SWITCH = ModelSwitch(
    SFACE, ModelId("facenet"), True, 8, COVERAGE, COMPARISON, (), in_time=False, seconds=2.34567
)
PREVIEW = Preview(SFACE, SFACE, COVERAGE, None)
LOOKS = DetectorCoverage(contents=28, looked_at=27, waiting=1)
DETECTOR_SWITCH = DetectorSwitch(
    previous="mtcnn",
    detector="yunet",
    changed=True,
    looked_at=26,
    found=44,
    coverage=LOOKS,
    comparison=DetectorComparison(before=40, after=44, gained=5, lost=1),
    kept=1,
    fewer=(PersonLoss("Anna", 6, 5),),
    failures=(),
    in_time=True,
    seconds=2.34567,
)
DETECTOR_PREVIEW = DetectorPreview("mtcnn", "yunet", LOOKS, DetectorComparison(4, 5, 1, 0))
SPREAD = Spread(0.0, 0.1, 0.5, 0.1)
TRIAL = Trial(Figures(0.05, 0.98, None), Figures(0.04, 0.99, 0.9), 0.01, 0.002, 40, Change(SPREAD, SPREAD))
ADAPTATION = Adaptation(SFACE, 10, 30, 128, TRIAL, None, None)
ADAPTED = Adaptation(SFACE, 10, 30, 128, TRIAL, ModelId("sface-adapted-1"), SWITCH)

OPERATING = Operating(0.01, 0.3, 0.95, Interval(0.9, 0.97))
EVALUATION = Evaluation(
    source="photos of two people",
    model="sface",
    people=2,
    faces=6,
    detection=Detection(8, 1, 1, 1, 2, 7),
    verification=VerificationRates(6, 9, 0.99, 0.02, (OPERATING,), RocCurve(np.zeros(2), np.ones(2))),
    folds=Folds(0.995, 0.001, 6000, 20),
    identification=Identification(2, 4, 1.0, 1.0, 1.5, (OpenSet(0.1, 0.25, 0.875, Interval(0.8, 0.9)),)),
    clustering=Clustering(6, 2, 3, Agreement(1.0, 0.5, 2 / 3), Agreement(0.0, 0.0, 0.0)),
    groups=(GroupRates("quality 0.8 and more", 3, 1.0, 0, None),),
    comparisons=None,
)
UNMEASURED = Evaluation("nothing", "sface", 0, 0, None, None, None, None, None, (), None)
CALIBRATED = Calibrated(
    model="sface",
    method="logistic",
    losses=(PredictionLoss("shipped", 0.2), PredictionLoss("logistic", 0.125)),
    persons=3,
    same=10,
    different=20,
    rejected=1,
    close=(CloseNames("Anna", "Ben (2)", 0.08),),
    before=THRESHOLDS,
    after=Thresholds(0.35, 0.28, "calibrated"),
    recognised=9,
    gained=2,
    lost=1,
    stored=True,
)

FINDING = Finding(FindingKind.INDEX, "the index is damaged", "it is made anew")
SALVAGE = Salvage((SavedTable("face", 90, 10), SavedTable("photo", 50, None)), 3, Path("/data/damaged.db"))
CHECKED = Checked(2, 1, 30, 40, 5)
UNCHECKED = Checked(1, 1)
BACKED_UP = BackedUp(30, 40, 5, 4096)
RESTORED = Restored(BACKED_UP, Path("/data/library.db.replaced"))
STATISTICS = Statistics(
    model=SFACE,
    detector="mtcnn",
    created_at=MADE_AT,
    roots=(b"/photos", PATH),
    photos=30,
    photo_bytes=4000,
    missing=2,
    failed=(ReasonCount("truncated", 2), ReasonCount("corrupt", 1)),
    contents=28,
    contents_without_face=5,
    most_faces=4,
    duplicates=1,
    faces=40,
    films=2,
    film_seconds=75.5,
    tracklets=9,
    first_taken=datetime(2019, 7, 14, 12, 30),
    last_taken=MADE_AT,
    descriptors=39,
    descriptor_bytes=9984,
    database_bytes=65536,
    index_kind="exact",
    indexed_faces=38,
    left_out=LEFT_OUT,
)
EMPTY = Statistics(
    None, None, None, (), 0, 0, 0, (), 0, 0, 0, 0, 0, 0, 0.0, 0, None, None, 0, 0, 4096, None, 0
)

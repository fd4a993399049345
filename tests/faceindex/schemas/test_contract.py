"""The JSON contract: its exact text for one result of each kind, and the names of all its fields."""

import importlib
import json
import os
import pkgutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

import faceindex.schemas
from faceindex.models import ModelStatus
from faceindex.results import LibraryFace, Planned, ShownCluster
from faceindex.schemas.accuracy import CalibrationSchema, EvaluationSchema
from faceindex.schemas.answers import (
    AnswerSchema,
    ExplanationSchema,
    FoundPhotoSchema,
    LookalikesSchema,
    VerificationSchema,
)
from faceindex.schemas.base import Schema
from faceindex.schemas.faces import ClusterSchema, FaceSchema, PersonFaceSchema
from faceindex.schemas.lists import ClustersPageSchema, FacesPageSchema, PeoplePageSchema, PhotosPageSchema
from faceindex.schemas.maintenance import (
    BackupSchema,
    CheckSchema,
    FindingSchema,
    SalvageSchema,
    StatisticsSchema,
)
from faceindex.schemas.models import AdaptationSchema, ModelPreviewSchema, ModelSchema, ModelSwitchSchema
from faceindex.schemas.people import (
    DecidedSchema,
    EnrolledSchema,
    ErasedSchema,
    ForgetPlanSchema,
    ForgottenFaceSchema,
    ImportedSchema,
    LeftOutSchema,
    LoggedSchema,
    PersonSchema,
    RegroupedSchema,
    SuggestionSchema,
    UndoneSchema,
    UngroupedSchema,
)
from faceindex.schemas.photos import PhotoSchema
from faceindex.schemas.scanning import (
    DetectorPreviewSchema,
    DetectorSwitchSchema,
    FailureSchema,
    IncompleteSchema,
    PlannedSchema,
    ReindexSchema,
    RootSchema,
    ScanSchema,
)
from pipeline.models.registry import SFACE
from pipeline.models.weights import Availability
from tests.faceindex.schemas import results

LIBRARY = Path("/data/library.db")
COPY = Path("/b")

LINES = (
    FaceSchema.of(LibraryFace(results.FACE, results.RECOGNISED)),
    FaceSchema.of(LibraryFace(results.FACE, results.UNKNOWN)),
    FaceSchema.of(LibraryFace(results.DRAWN, results.RECOGNISED)),
    PersonFaceSchema.of(LibraryFace(results.FACE, results.RECOGNISED)),
    PersonFaceSchema.of(LibraryFace(results.FACE, results.UNKNOWN)),
    ClusterSchema.of(ShownCluster(results.CLUSTER, results.FACE)),
    AnswerSchema.of(results.ANSWER),
    ExplanationSchema.of(results.EXPLANATION),
    VerificationSchema.of(results.VERIFICATION),
    FoundPhotoSchema.of(results.FOUND),
    FoundPhotoSchema.of(results.FOUND_UNDATED),
    PeoplePageSchema.of(results.PEOPLE_PAGE),
    ClustersPageSchema.of(results.CLUSTERS_PAGE),
    FacesPageSchema.of(results.FACES_PAGE),
    PhotosPageSchema.of(results.PHOTOS_PAGE),
    PhotoSchema.of(results.LIBRARY_PHOTO),
    PhotoSchema.of(results.LIBRARY_PHOTO_UNREAD),
    LookalikesSchema.of(results.LOOKALIKES),
    PersonSchema.of(results.PERSON),
    RegroupedSchema.of(results.REGROUPED),
    UngroupedSchema.of(results.UNGROUPED),
    DecidedSchema.of(results.DECIDED),
    DecidedSchema.of(results.DECIDED_ALONE),
    LoggedSchema.of(results.ASSIGNED),
    LoggedSchema.of(results.UNDONE),
    UndoneSchema.of(results.TAKEN_BACK),
    UndoneSchema.of(results.TAKEN_BACK_TWICE),
    ImportedSchema.of(results.IMPORTED),
    SuggestionSchema.of(results.SUGGESTION, command="x", otherwise="y"),
    SuggestionSchema.of(results.SUGGESTED_CLUSTER, command="x", otherwise="y"),
    LeftOutSchema.of(results.ENROLLED.left_out[0]),
    EnrolledSchema.of(results.ENROLLED),
    ErasedSchema.of(results.ERASED),
    ForgetPlanSchema.of(results.FORGET_PLAN),
    ForgottenFaceSchema.of(results.FORGET_PLAN.let_go[0], event="would-let-go"),
    FailureSchema.of(results.FAILURE),
    FailureSchema.of(results.FAILED, path=results.FAILED.file.path),
    IncompleteSchema.of(results.INCOMPLETE),
    PlannedSchema.of(results.PLANNED),
    PlannedSchema.of(results.SKIPPED),
    ScanSchema.of(results.SCAN),
    ReindexSchema.of(results.REINDEX),
    RootSchema.of(results.ROOT),
    ModelSchema.of(ModelStatus(SFACE, Availability.EXTRA_NEEDED)),
    ModelSwitchSchema.of(results.SWITCH),
    ModelPreviewSchema.of(results.PREVIEW),
    DetectorSwitchSchema.of(results.DETECTOR_SWITCH),
    DetectorPreviewSchema.of(results.DETECTOR_PREVIEW),
    AdaptationSchema.of(results.ADAPTATION),
    AdaptationSchema.of(results.ADAPTED),
    EvaluationSchema.of(results.EVALUATION),
    EvaluationSchema.of(results.UNMEASURED),
    CalibrationSchema.of(results.CALIBRATED),
    FindingSchema.of(results.FINDING),
    SalvageSchema.of(results.SALVAGE),
    CheckSchema.of(results.CHECKED),
    CheckSchema.of(results.UNCHECKED),
    BackupSchema.of(results.BACKED_UP, event="backup", file=COPY),
    BackupSchema.of(results.RESTORED.contents, event="restore", file=COPY, kept=results.RESTORED.kept),
    StatisticsSchema.of(results.STATISTICS, library=LIBRARY),
    StatisticsSchema.of(results.EMPTY, library=LIBRARY),
    FaceSchema.of(LibraryFace(results.OF_FILM, results.RECOGNISED)),
    PersonFaceSchema.of(LibraryFace(results.OF_FILM, results.RECOGNISED)),
    ClusterSchema.of(ShownCluster(results.CLUSTER, results.OF_FILM)),
    AnswerSchema.of(results.FILM_ANSWER),
    ExplanationSchema.of(replace(results.EXPLANATION, photo=results.FILM, face=results.IN_FILM)),
    VerificationSchema.of(results.VERIFIED_FILM),
    FoundPhotoSchema.of(results.FOUND_FILM),
    LoggedSchema.of(results.ASSIGNED_FILM),
)

FIELDS = {
    "AdaptationSchema": (
        "event base people faces dimension before after gain deviation steps helps model changed"
    ),
    "Agreement": "precision recall f",
    "AnswerSchema": "photo width height note faces duration people",
    "AskedFaceSchema": (
        "box confidence quality landmarks person probable certainty hidden similarity probability "
        "runner_up margin matches moment drawn described"
    ),
    "BackupSchema": "event file photos faces decisions bytes kept",
    "CalibrationSchema": "model method persons pairs losses before after close recognised stored",
    "CandidateSchema": "person similarity rejected templates nearest",
    "CheckSchema": "event found left photos faces undescribed",
    "CloseNames": "person other margin",
    "ClusterSchema": "cluster faces exemplar photo moment",
    "Clustering": "faces people groups b_cubed pairwise",
    "ClustersPageSchema": "next total items",
    "Comparison": "confirmed astray_before astray_after open recognised_before recognised_after otherwise",
    "Coverage": "faces described waiting contents",
    "DatedFaceSchema": "face taken_at age similarity",
    "DecidedSchema": (
        "event decision decisions kind faces photos recognised newly_recognised no_longer_recognised "
        "poor_faces overruled renamed"
    ),
    "Detection": "photos unreadable repeated without_face several faces",
    "DetectorComparison": "before after gained lost",
    "DetectorCoverage": "contents looked_at waiting",
    "DetectorPreviewSchema": "event detector previous coverage comparison",
    "DetectorSwitchSchema": (
        "event detector previous changed looked_at found coverage comparison kept fewer in_time seconds"
    ),
    "EnrolledSchema": "event people faces poor_faces decisions overruled",
    "ErasedSchema": "event person faces decisions left let_go",
    "EvaluationSchema": (
        "source model people faces measures detection verification folds identification clustering groups"
    ),
    "ExplanationSchema": (
        "photo face face_id box confidence quality landmarks person probable certainty hidden similarity "
        "probability runner_up margin matches moment drawn described quality_reasons accept review "
        "least_margin provenance candidates decisions rule taken_at taken_from siblings"
    ),
    "FaceDecisionSchema": "id made_at kind person active",
    "FaceGroupSchema": "cluster faces shown",
    "FaceKeySchema": "digest box moment",
    "FaceLikeness": "face_id similarity",
    "FaceSchema": (
        "face_id photo missing digest box landmarks confidence quality person confirmed cluster detector "
        "moment photo_id drawn described"
    ),
    "FacesPageSchema": "next total items",
    "FailureSchema": "event photo stage reason message new",
    "Figures": "eer auc tar",
    "FilmPersonSchema": "person probable certainty faces",
    "FindingSchema": "event kind message repair",
    "Folds": "accuracy deviation pairs draws",
    "ForgetPlanSchema": "event person faces let_go without_photo",
    "ForgottenFaceSchema": (
        "face_id photo missing box quality person confirmed edited similarity cluster detector moment "
        "photo_id drawn described event"
    ),
    "PeoplePageSchema": "next total items",
    "PersonTileSchema": "person key hidden born confirmed recognised portrait",
    "PhotoCopySchema": "photo_id photo missing",
    "PhotoFaceSchema": (
        "face_id photo missing box quality person confirmed edited similarity cluster detector moment "
        "photo_id drawn described probable certainty probability"
    ),
    "PhotoTileSchema": "photo faces",
    "PhotosPageSchema": "next total items",
    "SiblingSchema": "path kind",
    "FoundPhotoSchema": "photo digest taken_at probable moments taken_from photo_id",
    "GroupRates": "group genuine tar impostor far",
    "Guess": "name probability",
    "GuessedFaceSchema": "box confidence quality celebrities",
    "Identification": "enrolled probes rank_1 rank_5 strangers open_set",
    "ImportedSchema": "event added known redacted overruled renamed",
    "IncompleteSchema": "event photo message",
    "LeftOutCount": "kind files needs",
    "LeftOutSchema": "event photo reason",
    "LibraryCountsSchema": "photos faces",
    "LoggedSchema": (
        "decision uid made_at by kind person other name date undoes faces photos active undone_by"
    ),
    "LookalikesSchema": "photo width height note faces",
    "MatchSchema": "face_id photo missing box similarity person confirmed moment",
    "ModelPreviewSchema": "event model previous coverage comparison",
    "ModelSchema": "model dimension status summary licence",
    "ModelSwitchSchema": "event model previous changed described coverage comparison in_time seconds unknown",
    "OpenSet": "fpir threshold tpir interval",
    "Operating": "far threshold tar interval",
    "OverruledSchema": "faces said person now decision",
    "PairCountsSchema": "same different rejected",
    "PersonFaceSchema": (
        "face_id photo missing box quality person confirmed edited similarity cluster detector moment "
        "photo_id drawn described"
    ),
    "PersonGain": "person new",
    "PersonLoss": "person before after",
    "PersonSchema": "person key hidden born confirmed recognised missing exemplars added",
    "PhotoCountsSchema": "seen indexed unchanged duplicate moved missing failed",
    "PhotoSchema": (
        "photo_id photo digest width height bytes taken_at taken_from missing duration failure copies faces "
        "without_box"
    ),
    "PlannedSchema": "event photo reason kind needs",
    "Pruned": "photos faces",
    "RecognitionChangeSchema": "now gained lost",
    "RegroupedSchema": (
        "event recognised newly_recognised no_longer_recognised joined founded merged moved clusters "
        "clustered unclustered"
    ),
    "ReindexSchema": (
        "event photos excluded returned left refused faces model seconds stages library exemplars "
        "left_out films_left described looked_at pruned people review in_time"
    ),
    "RenamedSchema": "before now merged",
    "RootSchema": "root photos missing same_as unreachable",
    "SalvageSchema": "event lost photos_to_read_again damaged",
    "SavedTableSchema": "saved lost_at_most",
    "ScanSchema": (
        "event photos excluded returned left refused faces model seconds stages library exemplars left_out "
        "films_left"
    ),
    "Seen": "start end best",
    "StatisticsSchema": (
        "library model detector folders photos photo_bytes duplicates without_face missing failed "
        "first_taken last_taken faces descriptors descriptor_bytes database_bytes indexed_faces left_out "
        "films film_seconds tracklets"
    ),
    "SuggestionSchema": "kind person other cluster faces similarity command otherwise",
    "TemplateSchema": "years faces similarity",
    "ThresholdsSchema": "accept review provenance",
    "TimeSpan": "start end",
    "UndoneSchema": "event decision undo undos about holds renamed",
    "UngroupedSchema": (
        "event similarity reliable least_quality compared undescribed uncompared poor strangers "
        "conflicting probable alone"
    ),
    "VerificationRatesSchema": "genuine impostor auc eer operating",
    "VerificationSchema": "same similarity probability threshold faces model moments",
}
"""The names that each model has in JSON, in their order. Add to these; never rename or remove one."""


OF_FILMS = {"moment", "moments", "people", "duration"}
"""The names that only lines about films have."""


def models() -> Iterator[type[Schema]]:
    """All models of the contract, private bases left out."""
    found = [Schema]
    for module in pkgutil.iter_modules(faceindex.schemas.__path__):
        importlib.import_module(f"faceindex.schemas.{module.name}")
    for model in found:
        found += model.__subclasses__()
    return (model for model in found[1:] if not model.__name__.startswith("_"))


def test_the_text_of_a_result_of_each_kind_is_as_it_ever_was() -> None:
    golden = Path(__file__).with_name("contract.txt").read_text("ascii").splitlines()
    assert [f"{type(line).__name__} {line.json_line()}" for line in LINES] == golden


def test_every_field_has_the_name_that_it_ever_had() -> None:
    schemas = {model.__name__: model.model_json_schema(mode="serialization") for model in models()}
    parts = {name: part for schema in schemas.values() for name, part in schema.get("$defs", {}).items()}
    objects = {name: " ".join(part["properties"]) for name, part in parts.items() if "properties" in part}
    assert objects | {name: " ".join(schema["properties"]) for name, schema in schemas.items()} == FIELDS


@pytest.mark.parametrize("line", LINES, ids=lambda line: type(line).__name__)
def test_the_json_schema_has_all_names_of_a_line_and_says_that_they_are_there(line: Schema) -> None:
    schema = type(line).model_json_schema(mode="serialization")
    written = json.loads(line.json_line())
    assert [name for name in schema["properties"] if name in {*written, *schema["required"]}] == list(written)
    assert set(schema["properties"]) - set(schema["required"]) <= OF_FILMS


def test_a_path_that_is_not_utf_8_comes_back_byte_for_byte() -> None:
    line = json.loads(FoundPhotoSchema.of(results.FOUND).json_line())
    assert os.fsencode(line["photo"]) == results.PATH


def test_a_result_without_a_field_of_the_contract_makes_no_model() -> None:
    with pytest.raises(ValidationError, match="taken_at"):
        FoundPhotoSchema.of(Planned(b"/photo", True, "new"), digest=results.DIGEST)


def test_a_model_is_frozen_and_takes_no_field_that_it_has_not() -> None:
    model = RootSchema.of(results.ROOT)
    with pytest.raises(ValidationError, match="frozen"):
        model.missing = 3
    with pytest.raises(ValidationError, match="Extra inputs"):
        EnrolledSchema.model_validate({"people": 1, "faces": 2, "persons": 1})

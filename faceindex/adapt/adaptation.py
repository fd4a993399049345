"""Adapts a library's model to its people: learns a map from them, and keeps it only if it helps others.

The map becomes a model of this library alone, to which the library switches as to any other, and can switch
back. Descriptors of all faces by the map are computed from the stored ones.
"""

from dataclasses import dataclass

import numpy as np

from faceindex.adapt.cross_validation import FOLDS, Trial, cross_validate
from faceindex.adapt.threshold_transfer import moved_curve, normal_curve
from faceindex.adapt.triplet_loss import LabelledDescriptors, identity_map, learn
from faceindex.errors import BadRequest, FaceindexError, explained
from faceindex.lock import turn
from faceindex.results import Listeners, ModelSwitch
from faceindex.scanning.model_switch import switch_model
from faceindex.session import Session
from faceindex.settings import Settings
from index.clock import utc_now
from index.recognition.adapted_models import Projections, StoredProjection
from index.recognition.decided_faces import load_confirmed
from index.recognition.stored_calibration import thresholds_for
from index.recognition.thresholds import Curve
from index.store.store import Store
from index.values import Descriptors
from pipeline.description.projection import project
from pipeline.models.registry import ModelSpec
from pipeline.values import F32, ModelId

FEWEST_PEOPLE = 2 * FOLDS
"""Two in each fold, as a person needs another to be compared with."""

FEWEST_FACES = 3

_MOST_PEOPLE = 500
_MOST_FACES = 20
"""The most people, and faces of each, that a map is learned from: more take time and hardly change it."""

_SAMPLE = 10_000
"""Descriptors that the principal directions for a lower dimension are computed from."""

_SEED = 20150612


@dataclass(frozen=True, slots=True, eq=False)
class Adaptation:
    """Result of ``adapt``, with the numbers of people and faces learned from.

    ``kept`` is the library's new model and ``change`` the switch to it, if the map was kept.
    """

    base: ModelId
    people: int
    faces: int
    dimension: int
    trial: Trial
    kept: ModelId | None
    change: ModelSwitch | None


@dataclass(frozen=True, slots=True, eq=False)
class _TrainingData:
    model: ModelSpec
    people: LabelledDescriptors
    start: F32
    curve: Curve | None


def adapt(
    settings: Settings,
    dimension: int | None = None,
    *,
    write: bool = True,
    listeners: Listeners | None = None,
) -> Adaptation:
    """Learn a map from a library's confirmed people, and switch the library to it if it helps.

    Args:
        settings: Where the library is.
        dimension: Length of the adapted descriptors; by default that of the model.
        write: Keep a map that helps; else only find out whether it would help.
        listeners: Told about the progress of the switch.

    Raises:
        BadRequest: The dimension is below 2 or higher than that of the model.
        FaceindexError: Too few people are confirmed.
    """
    with explained():
        with Session.open(settings) as session:
            data = _gather(session, dimension)
        trial = cross_validate(data.people, data.start)
        kept = change = None
        if trial.helps and write:
            (matrix,) = learn(data.people, data.start, [trial.steps])
            with Session.open_to_write(settings, make=False) as session, turn(settings.library):
                kept = _keep(session, data, matrix, trial)
            change = switch_model(settings, kept, listeners)
        return Adaptation(
            base=data.model.model_id,
            people=len(data.people.everyone),
            faces=len(data.people.persons),
            dimension=data.start.shape[1],
            trial=trial,
            kept=kept,
            change=change,
        )


def _gather(session: Session, dimension: int | None) -> _TrainingData:
    model, database = session.model(), session.database
    if dimension is None:
        dimension = model.dimension
    if not 2 <= dimension <= model.dimension:
        raise BadRequest(
            f"{model.model_id} has descriptors of {model.dimension} numbers, and --dimension asks for "
            f"{dimension}: ask for 2 to {model.dimension}."
        )
    people = _confirmed(database, model.model_id)
    ids = session.catalog.described_faces(model.model_id)
    spread = ids[:: max(len(ids) // _SAMPLE, 1)]
    sample = np.concatenate([chunk.vectors for chunk in session.catalog.descriptors(model.model_id, spread)])
    start = identity_map(sample, dimension)
    return _TrainingData(model, people, start, thresholds_for(database, model.model_id).curve)


def _confirmed(database: Store, model: ModelId) -> LabelledDescriptors:
    """Draw the faces to learn from."""
    confirmed = load_confirmed(database, model)
    generator = np.random.default_rng(_SEED)
    order = generator.permutation(len(confirmed))
    rows = {
        person: order[confirmed.person_ids[order] == person][:_MOST_FACES]
        for person in np.unique(confirmed.person_ids)
    }
    known = [each for each in rows.values() if len(each) >= FEWEST_FACES]
    if len(known) < FEWEST_PEOPLE:
        raise FaceindexError(
            f"Adaptation needs {FEWEST_PEOPLE} people with {FEWEST_FACES} confirmed faces or more, and there "
            f"are {len(known)}: name more with 'faceindex people name', or confirm what was recognised."
        )
    chosen = [known[each] for each in generator.permutation(len(known))[:_MOST_PEOPLE]]
    taken = np.sort(np.concatenate(chosen))
    return LabelledDescriptors(confirmed.vectors[taken], confirmed.person_ids[taken])


def _keep(session: Session, data: _TrainingData, matrix: F32, trial: Trial) -> ModelId:
    """Store a map as a model, with the descriptors of all faces that its base has described.

    Raises ``FaceindexError`` if the library has switched to another model meanwhile.
    """
    base, database = data.model.model_id, session.database
    if session.model().model_id != base:
        raise FaceindexError(f"The library has changed its model from {base} meanwhile: adapt it again.")
    projections = Projections(database)
    name = projections.next_name(base)
    curve = normal_curve(trial.change.after) if data.curve is None else moved_curve(data.curve, trial.change)
    report = (
        f"learned from {len(data.people.everyone)} people; equal error rate of people left out "
        f"{trial.before.eer:.4f}, then {trial.after.eer:.4f}"
    )
    projections.add(StoredProjection(name, base, utc_now(), matrix, curve, report))
    for chunk in session.catalog.descriptors(base, session.catalog.described_faces(base)):
        projections.describe(name, Descriptors(chunk.ids, project(chunk.vectors, matrix)))
    return name

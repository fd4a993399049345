"""Adapts a library's model to the people in it: learns a map from them, and keeps it only if it helps others.

What is kept is a model of this library alone. All its faces are described by it at once, from the
descriptors that are there; then the library changes to it as it changes to any model, and can go back.
"""

from dataclasses import dataclass

import numpy as np

from faceindex.adapt.cross_validation import FOLDS, Trial, cross_validate
from faceindex.adapt.threshold_transfer import moved_curve, normal_curve
from faceindex.adapt.triplet_loss import LabelledDescriptors, identity_map, learn
from faceindex.errors import BadRequest, FaceindexError, explained
from faceindex.listeners import Listeners
from faceindex.results import ModelSwitch
from faceindex.scanning.model_switch import switch_model
from faceindex.session import Session
from faceindex.settings import Settings
from index.clock import utc_now
from index.photos.catalog import Catalog
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
"""Two in each fold: people of whom there is one cannot be told from others."""

FEWEST_FACES = 3
"""Confirmed faces of a person to learn from."""

_MOST_PEOPLE = 500
_MOST_FACES = 20
"""Learned from at most so many people, and faces of each, drawn: more would take time and teach little."""

_SAMPLE = 10_000
"""Descriptors whose principal directions are taken for a lower dimension."""

_SEED = 20150612


@dataclass(frozen=True, slots=True)
class AdaptationOptions:
    """How to adapt.

    Attributes:
        dimension: Length of the adapted descriptors; ``None`` keeps that of the model.
        write: Keep a map that helps, and change the library to it; else only say whether it would help.
    """

    dimension: int | None = None
    write: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Adaptation:
    """What came of it.

    Attributes:
        base: The model whose descriptors were there.
        people: Learned from so many.
        faces: Of theirs.
        dimension: Length of the adapted descriptors.
        trial: What cross-validation found.
        kept: The library's new model; ``None`` where none was kept.
        change: How the library changed to it; ``None`` likewise.
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
    """What a library gives to learn from."""

    model: ModelSpec
    people: LabelledDescriptors
    start: F32
    curve: Curve | None


def adapt(
    settings: Settings,
    options: AdaptationOptions | None = None,
    listeners: Listeners | None = None,
) -> Adaptation:
    """Learn from a library's confirmed people, and change the library to what was learned if that helps.

    Args:
        settings: Where the library is.
        options: How to adapt.
        listeners: Who is told how the change goes.

    Raises:
        BadRequest: The dimension is higher than that of the model.
        NoLibrary: There is none.
        LibraryLocked: Another run is at work on it.
        FaceindexError: Too few people are confirmed; or see ``faceindex.errors``.
    """
    options = options or AdaptationOptions()
    with explained():
        with Session.open(settings) as session:
            data = _gather(session, options.dimension)
        trial = cross_validate(data.people, data.start)
        kept = change = None
        if trial.helps and options.write:
            (matrix,) = learn(data.people, data.start, [trial.steps])
            with Session.open_to_write(settings, make=False) as session:
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
    start = identity_map(_some_descriptors(session.catalog, model.model_id), dimension)
    return _TrainingData(model, people, start, thresholds_for(database, model.model_id).curve)


def _confirmed(database: Store, model: ModelId) -> LabelledDescriptors:
    """The faces to learn from.

    Raises:
        FaceindexError: They are too few.
    """
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


def _some_descriptors(catalog: Catalog, model: ModelId) -> F32:
    """Descriptors of faces that are spread evenly over the library, float32 [N, D]."""
    ids = catalog.described_faces(model)
    some = ids[:: max(len(ids) // _SAMPLE, 1)]
    return np.concatenate([chunk.vectors for chunk in catalog.descriptors(model, some)])


def _keep(session: Session, data: _TrainingData, matrix: F32, trial: Trial) -> ModelId:
    """Store what was learned as a model, and describe by it all faces that its base has described.

    Raises:
        FaceindexError: The library has another model than that whose descriptors were learned from.
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

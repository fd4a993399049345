"""Calibrates the thresholds of a library by the decisions in it.

The evidence is pairs of confirmed faces, and faces that a person was rejected for. Confirmed faces were often
proposed because they are alike, so pairs of one person may look more alike here than they are.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from faceindex.accuracy.close_persons import close_pairs
from faceindex.accuracy.fitting import FEWEST_PERSONS, Fitted, PredictionLoss, fit
from faceindex.accuracy.verification import Comparisons, compare_all
from faceindex.errors import FaceindexError
from faceindex.session import Session
from faceindex.stopping import undisturbed
from index.clock import utc_now
from index.clustering.regroup import regroup
from index.people.queries import PeopleQueries
from index.recognition.decided_faces import RejectedFaces, load_confirmed, load_rejected
from index.recognition.stored_calibration import (
    Calibration,
    ClosePersons,
    curve_that_came_with,
    drop_calibrations,
    store_calibration,
    thresholds_for,
    thresholds_with,
)
from index.recognition.templates import ConfirmedFaces
from index.recognition.thresholds import ClosePair, Thresholds
from index.values import I64
from pipeline.values import F32

SHIPPED = "shipped"

_MOST_FACES = 4000
"""The most confirmed faces that are compared, drawn at random; all pairs of more do not fit in memory."""

_SEED = 20260105


@dataclass(frozen=True, slots=True)
class CloseNames:
    """Two persons who are easily confused, and the margin between them."""

    person: str
    other: str
    margin: float


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration and its effects; ``persons`` have two confirmed faces or more.

    Attributes:
        method: The method that predicts left-out persons best; ``SHIPPED`` after a reset.
        gained: Faces that were not recognised before, or as another person.
        stored: Whether the library was changed.
        same: Pairs of faces of one person; ``different``: of two.
        rejected: Faces that a person was rejected for.
        close: Persons with a wider margin between them.
    """

    model: str
    method: str
    before: Thresholds
    after: Thresholds
    recognised: int
    gained: int
    lost: int
    stored: bool
    losses: tuple[PredictionLoss, ...] = ()
    persons: int = 0
    same: int = 0
    different: int = 0
    rejected: int = 0
    close: tuple[CloseNames, ...] = ()


def calibrate(session: Session, *, write: bool = True) -> Calibrated:
    """Calibrate a library by the decisions in it, and recognise faces anew; store nothing without ``write``.

    Raises:
        FaceindexError: Too few faces are confirmed.
    """
    model, database = session.model().model_id, session.database
    confirmed = load_confirmed(database, model)
    if len(confirmed) > _MOST_FACES:
        drawn = np.random.default_rng(_SEED).permutation(len(confirmed))[:_MOST_FACES]
        confirmed = confirmed.at(np.sort(drawn))
    close = close_pairs(confirmed)
    rejected = load_rejected(database, model)
    pairs = _known_pairs(confirmed, rejected, close)
    made_at = utc_now()
    fitted = _fit(session, pairs, made_at)
    everyone = PeopleQueries(database).everyone()
    named = [(everyone[pair.person_id], everyone[pair.other_id], pair.margin) for pair in close]
    found = Calibration(
        model=model,
        made_at=made_at,
        curve=fitted.curve,
        close=tuple(ClosePersons(one.key, other.key, margin) for one, other, margin in named),
        method=fitted.method,
        persons=len(np.unique(pairs.genuine_person)),
        same=len(pairs.genuine),
        different=len(pairs.impostor),
    )
    return replace(
        _apply(session, found, write=write),
        losses=fitted.losses,
        persons=found.persons,
        same=found.same,
        different=found.different,
        rejected=len(rejected.face_ids),
        close=tuple(CloseNames(one.name, other.name, margin) for one, other, margin in named),
    )


def reset(session: Session, *, write: bool = True) -> Calibrated:
    """Return to the thresholds that the model comes with; see ``calibrate``."""
    return _apply(session, None, write=write)


def _apply(session: Session, found: Calibration | None, *, write: bool) -> Calibrated:
    model, database = session.model().model_id, session.database
    before, after = thresholds_for(database, model), thresholds_with(database, model, found)
    with undisturbed():
        if write and found is not None:
            store_calibration(database, found)
        elif write:
            drop_calibrations(database, model)
        done = regroup(database, after, session.vectors(), everything=True, write=write)
    return Calibrated(
        model=model,
        method=SHIPPED if found is None else found.method,
        before=before,
        after=after,
        recognised=done.recognised,
        gained=done.newly_recognised,
        lost=done.no_longer_recognised,
        stored=write,
    )


def _fit(session: Session, pairs: Comparisons, made_at: datetime) -> Fitted:
    known, model = len(np.unique(pairs.genuine_person)), session.model().model_id
    if known < FEWEST_PERSONS or not len(pairs.impostor):
        raise FaceindexError(
            f"Calibration needs {FEWEST_PERSONS} persons with two confirmed faces or more, and there are "
            f"{known}: name more people with 'faceindex people name'."
        )
    origin = f"calibrated on {known:,} persons of this library on {made_at:%Y-%m-%d}"
    try:
        return fit(pairs, curve_that_came_with(session.database, model), origin)
    except ValueError as error:
        raise FaceindexError(
            f"{model} has no thresholds of its own, and too few faces are confirmed to find some: "
            "name more people with 'faceindex people name'."
        ) from error


def _known_pairs(
    confirmed: ConfirmedFaces, rejected: RejectedFaces, close: Sequence[ClosePair]
) -> Comparisons:
    """Pair all confirmed faces, and each rejected face with the confirmed ones of the rejected person.

    Pairs of easily confused persons are left out: their wider margin must not tighten all thresholds.
    """
    compared = compare_all(confirmed.vectors, confirmed.person_ids.tolist())
    persons = np.unique(confirmed.person_ids)
    is_close = np.zeros((len(persons), len(persons)), bool)
    for pair in close:
        one, two = np.searchsorted(persons, (pair.person_id, pair.other_id))
        is_close[one, two] = is_close[two, one] = True
    kept = ~is_close[compared.impostor_persons[:, 0], compared.impostor_persons[:, 1]]
    refused, strangers = _refused(confirmed, rejected, persons)
    impostor = np.concatenate([compared.impostor[kept], refused])
    impostor_persons = np.concatenate([compared.impostor_persons[kept], strangers])
    falling = np.argsort(-impostor, kind="stable")
    return replace(compared, impostor=impostor[falling], impostor_persons=impostor_persons[falling])


def _refused(
    confirmed: ConfirmedFaces, rejected: RejectedFaces, persons: I64
) -> tuple[F32, NDArray[np.intp]]:
    """Similarities of rejected faces, each a stranger with a number, to the person that they are not."""
    if not len(rejected.face_ids) or not len(confirmed):
        return np.empty(0, np.float32), np.empty((0, 2), np.intp)
    _, stranger = np.unique(rejected.face_ids, return_inverse=True)
    row, column = np.nonzero(rejected.person_ids[:, None] == confirmed.person_ids)
    similarity = np.einsum("nd,nd->n", rejected.vectors[row], confirmed.vectors[column])
    person = np.searchsorted(persons, confirmed.person_ids[column])
    return similarity, np.stack([person, len(persons) + stranger[row]], axis=1)

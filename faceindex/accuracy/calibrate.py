"""Finds what similarity means among the people of one library, and makes its thresholds follow from that.

What people decided is the measure: pairs of confirmed faces of one person and of two, and faces that a
person was rejected for. Confirmed faces were often proposed because they are alike, so pairs of one person
may look more alike here than they are. This module decides nothing: a dry run shows what would change.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from faceindex.accuracy.close_persons import close_pairs
from faceindex.accuracy.fitting import FEWEST_PERSONS, KnownPairs, PredictionLoss, fit
from faceindex.accuracy.verification import Comparisons, compare_all
from faceindex.errors import FaceindexError
from faceindex.session import Session
from faceindex.stopping import undisturbed
from index.clock import utc_now
from index.clustering.regroup import regroup
from index.people.queries import PeopleQueries, Person
from index.recognition.decided_faces import RejectedFaces, load_confirmed, load_rejected
from index.recognition.gallery import ConfirmedFaces
from index.recognition.stored_calibration import (
    Calibration,
    ClosePersons,
    curve_that_came_with,
    drop_calibrations,
    store_calibration,
    thresholds_for,
    thresholds_with,
)
from index.recognition.thresholds import ClosePair, Thresholds
from index.values import I64
from pipeline.values import F32

SHIPPED = "shipped"

_MOST_FACES = 4000
"""Confirmed faces that are compared at most, drawn evenly; all pairs of more do not fit in memory."""

_SEED = 20260105


@dataclass(frozen=True, slots=True)
class CloseNames:
    """Two persons who are easily taken for one another, and the margin between them."""

    person: str
    other: str
    margin: float


@dataclass(frozen=True, slots=True)
class Calibrated:
    """What was found, and what it changes.

    Attributes:
        model: Whose similarities.
        method: The way of fitting that holds up best on persons it has not seen.
        losses: Of every way that was tried.
        persons: With two confirmed faces or more.
        same: Pairs of faces of one person.
        different: Pairs of faces of two.
        rejected: Faces that a person was rejected for.
        close: Persons between whom the margin is wider.
        before: The thresholds that held.
        after: Those that hold now, or would.
        recognised: Faces recognised with the new ones.
        gained: Of them, those that were not, or as another person.
        lost: Faces that were recognised, and are not with the new ones.
        stored: Whether it was made so.
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
    """Calibrate a library by the decisions in it.

    Args:
        session: Open; for writing, unless ``write`` is false.
        write: Make it so, and recognise faces anew; else only say what would change.

    Raises:
        FaceindexError: Too few faces are confirmed; or see ``faceindex.errors``.
    """
    model, database = session.model(), session.database
    confirmed = _at_most(load_confirmed(database, model.model_id))
    close = close_pairs(confirmed)
    rejected = load_rejected(database, model.model_id)
    pairs = _known_pairs(confirmed, rejected, close)
    persons = PeopleQueries(database).everyone()
    found, losses = _fitted(session, pairs, close, persons, utc_now())
    return replace(
        _apply(session, found, write=write),
        losses=losses,
        persons=found.persons,
        same=found.same,
        different=found.different,
        rejected=len(rejected.face_ids),
        close=tuple(_names(pair, persons) for pair in close),
    )


def reset(session: Session, *, write: bool = True) -> Calibrated:
    """Go back to what the model comes with; the arguments are those of ``calibrate``."""
    return _apply(session, None, write=write)


def _apply(session: Session, found: Calibration | None, *, write: bool) -> Calibrated:
    """Recognise faces by a calibration, or by what the model comes with; or find out what that would do."""
    model, database = session.model().model_id, session.database
    before, after = thresholds_for(database, model), thresholds_with(database, model, found)
    with undisturbed():
        if write and found is not None:
            store_calibration(database, found)
        elif write:
            drop_calibrations(database, model)
        done = regroup(database, after, write=write)
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


def _fitted(
    session: Session,
    pairs: KnownPairs,
    close: Sequence[ClosePair],
    persons: Mapping[int, Person],
    made_at: datetime,
) -> tuple[Calibration, tuple[PredictionLoss, ...]]:
    """The calibration that the pairs ask for, and how well each way of fitting held up.

    Raises:
        FaceindexError: The pairs are too few.
    """
    known = len(pairs.persons)
    if known < FEWEST_PERSONS or not len(pairs.different):
        raise FaceindexError(
            f"Calibration needs {FEWEST_PERSONS} persons with two confirmed faces or more, and there are "
            f"{known}: name more people with 'faceindex people name'."
        )
    model, day = session.model(), f"{made_at:%Y-%m-%d}"
    came_with = curve_that_came_with(session.database, model.model_id)
    origin = f"calibrated on {known:,} persons of this library on {day}"
    try:
        fitted = fit(pairs, came_with, origin)
    except ValueError as error:
        raise FaceindexError(
            f"{model.model_id} has no thresholds of its own, and too few faces are confirmed to find "
            f"some: name more people with 'faceindex people name'."
        ) from error
    found = Calibration(
        model=model.model_id,
        made_at=made_at,
        curve=fitted.curve,
        close=tuple(_by_key(pair, persons) for pair in close),
        method=fitted.method,
        persons=known,
        same=len(pairs.same),
        different=len(pairs.different),
    )
    return found, fitted.losses


def _known_pairs(
    confirmed: ConfirmedFaces, rejected: RejectedFaces, close: Sequence[ClosePair]
) -> KnownPairs:
    """All pairs of confirmed faces, and of each rejected face with those of the person that it is not.

    Pairs of persons who are easily confused are left out: they have a margin of their own, and a family must
    not make everybody's threshold strict.
    """
    compared = compare_all(confirmed.vectors, confirmed.person_ids.tolist())
    persons = np.unique(confirmed.person_ids)
    different, of_whom = _without_close(compared, persons, close)
    refused, of_strangers = _refused(confirmed, rejected, persons)
    return KnownPairs(
        compared.genuine,
        compared.genuine_person,
        np.concatenate([different, refused]),
        np.concatenate([of_whom, of_strangers]),
    )


def _without_close(
    compared: Comparisons, persons: I64, close: Sequence[ClosePair]
) -> tuple[F32, NDArray[np.intp]]:
    """Similarities of two people, and who they are, without those who are easily confused."""
    is_close = np.zeros((len(persons), len(persons)), bool)
    for pair in close:
        one, two = np.searchsorted(persons, (pair.person_id, pair.other_id))
        is_close[one, two] = is_close[two, one] = True
    kept = ~is_close[compared.impostor_persons[:, 0], compared.impostor_persons[:, 1]]
    return compared.impostor[kept], compared.impostor_persons[kept]


def _refused(
    confirmed: ConfirmedFaces, rejected: RejectedFaces, persons: I64
) -> tuple[F32, NDArray[np.intp]]:
    """Rejected faces with the confirmed ones of that person; each rejected face is a stranger of its own."""
    if not len(rejected.face_ids) or not len(confirmed):
        return np.empty(0, np.float32), np.empty((0, 2), np.intp)
    _, stranger = np.unique(rejected.face_ids, return_inverse=True)
    row, column = np.nonzero(rejected.person_ids[:, None] == confirmed.person_ids)
    similarity = np.einsum("nd,nd->n", rejected.vectors[row], confirmed.vectors[column])
    whose = np.searchsorted(persons, confirmed.person_ids[column])
    return similarity, np.stack([whose, len(persons) + stranger[row]], axis=1)


def _at_most(confirmed: ConfirmedFaces) -> ConfirmedFaces:
    if len(confirmed) <= _MOST_FACES:
        return confirmed
    drawn = np.random.default_rng(_SEED).permutation(len(confirmed))[:_MOST_FACES]
    return confirmed.at(np.sort(drawn))


def _by_key(pair: ClosePair, persons: Mapping[int, Person]) -> ClosePersons:
    return ClosePersons(persons[pair.person_id].key, persons[pair.other_id].key, pair.margin)


def _names(pair: ClosePair, persons: Mapping[int, Person]) -> CloseNames:
    return CloseNames(persons[pair.person_id].name, persons[pair.other_id].name, pair.margin)

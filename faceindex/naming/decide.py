"""Records decisions about faces and persons, and regroups the faces they affect; see ``faceindex.people``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from faceindex.errors import BadRequest
from faceindex.naming.chosen_faces import (
    FaceName,
    cluster_faces,
    face_ids,
    faces_of_person,
    library_faces,
)
from faceindex.results import LibraryFace
from faceindex.session import Session
from index.clustering.regroup import Regrouped
from index.clustering.regroup import regroup as bring_up_to_date
from index.decisions.log import LoggedDecision
from index.decisions.model import (
    Act,
    Apart,
    Assign,
    Born,
    Decision,
    Draw,
    FaceKey,
    Hide,
    Ignore,
    InPhoto,
    Merge,
    NotAFace,
    NotInPhoto,
    Portrait,
    Reject,
    Rename,
    Split,
    Unhide,
    new_key,
    photos_of,
)
from index.decisions.model import faces_of as faces_in_act
from index.decisions.names import clean_name, folded
from index.people.contradictions import decision_apart
from index.people.overruled import (
    NO_EFFECTS,
    Effects,
    Said,
    SaidOfFaces,
    overruled,
    renamed,
    said_of_faces,
)
from index.people.persons import Person, PersonName
from index.privacy.forget import Erased, faces_to_forget
from index.privacy.forget import forget as erase
from index.recognition.decided_faces import unreliable_faces
from index.values import FaceRecord


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, and the numbers of faces and photos that it names.

    Attributes:
        regrouped: ``None`` if the decision affects no face's identity.
        poor: The faces that it confirms, and that are too poor to recognise the person by.
        effects: What it changed of what earlier decisions say, beyond what it says itself.
        more: Other decisions that were made together with it.
    """

    logged: LoggedDecision
    faces: int
    regrouped: Regrouped | None
    poor: tuple[FaceRecord, ...] = ()
    effects: Effects = NO_EFFECTS
    more: tuple[LoggedDecision, ...] = ()
    photos: int = 0

    @property
    def decision(self) -> Decision:
        """The decision itself."""
        return self.logged.decision

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of all decisions that were made together, to take them back together."""
        return tuple(each.decision.id for each in (self.logged, *self.more))


@dataclass(frozen=True, slots=True)
class ForgetPlan:
    """The faces that ``forget`` would erase, and those that it would let go, without a name; by id.

    ``without_photo`` more would be erased, whose photos are gone.
    """

    person: Person
    erased: tuple[LibraryFace, ...]
    let_go: tuple[LibraryFace, ...]
    without_photo: int

    @property
    def faces(self) -> int:
        """The number of faces that would be erased."""
        return len(self.erased) + self.without_photo


def regroup(session: Session) -> Regrouped:
    """Update recognised faces and clusters to the decisions."""
    return bring_up_to_date(session.database, session.thresholds(), session.vectors(), decided_only=True)


def name_cluster(session: Session, number: int, name: PersonName) -> Decided:
    """Assign the faces of a cluster to a person."""
    return _assign(session, cluster_faces(session, number), name)


def confirm(
    session: Session, name: PersonName, faces: Sequence[FaceName] = (), *, every: bool = False
) -> Decided:
    """Confirm faces, or all that are recognised, as a known person."""
    person = session.people.named(name)
    if every == bool(faces):
        raise BadRequest("Name the faces to confirm, or use --all for all that are recognised.")
    chosen = face_ids(session, faces)
    if every:
        chosen = tuple(each.face_id for each in session.people.faces_of(person.id).recognised)
        if not chosen:
            raise BadRequest(f"No face is recognised as {person.name} that is not confirmed already.")
    return decide(session, Assign(_keys(session, chosen), person.key, None), chosen)


def move(
    session: Session, name: PersonName, faces: Sequence[FaceName] = (), clusters: Sequence[int] = ()
) -> Decided:
    """Assign faces, and all faces of some clusters, to a person."""
    return _assign(session, _chosen(session, faces, clusters), name)


def reject(
    session: Session, name: PersonName, faces: Sequence[FaceName] = (), clusters: Sequence[int] = ()
) -> Decided:
    """Record that faces, and all faces of some clusters, are not a person."""
    chosen = _chosen(session, faces, clusters)
    return decide(session, Reject(_keys(session, chosen), session.people.named(name).key), chosen)


def split(session: Session, name: PersonName, faces: Sequence[FaceName], new_name: str) -> Decided:
    """Assign some faces of a person to a new one."""
    person = session.people.named(name)
    chosen = face_ids(session, faces)
    others = set(chosen) - set(faces_of_person(session, person))
    if others:
        raise BadRequest(f"Face {min(others)} is not one of {person.name}'s: see 'faceindex people show'.")
    _refuse_known(session, new_name)
    return decide(session, Split(_keys(session, chosen), new_key(), person.key, new_name), chosen)


def ignore(session: Session, faces: Sequence[FaceName] = (), clusters: Sequence[int] = ()) -> Decided:
    """Record that faces, and all faces of some clusters, are strangers."""
    chosen = _chosen(session, faces, clusters)
    return decide(session, Ignore(_keys(session, chosen)), chosen)


def not_a_face(session: Session, faces: Sequence[FaceName]) -> Decided:
    """Record that detections are no faces."""
    chosen = face_ids(session, faces)
    return decide(session, NotAFace(_keys(session, chosen)), chosen)


def merge(session: Session, name: PersonName, *others: PersonName) -> Decided:
    """Make persons one, who keeps the first name."""
    first, *rest = merged = [session.people.named(each) for each in (name, *others)]
    if not rest or len({each.key for each in merged}) < len(merged):
        raise BadRequest(f"{' and '.join(map(_called, (name, *others)))} are the same person already.")
    for one, other in combinations(merged, 2):
        if number := decision_apart(session.database, one.id, other.id):
            raise BadRequest(
                f"{one.name} and {other.name} are two people, by decision {number}: "
                f"'faceindex people undo {number}' takes that back."
            )
    confirmed = [face for each in merged for face in session.people.faces_of(each.id).confirmed]
    return decide(session, [Merge(first.key, each.key) for each in rest], confirmed)


def apart(session: Session, name: PersonName, other: PersonName) -> Decided:
    """Record that two persons are two, however much they look alike."""
    first, second = session.people.named(name), session.people.named(other)
    if first == second:
        raise BadRequest(
            f"{_called(name)} and {_called(other)} are the same person: "
            "'faceindex people split' or 'undo' makes them two."
        )
    return decide(session, Apart(first.key, second.key))


def rename(session: Session, name: PersonName, new_name: str) -> Decided:
    """Give a person another name."""
    person = session.people.named(name)
    if folded(new_name) != folded(person.name):
        _refuse_known(session, new_name)
    return decide(session, Rename(person.key, new_name))


def hide(session: Session, *names: PersonName, hidden: bool = True) -> Decided:
    """Hide persons, or show them again."""
    if not names:
        raise BadRequest("Name at least one person.")
    kind = Hide if hidden else Unhide
    keys = dict.fromkeys(session.people.named(each).key for each in names)
    return decide(session, [kind(key) for key in keys])


def forget(session: Session, name: PersonName, *, also_recognised: bool = False) -> Erased:
    """Erase a person for good; see ``index.privacy.forget``."""
    key, source = session.people.named(name).key, session.journal.source
    erased = erase(session.database, key, also_recognised=also_recognised, source=source)
    regroup(session)
    return erased


def plan_forget(session: Session, name: PersonName, *, also_recognised: bool = False) -> ForgetPlan:
    """List the faces that ``forget`` would erase, and those that it would let go; write nothing."""
    person = session.people.named(name)
    found = faces_to_forget(session.database, person.key, also_recognised=also_recognised)
    erased, let_go = (library_faces(session, each) for each in (found.erased, found.let_go))
    return ForgetPlan(person, erased, let_go, without_photo=len(found.erased) - len(erased))


def clean(name: str) -> str:
    """Normalise a name; ``BadRequest`` if the text cannot be one."""
    try:
        return clean_name(name)
    except ValueError as error:
        raise BadRequest(f"{name!r} cannot be a name: {error}.") from error


def read_said(
    session: Session, chosen: Sequence[int] = (), persons: SaidOfFaces | None = None
) -> SaidOfFaces:
    """Read what decisions say of persons and of some faces; see ``said_of_faces``."""
    with session.database.read() as connection:
        return said_of_faces(connection, chosen, persons, session.people.known)


def decide(session: Session, acts: Act | Sequence[Act], chosen: Sequence[int] = ()) -> Decided:
    """Append one decision, or several of one kind, about faces, ``chosen`` by id, or about persons."""
    several = [acts] if isinstance(acts, Act) else list(acts)
    first = several[0]
    before = read_said(session, chosen)
    numbers = [each.id for each in session.journal.append_all(several)]
    after = read_said(session, chosen, before if _is_of_known_persons(first, before) else None)
    effects = _effects(first, before, after)
    regrouped = None if isinstance(first, _RECOGNISES_NOBODY) else regroup(session)
    persons = {**after.persons, **before.persons}
    logged, *more = (_as_listed(session.journal.logged(number), persons) for number in numbers)
    faces = sum(len(faces_in_act(each)) for each in several)
    photos = sum(len(photos_of(each)) for each in several)
    poor = poor_faces(session, numbers)
    return Decided(logged, faces, regrouped, poor, effects, tuple(more), photos)


_RECOGNISES_NOBODY = Rename | Hide | Unhide | Apart | Born | Portrait | InPhoto | NotInPhoto
"""The kinds of decision that change nobody's recognised faces, and no cluster."""


def _is_of_known_persons(act: Act, before: SaidOfFaces) -> bool:
    """Tell whether the persons, and their names, stay as they are."""
    if isinstance(act, Assign | Draw | InPhoto):
        return act.person in before.persons
    return isinstance(act, Reject | NotAFace | Ignore | Portrait | NotInPhoto)


def _as_listed(logged: LoggedDecision, persons: Mapping[str, Person]) -> LoggedDecision:
    """Call the persons of a decision what they are listed as: one of two Annas is ``Anna (2)``."""
    act = logged.decision.act
    person, other = (persons.get(getattr(act, each, "")) for each in ("person", "other"))
    return replace(
        logged,
        person_name=logged.person_name if person is None else person.name,
        other_name=logged.other_name if other is None else other.name,
    )


def poor_faces(session: Session, decision_ids: Sequence[int]) -> tuple[FaceRecord, ...]:
    """Return the faces that decisions confirm, and that are too poor to recognise anybody by."""
    return tuple(session.catalog.faces(unreliable_faces(session.database, decision_ids)).values())


def _effects(act: Act, before: SaidOfFaces, after: SaidOfFaces) -> Effects:
    """Return the effects of an act, without those that it states itself."""
    names = renamed(before, after)
    if isinstance(act, Rename):
        names = tuple(each for each in names if each.before != before.persons[act.person].name)
    faces = overruled(before, after)
    if isinstance(act, Split):
        faces = tuple(each for each in faces if each.said != Said.CONFIRMED)
    return Effects(faces, names)


def _assign(session: Session, chosen: Sequence[int], name: PersonName) -> Decided:
    return decide(session, assign(session, _keys(session, chosen), name), chosen)


def assign(session: Session, faces: tuple[FaceKey, ...], name: PersonName) -> Assign:
    """Assign faces to a person, or to a new one if nobody has this name."""
    return Assign(faces, *new_or_known(session, name))


def new_or_known(session: Session, name: PersonName) -> tuple[str, str | None]:
    """Return the key of a person, and no name; or of a new one, and its name, if nobody has it."""
    if isinstance(name, Person):
        return session.people.named(name).key, None
    person = _person_called(session, name)
    return (new_key(), clean(name)) if person is None else (person.key, None)


def _called(name: PersonName) -> str:
    return name.name if isinstance(name, Person) else name


def _person_called(session: Session, name: str) -> Person | None:
    """Return the person of this name, in any capitalisation; ``None`` if nobody has it."""
    everyone = session.people.everyone().values()
    return next((each for each in everyone if folded(each.name) == folded(name)), None)


def _refuse_known(session: Session, name: str) -> None:
    if person := _person_called(session, clean(name)):
        raise BadRequest(f"There is a {person.name} already: 'faceindex people merge' makes two persons one.")


def _chosen(session: Session, faces: Sequence[FaceName], clusters: Sequence[int]) -> tuple[int, ...]:
    """Return the ids of faces, and of the faces of some clusters, each once."""
    chosen = [
        *face_ids(session, faces),
        *(face for each in clusters for face in cluster_faces(session, each)),
    ]
    if not chosen:
        raise BadRequest("Name the faces, or a cluster with --cluster.")
    return tuple(dict.fromkeys(chosen))


def _keys(session: Session, chosen: Sequence[int]) -> tuple[FaceKey, ...]:
    if not chosen:
        raise BadRequest("Name at least one face.")
    return session.journal.face_keys(chosen)

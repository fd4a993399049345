"""Replays the journal, whatever its decisions refer to, and returns the resulting state: a pure function.

Active decisions are applied in the order of their numbers; the last one about a face counts:

    assign      the face is the person; earlier verdicts, and rejections for this person, no longer count
    draw        as assign, and the face is there, whatever detectors find
    reject      the face is not the person; if it was assigned to the person, it has no person again
    not a face, ignore
                the face has no person; rejections stay
    merge       decisions about ``other``, also later ones, are about ``person``. A face that was assigned to
                one of the two and rejected for the other stays assigned. ``person`` keeps its name, portrait
                and date of birth, and whether it is hidden. What it lacks of these it gets from ``other``
    apart       the two are two persons, also after merges with others; a later merge of the two counts more
    split       the faces are the new person, and rejected for the old one
    rename, hide, unhide, born
                apply to the person that the key means now
    portrait    the last face that was chosen, unless decisions say that it is not the person
    in-photo, not in photo
                the person is in the photo, or was not, in all contents that are versions of it
    undo        the other decision does not hold; an undo that is undone has no effect
    forget      all other decisions about the person are void, earlier and later ones

Assignments, drawn faces, splits and photos make a person known; before that, other decisions about the person
have no effect. Two boxes in one content that overlap enough are one face, named by the first. Decisions about
a face apply to the same face in other contents too (``index.decisions.same_faces``), and rejections also to
one that may be the same.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from index.decisions.model import (
    Apart,
    Assign,
    Born,
    Decision,
    Draw,
    FaceKey,
    Forget,
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
    faces_of,
    without,
)
from index.decisions.names import folded
from index.decisions.numbered_faces import NumberedFaces
from index.decisions.same_faces import PhotoVersions, SameFaces
from index.decisions.undos import last_changes, undone_by


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """A person that the decisions make known.

    Two persons may have the same name; the lower ``named`` had it first: the number of the decision, perhaps
    an undo, since which the person has its name. It makes no two persons different.
    """

    key: str
    name: str
    hidden: bool
    named: int = field(default=0, compare=False)
    born: str | None = None


@dataclass(frozen=True, slots=True)
class FaceVerdict:
    """The last decision about a face.

    ``status`` is ``confirmed``, ``ignored`` or ``not-a-face``; only a confirmed face has a ``person``, a key.
    ``edited``: the decision names the face in another content of its file.
    """

    status: str
    person: str | None
    decision_id: int
    edited: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """The state that follows from the decisions. Persons are named by key, decisions by uid.

    Attributes:
        persons: In the order in which they became known.
        rejections: By face, the persons, known or not, that it is not, each with the number of the decision;
            never the person that the face is confirmed to be.
        apart: Pairs of persons, known or not, that are two, the lower key first, each with the number of the
            last decision that says so.
        merged: Merged persons, each with the key that it means now.
        drawn: The faces that somebody drew, in every content that shows them.
        portraits: By face, the persons for whom it is shown, known or not, each with the number of the
            decision.
        in_photo: By digest of a content, the persons who are in the photo, known or not, each with the number
            of the decision that says so.
        undone: Decisions that do not hold, each with its undo.
        same: What was taken for one.
        numbers: By face, the number of the face that it is in all contents.
    """

    persons: Mapping[str, KnownPerson]
    verdicts: Mapping[FaceKey, FaceVerdict]
    rejections: Mapping[FaceKey, Mapping[str, int]]
    apart: Mapping[tuple[str, str], int]
    drawn: frozenset[FaceKey]
    portraits: Mapping[FaceKey, Mapping[str, int]]
    in_photo: Mapping[bytes, Mapping[str, int]]
    merged: Mapping[str, str]
    undone: Mapping[str, str]
    forgotten: frozenset[str]
    same: SameFaces
    numbers: Mapping[FaceKey, int]

    def person(self, key: str) -> KnownPerson | None:
        """Return the person that a key means now; ``None`` if unknown."""
        return self.persons.get(self.merged.get(key, key))

    def faces_of(self, key: str) -> tuple[FaceKey, ...]:
        """Return the confirmed faces of a person, in every content that shows them."""
        return tuple(face for face, verdict in self.verdicts.items() if verdict.person == key)


def replay(decisions: Sequence[Decision], same: SameFaces) -> State:
    """Replay decisions by rising id, with what is one among the contents that they name."""
    return Replay(decisions, same).state()


@dataclass(slots=True)
class _PersonRecord:
    known: bool = False
    name: str | None = None
    named: int = 0
    hidden: bool = False
    confirmed: dict[int, None] = field(default_factory=dict)  # an ordered set
    rejected: dict[int, int] = field(default_factory=dict)
    apart: dict[str, int] = field(default_factory=dict)
    photos: dict[bytes, int] = field(default_factory=dict)
    portrait: tuple[int, int | None] | None = None  # number of the decision; a face, unless it was left out
    born: str | None = None


class Replay:
    """A replay in progress, without the persons whose keys are ``forgotten``."""

    def __init__(self, decisions: Sequence[Decision], same: SameFaces) -> None:
        self._same = same
        self._faces = NumberedFaces(same)
        self._photos = PhotoVersions(same)
        self._named: dict[int, frozenset[int]] = {}  # places, by the number of the decision
        self._drawn: set[int] = set()
        self._digests: set[bytes] = set()  # of photos that decisions name
        self._persons: dict[str, _PersonRecord] = {}
        self._merged: dict[str, str] = {}
        self._verdicts: dict[int, FaceVerdict] = {}
        self._undone = undone_by(decisions)
        self._changes = last_changes(decisions)
        self.forgotten = frozenset(each.act.person for each in decisions if isinstance(each.act, Forget))
        for decision in decisions:
            if decision.uid in self._undone:
                self._note_restored_name(decision)
            else:
                self.apply(decision)

    def apply(self, decision: Decision) -> None:
        """Apply one more active decision, which is neither an undo nor a forgetting."""
        act, number = without(decision.act, self.forgotten), decision.id
        since = self._changes.get(decision.uid, number)
        self._named[number] = frozenset(map(self._faces.place, faces_of(act)))
        match act:
            case Assign() | Split():
                self._assign(act, act.person, number, since)
            case Draw():
                self._draw(act, number, since)
            case InPhoto() | NotInPhoto():
                self._set_photos(act, number, since)
            case Reject():
                self._reject(self._faces.numbers(act.faces), self._current_key(act.person), number)
            case NotAFace() | Ignore():
                status = "ignored" if isinstance(act, Ignore) else "not-a-face"
                self._set_verdict(act.faces, FaceVerdict(status, None, number))
            case Merge():
                self._merge(self._current_key(act.person), self._current_key(act.other))
            case Apart():
                self._set_apart(self._current_key(act.person), self._current_key(act.other), number)
            case Rename() | Hide() | Unhide() | Born() | Portrait():
                self._describe(self._record(self._current_key(act.person)), act, number, since)

    def person(self, key: str) -> KnownPerson | None:
        """Return the person that a key means so far; ``None`` if unknown."""
        key = self._current_key(key)
        record = self._persons.get(key)
        if record is None or not record.known:
            return None
        return KnownPerson(key, record.name or "", record.hidden, record.named, record.born)

    def is_new(self, key: str) -> bool:
        """Return whether no decision names this key."""
        return key not in self._persons and key not in self._merged and key not in self.forgotten

    def state(self) -> State:
        """Return the state after all decisions. Nothing may be applied any more."""
        keys, members = self._faces.keys, self._faces.members
        rejections: dict[FaceKey, dict[str, int]] = {}
        for key, record in self._persons.items():
            for face, number in record.rejected.items():
                for place in members(face):
                    rejections.setdefault(keys[place], {})[key] = number
        for link in self._same.links:  # what may be the same face is at least not taken for somebody else
            earlier, later = (keys[self._faces.place(each)] for each in (link.earlier, link.later))
            (face,) = self._faces.numbers([link.later])
            for key, number in rejections.get(earlier, {}).items():
                if face not in self._persons[key].confirmed:
                    rejections.setdefault(later, {}).setdefault(key, number)
        verdicts = {
            keys[place]: replace(verdict, edited=self._is_edited(place, verdict))
            for face, verdict in self._verdicts.items()
            for place in members(face)
        }
        return State(
            persons={key: known for key in self._persons if (known := self.person(key))},
            verdicts=verdicts,
            rejections=rejections,
            apart={
                (key, other): number
                for key, record in self._persons.items()
                for other, number in record.apart.items()
                if key < other
            },
            drawn=frozenset(keys[place] for face in self._drawn for place in members(face)),
            portraits=self._portraits(),
            in_photo=self._in_photo(),
            merged={key: self._current_key(key) for key in self._merged},
            undone=self._undone,
            forgotten=self.forgotten,
            same=self._same,
            numbers={key: self._faces.number(place) for place, key in enumerate(keys)},
        )

    def _portraits(self) -> dict[FaceKey, dict[str, int]]:
        found: dict[FaceKey, dict[str, int]] = {}
        for key, record in self._persons.items():
            number, face = record.portrait or (0, None)
            if face is None or face in record.rejected:
                continue
            verdict = self._verdicts.get(face)
            if verdict is None or verdict.person == key:
                for place in self._faces.members(face):
                    found.setdefault(self._faces.keys[place], {})[key] = number
        return found

    def _in_photo(self) -> dict[bytes, dict[str, int]]:
        persons: dict[bytes, dict[str, int]] = {}
        for key, record in self._persons.items():
            for photo, number in record.photos.items():
                persons.setdefault(photo, {})[key] = number
        if not persons:
            return {}
        return {
            digest: there
            for digest in self._digests | self._same.digests
            if (there := persons.get(self._photos[digest]))
        }

    def _is_edited(self, place: int, verdict: FaceVerdict) -> bool:
        """Tell whether a verdict names the face in other contents only, and not by another box in its own."""
        named, pictures, keys = self._named[verdict.decision_id], self._same.pictures, self._faces.keys
        versions = named.intersection(self._faces.members(self._faces.number(place)))
        return all(pictures[keys[each].digest] != pictures[keys[place].digest] for each in versions)

    def _record(self, key: str) -> _PersonRecord:
        return self._persons.setdefault(key, _PersonRecord())

    def _current_key(self, key: str) -> str:
        last = key
        while last in self._merged:
            last = self._merged[last]
        if last != key:
            self._merged[key] = last  # shortens long chains of merges
        return last

    def _describe(
        self, record: _PersonRecord, act: Rename | Hide | Unhide | Born | Portrait, number: int, since: int
    ) -> None:
        match act:
            case Rename():
                self._rename(record, act.name, since)
            case Hide() | Unhide():
                record.hidden = isinstance(act, Hide)
            case Born():
                record.born = act.date
            case Portrait():
                face = self._faces.numbers(act.faces)
                record.portrait = number, face[0] if face else None

    def _rename(self, record: _PersonRecord, name: str, since: int) -> None:
        if record.name is None or folded(record.name) != folded(name):
            record.named = since
        record.name = name

    def _note_restored_name(self, undone: Decision) -> None:
        """Note that a person has had its present name only since this decision was undone."""
        act = without(undone.act, self.forgotten)
        key = act.person if isinstance(act, Rename) else act.other if isinstance(act, Merge) else ""
        record = self._persons.get(self._current_key(key))
        if record is None or (isinstance(act, Rename) and folded(act.name) == folded(record.name or "")):
            return
        record.named = max(record.named, self._changes[undone.uid])

    def _know(self, key: str, name: str | None, since: int) -> tuple[str, _PersonRecord]:
        """Make a person known, by this name if it has none; return the key that it has now."""
        person = self._current_key(key)
        record = self._record(person)
        if not record.known:
            record.named = max(record.named, since)
        record.known = True
        record.name = record.name or name
        return person, record

    def _set_photos(self, act: InPhoto | NotInPhoto, number: int, since: int) -> None:
        self._digests.update(act.photos)
        photos = map(self._photos.__getitem__, act.photos)
        if isinstance(act, InPhoto):
            self._know(act.person, act.name, since)[1].photos.update(dict.fromkeys(photos, number))
            return
        record = self._record(self._current_key(act.person))
        for photo in photos:
            record.photos.pop(photo, None)

    def _assign(self, act: Assign | Draw | Split, key: str, number: int, since: int) -> None:
        person, record = self._know(key, act.name, since)
        faces = self._faces.numbers(act.faces)
        for face in faces:
            self._clear_verdict(face)
            self._verdicts[face] = FaceVerdict("confirmed", person, number)
            record.confirmed[face] = None
            record.rejected.pop(face, None)
        if isinstance(act, Split) and self._current_key(act.other) != person:
            self._reject(faces, self._current_key(act.other), number)

    def _draw(self, act: Draw, number: int, since: int) -> None:
        self._drawn.update(self._faces.numbers(act.faces))
        if act.person is not None:
            self._assign(act, act.person, number, since)

    def _set_verdict(self, faces: Iterable[FaceKey], verdict: FaceVerdict) -> None:
        for face in self._faces.numbers(faces):
            self._clear_verdict(face)
            self._verdicts[face] = verdict

    def _reject(self, faces: Iterable[int], person: str, number: int) -> None:
        record = self._record(person)
        for face in faces:
            if face in record.confirmed:
                self._clear_verdict(face)
            record.rejected[face] = number

    def _set_apart(self, person: str, other: str, number: int) -> None:
        if person != other:
            for one, another in ((person, other), (other, person)):
                apart = self._record(one).apart
                apart[another] = max(number, apart.get(another, 0))

    def _clear_verdict(self, face: int) -> None:
        verdict = self._verdicts.pop(face, None)
        if verdict is not None and verdict.person is not None:
            del self._persons[verdict.person].confirmed[face]

    def _merge(self, person: str, other: str) -> None:
        if person == other:
            return
        source, target = self._persons.pop(other, _PersonRecord()), self._record(person)
        self._merged[other] = person
        if source.known and not target.known:
            target.known, target.name, target.hidden = True, target.name or source.name, source.hidden
            target.named = source.named
        for face in source.confirmed:
            self._verdicts[face] = FaceVerdict("confirmed", person, self._verdicts[face].decision_id)
            target.confirmed[face] = None
            target.rejected.pop(face, None)
        for face, number in source.rejected.items():
            if face not in target.confirmed:
                target.rejected[face] = max(number, target.rejected.get(face, 0))
        for photo, number in source.photos.items():
            target.photos[photo] = max(number, target.photos.get(photo, 0))
        target.portrait, target.born = target.portrait or source.portrait, target.born or source.born
        for another, number in source.apart.items():
            del self._record(another).apart[other]
            self._set_apart(person, another, number)

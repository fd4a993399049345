"""What people said, and what follows from it: a second, plain account beside the program's own.

It knows whose face a file holds, as the program does not, and replays everything from the start each time.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.faceindex.names_stay.portraits import Face

Verdict: TypeAlias = tuple[str, str]
"""``confirmed`` and the key of a person; or ``ignored`` or ``not-a-face``, and an empty key."""


@dataclass(frozen=True)
class Decision:
    """A decision by its number in the log; keys of persons are as the program gave them."""

    number: int
    kind: str
    faces: tuple[Face, ...] = ()
    person: str = ""
    other: str = ""
    name: str = ""
    target: int = 0


@dataclass
class SaidPerson:
    name: str = ""
    hidden: bool = False
    known: bool = False


@dataclass
class Said:
    """What holds after all decisions. Faces that are one have one representative: ``of`` finds it."""

    of: "OneFace"
    people: dict[str, SaidPerson] = field(default_factory=dict)
    verdicts: dict[Face, Verdict] = field(default_factory=dict)
    rejected: defaultdict[Face, set[str]] = field(default_factory=lambda: defaultdict(set))
    apart: set[frozenset[str]] = field(default_factory=set)
    merged: dict[str, str] = field(default_factory=dict)

    def verdict(self, face: Face) -> Verdict | None:
        return self.verdicts.get(self.of(face))

    def rejections(self, face: Face) -> frozenset[str]:
        """The known persons that a face is not."""
        return frozenset(key for key in self.rejected[self.of(face)] if self.people[key].known)

    def known(self) -> dict[str, SaidPerson]:
        return {key: person for key, person in self.people.items() if person.known}

    def key(self, key: str) -> str:
        while key in self.merged:
            key = self.merged[key]
        return key

    def _apply(self, decision: Decision) -> None:
        person, other = self.key(decision.person), self.key(decision.other)
        faces = list(dict.fromkeys(map(self.of, decision.faces)))
        for key in filter(None, (person, other)):
            self.people.setdefault(key, SaidPerson())
        match decision.kind:
            case "merge" if person != other:
                self._merge(person, other)
            case "rename":
                self.people[person].name = decision.name
            case "hide" | "unhide":
                self.people[person].hidden = decision.kind == "hide"
            case "apart":
                self.apart.add(frozenset((person, other)))
            case "assign" | "split":
                said = self.people[person]
                said.known, said.name = True, said.name or decision.name
        for face in faces:
            self._apply_to_face(decision.kind, face, person, other)

    def _apply_to_face(self, kind: str, face: Face, person: str, other: str) -> None:
        match kind:
            case "assign" | "split":
                self.verdicts[face] = ("confirmed", person)
                self.rejected[face].discard(person)
                if kind == "split" and other != person:
                    self.rejected[face].add(other)
            case "reject":
                if self.verdicts.get(face) == ("confirmed", person):
                    del self.verdicts[face]
                self.rejected[face].add(person)
            case "ignore":
                self.verdicts[face] = ("ignored", "")
            case "not-a-face":
                self.verdicts[face] = ("not-a-face", "")

    def _merge(self, person: str, other: str) -> None:
        kept, gone = self.people[person], self.people.pop(other)
        self.merged[other] = person
        if gone.known and not kept.known:
            kept.known, kept.name, kept.hidden = True, kept.name or gone.name, gone.hidden
        for face, verdict in self.verdicts.items():
            if verdict == ("confirmed", other):
                self.verdicts[face] = ("confirmed", person)
        for face, keys in self.rejected.items():
            if other in keys:
                keys.remove(other)
                keys.add(person)
            if self.verdicts.get(face) == ("confirmed", person):
                keys.discard(person)
        pairs = ({person if key == other else key for key in pair} for pair in self.apart)
        self.apart = {frozenset(pair) for pair in pairs if len(pair) == 2}


class OneFace:
    """Which faces are one, since a file was edited. Calling it with a face finds a representative."""

    def __init__(self, pairs: Iterable[tuple[Face, Face]] = ()) -> None:
        self._parents: dict[Face, Face] = {}
        for one, other in pairs:
            self.join(one, other)

    def __call__(self, face: Face) -> Face:
        while face in self._parents:
            face = self._parents[face]
        return face

    def join(self, one: Face, other: Face) -> None:
        if self(one) != self(other):
            self._parents[self(other)] = self(one)


def active(decisions: Iterable[Decision]) -> list[Decision]:
    """The decisions that hold, without undos: an undo counts if no later undo that counts is of it."""
    undone: set[int] = set()
    holding = []
    for decision in sorted(decisions, key=lambda each: -each.number):
        if decision.number in undone:
            continue
        if decision.kind == "undo":
            undone.add(decision.target)
        else:
            holding.append(decision)
    return holding[::-1]


def replay(decisions: Iterable[Decision], of: OneFace) -> Said:
    said = Said(of)
    for decision in active(decisions):
        said._apply(decision)
    return said

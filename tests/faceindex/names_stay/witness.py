"""Compares what a library says with what people said.

Every decision that holds is visible in ``people list``, ``people show``, ``find`` and ``who``, or is asked
about in ``review``; nothing that was rejected is claimed; the journal holds what people decided, and no more.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from faceindex import Answer, Library
from faceindex.maintenance import Checked
from faceindex.results import Certainty, LibraryFace
from index.people.queries import FaceStatus, PersonSummary
from tests.faceindex.names_stay.folders import Folders
from tests.faceindex.names_stay.portraits import Face, Shot, face_at, shot_of
from tests.faceindex.names_stay.said import Decision, OneFace, Said, Verdict, replay

CERTAINTIES = {
    "confirmed": Certainty.CONFIRMED,
    "ignored": Certainty.IGNORED,
    "not-a-face": Certainty.NOT_A_FACE,
}


def whose(face: LibraryFace) -> Face | None:
    """Whose face one of the library's is; ``None`` for what the detector takes for one."""
    shot = shot_of(face.record.digest)
    assert shot is not None, f"{face.record.photo!r} has a content that no file ever had"
    return face_at(shot.picture, face.record.box)


@dataclass
class Record:
    """What happened so far.

    Attributes:
        seen: What each path held when the library last read it.
        uncertain: The same of paths that were found empty since, which the library may have given up; and of
            links, which the library may know by another path.
        unread: Paths that could not be read by the last scan of them.
        edited: Pairs of one face, before and after an edit that the library has seen.
        perhaps: Pairs of faces of one person that the library may take for one face, or not.
        given_up: Faces that were in no photo and nobody's at the last reindex, which may have erased them.
        looked_at: The photo that something was done to last.
    """

    decisions: list[Decision] = field(default_factory=list)
    seen: dict[Path, Shot] = field(default_factory=dict)
    uncertain: dict[Path, Shot] = field(default_factory=dict)
    unread: set[Path] = field(default_factory=set)
    edited: list[tuple[Face, Face]] = field(default_factory=list)
    perhaps: list[tuple[Face, Face]] = field(default_factory=list)
    given_up: set[Face] = field(default_factory=set)
    looked_at: Path | None = None

    def scanned(self, folders: Folders, roots: Sequence[Path]) -> None:
        """Note what a scan of roots has read."""
        there = {path for path in folders.files() if any(path.is_relative_to(each) for each in roots)}
        for path in there:
            if (shot := folders.shot(path)) is None:
                self.unread.add(path)
                continue
            self.unread.discard(path)
            before, perhaps = self.seen.pop(path, None), self.uncertain.pop(path, None)
            is_link = path.is_symlink() or path.stat().st_nlink > 1
            if before is not None:
                self._link(before, shot, is_edit=not is_link)
            if perhaps is not None:
                self._link(perhaps, shot, is_edit=False)
            (self.uncertain if is_link else self.seen)[path] = shot
        for path in [each for each in self.seen if each not in there and not os.path.lexists(each)]:
            self.uncertain[path] = self.seen.pop(path)

    def pruned(self) -> None:
        """Note which faces the library may have given up."""
        said = replay(self.decisions, OneFace(self.edited))
        there = {shot.picture for path, shot in self.seen.items() if path not in self.unread}
        decided = {face for decision in self.decisions for face in decision.faces}
        self.given_up |= {
            face
            for face in decided
            if face.picture not in there and (said.verdict(face) or ("", ""))[0] != "confirmed"
        }
        self.given_up -= {face for face in self.given_up if face.picture in there}

    def _link(self, before: Shot, after: Shot, *, is_edit: bool) -> None:
        known = self.edited if is_edit and before.portrait == after.portrait else self.perhaps
        for person in before.people & after.people if before.picture != after.picture else ():
            known.append((Face(before.picture, person), Face(after.picture, person)))


class Witness:
    """Reads everything that a library says at one moment."""

    def __init__(self, library: Library, folders: Folders, record: Record) -> None:
        self._library = library
        self._folders = folders
        self._record = record
        self.said = replay(record.decisions, OneFace(record.edited))
        self._or_else = replay(record.decisions, OneFace([*record.edited, *record.perhaps]))
        self._unlinked = replay(record.decisions, OneFace())
        self._faces = {each.record.face_id: each for each in library.faces()}
        self._whose = {number: whose(each) for number, each in self._faces.items()}
        self._review = library.people.review()
        self._asked = {number for each in self._review if each.kind == "edited" for number in each.face_ids}

    def check(self) -> None:
        """Fail if any decision is neither visible nor asked about, or anything was made up."""
        self._check_journal()
        self._check_persons()
        for number, face in self._faces.items():
            if (face_of := self._whose[number]) is not None:
                self._check_status(number, face_of, face.status)
        self._check_found()
        self._check_review()
        if self._record.looked_at is not None:
            self._check_who(self._record.looked_at)

    def check_sound(self) -> None:
        """Fail if ``check`` finds a fault."""
        *findings, checked = self._library.check()
        assert findings == [], findings
        assert isinstance(checked, Checked)

    def check_nobody(self) -> None:
        """Fail if anybody is known, though all decisions are undone."""
        assert self._library.people.list(hidden=True) == ()
        for face in self._faces.values():
            status = face.status
            assert status.person is None, f"{self._name(face)} is still somebody"
            assert not any((status.ignored, status.not_a_face, status.rejected)), self._name(face)
        assert [each for each in self._review if each.person or each.other] == []

    def _check_journal(self) -> None:
        logged = [(each.decision.id, each.decision.act.kind) for each in self._library.people.log()]
        assert logged == [(each.number, each.kind) for each in self._record.decisions]

    def _check_persons(self) -> None:
        listed = {each.person.key: each for each in self._library.people.list(hidden=True)}
        known = self.said.known()
        assert {key: each.person.hidden for key, each in listed.items()} == {
            key: each.hidden for key, each in known.items()
        }
        shown = {each.person.key for each in self._library.people.list()}
        assert shown == {key for key, each in known.items() if not each.hidden}
        for key, said in known.items():
            name = listed[key].person.name
            assert name == said.name or name.startswith(f"{said.name} ("), (name, said.name)
            self._check_count(listed[key], self._or_else)

    def _check_count(self, listed: PersonSummary, said: Said) -> None:
        """At least as many faces are confirmed as people said, wherever their photos are."""
        theirs = {
            face
            for face, verdict in said.verdicts.items()
            if verdict == ("confirmed", listed.person.key) and face not in self._record.given_up
        }
        assert listed.confirmed + listed.exemplars >= len(theirs), (
            f"{listed.person.name} has {listed.confirmed} confirmed faces and {listed.exemplars} exemplars, "
            f"and was said to be {' and '.join(sorted(map(str, theirs)))}"
        )

    def _check_status(self, number: int, face: Face, status: FaceStatus) -> None:
        name = self._name(self._faces[number])
        verdict, expected = _verdict(status), self.said.verdict(face)
        allowed = self._allowed(face)
        if number in self._asked and expected is not None:
            allowed = allowed | {None}
        told = f"{name} is {self._told(verdict)}, and was said to be {self._told(expected)}"
        assert verdict in allowed, told
        rejected = {each.key for each in status.rejected}
        must = self.said.rejections(face) & self._or_else.rejections(face)
        if number not in self._asked:
            assert must <= rejected, f"{name}: a rejection is not visible"
            assert status.person is None or status.person.key not in must, f"{name} was rejected"
        assert rejected <= self.said.rejections(face) | self._or_else.rejections(face), f"{name}: made up"

    def _allowed(self, face: Face) -> set[Verdict | None]:
        """The verdicts of a face; where it may or may not be one with others, also what was said of those."""
        allowed = {self.said.verdict(face), self._or_else.verdict(face)}
        if len(allowed) > 1 or self._or_else.of(face) != self.said.of(face):
            one = self._or_else.of(face)
            verdicts = self._unlinked.verdicts
            allowed |= {each for other, each in verdicts.items() if self._or_else.of(other) == one}
        return allowed

    def _check_found(self) -> None:
        """Photos that show a confirmed face are found, and none that shows only others."""
        detected = {face for face in self._whose.values() if face is not None}
        asked = {self._whose[number] for number in self._asked}
        for each in self._library.people.list(hidden=True):
            person = each.person
            photos = self._library.find(person.name, hidden=True)
            found = {_identity(photo.path) for photo in photos}
            for path, shot in self._up_to_date():
                for face in (Face(shot.picture, name) for name in sorted(shot.people)):
                    is_certain = self._allowed(face) == {("confirmed", person.key)} and face not in asked
                    if is_certain and face in detected:
                        assert _identity(path) in found, f"{path} ({face}) is not found as {person.name}"
            theirs = {
                self._faces[number].record.digest
                for number, face in self._faces.items()
                if face.status.person == person
            }
            for photo in photos:
                assert photo.digest in theirs, f"{photo.path!r} is found as {person.name}, who is not in it"

    def _up_to_date(self) -> Iterable[tuple[Path, Shot]]:
        """The photos that are as the library last saw them, but for links."""
        for path, shot in self._record.seen.items():
            is_read = path not in self._record.unread and self._folders.shot(path) == shot
            if is_read and path.stat().st_nlink == 1:
                yield path, shot

    def _check_review(self) -> None:
        """Nothing is suggested that was rejected."""
        for each in self._review:
            if each.other is not None and each.person is not None:
                pair = frozenset((each.person.key, each.other.key))
                assert each.kind != "same-person" or pair not in self.said.apart, "said to be two persons"
            offered = each.other if each.kind == "doubtful" else each.person
            if offered is None or each.kind == "same-person":
                continue
            for number in each.face_ids:
                face = self._whose.get(number)
                if face is not None and number not in self._asked:
                    refused = self.said.rejections(face) & self._or_else.rejections(face)
                    assert offered.key not in refused, f"review offers {face} as {offered.name}: {each.kind}"

    def _check_who(self, path: Path) -> None:
        shot = self._folders.shot(path)
        if shot is None or path in self._record.unread or self._record.seen.get(path) != shot:
            return
        for answer in self._library.who([path], hidden=True):
            assert isinstance(answer, Answer), answer
            for known in answer.faces:
                face = face_at(shot.picture, known.described.face.box)
                if face is None or self._allowed(face) != {self.said.verdict(face)}:
                    continue
                identity, verdict = known.identity, self.said.verdict(face)
                key = identity.person.key if identity.person else ""
                refused = self.said.rejections(face) & self._or_else.rejections(face)
                asked = face in {self._whose[number] for number in self._asked}
                if verdict is not None and not asked:
                    assert (identity.certainty, key) == (CERTAINTIES[verdict[0]], verdict[1]), (
                        f"who says {identity.certainty} of {face}, who was said to be {self._told(verdict)}"
                    )
                assert asked or key not in refused, f"who names {face} as a person who was rejected"

    def _told(self, verdict: Verdict | None) -> str:
        if verdict is None:
            return "nobody"
        status, key = verdict
        return f"{status} {self.said.people[key].name}" if key in self.said.people else status

    def _name(self, face: LibraryFace) -> str:
        number, photo = face.record.face_id, os.fsdecode(face.record.photo)
        return f"face {number} ({self._whose[number]}) in {photo}"


def _identity(path: bytes | Path) -> tuple[int, int] | None:
    """The file at a path, which may be found by any of its paths; ``None`` without one."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _verdict(status: FaceStatus) -> Verdict | None:
    if status.confirmed and status.person is not None:
        return "confirmed", status.person.key
    if status.ignored:
        return "ignored", ""
    return ("not-a-face", "") if status.not_a_face else None

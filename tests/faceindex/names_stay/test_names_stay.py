"""Whatever happens to files, in whatever order, what people said stays visible until they undo it.

``NAMES_STAY_EXAMPLES=2000`` tries so many sequences for each seed, new ones at each run.
"""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, Phase, note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from faceindex.errors import BadRequest, FaceindexError
from faceindex.library import Library
from faceindex.naming.decide import Decided
from faceindex.scanning.scan import ScanOptions
from faceindex.settings import Settings
from index.decisions.names import folded
from tests.faceindex.names_stay.folders import Folders, permissions_apply
from tests.faceindex.names_stay.portraits import EDITS, Face, Portrait, portraits
from tests.faceindex.names_stay.said import Decision, OneFace, active, replay
from tests.faceindex.names_stay.witness import Record, Witness, whose

pytestmark = pytest.mark.slow

EXAMPLES = 50
"""Sequences for each seed."""

STEPS = 12

NAMES = ("Ann", "Ben", "Cleo", "ann", "Zoë")

NUMBER = st.integers(0, 23)
"""Chooses one of what there is, by the remainder."""

THEN = st.sampled_from(("reindex", "scan", "nothing"))
"""What follows a change of files."""

IN_PLACE = st.booleans()

LAYOUT = {
    "photos": ("collins", "hopper", "cameraman"),
    "photos/trip": ("two", "Serena_Williams_0004"),
    "album": ("collins brighter", "Serena_Williams_0005", "Tony_Blair_0002"),
    "outside": ("hopper closer", "Tony_Blair_0003"),
}


def short_name(portrait: Portrait) -> str:
    return Path(portrait.name).stem


@dataclass(frozen=True)
class Start:
    """Where every sequence begins: a scanned library of the folders, kept aside to be copied."""

    place: Path
    kept: Path
    library: Library
    late: Library
    record: Record
    permissions: bool

    def again(self) -> tuple[Folders, Record]:
        for folder in ("folders", "data"):
            shutil.rmtree(self.place / folder, ignore_errors=True)
            shutil.copytree(self.kept / folder, self.place / folder)
        return Folders(self.place / "folders"), Record(seen=dict(self.record.seen))


@contextmanager
def started(cache: Path, place: Path, kept: Path) -> Iterator[Start]:
    """Scan the folders as they are laid out, in ``place``, and keep a copy in ``kept``."""
    settings = Settings.load(library=place / "data" / "library.db", cache_dir=cache, model="sface", workers=2)
    late = settings.model_copy(update={"keep_missing_days": 0.0})
    folders, record = Folders(place / "folders"), Record()
    known = {short_name(each): each for each in portraits()}
    for folder, names in LAYOUT.items():
        for name in names:
            if name in known:
                folders.add(known[name], folder, name)
    with permissions_apply() as permissions, Library(settings) as library, Library(late) as afterwards:
        roots = [folders.place / "photos", folders.place / "album"]
        library.scan(roots)
        record.scanned(folders, roots)
        for folder in ("folders", "data"):
            shutil.copytree(place / folder, kept / folder)
        yield Start(place, kept, library, afterwards, record, permissions)


@pytest.fixture(scope="module")
def start(cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    with started(cache, tmp_path_factory.mktemp("names"), tmp_path_factory.mktemp("kept")) as begun:
        yield begun


class NamesStay(RuleBasedStateMachine):
    """Files change, people decide, the library is brought up to date."""

    def __init__(self, start: Start) -> None:
        super().__init__()
        self.start, self.library = start, start.library
        self.folders, self.record = start.again()
        self.made = 0

    # what happens to files

    def changed(self, told: str, path: Path | None, then: str) -> None:
        note(f"    {told}; then {then}")
        self.record.looked_at = path
        if then == "reindex":
            self.reindex_now(late=False, allow_missing=False)
        elif then == "scan":
            self.scan_now(self.roots())

    def photo(self, number: int) -> Path:
        photos = self.folders.photos()
        hypothesis.assume(photos)
        return photos[number % len(photos)]

    def told(self, path: Path) -> str:
        return str(path.relative_to(self.folders.place))

    @rule(which=NUMBER, edit=st.sampled_from(sorted(EDITS)), in_place=IN_PLACE, then=THEN)
    def edit(self, which: int, edit: str, in_place: bool, then: str) -> None:
        path = self.photo(which)
        if self.folders.edit(path, edit, in_place=in_place):
            self.changed(f"{self.told(path)} is {edit}", path, then)

    @rule(which=NUMBER, in_place=IN_PLACE, then=THEN)
    def write_metadata(self, which: int, in_place: bool, then: str) -> None:
        path = self.photo(which)
        self.folders.tag(path, in_place=in_place)
        self.changed(f"{self.told(path)} gets a tag", path, then)

    @rule(in_place=IN_PLACE, then=THEN)
    def write_metadata_of_all(self, in_place: bool, then: str) -> None:
        for path in self.folders.photos():
            self.folders.tag(path, in_place=in_place)
        self.changed("all photos get tags", self.record.looked_at, then)

    @precondition(lambda self: self.start.permissions)
    @rule(which=NUMBER, then=THEN)
    def take_permission(self, which: int, then: str) -> None:
        path = self.photo(which)
        self.folders.lock(path)
        self.changed(f"{self.told(path)} may not be read", path, then)

    @rule(which=NUMBER, size=st.sampled_from((0, 100, 3000)), then=THEN)
    def damage(self, which: int, size: int, then: str) -> None:
        path = self.photo(which)
        self.folders.damage(path, size)
        self.changed(f"{self.told(path)} has {size} bytes left", path, then)

    @rule(which=NUMBER, by=NUMBER, then=THEN)
    def replace(self, which: int, by: int, then: str) -> None:
        path = self.photo(which)
        form = "PNG" if path.suffix.lower() == ".png" else "JPEG"
        others = [each for each in portraits() if each.form == form]
        other = others[by % len(others)]
        self.folders.replace(path, other)
        self.changed(f"{self.told(path)} is replaced by {other.name}", path, then)

    @rule(which=NUMBER, then=THEN)
    def restore(self, which: int, then: str) -> None:
        paths = sorted({*self.folders.backup, *self.folders.files()} - {*self.folders.photos()}) or sorted(
            self.folders.backup
        )
        path = paths[which % len(paths)] if paths else None
        if path is not None and self.folders.restore(path):
            self.changed(f"{self.told(path)} is restored: {self.folders.shot(path)}", path, then)

    @rule(which=NUMBER, folder=st.sampled_from(sorted(LAYOUT)), then=THEN)
    def move_file(self, which: int, folder: str, then: str) -> None:
        path = self.photo(which)
        target = self.folders.place / folder / f"moved {path.name}"
        if self.folders.move(path, target):
            self.changed(f"{self.told(path)} is moved to {folder}", target, then)

    @rule(which=NUMBER, then=THEN)
    def change_case(self, which: int, then: str) -> None:
        path = self.photo(which)
        target = path.with_name(path.name.swapcase())
        if self.folders.move(path, target):
            self.changed(f"{self.told(path)} is now {target.name}", target, then)

    @rule(which=NUMBER, then=THEN)
    def touch(self, which: int, then: str) -> None:
        path = self.photo(which)
        self.folders.touch(path)
        self.changed(f"{self.told(path)} is touched", path, then)

    @rule(which=NUMBER, then=THEN)
    def delete(self, which: int, then: str) -> None:
        path = self.photo(which)
        self.folders.delete(path)
        self.changed(f"{self.told(path)} is deleted", path, then)

    @rule(which=NUMBER, folder=st.sampled_from(sorted(LAYOUT)), then=THEN)
    def copy(self, which: int, folder: str, then: str) -> None:
        path = self.photo(which)
        target = self.folders.place / folder / f"copy of {path.name}"
        if self.folders.copy(path, target):
            self.changed(f"{self.told(path)} is copied to {folder}", target, then)

    @rule(which=NUMBER, folder=st.sampled_from(sorted(LAYOUT)), hard=st.booleans(), then=THEN)
    def link_file(self, which: int, folder: str, hard: bool, then: str) -> None:
        path = self.photo(which)
        target = self.folders.place / folder / f"link to {path.name}"
        if self.folders.link(path, target, hard=hard):
            self.changed(f"{self.told(path)} is linked from {folder}", path, then)

    @rule(folder=st.sampled_from(("photos", "photos/trip")), then=THEN)
    def link_folder(self, folder: str, then: str) -> None:
        target = self.folders.place / "album" / f"link to {Path(folder).name}"
        if (self.folders.place / folder).is_dir() and self.folders.link(
            self.folders.place / folder, target, hard=False
        ):
            self.changed(f"{folder} is linked from the album", None, then)

    @rule(folder=st.sampled_from(("photos", "photos/trip", "album")), tell=st.booleans(), then=THEN)
    def rename_folder(self, folder: str, tell: bool, then: str) -> None:
        """Rename a folder, and perhaps tell the library; or rename it back."""
        old = self.folders.place / folder
        new = old.with_name(f"{old.name} of old")
        if not old.is_dir():
            old, new = new, old
        if not old.is_dir() or os.path.lexists(new):
            return
        old.rename(new)
        told = f"{self.told(old)} is now {self.told(new)}"
        if tell and old in self.roots() and self.may_move(old, new):
            for each in (self.record.seen, self.record.uncertain):
                for path in [path for path in each if path.is_relative_to(old)]:
                    each[new / path.relative_to(old)] = each.pop(path)
            told += ", as the library is told"
        self.changed(told, None, then)

    def may_move(self, old: Path, new: Path) -> bool:
        """Tell the library that a root has moved; it refuses if the photos are not as it knows them."""
        try:
            self.library.roots.move(old, new)
        except FaceindexError as refused:
            note(f"    {refused}")
            return False
        return True

    # bringing the library up to date

    def roots(self) -> list[Path]:
        return [Path(os.fsdecode(each.figures.path)) for each in self.library.roots.list()]

    @rule(
        folder=st.sampled_from(
            ("photos", "album", "photos/trip", "photos of old", "album of old", "album/link to trip")
        )
    )
    def scan(self, folder: str) -> None:
        """Scan one folder, perhaps a new root, which may lie in another."""
        root = self.folders.place / folder
        if root.is_dir() or root in self.roots():
            self.scan_now([root])

    @rule(late=st.booleans(), allow_missing=st.booleans())
    def reindex(self, late: bool, allow_missing: bool) -> None:
        self.reindex_now(late=late, allow_missing=allow_missing)

    @rule(detector=st.sampled_from(("mtcnn", "yunet")))
    def change_detector(self, detector: str) -> None:
        """Look at all photos by another detector, or take that back, whatever is out of reach."""
        before = self.library.statistics().detector
        if detector != before:
            result = self.library.switch_detector(detector, ScanOptions(allow_missing=True))
            note(f"    reindex --detector {detector}: {result.looked_at} photos, {result.comparison}")
            assert (result.previous, result.changed) == (before, True)
            self.check(sound=True)

    def scan_now(self, roots: list[Path]) -> None:
        self.library.scan(roots)
        note(f"    scan {', '.join(map(self.told, roots))}")
        self.record.scanned(self.folders, roots)
        self.check(sound=True)

    def reindex_now(self, *, late: bool, allow_missing: bool) -> None:
        library = self.start.late if late else self.library
        library.reindex(ScanOptions(allow_missing=allow_missing))
        note(f"    reindex{' a month later' * late}{' with --allow-missing' * allow_missing}")
        self.record.scanned(self.folders, self.roots())
        self.record.pruned()
        self.check(sound=True)
        if allow_missing:
            for each in self.library.people.list(hidden=True):
                for photo in self.library.find(each.person.name, hidden=True):
                    assert os.path.exists(photo.path), f"{photo.path!r} is found, and is gone"

    # decisions

    def faces(self) -> list[tuple[int, Face]]:
        """The library's faces by photo and place, those that are none left out."""
        known = sorted(self.library.faces(), key=lambda each: (each.record.photo, each.record.box.x))
        return [(each.record.face_id, face) for each in known if (face := whose(each)) is not None]

    def chosen(self, places: list[int]) -> tuple[list[int], tuple[Face, ...]]:
        known = self.faces()
        hypothesis.assume(known)
        faces = dict(known[each % len(known)] for each in places)
        return list(faces), tuple(faces.values())

    def somebody(self) -> bool:
        return bool(replay(self.record.decisions, OneFace()).known())

    def said_apart(self, one: str, other: str) -> bool:
        return frozenset((one, other)) in replay(self.record.decisions, OneFace()).apart

    def person(self, number: int) -> tuple[str, str]:
        """The name and the key of one person that the library lists."""
        people = [each.person for each in self.library.people.list(hidden=True)]
        person = people[number % len(people)]
        return person.name, person.key

    def key_of(self, name: str) -> str | None:
        people = [each.person for each in self.library.people.list(hidden=True)]
        return next((each.key for each in people if folded(each.name) == folded(name)), None)

    def decide(self, told: str, act: Callable[[], Decided], *, may_fail: bool = False, **said: Any) -> None:
        """Have a decision made, and remember it as it was meant."""
        logged = len(self.library.people.log())
        try:
            decided = act()
        except BadRequest as refused:
            note(f"    {told}: refused, {refused}")
            if not may_fail:
                raise
            assert len(self.library.people.log()) == logged
            return
        note(f"    decision {decided.decision.id}: {told}")
        self.remember(decided.decision.id, decided.decision.act, **said)

    def remember(self, number: int, act: Any, *, name: str = "", **said: Any) -> None:
        person = said.pop("person", None) or getattr(act, "person", "")
        self.record.decisions.append(Decision(number, act.kind, person=person, name=name, **said))
        self.check()

    def assigned(self, name: str) -> dict[str, Any]:
        """The person that a name means, and the name that the person has."""
        key = self.key_of(name)
        if key is None:
            return {"person": None, "name": name}
        return {"person": key, "name": replay(self.record.decisions, OneFace()).people[key].name}

    @initialize(said=st.lists(st.tuples(NUMBER, st.sampled_from(NAMES)), min_size=1, max_size=3))
    def begin(self, said: list[tuple[int, str]]) -> None:
        for place, name in said:
            self.move([place], name)

    PLACES = st.lists(NUMBER, min_size=1, max_size=3)

    @rule(places=PLACES, name=st.sampled_from(NAMES))
    def move(self, places: list[int], name: str) -> None:
        numbers, faces = self.chosen(places)
        self.decide(
            f"{' and '.join(map(str, faces))}: {name}",
            lambda: self.library.people.move(name, numbers),
            faces=faces,
            **self.assigned(name),
        )

    @rule(number=NUMBER, name=st.sampled_from(NAMES))
    def name_cluster(self, number: int, name: str) -> None:
        known = dict(self.faces())
        clusters = [each.faces for each in self.library.clusters().shown]
        usable = [each for each in clusters if set(each.face_ids) <= known.keys()]
        if not usable:
            return
        cluster = usable[number % len(usable)]
        faces = tuple(known[each] for each in cluster.face_ids)
        self.decide(
            f"a cluster, {' and '.join(map(str, faces))}: {name}",
            lambda: self.library.people.name(cluster.cluster_id, name),
            faces=faces,
            **self.assigned(name),
        )

    @precondition(lambda self: self.somebody())
    @rule(who=NUMBER, places=PLACES)
    def confirm(self, who: int, places: list[int]) -> None:
        name, _ = self.person(who)
        numbers, faces = self.chosen(places)
        self.decide(
            f"confirm {name}: {' and '.join(map(str, faces))}",
            lambda: self.library.people.confirm(name, numbers),
            faces=faces,
            **self.assigned(name),
        )

    @precondition(lambda self: self.somebody())
    @rule(who=NUMBER)
    def confirm_all(self, who: int) -> None:
        name, _ = self.person(who)
        known = dict(self.faces())
        recognised = [each for each in self.library.people.faces(name) if not each.status.confirmed]
        faces = tuple(known[each.record.face_id] for each in recognised if each.record.face_id in known)
        if len(faces) == len(recognised):
            self.decide(
                f"confirm all of {name}: {' and '.join(map(str, faces))}",
                lambda: self.library.people.confirm(name, every=True),
                may_fail=not faces,
                faces=faces,
                **self.assigned(name),
            )

    @precondition(lambda self: self.somebody())
    @rule(who=NUMBER, places=PLACES)
    def reject(self, who: int, places: list[int]) -> None:
        name, key = self.person(who)
        numbers, faces = self.chosen(places)
        self.decide(
            f"not {name}: {' and '.join(map(str, faces))}",
            lambda: self.library.people.reject(name, numbers),
            faces=faces,
            person=key,
        )

    @precondition(lambda self: self.somebody())
    @rule(who=NUMBER, number=NUMBER)
    def reject_own(self, who: int, number: int) -> None:
        """Reject one of a person's own faces, which is what people do most."""
        name, key = self.person(who)
        known = dict(self.faces())
        theirs = [each.record.face_id for each in self.library.people.faces(name)]
        theirs = [each for each in theirs if each in known]
        if not theirs:
            return
        face = theirs[number % len(theirs)]
        self.decide(
            f"not {name}: {known[face]}",
            lambda: self.library.people.reject(name, [face]),
            faces=(known[face],),
            person=key,
        )

    @precondition(lambda self: self.somebody())
    @rule(who=NUMBER, number=NUMBER, new_name=st.sampled_from(NAMES))
    def split(self, who: int, number: int, new_name: str) -> None:
        name, key = self.person(who)
        known = dict(self.faces())
        theirs = [each.record.face_id for each in self.library.people.faces(name)]
        theirs = [each for each in theirs if each in known]
        if not theirs:
            return
        face = theirs[number % len(theirs)]
        self.decide(
            f"split {known[face]} from {name} as {new_name}",
            lambda: self.library.people.split(name, [face], new_name),
            may_fail=self.key_of(new_name) is not None,
            faces=(known[face],),
            other=key,
            name=new_name,
        )

    @precondition(lambda self: self.somebody())
    @rule(one=NUMBER, two=NUMBER)
    def merge(self, one: int, two: int) -> None:
        (name, key), (other_name, other) = self.person(one), self.person(two)
        self.decide(
            f"merge {name} and {other_name}",
            lambda: self.library.people.merge(name, other_name),
            may_fail=key == other or self.said_apart(key, other),
            person=key,
            other=other,
        )

    @precondition(lambda self: self.somebody())
    @rule(one=NUMBER, two=NUMBER)
    def apart(self, one: int, two: int) -> None:
        (name, key), (other_name, other) = self.person(one), self.person(two)
        self.decide(
            f"{name} and {other_name} are two",
            lambda: self.library.people.apart(name, other_name),
            may_fail=key == other,
            person=key,
            other=other,
        )

    @precondition(lambda self: self.somebody())
    @rule(who=NUMBER, new_name=st.sampled_from(NAMES))
    def rename(self, who: int, new_name: str) -> None:
        name, key = self.person(who)
        self.decide(
            f"rename {name} to {new_name}",
            lambda: self.library.people.rename(name, new_name),
            may_fail=self.key_of(new_name) is not None,
            person=key,
            name=new_name,
        )

    @rule(places=PLACES)
    def ignore(self, places: list[int]) -> None:
        numbers, faces = self.chosen(places)
        self.decide(
            f"ignore {' and '.join(map(str, faces))}",
            lambda: self.library.people.ignore(numbers),
            faces=faces,
        )

    @rule(places=PLACES)
    def not_a_face(self, places: list[int]) -> None:
        numbers, faces = self.chosen(places)
        self.decide(
            f"not a face: {' and '.join(map(str, faces))}",
            lambda: self.library.people.not_a_face(numbers),
            faces=faces,
        )

    @precondition(lambda self: self.somebody())
    @rule(who=NUMBER, hidden=st.booleans())
    def hide(self, who: int, hidden: bool) -> None:
        name, key = self.person(who)
        self.decide(
            f"{'hide' if hidden else 'show'} {name}",
            lambda: self.library.people.hide(name, hidden=hidden),
            person=key,
        )

    @rule(which=NUMBER, name=st.sampled_from(NAMES))
    def enroll(self, which: int, name: str) -> None:
        path = self.photo(which)
        shot = self.folders.shot(path)
        assert shot is not None
        said = self.assigned(name)
        logged = len(self.library.people.log())
        enrolled = self.library.people.enroll(name, [path])
        note(f"    enroll {name} from {self.told(path)}: {enrolled.faces} faces")
        if not enrolled.faces:
            assert len(self.library.people.log()) == logged
            return
        self.record.looked_at = path
        before = self.record.seen.get(path)
        if before != shot:
            self.record.scanned(self.folders, [path])
        (person,) = shot.people
        decision = self.library.people.log()[-1].decision
        self.remember(decision.id, decision.act, faces=(Face(shot.picture, person),), **said)

    @rule(number=st.none() | NUMBER)
    def undo(self, number: int | None) -> None:
        """Undo the last decision that holds, or any one, perhaps an undo."""
        if number is None:
            self.undo_number(None)
        elif self.record.decisions:
            self.undo_number(self.record.decisions[-1 - number % len(self.record.decisions)].number)

    def undo_number(self, number: int | None, *, check: bool = True) -> None:
        logged = len(self.library.people.log())
        try:
            undone = self.library.people.undo(*([] if number is None else [number])).decision.id
        except BadRequest as refused:
            note(f"    undo {number}: refused, {refused}")
            holding = [each.number for each in active(self.record.decisions)]
            assert number not in holding if number else not holding
            assert len(self.library.people.log()) == logged
            return
        note(f"    undo {undone}")
        decision = self.library.people.log()[-1].decision
        self.record.decisions.append(Decision(decision.id, "undo", target=undone))
        if check:
            self.check()

    # what must hold

    def check(self, *, sound: bool = False) -> None:
        witness = Witness(self.library, self.folders, self.record)
        witness.check()
        if sound:
            witness.check_sound()

    def teardown(self) -> None:
        """Undo all: nobody is known then, also after all files are looked at again."""
        if sys.exc_info()[0] is None:
            while holding := active(self.record.decisions):
                self.undo_number(holding[-1].number, check=False)
            self.check()
            self.nobody()
            self.reindex_now(late=True, allow_missing=True)
            self.nobody()

    def nobody(self) -> None:
        Witness(self.library, self.folders, self.record).check_nobody()


@pytest.mark.parametrize("seed", range(4))
def test_what_people_said_stays_whatever_happens_to_files(start: Start, seed: int) -> None:
    more = os.environ.get("NAMES_STAY_EXAMPLES")

    def machine() -> NamesStay:
        return NamesStay(start)

    if not more:
        hypothesis.seed(seed)(machine)
    run_state_machine_as_test(
        machine,  # type: ignore[arg-type]
        settings=hypothesis.settings(
            max_examples=int(more or EXAMPLES),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )

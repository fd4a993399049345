"""What decisions come to: each kind, each rule, and that any journal can be replayed."""

import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.decisions.face_overlap import overlap, pairs
from index.decisions.fields import act_of, fields_of
from index.decisions.model import (
    Act,
    Apart,
    Assign,
    Born,
    Decision,
    Draw,
    FaceKey,
    Forget,
    Forgotten,
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
    Undo,
    Unhide,
    faces_of,
    photos_of,
    without,
)
from index.decisions.names import clean_name, folded
from index.decisions.replay import KnownPerson, State
from index.decisions.replay import replay as replay_with
from index.decisions.same_faces import SameFaces
from pipeline.values import Box
from tests.index.builders import digest_of
from tests.index.journals import (
    ANNA,
    BEN,
    CARL,
    DORA,
    KEYS,
    NAMES,
    acts,
    assign,
    journal,
    journals,
    key,
    keys,
    split,
    uid,
    without_undone,
)


def replay(decisions: Sequence[Decision]) -> State:
    return replay_with(decisions, SameFaces())


def said(*made: Act) -> dict[int, str]:
    """In short: what the first eight faces are. ``a`` is Anna, ``!b`` is not Ben."""
    state = replay(journal(*made))
    letters = {who: who[0] for who in KEYS}
    found = {}
    for number in range(8):
        verdict = state.verdicts.get(key(number))
        own = "" if verdict is None else (letters[verdict.person] if verdict.person else verdict.status)
        refused = "".join(f"!{letters[who]}" for who in sorted(state.rejections.get(key(number), {})))
        if own or refused:
            found[number] = own + refused
    return found


def names(*made: Act) -> dict[str, str]:
    return {who: person.name for who, person in replay(journal(*made)).persons.items()}


def test_an_assignment_makes_a_person_known() -> None:
    assert said(assign(ANNA, 0, 3)) == {0: "a", 3: "a"}
    assert replay(journal(assign(ANNA, 0))).persons == {ANNA: KnownPerson(ANNA, "Anna", hidden=False)}


def test_a_known_person_keeps_its_name() -> None:
    assert names(assign(ANNA, 0), Assign(keys(1), ANNA, "Annie")) == {ANNA: "Anna"}


def test_the_last_word_on_a_face_counts() -> None:
    assert said(assign(ANNA, 0, 1), assign(BEN, 0)) == {0: "b", 1: "a"}
    assert said(assign(ANNA, 0), Ignore(keys(0))) == {0: "ignored"}
    assert said(assign(ANNA, 0), NotAFace(keys(0))) == {0: "not-a-face"}
    assert said(NotAFace(keys(0)), Ignore(keys(0))) == {0: "ignored"}
    assert said(Ignore(keys(0)), assign(ANNA, 0)) == {0: "a"}


def test_the_decision_that_had_the_last_word_is_named() -> None:
    state = replay(journal(assign(ANNA, 0), Reject(keys(1), ANNA), assign(BEN, 0)))
    assert state.verdicts[key(0)].decision_id == 3
    assert state.rejections[key(1)] == {ANNA: 2}


def test_a_rejection_takes_off_the_assignment_to_that_person_alone() -> None:
    assert said(assign(ANNA, 0), Reject(keys(0), ANNA)) == {0: "!a"}
    assert said(assign(ANNA, 0), assign(BEN, 1), Reject(keys(0), BEN)) == {0: "a!b", 1: "b"}
    assert said(assign(ANNA, 1), Ignore(keys(0)), Reject(keys(0), ANNA)) == {0: "ignored!a", 1: "a"}


def test_an_assignment_takes_back_the_rejection_of_that_person_alone() -> None:
    rejected = (assign(ANNA, 1), assign(BEN, 2), Reject(keys(0), ANNA), Reject(keys(0), BEN))
    assert said(*rejected, assign(ANNA, 0)) == {0: "a!b", 1: "a", 2: "b"}


def test_a_rejection_of_somebody_unknown_waits() -> None:
    state = replay(journal(Reject(keys(0), ANNA)))
    assert state.persons == {}
    assert state.rejections == {key(0): {ANNA: 1}}


def test_a_merge_says_of_one_what_was_said_of_the_other() -> None:
    made = (assign(ANNA, 0), assign(BEN, 1), Reject(keys(2), BEN), Merge(ANNA, BEN))
    assert said(*made) == {0: "a", 1: "a", 2: "!a"}
    assert names(*made) == {ANNA: "Anna"}
    assert said(*made, assign(BEN, 3), Reject(keys(0), BEN)) == {0: "!a", 1: "a", 2: "!a", 3: "a"}
    assert names(*made, Rename(BEN, "Benedetta")) == {ANNA: "Benedetta"}
    assert replay(journal(*made)).merged == {BEN: ANNA}


def test_a_merge_is_a_later_word_than_a_rejection() -> None:
    assert said(assign(ANNA, 0), assign(BEN, 1), Reject(keys(1), ANNA), Merge(ANNA, BEN)) == {0: "a", 1: "a"}
    assert said(assign(ANNA, 0), assign(BEN, 1), Reject(keys(0), BEN), Merge(ANNA, BEN)) == {0: "a", 1: "a"}


def test_merges_in_a_chain_and_in_a_ring() -> None:
    three = (assign(ANNA, 0), assign(BEN, 1), assign(CARL, 2))
    assert said(*three, Merge(BEN, CARL), Merge(ANNA, BEN)) == {0: "a", 1: "a", 2: "a"}
    assert said(*three, Merge(ANNA, BEN), Merge(BEN, CARL)) == {0: "a", 1: "a", 2: "a"}
    assert said(*three, Merge(ANNA, BEN), Merge(BEN, ANNA)) == {0: "a", 1: "a", 2: "c"}
    ring = replay(journal(*three, Merge(ANNA, BEN), Merge(BEN, CARL), Merge(CARL, ANNA)))
    assert ring.merged == {BEN: ANNA, CARL: ANNA}
    assert said(*three, Merge(ANNA, ANNA)) == {0: "a", 1: "b", 2: "c"}


def test_a_split_makes_a_person_that_is_not_the_old_one() -> None:
    made = (assign(ANNA, 0, 1, 2), split(BEN, ANNA, 1, 2))
    assert said(*made) == {0: "a", 1: "b!a", 2: "b!a"}
    assert names(*made) == {ANNA: "Anna", BEN: "Ben"}
    assert said(*made, Merge(ANNA, BEN)) == {0: "a", 1: "a", 2: "a"}


def test_a_split_off_a_person_that_is_part_of_another_now() -> None:
    made = (assign(ANNA, 0), assign(BEN, 1), Merge(ANNA, BEN), split(CARL, BEN, 1))
    assert said(*made) == {0: "a", 1: "c!a"}


def test_two_persons_stay_two_whoever_they_are_merged_with() -> None:
    three = (assign(ANNA, 0), assign(BEN, 1), assign(CARL, 2))
    apart = (*three, Apart(BEN, ANNA))
    assert replay(journal(*apart)).apart == {(ANNA, BEN): 4}
    assert replay(journal(*apart, Apart(ANNA, BEN))).apart == {(ANNA, BEN): 5}
    assert replay(journal(*apart, Merge(CARL, BEN))).apart == {(ANNA, CARL): 4}
    assert replay(journal(*three, Merge(CARL, BEN), Apart(ANNA, BEN))).apart == {(ANNA, CARL): 5}
    assert replay(journal(*apart, Undo(uid(4)))).apart == {}
    assert replay(journal(*apart, Forget(BEN))).apart == {}
    assert replay(journal(*three, Apart(ANNA, ANNA))).apart == {}


def test_a_later_merge_counts_more_than_that_two_persons_are_two() -> None:
    made = (assign(ANNA, 0), assign(BEN, 1), Apart(ANNA, BEN), Merge(ANNA, BEN))
    assert replay(journal(*made)).apart == {}
    assert said(*made) == {0: "a", 1: "a"}
    assert replay(journal(*made, Undo(uid(4)))).apart == {(ANNA, BEN): 3}
    assert replay(journal(*made, Apart(ANNA, BEN))).apart == {}


def test_names_and_hiding() -> None:
    made = (assign(ANNA, 0), Rename(ANNA, "Anne"), Hide(ANNA))
    assert replay(journal(*made)).persons[ANNA] == KnownPerson(ANNA, "Anne", hidden=True)
    assert not replay(journal(*made, Unhide(ANNA))).persons[ANNA].hidden
    assert replay(journal(*made, assign(BEN, 1), Merge(BEN, ANNA))).persons == {
        BEN: KnownPerson(BEN, "Ben", hidden=False)
    }


def test_a_person_has_its_name_since_the_decision_or_undo_that_gave_it() -> None:
    def since(*made: Act) -> dict[str, int]:
        return {NAMES[who]: person.named for who, person in replay(journal(*made)).persons.items()}

    assert since(assign(ANNA, 0), assign(BEN, 1), assign(ANNA, 2)) == {"Anna": 1, "Ben": 2}
    renamed = (assign(ANNA, 0), Rename(ANNA, "Anne"), Rename(ANNA, "ANNE"))
    assert since(*renamed) == {"Anna": 2}
    assert since(*renamed, Undo(uid(3))) == {"Anna": 2}
    assert since(*renamed, Undo(uid(3)), Undo(uid(2))) == {"Anna": 5}
    assert since(*renamed, Undo(uid(3)), Undo(uid(2)), Undo(uid(5))) == {"Anna": 6}
    merged = (assign(ANNA, 0), assign(BEN, 1), Merge(ANNA, BEN), assign(CARL, 2), Undo(uid(3)))
    assert since(*merged) == {"Anna": 1, "Ben": 5, "Carl": 4}
    assert since(assign(ANNA, 0), Undo(uid(1)), assign(BEN, 1), Undo(uid(2))) == {"Anna": 4, "Ben": 3}


def test_undo_is_as_if_it_had_never_been_made() -> None:
    assert said(assign(ANNA, 0), assign(BEN, 0), Undo(uid(2))) == {0: "a"}
    assert said(assign(ANNA, 0), assign(BEN, 1), Merge(ANNA, BEN), Undo(uid(3))) == {0: "a", 1: "b"}
    assert names(assign(ANNA, 0), Undo(uid(1))) == {}
    assert replay(journal(assign(ANNA, 0), Undo(uid(1)))).undone == {uid(1): uid(2)}


def test_undoing_an_undo_and_that_again() -> None:
    made = (assign(ANNA, 0), Undo(uid(1)), Undo(uid(2)))
    assert said(*made) == {0: "a"}
    assert said(*made, Undo(uid(3))) == {}
    assert said(*made, Undo(uid(3)), Undo(uid(4))) == {0: "a"}


def test_a_person_whose_first_decision_is_undone_has_the_name_of_a_later_one() -> None:
    made = (assign(ANNA, 0), Rename(ANNA, "Anne"), Assign(keys(1), ANNA, "Anne"), Undo(uid(1)))
    assert said(*made) == {1: "a"}
    assert names(*made) == {ANNA: "Anne"}


@pytest.mark.parametrize(
    "made",
    [
        (assign(ANNA, 0), Undo(uid(99))),
        (assign(ANNA, 0), Undo(uid(2))),
        (assign(ANNA, 0), Undo(uid(3)), Undo(uid(2))),
    ],
    ids=["of something unknown", "of itself", "in a ring"],
)
def test_an_undo_of_nothing_does_nothing(made: tuple[Act, ...]) -> None:
    assert said(*made) == {0: "a"}


def test_an_undo_may_come_before_what_it_undoes() -> None:
    assert said(Undo(uid(2)), assign(ANNA, 0)) == {}


def test_of_two_undos_one_is_enough() -> None:
    assert said(assign(ANNA, 0), Undo(uid(1)), Undo(uid(1)), Undo(uid(2))) == {}


def test_nothing_is_said_of_a_forgotten_person_before_or_after() -> None:
    made = (assign(ANNA, 0), assign(BEN, 1), Reject(keys(2), ANNA), Forget(ANNA), assign(ANNA, 3))
    assert said(*made) == {1: "b"}
    assert said(*made, Undo(uid(4))) == {1: "b"}
    assert replay(journal(*made)).forgotten == {ANNA}
    assert said(assign(BEN, 0, 1), split(ANNA, BEN, 1), Forget(ANNA)) == {0: "b", 1: "!b"}
    assert said(assign(BEN, 0, 1), split(ANNA, BEN, 1), Forget(BEN)) == {1: "a"}


def test_a_box_that_overlaps_enough_is_the_same_face() -> None:
    moved, other = key(0, shift=10.0), key(0, shift=25.0)
    assert overlap(key(0).box, moved.box) > 0.5 > overlap(key(0).box, other.box)
    state = replay(journal(assign(ANNA, 0), Ignore((moved,)), NotAFace((other,))))
    assert {face: each.status for face, each in state.verdicts.items()} == {
        key(0): "ignored",
        other: "not-a-face",
    }


def test_of_two_boxes_the_one_that_overlaps_most_is_the_same_face() -> None:
    first, second = key(0), key(0, shift=22.0)
    between = key(0, shift=13.0)
    assert overlap(first.box, between.box) > 0.5
    state = replay(journal(Ignore((first,)), Ignore((second,)), NotAFace((between,))))
    assert state.verdicts[second].status == "not-a-face"
    assert state.verdicts[first].status == "ignored"


def test_equal_boxes_in_two_contents_are_two_faces() -> None:
    assert key(0).box == key(2).box
    assert said(assign(ANNA, 0), assign(BEN, 2)) == {0: "a", 2: "b"}


@given(journals(), st.integers(0, 11))
def test_what_is_undone_changes_nothing(decisions: list[Decision], drop: int) -> None:
    state = replay(decisions)
    assert replay(decisions) == state
    only = replay(without_undone(decisions, state.undone))
    for each in ("persons", "verdicts", "rejections", "apart", "drawn", "portraits", "in_photo"):
        assert getattr(only, each) == getattr(state, each)


@given(journals())
def test_a_state_never_contradicts_itself(decisions: list[Decision]) -> None:
    state = replay(decisions)
    for face, verdict in state.verdicts.items():
        assert (verdict.status == "confirmed") == (verdict.person is not None)
        assert verdict.person is None or verdict.person in state.persons
        assert verdict.person not in state.rejections.get(face, {})
    for face, shown in state.portraits.items():
        assert len(shown) == 1 or face not in state.verdicts
        assert not shown.keys() & state.rejections.get(face, {}).keys()
    assert not state.merged.keys() & state.persons.keys()
    assert not state.forgotten & state.persons.keys()
    assert all(meant not in state.merged for meant in state.merged.values())
    assert all(person.name for person in state.persons.values())
    assert all(one < other and not {one, other} & state.merged.keys() for one, other in state.apart)


@given(journals())
def test_forgetting_leaves_in_the_journal_what_replay_leaves_of_it(decisions: list[Decision]) -> None:
    state = replay(decisions)
    left = [
        Decision(each.id, each.uid, each.made_at, without(each.act, state.forgotten)) for each in decisions
    ]
    assert replay(left) == state


@given(journals())
def test_replay_agrees_with_the_rules_written_down_plainly(decisions: list[Decision]) -> None:
    state, plain = replay(decisions), Plain(decisions)
    assert {face: (each.status, each.person) for face, each in state.verdicts.items()} == plain.verdicts
    assert {(face, who) for face, each in state.rejections.items() for who in each} == plain.rejections
    assert set(map(frozenset, state.apart)) == plain.apart
    assert state.drawn == plain.drawn
    assert {(digest, who) for digest, each in state.in_photo.items() for who in each} == plain.photos
    assert {(face, who) for face, each in state.portraits.items() for who in each} == plain.shown()
    assert {who: each.born for who, each in state.persons.items() if each.born} == {
        who: date for who, date in plain.born.items() if date and who in state.persons
    }


class Plain:
    """The rules once more, as short as they go: every act looks at everything."""

    def __init__(self, decisions: list[Decision]) -> None:
        self.decisions = decisions
        self.verdicts: dict[FaceKey, tuple[str, str | None]] = {}
        self.rejections: set[tuple[FaceKey, str]] = set()
        self.apart: set[frozenset[str]] = set()
        self.drawn: set[FaceKey] = set()
        self.photos: set[tuple[bytes, str]] = set()
        self.portraits: dict[str, FaceKey] = {}
        self.born: dict[str, str | None] = {}
        self.seen: list[FaceKey] = []
        self.same: dict[FaceKey, FaceKey] = {}
        self.merged: dict[str, str] = {}
        self.forgotten = [each.act.person for each in decisions if isinstance(each.act, Forget)]
        for each in decisions:
            if self.holds(each, ()):
                self.apply(without(each.act, self.forgotten))

    def holds(self, decision: Decision, asking: tuple[str, ...]) -> bool:
        undos = [u for u in self.decisions if isinstance(u.act, Undo) and u.act.target == decision.uid]
        return decision.uid in asking or not any(self.holds(u, (*asking, decision.uid)) for u in undos)

    def meant(self, who: str) -> str:
        return self.meant(self.merged[who]) if who in self.merged else who

    def one(self, face: FaceKey) -> FaceKey:
        if face not in self.same:
            there = [each for each in self.seen if each.digest == face.digest]
            best = max(there, key=lambda each: overlap(each.box, face.box), default=face)
            self.same[face] = best if overlap(best.box, face.box) > 0.5 else face
            self.seen += [self.same[face]] if self.same[face] not in self.seen else []
        return self.same[face]

    def apply(self, act: Act) -> None:
        match act:
            case Merge() if self.meant(act.person) != self.meant(act.other):
                self.merge(self.meant(act.person), self.meant(act.other))
            case Apart() if self.meant(act.person) != self.meant(act.other):
                self.apart.add(frozenset({self.meant(act.person), self.meant(act.other)}))
            case InPhoto() | NotInPhoto():
                there = {(digest, self.meant(act.person)) for digest in act.photos}
                self.photos = self.photos | there if isinstance(act, InPhoto) else self.photos - there
            case Portrait():
                self.portraits[self.meant(act.person)] = self.one(act.faces[0])
            case Born():
                self.born[self.meant(act.person)] = act.date
            case Assign() | Draw() | Split():
                who = self.meant(act.person or "")
                self.drawn |= set(map(self.one, act.faces)) if isinstance(act, Draw) else set()
                self.verdicts |= {self.one(face): ("confirmed", who) for face in act.faces}
                self.rejections -= {(self.one(face), who) for face in act.faces}
                if isinstance(act, Split) and who != self.meant(act.other):
                    self.rejections |= {(self.one(face), self.meant(act.other)) for face in act.faces}
            case Reject():
                who = self.meant(act.person)
                self.rejections |= {(self.one(face), who) for face in act.faces}
                self.verdicts = {
                    face: said
                    for face, said in self.verdicts.items()
                    if said != ("confirmed", who) or (face, who) not in self.rejections
                }
            case Ignore() | NotAFace():
                status = "ignored" if isinstance(act, Ignore) else "not-a-face"
                self.verdicts |= {self.one(face): (status, None) for face in act.faces}

    def shown(self) -> set[tuple[FaceKey, str]]:
        return {
            (face, who)
            for who, face in self.portraits.items()
            if (face, who) not in self.rejections and self.verdicts.get(face, ("", who))[1] == who
        }

    def merge(self, person: str, other: str) -> None:
        self.merged[other] = person
        self.photos = {(digest, person if who == other else who) for digest, who in self.photos}
        if face := self.portraits.pop(other, None):
            self.portraits.setdefault(person, face)
        self.born[person] = self.born.get(person) or self.born.pop(other, None)
        self.verdicts = {
            face: (status, person if who == other else who) for face, (status, who) in self.verdicts.items()
        }
        self.rejections = {(face, person if who == other else who) for face, who in self.rejections}
        self.rejections -= {(face, person) for face, (_, who) in self.verdicts.items() if who == person}
        renamed = (frozenset(person if who == other else who for who in pair) for pair in self.apart)
        self.apart = {pair for pair in renamed if len(pair) == 2}


@given(acts())
def test_an_act_is_its_fields(act: Act) -> None:
    photos = [digest.hex() for digest in photos_of(act)]
    fields = {**fields_of(act), "faces": faces_of(act) or None, "photos": photos or None}
    assert act_of(fields) == act
    assert hash(act) == hash(act_of(fields))


def test_what_is_left_of_a_decision_without_a_face() -> None:
    gone = {key(0)}.__contains__
    assert without(assign(ANNA, 0, 1), (), gone) == assign(ANNA, 1)
    assert without(Ignore(keys(0)), (), gone) == Forgotten()
    assert without(split(ANNA, BEN, 0, 1), [ANNA], gone) == Reject(keys(1), BEN)
    assert without(split(ANNA, BEN, 0, 1), [ANNA, BEN], gone) == Forgotten()
    assert without(Undo(uid(1)), KEYS, gone) == Undo(uid(1))
    assert without(Rename(DORA, "Dora"), [DORA]) == Forgotten()


def test_names_are_composed_and_stripped() -> None:
    assert clean_name("  Zoe\u0301 ") == "Zo\u00e9"


MINA = "\u0645\u06cc\u200c\u0646\u0627"  # Persian, with a non-joiner
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"


@pytest.mark.parametrize("name", [MINA, FAMILY, ENGLAND, "Ana \u2764\ufe0f", "\u845b\U000e0100\u57ce"])
def test_joiners_stay_in_names(name: str) -> None:
    assert clean_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["\u200eAda", "A\u00adda", "Ada\ufeff", "\u200b Ada", "Ada\U000e0041\U000e007f", "\u061cAda\u200f"],
)
def test_what_cannot_be_seen_and_joins_nothing_is_left_out(name: str) -> None:
    assert clean_name(name) == "Ada"


@pytest.mark.parametrize(
    "name",
    ["A\nB", "A\x1b[31m", "A\u202eB", "A\u2066B", "A\u2028B", "A\ud800", "x" * 201],
)
def test_what_is_no_name(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        clean_name(name)


@pytest.mark.parametrize("name", ["", " \u3000", "\u200d", " \u200c\u200d ", "\ufe0f", "\u200b", "\u3164"])
def test_what_shows_nothing_is_an_empty_name(name: str) -> None:
    with pytest.raises(ValueError, match="empty"):
        clean_name(name)


@given(st.text(st.characters() | st.sampled_from([*" A\u200b\u200d\ufe0f", *ENGLAND]), max_size=20))
def test_a_clean_name_stays_as_it_is(name: str) -> None:
    try:
        cleaned = clean_name(name)
    except ValueError:
        return
    assert clean_name(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert folded(folded(cleaned)) == folded(cleaned) == folded(f" {name}") != ""


def test_names_that_are_the_same_to_a_person() -> None:
    assert folded("ZOE\u0301") == folded(" zo\u00e9")
    assert folded("Straße") == folded("STRASSE")
    assert folded(MINA) == folded(MINA.replace("\u200c", ""))
    assert folded("Ana \u2764\ufe0f") == folded("ana \u2764")
    assert folded(ENGLAND) != folded(SCOTLAND)


def test_boxes_go_together_best_first_and_one_to_one() -> None:
    at = [Box(x, 0.0, 10.0, 10.0) for x in (0.0, 2.0, 50.0)]
    found = [Box(x, 0.0, 10.0, 10.0) for x in (1.9, 51.0, 200.0)]
    assert list(pairs(at, found)) == [(1, 0), (2, 1)]
    assert list(pairs([], at)) == []


def test_a_state_says_who_a_key_means() -> None:
    state: State = replay(journal(assign(ANNA, 0), assign(BEN, 1), Merge(ANNA, BEN)))
    person = state.person(BEN)
    assert person is not None
    assert person.name == "Anna"
    assert state.person(CARL) is None
    assert state.faces_of(ANNA) == keys(0, 1)
    assert digest_of("content 0") == key(1).digest

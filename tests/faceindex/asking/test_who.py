"""Who a face is: what was decided comes first, then likeness, by the rules in their order."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from faceindex.asking.identifier import Identifier
from faceindex.asking.why import Explanation, Rule, explain
from faceindex.cli.text.answers import answer_faces
from faceindex.cli.text.why import explanation_rows
from faceindex.open_index import OpenIndex
from faceindex.output.annotated_photo import UNKNOWN, caption
from faceindex.results import Answer, Certainty, Identity, KnownFace
from faceindex.session import Session
from faceindex.settings import Settings
from index.decisions.journal import Journal
from index.decisions.model import Act, Assign, FaceKey, Hide, Ignore, NotAFace, Reject, Unhide, new_key
from index.people.queries import PeopleQueries
from index.recognition.identify import NeighborOptions
from pipeline.values import Descriptor, PhotoFile, PhotoIndexed, Size
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import SFACE, direction, face, fill, like

ANNA, BOB, STRANGER, NONE = (direction(seed) for seed in (1, 2, 3, 4))
DIGEST = bytes(range(32))


@pytest.fixture
def settings(album: Album, tmp_path: Path) -> Settings:
    """Faces 1 and 2 look like Anna, 3 like Bob, 4 like a stranger, 5 and 6 like Anna and Bob in one photo."""
    photos = [
        [face(like(ANNA, 0.9, 11))],
        [face(like(ANNA, 0.9, 12))],
        [face(like(BOB, 0.9, 13))],
        [face(like(STRANGER, 0.9, 14))],
        [face(like(ANNA, 0.9, 15)), face(like(BOB, 0.9, 16), place=1)],
    ]
    fill(album.settings, photos, tmp_path)
    return album.settings


def identifier_of(library: Session) -> Identifier:
    return Identifier(library, OpenIndex().current(library))


def decide(settings: Settings, *acts: Act) -> None:
    with Session.open_to_write(settings) as library:
        Journal(library.database).append_all(acts)


def named(settings: Settings, name: str, *face_ids: int) -> str:
    """Confirm faces as a new person; the person's key."""
    key = new_key()
    with Session.open_to_write(settings) as library:
        journal = Journal(library.database)
        journal.append(Assign(journal.face_keys(face_ids), key, name))
    return key


def about(settings: Settings, make: type[Ignore] | type[NotAFace], *face_ids: int) -> None:
    with Session.open_to_write(settings) as library:
        journal = Journal(library.database)
        journal.append(make(journal.face_keys(face_ids)))


def photo_of(faces: Sequence[Descriptor], digest: bytes = DIGEST) -> PhotoIndexed:
    return PhotoIndexed(
        PhotoFile(b"/asked.jpg", 1, 1),
        digest,
        Size(2000, 400),
        None,
        tuple(faces),
        "png pillow 12.0.0",
        "mtcnn",
        digest,
    )


def ask(settings: Settings, *faces: Descriptor, hidden: bool = False) -> Answer:
    with Session.open(settings) as library:
        return identifier_of(library).naming(hidden=hidden).answer(photo_of(faces), NeighborOptions(k=6))


def ask_again(settings: Settings, number: int, *, hidden: bool = False) -> Answer:
    """Ask about the photo of a face of the library, as if it were looked at again."""
    with Session.open(settings) as library:
        record = library.catalog.faces([number])[number]
        together = library.catalog.faces(library.catalog.face_ids_of(record.digest))
        chunks = library.catalog.descriptors(library.model().model_id, sorted(together))
        (chunk,) = chunks
        faces = [
            face(vector, (together[face_id].box.x - 100) / 200)
            for face_id, vector in zip(chunk.ids.tolist(), chunk.vectors, strict=True)
        ]
        identifier = identifier_of(library).naming(hidden=hidden)
        return identifier.answer(photo_of(faces, record.digest), NeighborOptions(k=6))


def names(answer: Answer) -> list[str | None]:
    return [each.identity.person.name if each.identity.person else None for each in answer.faces]


def certainties(answer: Answer) -> list[str]:
    return [str(each.identity.certainty) for each in answer.faces]


def reasons(settings: Settings, photo: PhotoIndexed, *, hidden: bool = False) -> list[Explanation]:
    with Session.open(settings) as library:
        return list(explain(library, identifier_of(library).naming(hidden=hidden), photo))


def test_persons_are_named_and_strangers_are_not(settings: Settings) -> None:
    named(settings, "Anna", 1, 2)
    named(settings, "Bob", 3)
    probes = (face(like(ANNA, 0.8, 31)), face(like(BOB, 0.8, 32), 1), face(like(NONE, 0.9, 33), 2))
    answer = ask(settings, *probes)
    assert names(answer) == ["Anna", "Bob", None]
    assert certainties(answer) == ["accepted", "accepted", "unknown"]
    anna = answer.faces[0].identity
    assert anna.similarity == pytest.approx(0.8 * 0.9, abs=0.15)
    assert anna.runner_up is not None
    assert anna.runner_up.name == "Bob"
    assert anna.margin is not None
    assert anna.margin > 0.4


def test_one_confirmed_face_is_enough_to_begin_with(settings: Settings) -> None:
    named(settings, "Anna", 1)
    answer = ask(settings, face(like(ANNA, 0.8, 31)))
    assert names(answer) == ["Anna"]
    assert answer.faces[0].identity.runner_up is None


def test_nobody_is_known_before_anybody_is_named(settings: Settings) -> None:
    answer = ask(settings, face(like(ANNA, 0.8, 31)))
    assert answer.faces[0].identity == Identity(Certainty.UNKNOWN)
    assert [match.person for match in answer.faces[0].matches] == [None] * 6


def test_less_alike_is_only_probable(settings: Settings) -> None:
    named(settings, "Anna", 1)
    with Session.open(settings) as library:
        (anna,) = library.catalog.descriptors(library.model().model_id, [1])
        accept, review = library.thresholds().accept, library.thresholds().review
    between = ask(settings, face(like(anna.vectors[0], (accept + review) / 2, 31)))
    assert (names(between), certainties(between)) == (["Anna"], ["probable"])
    probability = between.faces[0].identity.probability
    assert probability is not None
    assert 0 < probability < 0.999
    below = ask(settings, face(like(anna.vectors[0], review - 0.05, 31)))
    assert (names(below), certainties(below)) == ([None], ["unknown"])


def test_a_decided_face_is_who_it_was_decided_to_be(settings: Settings) -> None:
    named(settings, "Anna", 1, 2)
    named(settings, "Bob", 5)  # who looks like Anna
    answer = ask_again(settings, 5)
    assert names(answer) == ["Bob", None]
    assert certainties(answer) == ["confirmed", "unknown"]
    assert answer.faces[0].identity.similarity is None  # nothing else is known of Bob
    assert answer.faces[0].identity.runner_up is None


def test_a_confirmed_face_is_compared_with_the_others_of_its_person(settings: Settings) -> None:
    named(settings, "Anna", 1, 2)
    similarity = ask_again(settings, 1).faces[0].identity.similarity
    assert similarity == pytest.approx(0.81, abs=0.1)


def test_a_person_that_was_rejected_is_never_named(settings: Settings) -> None:
    anna = named(settings, "Anna", 1, 2)
    named(settings, "Bob", 3)
    assert names(ask_again(settings, 5)) == ["Anna", "Bob"]
    with Session.open(settings) as library:
        (key,) = Journal(library.database).face_keys([5])
    decide(settings, Reject((key,), anna))
    assert names(ask_again(settings, 5)) == [None, "Bob"]
    probe = face(like(ANNA, 0.9, 15))  # the same face in another photo is not the face that was decided of
    assert names(ask(settings, probe)) == ["Anna"]


def test_ignored_strangers_are_not_asked_about_again(settings: Settings) -> None:
    named(settings, "Anna", 1)
    about(settings, Ignore, 4)
    assert certainties(ask_again(settings, 4)) == ["ignored"]
    answer = ask(settings, face(like(STRANGER, 0.9, 34)))
    assert (names(answer), certainties(answer)) == ([None], ["ignored"])
    assert certainties(ask(settings, face(like(ANNA, 0.9, 31)))) == ["accepted"]


def test_what_is_no_face_is_no_match(settings: Settings) -> None:
    about(settings, NotAFace, 1)
    assert certainties(ask_again(settings, 1)) == ["not-a-face"]
    matches = ask(settings, face(like(ANNA, 0.9, 31))).faces[0].matches
    assert sorted(match.face.face_id for match in matches) == [2, 3, 4, 5, 6]


def test_nearest_faces_say_who_they_are(settings: Settings) -> None:
    named(settings, "Anna", 1)
    about(settings, Ignore, 4)
    matches = {
        match.face.face_id: match for match in ask(settings, face(like(ANNA, 0.9, 31))).faces[0].matches
    }
    anna = matches[1].person
    assert anna is not None
    assert (anna.name, matches[1].confirmed, matches[2].person) == ("Anna", True, None)
    assert matches[4].ignored


def test_in_one_photo_a_person_is_named_for_sure_once(settings: Settings) -> None:
    named(settings, "Anna", 1, 2)
    twins = ask(settings, face(like(ANNA, 0.8, 31)), face(like(ANNA, 0.95, 32), 1))
    assert names(twins) == ["Anna", "Anna"]
    assert certainties(twins) == ["probable", "accepted"]
    named(settings, "Zoe", 6)
    with_zoe = ask_again(settings, 6)
    assert certainties(with_zoe) == ["accepted", "confirmed"]


def test_near_identical_faces_of_one_photo_are_one_person(settings: Settings) -> None:
    """As in a collage, or beside a mirror."""
    named(settings, "Anna", 1, 2)
    collage = ask(settings, face(like(ANNA, 0.95, 31)), face(like(ANNA, 0.955, 31), 1))
    assert certainties(collage) == ["accepted", "accepted"]


def test_who_is_more_like_a_rejected_face_is_only_probable(settings: Settings) -> None:
    anna = named(settings, "Anna", 1, 2)
    about_sister = like(ANNA, 0.6, 15)  # as face 5
    assert certainties(ask(settings, face(about_sister))) == ["accepted"]
    with Session.open(settings) as library:
        keys = Journal(library.database).face_keys([5])
    decide(settings, Reject(keys, anna))
    (explained,) = reasons(settings, photo_of([face(about_sister)]))
    assert explained.face.identity.certainty is Certainty.PROBABLE
    assert explained.rule is Rule.LIKE_THE_REJECTED
    assert "more similar to a face that is not Anna by decision" in "\n".join(explanation_rows(explained))


def test_an_ignored_stranger_counts_however_few_faces_are_shown(settings: Settings) -> None:
    named(settings, "Bob", 3)
    about(settings, Ignore, 1)
    with Session.open(settings) as library:
        near = like(ANNA, 0.9, 12)  # face 2 is nearer than the stranger
        answer = identifier_of(library).answer(photo_of([face(near)]), NeighborOptions(k=1))
    assert [each.face.face_id for each in answer.faces[0].matches] == [2]
    assert certainties(answer) == ["ignored"]


def test_a_hidden_person_is_named_only_where_that_is_asked_for(settings: Settings) -> None:
    anna = named(settings, "Anna", 1, 2)
    decide(settings, Hide(anna))
    answer = ask(settings, face(like(ANNA, 0.8, 31)))
    assert (names(answer), certainties(answer)) == ([""], ["accepted"])
    assert "Anna" not in str(answer)
    assert "Anna" not in "\n".join(answer_faces(answer.faces))
    (explained,) = reasons(settings, photo_of([face(like(ANNA, 0.8, 31))]))
    assert "Anna" not in "\n".join(explanation_rows(explained))
    assert names(ask(settings, face(like(ANNA, 0.8, 31)), hidden=True)) == ["Anna"]


def test_what_was_only_recognised_is_no_evidence(settings: Settings) -> None:
    """Else whoever is like a recognised face would be recognised, and so on, away from the person."""
    named(settings, "Anna", 1)
    with Session.open_to_write(settings) as library:
        (anna,) = PeopleQueries(library.database).everyone()
        with library.database.write() as connection:
            row = "INSERT INTO recognised (face_id, person_id, similarity) VALUES (3, ?, 0.5)"
            connection.exec_driver_sql(row, (anna,))
    answer = ask(settings, face(like(BOB, 0.95, 31)))
    assert certainties(answer) == ["unknown"]
    nearest = answer.faces[0].matches[0]
    assert nearest.face.face_id == 3
    assert nearest.person is not None
    assert (nearest.person.name, nearest.confirmed) == ("Anna", False)


def test_the_rule_that_decided_is_told(settings: Settings) -> None:
    with Session.open(settings) as library:
        (one,) = library.catalog.descriptors(library.model().model_id, [1])
        between = (library.thresholds().accept + library.thresholds().review) / 2
    probe = one.vectors[0]

    def rule(*probes: np.ndarray[tuple[int], np.dtype[np.float32]]) -> list[Rule]:
        faces = [face(vector, place) for place, vector in enumerate(probes)]
        return [each.rule for each in reasons(settings, photo_of(faces))]

    assert rule(probe) == [Rule.NOBODY_KNOWN]
    anna = named(settings, "Anna", 1)
    assert rule(like(probe, 0.7, 31)) == [Rule.ALIKE]
    assert rule(like(probe, between, 31)) == [Rule.IN_THE_BAND]
    assert rule(like(probe, 0.1, 31)) == [Rule.UNLIKE]
    assert rule(like(probe, 0.9, 31), like(probe, 0.7, 32)) == [Rule.ALIKE, Rule.TWICE_IN_PHOTO]
    about(settings, Ignore, 4)
    assert rule(like(STRANGER, 0.95, 31)) == [Rule.LIKE_A_STRANGER]
    named(settings, "Anna's twin", 2)
    assert rule(like(ANNA, 0.9, 31)) == [Rule.TOO_CLOSE]
    decide(settings, Unhide(anna))
    with Session.open(settings) as library:
        record = library.catalog.faces([4])[4]
    (decided,) = reasons(settings, photo_of([face(STRANGER)], record.digest))
    assert decided.rule is Rule.DECIDED


def test_one_face_alone_among_many_makes_a_person_probable(settings: Settings) -> None:
    named(settings, "Anna", 1, 2, 4, 3, 5)
    (explained,) = reasons(settings, photo_of([face(like(STRANGER, 0.9, 34))]))
    assert explained.face.identity.certainty is Certainty.PROBABLE
    assert explained.rule is Rule.ONE_FACE_ALONE


def test_decisions_of_the_face_are_told_with_what_became_of_them(settings: Settings) -> None:
    anna = named(settings, "Anna", 1)
    with Session.open_to_write(settings) as library:
        journal = Journal(library.database)
        journal.append(Reject(journal.face_keys([2]), anna))
        journal.undo()
        digest = library.catalog.faces([2])[2].digest
    (explained,) = reasons(settings, photo_of([face(like(ANNA, 0.9, 12))], digest))
    assert [logged.decision.id for logged in explained.decisions] == [2]
    text = "\n".join(explanation_rows(explained))
    assert "it is not Anna; undone by 3" in text
    assert "face 1" in text
    assert explained.stored.face_id == 2


def test_a_row_says_who_and_by_how_much(settings: Settings) -> None:
    named(settings, "Maximilian Weber", 1)
    named(settings, "Katharina Weber", 3)
    heading, row, nearest, *_ = answer_faces(ask(settings, face(like(ANNA, 0.8, 31))).faces)
    assert row.endswith("  Maximilian Weber (over 99.9 %), 0.772 ahead of Katharina Weber")
    assert len(row) <= 110
    assert nearest.endswith("photo 000.jpg  Maximilian Weber")
    assert heading.index("similarity") + len("similarity") == row.index("  Max")


def test_a_caption_is_a_name_or_a_question_mark(settings: Settings) -> None:
    anna = named(settings, "Anna", 1, 2)

    def captions() -> list[str]:
        return [caption(each) for each in ask(settings, *probes).faces]

    probes: list[Descriptor] = [face(like(ANNA, 0.8, 31)), face(like(ANNA, 0.95, 32), 1), face(NONE, 2)]
    assert captions() == ["Anna?", "Anna", UNKNOWN]
    decide(settings, Hide(anna))
    assert captions() == [UNKNOWN] * 3


def test_an_answer_holds_for_each_face_in_order(settings: Settings) -> None:
    answer = ask(settings)
    assert answer.faces == ()
    known: KnownFace = ask(settings, face(ANNA)).faces[0]
    assert known.described.face.box.x == 100


def test_who_stays_open_and_answers_as_one_that_was_opened_anew(album: Album, tmp_path: Path) -> None:
    photos = [
        [face(like(direction(number % 3), 0.8, 20 + number)), face(like(BOB, 0.6, 50 + number), place=1)]
        for number in range(8)
    ]
    fill(album.settings, photos, tmp_path)
    generator, keys = np.random.default_rng(3), {name: new_key() for name in ("Anna", "Bob")}
    kinds: list[Callable[[tuple[FaceKey, ...]], Act]] = [
        lambda some: Assign(some, keys["Anna"], "Anna"),
        lambda some: Assign(some, keys["Bob"], "Bob"),
        lambda some: Reject(some, keys["Bob"]),
        Ignore,
        NotAFace,
    ]
    with Session.open(album.settings) as library:
        known = library.catalog.described_faces(SFACE).tolist()
        digests = sorted({each.digest for each in library.catalog.faces(known).values()})
        index = OpenIndex()
        warm = Identifier(library, index.current(library))
        for number in range(10):
            with Session.open_to_write(album.settings) as writing:
                journal = Journal(writing.database)
                some = journal.face_keys(generator.choice(known, 2, replace=False).tolist())
                if number % 4 == 3:
                    journal.undo()
                elif number == 0:
                    journal.append_all([kinds[0](some[:1]), kinds[1](some[1:])])
                else:
                    journal.append(kinds[generator.integers(len(kinds))](some))
            warm = Identifier(library, index.current(library), warm)
            fresh = identifier_of(library)
            for digest in digests:
                assert warm.identities(digest) == fresh.identities(digest)

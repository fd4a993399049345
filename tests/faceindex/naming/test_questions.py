"""Questions about faces: which comes first, what an answer decides, and that decisions are followed."""

from collections.abc import Callable, Iterator

import pytest

from faceindex.errors import BadRequest
from faceindex.library import Library
from faceindex.naming.answers import Answer
from faceindex.naming.question import Question
from faceindex.naming.suggestion import Kind
from faceindex.session import Session
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import SFACE, direction, face, fill, like

ANNA, BEN, CARL = direction(1), direction(2), direction(3)


@pytest.fixture
def between(album: Album) -> float:
    """A similarity that leaves a doubt."""
    with Session.open_to_write(album.settings) as library:
        library.catalog.choose_model(SFACE)
        thresholds = library.thresholds()
    return (thresholds.accept + thresholds.review) / 2


@pytest.fixture
def library(album: Album, between: float) -> Iterator[Library]:
    """Faces 1 to 5 are Anna's, 6 and 7 Ben's, 8 to 12 a cluster of Carl, 13 may be Anna's."""
    photos = [[face(like(ANNA, 0.9, seed))] for seed in range(10, 15)]
    photos += [[face(like(BEN, 0.9, seed))] for seed in range(20, 22)]
    photos += [[face(like(CARL, 0.9, seed))] for seed in range(30, 35)]
    photos += [[face(like(ANNA, between, 90))]]
    fill(album.settings, photos, album.folder)
    with Library(album.settings) as opened:
        opened.cluster()
        opened.people.move("Anna", [1, 2, 3, 4, 5])
        opened.people.move("Ben", [6, 7])
        yield opened


def asked(library: Library) -> list[tuple[str, tuple[int, ...]]]:
    return [(each.kind, tuple(sorted(each.face_ids))) for each in library.people.questions(20)]


def only(library: Library, kind: Kind) -> Question:
    (found,) = (each for each in library.people.questions(20) if each.kind is kind)
    return found


def test_what_settles_most_is_asked_first_with_everything_that_helps_to_answer(library: Library) -> None:
    assert asked(library) == [(Kind.NEW_CLUSTER, (8, 9, 10, 11, 12)), (Kind.PROBABLE_FACES, (13,))]
    doubt = only(library, Kind.PROBABLE_FACES)
    assert doubt.key == "face-13"
    assert doubt.face.face_id == 13
    assert doubt.face.photo_id
    assert doubt.proposed is not None
    assert doubt.proposed.person.name == "Anna"
    assert {each.face_id for each in doubt.proposed.nearest} < {1, 2, 3, 4, 5}
    assert doubt.proposed.probability is not None
    assert doubt.runner_up is not None
    assert doubt.runner_up.person.name == "Ben"
    assert doubt.runner_up.similarity < doubt.proposed.similarity


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer.SAME, "Anna"),
        (Answer.DIFFERENT, "not Anna"),
        (Answer.IGNORE, "ignored"),
        (Answer.NOT_A_FACE, "no face"),
        (Answer.NAME, "Dora"),
    ],
)
def test_each_answer_is_one_decision_after_which_it_is_not_asked_again(
    library: Library, answer: Answer, status: str
) -> None:
    before = asked(library)
    decided = library.people.answer(only(library, Kind.PROBABLE_FACES).asked, answer, "Dora")
    (known,) = library.people.faces_by_id([13])
    says = {
        "Anna": known.status.person is not None and known.status.person.name == "Anna",
        "Dora": known.status.person is not None and known.status.person.name == "Dora",
        "not Anna": [each.name for each in known.status.rejected] == ["Anna"],
        "ignored": known.status.ignored,
        "no face": known.status.not_a_face,
    }
    assert says[status]
    assert asked(library) == before[:1]
    library.people.undo(*decided.numbers)
    assert asked(library) == before


def test_skipped_questions_come_last_and_one_can_be_asked_for_again(library: Library) -> None:
    first, second = library.people.questions(2)
    assert [each.key for each in library.people.questions(2, skipped=[first.key])] == [second.key, first.key]
    (every,) = library.people.questions(1, skipped=[first.key, second.key])
    assert every.key == first.key
    (again,) = library.people.questions(1, skipped=[first.key], first=first.key)
    assert again.key == first.key
    assert [each.key for each in library.people.questions(1, first="face-999")] == [first.key]
    assert [each.key for each in library.people.questions(1, first="nonsense-x,y")] == [first.key]


def test_the_ranking_that_follows_decisions_is_the_one_that_is_made_anew(
    library: Library, album: Album
) -> None:
    people = library.people
    people.questions()
    cluster = only(library, Kind.NEW_CLUSTER)
    steps: list[Callable[[], object]] = [
        lambda: people.answer(cluster.asked, Answer.NAME, "Carl"),
        lambda: people.move("Carl", [5]),
        lambda: people.undo(),
        lambda: people.reject("Anna", [4]),
        lambda: people.move("Anna again", [1, 2]),
        lambda: people.merge("Ben", "Carl"),
        lambda: people.hide("Anna"),
        lambda: people.ignore([13]),
        lambda: people.undo(),
        lambda: people.hide("Anna", hidden=False),
    ]
    for step in steps:
        step()
        with Library(album.settings) as other:
            assert asked(library) == asked(other)


def test_two_names_of_one_person_are_asked_about_and_merged_or_kept_apart(library: Library) -> None:
    library.people.move("Anna again", [1, 2])
    pair = only(library, Kind.SAME_PERSON)
    assert pair.proposed is not None
    assert pair.other is not None
    assert (pair.proposed.person.name, pair.other.name) == ("Anna", "Anna again")
    library.people.answer(pair.asked, Answer.DIFFERENT)
    assert Kind.SAME_PERSON not in {each.kind for each in library.people.questions(20)}
    library.people.undo()
    library.people.answer(only(library, Kind.SAME_PERSON).asked, Answer.SAME)
    assert library.people.get("Anna").confirmed == 5


def test_the_same_as_nobody_is_refused(library: Library) -> None:
    with pytest.raises(BadRequest, match="Nobody is proposed"):
        library.people.answer(only(library, Kind.NEW_CLUSTER).asked, Answer.SAME)


def test_a_mixed_person_is_cleaned_by_one_answer_for_the_faces_of_each_stranger(library: Library) -> None:
    library.people.move("Mixed", [1, 2, 3, 4, 8, 9, 6])
    doubts = library.people.doubts("Mixed")
    groups = [set(each.question.face_ids) for each in doubts.doubts]
    assert groups == [{8, 9, 10, 11, 12}, {6}]  # those that are recognised by the wrong ones, too
    assert doubts.faces == 10
    assert doubts.wrong == pytest.approx(6, abs=0.5)
    library.people.answer(doubts.doubts[0].question.asked, Answer.DIFFERENT)
    assert [set(each.question.face_ids) for each in library.people.doubts("Mixed").doubts] == [{6}]
    library.people.answer(doubts.doubts[1].question.asked, Answer.SAME)
    assert library.people.doubts("Mixed").doubts == ()

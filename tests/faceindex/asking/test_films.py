"""Who is seen in a film, and when: by the rules of photos, for what is seen at once."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from faceindex import Library
from faceindex.asking.examine import FilmAids, examine, recorded_film
from faceindex.asking.identifier import Identifier
from faceindex.asking.photo_arguments import NamedPhoto
from faceindex.asking.verify import Unread, VerificationModel, verify
from faceindex.asking.who import who
from faceindex.asking.why import explain
from faceindex.cli.text.answers import answer_rows, found_times, photo_title
from faceindex.cli.text.faces import faces as face_rows
from faceindex.cli.text.review import suggestions as suggestion_rows
from faceindex.cli.text.why import explanation_rows
from faceindex.errors import BadRequest
from faceindex.naming.decide import regroup
from faceindex.naming.enroll import Enrolled, PersonToEnroll, enroll
from faceindex.open_index import OpenIndex
from faceindex.results import Answer
from faceindex.schemas.answers import AnswerSchema
from faceindex.session import Session
from faceindex.settings import Settings
from index.decisions.model import Assign, NotAFace, new_key
from index.recognition.identify import NeighborOptions
from pipeline.values import Descriptor, PhotoFailed, PhotoIndexed, PhotoSkipped
from tests.faceindex.conftest import Album
from tests.faceindex.made_films import DURATION, FilmOutcomes, appearing, record_film, write_film
from tests.faceindex.made_library import direction, face, fill, like

ANNA, BOB, STRANGER = (direction(seed) for seed in (1, 2, 3))

PARTY = (
    appearing(like(ANNA, 0.9, 21), 1.0, 4.0),
    appearing(like(STRANGER, 0.9, 22), 2.0, 3.0, place=2),
    appearing(like(ANNA, 0.8, 23), 3.5, 6.0, place=4),  # beside the first one: at once
    appearing(like(ANNA, 0.9, 24), 7.0, 9.0),
    appearing(like(BOB, 0.9, 25), 8.0, 8.0, place=1),
    appearing(like(STRANGER, 0.9, 26), 12.0, 14.0),
)


@pytest.fixture
def settings(album: Album, tmp_path: Path) -> Settings:
    """Anna is known by two photos, Bob by one."""
    photos = [[face(like(person, 0.95, seed))] for person, seed in ((ANNA, 11), (ANNA, 12), (BOB, 13))]
    fill(album.settings, photos, tmp_path)
    with Session.open_to_write(album.settings) as library:
        for name, ids in (("Anna", (1, 2)), ("Bob", (3,))):
            library.journal.append(Assign(library.journal.face_keys(ids), new_key(), name))
        regroup(library)
    return album.settings


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_film(tmp_path / "party.mp4")


def ask(settings: Settings, film: Path, outcomes: FilmOutcomes) -> Answer:
    with Session.open(settings) as library:
        identifier = Identifier(library, OpenIndex().current(library))
        aids = FilmAids(lambda file, digest: recorded_film(library, file, digest))
        (answer,) = who([film], outcomes, lambda: identifier, NeighborOptions(k=9), aids)
    assert isinstance(answer, Answer)
    return answer


def test_everybody_is_listed_once_with_all_times_and_strangers_last(settings: Settings, film: Path) -> None:
    answer = ask(settings, film, FilmOutcomes({film.name: PARTY}))
    assert photo_title(answer.photo) == f"{film}: 6 faces (2000 x 400 pixels, 0:20)"
    assert list(answer_rows(answer)) == [
        "who            when                  faces",
        "Anna           0:01-0:04, 0:07-0:09  1, 4",
        "Bob            0:08                  5",
        "probably Anna  0:03-0:06             3",
        "?              0:02-0:03, 0:12-0:14  2, 6",
    ]


def test_json_has_each_tracklet_with_its_moment_and_each_person_with_their_faces(
    settings: Settings, film: Path
) -> None:
    told = AnswerSchema.of(ask(settings, film, FilmOutcomes({film.name: PARTY}))).model_dump()
    assert told["duration"] == DURATION
    assert told["faces"][0]["moment"] == {"start": 1.0, "end": 4.0, "best": 4.0}
    assert [len(each["box"]) for each in told["faces"]] == [4] * 6
    assert [(each["person"], each["probable"], each["faces"]) for each in told["people"]] == [
        ("Anna", None, (1, 4)),
        ("Bob", None, (5,)),
        (None, "Anna", (3,)),
        (None, None, (2, 6)),
    ]


def test_a_film_that_was_scanned_is_not_looked_at_again(settings: Settings, film: Path) -> None:
    unseen = FilmOutcomes({film.name: PARTY})
    expected = list(answer_rows(ask(settings, film, unseen)))
    assert unseen.looked == [0, 8, 16]
    record_film(settings, film, PARTY)
    again = FilmOutcomes({film.name: ()})
    answer = ask(settings, film, again)
    assert again.opened == []
    assert list(answer_rows(answer)) == expected
    assert all(near.face.digest != answer.photo.digest for each in answer.faces for near in each.matches)
    copy = film.rename(film.with_name("copy.mp4"))
    moved = FilmOutcomes({copy.name: ()})
    assert list(answer_rows(ask(settings, copy, moved))) == expected
    assert (moved.opened, moved.looked) == (["copy.mp4"], [])
    write_film(film).write_text("another film")
    changed = FilmOutcomes({film.name: PARTY[:1]})
    assert len(ask(settings, film, changed).faces) == 1
    assert changed.looked == [0, 8, 16]


def test_of_a_film_that_was_begun_only_the_rest_is_looked_at(settings: Settings, film: Path) -> None:
    record_film(settings, film, PARTY, until=8.0)
    outcomes = FilmOutcomes({film.name: PARTY})
    answer = ask(settings, film, outcomes)
    assert outcomes.looked == [8, 16]
    assert [each.numbers for each in answer.people or ()] == [(1, 4), (5,), (3,), (2, 6)]


def test_what_was_decided_of_a_tracklet_is_said(settings: Settings, film: Path) -> None:
    record_film(settings, film, PARTY)
    with Session.open_to_write(settings) as library:
        digest = ask(settings, film, FilmOutcomes({film.name: ()})).photo.digest
        ids = library.catalog.face_ids_of(digest)
        library.journal.append(NotAFace(library.journal.face_keys(ids[1:2])))
        library.journal.append(Assign(library.journal.face_keys(ids[5:]), new_key(), "Carl"))
        regroup(library)
    rows = list(answer_rows(ask(settings, film, FilmOutcomes({film.name: ()}))))
    assert rows[1].startswith("Anna")
    assert [each.split("  ")[0] for each in rows[1:]] == [
        "Anna",
        "Bob",
        "Carl (confirmed)",
        "probably Anna",
        "not a face",
    ]


def test_why_says_when_a_face_is_seen(settings: Settings, film: Path) -> None:
    record_film(settings, film, PARTY)
    photo = ask(settings, film, FilmOutcomes({film.name: ()})).photo
    with Session.open(settings) as library:
        (third,) = explain(library, Identifier(library, OpenIndex().current(library)), photo, only=3)
    rows = list(explanation_rows(third))
    assert any("at 0:06, seen 0:03-0:06; number 6 of the library" in row for row in rows)
    assert rows[-1].endswith("another face seen at the same time is more similar to Anna")


def test_photos_like_a_face_of_a_film_name_its_time(settings: Settings, film: Path) -> None:
    record_film(settings, film, PARTY)
    with Library(settings) as library:
        library.cluster()
    other = write_film(film.with_name("other.mp4"))
    answer = ask(settings, other, FilmOutcomes({other.name: [appearing(like(BOB, 0.9, 31), 5.0, 6.0)]}))
    with Library(settings) as library:
        (bobs,) = (each for each in library.people.faces("Bob") if each.record.span)
        assert list(face_rows([bobs]))[1].endswith(f"{film}  0:08")
    assert any(near.face.face_id == bobs.record.face_id for near in answer.faces[0].matches)


def test_find_says_when_people_are_seen_at_once(settings: Settings, film: Path) -> None:
    record_film(settings, film, PARTY)
    with Library(settings) as library:
        library.cluster()
        assert [found_times(each) for each in library.find("Anna")] == [" 0:01-0:04, 0:07-0:09", "", ""]
        (both,) = library.find("Anna", "Bob")
        assert found_times(both) == " 0:08"
        assert film.name.encode() not in {
            each.path.rpartition(b"/")[2] for each in library.find("Anna", without=["Bob"])
        }
        (probable,) = (each for each in library.find("Anna", probable=True) if each.moments)
        assert found_times(probable) == " 0:01-0:06, 0:07-0:09"


def verified(
    settings: Settings, film: Path, face_a: int | None, faces: Sequence[Descriptor]
) -> tuple[float, list[str]]:
    notes: list[str] = []
    with Session.open(settings) as library:
        by = VerificationModel(library.model(), library.thresholds(), settings)
    other = write_film(film.with_name("one.mp4"))
    named = [NamedPhoto(bytes(each), bytes(each)) for each in (film, other)]
    one = [appearing(like(ANNA, 0.9, 41), 1.0, 2.0, quality=0.5), appearing(like(ANNA, 0.95, 42), 5.0, 7.0)]
    found = verify(by, named, (face_a, None), FilmOutcomes({film.name: faces, other.name: one}), notes.append)
    assert not isinstance(found, Unread)
    assert found.faces[1].face.box.moment == 7.0
    return found.similarity, notes


def test_verify_asks_whom_of_a_film_is_meant(settings: Settings, film: Path) -> None:
    with pytest.raises(BadRequest, match="shows 4 people: say which with --face-a or --face-b"):
        verified(settings, film, None, PARTY)
    similarity, notes = verified(settings, film, 4, PARTY)
    assert similarity > 0.7
    assert notes == [f"{film.with_name('one.mp4')}: the face at 0:07 is compared."]


def enrolled(
    settings: Settings, name: str, film: Path, faces: Sequence[Descriptor], place: int | None = None
) -> Enrolled:
    with Session.open_to_write(settings) as library:
        person = PersonToEnroll(name, (bytes(film),))
        return enroll(library, (person,), place, FilmOutcomes({film.name: faces}))


def times_of(settings: Settings, name: str) -> list[float]:
    with Library(settings) as library:
        confirmed = [each.record for each in library.people.faces(name) if each.status.confirmed]
    return sorted(each.box.moment or 0.0 for each in confirmed)


def test_a_film_of_one_person_enrols_all_that_is_seen_of_them(album: Album, film: Path) -> None:
    with Session.open_to_write(album.settings) as library:
        library.catalog.choose_model(PARTY[0].model_id)
    blurred = appearing(like(STRANGER, 0.9, 5), 15.0, 15.0, quality=0.1)
    done = enrolled(album.settings, "Carl", film, [PARTY[0], PARTY[3], blurred])
    assert (done.people, done.faces, done.left_out) == (1, 2, ())
    assert times_of(album.settings, "Carl") == [4.0, 9.0]
    with Library(album.settings) as library:
        assert [each.path for each in library.find("Carl")] == [bytes(film)]


def test_a_film_of_several_people_asks_whom_and_takes_all_of_that_one(settings: Settings, film: Path) -> None:
    (left_out,) = enrolled(settings, "Carl", film, PARTY).left_out
    assert left_out.reason == "it shows 4 people: say whom with --face, as 'faceindex who' counts faces"
    assert enrolled(settings, "Carl", film, PARTY, place=9).left_out[0].reason == "it has no face number 9"
    for place in (2, 6):
        assert enrolled(settings, f"Carl {place}", film, PARTY, place=place).faces == 2
        assert times_of(settings, f"Carl {place}") == [3.0, 14.0]


def test_a_known_film_is_enrolled_without_another_look(settings: Settings, film: Path) -> None:
    record_film(settings, film, PARTY[3:4])
    done = enrolled(settings, "Anna", film, ())
    assert (done.faces, times_of(settings, "Anna")) == (1, [0, 0, 9.0])


def test_a_film_that_was_begun_is_looked_at_to_its_end_when_somebody_is_enrolled(
    settings: Settings, film: Path
) -> None:
    record_film(settings, film, PARTY, until=8.0)
    assert enrolled(settings, "Carl", film, PARTY, place=6).faces == 2
    again = FilmOutcomes({film.name: ()})
    answer = ask(settings, film, again)
    assert again.opened == []
    assert [each.identity.person.name for each in answer.people or () if each.identity.person] == [
        "Anna",
        "Carl",
        "Bob",
        "Anna",
    ]


def test_a_film_in_a_folder_is_asked_about_and_none_is_a_celebrity(settings: Settings, film: Path) -> None:
    named, found = (NamedPhoto(bytes(film), bytes(film), found=in_folder) for in_folder in (False, True))
    outcomes = FilmOutcomes({film.name: PARTY})
    assert isinstance(examine(found, outcomes), PhotoIndexed)
    refused = examine(named, outcomes, films=False)
    assert isinstance(refused, PhotoFailed)
    assert refused.message == "it is a film: name a photo"
    assert isinstance(examine(found, outcomes, films=False), PhotoSkipped)


def test_review_says_where_a_single_face_is(settings: Settings, film: Path) -> None:
    with Session.open(settings) as session:
        (known,) = session.descriptors([1, 2])
    anna = known.vectors.sum(axis=0) / np.linalg.norm(known.vectors.sum(axis=0))
    record_film(settings, film, [appearing(like(anna, 0.34, 51), 3.0, 7.0)])
    with Library(settings) as library:
        library.cluster()
        (line, *_) = (each for each in suggestion_rows(library.people.review()) if "probably Anna" in each)
    assert line.endswith(f": 4 in {film} at 0:07")

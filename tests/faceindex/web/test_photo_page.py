"""The page of a photo: its faces, what is said of them there, and what a request may not do."""

import json

import pytest
from httpx import Response
from starlette.testclient import TestClient

from faceindex.library import Library
from faceindex.web.photo_view import PhotoView


def text_of(answer: Response) -> str:
    """The text of the toast of an answer."""
    return str(json.loads(answer.headers["HX-Trigger"])["toast"]["text"])


def test_a_photo_has_its_faces_with_boxes_in_full_size_pixels_and_where_it_lies(
    visitor: TestClient, library: Library
) -> None:
    library.people.move("Anna <b>", [1])
    shown = visitor.get("/photos/1?face=1").text
    view = PhotoView(library.photo(1))
    assert f'data-box="{view.faces[0].box}"' in shown
    assert 'viewBox="0 0 2000 400"' in shown
    assert 'data-state="confirmed"' in shown
    assert "Anna &lt;b&gt;" in shown
    assert "Anna <b>" not in shown
    assert view.folder in shown
    assert 'data-chosen="1"' in shown
    assert 'href="/photos/2"' in shown


def test_what_was_said_of_a_face_is_shown_and_can_be_undone(visitor: TestClient, library: Library) -> None:
    named = visitor.post("/photos/1/faces/1/name", data={"name": "Anna"})
    assert text_of(named).startswith("This is Anna.")
    assert 'data-state="confirmed"' in named.text
    key = library.people.get("Anna").person.key
    rejected = visitor.post("/photos/1/faces/1/reject", data={"person": key})
    assert text_of(rejected).startswith("This is not Anna.")
    assert "data-open" in rejected.text
    for verdict, state in (("ignore", "ignored"), ("not-a-face", "not-a-face")):
        assert f'data-state="{state}"' in visitor.post(f"/photos/1/faces/1/{verdict}").text
    library.people.undo()
    assert 'data-state="ignored"' in visitor.get("/photos/1/faces").text


def test_a_recognised_face_is_confirmed_by_the_key_of_its_person(
    visitor: TestClient, library: Library
) -> None:
    library.people.move("Anna", [1, 2])
    (face,) = library.photo(3).faces
    assert face.identity.person is not None
    assert "Yes, Anna" in visitor.get("/photos/3/faces/3").text
    confirmed = visitor.post("/photos/3/faces/3/confirm", data={"person": face.identity.person.key})
    assert 'data-state="confirmed"' in confirmed.text


def test_why_is_in_the_words_of_the_command_line(visitor: TestClient, library: Library) -> None:
    library.people.move("Anna", [1])
    shown = visitor.get("/faces/1/why").text
    assert "decision 1 says so: decisions count before similarity" in shown
    assert "photo 000.jpg, face 1 of 1: Anna (confirmed)" in shown


def test_somebody_is_in_a_photo_without_a_face(visitor: TestClient, library: Library) -> None:
    added = visitor.post("/photos/4/people", data={"name": "Zoe"})
    assert "Zoe is in it." in text_of(added)
    assert "without a face" in added.text
    key = library.people.get("Zoe").person.key
    removed = visitor.post(f"/photos/4/people/{key}/remove")
    assert "without a face" not in removed.text
    library.people.undo()
    assert [each.name for each in library.photo(4).without_box] == ["Zoe"]


def test_a_hidden_person_has_no_name_here_unless_asked_for(visitor: TestClient, library: Library) -> None:
    library.people.move("Anna", [1])
    library.people.hide("Anna")
    assert "Anna" not in visitor.get("/photos/1").text
    assert "Anna" in visitor.get("/photos/1?hidden=1").text


@pytest.mark.parametrize(
    "path", ["/photos/99", "/photos/1/faces/99", "/faces/99", "/faces/99/why", "/photos/99/tracks"]
)
def test_what_is_not_there_is_not_found(visitor: TestClient, path: str) -> None:
    assert visitor.get(path).status_code == 404


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/photos/1?at=nan", None),
        ("/photos/1/draw", {"name": "Zoe", "x": "nan", "y": "1", "w": "9", "h": "9"}),
        ("/photos/1/draw", {"name": "Zoe", "x": "1", "y": "1", "w": "9"}),
        ("/photos/1/faces/1/name", {"name": "\x1b"}),
        ("/photos/1/faces/1/forget", {}),
    ],
)
def test_bad_requests_are_refused_in_one_line(
    visitor: TestClient, library: Library, path: str, data: dict[str, str] | None
) -> None:
    answer = visitor.get(path) if data is None else visitor.post(path, data=data)
    assert answer.status_code == 400
    assert library.people.log() == ()


def test_a_face_is_drawn_at_the_moment_that_the_form_says(visitor: TestClient, library: Library) -> None:
    """A photo that is no film refuses a moment: so it has arrived."""
    photo = library.people.faces(faces=[1])[0].record.photo_id
    box = {"name": "Anna", "x": 1, "y": 1, "w": 50, "h": 50, "at": 1.5}
    answer = visitor.post(f"/photos/{photo}/draw", data=box)
    assert answer.status_code == 400
    assert "has no moments" in answer.headers["HX-Trigger"]

"""The REST API: what programs read and decide by it, and what its reference says."""

import json
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from faceindex.library import Library
from faceindex.schemas.requests import DecisionRequest
from faceindex.web.api import ask, decisions, people, photos
from faceindex.web.api import library as api_library
from faceindex.web.api.reference import by_subject, kind_of

NOBODY = "0" * 32


def decide(program: TestClient, **decision: Any) -> dict[str, Any]:
    """Take a decision; it must succeed."""
    answer = program.post("/api/decisions", json=decision)
    assert answer.status_code == 200, answer.text
    decided: dict[str, Any] = answer.json()
    return decided


def items(program: TestClient, path: str, **parameters: Any) -> list[Any]:
    """Read a list to its end, two items at a time."""
    found: list[Any] = []
    page = program.get(path, params={**parameters, "most": 2}).json()
    found += page["items"]
    while page["next"] is not None:
        page = program.get(path, params={**parameters, "most": 2, "after": page["next"]}).json()
        found += page["items"]
    assert page["total"] == len(found)
    return found


def everybody(program: TestClient) -> list[Any]:
    """All persons who are not hidden."""
    return items(program, "/api/people")


@pytest.fixture
def anna(program: TestClient, library: Library) -> str:
    """The key of a person whose faces are 1 to 3."""
    cluster = library.clusters().shown[0].faces.cluster_id
    decide(program, kind="move", name="Anna", clusters=[cluster])
    (person,) = everybody(program)
    assert (person["person"], person["confirmed"]) == ("Anna", 3)
    key: str = person["key"]
    return key


def test_people_faces_and_photos_lead_to_one_another(program: TestClient, anna: str) -> None:
    faces = [each["face"] for each in items(program, f"/api/people/{anna}/faces")]
    assert all(each["person"] == "Anna" and each["confirmed"] for each in faces)
    assert program.get(f"/api/faces/{faces[0]['face_id']}").json() == faces[0]
    found = [each["photo"] for each in items(program, "/api/photos", person=anna)]
    assert {each["photo"] for each in found} == {each["photo"] for each in faces}
    shown = program.get(f"/api/photos/{found[0]['photo_id']}").json()
    assert shown["photo"] == found[0]["photo"]
    assert [each["person"] for each in shown["faces"]] == ["Anna"]
    assert items(program, "/api/photos", person=anna, without=anna) == []


def test_clusters_are_listed_until_they_are_named(program: TestClient, anna: str) -> None:
    clusters = items(program, "/api/clusters")
    assert len(clusters) == 3
    faces = items(program, f"/api/clusters/{clusters[0]['cluster']}/faces")
    assert {each["face"]["face_id"] for each in faces} == set(clusters[0]["shown"])


def test_a_decision_is_in_the_log_with_its_source_and_is_undone_by_its_number(
    program: TestClient, anna: str
) -> None:
    renamed = decide(program, kind="rename", person=anna, name="Anne")
    assert program.get(f"/api/people/{anna}").json()["person"] == "Anne"
    (logged,) = program.get("/api/decisions", params={"last": 1}).json()
    assert (logged["decision"], logged["by"]) == (renamed["decision"], "api")
    undone = program.post(f"/api/decisions/{renamed['decision']}/undo")
    assert undone.status_code == 200, undone.text
    assert program.get(f"/api/people/{anna}").json()["person"] == "Anna"


def test_each_kind_of_decision_about_faces_and_persons_is_taken(program: TestClient, anna: str) -> None:
    first, second, third = (each["face"]["face_id"] for each in items(program, f"/api/people/{anna}/faces"))
    decide(program, kind="split", person=anna, faces=[first], name="Berta")
    berta = next(each["key"] for each in everybody(program) if each["person"] == "Berta")
    decide(program, kind="apart", person=anna, other=berta)
    decide(program, kind="move", person=anna, faces=[first])
    decide(program, kind="reject", person=anna, faces=[second])
    decide(program, kind="confirm", person=anna, faces=[second])
    decide(program, kind="portrait", person=anna, face=third)
    decide(program, kind="born", person=anna, date="1990-05")
    decide(program, kind="hide", persons=[anna])
    assert [each["person"] for each in everybody(program)] == ["Berta"]
    decide(program, kind="hide", persons=[anna], hidden=False)
    decide(program, kind="not-a-face", faces=[third])
    decide(program, kind="ignore", faces=[second])
    assert program.get(f"/api/people/{anna}").json()["confirmed"] == 1


def test_persons_are_merged_and_an_old_key_still_leads_to_them(
    program: TestClient, library: Library, anna: str
) -> None:
    decide(program, kind="move", name="Ann", clusters=[library.clusters().shown[0].faces.cluster_id])
    ann = next(each["key"] for each in everybody(program) if each["person"] == "Ann")
    decide(program, kind="merge", person=anna, others=[ann])
    assert program.get(f"/api/people/{ann}").json()["key"] == anna
    assert program.get(f"/api/people/{anna}").json()["confirmed"] == 6


def test_a_person_is_added_to_a_photo_and_removed(program: TestClient, library: Library, anna: str) -> None:
    other = program.get(f"/api/faces/{library.clusters().shown[0].faces.face_ids[0]}").json()
    photo = other["photo_id"]
    decide(program, kind="add-to-photo", person=anna, photos=[photo])
    assert program.get(f"/api/photos/{photo}").json()["without_box"] == ["Anna"]
    found = items(program, "/api/photos", person=anna)
    assert photo in {each["photo"]["photo_id"] for each in found}
    decide(program, kind="remove-from-photo", person=anna, photos=[photo])
    assert program.get(f"/api/photos/{photo}").json()["without_box"] == []


def test_forgetting_needs_the_name(program: TestClient, anna: str) -> None:
    assert program.delete(f"/api/people/{anna}", params={"name": "anna"}).status_code == 400
    assert program.delete(f"/api/people/{anna}", params={"name": "Anna"}).json()["faces"] == 3
    assert program.get(f"/api/people/{anna}").status_code == 404


@pytest.mark.parametrize(
    ("decision", "complaint"),
    [
        ({}, "kind"),
        ({"kind": "marry"}, "marry"),
        ({"kind": "move", "faces": [1]}, "give a person by key, or a name"),
        ({"kind": "move", "faces": [1], "name": "x" * 4000}, "200 characters"),
        ({"kind": "move", "faces": [99], "name": "Anna"}, "99"),
        ({"kind": "move", "name": "Anna"}, "faces"),
        ({"kind": "move", "name": "Anna", "faces": [True]}, "faces.0"),
        ({"kind": "move", "name": "Anna", "faces": ["1"]}, "faces.0"),
        ({"kind": "draw", "name": "Anna", "photo": 1, "box": [True, 1, 1, 1]}, "box.0"),
        ({"kind": "hide", "persons": ["../../etc/passwd"]}, "pattern"),
        ({"kind": "rename", "person": NOBODY, "name": "Anna"}, "Nobody"),
        ({"kind": "confirm", "person": NOBODY, "faces": [1], "photo": "/etc/passwd"}, "photo"),
    ],
)
def test_a_wrong_decision_is_refused_in_one_line(
    program: TestClient, library: Library, decision: dict[str, Any], complaint: str
) -> None:
    answer = program.post("/api/decisions", json=decision)
    assert answer.status_code in (400, 404)
    detail = answer.json()["detail"]
    assert complaint in detail
    assert "\n" not in detail
    assert library.people.log() == ()


def test_a_name_that_looks_like_markup_is_text(program: TestClient) -> None:
    decide(program, kind="move", name='<img src=x onerror="alert(1)">', faces=[1])
    answer = program.get("/api/people", params={"search": "<img"})
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["items"][0]["person"] == '<img src=x onerror="alert(1)">'


def test_all_faces_are_exported_line_by_line(program: TestClient, library: Library) -> None:
    lines = program.get("/api/faces").text.splitlines()
    assert [json.loads(each)["face_id"] for each in lines] == list(range(1, 13))
    figures = program.get("/api/statistics").json()
    assert (figures["faces"], figures["library"]) == (12, str(library.settings.library))
    assert program.get("/api/failures").json() == []


def test_a_picture_that_cannot_be_read_is_refused_in_one_line(program: TestClient) -> None:
    answer = program.post("/api/ask", files={"picture": ("a.jpg", b"no picture", "image/jpeg")})
    assert answer.status_code == 422
    assert "\n" not in answer.json()["detail"]
    assert program.post("/api/ask", files={"photo": b""}).status_code == 400


def test_every_route_is_in_the_document_and_on_the_page(program: TestClient) -> None:
    document = program.get("/api/openapi.json").json()
    shown = program.get("/api").text
    operations = [each for some in by_subject(document).values() for each in some]
    served = {
        (method, f"/api{route.path}")
        for module in (ask, decisions, api_library, people, photos)
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert {(each.method, each.path) for each in operations} == served
    for each in operations:
        assert each.summary
        assert each.answer
        assert f'id="{each.anchor}"' in shown
    kinds = TypeAdapter(DecisionRequest).json_schema()["discriminator"]["mapping"]
    assert all(f"&#34;{kind}&#34;" in shown for kind in kinds)


def test_kinds_are_said_in_words() -> None:
    assert kind_of({"anyOf": [{"type": "string"}, {"type": "null"}]}) == "string or null"
    assert kind_of({"type": "array", "items": {"$ref": "#/components/schemas/FaceSchema"}}) == (
        "list of FaceSchema"
    )


@pytest.mark.parametrize("box", [[0, 0, 0, 0], [1e9, 0, 10, 10], [-50, -50, 10, 10], [0, 0, -5, 5]])
def test_a_box_that_is_in_no_photo_is_refused(
    program: TestClient, library: Library, box: list[float]
) -> None:
    decision = {"kind": "draw", "photo": 1, "box": box, "name": "Anna"}
    answer = program.post("/api/decisions", json=decision)
    assert answer.status_code == 400, answer.text
    assert library.people.log() == ()

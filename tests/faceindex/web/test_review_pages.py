"""The page Review: what it asks, what an answer decides, and what the page keeps of a visit."""

import json
import re

from starlette.testclient import TestClient

from faceindex.library import Library


def names(library: Library) -> dict[str, int]:
    return {each.person.name: each.confirmed for each in library.people.list()}


def answered(visitor: TestClient, **form: object) -> tuple[str, dict[str, object]]:
    answer = visitor.post("/review/answer", data=form)
    assert answer.status_code == 200, answer.text
    return answer.text, json.loads(answer.headers["HX-Trigger"])["toast"]


def hidden(text: str, name: str) -> str:
    found = re.search(rf'type="hidden" name="{name}" value="([^"]*)"', text)
    assert found is not None, name
    return found[1]


def test_a_group_without_a_name_is_named_and_the_next_question_follows(
    visitor: TestClient, library: Library
) -> None:
    page = visitor.get("/review").text
    key, kind = hidden(page, "key"), hidden(page, "kind")
    assert "Who is this, in 3 faces?" in page
    assert "about 4 left" in page
    faces = re.findall(r'name="faces" value="(\d+)"', page)
    assert len(faces) == 3
    text, toast = answered(visitor, key=key, kind=kind, name="<b>Ada</b>", faces=faces[:2], done=0)
    assert names(library) == {"<b>Ada</b>": 2}
    assert "1 answered" in text
    assert hidden(text, "key") != key
    assert "<b>Ada</b>" not in text
    assert toast["undo"]
    library.people.undo()
    again = visitor.get("/review/next", params={"key": key, "done": 0}).text
    assert hidden(again, "key") == key


def test_a_skipped_question_comes_back_by_the_arrow(visitor: TestClient) -> None:
    first = hidden(visitor.get("/review").text, "key")
    second = visitor.get("/review/next", params={"skipped": first}).text
    assert hidden(second, "key") != first
    assert hidden(second, "skipped") == first
    assert f'"key": "{first}"' in second
    back = visitor.get("/review/next", params={"key": first}).text
    assert hidden(back, "key") == first


def test_at_the_end_the_page_says_that_nothing_is_left(visitor: TestClient, library: Library) -> None:
    library.people.ignore(clusters=[each.faces.cluster_id for each in library.clusters().shown])
    assert "Nothing is left to review" in visitor.get("/review").text


def test_a_mixed_person_is_asked_about_as_a_whole(visitor: TestClient, library: Library) -> None:
    library.people.move("Mixed", [1, 2, 3, 4, 5])
    key = library.people.get("Mixed").person.key
    page = visitor.get(f"/review/{key}").text
    assert "About 3 of 6 faces look wrong" in page  # one is recognised by the wrong ones
    assert "rejects Mixed for these 3 faces" in page
    form = {name: hidden(page, name) for name in ("key", "kind", "person", "other")}
    done = visitor.post(f"/review/{key}/answer", data={**form, "faces": [4, 5, 6], "answer": "different"})
    assert "Nothing looks wrong" in done.text
    assert names(library) == {"Mixed": 3}


def test_what_no_page_sends_is_refused_in_one_line(visitor: TestClient, library: Library) -> None:
    for form in (
        {"key": "x", "kind": "new-cluster", "name": "Ada"},
        {"key": "x", "kind": "new-cluster", "name": " ", "faces": [1]},
        {"key": "x", "kind": "new-cluster", "answer": "same", "faces": [1]},
        {"key": "x", "kind": "nothing", "answer": "same", "faces": [1]},
        {"key": "x", "kind": "new-cluster", "answer": "ignore", "faces": [999]},
    ):
        assert visitor.post("/review/answer", data=form).status_code == 400, form
    assert visitor.get("/review/nobody").status_code in (400, 404)
    assert (
        visitor.get("/review/next", params={"skipped": "a,,cluster-x,face--1", "key": "é"}).status_code == 200
    )
    assert not library.people.log()

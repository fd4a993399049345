"""What fails says so in one line, on a page, in a toast, or as JSON; a name is text, whatever it holds."""

import json

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from faceindex.errors import BadRequest, FaceindexError, LibraryLocked, NoLibrary, NotFound
from faceindex.library import Library

MARKUP = "<img src=x onerror=alert(1)>"


def test_a_page_a_toast_and_json_say_the_same(app: FastAPI, visitor: TestClient) -> None:
    @app.get("/api/fails")
    @app.get("/fails")
    def fails() -> None:
        raise NotFound(f"nobody is called {MARKUP}\x1b")

    line = f"Nobody is called {MARKUP}\\x1b"
    toast = visitor.get("/fails")
    assert json.loads(toast.headers["HX-Trigger"])["toast"] == {"text": line, "class": "error"}
    assert visitor.get("/api/fails").json() == {"detail": line}
    del visitor.headers["HX-Request"]
    page = visitor.get("/fails")
    assert "Nobody is called &lt;img src=x onerror=alert(1)&gt;\\x1b" in page.text
    assert [each.status_code for each in (toast, page)] == [404, 404]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (BadRequest, 400),
        (NotFound, 404),
        (NoLibrary, 404),
        (FaceindexError, 409),
        (LibraryLocked, 423),
        (OSError, 500),
    ],
)
def test_each_kind_of_error_has_its_status(
    app: FastAPI, visitor: TestClient, error: type[Exception], status: int
) -> None:
    @app.get("/fails")
    def fails() -> None:
        raise error("it is so")

    assert visitor.get("/fails").status_code == status


def test_a_bug_is_one_line_for_the_page_and_not_hidden(
    app: FastAPI, access: object, visitor: TestClient
) -> None:
    @app.get("/fails")
    def fails() -> None:
        raise KeyError("a bug")

    answer = visitor.get("/fails")
    assert answer.status_code == 500
    assert "a bug" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    visitor._transport.raise_server_exceptions = True
    with pytest.raises(KeyError):
        visitor.get("/fails")


@pytest.mark.parametrize("path", ["/nowhere", "/people/nobody", "/clusters/99", "/clusters/x"])
def test_what_is_not_there_is_one_line(visitor: TestClient, path: str) -> None:
    answer = visitor.get(path)
    assert answer.status_code in (400, 404)
    assert len(json.loads(answer.headers["HX-Trigger"])["toast"]["text"].splitlines()) == 1


@pytest.mark.parametrize(
    "name", [MARKUP, "{{ 7 * 7 }}", "\"'`><", "Robert'); DROP TABLE person;--", "ـ" * 200]
)
def test_a_name_is_text_wherever_it_is_shown(visitor: TestClient, library: Library, name: str) -> None:
    library.people.name(1, name)
    key = library.people.get(name).person.key
    for path in (
        "/people",
        f"/people/{key}",
        "/log",
        "/find",
        "/review",
        f"/find?with={key}",
        "/people/names?q=<img",
    ):
        text = visitor.get(path).text
        assert "<img src=x" not in text
        assert "49" not in text or "{{ 7 * 7 }}" not in name or "{{ 7 * 7 }}" in text


def test_a_name_of_4000_letters_is_refused_in_one_line(
    app: FastAPI, visitor: TestClient, library: Library
) -> None:
    @app.post("/name")
    def name() -> None:
        library.people.name(1, "x" * 4000)

    refused = visitor.post("/name")
    assert refused.status_code == 400
    assert "at most 200 characters" in refused.headers["HX-Trigger"]


@pytest.mark.parametrize(
    "path",
    [
        "/photos/{}",
        "/photos/{}/tracks",
        "/faces/{}",
        "/faces/{}/why",
        "/clusters/{}",
        "/media/faces/{}/112",
        "/media/photos/{}/640",
        "/media/films/{}",
        "/api/photos/{}",
    ],
)
@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**30])
def test_nothing_has_a_number_that_no_library_gives(visitor: TestClient, path: str, number: int) -> None:
    assert visitor.get(path.format(number)).status_code == 404
    assert visitor.post(f"/api/decisions/{number}/undo").status_code == 404

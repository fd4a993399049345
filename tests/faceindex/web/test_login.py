"""The passphrase of a server that other machines can reach."""

import pytest
from starlette.testclient import TestClient

from faceindex.library import Library
from faceindex.web.access import TRIES, Access
from faceindex.web.app import make_app

ORIGIN = "http://192.168.1.20:8420"


@pytest.fixture
def phone(library: Library) -> TestClient:
    """A browser on another machine."""
    app = make_app(library, Access.anywhere(8420, "open sesame"))
    return TestClient(app, ORIGIN, headers={"Origin": ORIGIN}, follow_redirects=False)


def test_whoever_knows_the_passphrase_gets_to_the_page_that_was_asked_for(phone: TestClient) -> None:
    asked = phone.get("/people?q=an")
    assert asked.status_code == 401
    assert 'name="place" value="/people?q=an"' in asked.text
    wrong = phone.post("/login", data={"passphrase": "open barley", "place": "/people?q=an"})
    assert wrong.status_code == 401
    assert "That is not the passphrase." in wrong.text
    entered = phone.post("/login", data={"passphrase": "open sesame", "place": "/people?q=an"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/people?q=an")
    assert phone.get("/people").status_code == 200


def test_after_too_many_tries_the_right_one_is_refused_too(phone: TestClient) -> None:
    for number in range(TRIES):
        assert phone.post("/login", data={"passphrase": f"{number}"}).status_code == 401
    refused = phone.post("/login", data={"passphrase": "open sesame"})
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("place", ["//evil.example", "/\\evil.example", "http://evil.example", "/a\r\nb", ""])
def test_it_leads_to_no_other_server(phone: TestClient, place: str) -> None:
    entered = phone.post("/login", data={"passphrase": "open sesame", "place": place})
    assert entered.headers["location"] == "/people"


def test_a_server_for_this_machine_alone_has_no_passphrase(stranger: TestClient) -> None:
    page = stranger.post("/login", data={"passphrase": ""}, headers={"Origin": "http://127.0.0.1:8420"})
    assert page.status_code == 401
    assert "password" not in page.text

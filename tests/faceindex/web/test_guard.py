"""Who gets in, from where, and with how much; every answer has the headers that bind the browser."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Route
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from faceindex.library import Library
from faceindex.web.access import Access
from faceindex.web.app import make_app
from faceindex.web.context import HERE
from faceindex.web.guard import READS, Limits
from tests.faceindex.web.conftest import ORIGIN

PATHS = ["/", "/people", "/log", "/state/version", "/nowhere", "/media/faces/1/112", "/api/openapi.json"]


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_shown(stranger: TestClient, path: str) -> None:
    refused = stranger.get(path)
    assert refused.status_code == 401
    assert "faceindex serve" in refused.text or refused.json()["detail"]


@pytest.mark.parametrize("token", ["", "wrong", "a" * 32])
def test_a_wrong_token_opens_nothing(stranger: TestClient, token: str) -> None:
    assert stranger.get("/", params={"token": token}).status_code == 401
    assert stranger.get("/people", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert not stranger.cookies


def test_the_printed_address_becomes_a_cookie_and_a_clean_address(
    stranger: TestClient, access: Access
) -> None:
    entered = stranger.get("/people", params={"q": "a b", "token": access.token, "hidden": "1"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/people?q=a+b&hidden=1")
    cookie = entered.headers["set-cookie"].lower()
    assert cookie.startswith("faceindex-8420=")
    assert {"httponly", "samesite=strict", "path=/"} <= {each.strip() for each in cookie.split(";")}
    assert stranger.get("/people").status_code == 200


def test_the_token_leads_to_no_other_server(stranger: TestClient, access: Access) -> None:
    for path in ("//evil.example", "/\\evil.example"):
        entered = stranger.get(f"{ORIGIN}{path}", params={"token": access.token})
        assert entered.headers["location"] in ("/evil.example", "/%5Cevil.example")


def test_a_visit_from_another_page_goes_on_by_a_page_of_our_own(stranger: TestClient, access: Access) -> None:
    linked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    entered = stranger.get('/people"><script>', params={"token": access.token, "q": '"'}, headers=linked)
    assert entered.status_code == 200
    assert entered.text.endswith('content="0;url=/people%22%3E%3Cscript%3E?q=%22">')
    assert "faceindex-8420" in entered.headers["set-cookie"]


def test_the_cookie_of_a_server_at_another_port_is_no_other(stranger: TestClient, access: Access) -> None:
    stranger.cookies.set("faceindex-8421", access.token)
    assert stranger.get("/people").status_code == 401


def test_the_page_that_refuses_says_how_to_get_in_and_leads_back(stranger: TestClient) -> None:
    page = stranger.get('/people?q="><script>')
    assert "Open the address that <code>faceindex serve</code> printed" in page.text
    assert 'href="/people?q=%22%3E%3Cscript%3E"' in page.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8420", "192.168.1.20:8420", ""])
def test_a_page_of_another_name_that_leads_here_is_refused(visitor: TestClient, host: str) -> None:
    assert visitor.get("/people", headers={"Host": host}).status_code == 421
    assert visitor.post("/log/1/undo", headers={"Host": host, "Origin": f"http://{host}"}).status_code == 421


@pytest.mark.parametrize("target", ["http://evil.example/people", f"{ORIGIN}/people", "*", "people"])
def test_a_target_that_is_for_a_proxy_is_refused(visitor: TestClient, app: FastAPI, target: str) -> None:
    async def as_sent(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "path": target, "raw_path": target.encode()}, receive, send)

    visitor._transport = TestClient(as_sent)._transport
    assert visitor.get("/people").status_code == 421


@pytest.mark.parametrize("path", ["/loginx", "/login/", "/login/../people", "/staticx"])
def test_what_begins_as_the_login_does_needs_the_token(stranger: TestClient, path: str) -> None:
    assert stranger.get(f"{ORIGIN}{path}").status_code == 401


FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "http://127.0.0.1:9999"},
    {"Origin": "https://127.0.0.1:8420"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_another_page_changes_nothing(visitor: TestClient, library: Library, headers: dict[str, str]) -> None:
    library.people.name(1, "Anna")
    refused = visitor.post("/log/1/undo", headers=headers)
    assert refused.status_code == 403
    assert [each.active for each in library.people.log()] == [True]


def test_a_change_without_an_origin_needs_a_token_of_its_own(
    visitor: TestClient, program: TestClient, library: Library
) -> None:
    library.people.name(1, "Anna")
    del visitor.headers["Origin"]
    assert visitor.post("/log/1/undo").status_code == 403
    assert program.post("/log/1/undo").status_code == 200
    assert not library.people.log()[0].active


def test_another_page_embeds_nothing_but_may_link_here(visitor: TestClient) -> None:
    for site in ("cross-site", "same-site"):
        embedded = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
        assert visitor.get("/media/faces/1/112", headers=embedded).status_code == 403
        linked = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        assert visitor.get("/people", headers=linked).status_code == 200


def routes_of(routes: list[BaseRoute]) -> Iterator[Route]:
    for each in routes:
        if isinstance(each, Route):
            yield each
        else:
            inner = getattr(each, "original_router", each)  # as newer versions of FastAPI keep it
            yield from routes_of(getattr(inner, "routes", None) or [])


def test_reading_changes_nothing_on_any_page(app: FastAPI, visitor: TestClient, library: Library) -> None:
    """Each page is asked for, with whatever numbers it takes, also by HEAD."""
    library.people.name(1, "Anna")
    key = library.people.get("Anna").person.key
    before, decisions = library.version(), library.people.log()
    filled = {"key": key, "number": "1", "photo_id": "1", "face_id": "1"}
    reads = [each for each in routes_of(app.routes) if (each.methods or set()) & READS]
    assert len(reads) > 8
    for route in reads:
        path = route.path
        for name in route.param_convertors:
            path = path.replace("{" + name + "}", filled.get(name, "112"))
        for method in sorted((route.methods or set()) & READS):
            visitor.request(method, path)
    assert library.version() == before
    assert library.people.log() == decisions


def answers(stranger: TestClient, access: Access) -> Iterator[tuple[str, dict[str, str]]]:
    yield "without a token", dict(stranger.get("/people").headers)
    yield "to another host", dict(stranger.get("/people", headers={"Host": "evil.example"}).headers)
    yield "a file", dict(stranger.get("/static/style.css").headers)
    yield "entered", dict(stranger.get("/", params={"token": access.token}).headers)
    for path in ("/people", "/nowhere", "/state/version", "/log?after=x"):
        yield path, dict(stranger.get(path).headers)
    yield "another page", dict(stranger.post("/log/1/undo", headers={"Origin": "null"}).headers)


def test_every_answer_binds_the_browser(stranger: TestClient, access: Access) -> None:
    for what, headers in answers(stranger, access):
        policy = dict(each.strip().split(" ", 1) for each in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'", what
        assert policy["script-src"] == policy["style-src"] == "'self'", what
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'", what
        assert headers["x-content-type-options"] == "nosniff", what
        login = what == "without a token"  # whose form needs it
        assert headers["referrer-policy"] == ("same-origin" if login else "no-referrer"), what
        assert headers["cross-origin-resource-policy"] == "same-origin", what
        assert headers["cross-origin-opener-policy"] == "same-origin", what
        assert "camera=()" in headers["permissions-policy"], what
        assert not any(name.startswith("access-control-") for name in headers), what
        assert headers["cache-control"] == ("no-cache" if what == "a file" else "no-store"), what


def test_only_the_login_sends_a_form_without_a_script() -> None:
    """Another one would be refused: without a referrer, its origin is "null"."""
    templates = list((HERE / "templates").rglob("*.html"))
    with_form = {each.name for each in templates if 'method="post"' in each.read_text()}
    assert with_form == {"login.html"}


def test_a_preflight_gets_no_leave(visitor: TestClient) -> None:
    asked = {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}
    answer = visitor.options("/log/1/undo", headers=asked)
    assert answer.status_code >= 400
    assert "access-control-allow-origin" not in answer.headers


def test_a_file_is_sent_once(stranger: TestClient) -> None:
    first = stranger.get("/static/style.css")
    assert (
        stranger.get("/static/style.css", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    )
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
        assert stranger.get(path).status_code in (401, 404)


@pytest.fixture
def narrow(library: Library, access: Access) -> TestClient:
    """A server that takes 100 bytes, and 1,000 of a picture."""
    app = make_app(library, access, Limits(body=100, upload=1000))
    headers = {"Authorization": f"Bearer {access.token}"}
    return TestClient(app, ORIGIN, headers=headers, raise_server_exceptions=False)


def test_a_body_is_bounded_whether_its_length_is_said_or_not(narrow: TestClient) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    right = narrow.post("/login", content=b"passphrase=" + b"x" * 80, headers=form)
    assert right.status_code == 401
    for content in (b"x" * 101, iter([b"passphrase=", b"x" * 50, b"x" * 60])):
        refused = narrow.post("/login", content=content, headers={**form, "HX-Request": "true"})
        assert refused.status_code == 413
        assert "too large" in refused.headers["HX-Trigger"]
    for length in ("-1", "1e3", "1" * 30):
        assert (
            narrow.post("/login", content=b"", headers={**form, "Content-Length": length}).status_code == 413
        )


def test_a_body_that_does_not_come_is_not_waited_for(library: Library, access: Access) -> None:
    app = make_app(library, access, Limits(body_seconds=0))
    scope = {
        "type": "http", "http_version": "1.1", "method": "POST", "scheme": "http", "path": "/login",
        "raw_path": b"/login", "query_string": b"", "server": ("127.0.0.1", 8420), "client": ("127.0.0.1", 1),
        "headers": [
            (b"host", b"127.0.0.1:8420"), (b"content-length", b"50"),
            (b"authorization", f"Bearer {access.token}".encode()),
            (b"content-type", b"application/x-www-form-urlencoded"),
        ],
    }  # fmt: skip
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    with ThreadPoolExecutor(1) as pool:  # in this thread, a browser's loop may be running
        pool.submit(asyncio.run, app(scope, receive, send)).result()
    assert sent[0]["status"] == 408


def test_only_a_picture_may_be_larger(narrow: TestClient) -> None:
    assert narrow.post("/ask", content=b"x" * 1000).status_code != 413
    assert narrow.post("/ask", content=b"x" * 1001).status_code == 413

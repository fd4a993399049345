"""The app on a library of made descriptors: four people without a name, three photos of each."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from faceindex.library import Library
from faceindex.settings import Settings
from faceindex.web.access import Access
from faceindex.web.app import make_app
from tests.faceindex.made_library import direction, face, fill, like

ORIGIN = "http://127.0.0.1:8420"
PEOPLE, PHOTOS = 4, 3


@pytest.fixture(scope="session")
def made_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the library; to be copied only."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "photos").mkdir()
    settings = Settings.load(library=folder / "data" / "library.db", model="sface")
    faces = [
        face(like(direction(person), 0.9, 100 + person * PHOTOS + number))
        for person in range(PEOPLE)
        for number in range(PHOTOS)
    ]
    fill(settings, [[each] for each in faces], folder / "photos")
    with Library(settings) as made:
        made.cluster()
    return settings.library.parent


@pytest.fixture
def library(made_library: Path, tmp_path: Path) -> Iterator[Library]:
    """The library; the faces of the first person are the numbers 1 to 3, and so on."""
    shutil.copytree(made_library, tmp_path / "data")
    with Library(Settings.load(library=tmp_path / "data" / "library.db", model="sface")) as opened:
        yield opened


@pytest.fixture
def access() -> Access:
    return Access.here(8420)


@pytest.fixture
def app(library: Library, access: Access) -> FastAPI:
    return make_app(library, access)


@pytest.fixture
def stranger(app: FastAPI) -> TestClient:
    """A browser that has not entered."""
    return TestClient(app, ORIGIN, follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture
def visitor(stranger: TestClient, access: Access) -> TestClient:
    """A browser that has entered, and whose requests come from our pages."""
    stranger.get("/", params={"token": access.token})
    stranger.headers.update({"Origin": ORIGIN, "Sec-Fetch-Site": "same-origin", "HX-Request": "true"})
    return stranger


@pytest.fixture
def program(app: FastAPI, access: Access) -> TestClient:
    """A program that has the token, and no cookie."""
    headers = {"Authorization": f"Bearer {access.token}"}
    return TestClient(app, ORIGIN, headers=headers, follow_redirects=False, raise_server_exceptions=False)

"""A library of a few photos and films, scanned once."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from faceindex.library import Library
from faceindex.results import Listeners
from faceindex.settings import Settings
from pipeline.decoding.decoders import Decoder
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import PhotoFile
from tests.functional.films import save_film
from tests.functional.people import astronaut, landscape, save


@dataclass(frozen=True)
class Viewed:
    """A scanned library; ``notes`` are what it told since."""

    library: Library
    folder: Path
    notes: list[str]

    def photo_id(self, name: str) -> int:
        """The number of a photo or film."""
        ((number,),) = self.execute("SELECT id FROM photo WHERE path = ?", bytes(self.folder / name))
        return int(number)

    def face_id(self, name: str) -> int:
        """The number of the first face of a photo or film."""
        (record, *_) = [
            each.record for each in self.library.faces() if each.record.photo == bytes(self.folder / name)
        ]
        return record.face_id

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Run SQL on the library."""
        with closing(sqlite3.connect(self.library.settings.library)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    @property
    def thumbnails(self) -> Path:
        """The file of the pictures of faces."""
        path = self.library.settings.library
        return path.with_name(f"{path.name}.thumbnails")


@pytest.fixture(scope="session")
def scanned(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Settings:
    """To be copied only: its photos stay where they are."""
    home = tmp_path_factory.mktemp("viewed")
    folder = home / "photos"
    save(astronaut(), folder / "one.jpg")
    save(_pair(), folder / "two.jpg")
    save(astronaut(3).resize((1024, 1024)), folder / "large.jpg")
    save(landscape(), folder / "hills.jpg")
    person = astronaut(5).resize((200, 200))
    save_film(folder / "film.mp4", [(2, ()), (2, ((person, 100),))])
    settings = Settings.load(library=home / "data" / "library.db", cache_dir=cache, model="sface", workers=2)
    with Library(settings) as library:
        library.scan([folder])
    return settings


@pytest.fixture
def viewed(scanned: Settings, tmp_path: Path) -> Iterator[Viewed]:
    """A library of its own for the test."""
    data = tmp_path / "data"
    shutil.copytree(scanned.library.parent, data)
    settings = scanned.model_copy(update={"library": data / scanned.library.name})
    notes: list[str] = []
    with Library(settings, Listeners(note=notes.append)) as library:
        yield Viewed(library, scanned.library.parent.parent / "photos", notes)


@pytest.fixture
def without_thumbnails(viewed: Viewed) -> Viewed:
    """The same, without kept pictures of faces."""
    viewed.thumbnails.unlink()
    return viewed


@pytest.fixture
def decodes(viewed: Viewed, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the photos that are decoded from now on."""
    decoded: list[str] = []
    reader = viewed.library.pictures._reader
    original = reader._opened

    def noted(file: PhotoFile) -> AbstractContextManager[tuple[OpenPhoto, Decoder]]:
        decoded.append(Path(file.path.decode()).name)
        return original(file)

    monkeypatch.setattr(reader, "_opened", noted)
    return decoded


def _pair() -> Image.Image:
    photo = Image.new("RGB", (560, 280), (90, 110, 130))
    photo.paste(astronaut(8), (10, 10))
    photo.paste(astronaut(20), (290, 10))
    return photo

"""A command line with an empty home, and one library that many tests read."""

import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.functional.command import CommandLine
from tests.functional.halfway import PHOTOS
from tests.functional.people import astronaut, landscape, save


@pytest.fixture(scope="session", autouse=True)
def _take_interrupts() -> None:
    """Commands heed Ctrl-C also where the tests run in the background of a shell, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def command(tmp_path: Path, cache: Path) -> CommandLine:
    """A command line without a library yet."""
    home = tmp_path / "home"
    home.mkdir()
    return CommandLine(home, cache, tmp_path / "data" / "library.db", tmp_path)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """An empty folder for photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory, hopper: Path) -> Path:
    """Two photos of one person, one of another, one of nobody. Only to be read."""
    folder = tmp_path_factory.mktemp("album")
    for name, variety in (("collins.jpg", 0), ("launch/collins too.jpg", 5)):
        save(astronaut(variety), folder / name)
    save(landscape(), folder / "hills.jpg")
    (folder / "hopper.jpg").write_bytes(hopper.read_bytes())
    (folder / "notes.txt").write_text("no photo, and no failure")
    return folder


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough photos for three batches, one in eight with a face, always of one person. Only to be read."""
    folder = tmp_path_factory.mktemp("many")
    for number in range(PHOTOS):
        picture = landscape(number) if number % 8 else astronaut(number // 8)
        save(picture, folder / f"{number:03}.jpg")
    return folder


@pytest.fixture(scope="session")
def scanned(tmp_path_factory: pytest.TempPathFactory, cache: Path, album: Path) -> CommandLine:
    """A command line whose library holds the album. Only to be read."""
    home = tmp_path_factory.mktemp("home")
    command = CommandLine(home, cache, home / "data" / "library.db", home)
    ran = command.run("scan", "--model", "sface", album)
    assert ran.code == 0, ran.err
    return command


@pytest.fixture
def copied(scanned: CommandLine, command: CommandLine) -> CommandLine:
    """A command line with a copy of the album's library, to be changed at will."""
    shutil.copytree(scanned.library.parent, command.library.parent)  # with its permissions
    return replace(command)

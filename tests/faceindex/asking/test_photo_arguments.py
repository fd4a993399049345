"""Files, folders, URLs and standard input as photos: what comes, in what order, and what is left behind."""

import io
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from faceindex.asking import photo_arguments
from faceindex.asking.photo_arguments import NamedPhoto, named_photo, named_photos
from faceindex.asking.photo_download import fetch_photo
from faceindex.errors import BadRequest
from faceindex.paths import AnyPath
from pipeline.models.download import DownloadFailed
from pipeline.values import PhotoFailed, Reason
from tests.pipeline.models.server import FileServer, serving


class Input(io.TextIOWrapper):
    """Standard input that holds some bytes, perhaps typed at a terminal."""

    def __init__(self, content: bytes, *, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(content))
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@pytest.fixture
def server() -> Iterator[FileServer]:
    with serving(FileServer(b"a photo")) as state:
        yield state


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_mixture_in_its_order(
    server: FileServer, tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "photos"
    for name in ("b.jpg", "a.jpg", "sub/c.jpg", ".hidden.jpg", "private/d.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / ".faceindexignore").write_text("private\n")
    monkeypatch.setattr(sys, "stdin", Input(b"from a pipe"))
    names: list[AnyPath] = [
        f"{server.url}/x.jpg",
        folder,
        "-",
        str(folder / "private/d.jpg"),
        tmp_path / "gone.jpg",
    ]

    found, contents = [], []
    for photo in named_photos(names):
        assert isinstance(photo, NamedPhoto)
        found.append((os.path.basename(photo.name), photo.found))
        contents.append(Path(os.fsdecode(photo.path)).read_text() if os.path.exists(photo.path) else None)

    assert found == [
        (b"x.jpg", False),
        (b"a.jpg", True),
        (b"b.jpg", True),
        (b"c.jpg", True),
        (b"-", False),
        (b"d.jpg", False),
        (b"gone.jpg", False),
    ]
    assert contents == ["a photo", "a.jpg", "b.jpg", "sub/c.jpg", "from a pipe", "private/d.jpg", None]
    assert list(temporary.iterdir()) == []


def test_a_file_that_has_the_name_of_standard_input_is_given_as_a_path(tmp_path: Path) -> None:
    with named_photo(Path("-")) as photo:
        assert photo == NamedPhoto(os.fsencode(os.path.abspath("-")), os.fsencode(os.path.abspath("-")))


@pytest.mark.parametrize("status", [403, 404, 500])
def test_what_a_server_answers_is_the_failure(server: FileServer, status: int) -> None:
    server.status = status
    with named_photo(f"{server.url}/x.jpg") as failed:
        assert isinstance(failed, PhotoFailed)
    assert failed.file.path == f"{server.url}/x.jpg".encode()
    assert failed.reason is Reason.UNREADABLE
    assert failed.message.startswith(f"the server answered {status} ")


def test_a_broken_connection_and_a_dead_port_are_failures(server: FileServer, temporary: Path) -> None:
    server.cut_after = 3
    with pytest.raises(DownloadFailed, match=r"3 bytes read|after 3 of 7 bytes"):
        fetch_photo(server.url, io.BytesIO(), 100)
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))
        with pytest.raises(DownloadFailed, match="cannot be reached"):
            fetch_photo(f"http://127.0.0.1:{nobody.getsockname()[1]}/", io.BytesIO(), 100)


def test_a_server_that_never_answers_is_given_up() -> None:
    with closing(socket.socket()) as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with pytest.raises(DownloadFailed, match=r"within 0\.1 seconds"):
            fetch_photo(f"http://127.0.0.1:{mute.getsockname()[1]}/", io.BytesIO(), 100, seconds=0.1)


@pytest.mark.parametrize("tells_length", [True, False])
def test_too_much_is_refused(server: FileServer, tells_length: bool) -> None:
    server.content, server.tells_length = bytes(2_000_001), tells_length
    file = io.BytesIO()
    with pytest.raises(DownloadFailed, match="more than 2 MB"):
        fetch_photo(server.url, file, 2_000_000)
    assert len(file.getvalue()) <= 2_000_000


def test_redirects_are_followed_a_few_times_and_never_to_a_file(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    server.redirects = {
        "one": "/two",
        "two": "/three",
        "round": "/round",
        "file": f"file://{tmp_path}/secret",
    }
    file = io.BytesIO()
    fetch_photo(f"{server.url}/one", file, 100)
    assert file.getvalue() == b"a photo"
    with pytest.raises(DownloadFailed, match="redirects too often"):
        fetch_photo(f"{server.url}/round", io.BytesIO(), 100)
    with pytest.raises(DownloadFailed, match="cannot be reached"):
        fetch_photo(f"{server.url}/file", io.BytesIO(), 100)


def test_a_terminal_is_no_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Input(b"", terminal=True))
    with pytest.raises(BadRequest, match="is a terminal"), named_photo("-"):
        pass


def test_standard_input_has_a_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Input(bytes(11)))
    monkeypatch.setattr(photo_arguments, "MOST_BYTES", 10)
    with named_photo("-") as failed:
        assert isinstance(failed, PhotoFailed)
    assert failed.reason is Reason.TOO_LARGE


def test_a_folder_that_cannot_be_listed_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "photos/closed").mkdir(parents=True)
    (tmp_path / "photos/closed").chmod(0)
    if os.access(tmp_path / "photos/closed", os.R_OK):
        pytest.skip("this user may read everything")
    (failed,) = named_photos([tmp_path / "photos"])
    assert isinstance(failed, PhotoFailed)
    assert failed.message == "it cannot be listed: let this user read it"


def test_empty_standard_input_and_other_protocols_say_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdin", Input(b""))
    for name, message in (
        ("-", "standard input gave nothing: name it once"),
        ("ftp://host/photo.jpg", "photos are fetched by http:// and https:// only"),
        (f"file://{tmp_path}/photo.jpg", "photos are fetched by http:// and https:// only"),
    ):
        with named_photo(name) as failed:
            assert isinstance(failed, PhotoFailed)
        assert (failed.message, failed.file.path) == (message, name.encode())

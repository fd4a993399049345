"""The page Ask: what it answers about a picture, and that nothing of the picture is kept."""

import tempfile
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from faceindex.library import Library
from tests.functional.people import astronaut, jpeg, landscape


def ask(visitor: TestClient, content: bytes, name: str = "picture") -> str:
    answer = visitor.post("/ask", files={"picture": (name, content)})
    assert answer.status_code in (200, 422), answer.text
    text: str = answer.text
    return text


def contents(folder: Path) -> dict[str, str]:
    return {
        each.name: sha256(each.read_bytes()).hexdigest()
        for each in sorted(folder.iterdir())
        if each.is_file()
    }


def test_a_face_is_shown_with_its_box_and_the_nearest_faces_and_nothing_is_kept(
    visitor: TestClient, library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    library.people.move("Ada", [1, 2])
    library.close()
    before = contents(library.settings.library.parent)
    text = ask(visitor, jpeg(astronaut()), "../../<b>evil</b>.jpg")
    assert "1 face" in text
    assert "<rect" in text
    assert "/photos/" in text
    assert "faceindex people enroll" in text
    assert "evil" not in text
    assert list(folder.iterdir()) == []
    library.close()
    assert contents(library.settings.library.parent) == before


def test_a_picture_without_a_face_and_files_that_are_none(visitor: TestClient) -> None:
    assert "No face was found" in ask(visitor, jpeg(landscape()))
    assert "no picture of a supported format" in ask(visitor, b"hello")
    truncated = jpeg(astronaut())
    assert "cannot be read" in ask(visitor, truncated[: len(truncated) // 3])
    assert "cannot be read" in ask(visitor, b"")
    assert visitor.post("/ask").status_code == 400


def test_without_javascript_the_whole_page_answers(visitor: TestClient) -> None:
    del visitor.headers["HX-Request"]
    assert "<title>Ask" in ask(visitor, jpeg(landscape()))
    assert "<title>Ask" in ask(visitor, b"hello")

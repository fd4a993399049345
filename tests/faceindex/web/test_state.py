"""The page State: figures, what waits, what fails, and whether a run is at work."""

from pathlib import Path

from starlette.testclient import TestClient

from faceindex.library import Library
from faceindex.lock import locked
from faceindex.scanning.scan import ScanOptions


def test_it_counts_what_is_there(visitor: TestClient, library: Library) -> None:
    library.people.name(1, "Anna")
    page = visitor.get("/state").text
    for name, number in (("People", 1), ("Faces", 12), ("Photos", 12)):
        assert f"<dt>{name}</dt><dd>{number}</dd>" in page
    assert str(library.settings.library) in page
    assert "<dd>began " not in page.split("Last run")[0]


def test_it_says_that_a_run_is_at_work_and_disturbs_none(visitor: TestClient, library: Library) -> None:
    with locked(library.settings.library):
        assert "A run is at work" in visitor.get("/state").text
    assert "A run is at work" not in visitor.get("/state").text
    assert "began" in visitor.get("/state").text
    with locked(library.settings.library, patience=0):
        pass


def test_files_that_cannot_be_read_are_listed_with_reasons(
    visitor: TestClient, library: Library, tmp_path: Path
) -> None:
    assert "None." in visitor.get("/state").text
    broken = tmp_path / "more" / "<b>broken\udcff.jpg"
    broken.parent.mkdir()
    broken.write_bytes(b"\xff\xd8\xff" + bytes(100))
    library.scan(broken.parent, ScanOptions())
    page = visitor.get("/state").text
    assert "&lt;b&gt;broken\\xff.jpg" in page
    assert "Cannot be read" in page


def test_the_number_of_questions_comes_after_the_rest(visitor: TestClient) -> None:
    assert 'hx-get="/state/review" hx-trigger="load"' in visitor.get("/state").text
    assert "4 questions about faces" in visitor.get("/state/review").text


def test_the_version_differs_after_every_change_by_whomever(visitor: TestClient, library: Library) -> None:
    def version() -> str:
        text: str = visitor.get("/state/version").json()["version"]
        return text

    first = version()
    assert version() == first
    with Library(library.settings) as other:
        other.people.name(1, "Anna")
    second = version()
    assert second != first
    undone = visitor.post("/log/1/undo")
    assert undone.headers["X-Library-Before"] == second
    assert undone.headers["X-Library-After"] == version() != second
    assert f'data-version="{version()}"' in visitor.get("/log").text

"""What a browser gets of pictures and films, and what it gets where there is none."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from faceindex.web.access import Access
from faceindex.web.app import make_app
from tests.faceindex.viewing.conftest import Viewed, scanned, viewed
from tests.faceindex.web.conftest import ORIGIN

__all__ = ["scanned", "viewed"]


@pytest.fixture
def page(viewed: Viewed) -> Iterator[TestClient]:
    """A browser that has entered; all its requests are answered by one event loop, as those of a server."""
    access = Access.here(8420)
    headers = {"Authorization": f"Bearer {access.token}"}
    with TestClient(make_app(viewed.library, access), ORIGIN, headers=headers) as client:
        yield client


@pytest.fixture
def film(viewed: Viewed) -> tuple[str, bytes]:
    """The address of a film, and its content."""
    return f"/media/films/{viewed.photo_id('film.mp4')}", (viewed.folder / "film.mp4").read_bytes()


@pytest.mark.parametrize("size", [112, 320])
def test_a_face(viewed: Viewed, page: TestClient, size: int) -> None:
    found = page.get(f"/media/faces/{viewed.face_id('large.jpg')}/{size}")
    assert (found.status_code, found.headers["content-type"]) == (200, "image/jpeg")
    assert found.content.startswith(b"\xff\xd8")
    assert found.headers["cache-control"] == "no-store"
    assert "etag" not in found.headers


def test_a_photo_and_a_frame(viewed: Viewed, page: TestClient, film: tuple[str, bytes]) -> None:
    for address in (f"/media/photos/{viewed.photo_id('one.jpg')}/640", f"{film[0]}/at/2.5"):
        found = page.get(address)
        assert (found.status_code, found.headers["content-type"]) == (200, "image/jpeg")


@pytest.mark.parametrize(
    "address",
    ["/media/faces/999/112", "/media/photos/999/640", "/media/films/999/at/1", "/media/faces/999/320"],
)
def test_what_is_not_there_is_a_picture_that_says_so(page: TestClient, address: str) -> None:
    found = page.get(address)
    assert (found.status_code, found.headers["content-type"]) == (404, "image/svg+xml")
    assert "there is no" in found.text
    assert page.head(address).status_code == 404


def test_a_file_that_cannot_be_read_is_named_as_text(
    viewed: Viewed, page: TestClient, tmp_path: Path
) -> None:
    number = viewed.photo_id("one.jpg")
    path = tmp_path / "<script>alert(1)<\udcff.jpg"
    viewed.execute("UPDATE photo SET path = ? WHERE id = ?", bytes(path), number)
    found = page.get(f"/media/photos/{number}/640")
    assert found.status_code == 404
    assert "&lt;script&gt;" in found.text
    assert "<script" not in found.text


@pytest.mark.parametrize(
    "address",
    ["faces/1/113", "photos/1/1", "faces/x/112", "films/1/at/nan", "films/1/at/-1", "photos/../1/640"],
)
def test_what_makes_no_sense_is_refused(page: TestClient, address: str) -> None:
    assert page.get(f"/media/{address}").status_code in (400, 404)


def test_a_photo_is_no_film(viewed: Viewed, page: TestClient) -> None:
    found = page.get(f"/media/films/{viewed.photo_id('one.jpg')}")
    assert found.status_code == 404
    assert found.text.endswith("one.jpg: it is no film.\n")


def test_a_whole_film(page: TestClient, film: tuple[str, bytes]) -> None:
    address, content = film
    found = page.get(address)
    assert found.status_code == 200
    assert found.content == content
    assert found.headers["content-type"] == "video/mp4"
    assert found.headers["accept-ranges"] == "bytes"
    assert found.headers["content-length"] == str(len(content))
    head = page.head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(content))


RANGES = [("0-0", 0, 1), ("10-19", 10, 20), ("100-", 100, None), ("-7", -7, None), ("5-999999999", 5, None)]


@pytest.mark.parametrize(("asked", "first", "end"), RANGES)
def test_a_part_of_a_film(
    page: TestClient, film: tuple[str, bytes], asked: str, first: int, end: int | None
) -> None:
    address, content = film
    found = page.get(address, headers={"Range": f"bytes={asked}"})
    assert found.status_code == 206
    assert found.content == content[first:end]
    begin = first % len(content)
    last = begin + len(found.content) - 1
    assert found.headers["content-range"] == f"bytes {begin}-{last}/{len(content)}"


@pytest.mark.parametrize("asked", ["999999999-", "-0"])
def test_a_part_beyond_the_end(page: TestClient, film: tuple[str, bytes], asked: str) -> None:
    address, content = film
    found = page.get(address, headers={"Range": f"bytes={asked}"})
    assert (found.status_code, found.content) == (416, b"")
    assert found.headers["content-range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize(
    "asked", ["bytes=9-3", "bytes=1-2,5-6", "bytes=a-b", "lines=1-2", "bytes=-", "bytes"]
)
def test_what_is_no_part_is_the_whole(page: TestClient, film: tuple[str, bytes], asked: str) -> None:
    found = page.get(film[0], headers={"Range": asked})
    assert (found.status_code, found.content) == (200, film[1])


def test_a_part_of_a_film_that_is_another_one_now(page: TestClient, film: tuple[str, bytes]) -> None:
    address, content = film
    known = page.get(address).headers
    for validator in (known["etag"], known["last-modified"]):
        part = page.get(address, headers={"Range": "bytes=0-4", "If-Range": validator})
        assert (part.status_code, part.content) == (206, content[:5])
    whole = page.get(address, headers={"Range": "bytes=0-4", "If-Range": '"another"'})
    assert (whole.status_code, whole.content) == (200, content)


def test_many_at_once(viewed: Viewed, page: TestClient) -> None:
    viewed.thumbnails.unlink()
    numbers = [each.record.face_id for each in viewed.library.faces()]
    addresses = [f"/media/faces/{numbers[at % len(numbers)]}/112" for at in range(60)]
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(page.get, addresses))
    assert {each.status_code for each in found} == {200}
    assert len({each.content for each in found}) == len(numbers)


def test_the_file_of_pictures_is_deleted_meanwhile(viewed: Viewed, page: TestClient) -> None:
    address = f"/media/faces/{viewed.face_id('one.jpg')}/320"
    before = page.get(address).content
    viewed.thumbnails.unlink()
    assert page.get(address).status_code == 200
    assert viewed.thumbnails.exists()
    assert before.startswith(b"\xff\xd8")

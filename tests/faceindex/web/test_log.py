"""The page Log: what was decided, by whom, and how it is taken back; it is read a part at a time."""

import json
import re
from collections.abc import Mapping

from httpx import Response
from starlette.testclient import TestClient

from faceindex.library import Library


def entries(page: str) -> list[tuple[int, str]]:
    """The numbers of the decisions on a page, and what each says."""
    found = re.findall(r'id="decision-(\d+)".*?<strong class="sentence">(.*?)</strong>', page, re.DOTALL)
    return [(int(number), re.sub(r"<.*?>", "", text)) for number, text in found]


def toast(answer: Response) -> Mapping[str, object]:
    found: Mapping[str, object] = json.loads(answer.headers["HX-Trigger"])["toast"]
    return found


def test_it_says_what_was_decided_by_whom_and_about_which_faces(
    visitor: TestClient, library: Library
) -> None:
    cluster = library.clusters().shown[0].faces
    library.people.name(cluster.cluster_id, "Anna")
    library.people.by("page").rename("Anna", "Berta")
    page = visitor.get("/log").text
    assert entries(page) == [(2, "Anna is called Berta"), (1, "3 faces: Anna")]
    assert re.findall(r'<span class="by">(.*?)</span>', page) == ["page", "python"]
    for face in cluster.face_ids:
        assert f"/media/faces/{face}/112" in page


def test_an_undo_says_so_and_is_taken_back_by_its_toast(visitor: TestClient, library: Library) -> None:
    library.people.name(1, "Anna")
    undone = visitor.post("/log/1/undo")
    assert toast(undone) == {"text": "Undone: 3 faces: Anna", "undo": None, "redo": [2]}
    assert "undone" in json.loads(undone.headers["HX-Trigger"])
    page = visitor.get("/log").text
    assert entries(page) == [(2, "Undo of 1"), (1, "3 faces: Anna")]
    assert "Redo" in page
    assert not library.people.list()
    again = visitor.post("/log/2/undo")
    assert toast(again) == {"text": "Holds again: 3 faces: Anna", "undo": [3], "redo": None}
    assert [each.person.name for each in library.people.list()] == ["Anna"]
    refused = visitor.post("/log/2/undo")
    assert refused.status_code == 400
    assert "undone already" in str(toast(refused)["text"])


def test_decisions_of_the_page_are_by_whoever_made_them(visitor: TestClient, library: Library) -> None:
    library.people.by("command line").name(1, "Anna")
    visitor.post("/log/1/undo")
    assert [each.decision.source for each in library.people.log()] == ["command line", library.people.source]


def test_a_long_log_is_read_in_parts_without_a_gap(visitor: TestClient, library: Library) -> None:
    library.people.name(1, "Anna 0")
    for number in range(65):
        library.people.rename(f"Anna {number}", f"Anna {number + 1}")
    seen, address = list[int](), "/log"
    while address:
        part = visitor.get(address).text
        seen += [number for number, _ in entries(part)]
        more = re.search(r'class="more" hx-get="(.*?)"', part)
        address = more[1] if more else ""
    assert seen == list(range(66, 0, -1))


def test_what_was_forgotten_cannot_be_undone(visitor: TestClient, library: Library) -> None:
    library.people.name(1, "Anna")
    library.people.forget("Anna")
    page = visitor.get("/log").text
    assert "Anna" not in page
    assert "hx-post" not in page

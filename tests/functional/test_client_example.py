"""The example of docs/page.md for programs that use the REST API does what it says."""

import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.browser.server import serve
from tests.functional.command import CommandLine
from tests.functional.people import astronaut, save

pytestmark = pytest.mark.slow

PAGE = Path(__file__).resolve().parents[2] / "docs" / "page.md"
EXAMPLE = re.compile(r"<!-- client-example -->\n```python\n(.*?)```.*?```text\n(.*?)```", re.DOTALL)


def test_it_prints_what_the_document_says(command: CommandLine, photos: Path) -> None:
    found = EXAMPLE.search(PAGE.read_text())
    assert found is not None
    code, expected = found.groups()
    for variety in (0, 5):
        save(astronaut(variety), photos / f"{variety}.jpg")
    for arguments in (("scan", "--model", "sface", photos), ("cluster",)):
        assert command.run(*arguments).code == 0
    with serve(command) as served:
        ran = subprocess.run(
            [sys.executable, "-c", code, served.address],
            env=command.variables,
            capture_output=True,
            text=True,
        )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == expected


def test_a_program_asks_who_is_in_a_picture(copied: CommandLine, album: Path) -> None:
    assert copied.run("people", "enroll", "Grace", album / "hopper.jpg").code == 0
    with serve(copied) as served, (album / "hopper.jpg").open("rb") as picture:
        address = httpx.URL(served.address)
        headers = {"Authorization": f"Bearer {address.params['token']}"}
        answer = httpx.post(address.join("/api/ask"), files={"picture": picture}, headers=headers, timeout=60)
    (face,) = answer.raise_for_status().json()
    assert face["person"] == "Grace"
    assert face["certainty"] == "confirmed"  # the library knows the picture: it is no match of itself
    assert str(album / "hopper.jpg") not in {each["photo"] for each in face["matches"]}

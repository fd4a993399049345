"""The example of docs/page.md for programs that use the REST API does what it says."""

import re
import subprocess
import sys
from pathlib import Path

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

"""Every test that docs/reliability.md names is there, so that no promise stands there without one."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]

ROWS = [
    line
    for line in (CHECKOUT / "docs" / "reliability.md").read_text().splitlines()
    if line.startswith("| ") and not line.startswith(("| promise", "| ---"))
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:40])
def test_each_promise_has_its_tests(row: str) -> None:
    _, promise, held_by, _ = (cell.strip() for cell in row.split("|"))
    assert promise
    places = held_by.split("; ")
    for place in places:
        path, *names = re.findall(r"`([^`]+)`", place)
        content = (CHECKOUT / path).read_text()
        for name in names or ["test_"]:
            assert re.search(rf"^ *(?:def|class) {name}", content, re.MULTILINE), f"{path}: {name}"

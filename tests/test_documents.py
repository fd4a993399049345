"""What the documents name exists: the tests behind each promise, the benchmarks, the pages, the modules."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
DOCS = CHECKOUT / "docs"
PAGES = (CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted(DOCS.glob("*.md")))
ROOMS = ("faceindex", "index", "pipeline", "migrations", "tests", "benchmarks")

ROWS = [
    line
    for line in (DOCS / "reliability-tests.md").read_text().splitlines()
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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_names_only_pages_modules_and_benchmarks_that_exist(page: Path) -> None:
    text = " ".join(page.read_text().split())
    linked = [page.parent / target for target in re.findall(r"\]\(([^)#:]+)\)", text)]
    modules = re.findall(r"python -m ((?:benchmarks|tests)\.\w+)", text)
    runnable = [
        any((CHECKOUT / name.replace(".", "/")).with_suffix(suffix).exists() for suffix in (".py", ""))
        for name in modules
    ]
    named = [CHECKOUT / path for path in re.findall(rf"`((?:{'|'.join(ROOMS)})/[\w/.]+)`", text)]
    assert [str(path) for path in (*linked, *named) if not path.exists()] == []
    assert all(runnable), modules

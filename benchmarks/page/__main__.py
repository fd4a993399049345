"""How long the page of a large library takes, by Chromium's clock, and what its tab holds in memory.

    python -m benchmarks.made_library FILE --faces 100000 --names 1300 --share 0.5 --largest 11000
    python -m benchmarks.page FILE [--times 7]

A copy of the library is used; its faces get drawn pictures, as a scan would have kept. Times are medians and
largest values, in milliseconds: of a page, from the visit until it is loaded with the pictures in its
window; of more of a list, from the request until it was painted; of a decision, from the press of its key
until what it changed was painted. The tab's memory is the proportional set size of its process.
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.page.drawn_faces import fill
from benchmarks.page.tab import Browsing, Tab, open_tab
from benchmarks.process import machine, print_table
from faceindex import Library, Settings


@contextmanager
def served(library: Path) -> Iterator[str]:
    """Serve a library on a free port; yield the address."""
    command = [sys.executable, "-m", "faceindex", "--library", str(library), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        if process.stdout is None:
            raise TypeError("no pipe to the process")
        yield process.stdout.readline().strip()
        process.terminate()


def pages(tab: Tab, key: str, photo: int, times: int) -> Iterator[tuple[str, list[float]]]:
    """Time visits; the first one of each is not counted, as what it asks for is read for the first time."""
    for name, path in (
        ("People", "/people"),
        ("a search, as an address", "/people?q=a"),
        ("the person with most faces", f"/people/{key}"),
        ("the same, doubtful first", f"/people/{key}?sort=similarity"),
        ("photos of this person", f"/find?with={key}"),
        ("Review", "/review"),
        ("a photo", f"/photos/{photo}"),
        ("Log", "/log"),
    ):
        yield f"{name}, first visit", [tab.visit(path)]
        yield name, [tab.visit(path) for _ in range(times)]


def decisions(tab: Tab, key: str, times: int) -> Iterator[tuple[str, list[float]]]:
    """Time decisions, each by its key."""
    tab.visit(f"/people/{key}?sort=similarity&state=recognised")
    tab.page.locator(".tile.face .cover").first.wait_for()

    def on_next(letter: str, path: str) -> Callable[[], float]:
        def act() -> float:
            tab.page.locator("#faces > .tile.face").first.focus()
            tab.page.keyboard.press("Space")
            return tab.press(letter, path)

        return act

    yield "the first decision: confirm a face", [on_next("c", "/confirm")()]
    for name, letter, path in (
        ("confirm a face", "c", "/confirm"),
        ("not this person", "d", "/reject"),
        ("ignore a face", "i", "/ignore"),
    ):
        act = on_next(letter, path)
        yield name, [act() for _ in range(times)]
    yield "undo", [tab.press("u", "/undo") for _ in range(3)]
    tab.visit("/people")
    yield "name a group", [_name(tab, number) for number in range(times)]


def _name(tab: Tab, number: int) -> float:
    field = tab.page.locator(".tile.cluster:not([aria-busy]) .naming input").first
    field.fill(f"Somebody {number}")
    return tab.press("Enter", "/name")


def memory(tab: Tab, browsing: Browsing, key: str, faces: int) -> Iterator[tuple[str, str]]:
    """Look at what the tab holds before and after all faces of a person were scrolled past."""
    tab.visit(f"/people/{key}")
    yield "at the first faces", f"{browsing.tab_bytes() / 1e6:.0f} MB"
    parts = tab.scroll_to_end("#faces > .tile.face", faces)
    yield f"after all {faces:,}", f"{browsing.tab_bytes() / 1e6:.0f} MB"
    yield "each part of the list on the way", _said(parts)


def _said(times: Sequence[float]) -> str:
    return f"{statistics.median(times):.0f} ms, at most {max(times):.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", type=Path, metavar="FILE")
    parser.add_argument("--times", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for file in asked.library.parent.glob(f"{asked.library.name}*"):
            shutil.copyfile(file, Path(folder) / file.name)
        copy = Path(folder) / asked.library.name
        with Library(Settings.load(library=copy)) as library:
            figures = library.statistics()
            largest = library.lists.people(order="faces", most=1).items[0]
            photo = library.lists.photos(largest.person, most=1).items[0].photo.photo_id
        fill(copy, range(1, figures.faces + 1))
        print(f"{machine()}\n{figures.faces:,} faces; {largest.person.name} has {largest.faces:,}\n")
        with served(copy) as address, open_tab(address) as (tab, browsing):
            key = largest.person.key
            rows = [(name, _said(took)) for name, took in pages(tab, key, photo, asked.times)]
            print_table(("page", "loaded"), rows)
            print()
            rows = [(name, _said(took)) for name, took in decisions(tab, key, asked.times)]
            print_table(("decision", "seen"), rows)
            print()
            print_table(("the tab", ""), list(memory(tab, browsing, key, largest.faces - 3 * asked.times)))


if __name__ == "__main__":
    main()

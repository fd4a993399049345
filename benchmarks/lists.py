"""Measure what pages ask of a library: the first part of each list, and the next ones.

    python -m benchmarks.made_library FILE --faces 100000 --names 1300 --share 0.5 --largest 11000
    python -m benchmarks.lists FILE

Calls of one open library. The first call of a list, after any change to the library, puts it in order; the
next part only reads what it shows. Milliseconds of the processor, which do not depend on what else runs, and
of the clock; of the next part, medians.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from faceindex import Library, Page, Person, Settings

_NEXT = 9
"""Next parts asked for; odd, for a median."""

_Ask = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class About:
    """Whom and what is asked about: the person with most faces, whom they are with, the largest cluster."""

    largest: Person
    other: Person
    cluster: int

    @classmethod
    def of(cls, settings: Settings) -> "About":
        """Find them, by a library of its own: what it keeps makes nothing else quicker."""
        with Library(settings) as library:
            largest = library.lists.people(order="faces", most=1).items[0].person
            other = library.people.seen_with(largest, 1)[0].person
            return cls(largest, other, library.lists.clusters(most=1).items[0].number)


def lists_of(library: Library, about: About) -> Iterator[tuple[str, _Ask]]:
    """Yield what is asked."""
    lists, people = library.lists, library.people
    largest, other, cluster = about.largest, about.other, about.cluster
    yield "people by name", lists.people
    yield "people by their faces", partial(lists.people, order="faces")
    yield "people found by a word", partial(lists.people, "an")
    yield "names to complete", lambda: people.named_like("an")
    yield "clusters", lists.clusters
    yield "ignored faces", lists.ignored
    yield "faces of the largest person by date", partial(lists.faces, largest)
    yield "by similarity", partial(lists.faces, largest, order="similarity")
    yield "by year", lambda: people.years(largest)
    yield "templates", lambda: people.templates(largest)
    yield "seen with", lambda: people.seen_with(largest)
    yield "faces of a cluster", partial(lists.cluster, cluster)
    yield "probable faces", partial(lists.probable, largest)
    yield "photos of the largest person", partial(lists.photos, largest)
    yield "photos of two persons", partial(lists.photos, largest, other)
    yield "photos of one alone", partial(lists.photos, largest, only=True)


def _timed(ask: Callable[[], Any]) -> tuple[float, float, Any]:
    began, used = time.perf_counter(), time.process_time()
    found = ask()
    return 1000 * (time.process_time() - used), 1000 * (time.perf_counter() - began), found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", type=Path, metavar="FILE")
    settings = Settings.load(library=parser.parse_args().library.absolute())
    about = About.of(settings)
    with Library(settings) as library:
        print("| | first, processor | clock | next, processor | clock |\n| --- | ---: | ---: | ---: | ---: |")
        for name, ask in lists_of(library, about):
            used, took, found = _timed(ask)
            cells = [f"{used:.0f}", f"{took:.0f}", "", ""]
            if isinstance(found, Page) and found.after is not None:
                parts = [_timed(partial(ask, after=found.after))[:2] for _ in range(_NEXT)]
                cells[2:] = (f"{statistics.median(each):.1f}" for each in zip(*parts, strict=True))
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

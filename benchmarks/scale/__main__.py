"""How long commands take on large libraries, each run as a user does: as a process of its own.

    python -m benchmarks.scale FILE... [--only confirm review] [--rounds 3] [--first-clustering]

FILE is a library that benchmarks.made_library made; a copy of it is measured. For each one a table with
targets, for a million faces of 128 elements on two cores: medians, the slowest, the processor time of all
cores, the peak memory. With several libraries a table follows that shows how cost grows. The file cache is
warm. "Warm" rows call the API in one process that stays open, one call after the other.
"""

import argparse
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks.process import CACHE, machine, print_table
from benchmarks.random_weights import ensure_weights
from benchmarks.scale.case import copy_library, subjects
from benchmarks.scale.rows import FIRST_CLUSTERING, ROWS, Bench, Measured, Row, astronaut

HEADING = ("what", "target", "seconds", "slowest", "processor", "memory", "")


@contextmanager
def bench(library: Path, rounds: int, limit: float) -> Iterator[Bench]:
    """Copy a library into a folder beside it, which is removed in the end."""
    with tempfile.TemporaryDirectory(prefix=".scale-", dir=library.parent) as place:
        folder = Path(place)
        copy = copy_library(library, folder)
        found = subjects(copy)
        ensure_weights(found.model, CACHE)
        yield Bench(copy, found, astronaut(folder), rounds, limit)


def measure(row: Row, bench: Bench) -> Measured:
    """Measure a row; a command that fails, or takes too long, spoils no other row."""
    try:
        return row.measure(bench)
    except subprocess.CalledProcessError as error:
        is_stopped = error.returncode < 0
        return Measured(text=f"> {bench.limit:.0f}" if is_stopped else f"failed ({error.returncode})")


def lines(rows: Sequence[Row], bench: Bench, found: dict[str, Measured]) -> Iterator[list[str]]:
    """Measure rows, and return their cells; what was found is kept by key."""
    for row in rows:
        found[row.key] = measure(row, bench)
        yield line(row, found[row.key])


def line(row: Row, found: Measured) -> list[str]:
    """Return the cells of a row; what is beyond its target is bold."""
    target = "" if row.target is None else f"{row.target:g}"
    if row.memory:
        target += f", {row.memory / 1e6:,.0f} MB"
    memory = f"{found.peak / 1e6:,.0f} MB" if found.peak else ""
    return [
        row.what,
        target,
        _bold(seconds(found), is_over(row, found)),
        "" if found.slowest is None else f"{found.slowest:.2f}",
        "" if found.processor is None else f"{found.processor:.2f}",
        _bold(memory, bool(row.memory) and found.peak > row.memory),
        found.remark,
    ]


def seconds(found: Measured) -> str:
    """Return what stands for the time of a row."""
    return (
        found.text
        if found.seconds is None
        else f"{found.seconds:.3f}"
        if found.seconds < 0.5
        else f"{found.seconds:.2f}"
    )


def is_over(row: Row, found: Measured) -> bool:
    """Tell whether a row takes longer than its target."""
    return row.target is not None and (found.seconds is None or found.seconds > row.target)


def _bold(text: str, is_bold: bool) -> str:
    return f"**{text}**" if is_bold and text else text


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    keys = [row.key for row in ROWS]
    parser.add_argument("libraries", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=keys, help=f"of {', '.join(keys)}")
    parser.add_argument("--rounds", type=int, default=3, help="how often a quick command is run")
    parser.add_argument("--limit", type=float, default=3600, help="seconds after which a command is stopped")
    parser.add_argument("--first-clustering", action="store_true", help="also group all faces anew, at last")
    asked = parser.parse_args()
    rows = [row for row in ROWS if asked.only is None or row.key in asked.only]
    rows += [FIRST_CLUSTERING] * asked.first_clustering
    print(f"{machine()}; medians of {asked.rounds}", flush=True)
    by_library: dict[str, dict[str, Measured]] = {}
    for library in asked.libraries:
        found = by_library[library.stem] = {}
        with bench(library.absolute(), asked.rounds, asked.limit) as case:
            known = case.subjects
            print(f"\n{known.faces:,} faces in {known.photos:,} photos, {len(known.persons):,} persons\n")
            print_table(HEADING, lines(rows, case, found))
    if len(by_library) > 1:
        print()
        print_table(
            ("seconds", *by_library),
            ([row.what, *(seconds(found[row.key]) for found in by_library.values())] for row in rows),
            of_numbers=True,
        )


if __name__ == "__main__":
    main()

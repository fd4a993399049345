"""How much memory a process and those that it started hold together, at most.

    python -m benchmarks.memory COMMAND...

The proportional set size is added up: of pages that several of them share each counts its part. It is looked
at a few times a second, as the kernel has to go through all pages for it.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

INTERVAL = 0.25
"""Seconds between two looks."""


class PeakMemory:
    """A context manager that watches a process, and what it starts, from a thread.

    Attributes:
        peak_bytes: The most that was seen.
    """

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(INTERVAL):
            self.peak_bytes = max(self.peak_bytes, sum(map(held, family(self._pid))))


def family(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(children).split():
            yield from family(int(child))


def held(pid: int) -> int:
    """Bytes; none where the process has ended."""
    lines = _read(Path(f"/proc/{pid}/smaps_rollup")).splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended meanwhile
        return ""


def main() -> None:
    with subprocess.Popen(sys.argv[1:]) as process, PeakMemory(process.pid) as memory:
        process.wait()
    print(f"{memory.peak_bytes / 2**20:,.0f} MB at most", file=sys.stderr)
    raise SystemExit(process.returncode)


if __name__ == "__main__":
    main()

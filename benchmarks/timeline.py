"""What each thread of a scan does, and how busy the cores are, over time.

    python -m benchmarks.timeline LIBRARY [--photos 60] [--model sface] [--detector NAME]

A line of the drawing is a thread, a column a slice of the run; a letter is the stage that took most of the
slice, a dot that the thread waited. While a photo thread decodes, a reader process works for it. The last
line is the processor time of all processes, in tenths of what all cores have; below 9 some core waited, or
other programs had it. Below: the seconds of each thread in each stage.
"""

import argparse
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from benchmarks.found_faces import photos_under
from benchmarks.memory import family
from benchmarks.process import CACHE, machine, print_table
from benchmarks.random_weights import ensure_weights
from faceindex import Settings
from faceindex.engine import build_runner
from pipeline.models.registry import spec
from pipeline.timing import StageClock
from pipeline.values import PhotoFile

COLUMNS = 100
INTERVAL = 0.02
"""Seconds between two looks at the processor time; the kernel counts in hundredths of a second."""
WAITING = "."


@dataclass(frozen=True, slots=True)
class Interval:
    """What a thread did, in seconds of ``time.perf_counter``."""

    thread: str
    stage: str
    start: float
    end: float


class RecordingClock(StageClock):
    """A stage clock that keeps each interval."""

    def __init__(self) -> None:
        super().__init__()
        self.intervals: list[Interval] = []

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """As ``StageClock.time``."""
        start = time.perf_counter()
        with super().time(stage):
            yield
        self.intervals.append(Interval(threading.current_thread().name, stage, start, time.perf_counter()))


class BusyCores:
    """Watches the processor time of this process and those that it started, from a thread."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, float]] = []
        """Moments, and the processor seconds until then."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watch")

    def __enter__(self) -> "BusyCores":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(INTERVAL):
            used = sum(map(processor_seconds, family(os.getpid())))
            self.seen.append((time.perf_counter(), max(used, self.seen[-1][1] if self.seen else 0.0)))

    def used(self, moment: float) -> float:
        """Processor seconds until a moment."""
        return max((used for at, used in self.seen if at <= moment), default=self.seen[0][1])


def processor_seconds(pid: int) -> float:
    """User and system time of a process; none where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scan(photos: Sequence[Path], settings: Settings, model: str) -> tuple[list[Interval], BusyCores]:
    """Run the photos through the pipeline, without a library."""
    clock = RecordingClock()
    runner = build_runner(settings, spec(model), clock=clock)
    files = [PhotoFile(os.fsencode(path), path.stat().st_size, path.stat().st_mtime_ns) for path in photos]
    with BusyCores() as cores:
        runner.prepare()
        for _ in runner.run(files, lambda digest: False):
            pass
    return clock.intervals, cores


def drawing(intervals: Sequence[Interval], cores: BusyCores, count: int) -> Iterator[str]:
    start, end = min(each.start for each in intervals), max(each.end for each in intervals)
    width = (end - start) / COLUMNS
    letters = letters_of([each.stage for each in intervals])
    for thread in sorted({each.thread for each in intervals}):
        spent: list[defaultdict[str, float]] = [defaultdict(float) for _ in range(COLUMNS)]
        for each in intervals:
            if each.thread == thread:
                for column in range(int((each.start - start) / width), COLUMNS):
                    left = start + column * width
                    if left >= each.end:
                        break
                    spent[column][each.stage] += min(each.end, left + width) - max(each.start, left)
        yield f"{thread[:12]:12} " + "".join(letter(each, letters, width) for each in spent)
    moments = [start + column * width for column in range(COLUMNS + 1)]
    used = [cores.used(moment) for moment in moments]
    busy = [min(9, int(10 * (b - a) / width / count)) for a, b in pairwise(used)]
    yield f"{'cores':12} " + "".join(map(str, busy))
    yield ""
    yield ", ".join(f"{sign} {stage}" for stage, sign in letters.items()) + f", {WAITING} waiting"
    share = (used[-1] - used[0]) / (end - start) / count
    yield f"{end - start:.2f} s, of which the cores were busy {100 * share:.0f} %"


def letters_of(stages: Sequence[str]) -> dict[str, str]:
    """A letter for each stage, of its own."""
    letters: dict[str, str] = {}
    for stage in dict.fromkeys(stages):
        letters[stage] = next(sign for sign in stage + stage.upper() if sign not in letters.values())
    return letters


def letter(spent: dict[str, float], letters: dict[str, str], width: float) -> str:
    stage = max(spent, key=lambda each: spent[each], default="")
    return letters[stage] if sum(spent.values()) >= width / 2 else WAITING


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", type=Path)
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--model", default="sface")
    parser.add_argument("--detector")
    args = parser.parse_args()
    ensure_weights(args.model, CACHE)
    settings = Settings.load(detector=args.detector, cache_dir=CACHE)
    photos = photos_under(args.library)[: args.photos]
    scan(photos[:2], settings, args.model)  # compiles the networks
    intervals, cores = scan(photos, settings, args.model)
    print(f"{len(photos)} photos, {settings.detector}, {args.model}; {machine()}\n")
    print("\n".join(drawing(intervals, cores, settings.cores)) + "\n")
    threads = sorted({each.thread for each in intervals})
    stages = list(dict.fromkeys(each.stage for each in intervals))
    sums: defaultdict[tuple[str, str], float] = defaultdict(float)
    for each in intervals:
        sums[each.thread, each.stage] += each.end - each.start
    rows = [[stage, *(f"{sums[thread, stage]:.2f}" for thread in threads)] for stage in stages]
    print_table(["seconds", *threads], rows)


if __name__ == "__main__":
    main()

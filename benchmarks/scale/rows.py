"""What is measured: each row of the table runs its commands on a copy of a library, as a user would."""

import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import skimage.data
from PIL import Image, ImageEnhance

from benchmarks.process import CACHE, Finished, run
from benchmarks.scale.case import Subjects
from benchmarks.scale.first import agreement, forget_names_and_groups

ENOUGH = 60.0
"""Seconds after which a command is not repeated."""

NEW_FACES_PHOTOS, RECORDED_PHOTOS = 400, 1280
"""Photos that are recorded before ``cluster``, with 1,000 faces; and to time recording."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a row took; ``text`` stands for the seconds where these are not what counts.

    Attributes:
        seconds: The median.
        slowest: Seconds too.
        processor: Seconds of all cores, the median; ``None`` where nothing but the clock was read.
        peak: Bytes; 0 where unknown.
        remark: What else was seen.
    """

    seconds: float | None = None
    slowest: float | None = None
    processor: float | None = None
    peak: int = 0
    text: str = ""
    remark: str = ""


@dataclass(slots=True)
class Bench:
    """One library under measurement; its rows take the faces that they decide about from ``subjects``.

    Attributes:
        library: A copy, which is written.
        rounds: How often a quick command is run.
        limit: Seconds after which a command is stopped.
    """

    library: Path
    subjects: Subjects
    photo: Path
    rounds: int
    limit: float
    recognised: Iterator[tuple[str, int]] = field(init=False)
    alone: Iterator[int] = field(init=False)
    clusters: Iterator[int] = field(init=False)
    warm: dict[str, list[float]] | None = None
    warm_peak: int = 0

    def __post_init__(self) -> None:
        self.recognised = iter(self.subjects.recognised)
        self.alone, self.clusters = iter(self.subjects.alone), iter(self.subjects.clusters)

    def program(self, *arguments: str) -> list[str]:
        """Return the command line of the program."""
        return [sys.executable, "-m", "faceindex", "--quiet", "--library", str(self.library), *arguments]

    def run(self, command: Sequence[str]) -> Finished:
        """Run one command."""
        return run(command, {"FACEINDEX_CACHE_DIR": str(CACHE)}, self.limit)

    def timed(self, command: Callable[[], Sequence[str]]) -> tuple[Measured, str]:
        """Run commands, each made anew, some times; also return what the last one printed."""
        done: list[Finished] = []
        while len(done) < self.rounds and sum(each.seconds for each in done) < ENOUGH:
            done.append(self.run(command()))
        return measured(done), done[-1].output


def measured(done: Sequence[Finished]) -> Measured:
    return Measured(
        statistics.median(each.seconds for each in done),
        max(each.seconds for each in done),
        statistics.median(each.processor_seconds for each in done),
        max(each.peak_bytes for each in done),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table.

    Attributes:
        key: By which ``--only`` names it.
        what: The command, for the reader.
        target: Seconds.
        memory: Bytes that it may take; 0 for any number.
    """

    key: str
    what: str
    target: float | None
    measure: Callable[[Bench], Measured]
    memory: int = 0


def _command(*arguments: str) -> Callable[[Bench], Measured]:
    return lambda bench: bench.timed(lambda: bench.program(*arguments))[0]


def _python(code: str) -> Callable[[Bench], Measured]:
    return lambda bench: bench.timed(lambda: [sys.executable, "-c", code])[0]


def _confirm(bench: Bench, verb: str = "confirm") -> Measured:
    def command() -> list[str]:
        name, face = next(bench.recognised)
        return bench.program("people", verb, name, str(face))

    return bench.timed(command)[0]


def _not_a_face(bench: Bench) -> Measured:
    return bench.timed(lambda: bench.program("people", "not-a-face", str(next(bench.alone))))[0]


def _name(bench: Bench) -> Measured:
    def command() -> list[str]:
        number = next(bench.clusters)
        return bench.program("people", "name", str(number), f"Measured {number}")

    return bench.timed(command)[0]


def _find(bench: Bench) -> Measured:
    first, second = bench.subjects.persons[:2]
    return bench.timed(lambda: bench.program("find", first, "--with", second))[0]


def _show(bench: Bench) -> Measured:
    found, output = bench.timed(lambda: bench.program("people", "show", bench.subjects.persons[0]))
    return replace(found, remark=f"{output.count(chr(10)):,} lines")


def _who(bench: Bench) -> Measured:
    bench.run(bench.program("who", str(bench.photo)))  # compiles the networks, once a machine
    return bench.timed(lambda: bench.program("who", str(bench.photo)))[0]


def _warm(key: str) -> Callable[[Bench], Measured]:
    def measure(bench: Bench) -> Measured:
        if bench.warm is None:
            _run_warm(bench)
        median, slowest = (bench.warm or {})[key]
        return Measured(median, slowest, peak=bench.warm_peak)

    return measure


def _run_warm(bench: Bench) -> None:
    """Run the process that stays open; it measures all rows of a warm session."""
    take = range(bench.rounds)
    given = {
        "recognised": [next(bench.recognised) for _ in range(2 * bench.rounds + 1)],
        "alone": [next(bench.alone) for _ in take],
        "clusters": [next(bench.clusters) for _ in take],
        "rounds": bench.rounds,
    }
    file = bench.library.with_suffix(".subjects")
    file.write_text(json.dumps(given))
    command = [sys.executable, "-m", "benchmarks.scale.warm", str(bench.library), str(bench.photo), str(file)]
    done = bench.run(command)
    bench.warm, bench.warm_peak = json.loads(done.output), done.peak_bytes


def _scan(bench: Bench) -> Measured:
    root = bench.subjects.root
    if root is None or not root.is_dir():
        return Measured(text="no folder of photos")
    with ExitStack() as stack:
        number = iter(range(1000))

        def command() -> list[str]:
            stack.enter_context(_new_photo(root / "new", bench.photo, next(number)))
            return bench.program("scan", "--json", str(root))

        found, output = bench.timed(command)
        summary = json.loads(output.splitlines()[-1])
    stages = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in summary["stages"].items())
    return replace(found, remark=f"{summary['photos']['seen']:,} photos; {stages}")


@contextmanager
def _new_photo(folder: Path, photo: Path, number: int) -> Iterator[None]:
    """A photo that no library knows, for a while."""
    folder.mkdir(exist_ok=True)
    file = folder / f"{number}.jpg"
    with Image.open(photo) as image:
        ImageEnhance.Brightness(image).enhance(0.99 - number / 100).save(file, quality=90)
    try:
        yield
    finally:
        file.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()


_WALK = "import os, sys; sum(1 for f, _, n in os.walk(sys.argv[1]) for x in n if os.stat(os.path.join(f, x)))"


def _walk(bench: Bench) -> Measured:
    root = bench.subjects.root
    if root is None or not root.is_dir():
        return Measured(text="no folder of photos")
    return bench.timed(lambda: [sys.executable, "-c", _WALK, str(root)])[0]


def _record(bench: Bench, photos: int, part: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.scale.recording", str(bench.library), str(photos), str(part)]
    found: dict[str, float] = json.loads(bench.run(command).output)
    return found


def _cluster(bench: Bench) -> Measured:
    faces = _record(bench, NEW_FACES_PHOTOS, 1)["faces"]
    done = bench.run(bench.program("cluster"))
    return replace(measured([done]), remark=f"{faces:,.0f} new faces")


def _recording(bench: Bench) -> Measured:
    found = _record(bench, RECORDED_PHOTOS, 2)
    return Measured(text=f"{found['photos'] / found['seconds']:,.0f} photos/s")


def _first_clustering(bench: Bench) -> Measured:
    forget_names_and_groups(bench.library)
    done = bench.run(bench.program("cluster"))
    return replace(measured([done]), remark=agreement(bench.library, bench.subjects.faces))


MEMORY = 700_000_000
WARM = 0.15

ROWS = (
    Row("python", "`python -c pass`", None, _python("pass")),
    Row(
        "imports",
        "`python`, importing NumPy, FAISS and SQLAlchemy",
        None,
        _python("import numpy, faiss, sqlalchemy"),
    ),
    Row("help", "`faceindex --help`", None, _command("--help")),
    Row("list", "`people list`", 2, _command("people", "list")),
    Row("show", "`people show`, the person with the most faces", 2, _show),
    Row("find", "`find NAME --with OTHER`", 2, _find),
    Row("review", "`people review -n 50`", 4, _command("people", "review", "-n", "50")),
    Row("who", "`who PHOTO`", 3, _who),
    Row("confirm", "`people confirm NAME FACE`", 2, _confirm, MEMORY),
    Row("reject", "`people reject NAME FACE`", 2, partial(_confirm, verb="reject"), MEMORY),
    Row("not-a-face", "`people not-a-face FACE`", 2, _not_a_face, MEMORY),
    Row("name", "`people name CLUSTER NAME`", 2, _name, MEMORY),
    Row("undo", "`people undo`", 2, _command("people", "undo"), MEMORY),
    *(
        Row(f"warm-{key}", f"warm: {key}", WARM, _warm(key))
        for key in ("confirm", "reject", "not-a-face", "name", "undo")
    ),
    Row("warm-who", "warm: who", 0.4, _warm("who")),
    Row("walk", "`os.walk` and `stat` of all photos", None, _walk),
    Row("scan", "`scan` with one new photo", 15, _scan),
    Row("cluster", "`cluster` with 1,000 new faces", 15, _cluster),
    Row("check", "`check`", 60, _command("check")),
    Row("recording", "recording of photos, at least 300 a second", None, _recording),
)

FIRST_CLUSTERING = Row(
    "first-clustering", "`cluster` for the first time", 25 * 60, _first_clustering, memory=4_000_000_000
)


def astronaut(folder: Path) -> Path:
    """Save a photo with one face, which a package ships."""
    file = folder / "astronaut.jpg"
    Image.fromarray(skimage.data.astronaut()).save(file, quality=90)
    return file

"""When memory runs out, for real: the processes here may have only so much address space."""

import os
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from PIL import Image

from pipeline.memory import SharedExclusiveLock, memory_errors
from tests.pipeline.fakes import picture
from tests.pipeline.pictures import encoded, noise
from tests.waiting import SECONDS, is_blocked, wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]

START = """
    import resource, sys, threading
    import pipeline.description.quality  # a run imports it, with OpenCV, when it needs it
    from pathlib import Path
    import numpy as np
    from tests.pipeline.fakes import FakeDetector, FakeEmbedder, run, runner
    from tests.pipeline.pictures import photo_file

    threading.stack_size(256 << 10)  # they reserve address space, but take no memory
    files = [photo_file(path) for path in sorted(Path(sys.argv[1]).iterdir())]

    def pages(status):
        return sum(int(line.split()[1]) for line in open(status) if line.startswith(("RssAnon", "RssShmem")))

    def allow(more):
        taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + more, resource.RLIM_INFINITY))
"""


def result(script: str, *arguments: Path) -> str:
    """What a script prints that runs in a process of its own, after START."""
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(START) + textwrap.dedent(script), *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "MALLOC_ARENA_MAX": "1"},  # a thread's own would reserve much
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of twelve photos."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:02}.png").write_bytes(picture(number))
    return folder


def test_a_batch_for_which_there_is_not_enough_memory_is_halved(photos: Path) -> None:
    script = """
        class Hungry(FakeEmbedder):
            def embed(self, pixels):
                np.ones((len(pixels), 1 << 26), np.uint8)
                return super().embed(pixels)

        embedder = Hungry(batch_size=12)
        expected = [outcome.faces[0].vector for outcome in run(runner(FakeDetector()), files)]
        hungry = runner(FakeDetector(), embedder, workers=1)
        allow(280 << 20)
        found = [outcome.faces[0].vector for outcome in run(hungry, files)]
        np.testing.assert_array_equal(found, expected)
        print(*map(len, embedder.batches))
    """
    assert result(script, photos) == "3 3 3 3"


def test_one_for_which_there_is_none_at_all_ends_the_run(photos: Path) -> None:
    """The machine is in trouble, and the photo is not to blame."""
    script = """
        class Hungry(FakeEmbedder):
            def embed(self, pixels):
                np.ones((len(pixels), 1 << 30), np.uint8)
                return super().embed(pixels)

        hungry = runner(FakeDetector(), Hungry(batch_size=12), workers=1)
        allow(280 << 20)
        try:
            run(hungry, files)
        except MemoryError:
            print("no memory")
    """
    assert result(script, photos) == "no memory"


def test_a_network_that_does_not_fit_for_a_batch_runs_face_by_face(photos: Path, cache: Path) -> None:
    """The network for batches is loaded when the first comes; only words of OpenVINO tell why it fails."""
    script = """
        from pipeline.description.embedder import BATCH_SIZE, load_embedder
        from pipeline.models.registry import SFACE
        from pipeline.models.runtime import RuntimeOptions
        from pipeline.models.weights import WeightsStore

        cache = Path(sys.argv[2])
        embedder = load_embedder(SFACE, WeightsStore(cache), RuntimeOptions(cache, threads=1, streams=1))
        crop = np.full((BATCH_SIZE, 112, 112, 3), 99, np.uint8)
        embedder.embed(crop[:1])
        starved = runner(FakeDetector(), embedder, workers=1)
        allow(110 << 20)
        try:
            embedder.embed(crop)
        except RuntimeError as error:
            print("refused:", "alloca" in str(error) or "unavailable" in str(error))
        found = [outcome.faces[0].vector for outcome in run(starved, files)]
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        expected = [outcome.faces[0].vector for outcome in run(starved, files)]
        print(len(found), (np.sum(np.multiply(found, expected), axis=1) > 0.9999).all())
    """
    assert result(script, photos, cache).splitlines() == ["refused: True", "12 True"]


@pytest.mark.parametrize("library", ["numpy", "opencv"])
def test_photos_that_do_not_fit_side_by_side_are_looked_at_one_by_one(photos: Path, library: str) -> None:
    script = """
        import cv2
        from threading import Event

        class Hungry(FakeDetector):
            failed = Event()

            def detect(self, photo):
                try:
                    if sys.argv[2] == "numpy":
                        much = np.ones(160 << 20, np.uint8)
                    else:
                        much = cv2.resize(photo.pixels, (8000, 160 * 1024 * 1024 // 24000))
                except (MemoryError, cv2.error):
                    self.failed.set()
                    raise
                self.failed.wait(60)  # until another photo found too little beside this one
                return super().detect(photo)

        detector = Hungry()
        hungry = runner(detector, workers=4)
        allow(300 << 20)
        outcomes = run(hungry, files)
        print([outcome.file for outcome in outcomes] == files, detector.failed.is_set())
        print({type(outcome).__name__ for outcome in outcomes})
    """
    assert result(script, photos, Path(library)).splitlines() == ["True True", "{'PhotoIndexed'}"]


def test_after_a_panorama_memory_returns_to_its_level(photos: Path) -> None:
    """At full size, as a model with large crops has it decoded; that of the decoders counts too."""
    wide = Image.new("L", (24_000, 5_000), 128)
    wide.paste(Image.fromarray(noise(2000, 2000)).convert("L"), (20_000, 2_000))
    (photos / "06 panorama.jpg").write_bytes(encoded(wide, "JPEG"))
    script = """
        levels = []

        def memory():
            tasks = Path("/proc/self/task").iterdir()
            processes = ["self", *(pid for task in tasks for pid in (task / "children").read_text().split())]
            return sum(pages(f"/proc/{process}/status") for process in processes) >> 10

        looked = threading.Semaphore(0)

        class Watching(FakeDetector):
            def detect(self, photo):
                levels.append(memory())
                looked.release()
                return super().detect(photo)

        def one_after_another():
            for file in files:
                yield file
                looked.acquire(timeout=60)

        run(runner(Watching(), workers=1, long_edge=24_000), one_after_another())
        print(max(levels) - levels[0], levels[-1] - levels[0])
    """
    most, last = map(int, result("import os" + textwrap.dedent(script), photos).split())
    assert most > 300
    assert last < 30


class TestErrors:
    def test_what_is_not_about_memory_is_left_as_it_is(self) -> None:
        for error in (RuntimeError("a bug"), ValueError("another"), KeyError("a third")):
            with pytest.raises(type(error)) as caught, memory_errors():
                raise error
            assert caught.value is error

    def test_what_a_library_says_is_kept_as_the_cause(self) -> None:
        with pytest.raises(MemoryError) as caught, memory_errors():
            raise RuntimeError("Exception from src/core/src/runtime/allocator.cpp:79:\nstd::bad_alloc\n")
        assert "bad_alloc" in str(caught.value.__cause__)


def has_come_to_rest(thread: Thread) -> bool:
    return is_blocked(thread) or not thread.is_alive()


class TestTurns:
    def test_one_alone_waits_for_the_others_and_keeps_new_ones_out(self) -> None:
        turns, order = SharedExclusiveLock(), list[str]()

        def alone() -> None:
            with turns.alone():
                order.append("alone")

        def late() -> None:
            with turns.together():
                order.append("late")

        threads = [Thread(target=alone), Thread(target=late)]
        with turns.together():
            for thread in threads:
                thread.start()
                wait_until(partial(has_come_to_rest, thread))
            order.append("first")
        for thread in threads:
            thread.join(SECONDS)
        assert order == ["first", "alone", "late"]

    def test_an_error_lets_the_others_in(self) -> None:
        turns = SharedExclusiveLock()
        for enter in (turns.together, turns.alone):
            with pytest.raises(ValueError, match="a bug"), enter():
                raise ValueError("a bug")
        with turns.alone():
            pass
        with turns.together(), turns.together():
            pass

"""Photos decoded in processes of their own, and whatever can befall such a process, for real."""

import gc
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.decoding.decoders import Decoder, DecoderOptions, Decoders
from pipeline.errors import DecodersUnavailable, PhotoError
from pipeline.memory import MemoryBudget
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import DecodedPhoto, PhotoFile, Reason, Stage
from tests.pipeline import faults
from tests.pipeline.pictures import decoded, encoded, one_of_each, photo_file, written
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
VARIETIES = one_of_each()
QUICK = DecoderOptions(seconds=1.0, entry=faults.ENTRY)


def decode(decoder: Decoder, file: PhotoFile, long_edge: int | None = None) -> DecodedPhoto:
    with OpenPhoto(file) as photo:
        return decoder.decode(photo, long_edge)


def failure(decoder: Decoder, file: PhotoFile) -> PhotoError:
    with pytest.raises(PhotoError) as caught:
        decode(decoder, file)
    assert caught.value.file == file
    assert caught.value.message.isprintable()
    return caught.value


def good(folder: Path, name: str = "good.jpg") -> PhotoFile:
    return written(folder / name, VARIETIES["jpeg"])


def children(process: int) -> list[int]:
    """Processes that a process has started and that have not ended."""
    tasks = Path(f"/proc/{process}/task")
    return [int(pid) for task in tasks.iterdir() for pid in (task / "children").read_text().split()]


def pid_of_reader(decoder: Decoder, folder: Path) -> int:
    decode(decoder, good(folder, "pid.jpg"))
    return int((folder / "pid.pid").read_text())


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.usefixtures("way")
class TestResults:
    def test_they_are_those_of_the_decoder_itself(self, tmp_path: Path) -> None:
        with Decoders() as decoders, decoders.lend() as decoder:
            for content in VARIETIES.values():
                file = written(tmp_path / "a photo.jpg", content)
                for long_edge in (None, 20, 40):  # the memory is used again, larger and smaller
                    here, there = decoded(file, long_edge), decode(decoder, file, long_edge)
                    np.testing.assert_array_equal(there.pixels, here.pixels)
                    assert there.pixels.flags.c_contiguous
                    assert (there.file, there.digest) == (here.file, here.digest)
                    assert (there.size, there.taken_at, there.scale) == (here.size, here.taken_at, here.scale)

    def test_a_name_that_is_not_utf8(self, tmp_path: Path) -> None:
        name = os.path.join(os.fsencode(tmp_path), b"caf\xe9\n.jpg")
        Path(os.fsdecode(name)).write_bytes(VARIETIES["jpeg"])
        with Decoders() as decoders, decoders.lend() as decoder:
            assert decode(decoder, photo_file(name)).file.path == name

    def test_what_cannot_be_read_says_why(self, tmp_path: Path) -> None:
        with Decoders(DecoderOptions(pixel_cap=100)) as decoders, decoders.lend() as decoder:
            assert failure(decoder, written(tmp_path / "a.png", b"")).reason is Reason.EMPTY
            error = failure(decoder, good(tmp_path))
            assert (error.stage, error.reason) == (Stage.DECODE, Reason.TOO_LARGE)
            assert "exceed 0.0001 megapixels: raise --max-megapixels" in error.message

    def test_nothing_is_written_to_the_terminal(
        self, tmp_path: Path, capfd: pytest.CaptureFixture[str]
    ) -> None:
        cut = VARIETIES["tiff lzw"].replace(b"\x80", b"\xff")
        with Decoders(QUICK) as decoders, decoders.lend() as decoder:
            decode(decoder, good(tmp_path, "shout.jpg"))
            assert failure(decoder, written(tmp_path / "a.tif", cut)).reason is Reason.CORRUPT
        assert capfd.readouterr() == ("", "")


class TestHostilePhotos:
    @pytest.mark.parametrize(
        ("fault", "reason", "words"),
        [
            ("segfault", Reason.CRASHED, "SIGSEGV"),
            ("abort", Reason.CRASHED, "SIGABRT"),
            ("exit", Reason.CRASHED, "exit status 3"),
            ("raise", Reason.CRASHED, "exit status 1"),
            ("eat", Reason.OUT_OF_MEMORY, "memory"),
            ("hang", Reason.TIMED_OUT, "1 s"),
            ("hang-late", Reason.TIMED_OUT, "1 s"),
            ("hang-large", Reason.TIMED_OUT, "2 s"),  # a large photo may take longer
            ("spin", Reason.TIMED_OUT, "1 s"),
        ],
    )
    def test_after_two_tries_the_photo_has_failed_for_good(
        self, tmp_path: Path, fault: str, reason: Reason, words: str
    ) -> None:
        with Decoders(QUICK) as decoders, decoders.lend() as decoder:
            before = pid_of_reader(decoder, tmp_path)
            error = failure(decoder, good(tmp_path, f"{fault}.jpg"))
            assert (error.stage, error.reason) == (Stage.DECODE, reason)
            assert error.reason.lies_in_content
            assert words in error.message
            assert not is_alive(before)
            assert pid_of_reader(decoder, tmp_path) != before
            np.testing.assert_array_equal(
                decode(decoder, good(tmp_path)).pixels, decoded(good(tmp_path)).pixels
            )

    @pytest.mark.usefixtures("way")
    @pytest.mark.parametrize("fault", ["hang-once", "segfault-once"])
    def test_a_fresh_process_gives_it_a_second_chance(self, tmp_path: Path, fault: str) -> None:
        with Decoders(QUICK) as decoders, decoders.lend() as decoder:
            file = good(tmp_path, f"{fault}.jpg")
            np.testing.assert_array_equal(decode(decoder, file).pixels, decoded(file).pixels)

    def test_a_process_that_is_killed_says_nothing_of_the_photo(self, tmp_path: Path) -> None:
        """As when the machine is out of memory: it is tried again by the next scan."""
        with Decoders(QUICK) as decoders, decoders.lend() as decoder:
            error = failure(decoder, good(tmp_path, "killed.jpg"))
            assert error.reason is Reason.KILLED
            assert not error.reason.lies_in_content

    def test_one_that_died_between_two_photos_is_not_missed(self, tmp_path: Path) -> None:
        with Decoders(QUICK) as decoders, decoders.lend() as decoder:
            os.kill(pid_of_reader(decoder, tmp_path), signal.SIGKILL)
            assert decode(decoder, good(tmp_path)).scale == 1

    def test_memory_is_limited_by_the_size_of_the_photo(self, tmp_path: Path) -> None:
        """A decoder that runs wild on a small photo may not take what a panorama may."""
        with Decoders(QUICK) as decoders, decoders.lend() as decoder:
            failure(decoder, good(tmp_path, "eat.jpg"))
        assert 100 << 20 < int((tmp_path / "eat.eaten").read_text()) < 600 << 20


class TestReadersThatAreTakenOver:
    @pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="needs Linux: nothing else has seals")
    def test_one_can_neither_shrink_the_memory_nor_change_the_content(self, tmp_path: Path) -> None:
        """A process that reads memory which another has shrunk is killed."""
        with Decoders(QUICK) as decoders, decoders.lend() as decoder:
            decode(decoder, good(tmp_path))  # from now on there is memory for pixels
            file = good(tmp_path, "shrink.jpg")
            np.testing.assert_array_equal(decode(decoder, file).pixels, decoded(file).pixels)
        # Of the memory for pixels, and of the content.
        changes = (tmp_path / "shrink.refused").read_text().splitlines()
        assert changes == ["shrink EPERM", "shrink EPERM", "write EPERM", "write done"]

    @pytest.mark.parametrize("lie", faults.LIES)
    def test_one_that_makes_no_sense_is_ended_and_the_photo_has_failed(
        self, tmp_path: Path, lie: str
    ) -> None:
        with Decoders(QUICK) as decoders, decoders.lend() as decoder:
            before = pid_of_reader(decoder, tmp_path)
            error = failure(decoder, good(tmp_path, f"lie {lie}.jpg"))
            assert (error.stage, error.reason) == (Stage.DECODE, Reason.CRASHED)
            assert "invalid answer" in error.message
            assert not is_alive(before)
            assert decode(decoder, good(tmp_path)).scale == 1


class TestProcesses:
    @pytest.mark.usefixtures("way")
    def test_they_are_used_again_and_end_after_so_many_photos(self, tmp_path: Path) -> None:
        options = DecoderOptions(photos=3, entry=faults.ENTRY)
        pids = []
        with Decoders(options) as decoders:
            for _ in range(9):
                with decoders.lend() as decoder:
                    pids.append(pid_of_reader(decoder, tmp_path))
        assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 3]

    def test_one_that_decoded_a_giant_ends_with_its_memory(self, tmp_path: Path) -> None:
        giant = written(
            tmp_path / "giant.png", encoded(Image.new("L", (10_000, 7_000)), "PNG", compress_level=1)
        )
        with Decoders(QUICK) as decoders:
            with decoders.lend() as decoder:
                before = pid_of_reader(decoder, tmp_path)
                assert decode(decoder, giant, 100).scale == 0.125
            assert not is_alive(before)

    def test_they_import_no_more_than_decoding_needs(self, tmp_path: Path) -> None:
        with Decoders(QUICK) as decoders, decoders.lend() as decoder:
            decode(decoder, good(tmp_path, "modules.jpg"))
        modules = {name.split(".")[0] for name in (tmp_path / "modules.modules").read_text().split()}
        heavy = {"openvino", "tensorflow", "faiss", "sqlalchemy", "cv2", "onnx", "h5py", "typer", "pydantic"}
        assert not modules & heavy

    def test_keys_and_signals_that_stop_a_run_do_not_reach_them(self, tmp_path: Path) -> None:
        with Decoders(QUICK) as decoders, decoders.lend() as decoder:
            pid = pid_of_reader(decoder, tmp_path)
            assert os.getsid(pid) == pid
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(pid, number)
            assert pid_of_reader(decoder, tmp_path) == pid

    def test_they_leave_no_core_file_and_are_the_first_to_go(self, tmp_path: Path) -> None:
        with Decoders(QUICK) as decoders, decoders.lend() as decoder:
            pid = pid_of_reader(decoder, tmp_path)
            limits = Path(f"/proc/{pid}/limits").read_text()
            assert "Max core file size 0 0 bytes" in " ".join(limits.split())
            assert Path(f"/proc/{pid}/oom_score_adj").read_text() == "1000\n"

    @pytest.mark.usefixtures("way")
    def test_nothing_of_them_is_left(self, tmp_path: Path) -> None:
        gc.collect()  # of other tests
        files, memory = len(os.listdir("/proc/self/fd")), os.listdir("/dev/shm")  # noqa: S108
        others = set(children(os.getpid()))  # joblib keeps one, where it has read weights
        decoders = Decoders(QUICK)
        with ExitStack() as stack:
            for _ in range(3):
                decoder = stack.enter_context(decoders.lend())
                decode(decoder, good(tmp_path))
            failure(decoder, good(tmp_path, "segfault.jpg"))
            assert len(set(children(os.getpid())) - others) == 3
        del decoder, decoders  # nobody closed it
        assert set(children(os.getpid())) <= others
        assert (len(os.listdir("/proc/self/fd")), os.listdir("/dev/shm")) == (files, memory)  # noqa: S108

    @pytest.mark.parametrize("fault", ["hang", "spin", "pid"])
    def test_they_die_with_a_run_that_is_killed(self, tmp_path: Path, way: str, fault: str) -> None:
        """Whatever they are at, with signals blocked and Python's lock held."""
        if (way, fault) == ("portable", "hang"):
            pytest.skip("only Linux ends a process that runs no Python code")
        good(tmp_path, f"{fault}.jpg")
        script = """
            import sys
            from dataclasses import replace
            from pathlib import Path
            from pipeline.decoding.decoders import Decoders
            from tests.pipeline.decoding.test_decoders import QUICK, decode, photo_file
            with Decoders(replace(QUICK, seconds=60)) as decoders, decoders.lend() as decoder:
                while True:
                    decode(decoder, photo_file(Path(sys.argv[1])))
        """
        command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path / f"{fault}.jpg")]
        memory = os.listdir("/dev/shm")  # noqa: S108
        with subprocess.Popen(command, cwd=ROOT) as run:
            tries = tmp_path / f"{fault}.tries"
            wait_until(lambda: tries.exists() and tries.read_text().endswith("\n"))
            reader = int(tries.read_text().split()[0])
            assert is_alive(reader)
            run.kill()
        wait_until(lambda: not is_alive(reader))
        wait_until(lambda: os.listdir("/dev/shm") == memory)  # noqa: S108

    def test_a_run_that_was_interrupted_gets_no_answer_to_an_earlier_question(self, tmp_path: Path) -> None:
        class Interrupted(MemoryBudget):
            def hold(self, holder: object, size: int, *, may_exceed: bool = False) -> None:
                if size > 300 * 300 * 3:  # of the pixels: the header is read
                    raise KeyboardInterrupt
                super().hold(holder, size, may_exceed=may_exceed)

        large = written(tmp_path / "large.png", encoded(Image.new("RGB", (300, 300)), "PNG"))
        with Decoders(QUICK) as decoders:
            with (
                pytest.raises(KeyboardInterrupt),
                OpenPhoto(large, Interrupted()) as photo,
                decoders.lend() as decoder,
            ):
                decoder.decode(photo, None)
            with decoders.lend() as decoder:
                file = good(tmp_path)
                np.testing.assert_array_equal(decode(decoder, file).pixels, decoded(file).pixels)

    def test_where_none_can_start_no_photo_is_blamed(self, tmp_path: Path) -> None:
        options = DecoderOptions(entry="tests.pipeline.nowhere:decode")
        with (
            Decoders(options) as decoders,
            decoders.lend() as decoder,
            pytest.raises(DecodersUnavailable, match=r"tests\.pipeline\.nowhere"),
        ):
            decode(decoder, good(tmp_path))

    def test_where_the_system_gives_no_process_it_says_so(self) -> None:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 1, hard))
        try:
            with Decoders() as decoders, pytest.raises(DecodersUnavailable, match="Too many open files"):
                decoders.start(1)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def test_what_another_thread_imports_meanwhile_decides_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """OpenCV puts its folder, with a package ``typing`` in it, first on the path while it is loaded."""
        folder = tmp_path / "cv2"
        folder.mkdir()
        (folder / "typing.py").write_text("raise SystemExit('imported from here')")
        monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
        with Decoders() as decoders, decoders.lend() as decoder:
            assert decode(decoder, good(tmp_path)).size.width == 48

    def test_the_working_directory_decides_nothing(self, tmp_path: Path) -> None:
        """Not even for a program that is run from its own folder."""
        for name in ("PIL", "numpy", "json"):
            (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from here')")
        good(tmp_path)
        script = """
            import sys, json
            sys.path.insert(0, sys.argv[1])
            from pipeline.decoding.decoders import Decoders
            from pipeline.sources.photo_file_access import OpenPhoto
            from pipeline.values import PhotoFile
            sys.path.insert(0, "")
            with Decoders() as decoders, OpenPhoto(PhotoFile(b"good.jpg", *json.loads(sys.argv[2]))) as photo:
                with decoders.lend() as decoder:
                    print(decoder.decode(photo, None).size.width)
        """
        file = photo_file(tmp_path / "good.jpg")
        ran = subprocess.run(
            [
                sys.executable,
                "-I",
                "-c",
                textwrap.dedent(script),
                str(ROOT),
                json.dumps([file.size, file.mtime_ns]),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.stdout, ran.stderr) == ("48\n", "")


def test_the_error_of_a_photo_counts_even_if_the_decoder_cannot_be_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(decoder: Decoder) -> None:
        raise DecodersUnavailable("no reader can be started")

    monkeypatch.setattr(Decoder, "rest", fails)
    with Decoders() as decoders, pytest.raises(ValueError, match="the photo's own"), decoders.lend():
        raise ValueError("the photo's own")

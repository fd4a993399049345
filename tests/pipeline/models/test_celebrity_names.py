"""The list of celebrities: both ways in which NumPy may have saved it are read, and no code in it is run."""

import os
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import WeightsInvalid
from pipeline.models.celebrity_names import read_names

NAMES = [f" Person_{number}" for number in range(8631)]


def save(path: Path, names: Sequence[object], kind: type = str) -> Path:
    np.save(path, np.array(names, dtype=kind), allow_pickle=True)
    return path


@pytest.mark.parametrize("kind", [str, bytes, object])
def test_names_are_read_as_people_write_them(tmp_path: Path, kind: type) -> None:
    names = read_names(save(tmp_path / "names.npy", NAMES, kind))
    assert len(names) == 8631
    assert (names[0], names[-1]) == ("Person 0", "Person 8630")


def test_letters_beyond_english_are_kept(tmp_path: Path) -> None:
    for kind in (str, object):
        assert read_names(save(tmp_path / "names.npy", [*NAMES[:-1], "Zoë_Ștefan"], kind))[-1] == "Zoë Ștefan"


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickles_of_other_versions_of_python_are_read(tmp_path: Path, protocol: int) -> None:
    pickled = pickle.dumps(np.array(NAMES, dtype=object), protocol=protocol)
    # As NumPy before its version 2 called the module.
    pickled = (
        pickled.replace(b"numpy._core.multiarray", b"numpy.core.multiarray") if protocol < 4 else pickled
    )
    assert read_names(with_pickle(tmp_path, pickled))[7] == "Person 7"


def with_pickle(folder: Path, pickled: bytes) -> Path:
    """A file of NumPy's whose objects are this pickle."""
    path = save(folder / "names.npy", NAMES, object)
    with path.open("r+b") as file:
        np.lib.format.read_magic(file)
        np.lib.format.read_array_header_1_0(file)
        file.truncate()
        file.write(pickled)
    return path


class Mischief:
    """Unpickled as usual, it would make a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._folder),)


def test_a_pickle_that_would_run_code_is_refused_and_runs_none(tmp_path: Path) -> None:
    array = np.array([*NAMES[:-1], None], dtype=object)
    array[-1] = Mischief(tmp_path / "made")
    file = with_pickle(tmp_path, pickle.dumps(array))
    with pytest.raises(WeightsInvalid, match=r"names\.npy is not the list of names.*loads posix\.mkdir"):
        read_names(file)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (NAMES[:-1], "it has 8,630 names, not 8,631"),
        ([*NAMES[:-1], " "], "is no text, or is empty"),
        (np.arange(8631), "it holds int64 of shape"),
        (np.array(NAMES).reshape(9, -1), r"of shape \[9, 959\]"),
        (np.array([*NAMES[:-1], 7], dtype=object), "is no text"),
    ],
)
def test_a_list_that_cannot_be_the_classifiers_is_refused(
    tmp_path: Path, names: Sequence[object], reason: str
) -> None:
    np.save(tmp_path / "names.npy", np.asarray(names), allow_pickle=True)
    with pytest.raises(WeightsInvalid, match=reason):
        read_names(tmp_path / "names.npy")


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x93NUMPY\x09\x09xx"]
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "names.npy").write_bytes(content)
    with pytest.raises(WeightsInvalid, match="is not the list of names"):
        read_names(tmp_path / "names.npy")


@pytest.mark.parametrize(
    "pickled", [b"", b"\x80\x04.", b"N.", b"]q\x00.", b"(lp0\nI1\na.", b"cnumpy\ndtype\nN\x85b."]
)
def test_a_broken_pickle_is_refused(tmp_path: Path, pickled: bytes) -> None:
    with pytest.raises(WeightsInvalid, match="is not the list of names"):
        read_names(with_pickle(tmp_path, pickled))


def test_a_truncated_list_is_refused(tmp_path: Path) -> None:
    for kind in (str, object):
        path = save(tmp_path / "names.npy", NAMES, kind)
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(WeightsInvalid, match="is not the list of names"):
            read_names(path)

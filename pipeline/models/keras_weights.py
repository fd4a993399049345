"""Reads the HDF5 weights files of Keras 2: each array by its layer's name, each shape checked.

Keras's own loader goes by position, so arrays of equal shape could swap places unnoticed. This module must
not know the network.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.errors import WeightsInvalid
from pipeline.values import F32

if TYPE_CHECKING:
    import h5py

_KERAS_1 = re.compile(r".*_([Wb])(?:_\d+)?")
"""Keras 1 named a kernel or a bias after its layer, as in ``conv1_1_W``."""


@dataclass(frozen=True, slots=True)
class WeightShape:
    """One array that a weights file must hold: its layer, its name there, its shape."""

    layer: str
    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """All layers and arrays of a weights file; ``title`` follows "is not" in messages."""

    title: str
    weights: Sequence[WeightShape]


def check_layout(file: Path, layout: Layout) -> None:
    """Check that a file is complete and holds exactly these arrays, all float32.

    Raises:
        WeightsInvalid: The file is truncated, is not HDF5, or holds other layers, names, shapes or types.
        OSError: The file cannot be opened.
    """
    with _opened(file, layout) as root:
        _find_all(layout, root)


def read_weights(file: Path, layout: Layout) -> dict[tuple[str, str], F32]:
    """Return every array by layer and name; errors as ``check_layout``, also for values not finite."""
    with _opened(file, layout) as root:
        values = {key: np.asarray(dataset) for key, dataset in _find_all(layout, root).items()}
        for (layer, name), value in values.items():
            if not np.isfinite(value).all():
                raise ValueError(f"{name} of layer {layer} has values that are not numbers")
    return values


@contextmanager
def _opened(file: Path, layout: Layout) -> Iterator["h5py.Group"]:
    """Yield the group that holds the layers; errors of h5py and of the block become WeightsInvalid."""
    import h5py

    with file.open("rb"):  # its error is clearer than h5py's if the file is missing or unreadable
        pass
    try:
        with h5py.File(file, "r") as opened:
            yield opened if "layer_names" in opened.attrs else opened["model_weights"]
    except (OSError, LookupError, RuntimeError, TypeError, ValueError) as error:
        reason = str(error).strip("'\"")
        raise WeightsInvalid(f"{file} is not {layout.title}: {reason}.") from error


def _find_all(layout: Layout, root: "h5py.Group") -> dict[tuple[str, str], "h5py.Dataset"]:
    """Return every dataset by layer and name; ValueError for wrong layers, arrays, shapes or types."""
    import h5py

    held = {
        (layer, _array_name(name)): root[layer][name]
        for layer in _names(root, "layer_names")
        for name in _names(root[layer], "weight_names")
    }
    for weight in layout.weights:
        dataset, array = held.get((weight.layer, weight.name)), f"{weight.name} of layer {weight.layer}"
        if not isinstance(dataset, h5py.Dataset):
            raise ValueError(f"it has no {array}")
        if dataset.shape != weight.shape:
            raise ValueError(f"{array} is {dataset.shape}, not {weight.shape}")
        if dataset.dtype != np.float32:
            raise ValueError(f"{array} is not float32")
    foreign = sorted({layer for layer, _ in held} - {weight.layer for weight in layout.weights})
    if foreign:
        raise ValueError(f"it also has the layer {foreign[0]}, which is not in this network")
    return held


def _array_name(name: str) -> str:
    """Return an array's name within its layer: ``gamma`` for Keras 2's ``conv1/7x7_s2/bn/gamma:0``."""
    last = name.rsplit("/", 1)[-1].partition(":")[0]
    if old := _KERAS_1.fullmatch(last):
        return {"W": "kernel", "b": "bias"}[old[1]]
    return last


def _names(group: "h5py.Group", attribute: str) -> list[str]:
    """Return a list of names kept as an attribute: bytes, or text in files of later versions."""
    return [name.decode() if isinstance(name, bytes) else str(name) for name in group.attrs[attribute]]

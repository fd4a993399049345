"""Reads the names of the people that a classifier tells apart, from a file that NumPy saved.

keras-vggface used ``np.load`` of 2018, which loads text and pickled objects alike, so both are read. A pickle
runs no code: only NumPy's own array is let through, and everything in it becomes a plain holder. This module
must not know where the file comes from.
"""

import os
import pickle
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from pipeline.errors import WeightsInvalid
from pipeline.models.registry import CELEBRITY

_MOST_BYTES = 16_000_000
"""No list of 8,631 names is larger, even at 400 letters of 4 bytes each."""

_ARRAY_PARTS = frozenset(
    {
        ("numpy.core.multiarray", "_reconstruct"),
        ("numpy._core.multiarray", "_reconstruct"),
        ("numpy", "ndarray"),
        ("numpy", "dtype"),
        ("_codecs", "encode"),  # bytes, as protocol 2 of Python 3 writes them
    }
)
"""All that a pickled array of text needs."""

_READER_ERRORS = (
    ValueError, EOFError, LookupError, AttributeError, TypeError, OverflowError, pickle.UnpicklingError
)  # fmt: skip
"""What NumPy and pickle raise on files of another kind."""


def read_names(file: Path) -> tuple[str, ...]:
    """Read the 8,631 names, in the order of the classifier's classes; ``Sharon_Stone`` becomes Sharon Stone.

    Raises:
        WeightsInvalid: The file is of another kind, or has another number of names, or empty ones.
        OSError: The file cannot be opened.
    """
    try:
        with file.open("rb") as opened:
            return _names(_elements(opened))
    except _READER_ERRORS as error:
        reason = str(error) or type(error).__name__
        raise WeightsInvalid(f"{file} is not the list of names of keras-vggface: {reason}.") from error


def _names(elements: list[Any]) -> tuple[str, ...]:
    if len(elements) != CELEBRITY.dimension:
        raise ValueError(f"it has {len(elements):,} names, not {CELEBRITY.dimension:,}")
    names = tuple(name.replace("_", " ").strip() for name in elements if isinstance(name, str))
    if len(names) != len(elements) or not all(names):
        raise ValueError("one of its names is no text, or is empty")
    return names


def _elements(file: BinaryIO) -> list[Any]:
    if os.fstat(file.fileno()).st_size > _MOST_BYTES:
        raise ValueError("it is too large")
    version = np.lib.format.read_magic(file)
    read_header = (
        np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    )
    shape, _, kind = read_header(file)
    if kind.hasobject:
        return _Elements(file, encoding="utf-8").load_elements()
    file.seek(0)
    elements = np.load(file, allow_pickle=False)
    if len(shape) != 1 or kind.kind not in "US":
        raise ValueError(f"it holds {kind} of shape {list(shape)}, not a list of names")
    return [name.decode("utf-8") if isinstance(name, bytes) else str(name) for name in elements.tolist()]


class _Holder:
    """Stands for whatever a pickle asks for: keeps the state, and does nothing."""

    def __init__(self, *arguments: object) -> None:
        self.state: Any = None

    def __setstate__(self, state: object) -> None:
        self.state = state


class _Elements(pickle.Unpickler):
    """Reads the elements of a pickled array of objects without creating the array, or anything else."""

    def find_class(self, module: str, name: str) -> type[_Holder]:
        if (module, name) not in _ARRAY_PARTS:
            raise pickle.UnpicklingError(f"the file loads {module}.{name}, which is not allowed")
        return _Holder

    def load_elements(self) -> list[Any]:
        """Return the last part of the array's state (numpy.ndarray.__setstate__)."""
        elements = self.load().state[-1]
        if not isinstance(elements, list):
            raise pickle.UnpicklingError("it holds no list of names")
        return elements

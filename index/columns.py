"""Values whose fields are the columns of a table: arrays of as many elements, or rows of elements."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from index.values import Flags


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """N rows; each field is an array [N] or [N, D]."""

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))

    def at(self, rows: NDArray[np.intp] | Flags | slice) -> Self:
        """Return some rows, in their order."""
        return type(self)(*(getattr(self, each.name)[rows] for each in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Put the rows of some tables together, at least one; empty ones may have another D."""
        some = [each for each in parts if len(each)] or parts[:1]
        return cls(*(np.concatenate([getattr(part, each.name) for part in some]) for each in fields(cls)))

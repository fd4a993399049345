"""How often pairs of numbers were named, for pairs that are renamed again and again.

This module knows numbers, and not what they stand for.
"""

from dataclasses import dataclass

import numpy as np

from index.values import I64, Flags

_HALF = 1 << 32


@dataclass(frozen=True, slots=True, eq=False)
class PairCounts:
    """How often each pair was named.

    Attributes:
        keys: int64 [E], rising, one for each pair: the lower number in the upper half of the bits.
        counts: int64 [E].
    """

    keys: I64
    counts: I64

    @classmethod
    def of(cls, pairs: I64, counts: I64 | None = None) -> "PairCounts":
        """Count pairs, int64 [N, 2], each once or ``counts`` times; a number with itself is no pair."""
        pairs = np.sort(pairs, axis=1)
        differ = pairs[:, 0] < pairs[:, 1]
        keys, places = np.unique(_keys(pairs[differ]), return_inverse=True)
        weights = None if counts is None else counts[differ]
        return cls(keys, np.bincount(places, weights, minlength=len(keys)).astype(np.int64))

    @property
    def pairs(self) -> I64:
        """The pairs, int64 [E, 2]."""
        return np.stack(np.divmod(self.keys, _HALF), axis=1)

    def counts_of(self, pairs: I64) -> I64:
        """How often each of some pairs, the lower number first, was named: int64 [N]."""
        keys = _keys(pairs)
        places = np.searchsorted(self.keys, keys)
        known = np.append(self.keys, -1)[places] == keys
        return np.where(known, np.append(self.counts, 0)[places], 0)

    def renamed(self, names: I64, changed: Flags) -> "PairCounts":
        """The same under other names; what is paired with itself now is left out.

        Args:
            names: int64 [M], the name of each number.
            changed: bool [M], which numbers have another name now, or are the name of another.
        """
        pairs = self.pairs
        stale = either(changed[pairs])
        again = PairCounts.of(names[pairs[stale]], self.counts[stale])
        keys = np.concatenate([self.keys[~stale], again.keys])
        order = np.argsort(keys, kind="stable")
        return PairCounts(keys[order], np.concatenate([self.counts[~stale], again.counts])[order])


def _keys(pairs: I64) -> I64:
    return np.asarray(pairs[:, 0] * _HALF + pairs[:, 1], np.int64)


def either(flags: Flags) -> Flags:
    """Of each pair, whether one is true."""
    return np.asarray(flags[:, 0] | flags[:, 1])


def both(flags: Flags) -> Flags:
    """Of each pair, whether both are true."""
    return np.asarray(flags[:, 0] & flags[:, 1])

"""Counts pairs of numbers under repeated renaming."""

from dataclasses import dataclass

import numpy as np

from index.id_arrays import pair_keys
from index.values import I64, Flags


@dataclass(frozen=True, slots=True, eq=False)
class PairCounts:
    """Counts, int64 [E], of pairs, the lower number first; ``keys``, int64 [E], rising, see ``pair_keys``."""

    keys: I64
    counts: I64

    @classmethod
    def of(cls, pairs: I64, counts: I64 | None = None) -> "PairCounts":
        """Count pairs, int64 [N, 2], each once or ``counts`` times; drop pairs of equal numbers."""
        pairs = np.sort(pairs, axis=1)
        differ = pairs[:, 0] < pairs[:, 1]
        keys, places = np.unique(pair_keys(*pairs[differ].T), return_inverse=True)
        weights = None if counts is None else counts[differ]
        return cls(keys, np.bincount(places, weights, minlength=len(keys)).astype(np.int64))

    @property
    def pairs(self) -> I64:
        """The pairs, int64 [E, 2]."""
        return np.stack(np.divmod(self.keys, 1 << 32), axis=1)

    def counts_of(self, pairs: I64) -> I64:
        """Return the counts of pairs, int64 [N, 2], the lower number first: int64 [N]."""
        keys = pair_keys(*pairs.T)
        places = np.searchsorted(self.keys, keys)
        known = np.append(self.keys, -1)[places] == keys
        return np.where(known, np.append(self.counts, 0)[places], 0)

    def renamed(self, names: I64, changed: Flags) -> "PairCounts":
        """Rename the numbers to ``names``, int64 [M]; drop pairs of equal numbers.

        ``changed``, bool [M], marks numbers that have a new name, or are the new name of another.
        """
        pairs = self.pairs
        stale = either(changed[pairs])
        again = PairCounts.of(names[pairs[stale]], self.counts[stale])
        keys = np.concatenate([self.keys[~stale], again.keys])
        order = np.argsort(keys, kind="stable")
        return PairCounts(keys[order], np.concatenate([self.counts[~stale], again.counts])[order])


def either(flags: Flags) -> Flags:
    """Return whether one of each pair is true."""
    return np.asarray(flags[:, 0] | flags[:, 1])


def both(flags: Flags) -> Flags:
    """Return whether both of each pair are true."""
    return np.asarray(flags[:, 0] & flags[:, 1])

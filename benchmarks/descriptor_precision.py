"""What keeping descriptors as float16 instead of float32 does to cosines, to neighbours, and to size.

Run as ``python -m benchmarks.descriptor_precision``; the table it prints stands in docs/storage.md. The
vectors are made up, in two kinds: directions spread evenly, and heavy-tailed non-negative ones such as
networks give that end in ReLU and average pooling. Each probe is one of the vectors, turned away from it
at random to a cosine of about 0.5, as two photos of one person are.
"""

from dataclasses import dataclass

import numpy as np

from pipeline.values import F32

DIMENSIONS = (128, 512, 2048)
GALLERY = 10_000
PROBES = 500
SEED = 20240607


@dataclass(frozen=True, slots=True)
class Effect:
    """What rounding did to one gallery.

    Attributes:
        worst_self: 1 minus the smallest cosine of a vector with its own rounded form.
        worst_pair: Largest change of the cosine of a probe with a face of the gallery.
        typical_pair: Root of the mean square of those changes.
        other_nearest: Probes, of ``PROBES``, whose nearest face is another one after rounding.
    """

    worst_self: float
    worst_pair: float
    typical_pair: float
    other_nearest: int


def unit(vectors: F32) -> F32:
    """The same directions, float32 [N, D], of unit norm."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def even(rng: np.random.Generator, count: int, dimension: int) -> F32:
    """Directions spread evenly over the sphere."""
    return unit(rng.standard_normal((count, dimension), dtype=np.float32))


def heavy_tailed(rng: np.random.Generator, count: int, dimension: int) -> F32:
    """A third of the elements is zero, and the others reach over four orders of magnitude."""
    values = np.exp(2.0 * rng.standard_normal((count, dimension), dtype=np.float32))
    values[rng.random(values.shape, dtype=np.float32) < 1 / 3] = 0.0
    return unit(values)


def rounded(vectors: F32) -> F32:
    """The vectors as they are read back from float16: float32 again, and of unit norm again."""
    return unit(vectors.astype(np.float16).astype(np.float32))


def measure(rng: np.random.Generator, gallery: F32) -> Effect:
    """Compare a gallery with its rounded form, in float64 so that only the rounding is seen."""
    noise = even(rng, PROBES, gallery.shape[1])
    probes = unit(gallery[:PROBES] + np.float32(np.sqrt(3.0)) * noise).astype(np.float64)
    exact, stored = gallery.astype(np.float64), rounded(gallery).astype(np.float64)
    before, after = probes @ exact.T, probes @ stored.T
    change = np.abs(after - before)
    norms = np.linalg.norm(exact, axis=1) * np.linalg.norm(stored, axis=1)
    own = np.einsum("nd,nd->n", exact, stored) / norms
    return Effect(
        worst_self=float(1.0 - own.min()),
        worst_pair=float(change.max()),
        typical_pair=float(np.sqrt(np.mean(change**2))),
        other_nearest=int(np.sum(before.argmax(axis=1) != after.argmax(axis=1))),
    )


def main() -> None:
    rng = np.random.default_rng(SEED)
    print(
        "| vectors | dimension | bytes float32 | bytes float16 | angle to itself, 1 - cosine "
        "| change of a cosine, worst | root mean square | other nearest face |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for make in (even, heavy_tailed):
        for dimension in DIMENSIONS:
            effect = measure(rng, make(rng, GALLERY, dimension))
            print(
                f"| {make.__name__} | {dimension} | {4 * dimension} | {2 * dimension} "
                f"| {effect.worst_self:.1e} | {effect.worst_pair:.1e} | {effect.typical_pair:.1e} "
                f"| {effect.other_nearest} of {PROBES} |"
            )


if __name__ == "__main__":
    main()

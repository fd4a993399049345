"""Learns a linear map that brings faces of one person together, and faces of two apart: the triplet loss.

Schroff, Kalenichenko and Philbin, "FaceNet: A Unified Embedding for Face Recognition and Clustering", 2015,
sections 3.1 and 3.2: of an anchor, a face of the same person and a face of another one, the last must be
further from the anchor by a margin. Here no network is trained, only a matrix behind it, as Parkhi, Vedaldi
and Zisserman did ("Deep Face Recognition", 2015, section 4.3). It begins as a map that takes away what all
people have in common and changes nothing else, and is held near to it: it takes strong means to learn from a
few dozen people something that holds for others.

TensorFlow is imported here alone, when something is learned. This module knows no library and no photo.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.values import I64
from pipeline.models.quiet_tensorflow import quiet_tensorflow
from pipeline.values import F32

_TOO_FAR = 1e9
"""Further than any two descriptors are."""


_MARGIN = 0.2
"""How much further another person must be, as squared distance of unit vectors, 0 to 4."""

_REGULARISATION = 30.0
"""Weight of the squared distance from the initial map, the mean of its columns. The offset is free."""

_LEARNING_RATE = 1e-3
"""Of the optimiser, Adam."""

_PEOPLE_PER_BATCH = 40
_FACES_PER_PERSON = 8

_AVERAGED_STEPS = 50
"""Steps whose matrices are averaged, the later ones more."""

SEED = 20150609


@dataclass(frozen=True, slots=True, eq=False)
class LabelledDescriptors:
    """Descriptors of people who are known.

    Attributes:
        vectors: float32 [N, D], of unit norm.
        persons: int64 [N], whose each is.
    """

    vectors: F32
    persons: I64

    def of(self, persons: I64) -> "LabelledDescriptors":
        """Those of some persons."""
        chosen = np.isin(self.persons, persons)
        return LabelledDescriptors(self.vectors[chosen], self.persons[chosen])

    @property
    def everyone(self) -> I64:
        """The persons, rising."""
        return np.unique(self.persons)


def identity_map(vectors: F32, dimension: int) -> F32:
    """The map that changes nothing, or as little as a lower dimension allows.

    Args:
        vectors: float32 [N, D]; the directions in which they lie most are kept.
        dimension: At most D.

    Returns:
        float32 [D + 1, dimension], with no offset.
    """
    length = vectors.shape[1]
    if dimension == length:
        kept = np.eye(length, dtype=np.float32)
    else:
        _, directions = np.linalg.eigh(vectors.T @ vectors)
        kept = directions[:, ::-1][:, :dimension]
    return np.vstack([kept, np.zeros((1, dimension))]).astype(np.float32)


def common_mean(people: LabelledDescriptors) -> F32:
    """The mean of the people's means, float32 [D], of norm below 1.

    Few people have a mean by chance; so it is shrunk towards zero by as much as it is expected to be wrong
    (James and Stein, "Estimation with quadratic loss", 1961, positive part).

    Args:
        people: At least two.
    """
    _, person, counts = np.unique(people.persons, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), people.vectors.shape[1]))
    np.add.at(sums, person, people.vectors)
    means = sums / counts[:, None]
    mean = means.mean(axis=0)
    by_chance = means.var(axis=0, ddof=1).sum() / len(means)
    square = float(mean @ mean)
    sure = max(0.0, 1 - by_chance / square) if square else 0.0
    return np.asarray(sure * mean, np.float32)


def _subtracting(mean: F32, start: F32) -> F32:
    """The map that subtracts ``mean`` and then does what ``start`` does."""
    matrix = start.copy()
    matrix[-1] -= mean @ start[:-1]
    return matrix


def learn(people: LabelledDescriptors, start: F32, steps: Sequence[int]) -> Iterator[F32]:
    """Learn a map from people, beginning with ``start`` minus their common mean.

    Each map is the mean of the matrix over the last steps, because the matrix itself depends much on who was
    drawn last (Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992).

    Args:
        people: At least two, with two faces or more each.
        start: float32 [D + 1, K].
        steps: Numbers of steps after which to give the map, rising.

    Yields:
        float32 [D + 1, K], for each of ``steps``; for 0 it is the initial map.
    """
    start = _subtracting(common_mean(people), start)
    generator = np.random.default_rng(SEED)
    trainer = _Trainer(start)
    mean, done = start, 0
    for count in steps:
        while done < count:
            trainer.step(_batch(people, generator))
            done += 1
            mean = mean + (trainer.matrix - mean) / np.float32(min(done, _AVERAGED_STEPS))
        yield mean


def _batch(people: LabelledDescriptors, generator: np.random.Generator) -> LabelledDescriptors:
    """Some faces of some people, both drawn at random."""
    everyone = people.everyone
    chosen = generator.choice(everyone, min(_PEOPLE_PER_BATCH, len(everyone)), replace=False)
    shuffled = generator.permutation(len(people.persons))
    rows = [shuffled[people.persons[shuffled] == person][:_FACES_PER_PERSON] for person in chosen]
    taken: NDArray[np.intp] = np.concatenate(rows)
    return LabelledDescriptors(people.vectors[taken], people.persons[taken])


class _Trainer:
    """A matrix in TensorFlow that is trained."""

    def __init__(self, start: F32) -> None:
        with quiet_tensorflow():
            import tensorflow as tf

            self._tf = tf
            self._matrix = tf.Variable(start)
            self._start = tf.constant(start)
            self._optimiser = tf.keras.optimizers.Adam(_LEARNING_RATE)
            signature = [
                tf.TensorSpec([None, start.shape[0] - 1], tf.float32),
                tf.TensorSpec([None], tf.int64),
            ]
            # A signature of any length, so that it is traced once.
            self._step = tf.function(self._descend, input_signature=signature)

    @property
    def matrix(self) -> F32:
        """The map as it is now."""
        return np.asarray(self._matrix.numpy(), np.float32)

    def step(self, people: LabelledDescriptors) -> None:
        """Take one step of gradient descent on the faces of these people."""
        self._step(people.vectors, people.persons)

    def _descend(self, vectors: Any, persons: Any) -> None:
        tf = self._tf
        with tf.GradientTape() as tape:
            moved = tf.reduce_sum((self._matrix - self._start)[:-1] ** 2, axis=0)
            triplets = self._triplets(vectors, persons)
            cost = self._semi_hard_loss(*triplets) + _REGULARISATION * tf.reduce_mean(moved)
        (gradient,) = tape.gradient(cost, [self._matrix])
        self._optimiser.apply_gradients([(gradient, self._matrix)])

    def _triplets(self, vectors: Any, persons: Any) -> tuple[Any, Any, Any]:
        """All anchors with all their positives, and with everybody else. Distances are squared.

        Returns:
            How far the positives are, [T]; how far each face is from the anchor, [T, N]; and which faces are
            somebody else's, [T, N].
        """
        tf = self._tf
        mapped = tf.math.l2_normalize(vectors @ self._matrix[:-1] + self._matrix[-1], axis=1)
        distance = 2 - 2 * mapped @ tf.transpose(mapped)  # of unit vectors
        same = persons[:, None] == persons[None]
        pairs = tf.where(tf.linalg.set_diag(same, tf.zeros_like(persons, tf.bool)))
        positive = tf.gather_nd(distance, pairs)
        return positive, tf.gather(distance, pairs[:, 0]), ~tf.gather(same, pairs[:, 0])

    def _semi_hard_loss(self, positive: Any, others: Any, is_other: Any) -> Any:
        """The mean over all anchors and positives, each with its semi-hard negative.

        That is the nearest face of somebody else that is further than the positive; where there is none,
        the furthest of all.
        """
        tf = self._tf
        is_semi_hard = is_other & (others > positive[:, None])
        nearest = tf.reduce_min(tf.where(is_semi_hard, others, _TOO_FAR), axis=1)
        furthest = tf.reduce_max(tf.where(is_other, others, -_TOO_FAR), axis=1)
        negative = tf.where(nearest < _TOO_FAR, nearest, furthest)
        return tf.reduce_mean(tf.nn.relu(positive - negative + _MARGIN))

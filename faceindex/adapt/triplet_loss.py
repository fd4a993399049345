"""Learns a linear map that brings faces of one person together and faces of two apart, by the triplet loss.

Schroff, Kalenichenko and Philbin, "FaceNet: A Unified Embedding for Face Recognition and Clustering", 2015,
sections 3.1 and 3.2: a face of another person must be further from an anchor than one of the same person, by
a margin. Only a matrix behind the network is trained, as in Parkhi, Vedaldi and Zisserman, "Deep Face
Recognition", 2015, section 4.3. It first subtracts the common mean and changes nothing else; a penalty keeps
it near to that, as only a few dozen people are known. Only learning imports TensorFlow, and only here.
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

_MARGIN = 0.2
"""Of the squared distances of unit vectors, which are from 0 to 4."""

_REGULARISATION = 30.0
"""Weight of the squared distance from the initial map, the mean of its columns. The offset is free."""

_LEARNING_RATE = 1e-3

_PEOPLE_PER_BATCH = 40
_FACES_PER_PERSON = 8

_AVERAGED_STEPS = 50
"""Matrices are averaged over about this many steps, later ones weighing more."""

SEED = 20150609


@dataclass(frozen=True, slots=True, eq=False)
class LabelledDescriptors:
    """Descriptors, float32 [N, D], of unit norm, and the person of each, int64 [N]."""

    vectors: F32
    persons: I64

    def of(self, persons: I64) -> "LabelledDescriptors":
        """Select the descriptors of some persons."""
        chosen = np.isin(self.persons, persons)
        return LabelledDescriptors(self.vectors[chosen], self.persons[chosen])

    @property
    def everyone(self) -> I64:
        """List the persons, rising."""
        return np.unique(self.persons)


def identity_map(vectors: F32, dimension: int) -> F32:
    """Make the identity, or for a lower dimension the projection on the principal directions of ``vectors``.

    From float32 [N, D] this makes float32 [D + 1, dimension]; the last row, the offset, is zero.
    """
    length = vectors.shape[1]
    if dimension == length:
        kept = np.eye(length, dtype=np.float32)
    else:
        _, directions = np.linalg.eigh(vectors.T @ vectors)
        kept = directions[:, ::-1][:, :dimension]
    return np.vstack([kept, np.zeros((1, dimension))]).astype(np.float32)


def common_mean(people: LabelledDescriptors) -> F32:
    """Estimate the mean of the means of at least two people, float32 [D], of norm below 1.

    By chance the mean of a few people is not zero, so it is shrunk by its expected error (James and Stein,
    "Estimation with quadratic loss", 1961, positive part).
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


def learn(people: LabelledDescriptors, start: F32, steps: Sequence[int]) -> Iterator[F32]:
    """Learn a map, beginning with ``start`` minus the common mean; yield it after each of ``steps``.

    Maps are float32 [D + 1, K]; ``steps`` rise; at least two people need two faces each. Each map is a
    mean over the last steps, as the matrix depends much on the people drawn last (Polyak and Juditsky,
    "Acceleration of Stochastic Approximation by Averaging", 1992).
    """
    start = start.copy()
    start[-1] -= common_mean(people) @ start[:-1]
    generator = np.random.default_rng(SEED)
    trainer = _Trainer(start)
    mean, done = start, 0
    for count in steps:
        while done < count:
            batch = _batch(people, generator)
            trainer.step(batch.vectors, batch.persons)
            done += 1
            mean = mean + (trainer.matrix - mean) / np.float32(min(done, _AVERAGED_STEPS))
        yield mean


def _batch(people: LabelledDescriptors, generator: np.random.Generator) -> LabelledDescriptors:
    """Draw some faces of some people at random."""
    everyone = people.everyone
    chosen = generator.choice(everyone, min(_PEOPLE_PER_BATCH, len(everyone)), replace=False)
    shuffled = generator.permutation(len(people.persons))
    rows = [shuffled[people.persons[shuffled] == person][:_FACES_PER_PERSON] for person in chosen]
    taken: NDArray[np.intp] = np.concatenate(rows)
    return LabelledDescriptors(people.vectors[taken], people.persons[taken])


class _Trainer:
    def __init__(self, start: F32) -> None:
        with quiet_tensorflow():
            import tensorflow as tf

            self._tf = tf
            self._matrix = tf.Variable(start)
            self._start = tf.constant(start)
            self._optimiser = tf.keras.optimizers.Adam(_LEARNING_RATE)
            # A signature of any length, so that it is traced once.
            vectors = tf.TensorSpec([None, start.shape[0] - 1], tf.float32)
            persons = tf.TensorSpec([None], tf.int64)
            self.step = tf.function(self._descend, input_signature=[vectors, persons])

    @property
    def matrix(self) -> F32:
        return np.asarray(self._matrix.numpy(), np.float32)

    def _descend(self, vectors: Any, persons: Any) -> None:
        """Take one step of gradient descent."""
        tf = self._tf
        with tf.GradientTape() as tape:
            moved = tf.reduce_sum((self._matrix - self._start)[:-1] ** 2, axis=0)
            triplets = self._triplets(vectors, persons)
            cost = self._semi_hard_loss(*triplets) + _REGULARISATION * tf.reduce_mean(moved)
        (gradient,) = tape.gradient(cost, [self._matrix])
        self._optimiser.apply_gradients([(gradient, self._matrix)])

    def _triplets(self, vectors: Any, persons: Any) -> tuple[Any, Any, Any]:
        """Pair all T anchors with all their positives.

        Returns squared distances of the positives, [T], and of all faces, [T, N]; and which are of others.
        """
        tf = self._tf
        mapped = tf.math.l2_normalize(vectors @ self._matrix[:-1] + self._matrix[-1], axis=1)
        distance = 2 - 2 * mapped @ tf.transpose(mapped)  # of unit vectors
        same = persons[:, None] == persons[None]
        pairs = tf.where(tf.linalg.set_diag(same, tf.zeros_like(persons, tf.bool)))
        positive = tf.gather_nd(distance, pairs)
        return positive, tf.gather(distance, pairs[:, 0]), ~tf.gather(same, pairs[:, 0])

    def _semi_hard_loss(self, positive: Any, others: Any, is_other: Any) -> Any:
        """Compute the mean loss with semi-hard negatives.

        Such is the nearest face of another person further than the positive; failing that, the furthest.
        """
        tf = self._tf
        is_semi_hard = is_other & (others > positive[:, None])
        nearest = tf.reduce_min(tf.where(is_semi_hard, others, _TOO_FAR), axis=1)
        furthest = tf.reduce_max(tf.where(is_other, others, -_TOO_FAR), axis=1)
        negative = tf.where(nearest < _TOO_FAR, nearest, furthest)
        return tf.reduce_mean(tf.nn.relu(positive - negative + _MARGIN))

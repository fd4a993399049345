"""Makes the 8-bit convolutions of `sface`, and says how far they move its descriptors.

    python -m benchmarks.int8 [--photos FOLDER] [--others FOLDER...] [--write]

FOLDER holds one folder of photos for each person, as Labeled Faces in the Wild does; the photos of --others
need no names. First the layers are learned from half of the people and tried on the other half and on the
others. With --write they are then learned from all, and written to pipeline/models/int8_layers/sface.npz.

Ranges are those of all faces, a little widened. Weights are rounded one input channel after the other, and
what is lost is made up for by the channels that follow (Frantar et al., "GPTQ: Accurate Post-Training
Quantization for Generative Pre-trained Transformers", ICLR 2023).
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray

from benchmarks.found_faces import photos_under
from benchmarks.labelled_photos import PHOTOS, gather, make_detector, read, rightly_labelled
from benchmarks.process import machine, print_table
from benchmarks.recipe import unit
from faceindex import Settings
from faceindex.accuracy.verification import compare_all, threshold_at
from pipeline.description.crop import cut
from pipeline.models import sface
from pipeline.models.int8 import STEPS, Int8Layer, convolutions, quantise, save_layers, weights_of
from pipeline.models.registry import SFACE
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, U8

BATCH = 16
WIDER = 1.1
"""Ranges are so much wider than seen: faces in profile excite channels that hardly any other face does."""
NARROWEST = 0.25
"""Of a layer's median range: a channel that is seldom active must not be cut off when it is."""
ROWS = 1024
"""Places of each batch that the second moments are taken from."""
DAMPING = 0.01
"""Of the mean second moment, added to each (as in the paper)."""
LARGEST_WEIGHT = 127


class Activations:
    """What the inputs of the convolutions are like: their ranges by channel, and their second moments."""

    def __init__(self, network: ov.Model, crops: U8) -> None:
        network.add_outputs([node.input_value(0) for node in convolutions(network)])
        run = answers(network)
        self.low: list[F32] = []
        self.high: list[F32] = []
        self.moments: list[NDArray[np.float64]] = []
        """[C + 1, C + 1] each, of the channels and a last one that is always 1."""
        rng = np.random.default_rng(0)
        for start in range(0, len(crops) - BATCH + 1, BATCH):
            self._add(run(crops[start : start + BATCH])[1:], rng)

    def _add(self, inputs: Sequence[F32], rng: np.random.Generator) -> None:
        rows = [each.transpose(0, 2, 3, 1).reshape(-1, each.shape[1]) for each in inputs]
        low, high = [each.min(axis=0) for each in rows], [each.max(axis=0) for each in rows]
        chosen = [each[rng.integers(0, len(each), ROWS)] for each in rows]
        ones = [np.column_stack([each, np.ones(len(each))]) for each in chosen]
        moments = [each.T @ each for each in ones]
        if not self.moments:
            self.low, self.high, self.moments = low, high, moments
            return
        self.low = [np.minimum(a, b) for a, b in zip(self.low, low, strict=True)]
        self.high = [np.maximum(a, b) for a, b in zip(self.high, high, strict=True)]
        self.moments = [a + b for a, b in zip(self.moments, moments, strict=True)]


def answers(network: ov.Model) -> Callable[[U8], list[F32]]:
    network.reshape([BATCH, *list(network.input().get_partial_shape())[1:]])
    request = ov.Core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": ov.Type.f32})
    return lambda crops: [np.array(each) for each in request(crops).values()]


def learned(weights: Path, crops: U8) -> list[Int8Layer]:
    seen = Activations(sface.build(weights), crops)
    return [
        int8_layer(weights_of(node), WIDER * low, WIDER * high, moments)
        for node, low, high, moments in zip(
            convolutions(sface.build(weights)), seen.low, seen.high, seen.moments, strict=True
        )
    ]


def int8_layer(weights: F32, low: F32, high: F32, moments: NDArray[np.float64]) -> Int8Layer:
    spread = high - low
    spread = np.maximum(spread, NARROWEST * np.median(spread))
    scaled = (weights * spread).astype(np.float64)
    scale = np.abs(scaled).max(axis=1) / LARGEST_WEIGHT
    # Of the inputs as the 8-bit layer sees them: shifted by low, scaled by spread.
    change = np.vstack([np.diag(1 / spread), -low / spread])
    rounded = rounded_weights(scaled / scale[:, None], change.T @ moments @ change)
    return Int8Layer(low, low + spread, rounded, scale.astype(np.float32))


def rounded_weights(weights: NDArray[np.float64], moments: NDArray[np.float64]) -> NDArray[np.int8]:
    """Round weights [D, C], so that the layer's outputs change least for inputs of these second moments."""
    order = np.argsort(-np.diag(moments))
    left, moments = weights[:, order], moments[np.ix_(order, order)]
    moments += np.eye(len(moments)) * DAMPING * np.diag(moments).mean()
    factor = np.linalg.cholesky(np.linalg.inv(moments)).T
    rounded = np.zeros(left.shape, np.int8)
    for channel in range(len(order)):
        column = np.clip(np.round(left[:, channel]), -LARGEST_WEIGHT, LARGEST_WEIGHT)
        lost = (left[:, channel] - column) / factor[channel, channel]
        left[:, channel:] -= np.outer(lost, factor[channel, channel:])
        rounded[:, channel] = column
    return rounded[:, np.argsort(order)]


def described(network: ov.Model, crops: U8) -> F32:
    run = answers(network)
    filled = np.concatenate([crops, np.zeros((-len(crops) % BATCH, *crops.shape[1:]), np.uint8)])
    vectors = np.concatenate([run(filled[at : at + BATCH])[0] for at in range(0, len(filled), BATCH)])
    return unit(vectors[: len(crops)])


def row(name: str, exact: F32, int8: F32) -> list[str]:
    cosines = (exact * int8).sum(axis=1)
    return [
        f"{len(cosines)} {name}",
        *(f"{each:.5f}" for each in (cosines.mean(), np.quantile(cosines, 0.01), cosines.min())),
    ]


def accuracy(vectors: F32, people: Sequence[str]) -> list[str]:
    """The best balanced accuracy over all pairs, and the part of one person's above a rate of strangers."""
    compared = compare_all(unit(vectors - vectors.mean(axis=0)), people)
    genuine, impostor = np.sort(compared.genuine), np.sort(compared.impostor)
    missed = np.arange(len(genuine)) / len(genuine)
    passed = 1 - np.searchsorted(impostor, genuine) / len(impostor)
    found = [1 - float((missed + passed).min()) / 2]
    found += [float(np.mean(genuine > threshold_at(compared.impostor, rate))) for rate in (1e-3, 1e-4)]
    return [f"{each:.4f}" for each in found]


def milliseconds(network: ov.Model, crops: U8, kind: ov.Type) -> str:
    """Processor time a face, in batches of 8."""
    network.reshape([8, *list(network.input().get_partial_shape())[1:]])
    config = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": kind}
    request = ov.Core().compile_model(network, "CPU", config)
    request(crops[:8])
    started = time.process_time()
    for _ in range(20):
        request(crops[:8])
    return f"{1000 * (time.process_time() - started) / 160:.2f}"


def print_trial(weights: Path, crops: U8, people: Sequence[str], others: U8) -> None:
    names, person = np.unique(people, return_inverse=True)
    chosen = np.isin(person, np.random.default_rng(0).permutation(len(names))[: len(names) // 2])
    layers = learned(weights, crops[chosen])
    exact, int8 = (
        described(network, crops)
        for network in (sface.build(weights), quantise(sface.build(weights), layers))
    )
    rows = [row("faces of other people", exact[~chosen], int8[~chosen])]
    if len(others):
        pair = (sface.build(weights), quantise(sface.build(weights), layers))
        rows.append(row("faces of other sets", *(described(network, others) for network in pair)))
    print_table(["cosine, 8 bits against f32", "mean", "1 % are below", "worst"], rows)
    print()
    ours = [each for each, inside in zip(people, chosen, strict=True) if not inside]
    tried = [["f32", *accuracy(exact[~chosen], ours)], ["8 bits", *accuracy(int8[~chosen], ours)]]
    print_table(["of those people", "best balanced accuracy", "TAR at FAR 1e-3", "at 1e-4"], tried)
    print()
    kinds = (ov.Type.f32, ov.Type.bf16)
    plain = [milliseconds(sface.build(weights), crops, kind) for kind in kinds]
    eight = [milliseconds(quantise(sface.build(weights), layers), crops, kind) for kind in kinds]
    rows = [["no layer in 8 bits", *plain], ["the layers in 8 bits", *eight]]
    print_table(["ms of one core a face", "the rest in f32", "in bf16"], rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    cache = Settings.load().cache_dir
    detector = make_detector(cache)
    samples = rightly_labelled(gather(arguments.photos, None, detector))
    crops = np.stack([cut(each.photo, each.face, SFACE.crop) for each in samples])
    found = [
        cut(photo, face, SFACE.crop)
        for folder in arguments.others
        for photo in map(read, photos_under(folder))
        for face in detector.detect(photo)
    ]
    others = np.stack(found) if found else crops[:0]
    weights = WeightsStore(cache).locate(SFACE).path
    print(f"{machine()}; {STEPS} steps, weights up to {LARGEST_WEIGHT}\n")
    print_trial(weights, crops, [each.person for each in samples], others)
    if arguments.write:
        sface.INT8.parent.mkdir(exist_ok=True)
        save_layers(sface.INT8, learned(weights, np.concatenate([crops, others])))


if __name__ == "__main__":
    main()

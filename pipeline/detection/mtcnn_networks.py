"""The three networks of MTCNN as OpenVINO graphs, with the layers and weights of the mtcnn package 1.0.0.

Zhang, Zhang, Li and Qiao, "Joint Face Detection and Alignment Using Multitask Cascaded Convolutional
Networks", IEEE Signal Processing Letters 23(10), 2016. The weights files, lists of arrays in the order of the
layers, are read by path without importing the package, which imports TensorFlow.
"""

import io
from collections.abc import Iterator, Sequence, Sized
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as op

from pipeline.models.packaged_weights import locate_packaged
from pipeline.models.registry import PackagedWeights
from pipeline.models.runtime import InferRequests, RuntimeOptions, load_network
from pipeline.values import F32, U8

TILE = 256
"""Side of the square that P-Net is run on, pixels: one fixed shape, compiled once, that fits the cache."""
REFINE_SIDE, OUTPUT_SIDE = 24, 48
"""Side of the patches of R-Net and O-Net, pixels."""
REFINE_BATCH, OUTPUT_BATCH = 64, 4
"""Patches run at once; a shorter batch is filled up with zeros, so that one shape is compiled. A patch takes
the same time in batches of 4 to 64, and up to twice as long alone."""

CODE_VERSION = "2"
"""Part of the cache key: raise it whenever the graphs built here change."""

# Pixels 0 to 255 become (x - 127.5) / 128: MTCNN's own normalisation.
_MEAN, _SPREAD = 127.5, 128.0

_SHA256 = {
    "pnet": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "rnet": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "onet": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
"""Digests of the weights files of mtcnn 1.0.0, which are pickles; no other file is unpickled."""


@dataclass(frozen=True, slots=True, eq=False)
class Proposals:
    """P-Net's output for every window of one tile: windows of 12 x 12 pixels, two pixels apart."""

    logit: F32
    """[123, 123], logarithm of the odds that it is a face."""
    offsets: F32
    """[4, 123, 123], of the corners x1, y1, x2, y2, in window sides."""


@dataclass(frozen=True, slots=True, eq=False)
class Refinements:
    """The output of R-Net or O-Net for N patches."""

    probability: F32
    """[N], of a face."""
    offsets: F32
    """[N, 4], of the corners x1, y1, x2, y2, in sides of the patch."""
    landmarks: F32
    """[N, 5, 2], (x, y) in sides of the patch, from its top left corner; [N, 0, 2] from R-Net."""

    def split(self, parts: Sequence[Sized]) -> Iterator["Refinements"]:
        """Yield the output for each part of the patches, which were put one after the other."""
        ends = np.cumsum([len(part) for part in parts])
        for end, part in zip(ends.tolist(), parts, strict=True):
            own = slice(end - len(part), end)
            yield Refinements(self.probability[own], self.offsets[own], self.landmarks[own])


class Mtcnn:
    """P-Net, R-Net and O-Net, compiled. Threads may share them.

    Raises:
        WeightsMissing: The mtcnn package is not installed.
        WeightsInvalid: Its weights are not those of version 1.0.0.
    """

    def __init__(self, options: RuntimeOptions) -> None:
        self._pnet = _Network("pnet", _pnet, options, batch=1)
        # R-Net and O-Net place boxes in a tenth of P-Net's time: always exact.
        exact = replace(options, precision="f32")
        self._rnet = _Network("rnet", _rnet, exact, batch=REFINE_BATCH)
        self.output_network = OutputNetwork(options)
        # The first inference, here in one thread: OpenVINO 2026.4 deadlocks if two threads make it at once.
        self.refine(np.zeros((1, REFINE_SIDE, REFINE_SIDE, 3), np.uint8))

    def propose(self, tile: F32) -> Proposals:
        """Run P-Net on one tile, float32 [TILE, TILE, 3], RGB, 0 to 255."""
        (answer,) = self._pnet.run(tile[None])
        return Proposals(answer[0, 0], answer[0, 1:])

    def refine(self, patches: U8) -> Refinements:
        """Run R-Net on patches, uint8 [N, 24, 24, 3], RGB."""
        offsets, classes = self._rnet.run(patches)
        return Refinements(classes[:, 1], offsets, np.empty((len(classes), 0, 2), np.float32))


class OutputNetwork:
    """O-Net, compiled; always in f32, because it places landmarks. Threads may share it. Errors as Mtcnn."""

    def __init__(self, options: RuntimeOptions) -> None:
        self._onet = _Network("onet", _onet, replace(options, precision="f32"), batch=OUTPUT_BATCH)

    def output(self, patches: U8) -> Refinements:
        """Run O-Net on patches, uint8 [N, 48, 48, 3], RGB."""
        offsets, points, classes = self._onet.run(patches)
        # O-Net gives five x, then five y.
        return Refinements(classes[:, 1], offsets, points.reshape(-1, 2, 5).transpose(0, 2, 1))


class _Network:
    """A compiled network of one batch size. Threads may share it."""

    def __init__(self, name: str, build: Any, options: RuntimeOptions, batch: int) -> None:
        weights = PackagedWeights("mtcnn", f"assets/weights/{name}.lz4", _SHA256[name], extra=None)
        path = locate_packaged("MTCNN", weights)
        key = f"{weights.sha256[:16]}-{CODE_VERSION}"
        self._compiled = load_network(name, key, partial(build, path), options, batch)
        self._requests = InferRequests(self._compiled)
        self._batch = batch

    def run(self, inputs: NDArray[Any]) -> list[F32]:
        """Return all outputs, [N, ...] each, for inputs [N, ...]."""
        outputs = [
            np.empty((len(inputs), *list(output.shape)[1:]), np.float32) for output in self._compiled.outputs
        ]
        for start in range(0, len(inputs), self._batch):
            part = inputs[start : start + self._batch]
            for output, result in zip(outputs, self._requests.infer(_filled(part, self._batch)), strict=True):
                output[start : start + len(part)] = result[: len(part)]
        return outputs


def _filled(part: NDArray[Any], batch: int) -> NDArray[Any]:
    """Add zeros to ``part`` up to ``batch`` rows; C-contiguous."""
    if len(part) == batch:
        return np.ascontiguousarray(part)
    whole = np.zeros((batch, *part.shape[1:]), part.dtype)
    whole[: len(part)] = part
    return whole


class _Layers:
    """Makes a network's layers from the arrays of a weights file, in order."""

    def __init__(self, path: Path) -> None:
        import joblib  # a start with cached graphs never needs either
        import lz4.frame

        # Decompressed here: joblib leaves the compressed file open.
        self._arrays = iter(joblib.load(io.BytesIO(lz4.frame.decompress(path.read_bytes()))))

    def convolution(self, x: Any) -> Any:
        """Add a valid convolution with bias and PReLU; kernels come as [h, w, in, out]."""
        return self.prelu(self._convolved(x, next(self._arrays), next(self._arrays)))

    def heads(self, x: Any) -> Any:
        """Join P-Net's heads in one convolution, [N, 5, h, w]: logit of a face, four offsets.

        The package's softmax of two classes is a sigmoid of their difference, needed only for passing
        windows.
        """
        offsets, offsets_bias, classes, classes_bias = (next(self._arrays) for _ in range(4))
        difference = classes[..., 1:] - classes[..., :1]
        return self._convolved(
            x,
            np.concatenate([difference, offsets], axis=-1),
            np.concatenate([classes_bias[1:] - classes_bias[:1], offsets_bias]),
        )

    def first_convolution(self, x: Any) -> Any:
        """Add a convolution of pixels 0 to 255, [N, h, w, 3], normalisation folded in, and PReLU."""
        channels_first = op.transpose(op.convert(x, np.float32), op.constant(np.array([0, 3, 1, 2])))
        kernel, bias = next(self._arrays), next(self._arrays)
        bias = bias - kernel.sum(axis=(0, 1, 2)) * (_MEAN / _SPREAD)
        return self.prelu(self._convolved(channels_first, kernel / _SPREAD, bias))

    def _convolved(self, x: Any, kernel: F32, bias: F32) -> Any:
        weights = op.constant(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1), dtype=np.float32))
        y = op.convolution(x, weights, [1, 1], [0, 0], [0, 0], [1, 1])
        return op.add(y, op.constant(bias.reshape(1, -1, 1, 1).astype(np.float32)))

    def prelu(self, x: Any) -> Any:
        """Add max(x, 0) + slope * min(x, 0), a slope for each channel."""
        return op.prelu(x, op.constant(next(self._arrays).reshape(-1)))

    def dense(self, x: Any) -> Any:
        """Add a fully connected layer with bias; weights come as [in, out]."""
        product = op.matmul(x, op.constant(next(self._arrays)), False, False)
        return op.add(product, op.constant(next(self._arrays).reshape(1, -1)))


def _pool(x: Any, side: int, padding: str) -> Any:
    """Add maxima of squares two pixels apart; ``same_upper`` pads right and bottom, as TensorFlow does."""
    return op.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [side, side], auto_pad=padding).output(0)


def _flat(x: Any) -> Any:
    """Reshape [N, c, h, w] to [N, w * h * c]: the order in which the package's dense layers were trained."""
    transposed = op.transpose(x, op.constant(np.array([0, 3, 2, 1])))
    return op.reshape(transposed, op.constant(np.array([0, -1])), True)


def _pnet(weights: Path) -> ov.Model:
    """Build P-Net on float32 tiles: [N, 5, 123, 123], logits and offsets."""
    layers = _Layers(weights)
    tiles = op.parameter([-1, TILE, TILE, 3], np.float32)
    x = _pool(layers.first_convolution(tiles), 2, "same_upper")
    x = layers.convolution(layers.convolution(x))
    return ov.Model([layers.heads(x).output(0)], [tiles], "pnet")


def _rnet(weights: Path) -> ov.Model:
    """Build R-Net on uint8 patches: offsets [N, 4], classes [N, 2]."""
    layers = _Layers(weights)
    patches = op.parameter([-1, REFINE_SIDE, REFINE_SIDE, 3], np.uint8)
    x = _pool(layers.first_convolution(patches), 3, "same_upper")
    x = _pool(layers.convolution(x), 3, "valid")
    x = layers.prelu(layers.dense(_flat(layers.convolution(x))))
    offsets = layers.dense(x)
    classes = op.softmax(layers.dense(x), 1)
    return ov.Model([offsets.output(0), classes.output(0)], [patches], "rnet")


def _onet(weights: Path) -> ov.Model:
    """Build O-Net on uint8 patches: offsets [N, 4], landmarks [N, 10] (five x, five y), classes [N, 2]."""
    layers = _Layers(weights)
    patches = op.parameter([-1, OUTPUT_SIDE, OUTPUT_SIDE, 3], np.uint8)
    x = _pool(layers.first_convolution(patches), 3, "same_upper")
    x = _pool(layers.convolution(x), 3, "valid")
    x = _pool(layers.convolution(x), 2, "same_upper")
    x = layers.prelu(layers.dense(_flat(layers.convolution(x))))
    offsets = layers.dense(x)
    landmarks = layers.dense(x)
    classes = op.softmax(layers.dense(x), 1)
    return ov.Model([offsets.output(0), landmarks.output(0), classes.output(0)], [patches], "onet")

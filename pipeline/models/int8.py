"""Replaces the expensive convolutions of a network by 8-bit ones, which VNNI and AMX multiply natively.

Only convolutions of 1 x 1 are replaced: they have most of the multiply-adds, and no padding, so their inputs
can be shifted as well as scaled channel by channel (Nagel et al., "Data-Free Quantization Through Weight
Equalization and Bias Correction", ICCV 2019): each channel then uses all 256 steps. This module must not know
how ranges and weights were found; ``python -m benchmarks.int8`` finds them.
"""

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as op

from pipeline.values import F32

STEPS = 256
"""Values of 8 bits."""

_FEWEST = 64
"""Input channels of a convolution that is replaced: with fewer, memory is the limit, and 8 bits lose most."""


@dataclass(frozen=True, slots=True, eq=False)
class Int8Layer:
    """A convolution of 1 x 1 from C to D channels, in 8 bits."""

    low: F32
    """[C], the smallest value of each input channel; smaller ones count as it."""
    high: F32
    """[C], the largest value of each input channel."""
    weights: NDArray[np.int8]
    """[D, C], of inputs scaled to 0 at ``low`` and 1 at ``high``, in steps of ``scale``."""
    scale: F32
    """[D]."""


def convolutions(network: ov.Model) -> list[ov.Node]:
    """Return the convolutions of 1 x 1 that are replaced, in the order in which they are run."""
    all_of_them = [node for node in network.get_ordered_ops() if node.get_type_name() == "Convolution"]
    shapes = [list(node.input_value(1).get_shape()) for node in all_of_them]
    return [
        node
        for node, (_, channels, *window) in zip(all_of_them, shapes, strict=True)
        if window == [1, 1] and channels >= _FEWEST
    ]


def weights_of(convolution: ov.Node) -> F32:
    """Return the weights of a convolution of 1 x 1, float32 [D, C]."""
    constant = convolution.input_value(1).get_node()
    return np.array(constant.get_data()[:, :, 0, 0], np.float32)


def quantise(network: ov.Model, layers: Sequence[Int8Layer]) -> ov.Model:
    """Replace the network's convolutions of 1 x 1; their answers change by the rounding alone."""
    for convolution, layer in zip(convolutions(network), layers, strict=True):
        # What the shift takes away from every input of the layer is one number for each of its outputs.
        shift = weights_of(convolution) @ layer.low
        low, high = _by_channel(layer.low), _by_channel(layer.high)
        zero, one = op.constant(np.float32(0)), op.constant(np.float32(1))
        inputs = op.fake_quantize(convolution.input_value(0), low, high, zero, one, STEPS)
        steps = op.convert(op.constant(layer.weights[:, :, None, None]), np.float32)
        weights = op.multiply(steps, op.constant(layer.scale[:, None, None, None]))
        convolution.input(0).replace_source_output(inputs.output(0))
        convolution.input(1).replace_source_output(weights.output(0))
        users = list(convolution.output(0).get_target_inputs())
        shifted = op.add(convolution, _by_channel(shift))
        for user in users:
            user.replace_source_output(shifted.output(0))
    return network


def load_layers(path: Path) -> list[Int8Layer]:
    """Read what ``save_layers`` wrote.

    Raises:
        OSError: The file is missing.
        ValueError: It is damaged.
    """
    with np.load(path, allow_pickle=False) as file:
        try:
            return [
                Int8Layer(*(file[f"{part}{number}"] for part in _PARTS))
                for number in range(len(file.files) // len(_PARTS))
            ]
        except KeyError as error:
            raise ValueError(f"{path} lacks {error}") from error


def save_layers(path: Path, layers: Sequence[Int8Layer]) -> None:
    """Write layers to one file."""
    parts = {f"{part}{at}": getattr(layer, part) for at, layer in enumerate(layers) for part in _PARTS}
    np.savez_compressed(path, allow_pickle=False, **parts)


@cache
def has_exact_int8() -> bool:
    """Return whether this processor adds products of 8 bits in 32 bits (VNNI or AMX).

    Processors without it add pairs in 16 bits, which overflow. This is tried, on two products that are too
    large together. Elsewhere than on x86, OpenVINO has no fast 8-bit convolutions.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return False
    side, full = _FEWEST, 127
    given = op.parameter([1, side, 1, 1], np.float32)
    convolution = op.convolution(given, op.constant(np.ones((side, side, 1, 1), np.float32)), *_ONES)
    network = ov.Model([convolution.output(0)], [given])
    every = np.ones(side, np.float32)  # all inputs are as large as 8 bits allow, and so are the weights
    weights = np.full((side, side), full, np.int8)
    quantise(network, [Int8Layer(0 * every, every, weights, every / np.float32(full))])
    config = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": ov.Type.f32}
    answer = ov.Core().compile_model(network, "CPU", config)(np.ones((1, side, 1, 1), np.float32))[0]
    return bool(np.allclose(answer, side, rtol=1e-3))


_PARTS = ("low", "high", "weights", "scale")
_ONES = ([1, 1], [0, 0], [0, 0], [1, 1])
"""Strides, padding before and after, and dilations of a plain convolution."""


def _by_channel(values: F32) -> ov.Node:
    return op.constant(np.asarray(values, np.float32).reshape(1, -1, 1, 1))

"""8-bit convolutions: as good as the rounding allows, and damaged files that say so."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline.models.int8 import Int8Layer, convolutions, load_layers, quantise, save_layers

# After pipeline.models, which sees to it that OpenVINO reports nothing.
import openvino as ov  # isort: skip
from openvino import opset13 as op  # isort: skip

CHANNELS = 64


def network(weights: np.ndarray) -> ov.Model:
    given = op.parameter([1, CHANNELS, 3, 3], np.float32)
    kernel = op.constant(weights[:, :, None, None].astype(np.float32))
    convolution = op.convolution(given, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    return ov.Model([op.relu(convolution).output(0)], [given])


@pytest.fixture
def weights() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((CHANNELS, CHANNELS)).astype(np.float32)


def layer(weights: np.ndarray, low: np.ndarray, high: np.ndarray) -> Int8Layer:
    scaled = weights * (high - low)
    scale = np.abs(scaled).max(axis=1) / 63  # half of the weights' range: no processor overflows
    return Int8Layer(low, high, np.round(scaled / scale[:, None]).astype(np.int8), scale)


def test_channels_of_very_different_ranges_keep_their_digits(weights: np.ndarray) -> None:
    rng = np.random.default_rng(1)
    size = np.geomspace(0.01, 100, CHANNELS).astype(np.float32)
    low, high = -size, 3 * size
    pixels = rng.uniform(low, high, (9, CHANNELS)).T.reshape(1, CHANNELS, 3, 3).astype(np.float32)
    weights = weights / size  # so that each channel says as much as any other
    exact = ov.Core().compile_model(network(weights), "CPU")(pixels)[0]
    rounded = quantise(network(weights), [layer(weights, low, high)])
    found = ov.Core().compile_model(rounded, "CPU", {"INFERENCE_PRECISION_HINT": ov.Type.f32})(pixels)[0]
    assert np.linalg.norm(found - exact) < 0.02 * np.linalg.norm(exact)


def test_narrow_convolutions_stay_as_they_are() -> None:
    given = op.parameter([1, 8, 3, 3], np.float32)
    kernel = op.constant(np.ones((8, 8, 1, 1), np.float32))
    convolution = op.convolution(given, kernel, [1, 1], [0, 0], [0, 0], [1, 1])
    assert not convolutions(ov.Model([convolution.output(0)], [given]))


def test_layers_are_read_as_they_were_written(tmp_path: Path, weights: np.ndarray) -> None:
    low, high = np.zeros(CHANNELS, np.float32), np.ones(CHANNELS, np.float32)
    written = layer(weights, low, high)
    save_layers(tmp_path / "layers.npz", [written])
    (read,) = load_layers(tmp_path / "layers.npz")
    for part in ("low", "high", "weights", "scale"):
        np.testing.assert_array_equal(getattr(read, part), getattr(written, part))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the instructions are those of x86")
def test_8_bits_are_left_alone_where_their_sums_overflow() -> None:
    """AVX2 adds pairs of products in 16 bits."""
    found = subprocess.run(
        [sys.executable, "-c", "from pipeline.models.int8 import has_exact_int8; print(has_exact_int8())"],
        env={**os.environ, "ONEDNN_MAX_CPU_ISA": "AVX2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "False"

"""SFace in OpenVINO, before the mean descriptor is taken away, against ONNX Runtime on the original file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from pipeline.description.embedder import load_embedder
from pipeline.models import sface
from pipeline.models.int8 import convolutions, has_exact_int8, load_layers, weights_of
from pipeline.models.registry import SFACE
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, U8
from tests.pipeline.faces import cosines, crops

PLAIN = replace(SFACE, centred=False)


@pytest.fixture(scope="module")
def pixels() -> U8:
    return crops(SFACE.crop, 11)


@pytest.fixture(scope="module")
def reference(pixels: U8) -> F32:
    """What ONNX Runtime makes of planar RGB, 0 to 255, one face at a time."""
    file = WeightsStore(Path("unused")).locate(SFACE).path
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    # The file lists inputs that nothing in it reads, and ONNX Runtime wants them all the same.
    unread = {
        given.name: np.zeros(given.shape, np.float32)
        for given in session.get_inputs()
        if given.name != "data"
    }
    planar = pixels.transpose(0, 3, 1, 2).astype(np.float32)
    return np.concatenate([session.run(None, {"data": face[None], **unread})[0] for face in planar])


def test_openvino_agrees_with_onnx_runtime_on_real_faces(cache: Path, pixels: U8, reference: F32) -> None:
    embedder = load_embedder(PLAIN, WeightsStore(cache), RuntimeOptions(cache, threads=0, streams=1))
    assert cosines(embedder.embed(pixels), reference).min() >= 0.9999


def test_bf16_stays_close(cache: Path, pixels: U8, reference: F32) -> None:
    options = RuntimeOptions(cache, threads=0, streams=1, precision="bf16")
    embedder = load_embedder(PLAIN, WeightsStore(cache), options)
    assert cosines(embedder.embed(pixels), reference).min() >= 0.995


def test_8_bits_stay_close(cache: Path, pixels: U8, reference: F32) -> None:
    options = RuntimeOptions(cache, threads=0, streams=1, int8=True)
    embedder = load_embedder(PLAIN, WeightsStore(cache), options)
    assert cosines(embedder.embed(pixels), reference).min() >= 0.998


@pytest.mark.skipif(not has_exact_int8(), reason="this processor's 8-bit arithmetic is not used")
def test_8_bits_are_used_where_the_processor_is_made_for_them(cache: Path, pixels: U8) -> None:
    exact, int8 = (
        load_embedder(PLAIN, WeightsStore(cache), RuntimeOptions(cache, threads=0, streams=1, int8=int8))
        for int8 in (False, True)
    )
    assert cosines(exact.embed(pixels), int8.embed(pixels)).max() < 0.99999


def test_the_8_bit_layers_are_those_of_the_network(cache: Path) -> None:
    layers = load_layers(sface.INT8)
    network = sface.build(WeightsStore(cache).locate(SFACE).path)
    for layer, convolution in zip(layers, convolutions(network), strict=True):
        weights = weights_of(convolution)
        restored = layer.weights * layer.scale[:, None] / (layer.high - layer.low)
        assert np.linalg.norm(restored - weights) < 0.1 * np.linalg.norm(weights)

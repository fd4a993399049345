"""Builds the SFace network from its block-quantised ONNX file.

This module must not know where the file comes from, nor how the network is run.
"""

from pathlib import Path

import openvino as ov
from openvino.preprocess import PrePostProcessor

from pipeline.models.int8 import load_layers, quantise
from pipeline.models.quantised_onnx import read_quantised

INT8 = Path(__file__).parent / "int8_layers" / "sface.npz"
"""The 8-bit layers, made by ``python -m benchmarks.int8``."""

CODE_VERSION = "1"
"""Part of the cached graph's key: changes when this code would build another graph."""


def build(weights: Path) -> ov.Model:
    """Build the network: uint8 [N, 112, 112, 3] RGB, not centred, to float32 [N, 128], not normalised."""
    model = read_quantised(weights, "data")
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"
    network = ov.Core().read_model(model.SerializeToString())
    steps = PrePostProcessor(network)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    return steps.build()


def build_int8(weights: Path) -> ov.Model:
    """Build the same network with most of its convolutions of 1 x 1, nine tenths of the work, in 8 bits."""
    return quantise(build(weights), load_layers(INT8))

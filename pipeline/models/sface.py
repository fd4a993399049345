"""Builds the SFace network from its block-quantised ONNX file.

OpenVINO cannot read its int8 weights with one float scale per block, so they become float32 here. This module
must not know where the file comes from, nor how the network is run.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import openvino as ov
from openvino.preprocess import PrePostProcessor

from pipeline.values import F32

if TYPE_CHECKING:
    import onnx

CODE_VERSION = "1"
"""Part of the cached graph's key: changes when this code would build another graph."""


def build(weights: Path) -> ov.Model:
    """Build the network: uint8 [N, 112, 112, 3] RGB, not centred, to float32 [N, 128], not normalised."""
    import onnx  # takes a quarter of a second, which a start with a cached graph saves

    model = onnx.load(weights)
    _restore_floats(model.graph)
    _free_batch(model.graph)
    network = ov.Core().read_model(model.SerializeToString())
    steps = PrePostProcessor(network)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    return steps.build()


def _restore_floats(graph: "onnx.GraphProto") -> None:
    """Replace every DequantizeLinear node by a float32 constant of the same name."""
    from onnx import numpy_helper

    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "DequantizeLinear"]:
        graph.initializer.append(numpy_helper.from_array(_dequantise(node, stored), node.output[0]))
        graph.node.remove(node)


def _dequantise(node: "onnx.NodeProto", stored: Mapping[str, np.ndarray]) -> F32:
    """Return the output of a blockwise DequantizeLinear node (ONNX operators, version 21)."""
    values, scales, zeros = (stored[name] for name in node.input)
    attributes = {attribute.name: attribute.i for attribute in node.attribute}
    axis, block = attributes["axis"], attributes["block_size"]

    def spread(blocks: np.ndarray) -> F32:
        """Repeat each block's number for its values; the last block may be shorter."""
        repeated = np.repeat(blocks.astype(np.float32), block, axis)
        return repeated.take(range(values.shape[axis]), axis)

    restored: F32 = (values.astype(np.float32) - spread(zeros)) * spread(scales)
    return restored


def _free_batch(graph: "onnx.GraphProto") -> None:
    """Keep the image as the only input, with a free first dimension: the file lists weights as inputs too."""
    image = [value for value in graph.input if value.name == "data"]
    del graph.input[:]
    graph.input.extend(image)
    for value in (*graph.input, *graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = "batch"

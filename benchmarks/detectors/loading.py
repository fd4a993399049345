"""Loads detectors by name, on one thread."""

from pathlib import Path

from pipeline.detection.cascade import MtcnnDetector
from pipeline.detection.detector import Detector, MtcnnOptions
from pipeline.detection.mtcnn_networks import Mtcnn
from pipeline.models.runtime import Precision, RuntimeOptions


def load(name: str, cache: Path, precision: Precision) -> Detector:
    """Load NAME, NAME:LONG_EDGE or NAME:LONG_EDGE:SMALLEST_FACE."""
    _, *sizes = name.split(":")
    long_edge, smallest = [int(size) for size in sizes] + [1600, 20][len(sizes) :]
    options = MtcnnOptions(long_edge, smallest)
    return MtcnnDetector(Mtcnn(RuntimeOptions(cache, threads=1, streams=1, precision=precision)), options)

"""Loads the networks that look at photos: the detector's, and that of the descriptor model.

Imported only when photos are to be looked at: it brings in OpenVINO.
"""

from dataclasses import replace

import cv2

from faceindex.settings import Settings
from pipeline.description.embedder import Runtime, load_embedder
from pipeline.detection.cascade import MtcnnDetector
from pipeline.detection.detector import Detector
from pipeline.detection.mtcnn_networks import Mtcnn
from pipeline.errors import ModelError
from pipeline.models.registry import ModelSpec
from pipeline.models.runtime import Precision, RuntimeOptions, has_native_bf16
from pipeline.models.vggface import has_gpu
from pipeline.models.weights import WeightsStore
from pipeline.networks import Networks


def load_networks(settings: Settings, model: ModelSpec, workers: int, detector: Detector | None) -> Networks:
    """Load what the settings ask for, for so many photos side by side.

    Args:
        settings: How.
        model: Describes the faces.
        workers: Photos that are looked at side by side; the cores are divided among them.
        detector: Finds the faces; by default the cascade, which is loaded.

    Raises:
        ModelError: The weights of the model, or of the detector, are not there or not right.
    """
    cv2.setNumThreads(settings.cores // workers)
    side_by_side = RuntimeOptions(
        settings.cache_dir, threads=settings.cores, streams=workers, precision=_precision(settings)
    )
    in_batches = replace(side_by_side, streams=1)
    # First, since it is compiled beside all that follows.
    embedder = load_embedder(model, WeightsStore(settings.cache_dir), in_batches, _runtime(settings))
    if detector is None:
        detector = MtcnnDetector(Mtcnn(side_by_side), settings.detection)
    return Networks(detector, embedder)


def _runtime(settings: Settings) -> Runtime:
    """What runs the descriptor model: on a GPU, TensorFlow.

    Raises:
        ModelError: A GPU was asked for, and TensorFlow sees none.
    """
    if settings.device == "cpu":
        return settings.runtime
    if not has_gpu():
        raise ModelError("TensorFlow sees no GPU here: leave --device out, or install its GPU libraries.")
    return "tensorflow"


def _precision(settings: Settings) -> Precision:
    """The arithmetic asked for; by itself bf16 where the processor multiplies it natively, else f32."""
    if settings.precision != "auto":
        return settings.precision
    return "bf16" if has_native_bf16() else "f32"

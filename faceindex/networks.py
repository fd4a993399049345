"""Loads the networks of detector and model. It imports OpenVINO: import it only when a photo needs them."""

from dataclasses import replace

import cv2

from faceindex.settings import Settings
from pipeline.description.embedder import Runtime, load_embedder
from pipeline.detection.cascade import MtcnnDetector
from pipeline.detection.detector import Detector
from pipeline.detection.mtcnn_networks import Mtcnn
from pipeline.errors import ModelError
from pipeline.models.registry import ModelSpec
from pipeline.models.runtime import RuntimeOptions, has_native_bf16
from pipeline.models.vggface import has_gpu
from pipeline.models.weights import WeightsStore
from pipeline.networks import Networks


def load_networks(settings: Settings, model: ModelSpec, workers: int, detector: Detector | None) -> Networks:
    """Load the networks that the settings ask for; without a detector, the cascade.

    ``workers`` photos are in work at once and share the cores.

    Raises:
        ModelError: The weights of the model or of the detector are missing or invalid.
    """
    cv2.setNumThreads(settings.cores // workers)
    precision = settings.precision
    if precision == "auto":
        precision = "bf16" if has_native_bf16() else "f32"
    side_by_side = RuntimeOptions(settings.cache_dir, settings.cores, workers, precision)
    in_batches = replace(side_by_side, streams=1)
    # First, since it is compiled while the rest is loaded.
    embedder = load_embedder(model, WeightsStore(settings.cache_dir), in_batches, _runtime(settings))
    if detector is None:
        detector = MtcnnDetector(Mtcnn(side_by_side), settings.detection)
    return Networks(detector, embedder)


def _runtime(settings: Settings) -> Runtime:
    if settings.device == "cpu":
        return settings.runtime
    if not has_gpu():
        raise ModelError("TensorFlow sees no GPU here: leave --device out, or install its GPU libraries.")
    return "tensorflow"

"""Puts the pipeline together from settings. Networks, and OpenVINO, are loaded when a photo needs them."""

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

from faceindex.settings import Settings
from pipeline.decoding.decoders import DecoderOptions, Decoders
from pipeline.errors import ModelError
from pipeline.examination import ExaminationOptions
from pipeline.film_examination import USUALLY, FilmOptions
from pipeline.models.registry import ModelSpec, network_model
from pipeline.networks import Networks
from pipeline.runner import Runner
from pipeline.timing import StageClock
from pipeline.tracking.tracker import likeness_of

if TYPE_CHECKING:
    from pipeline.description.embedder import Runtime
    from pipeline.detection.detector import Detector
    from pipeline.models.runtime import RuntimeOptions


def build_runner(
    settings: Settings,
    model: ModelSpec,
    *,
    workers: int | None = None,
    clock: StageClock | None = None,
    detector: "Detector | None" = None,
    films: FilmOptions = USUALLY,
    thumbnails: bool = False,
) -> Runner:
    """Build a runner that describes faces with ``model``; without a detector, the settings name one.

    ``workers`` photos are in work at once and share the cores; by default one for each core. With 1, all
    cores work on one photo, which suits questions about single photos. ``thumbnails`` are cut of all faces.
    """
    workers = workers or settings.cores
    decoders = Decoders(DecoderOptions(pixel_cap=int(settings.max_megapixels * 1e6)))
    films = replace(films, likeness=likeness_of(network_model(model).model_id))
    options = ExaminationOptions(settings.detection.long_edge, model.crop, films, thumbnails)
    return Runner(partial(_load, settings, model, workers, detector), workers, options, clock, decoders)


def _load(settings: Settings, model: ModelSpec, workers: int, detector: "Detector | None") -> Networks:
    """Load the networks that the settings ask for; arguments as for ``build_runner``.

    Raises:
        ModelError: The weights of the model or of the detector are missing or invalid.
    """
    import cv2

    from pipeline.description.embedder import load_embedder
    from pipeline.detection.detectors import load_detector, load_drawn_box_search
    from pipeline.models.weights import WeightsStore

    cv2.setNumThreads(settings.cores // workers)
    runtime, side_by_side = _runtime(settings, model, workers)
    in_batches = replace(side_by_side, streams=1)
    # First, since it is compiled while the rest is loaded.
    embedder = load_embedder(model, WeightsStore(settings.cache_dir), in_batches, runtime)
    if detector is None:
        detector = load_detector(settings.detection, side_by_side)
    return Networks(detector, embedder, cache(partial(load_drawn_box_search, side_by_side)))


def _runtime(settings: Settings, model: ModelSpec, workers: int) -> "tuple[Runtime, RuntimeOptions]":
    """Return the runtime of the descriptor model, and how OpenVINO runs the others, or all.

    Raises:
        ModelError: A GPU is asked for, and nothing here can use one.
    """
    from pipeline.models import runtime

    fastest = settings.precision == "auto"
    bf16 = runtime.has_native_bf16() if fastest else settings.precision == "bf16"
    processor = runtime.RuntimeOptions(
        settings.cache_dir, settings.cores, workers, "bf16" if bf16 else "f32", int8=fastest
    )
    if settings.device == "cpu":
        return settings.runtime, processor
    if settings.runtime == "openvino" and runtime.has_gpu():
        return "openvino", replace(processor, precision="f32", int8=False, device="GPU")
    from pipeline.models import vggface

    if network_model(model).model_id in vggface.NETWORKS and vggface.has_gpu():
        return "tensorflow", processor
    raise ModelError(
        f"No GPU here can run {model.model_id}: OpenVINO needs one of Intel's and its driver; TensorFlow "
        f"needs one of Nvidia's, its libraries and a model of keras-vggface. Leave --device out."
    )

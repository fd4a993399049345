"""Puts the pipeline together from settings: detector, descriptor model, runner.

Imported only when photos are to be looked at: it brings in OpenVINO.
"""

from dataclasses import dataclass, field, replace

import cv2

from faceindex.settings import Settings
from pipeline.decoders import DecoderOptions, Decoders
from pipeline.detect import Detector, DetectorOptions, MtcnnDetector
from pipeline.embed import Runtime, load_embedder
from pipeline.errors import ModelError
from pipeline.models.mtcnn import Mtcnn
from pipeline.models.registry import ModelSpec
from pipeline.models.runtime import Precision, RuntimeOptions, has_native_bf16
from pipeline.models.vggface import has_gpu
from pipeline.models.weights import WeightsStore
from pipeline.runner import Runner, RunnerOptions
from pipeline.timing import StageClock


@dataclass(frozen=True, slots=True)
class Work:
    """What the engine is for.

    Attributes:
        photos: How many photos there are to look at: with one or two, all cores work on each photo;
            with many, each core on a photo of its own.
        clock: Where the time of each stage is added up.
    """

    photos: int
    clock: StageClock = field(default_factory=StageClock)


def build_runner(
    settings: Settings, model: ModelSpec, work: Work, detector: Detector | None = None
) -> Runner:
    """A runner that describes faces with ``model``.

    Args:
        settings: How.
        model: Which.
        work: What for.
        detector: Finds the faces; by default the cascade.

    Raises:
        ModelError: The weights of the model, or of the detector, are not there or not right.
    """
    workers = min(settings.cores, max(work.photos, 1))
    cv2.setNumThreads(settings.cores // workers)
    decoders = Decoders(DecoderOptions(pixel_cap=int(settings.max_megapixels * 1e6)))
    decoders.start(workers)  # they load while the networks do
    side_by_side = RuntimeOptions(
        settings.cache_dir, threads=settings.cores, streams=workers, precision=_precision(settings)
    )
    if detector is None:
        options = DetectorOptions(settings.long_edge, settings.smallest_face, settings.thresholds)
        detector = MtcnnDetector(Mtcnn(side_by_side), options)
    in_batches = replace(side_by_side, streams=1)
    embedder = load_embedder(model, WeightsStore(settings.cache_dir), in_batches, _runtime(settings))
    return Runner(detector, embedder, RunnerOptions(workers, settings.long_edge), work.clock, decoders)


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

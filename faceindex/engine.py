"""Puts the pipeline together from settings. Networks, and OpenVINO, are loaded when a photo needs them."""

from functools import partial
from typing import TYPE_CHECKING

from faceindex.settings import Settings
from pipeline.decoding.decoders import DecoderOptions, Decoders
from pipeline.examination import ExaminationOptions
from pipeline.models.registry import ModelSpec
from pipeline.networks import Networks
from pipeline.runner import Runner
from pipeline.timing import StageClock

if TYPE_CHECKING:
    from pipeline.detection.detector import Detector


def build_runner(
    settings: Settings,
    model: ModelSpec,
    *,
    workers: int | None = None,
    clock: StageClock | None = None,
    detector: "Detector | None" = None,
) -> Runner:
    """Build a runner that describes faces with ``model``; without a detector, the cascade finds them.

    ``workers`` photos are in work at once and share the cores; by default one for each core. With 1, all
    cores work on one photo, which suits questions about single photos.
    """
    workers = workers or settings.cores
    decoders = Decoders(DecoderOptions(pixel_cap=int(settings.max_megapixels * 1e6)))
    options = ExaminationOptions(settings.detection.long_edge, model.crop)
    return Runner(partial(_load, settings, model, workers, detector), workers, options, clock, decoders)


def _load(settings: Settings, model: ModelSpec, workers: int, detector: "Detector | None") -> Networks:
    from faceindex.networks import load_networks  # it brings OpenVINO

    return load_networks(settings, model, workers, detector)

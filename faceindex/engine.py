"""Puts the pipeline together from settings: readers, detector, descriptor model, runner.

It brings OpenVINO in only where a runner is built, and then after the readers were started: they load in the
meantime.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from faceindex.settings import Settings
from pipeline.decoding.decoders import DecoderOptions, Decoders
from pipeline.models.registry import ModelSpec
from pipeline.timing import StageClock

if TYPE_CHECKING:
    from pipeline.detection.cascade import Detector
    from pipeline.runner import Runner


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
    settings: Settings, model: ModelSpec, work: Work, detector: "Detector | None" = None
) -> "Runner":
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
    decoders = Decoders(DecoderOptions(pixel_cap=int(settings.max_megapixels * 1e6)))
    decoders.start(workers)
    from faceindex.networks import load_networks
    from pipeline.runner import Runner, RunnerOptions

    networks = load_networks(settings, model, workers, detector)
    options = RunnerOptions(workers, settings.long_edge)
    return Runner(networks.detector, networks.embedder, options, work.clock, decoders)

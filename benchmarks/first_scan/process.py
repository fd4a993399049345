"""Runs photos through the pipeline with a detector that finds nothing, as a process of its own.

    python -m benchmarks.first_scan.process FOLDER

What remains is the crawl, reading and decoding. Prints the number of photos and the seconds as JSON.
"""

import json
import os
import sys
import time

from pipeline.decoding.decoders import Decoders
from pipeline.description.embedder import Embedder
from pipeline.examination import ExaminationOptions
from pipeline.models.registry import SFACE
from pipeline.networks import Networks
from pipeline.platform_support import usable_cores
from pipeline.runner import Runner
from pipeline.sources.crawl import crawl
from pipeline.values import F32, U8, DecodedPhoto, DetectedFace, PhotoIndexed


class NoDetector:
    """Finds no faces, in no time."""

    name = "none"

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        """As ``Detector.detect``."""
        return ()


class NoEmbedder:
    """Is never asked."""

    model_id = SFACE.model_id
    dimension = SFACE.dimension
    protocol = SFACE.crop
    batch_size = 1

    def embed(self, pixels: U8) -> F32:
        """As ``Embedder.embed``."""
        raise NotImplementedError


def main() -> None:
    embedder: Embedder = NoEmbedder()
    with Decoders() as decoders:
        options = ExaminationOptions(1600, SFACE.crop)
        runner = Runner(lambda: Networks(NoDetector(), embedder), usable_cores(), options, decoders=decoders)
        runner.prepare()
        started = time.perf_counter()
        files = crawl([os.fsencode(sys.argv[1])], lambda _: None)
        indexed = sum(isinstance(each, PhotoIndexed) for each in runner.run(files, lambda _: False))
        seconds = time.perf_counter() - started
    print(json.dumps({"photos": {"indexed": indexed}, "seconds": seconds, "stages": {}}))


if __name__ == "__main__":
    main()

"""Small stand-ins for detector and embedder, for tests of what is around them."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock

import numpy as np
from PIL import Image

from pipeline.decoding.decoders import Decoders
from pipeline.examination import ExaminationOptions
from pipeline.models.registry import AlignedCrop, CropProtocol
from pipeline.networks import Networks
from pipeline.runner import Runner
from pipeline.values import F32, U8, Box, DecodedPhoto, DetectedFace, ModelId, Outcome, PhotoFile
from tests.pipeline.pictures import encoded, noise

SIDE = 16

TEMPLATE = ((5.0, 5.0), (11.0, 5.0), (8.0, 8.0), (6.0, 12.0), (10.0, 12.0))
MODEL, PROTOCOL = ModelId("fake"), AlignedCrop(SIDE, TEMPLATE)


def face_at(x: float, y: float, side: float) -> DetectedFace:
    """A face whose landmarks lie in its box as the template's do in the crop."""
    landmarks = np.array(TEMPLATE, np.float32) * np.float32(side / SIDE) + np.array([x, y], np.float32)
    return DetectedFace(Box(x, y, side, side), landmarks, 0.99)


@dataclass
class FakeDetector:
    """Finds the same faces in every photo, and counts the photos; it may be told to fail on one."""

    faces: tuple[DetectedFace, ...] = (face_at(4, 4, 24),)
    bug: dict[bytes, Exception] = field(default_factory=dict)
    seconds: float = 0.0
    name: str = "fake"
    seen: list[PhotoFile] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        with self.lock:
            self.seen.append(photo.file)
        time.sleep(self.seconds)
        if photo.file.path in self.bug:
            raise self.bug[photo.file.path]
        return self.faces


@dataclass
class FakeEmbedder:
    """Describes a crop by the mean of each of its colours, and keeps what it was given."""

    batch_size: int = 4
    batches: list[U8] = field(default_factory=list)
    model_id: ModelId = MODEL
    dimension: int = 3
    protocol: CropProtocol = PROTOCOL

    def embed(self, pixels: U8) -> F32:
        self.batches.append(pixels)
        means = pixels.reshape(len(pixels), -1, 3).mean(axis=1, dtype=np.float32) + np.float32(1)
        return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), np.float32)


def runner(
    detector: FakeDetector,
    embedder: FakeEmbedder | None = None,
    workers: int = 4,
    long_edge: int = 64,
    decoders: Decoders | None = None,
) -> Runner:
    networks = Networks(detector, embedder or FakeEmbedder())
    options = ExaminationOptions(long_edge, networks.embedder.protocol)
    return Runner(lambda: networks, workers, options, decoders=decoders)


def run(runner: Runner, files: Iterable[PhotoFile], known: frozenset[bytes] = frozenset()) -> list[Outcome]:
    return list(runner.run(files, known.__contains__))


def picture(seed: int, edge: int = 64) -> bytes:
    return encoded(Image.fromarray(noise(edge, edge, seed)), "PNG")

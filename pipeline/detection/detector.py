"""The protocol of detectors, their names and options. Loads no network, so that settings may import it."""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from pipeline.values import DecodedPhoto, DetectedFace

DetectorName: TypeAlias = Literal["mtcnn", "yunet", "cascade"]
"""The detectors; docs/detection.md compares them."""


class Detector(Protocol):
    """Finds the faces of a photo. Threads may share it.

    The library records ``name``, which has the options that decide which faces it finds.
    """

    name: str

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        """Return the faces, most confident first, in pixels of the upright, full-size photo."""


@dataclass(frozen=True, slots=True)
class DetectionOptions:
    """Which detector finds faces, and how small ones.

    Attributes:
        detector: Its name.
        long_edge: A photo with a longer edge is shrunk to this many pixels.
        smallest_face: Side of the smallest face sought, pixels of that copy; ``None`` for 20 with mtcnn,
            whose time depends on it, and for no limit with the others.
    """

    detector: DetectorName = "cascade"
    long_edge: int = 1600
    smallest_face: float | None = None

    @property
    def name(self) -> str:
        """Such as ``mtcnn 1600 20 turned``; libraries from before turned faces were sought lack that word."""
        return f"{self.detector} {self.long_edge} {self.least_side:g} turned"

    @property
    def least_side(self) -> float:
        """The smallest face, pixels; 0 for no limit."""
        if self.smallest_face is not None:
            return self.smallest_face
        return 20.0 if self.detector == "mtcnn" else 0.0

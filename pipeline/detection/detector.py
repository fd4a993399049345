"""The protocol of detectors, and their options. Loads no network, so that settings may import it."""

from dataclasses import dataclass
from typing import Protocol

from pipeline.values import DecodedPhoto, DetectedFace


class Detector(Protocol):
    """Finds the faces of a photo. Threads may share it.

    The library records ``name``, which has the options that decide which faces it finds.
    """

    name: str

    def detect(self, photo: DecodedPhoto) -> tuple[DetectedFace, ...]:
        """Return the faces, most confident first, in pixels of the upright, full-size photo."""


@dataclass(frozen=True, slots=True)
class MtcnnOptions:
    """Options of the MTCNN cascade.

    Attributes:
        long_edge: A photo with a longer edge is shrunk to this many pixels.
        smallest_face: Side of the smallest face sought, pixels of that copy.
        thresholds: Probability above which a box passes P-Net, R-Net and O-Net.
    """

    long_edge: int = 1600
    smallest_face: float = 20.0
    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.8)

    @property
    def name(self) -> str:
        """Such as ``mtcnn 1600 20 0.6/0.7/0.8 turned``, where turned faces are sought too."""
        thresholds = "/".join(f"{threshold:g}" for threshold in self.thresholds)
        return f"mtcnn {self.long_edge} {self.smallest_face:g} {thresholds} turned"

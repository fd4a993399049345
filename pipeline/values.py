"""The values that flow between the stages of the pipeline, from a path to a descriptor.

All are frozen. Boxes and landmarks are floats in pixels of the upright, full-size photo, with the
origin at the top left corner of the top left pixel, x to the right and y down. This module knows
nothing but NumPy: every other module of the project may import it.
"""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType, TypeAlias

import numpy as np
from numpy.typing import NDArray

F32: TypeAlias = NDArray[np.float32]
U8: TypeAlias = NDArray[np.uint8]

ModelId = NewType("ModelId", str)
"""The name of a descriptor model, such as ``sface``. Descriptors of two models are never compared."""


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A regular file as the crawl saw it.

    Attributes:
        path: Absolute path, as the bytes the file system holds; it need not be UTF-8.
        size: Bytes.
        mtime_ns: Time of last change, nanoseconds since the epoch.
    """

    path: bytes
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Box:
    """A bounding box: top left corner, width and height."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPhoto:
    """Upright sRGB pixels of a photo, perhaps smaller than the photo itself.

    Attributes:
        file: Where they came from.
        digest: BLAKE3 of the file's content, 32 bytes.
        size: The upright photo at full size.
        taken_at: When the photo was taken, from EXIF; aware only where EXIF gives an offset.
        pixels: uint8 [H, W, 3], RGB.
        scale: Decoded pixels per full-size pixel, the same in x and y: 1.0, or 0.5, 0.25, 0.125.
    """

    file: PhotoFile
    digest: bytes
    size: Size
    taken_at: datetime | None
    pixels: U8
    scale: float


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFace:
    """A face in a photo.

    Attributes:
        box: As the detector gives it; it may reach past the edge of the photo.
        landmarks: float32 [5, 2], (x, y) of the eye on the image's left, the eye on its right, the
            nose, the corner of the mouth on the left and the one on the right.
        confidence: The detector's probability that this is a face, 0 to 1.
    """

    box: Box
    landmarks: F32
    confidence: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How much a face can be trusted for recognition.

    Attributes:
        score: 0 (useless) to 1.
        reasons: What lowered it, such as ``small`` or ``blurred``; empty for a good face.
    """

    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FaceCrop:
    """A face cut out by one model's crop protocol.

    Attributes:
        face: The face.
        quality: Its quality.
        pixels: uint8 [h, w, 3], RGB, of the model's input size.
    """

    face: DetectedFace
    quality: Quality
    pixels: U8


@dataclass(frozen=True, slots=True, eq=False)
class Descriptor:
    """A face described by one model.

    Attributes:
        face: The face.
        quality: Its quality.
        model_id: The model.
        vector: float32 [D], of unit norm.
    """

    face: DetectedFace
    quality: Quality
    model_id: ModelId
    vector: F32


class Stage(StrEnum):
    """Where in the pipeline a photo failed."""

    READ = "read"
    DECODE = "decode"


class Reason(StrEnum):
    """Why a photo failed."""

    EMPTY = "empty"
    NOT_AN_IMAGE = "not-an-image"
    UNSUPPORTED = "unsupported"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TOO_LARGE = "too-large"

    CRASHED = "crashed"
    TIMED_OUT = "timed-out"
    OUT_OF_MEMORY = "out-of-memory"

    KILLED = "killed"
    UNREADABLE = "unreadable"
    VANISHED = "vanished"
    CHANGED = "changed-while-read"

    @property
    def lies_in_content(self) -> bool:
        """Whether the content itself is at fault, so that the same decoders cannot read it another time.

        A photo over the cap is not: the next scan may have another cap. Nor is one whose decoder was killed
        by somebody else, as the system does when memory runs out.
        """
        return self not in (
            Reason.TOO_LARGE,
            Reason.KILLED,
            Reason.UNREADABLE,
            Reason.VANISHED,
            Reason.CHANGED,
        )


@dataclass(frozen=True, slots=True, eq=False)
class PhotoIndexed:
    """A photo was read and its faces described (there may be none).

    Attributes:
        file: The photo.
        digest: BLAKE3 of its content, 32 bytes.
        size: The upright photo at full size.
        taken_at: As in ``DecodedPhoto``.
        faces: Its faces, most confident first.
        decoder: The format and what read it, with its version, as ``jpeg pillow 12.0.0``.
        detector: What sought the faces, with the options that matter.
    """

    file: PhotoFile
    digest: bytes
    size: Size
    taken_at: datetime | None
    faces: tuple[Descriptor, ...]
    decoder: str
    detector: str


@dataclass(frozen=True, slots=True)
class PhotoKnown:
    """The file's content is already known: a move, a duplicate, or a new time stamp."""

    file: PhotoFile
    digest: bytes


@dataclass(frozen=True, slots=True)
class PhotoSkipped:
    """The file is not a photo: neither its content nor its name says so."""

    file: PhotoFile


@dataclass(frozen=True, slots=True)
class PhotoFailed:
    """A photo could not be read.

    Attributes:
        digest: Of the content, where the failure lies in the content; ``None`` where the file could
            not be read at all, so that the next scan tries again.
        message: One line for the person who reads it, without the path.
        decoder: The format and what reads it, with its version, as ``jpeg pillow 12.0.0`` or ``heic none``;
            ``None`` where the file was found to be of no format.
    """

    file: PhotoFile
    stage: Stage
    reason: Reason
    message: str
    digest: bytes | None
    decoder: str | None = None


Outcome: TypeAlias = PhotoIndexed | PhotoKnown | PhotoSkipped | PhotoFailed
"""What became of one file. Every file that enters the pipeline leaves it as exactly one of these."""

Outcomes: TypeAlias = Callable[[Iterable[PhotoFile], Callable[[bytes], bool]], Generator[Outcome, None, None]]
"""Looks at files: takes them one by one, and gives one outcome for each, in their order.

The second argument tells whether content of a digest is known, and need not be decoded. Both may be used in
other threads than the caller's. Closing the generator ends the work.
"""

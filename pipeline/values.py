"""The frozen values that flow between the stages of the pipeline, from a path to a descriptor.

Boxes and landmarks are floats in pixels of the upright, full-size photo, with the origin at the top left
corner of the top left pixel, x to the right and y down. Every other module may import this one.
"""

import math
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
class FilmRest:
    """What is left of a film that was looked at before: all from ``start``, in seconds.

    ``digest`` is that of the file; ``per_second`` is how many frames a second are looked at, at most.
    """

    digest: bytes
    start: float
    per_second: float


@dataclass(frozen=True, slots=True)
class Sidecar:
    """The file of XMP that another program keeps beside a photo, as the crawl saw it; fields as of that."""

    path: bytes
    size: int
    mtime_ns: int

    @property
    def stamp(self) -> str:
        """What tells whether it has changed."""
        return f"{self.size} {self.mtime_ns}"


@dataclass(frozen=True, slots=True)
class PhotoFile:
    """A regular file as the crawl saw it.

    Attributes:
        path: Absolute, in the file system's bytes; it need not be UTF-8.
        size: Bytes.
        mtime_ns: Last change, nanoseconds since the epoch.
        rest: What is left of it, if it is a film of which the beginning is known.
        sidecar: The one beside it.
        redate: Whether its date is to be read again, even if its content is known.
    """

    path: bytes
    size: int
    mtime_ns: int
    rest: FilmRest | None = None
    sidecar: Sidecar | None = None
    redate: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Box:
    """A bounding box: top left corner, width and height.

    ``moment`` is when a film shows it, in seconds from the first frame of the film; ``None`` in a photo.
    """

    x: float
    y: float
    w: float
    h: float
    moment: float | None = None


MOST_MISSING = 1 / 2
"""Largest share of a picture that may be missing."""


class Side(StrEnum):
    """A side of an upright photo."""

    TOP = "top"
    BOTTOM = "bottom"
    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class MissingPart:
    """The part of a photo that its file lacks, and that is grey: a ``share`` of its width or height.

    The share is 0 if only finest detail is missing, everywhere.
    """

    side: Side
    share: float

    @property
    def note(self) -> str:
        """Say what is missing, in one line without the path."""
        what = f"last {math.ceil(100 * self.share)} % are" if self.share else "finest detail is"
        return f"its {what} missing: the file ends early"

    def is_near(self, box: Box, size: Size) -> bool:
        """Tell whether a face, or what is cut out around it, reaches into the missing part."""
        margin = _CUT_AROUND * max(box.w, box.h)
        width, height = self.share * size.width, self.share * size.height
        return (
            self.share > 0
            and {
                Side.TOP: box.y - margin < height,
                Side.BOTTOM: box.y + box.h + margin > size.height - height,
                Side.LEFT: box.x - margin < width,
                Side.RIGHT: box.x + box.w + margin > size.width - width,
            }[self.side]
        )


_CUT_AROUND = 0.3
"""How far beyond a box models look, as a share of it."""


class DateSource(StrEnum):
    """What says when a photo was taken; the more trusted one stands first."""

    SIDECAR = "sidecar"
    ORIGINAL = "exif-original"
    XMP = "xmp"
    IPTC = "iptc"
    DIGITIZED = "exif-digitized"
    XMP_CREATED = "xmp-created"
    PNG = "png"
    CONTAINER = "container"
    GPS = "gps"
    FILE_NAME = "file-name"
    CHANGED = "exif-changed"
    """EXIF's DateTime, the day of the last change: nothing else says when the photo was taken."""


@dataclass(frozen=True, slots=True)
class Taken:
    """When a photo was taken, aware only if the offset from UTC is known, and what says so."""

    at: datetime
    source: DateSource


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPhoto:
    """Upright sRGB pixels of a photo, perhaps smaller than the photo itself.

    Attributes:
        digest: BLAKE3 of the file's content, 32 bytes.
        size: The upright photo at full size.
        taken_at: When it was taken; aware only if the offset from UTC is known.
        taken_from: What says so.
        live_photo: Apple's identifier of a photo and the film that belongs to it.
        pixels: uint8 [H, W, 3], RGB.
        scale: Decoded pixels per full-size pixel, the same in x and y: 1.0, or 0.5, 0.25, 0.125.
        picture: BLAKE3 of what the file shows, 32 bytes: the same if only metadata differ.
        missing: What the file lacks, if it ends early.
        moment: Which frame of a film it is, in seconds from the first.
        note: What else of the file is not read, in one line without the path.
    """

    file: PhotoFile
    digest: bytes
    size: Size
    taken_at: datetime | None
    pixels: U8
    scale: float
    picture: bytes
    missing: MissingPart | None = None
    note: str | None = None
    taken_from: DateSource | None = None
    live_photo: str | None = None
    moment: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class DetectedFace:
    """A face in a photo.

    Attributes:
        box: As the detector gives it; it may reach past the edge of the photo.
        landmarks: float32 [5, 2], (x, y) of the left eye, right eye, nose, and left and right corner of the
            mouth, as seen in the image. Left and right are those of the face turned upright: of a face that
            is upside down, the left eye is right of the other. Float32 [0, 2] of a face that a person drew,
            if none were found.
        confidence: The detector's probability that this is a face, 0 to 1.
    """

    box: Box
    landmarks: F32
    confidence: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How suitable a face is for recognition, from 0 (useless) to 1.

    ``reasons``, such as ``small`` or ``blurred``, explain a low score.
    """

    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class FaceCrop:
    """A face cut out by one model's crop protocol: uint8 [h, w, 3], RGB, of the model's input size.

    ``thumbnail`` is a JPEG of the face for people to look at, if one is wanted.
    """

    face: DetectedFace
    quality: Quality
    pixels: U8
    thumbnail: bytes | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """When a film shows a face: its first and last moment, in seconds from the first frame of the film.

    Attributes:
        track: float32 [n, 15], n at least 1, by rising moment: of each frame in which the face was found
            the moment, the box (x, y, w, h), and the five landmarks (x, y).
    """

    start: float
    end: float
    track: F32

    @property
    def sightings(self) -> list[tuple[float, Box, F32]]:
        """The moment of each frame, with box and landmarks, float32 [5, 2]."""
        rows = self.track.tolist()
        return [
            (moment, Box(x, y, w, h, moment), np.array(landmarks, np.float32).reshape(5, 2))
            for moment, x, y, w, h, *landmarks in rows
        ]

    def box_at(self, moment: float) -> Box | None:
        """Return where the face was at a moment, as if it moved straight between two frames.

        Before and after the appearance the result is ``None``.
        """
        if not self.start - _AROUND <= moment <= self.end + _AROUND:
            return None
        x, y, w, h = (float(np.interp(moment, self.track[:, 0], each)) for each in self.track[:, 1:5].T)
        return Box(x, y, w, h, moment)


_AROUND = 0.2
"""Seconds before and after an appearance that count as part of it."""


def moment_alone(box: Box, landmarks: F32) -> Appearance:
    """Return the appearance of a face that a film shows at one moment, as far as anybody said.

    Without landmarks, float32 [0, 2], those of the track are not numbers.
    """
    moment = box.moment or 0.0
    points = landmarks.ravel().tolist() if len(landmarks) else [np.nan] * 10
    track = np.array([[moment, box.x, box.y, box.w, box.h, *points]], np.float32)
    return Appearance(moment, moment, track)


@dataclass(frozen=True, slots=True, eq=False)
class Descriptor:
    """A face described by one model: float32 [D], of unit norm, or zeros if no model can describe it.

    A face in a film is a tracklet: box, landmarks and quality are those of its best frame, ``vector`` is
    the mean of good ones, and ``appearance`` says when it is seen. ``thumbnail`` is as in ``FaceCrop``.
    """

    face: DetectedFace
    quality: Quality
    model_id: ModelId
    vector: F32
    appearance: Appearance | None = None
    thumbnail: bytes | None = None

    @property
    def is_described(self) -> bool:
        """Whether the vector can be compared with others: that of a face without landmarks cannot."""
        return bool(self.vector.any())


@dataclass(frozen=True, slots=True, eq=False)
class DrawnFace:
    """A face that a person drew in a photo, or in a film at the moment of its ``box``.

    Attributes:
        digest: BLAKE3 of the file's content, 32 bytes; ``size`` is that of the upright photo.
        picture: BLAKE3 of what the file shows, 32 bytes.
        box: As it was drawn, clipped to the photo.
        described: The face of this box, if landmarks were found in it; in a film with the moment alone as
            appearance.
    """

    file: PhotoFile
    digest: bytes
    picture: bytes
    size: Size
    box: Box
    described: Descriptor | None


NO_LANDMARKS = np.empty((0, 2), np.float32)
"""The landmarks of a face in which none were found."""


@dataclass(frozen=True, slots=True)
class FilmPart:
    """The part of a film that was looked at, in seconds from its first frame.

    Attributes:
        until: Where the rest begins; ``None`` if there is no rest.
        duration: Of the whole film.
        per_second: How many frames a second were looked at, at most.
    """

    start: float
    until: float | None
    duration: float
    per_second: float


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
        """Whether the same decoders would fail on the same content again.

        Not for a photo over the cap, which the next scan may raise; nor for one whose decoder was killed from
        outside, as the system does when memory runs out.
        """
        others = (Reason.TOO_LARGE, Reason.KILLED, Reason.UNREADABLE, Reason.VANISHED, Reason.CHANGED)
        return self not in others


@dataclass(frozen=True, slots=True, eq=False)
class PhotoIndexed:
    """A photo was read and its faces, if any, described, most confident first.

    Values are as in ``DecodedPhoto``; ``decoder`` is such as ``jpeg pillow 12.0.0``. ``note`` says, in one
    line without the path, what of the photo is missing. ``film`` is the part of a film to which the faces
    belong.
    """

    file: PhotoFile
    digest: bytes
    size: Size
    taken_at: datetime | None
    faces: tuple[Descriptor, ...]
    decoder: str
    detector: str
    picture: bytes
    note: str | None = None
    taken_from: DateSource | None = None
    live_photo: str | None = None
    film: FilmPart | None = None


@dataclass(frozen=True, slots=True)
class PhotoKnown:
    """The file's content is already known: a move, a duplicate, a new time stamp, or other metadata.

    Attributes:
        picture: As in ``DecodedPhoto``, if only this is known, and not ``digest``; else ``None``.
        taken_at: With ``taken_from``, if its metadata or its name were read and say so.
    """

    file: PhotoFile
    digest: bytes
    picture: bytes | None = None
    taken_at: datetime | None = None
    taken_from: DateSource | None = None


@dataclass(frozen=True, slots=True)
class PhotoFailed:
    """A photo could not be read; ``message`` is one line for the user, without the path.

    Attributes:
        digest: Of the content, if the failure lies in it; ``None`` makes the next scan try again.
        decoder: Such as ``jpeg pillow 12.0.0`` or ``heic none``, or for an unknown format
            ``none of pillow 12.0.0``; ``None`` for a file that was not opened.
    """

    file: PhotoFile
    stage: Stage
    reason: Reason
    message: str
    digest: bytes | None
    decoder: str | None = None


OTHER_FILE = "other file"
"""The kind of a file of which nobody knows what it is."""


@dataclass(frozen=True, slots=True)
class PhotoSkipped:
    """The file is left out: it is no photo, or nothing reads its format.

    Attributes:
        kind: What it is, in a plain word such as ``video`` or ``HEIC``.
        needs: The extra of the package, as ``heic``, whose absence is the reason; ``None`` if it is another.
        decoder: As in ``PhotoFailed``.
        reason: Why the file fails if it counts as a photo all the same.
    """

    file: PhotoFile
    kind: str = OTHER_FILE
    needs: str | None = None
    decoder: str | None = None
    reason: Reason = Reason.NOT_AN_IMAGE

    @property
    def failed(self) -> PhotoFailed:
        """The failure of a file that a user named, or that was a photo before."""
        if self.needs is None:
            what = "" if self.kind == OTHER_FILE else f": {self.kind}"
            message = f"it holds no picture of a supported format{what}"
        else:
            message = (
                f"{self.kind} files need faceindex[{self.needs}], which is not installed: "
                f"pip install 'faceindex[{self.needs}]'"
            )
        return PhotoFailed(self.file, Stage.DECODE, self.reason, message, None, self.decoder)


Outcome: TypeAlias = PhotoIndexed | PhotoKnown | PhotoSkipped | PhotoFailed
"""The result for one file. Every file that enters the pipeline leaves it as exactly one of these."""

Outcomes: TypeAlias = Callable[[Iterable[PhotoFile], Callable[[bytes], bool]], Generator[Outcome, None, None]]
"""Takes files one by one, and yields one outcome for each, in their order.

The second argument tells whether a digest, of a file or a picture, is known, so that the file need not be
decoded, or its faces not be sought. Other threads may call both arguments. Closing the generator ends the
work.
"""

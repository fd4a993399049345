"""Two real faces in photographs that packages ship, with what MTCNN finds in them."""

import math
from pathlib import Path

import cv2
import matplotlib.cbook
import numpy as np
import skimage.data
from PIL import Image

from pipeline.description.crop import cut
from pipeline.models.registry import CropProtocol
from pipeline.values import F32, U8, Box, DecodedPhoto, DetectedFace, PhotoFile, Size

# Found by pipeline.detection.mtcnn_detector.MtcnnDetector with its defaults.
ASTRONAUT = DetectedFace(
    Box(181.6, 63.7, 83.0, 107.4),
    np.array([(203.5, 100.1), (245.4, 102.2), (224.2, 126.4), (201.8, 138.6), (244.4, 140.4)], np.float32),
    0.999,
)
HOPPER = DetectedFace(
    Box(178.1, 109.7, 173.2, 220.2),
    np.array([(220.3, 190.1), (308.2, 186.0), (268.5, 237.4), (231.6, 276.9), (303.8, 272.9)], np.float32),
    0.988,
)


def photo_of(pixels: U8, scale: float = 1.0) -> DecodedPhoto:
    """A photo that was decoded to ``pixels`` at ``scale``."""
    height, width = pixels.shape[:2]
    size = Size(round(width / scale), round(height / scale))
    return DecodedPhoto(PhotoFile(b"/made", 0, 0), bytes(32), size, None, pixels, scale, bytes(32))


def astronaut() -> DecodedPhoto:
    """512 x 512 pixels, the portrait of Eileen Collins that scikit-image ships."""
    return photo_of(skimage.data.astronaut())


def hopper() -> DecodedPhoto:
    """512 x 600 pixels, the portrait of Grace Hopper that matplotlib ships."""
    path = Path(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))
    return photo_of(np.asarray(Image.open(path).convert("RGB")))


def tilted(photo: DecodedPhoto, face: DetectedFace, degrees: float) -> tuple[DecodedPhoto, DetectedFace]:
    """The photo and its face after a turn to the right about the middle of the box, which is an ellipse's."""
    x, y = face.box.x + face.box.w / 2, face.box.y + face.box.h / 2
    turn = cv2.getRotationMatrix2D((x, y), -degrees, 1.0)
    pixels = cv2.warpAffine(photo.pixels, turn, photo.pixels.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    w, h = math.hypot(face.box.w * cos, face.box.h * sin), math.hypot(face.box.w * sin, face.box.h * cos)
    points = face.landmarks @ turn[:, :2].T + turn[:, 2]
    moved = DetectedFace(Box(x - w / 2, y - h / 2, w, h), points.astype(np.float32), face.confidence)
    return photo_of(np.asarray(pixels, np.uint8)), moved


def crops(protocol: CropProtocol, count: int) -> U8:
    """Crops of the two faces in turn, each a little darker than the one before it."""
    faces = [cut(astronaut(), ASTRONAUT, protocol), cut(hopper(), HOPPER, protocol)]
    return np.stack([(faces[i % 2] * (1 - i / 40)).astype(np.uint8) for i in range(count)])


def cosines(a: F32, b: F32) -> F32:
    """The cosine of each row of ``a`` with the same row of ``b``."""
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.asarray((a * b).sum(axis=1) / lengths, np.float32)

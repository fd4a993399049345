"""Finds the face in a box that a person drew, because no detector had found it.

Somebody says that there is a face, so less is asked of it than of one in a whole photo: YuNet looks at what
is around the box at several sizes and in four turns, and at squares about the box at all angles; MTCNN's
O-Net places the landmarks. docs/detection.md has the figures.
"""

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.detection.detections import Detections
from pipeline.detection.mtcnn_networks import OutputNetwork
from pipeline.detection.rotated_windows import detect_rotated, refine_rotated
from pipeline.detection.turned_image import TurnedImage
from pipeline.detection.yunet_network import Yunet
from pipeline.geometry import overlap, squared, suppress
from pipeline.values import F32, U8, Box

AROUND = 2.0
"""Side of the square that is searched, in longer sides of the box: a box may be half as large as the face."""

SIDES = (32, 64, 128)
"""Sizes of the box at which YuNet looks at its surroundings, pixels."""

SQUARES = (0.55, 0.75, 1.0, 1.3)
"""Sides of the squares about the middle of the box that are looked at at all angles, in sides of the box."""

MOST = 12
"""Most candidates, the most probable first, that are looked at at all angles."""

LEAST = 0.1
"""Least probability of a candidate by YuNet."""

LEAST_BY_YUNET, LEAST_BY_BOTH = 0.3, 0.55
"""Least probability at the best angle by YuNet, and the least mean with that of O-Net."""

LEAST_OVERLAP = 0.2
"""Least intersection over union of the face and the box: that of a face half as wide and high is 0.25."""

SAME_FACE = 0.4
"""Overlap of two candidates above which they are one face."""


class DrawnBoxSearch:
    """Finds faces in drawn boxes, without state between photos: threads may share it."""

    def __init__(self, yunet: Yunet, output_network: OutputNetwork) -> None:
        self._yunet = yunet
        self._output_network = output_network

    def find(self, pixels: U8, box: Box, others: Sequence[Box] = ()) -> Detections:
        """Return the face that overlaps a box best, or none, in an image, uint8 [H, W, 3], RGB.

        All is in pixels of the image. None of the ``others`` is that face. Its probability is the mean of
        those by both networks.
        """
        window, corner = _around(pixels, box)
        drawn = _corners(box)[None]
        drawn -= np.tile(corner.astype(np.float32), 2)
        squares = self._squares(window, drawn)
        rotated = detect_rotated(self._yunet, window, squares)
        faces = refine_rotated(self._output_network, window, squared(rotated.faces.boxes), rotated.angles)
        by_yunet = rotated.faces.probabilities
        means = np.asarray((by_yunet + faces.probabilities) / 2, np.float32)
        faces = Detections(faces.boxes, means, faces.landmarks)
        shares = overlap(faces.boxes, drawn)[:, 0]
        faces = faces[(by_yunet >= LEAST_BY_YUNET) & (means >= LEAST_BY_BOTH) & (shares >= LEAST_OVERLAP)]
        if others:
            known = np.stack([_corners(each) for each in others])
            known -= np.tile(corner.astype(np.float32), 2)
            faces = faces[overlap(faces.boxes, known).max(axis=1) <= SAME_FACE]
        faces = faces[suppress(faces.boxes, faces.probabilities, SAME_FACE)]
        best = np.argsort(-overlap(faces.boxes, drawn)[:, 0], kind="stable")[:1]
        return faces[best].moved(corner)

    def _squares(self, window: U8, drawn: F32) -> F32:
        """Return the squares of the candidates, float32 [N, 4], in pixels of the window."""
        centre, side = (drawn[0, :2] + drawn[0, 2:]) / 2, float((drawn[0, 2:] - drawn[0, :2]).max())
        found = Detections.joined(list(self._candidates(window, side)))
        found = found[overlap(found.boxes, drawn)[:, 0] >= LEAST_OVERLAP]
        kept = suppress(found.boxes, found.probabilities, SAME_FACE)[:MOST]
        halves = np.array(SQUARES, np.float32)[:, None] * side / 2
        own = np.concatenate([centre - halves, centre + halves], axis=1)
        return np.asarray(np.concatenate([squared(found.boxes[kept]), own]), np.float32)

    def _candidates(self, window: U8, side: float) -> Iterator[Detections]:
        for size in SIDES:
            scale = size / side
            sides = tuple(max(round(each * scale), 1) for each in window.shape[1::-1])
            how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            copy = np.asarray(cv2.resize(window, sides, interpolation=how), np.uint8)
            back = np.array(window.shape[1::-1]) / sides
            for turns in range(4):
                image = TurnedImage(copy, turns)
                found = self._yunet.detect(image.turned(copy), LEAST)
                yield image.upright_faces(found).scaled(back)


def _corners(box: Box) -> F32:
    return np.array([box.x, box.y, box.x + box.w, box.y + box.h], np.float32)


def _around(pixels: U8, box: Box) -> tuple[U8, NDArray[np.intp]]:
    """Return the part of an image around a box, and its top left corner, [2]."""
    half = max(box.w, box.h) * AROUND / 2
    centre = np.array([box.x + box.w / 2, box.y + box.h / 2])
    limits = np.array(pixels.shape[1::-1])
    first = np.clip(np.floor(centre - half), 0, limits - 1).astype(int)
    last = np.clip(np.ceil(centre + half), first + 1, limits).astype(int)
    return np.ascontiguousarray(pixels[first[1] : last[1], first[0] : last[0]]), first

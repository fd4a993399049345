"""Cuts the patches that R-Net and O-Net take out of images, and places their output in these."""

from collections.abc import Sequence

import cv2
import numpy as np

from pipeline.detection.detections import Detections
from pipeline.detection.mtcnn_networks import Refinements
from pipeline.detection.turned_image import TurnedImage
from pipeline.values import F32, U8

PATCH_ROWS = 512
"""Patches cut at once; cv2.remap takes at most 32,767 rows."""


def placed(boxes: F32, answer: Refinements) -> Detections:
    """Return O-Net's boxes, probabilities and landmarks for square boxes [N, 4], in their frame."""
    sides = (boxes[:, 2:] - boxes[:, :2] + 1)[:, None]
    landmarks = answer.landmarks * sides + boxes[:, None, :2] - 1
    return Detections(moved(boxes, answer), answer.probability, landmarks)


def moved(boxes: F32, answer: Refinements) -> F32:
    """Move the boxes [N, 4] by the network's offsets; sides include both end pixels."""
    sides = np.tile(boxes[:, 2:] - boxes[:, :2] + 1, 2)
    return boxes + answer.offsets * sides


def patches(pixels: U8, boxes: F32, side: int) -> U8:
    """Cut boxes [N, 4] out of an image, uint8 [H, W, 3], and scale each to a square; grey outside the image.

    Returns:
        uint8 [N, side, side, 3]. The bilinear sampling is that of TensorFlow's crop_and_resize, which the
        mtcnn package uses: no averaging, first and last samples on the corners, image size W taken as W - 1.
    """
    height, width = pixels.shape[:2]
    steps = np.linspace(0, 1, side, dtype=np.float32)
    columns = (boxes[:, :1] + (boxes[:, 2:3] - boxes[:, :1]) * steps) * np.float32((width - 1) / width)
    rows = (boxes[:, 1:2] + (boxes[:, 3:4] - boxes[:, 1:2]) * steps) * np.float32((height - 1) / height)
    grid = (len(boxes), side, side)
    x, y = np.broadcast_to(columns[:, None, :], grid), np.broadcast_to(rows[:, :, None], grid)
    flat = (len(boxes), side * side)
    return sampled(pixels, x.reshape(flat), y.reshape(flat)).reshape(-1, side, side, 3)


def sampled(pixels: U8, x: F32, y: F32) -> U8:
    """Sample an image at points, float32 [N, M] each, bilinearly; grey outside. Returns uint8 [N, M, 3]."""
    out = np.empty((*x.shape, 3), np.uint8)
    for start in range(0, len(x), PATCH_ROWS):
        part = slice(start, start + PATCH_ROWS)
        out[part] = cv2.remap(
            pixels,
            np.ascontiguousarray(x[part]),
            np.ascontiguousarray(y[part]),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=(127, 127, 127),
        )
    return out


def patches_of_all(images: Sequence[TurnedImage], boxes: Sequence[F32], side: int) -> U8:
    """Cut the boxes of each image, in its own frame: uint8 [N, side, side, 3], one image after the other."""
    cut = [
        image.turned(patches(image.upright, image.upright_boxes(own), side))
        for image, own in zip(images, boxes, strict=True)
    ]
    return np.concatenate(cut)

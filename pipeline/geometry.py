"""Pure functions on boxes: overlap, suppression, squaring.

Boxes are float32 arrays [N, 4] of corners (x1, y1, x2, y2), in whatever frame the caller uses.
Nothing here knows of photos, networks or files.
"""

from enum import Enum

import numpy as np
from numpy.typing import NDArray

from pipeline.values import F32

ROWS_AT_ONCE = 512
"""How many rows of an overlap matrix are held in memory at a time while suppressing."""


class Overlap(Enum):
    """What the area of an intersection is divided by."""

    UNION = "union"
    """By the union of the two boxes: intersection over union (IoU)."""
    SMALLER = "smaller"
    """By the smaller box: 1 where one box lies inside the other."""


def area(boxes: F32) -> F32:
    """Areas [N] of boxes [N, 4]; 0 where the corners are the wrong way round."""
    sides: F32 = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return sides[:, 0] * sides[:, 1]


def overlap(a: F32, b: F32, measure: Overlap = Overlap.UNION) -> F32:
    """How much each box of ``a`` [N, 4] overlaps each of ``b`` [M, 4]: [N, M], 0 to 1, 0 for empty boxes."""
    width = np.minimum(a[:, None, 2], b[None, :, 2])
    width -= np.maximum(a[:, None, 0], b[None, :, 0])
    height = np.minimum(a[:, None, 3], b[None, :, 3])
    height -= np.maximum(a[:, None, 1], b[None, :, 1])
    intersection = np.maximum(width, 0, out=width)
    intersection *= np.maximum(height, 0, out=height)
    area_a, area_b = area(a)[:, None], area(b)[None, :]
    if measure is Overlap.SMALLER:
        whole = np.minimum(area_a, area_b)
    else:
        whole = area_a + area_b
        whole -= intersection
    return np.divide(intersection, whole, out=np.zeros_like(intersection), where=whole > 0)


def suppress(boxes: F32, scores: F32, threshold: float, measure: Overlap = Overlap.UNION) -> NDArray[np.intp]:
    """Non-maximum suppression: of boxes that overlap, keep the one with the highest score.

    A box is dropped if *any* box of higher score overlaps it by more than ``threshold``, also one that is
    itself dropped ("Fast NMS", Bolya et al., YOLACT, 2019, section 3.3). It needs no sequential pass,
    and it is what the mtcnn package does, with whose results the cascade must agree.

    Args:
        boxes: [N, 4].
        scores: [N].
        threshold: Overlap above which a box is dropped.
        measure: How overlap is measured.

    Returns:
        Indices of the boxes kept, by falling score; of equal scores the first comes first.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = boxes[order]
    kept = np.ones(len(order), dtype=bool)
    for start in range(0, len(order), ROWS_AT_ONCE):
        rows = ranked[start : start + ROWS_AT_ONCE]
        above = overlap(rows, ranked[: start + len(rows)], measure) > threshold
        kept[start : start + len(rows)] = ~np.tril(above, start - 1).any(axis=1)
    return order[kept]


def squared(boxes: F32) -> F32:
    """The smallest squares [N, 4] with the same centres that hold the boxes [N, 4]."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    side = np.maximum(width, height)
    left = boxes[:, 0] + (width - side) / 2
    top = boxes[:, 1] + (height - side) / 2
    return np.stack([left, top, left + side, top + side], axis=1)


def clipped(boxes: F32, width: float, height: float) -> F32:
    """The boxes [N, 4] with every corner moved into (0, 0, width, height)."""
    limit = np.array([width, height, width, height], dtype=np.float32)
    return np.clip(boxes, 0, limit)

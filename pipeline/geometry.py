"""Pure functions on boxes, float32 [N, 4], corners (x1, y1, x2, y2), and landmarks, in any frame."""

import math
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from pipeline.values import F32

ROWS_AT_ONCE = 512
"""Rows of an overlap matrix in memory at a time."""


class Overlap(Enum):
    """The divisor of the area of an intersection."""

    UNION = "union"
    """The union of the two boxes: intersection over union (IoU)."""
    SMALLER = "smaller"
    """The smaller box: 1 where one box lies inside the other."""


def area(boxes: F32) -> F32:
    """Return the areas [N] of boxes [N, 4]; 0 where corners are swapped."""
    sides: F32 = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return sides[:, 0] * sides[:, 1]


def overlap(a: F32, b: F32, measure: Overlap = Overlap.UNION) -> F32:
    """Return the overlaps [N, M], 0 to 1, of boxes ``a`` [N, 4] with ``b`` [M, 4]; 0 for empty boxes."""
    width = np.minimum(a[:, None, 2], b[:, 2])
    width -= np.maximum(a[:, None, 0], b[:, 0])
    height = np.minimum(a[:, None, 3], b[:, 3])
    height -= np.maximum(a[:, None, 1], b[:, 1])
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
    """Return indices of the boxes [N, 4] that non-maximum suppression keeps, by falling score, ties in order.

    A box is dropped if *any* box of higher score overlaps it by more than ``threshold``, even one that is
    itself dropped ("Fast NMS", Bolya et al., YOLACT, 2019, section 3.3), as in the mtcnn package, with which
    the cascade must agree.
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
    """Return the smallest squares [N, 4] around the boxes [N, 4], with the same centres."""
    sides = boxes[:, 2:] - boxes[:, :2]
    longest = sides.max(axis=1, keepdims=True)
    corners = boxes[:, :2] + (sides - longest) / 2
    return np.concatenate([corners, corners + longest], axis=1)


def clipped(boxes: F32, width: float, height: float) -> F32:
    """Move every corner of the boxes [N, 4] into (0, 0, width, height)."""
    limit = np.array([width, height, width, height], dtype=np.float32)
    return np.clip(boxes, 0, limit)


def eighth_turns(landmarks: F32) -> int:
    """Return how many eighths of a turn to the right, 0 to 7, a face is nearest to: 0 if it is upright.

    ``landmarks`` is float32 [5, 2], as of ``pipeline.values.DetectedFace``. A face without any counts as
    upright.
    """
    if not len(landmarks):
        return 0
    across = landmarks[1].astype(np.float64) - landmarks[0]
    return round(math.degrees(math.atan2(across[1], across[0])) / 45) % 8

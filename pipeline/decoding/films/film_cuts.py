"""Tells whether a hard cut lies between two frames, by small grey copies of them."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

GREY_SIZE = (32, 18)
"""Width and height of the copies, of any aspect: each pixel stands for the same part of the frame."""

Grey: TypeAlias = NDArray[np.float32]
"""A copy of a frame: float32 [18, 32], 0 to 255."""

_ALIKE = 0.5
"""Correlation of two frames of one scene at least, unless the camera moves much between them."""

_NOISE = 8.0
"""Mean difference, in steps of 8 bits, below which two frames show the same, however dark."""

_FAR_APART = 20.0
"""Mean difference of frames that may be of two scenes although both are, say, faces before a wall."""

_UNLIKE_RECENT, _MUCH_UNLIKE_RECENT = 2.5, 4.0
"""How many times as different as frames lately the frames before and after a cut are."""

_FORGETTING = 0.2
"""Weight of the last difference in what is usual lately."""


class CutDetector:
    """Compares each frame of a film with the one before it."""

    def __init__(self) -> None:
        self._before: Grey | None = None
        self._usual: float | None = None

    def may_have_missed(self, grey: Grey) -> bool:
        """Return whether a cut may lie between the last frame and a later one, not the next."""
        if self._before is None:
            return False
        return _difference(self._before, grey) > _NOISE and _correlation(self._before, grey) < _ALIKE

    def is_cut(self, grey: Grey) -> bool:
        """Return whether a frame is of another scene than the last one, which it follows at once."""
        before, self._before = self._before, grey
        if before is None:
            return False
        difference = _difference(before, grey)
        usual = self._usual
        # A cut counts too: if every frame differs from now on, that is how the film is.
        self._usual = difference if usual is None else usual + _FORGETTING * (difference - usual)
        if _correlation(before, grey) < _ALIKE:
            return difference > max(_NOISE, _UNLIKE_RECENT * (usual or 0.0))
        return usual is not None and difference > max(_FAR_APART, _MUCH_UNLIKE_RECENT * usual)

    def skip_to(self, grey: Grey) -> None:
        """Take a later frame of the same scene for the last one."""
        self._before = grey


def _difference(one: Grey, other: Grey) -> float:
    """Return the mean difference beside that of their brightness, which a flash or a cloud changes."""
    return float(np.abs((one - one.mean()) - (other - other.mean())).mean())


def _correlation(one: Grey, other: Grey) -> float:
    one, other = one - one.mean(), other - other.mean()
    scale = float(np.sqrt((one * one).sum() * (other * other).sum()))
    return float((one * other).sum()) / scale if scale > 0 else 1.0

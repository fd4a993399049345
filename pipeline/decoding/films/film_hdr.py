"""Converts pixels of high dynamic range, PQ or HLG, to sRGB: a face is about as bright as in any other film.

The curves and primaries are those of ITU-R BT.2100 and BT.2020, white is at 203 cd/m2 (ITU-R BT.2408), and
what is brighter than that is rolled off.
"""

import numpy as np

from pipeline.values import F32, U8

_WHITE = 203.0
_PEAK = 1000.0
"""cd/m2 of what becomes white: brighter parts are lost."""

_KNEE = 0.75
"""Share of white up to which brightness is kept as it is."""

_TO_709: F32 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)
"""Linear BT.2020 to linear BT.709 (ITU-R BT.2087)."""

_STEPS = 4096
_BAND_ROWS = 64


class HdrConverter:
    """Converts frame after frame; the tables are made for the first."""

    def __init__(self) -> None:
        self._linear: dict[bool, F32] = {}
        self._encoded = _srgb_table()

    def to_srgb(self, pixels: U8, is_pq: bool) -> U8:
        """Return pixels of PQ or else HLG, uint8 [H, W, 3], as sRGB."""
        if is_pq not in self._linear:
            self._linear[is_pq] = _pq_table() if is_pq else _hlg_table()
        result = np.empty(pixels.shape, np.uint8)
        for top in range(0, len(pixels), _BAND_ROWS):
            light = self._linear[is_pq][pixels[top : top + _BAND_ROWS]] @ _TO_709.T
            level = np.clip(light * (_STEPS - 1) / (_PEAK / _WHITE), 0, _STEPS - 1)
            result[top : top + _BAND_ROWS] = self._encoded[level.astype(np.uint16)]
        return result


def _pq_table() -> F32:
    """Return light, 1 for white, of each value of PQ (BT.2100, table 4)."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    power = np.linspace(0, 1, 256) ** (1 / m2)
    return (1e4 / _WHITE * (np.maximum(power - c1, 0) / (c2 - c3 * power)) ** (1 / m1)).astype(np.float32)


def _hlg_table() -> F32:
    """Return light, 1 for white, of each value of HLG (BT.2100, table 5), on a display of 1000 cd/m2."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    value = np.linspace(0, 1, 256)
    scene = np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
    return (_PEAK / _WHITE * scene**1.2).astype(np.float32)


def _srgb_table() -> U8:
    """Return the sRGB value of light in equal steps up to the peak, with the highlights rolled off."""
    light = np.linspace(0, _PEAK / _WHITE, _STEPS)
    over = np.maximum(light - _KNEE, 0)
    light = np.minimum(light, _KNEE) + (1 - _KNEE) * (1 - np.exp(-over / (1 - _KNEE)))
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    table: U8 = np.rint(255 * encoded).astype(np.uint8)
    return table

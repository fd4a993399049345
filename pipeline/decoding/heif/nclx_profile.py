"""Makes an ICC profile of the colours that HEIF states by numbers (``nclx``), as one way to convert both.

The numbers are those of ITU-T H.273. Pictures of high dynamic range (PQ, HLG) become plain ones: what is
brighter than white paper is compressed, each channel by itself.
"""

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

_F64: TypeAlias = NDArray[np.float64]
_Points: TypeAlias = tuple[tuple[float, float], ...]  # x and y of red, green, blue and white

_SRGB_PRIMARIES = frozenset({0, 1, 2})  # BT.709, reserved or unspecified
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
_PQ, _HLG = 16, 18
_SRGB_TRANSFER = 13
"""Also for the curves of television, whose screens show them much like it."""

_CURVES = frozenset({*_GAMMAS, _PQ, _HLG})

_PAPER = 203.0  # candela a square metre of white paper (ITU-R BT.2408)
_HLG_PEAK = 1000.0
_KNEE = 0.6
"""Of the luminance of paper: what is darker is kept."""

_STEPS = 1024

_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_CORNERS = ("red", "green", "blue")


def nclx_profile(nclx: Mapping[str, float]) -> bytes | None:
    """Return an ICC profile of these numbers, as pillow-heif names them; ``None`` if they say sRGB."""
    primaries, transfer = int(nclx["color_primaries"]), int(nclx["transfer_characteristics"])
    transfer = transfer if transfer in _CURVES else _SRGB_TRANSFER
    if primaries in _SRGB_PRIMARIES:
        points: _Points = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290))
        if transfer == _SRGB_TRANSFER:
            return None
    else:
        points = tuple(
            (nclx[f"color_primary_{each}_x"], nclx[f"color_primary_{each}_y"])
            for each in (*_CORNERS, "white")
        )
        if not all(0 < y <= 1 and 0 < x < 1 for x, y in points):
            return None
    return _profile(points, transfer)


@lru_cache(maxsize=8)
def _profile(points: _Points, transfer: int) -> bytes:
    """Build a profile of three primaries and a curve (ICC.1:2001-04)."""
    curve = np.rint(65535 * _linear(np.linspace(0.0, 1.0, _STEPS), transfer)).astype(">u2").tobytes()
    tags = {b"wtpt": _xyz(_D50)}
    for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), _matrix(points).T, strict=True):
        tags[name] = _xyz(tuple(column))
    for name in (b"rTRC", b"gTRC", b"bTRC"):
        tags[name] = struct.pack(">4s4xI", b"curv", _STEPS) + curve
    index, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        index += struct.pack(">4sII", name, at + len(body), len(content))
        body += content
    head = struct.pack(">I4xI4s4s4s12x4s28x", at + len(body), 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head += b"".join(_fixed(each) for each in _D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + index + body


def _matrix(points: _Points) -> _F64:
    """Return what turns linear RGB into XYZ under D50: float64 [3, 3]."""
    xyz = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in points])
    white = xyz[3]
    primaries = xyz[:3].T
    scaled: _F64 = primaries * np.linalg.solve(primaries, white)
    response = (_BRADFORD @ np.array(_D50)) / (_BRADFORD @ white)
    matrix: _F64 = np.linalg.inv(_BRADFORD) @ np.diag(response) @ _BRADFORD @ scaled
    return matrix


def _linear(values: _F64, transfer: int) -> _F64:
    """Return light for coded values, both from 0 to 1."""
    if transfer == _PQ:  # SMPTE ST 2084
        root = values ** (1 / 78.84375)
        light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
        return _compressed(10_000 * light ** (1 / 0.1593017578125) / _PAPER)
    if transfer == _HLG:  # ITU-R BT.2100, with the gamma of a screen of 1,000 candela
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        light = np.where(values <= 0.5, values**2 / 3, (np.exp((values - c) / a) + b) / 12)
        return _compressed(_HLG_PEAK * light**1.2 / _PAPER)
    if transfer in _GAMMAS:
        return values ** _GAMMAS[transfer]
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def _compressed(light: _F64) -> _F64:
    """Bring light of 0 to some multiples of white paper into 0 to 1, without an edge at the knee."""
    above = np.maximum(light - _KNEE, 0) / (1 - _KNEE)
    return np.where(light <= _KNEE, light, _KNEE + (1 - _KNEE) * (1 - np.exp(-above)))


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))

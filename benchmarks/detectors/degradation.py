"""Ways to degrade a face or a photo: each takes and returns pixels, uint8 [H, W, 3]."""

import cv2
import numpy as np

from benchmarks.detectors.scenes import Degrade
from pipeline.values import U8


def covered(top: float, bottom: float, left: float, right: float) -> Degrade:
    """Cover a part of a source photo of 250 x 250 pixels, given as shares of it, with dark cloth."""

    def degrade(pixels: U8, generator: np.random.Generator) -> U8:
        out = pixels.copy()
        height, width = pixels.shape[:2]
        part = out[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
        colour = generator.integers(10, 200, 3)
        part[:] = (colour + generator.normal(0, 10, part.shape)).clip(0, 255).astype(np.uint8)
        return out

    return degrade


EYES = covered(0.40, 0.51, 0.28, 0.72)
MOUTH = covered(0.55, 0.80, 0.28, 0.72)
HALF = covered(0.20, 0.80, 0.20, 0.50)


def exposure(gamma: float, noise: float) -> Degrade:
    """Make a photo darker (gamma above 1), with the noise of a sensor."""

    def degrade(pixels: U8, generator: np.random.Generator) -> U8:
        dark = 255 * (pixels.astype(np.float32) / 255) ** gamma
        return (dark + generator.normal(0, noise, pixels.shape)).clip(0, 255).astype(np.uint8)

    return degrade


def contrast(share: float) -> Degrade:
    """Leave a share of a photo's contrast, as fog does."""
    return lambda pixels, _: (160 + share * (pixels.astype(np.float32) - 160)).clip(0, 255).astype(np.uint8)


def blurred(share: float) -> Degrade:
    """Blur a source photo by a Gaussian whose sigma is a share of its face's height, 120 pixels."""
    return lambda pixels, _: np.asarray(cv2.GaussianBlur(pixels, (0, 0), share * 120))


def shaken(share: float) -> Degrade:
    """Blur a source photo by a movement along a line, as long as a share of the face's height."""

    def degrade(pixels: U8, generator: np.random.Generator) -> U8:
        length = max(round(share * 120), 2)
        kernel = np.zeros((2 * length + 1, 2 * length + 1), np.float32)
        angle = generator.uniform(0, np.pi)
        step = np.array([np.cos(angle), np.sin(angle)]) * length / 2
        ends = [(length + sign * step).round().astype(int).tolist() for sign in (-1, 1)]
        cv2.line(kernel, ends[0], ends[1], 1)
        return np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE))

    return degrade


def as_jpeg(quality: int) -> Degrade:
    """Save and read as JPEG."""

    def degrade(pixels: U8, _: np.random.Generator) -> U8:
        _, data = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
        return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])

    return degrade


def _grey(pixels: U8, _: np.random.Generator) -> U8:
    return np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)


GREY: Degrade = _grey

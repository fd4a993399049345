"""Turns a picture of any colour mode into upright sRGB pixels, band by band, without a second whole copy."""

import io
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from pipeline.decoding.orientation import as_stored, copy_pixels, upright_size
from pipeline.values import U8, Size

_BAND_ROWS = 128
"""Rows a band; a multiple of 8, so that a scale of 1/8 never straddles two. Fits the processor's cache."""

# Modes of one channel with more than 8 bits.
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16L", "I;16B", "I;16N"})

# The value of white in a deep picture is the first of these that no pixel exceeds.
_WHITES = (1.0, 255.0, 65535.0)

_INTENT = ImageCms.Intent.RELATIVE_COLORIMETRIC
_FLAGS = ImageCms.Flags.BLACKPOINTCOMPENSATION

# The largest difference, in steps of 8 bits, that a conversion may make and still count as none.
_NO_DIFFERENCE = 2

_Converter: TypeAlias = Callable[[Image.Image], Image.Image]


def upright_srgb(
    image: Image.Image, orientation: int, reduction: int, canvas: Callable[[int, int], U8]
) -> U8:
    """Convert a loaded picture to upright sRGB pixels, over white where it is transparent.

    Grey of more than 8 bits is scaled to 8. An ICC profile is followed, unless it is broken or for another
    kind of picture; without one, RGB is taken for sRGB, and CMYK for the plain complement of RGB. Blocks of
    ``reduction`` x ``reduction`` pixels (1, 2, 4 or 8) are averaged into one. ``canvas`` returns the memory
    for a result of the given height and width.

    Returns:
        uint8 [H, W, 3], C-contiguous: height and width divided by the reduction, rounded up, and swapped if
        the orientation asks for it.
    """
    to_rgb = _converter(image)
    size = upright_size(Size(*(-(-edge // reduction) for edge in image.size)), orientation)
    pixels = canvas(size.height, size.width)
    rest = as_stored(pixels, orientation)
    for band in _bands(image):
        rgb = to_rgb(band)
        if reduction > 1:
            rgb = rgb.reduce(reduction)
        copy_pixels(np.asarray(rgb), rest[: rgb.height])
        rest = rest[rgb.height :]
    return pixels


def upright_srgb_of_rgb(
    stored: U8, profile: bytes | None, orientation: int, reduction: int, canvas: Callable[[int, int], U8]
) -> U8:
    """As ``upright_srgb``, of pixels that are in memory as uint8 [H, W, 3], RGB, without a copy of them."""
    transform = find_transform(profile, "RGB")
    height, width = (-(-edge // reduction) for edge in stored.shape[:2])
    size = upright_size(Size(width, height), orientation)
    pixels = canvas(size.height, size.width)
    rest = as_stored(pixels, orientation)
    for top in range(0, len(stored), _BAND_ROWS):
        band = stored[top : top + _BAND_ROWS]
        if transform is not None or reduction > 1:
            image = Image.fromarray(band)
            if reduction > 1:  # first, as a JPEG's decoder does: there is less to convert then
                image = image.reduce(reduction)
            if transform is not None:
                image = _apply(transform, image)
            band = np.asarray(image)
        copy_pixels(band, rest[: len(band)])
        rest = rest[len(band) :]
    return pixels


def convert_to_srgb(pixels: U8, transform: ImageCms.ImageCmsTransform) -> None:
    """Convert RGB pixels, uint8 [H, W, 3], in place."""
    for top in range(0, len(pixels), _BAND_ROWS):
        band = pixels[top : top + _BAND_ROWS]
        band[:] = np.asarray(_apply(transform, Image.fromarray(band)))


def _bands(image: Image.Image) -> Iterator[Image.Image]:
    for top in range(0, image.height, _BAND_ROWS):
        yield image.crop((0, top, image.width, min(top + _BAND_ROWS, image.height)))


def _converter(image: Image.Image) -> _Converter:
    plain, mode = _plain(image)
    transform = find_transform(image.info.get("icc_profile"), mode)

    def convert(band: Image.Image) -> Image.Image:
        opaque = plain(band)
        if transform is None:
            return _in_mode(opaque, "RGB")
        return _apply(transform, _in_mode(opaque, transform.input_mode))

    return convert


def _plain(image: Image.Image) -> tuple[_Converter, str]:
    """Return a function that converts bands to a plain mode, and that mode: L, RGB, CMYK or LAB."""
    if image.mode in _DEEP_MODES:
        return _grey_scaler(image), "L"
    mode = image.mode if image.mode in ("CMYK", "LAB") else "RGB"
    if image.mode in ("1", "L", "LA", "La"):
        mode = "L"
    if image.has_transparency_data:
        return lambda band: _over_white(band, mode), mode
    return lambda band: _in_mode(band, mode), mode


def _in_mode(band: Image.Image, mode: str) -> Image.Image:
    """Return the band itself if it has that mode: Pillow would copy it."""
    return band if band.mode == mode else band.convert(mode)


def _over_white(band: Image.Image, mode: str) -> Image.Image:
    layered = band.convert("LA" if mode == "L" else "RGBA")
    canvas = Image.new(mode, band.size, "white")
    canvas.paste(layered.convert(mode), mask=layered.getchannel("A"))
    return canvas


def _grey_scaler(image: Image.Image) -> _Converter:
    black, white = (0.0, 65535.0) if image.mode.startswith("I;16") else _deep_range(image)
    factor = 255.0 / (white - black) if white > black else 0.0

    def scale(band: Image.Image) -> Image.Image:
        values = np.nan_to_num(_deep_values(band), nan=black, posinf=white, neginf=black)
        return Image.fromarray(np.rint((values - black) * factor).astype(np.uint8))

    return scale


def _deep_range(image: Image.Image) -> tuple[float, float]:
    """Return the values of black and white in a picture of mode I or F, which do not tell them."""
    lowest, highest = np.inf, -np.inf
    for band in _bands(image):
        values = _deep_values(band)
        finite = values[np.isfinite(values)]
        lowest = min(lowest, finite.min(initial=np.inf))
        highest = max(highest, finite.max(initial=-np.inf))
    if lowest >= 0:
        for white in _WHITES:
            if highest <= white:
                return 0.0, white
    return float(lowest), float(highest)


def _deep_values(band: Image.Image) -> NDArray[np.float64]:
    with np.errstate(invalid="ignore"):  # not-a-number of the signalling kind
        return np.asarray(band).astype(np.float64)


def find_transform(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the conversion to sRGB that a profile asks for; ``None`` if none, or if it is unusable.

    ``mode`` is Pillow's name of what the pixels are: L, RGB, CMYK or LAB.
    """
    if mode == "LAB":
        return _build(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), "LAB")
    if not isinstance(profile, bytes):
        return None
    transform = _profile_transform(profile)
    # A grey picture may carry a profile for RGB, but no other mismatch makes sense.
    if transform is None or (transform.input_mode != mode and (mode, transform.input_mode) != ("L", "RGB")):
        return None
    return transform


@lru_cache(maxsize=32)  # a library's photos come from a few cameras, and a transform takes long to build
def _profile_transform(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """Build the conversion from an ICC profile to sRGB; threads may share the result."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(source.profile.xcolor_space)
        if mode is None:
            return None
        transform = _build(source, mode)
    except (OSError, ValueError, ImageCms.PyCMSError):  # a broken profile
        return None
    return None if mode != "CMYK" and _changes_nothing(transform) else transform


def _build(source: ImageCms.ImageCmsProfile, mode: str) -> ImageCms.ImageCmsTransform:
    target = ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(source, target, mode, "RGB", renderingIntent=_INTENT, flags=_FLAGS)


def _apply(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(image, transform)
    if converted is None:  # only where the caller asks for a change in place
        raise RuntimeError("the colour transform returned no image")
    return converted


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Measure on a grid of colours whether a profile is sRGB under another name."""
    steps = np.linspace(0, 255, 6).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    probe = Image.fromarray(grid).convert(transform.input_mode)
    difference = np.asarray(_apply(transform, probe)).astype(int) - np.asarray(probe.convert("RGB"))
    return bool(np.abs(difference).max() <= _NO_DIFFERENCE)

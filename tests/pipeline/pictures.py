"""Tiny pictures and colour profiles that the tests of the pipeline's front make for themselves."""

import io
import os
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image, ImageCms

from pipeline.decoding.decode import decode
from pipeline.decoding.format_reader import MemoryNeeded, Unreadable
from pipeline.decoding.process.reader_messages import DecodeRequest
from pipeline.decoding.readers import readable_format
from pipeline.errors import PhotoError
from pipeline.platform_support import open_content
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import U8, DecodedPhoto, PhotoFile, Stage

pillow_heif.register_heif_opener()  # Pillow writes HEIF, too, then

CORNERS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0)}


def photo_file(path: Path | bytes) -> PhotoFile:
    """The file as the crawl would see it now."""
    name = os.fsencode(path)
    found = os.stat(name)
    return PhotoFile(name, found.st_size, found.st_mtime_ns)


def written(path: Path, content: bytes) -> PhotoFile:
    path.write_bytes(content)
    return photo_file(path)


class OwnMemory:
    """Memory of this process for decoded pixels, as much as there is; ``needed`` was asked for last."""

    def __init__(self) -> None:
        self.needed = MemoryNeeded(0, 0, 0)

    def prepare(self, needed: MemoryNeeded) -> None:
        self.needed = needed

    def canvas(self, height: int, width: int) -> U8:
        return np.empty((height, width, 3), np.uint8)


def decoded(file: PhotoFile, long_edge: int | None = None, pixel_cap: int = 400_000_000) -> DecodedPhoto:
    """Opens, hashes and decodes, as the pipeline does, but in this process."""
    with OpenPhoto(file) as photo:
        return decoded_here(photo, long_edge, pixel_cap)


def decoded_here(photo: OpenPhoto, long_edge: int | None, pixel_cap: int = 400_000_000) -> DecodedPhoto:
    digest = photo.digest()
    memory = OwnMemory()
    request = DecodeRequest("", photo.length, readable_format(photo), long_edge, pixel_cap)
    try:
        with open_content(photo.length, os.dup(photo.descriptor())) as stream:
            picture = decode(stream, request, memory)
    except Unreadable as error:
        photo.check_unchanged()
        raise PhotoError(photo.file, Stage.DECODE, error.reason, error.message) from error
    # As a reader's answers are checked: another one would count as a crash.
    assert picture.pixels.nbytes == memory.needed.result
    assert picture.size.width * picture.size.height <= memory.needed.pixels <= pixel_cap
    assert memory.needed.decoding <= 32 * memory.needed.pixels
    if picture.missing is not None or not photo.is_kept:
        photo.check_unchanged()
    return DecodedPhoto(
        photo.file,
        digest,
        picture.size,
        picture.taken_at,
        picture.pixels,
        picture.scale,
        picture.picture,
        picture.missing,
        picture.note,
        picture.taken_from,
    )


def encoded(image: Image.Image, name: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return stream.getvalue()


def four_corners(width: int = 48, height: int = 32) -> U8:
    """Red and green above, blue and yellow below, each in one quarter."""
    pixels = np.zeros((height, width, 3), np.uint8)
    top, left = height // 2, width // 2
    pixels[:top, :left], pixels[:top, left:], pixels[top:, :left], pixels[top:, left:] = CORNERS.values()
    return pixels


def corner_names(pixels: U8) -> list[str]:
    """What stands in the four quarters of a picture, in reading order; lossy formats blur it."""
    height, width = pixels.shape[:2]
    spots = [(row, column) for row in (height // 4, -height // 4) for column in (width // 4, -width // 4)]
    colours = np.array(list(CORNERS.values()))
    return [list(CORNERS)[int(np.abs(colours - pixels[spot]).sum(1).argmin())] for spot in spots]


def noise(width: int, height: int, seed: int = 0) -> U8:
    """Blocks of colour under a little noise: neither flat nor incompressible."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 240, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    enlarged = blocks.repeat(8, 0).repeat(8, 1)[:height, :width]
    result: U8 = enlarged + rng.integers(0, 15, (height, width, 3), np.uint8)
    return result


def one_of_each() -> dict[str, bytes]:
    """A picture of 64 x 48 pixels in every format and in each of its common varieties."""
    image = Image.fromarray(noise(64, 48))
    still = [image.rotate(180)]
    exif = Image.Exif()
    exif[0x0112], exif[0x0132] = 6, "2020:01:02 03:04:05"
    extras = {"exif": exif.tobytes(), "icc_profile": swapped_profile()}
    deep = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    return {
        "jpeg": encoded(image, "JPEG", **extras),
        "jpeg progressive": encoded(image, "JPEG", progressive=True, **extras),
        "jpeg cmyk": encoded(image.convert("CMYK"), "JPEG", **extras),
        "png": encoded(image, "PNG", **extras),
        "png palette": encoded(image.quantize(20), "PNG", transparency=3),
        "png 16 bits": encoded(deep, "PNG"),
        "png animated": encoded(image, "PNG", save_all=True, append_images=still),
        "webp": encoded(image, "WEBP", **extras),
        "webp lossless": encoded(image, "WEBP", lossless=True),
        "webp animated": encoded(image, "WEBP", save_all=True, append_images=still),
        "tiff": encoded(image, "TIFF", icc_profile=swapped_profile()),
        "tiff deflate": encoded(image, "TIFF", compression="tiff_adobe_deflate"),
        "tiff lzw": encoded(deep, "TIFF", compression="tiff_lzw"),
        "tiff jpeg": encoded(image, "TIFF", compression="jpeg"),
        "tiff fax": encoded(image.convert("1"), "TIFF", compression="group4"),
        "tiff float": encoded(image.convert("F"), "TIFF"),
        "bmp": encoded(image, "BMP"),
        "bmp palette": encoded(image.quantize(20), "BMP"),
        "gif": encoded(image, "GIF"),
        "gif animated": encoded(image.quantize(9), "GIF", save_all=True, append_images=still),
        "avif": encoded(image, "AVIF", **extras),
        "heic": encoded(image, "HEIF", **extras),
        "heic grey": encoded(image.convert("L"), "HEIF"),
        "heic 10 bits": encoded(deep, "HEIF"),
        "heic grid": encoded(image, "HEIF", tile_size=32),
    }


def swapped_profile() -> bytes:
    """sRGB with the primaries of red and green exchanged: red is shown as green."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    place = {bytes(profile[at : at + 4]): at + 4 for at in range(132, 132 + 12 * count, 12)}
    red, green = (slice(place[tag], place[tag] + 8) for tag in (b"rXYZ", b"gXYZ"))
    profile[red], profile[green] = profile[green], profile[red]
    return bytes(profile)


def linear_grey_profile() -> bytes:
    """A grey profile without gamma: half the value is half the light."""
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": b"curv" + struct.pack(">4xIH", 1, 256)})


def linear_profile() -> bytes:
    """sRGB's primaries without gamma."""
    primaries = {b"rXYZ": (28578, 14579, 912), b"gXYZ": (25241, 46981, 6362), b"bXYZ": (9376, 3976, 46788)}
    tags = {name: b"XYZ " + struct.pack(">4x3i", *values) for name, values in primaries.items()}
    curve = b"curv" + struct.pack(">4xIH", 1, 256)
    return _profile(b"mntr", b"RGB ", b"XYZ ", {**tags, b"rTRC": curve, b"gTRC": curve, b"bTRC": curve})


def red_cyan_profile() -> bytes:
    """A CMYK profile of a press that was filled wrongly: its cyan ink is red, all else prints black."""
    nodes = np.zeros((2, 2, 2, 2, 3), np.uint8)
    nodes[...] = (0, 128, 128)
    nodes[0, 0, 0, 0] = (255, 128, 128)
    nodes[1, 0, 0, 0] = (138, 208, 195)  # CIELAB of sRGB red, in the 8-bit encoding of ICC.1
    ramp = bytes(range(256))
    identity = struct.pack(">9i", *(65536 * (at % 4 == 0) for at in range(9)))
    table = b"mft1" + struct.pack(">4x4B", 4, 3, 2, 0) + identity + ramp * 4 + nodes.tobytes() + ramp * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


def _profile(device: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """An ICC profile of version 2.4 (ICC.1:2001-04, 6.1)."""
    white = struct.pack(">3i", 63190, 65536, 54061)  # D50
    tags = {b"wtpt": b"XYZ " + bytes(4) + white, **tags}
    header = struct.pack(
        ">8xI4s4s4s6H4s28x12s48x",
        0x02400000,
        device,
        space,
        connection,
        *(2020, 1, 1, 0, 0, 0),
        b"acsp",
        white,
    )
    at = 128 + 4 + 12 * len(tags)
    table, data = [struct.pack(">I", len(tags))], []
    for name, content in tags.items():
        padded = content + bytes(-len(content) % 4)
        table.append(struct.pack(">4sII", name, at, len(content)))
        data.append(padded)
        at += len(padded)
    body = header + b"".join(table) + b"".join(data)
    return struct.pack(">I", len(body)) + body[4:]


def ycck_jpeg(cmyk: NDArray[np.uint8]) -> bytes:
    """A JPEG as Photoshop writes it: inverted CMYK [H, W, 4], of which three channels are turned to YCbCr.

    Pillow writes the channels it is given, inverted, and says that they are CMYK; so they are given turned
    already, and the marker is changed to say so (Adobe technical note 5116, 18).
    """
    inks = Image.fromarray(np.ascontiguousarray(cmyk[..., :3])).convert("YCbCr").split()
    inverted = [channel.point(lambda value: 255 - value) for channel in inks]
    image = Image.merge("CMYK", [*inverted, Image.fromarray(np.ascontiguousarray(cmyk[..., 3]))])
    content = bytearray(encoded(image, "JPEG", quality=100, subsampling=0))
    content[content.index(b"Adobe") + 11] = 2
    return bytes(content)


def solid(mode: str, colour: float | tuple[int, ...], edge: int = 16) -> Image.Image:
    return Image.new(mode, (edge, edge), colour)


def cuts(content: bytes, count: int = 24) -> Iterable[int]:
    """Lengths at which to cut a file short: all over it, and one byte before its end."""
    return sorted({int(at) for at in np.linspace(16, len(content) - 1, count)})

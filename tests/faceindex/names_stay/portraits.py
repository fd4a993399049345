"""Portraits, what programs do to them, and where the faces in them are by this test's own knowledge.

A ``Shot`` says what is in a file: which portrait, edited how. ``encoded`` makes its bytes, and ``read`` tells
what bytes hold that were made here.
"""

import io
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeAlias

import matplotlib.cbook
import skimage.data
from blake3 import blake3
from PIL import Image, ImageDraw, ImageEnhance

from pipeline.values import Box
from tests.conftest import SHARED

Point: TypeAlias = tuple[float, float]
"""A place in a picture, x and y from its top left, as fractions of its sides."""


@dataclass(frozen=True)
class Portrait:
    """A photo as it came from the camera, and the middle of each face in it, by person."""

    name: str
    faces: tuple[tuple[str, Point], ...]
    form: str = "JPEG"

    @property
    def edits(self) -> tuple[str, ...]:
        """What programs may do to it; without loss, two ways must not lead to one picture."""
        every = tuple(EDITS)
        return every if self.form == "JPEG" else ("cropped", "halved", "turned", "upside down", "retouched")

    @property
    def most_edits(self) -> int:
        """Edits, one after the other: what is edited more often is no longer much of a face."""
        return 2 if self.form == "JPEG" else 1


@dataclass(frozen=True)
class Shot:
    """What a file holds; ``tag`` numbers the metadata, which are no part of the picture."""

    portrait: Portrait
    edits: tuple[str, ...] = ()
    tag: int = 0

    def __str__(self) -> str:
        return " ".join([self.portrait.name, *self.edits, *([f"tag {self.tag}"] if self.tag else [])])

    @property
    def picture(self) -> "Shot":
        """The same without its metadata."""
        return replace(self, tag=0)

    @property
    def people(self) -> frozenset[str]:
        return frozenset(person for person, _ in self.portrait.faces)


@dataclass(frozen=True)
class Face:
    """One face of a picture, whatever metadata its file has."""

    picture: Shot
    person: str

    def __str__(self) -> str:
        return f"{self.person} in {self.picture}"


_LFW = (0.5, 0.5)

PACKAGED = (
    Portrait("collins", (("Collins", (0.5, 0.46)),)),
    Portrait("collins brighter", (("Collins", (0.36, 0.46)),)),
    Portrait("hopper", (("Hopper", (0.52, 0.36)),)),
    Portrait("hopper closer", (("Hopper", (0.52, 0.37)),)),
    Portrait("cameraman", (("Cameraman", (0.49, 0.45)),), "PNG"),
    Portrait("two", (("Collins", (0.25, 0.46)), ("Hopper", (0.76, 0.43)))),
)
"""From what packages ship; the two of one person are from one photograph."""

LABELLED = tuple(
    Portrait(f"lfw/{person}/{person}_{number:04}.jpg", ((person, _LFW),))
    for person, number in (
        ("Serena_Williams", 4),
        ("Serena_Williams", 5),
        ("Tony_Blair", 2),
        ("Tony_Blair", 3),
    )
)
"""From Labeled Faces in the Wild; the two of one person are two photographs."""


def portraits() -> tuple[Portrait, ...]:
    """All portraits that are here."""
    return PACKAGED + LABELLED if (SHARED / "photos" / "lfw").is_dir() else PACKAGED


@cache
def _original(name: str) -> Image.Image:
    if name.startswith("lfw/"):
        return Image.open(SHARED / "photos" / name).convert("RGB")
    astronaut = Image.fromarray(skimage.data.astronaut())
    match name:
        case "collins":
            return astronaut.crop((96, 0, 352, 256))
        case "collins brighter":
            return ImageEnhance.Brightness(astronaut.crop((132, 0, 388, 256))).enhance(1.1)
        case "hopper" | "hopper closer":
            file = Path(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))
            portrait = Image.open(file).convert("RGB").resize((256, 300))
            return portrait if name == "hopper" else portrait.crop((12, 14, 244, 286))
        case "cameraman":
            return Image.fromarray(skimage.data.camera()).convert("RGB").crop((100, 40, 356, 296))
        case "two":
            both = Image.new("RGB", (512, 256))
            both.paste(_original("collins"), (0, 0))
            both.paste(_original("hopper").crop((0, 0, 256, 256)), (256, 0))
            return both
        case _:
            raise ValueError(name)


def _crop(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    left, top = round(width * 0.06), round(height * 0.04)
    return picture.crop((left, top, left + round(width * 0.9), top + round(height * 0.9)))


def _retouch(picture: Image.Image) -> Image.Image:
    """Paint over the lowest tenth, where no face is, and make all of it a little warmer."""
    painted = ImageEnhance.Color(picture).enhance(1.2)
    width, height = painted.size
    ImageDraw.Draw(painted).rectangle((0, height * 0.9, width, height), fill=(90, 80, 70))
    return painted


@dataclass(frozen=True)
class _Edit:
    change: Callable[[Image.Image], Image.Image]
    place: Callable[[float, float], Point] = lambda x, y: (x, y)
    quality: int = 90


EDITS: Mapping[str, _Edit] = {
    "cropped": _Edit(_crop, lambda x, y: ((x - 0.06) / 0.9, (y - 0.04) / 0.9)),
    "halved": _Edit(lambda picture: picture.resize((picture.width // 2, picture.height // 2))),
    "turned": _Edit(lambda picture: picture.transpose(Image.Transpose.ROTATE_90), lambda x, y: (y, 1 - x)),
    "upside down": _Edit(
        lambda picture: picture.transpose(Image.Transpose.ROTATE_180), lambda x, y: (1 - x, 1 - y)
    ),
    "black and white": _Edit(lambda picture: picture.convert("L").convert("RGB")),
    "saved again": _Edit(lambda picture: picture, quality=60),
    "retouched": _Edit(_retouch),
}

_made: dict[bytes, Shot] = {}


@cache
def _picture(shot: Shot) -> bytes:
    """The bytes of a shot without metadata. Each edit is of what the one before it wrote."""
    if not shot.edits:
        picture, quality = _original(shot.portrait.name), 90
    else:
        edit = EDITS[shot.edits[-1]]
        before = _picture(replace(shot, edits=shot.edits[:-1]))
        picture, quality = edit.change(Image.open(io.BytesIO(before)).convert("RGB")), edit.quality
    stream = io.BytesIO()
    picture.save(stream, shot.portrait.form, quality=quality)
    return stream.getvalue()


@cache
def encoded(shot: Shot) -> bytes:
    """The bytes of a file that holds a shot."""
    data = _picture(shot.picture)
    if shot.tag:
        data = _tagged(data, shot.tag)
    _made[blake3(data).digest()] = shot
    return data


def _tagged(data: bytes, tag: int) -> bytes:
    """Write metadata into a JPEG, as a comment or as EXIF, or a text into a PNG."""
    if not data.startswith(b"\xff\xd8"):
        return data[:33] + _png_text(b"Comment\0tag %d" % tag) + data[33:]
    if tag % 2:
        exif = Image.Exif()
        exif[0x010E] = f"tag {tag}"
        marker, body = b"\xff\xe1", exif.tobytes()
    else:
        marker, body = b"\xff\xfe", b"tag %d" % tag
    return data[:2] + marker + (len(body) + 2).to_bytes(2, "big") + body + data[2:]


def _png_text(body: bytes) -> bytes:
    checksum = zlib.crc32(b"tEXt" + body)
    return len(body).to_bytes(4, "big") + b"tEXt" + body + checksum.to_bytes(4, "big")


def read(data: bytes) -> Shot | None:
    """What bytes hold; ``None`` if they are no photo that was made here."""
    return shot_of(blake3(data).digest())


def shot_of(digest: bytes) -> Shot | None:
    """What the file with this BLAKE3 holds."""
    return _made.get(digest)


@cache
def size_of(picture: Shot) -> tuple[int, int]:
    with Image.open(io.BytesIO(_picture(picture))) as opened:
        return opened.size


def places(picture: Shot) -> dict[str, Point]:
    """The middle of each face in a picture, in its pixels, by person."""
    width, height = size_of(picture)
    found = {}
    for person, (x, y) in picture.portrait.faces:
        for edit in picture.edits:
            x, y = EDITS[edit].place(x, y)
        found[person] = (x * width, y * height)
    return found


def face_at(picture: Shot, box: Box) -> Face | None:
    """Whose face a box in a picture is; ``None`` for what is no face."""
    for person, (x, y) in places(picture).items():
        if box.x < x < box.x + box.w and box.y < y < box.y + box.h:
            return Face(picture, person)
    return None

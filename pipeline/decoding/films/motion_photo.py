"""Finds the film behind the picture of a motion photo, a JPEG or HEIC, by bounded reads; decodes nothing.

Google's "Motion Photo format specification 1.0" has its place in XMP, or in the box ``mpvd`` of a HEIC;
earlier Pixels had ``GCamera:MicroVideoOffset``. Samsung's cameras end a JPEG with a directory of what is
behind the picture. A place where no MP4 begins is not believed.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import takewhile
from xml.parsers import expat

from pipeline.decoding.formats import Format, sniff
from pipeline.decoding.heif.iso_media import IsoMedia, IsoMediaError, motion_video
from pipeline.decoding.jpeg.jpeg_segments import head_segments
from pipeline.errors import PhotoError
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import PhotoFile

_HEAD = 256 << 10
"""Bytes at the start of a JPEG in which its XMP is looked for."""

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_CAMERA = "http://ns.google.com/photos/1.0/camera/ "
_CONTAINER_ITEM = "http://ns.google.com/photos/1.0/container/ Item"
_ITEM = "http://ns.google.com/photos/1.0/container/item/ "
_MOST_ITEMS = 64

_SAMSUNG = b"MotionPhoto_Data"
_SAMSUNG_HEAD, _SAMSUNG_END = b"SEFH", b"SEFT"
_SAMSUNG_ENTRY = 12
_MOST_ENTRIES = 256
_END_OF_JPEG = b"\xff\xd9"
_BLOCK = 1 << 20

_LEAST_FILM = 16
"""Bytes of the box ``ftyp`` that an MP4 begins with."""


@dataclass(frozen=True, slots=True)
class FilmBehind:
    """Where the film behind a picture begins in its file, and how long it is, in bytes."""

    begin: int
    length: int


def film_behind(photo: OpenPhoto) -> FilmBehind | None:
    """Return where the film of a motion photo is; ``None`` if there is none.

    Raises:
        PhotoError: The file cannot be read.
    """
    match sniff(photo.file.path, photo.head):
        case Format.JPEG:
            found = _in_jpeg(photo)
        case Format.HEIC:
            found = _in_heic(photo)
        case _:
            return None
    return next((each for each in found if _is_film(photo, each)), None)


def has_film_behind(file: PhotoFile) -> bool:
    """Tell whether a file has a film behind its picture, unless it has changed or cannot be read."""
    with suppress(PhotoError), OpenPhoto(file) as photo:
        photo.check_unchanged()
        return film_behind(photo) is not None
    return False


def _is_film(photo: OpenPhoto, place: FilmBehind) -> bool:
    """Tell whether an MP4 begins there, and is in the file."""
    if place.begin <= 0 or place.length < _LEAST_FILM or place.begin + place.length > photo.length:
        return False
    return photo.read_at(place.begin + 4, 4) == b"ftyp"


def _in_jpeg(photo: OpenPhoto) -> Iterator[FilmBehind]:
    """Yield where a JPEG says that its film is, or may be."""
    start = photo.read_at(0, _HEAD)
    packets = (each.data(start) for each in head_segments(start))
    for packet in packets:
        if packet.startswith(_XMP):
            yield from _in_xmp(packet[len(_XMP) :], photo.length)
    yield from _in_samsung_directory(photo)
    if photo.read_at(photo.length - 2, 2) != _END_OF_JPEG:  # something is behind the picture
        yield from _behind_samsung_name(photo)


def _in_heic(photo: OpenPhoto) -> Iterator[FilmBehind]:
    with suppress(IsoMediaError), io.BufferedReader(_Content(photo)) as stream:
        box = motion_video(IsoMedia(stream, photo.length))
        if box is not None:
            yield FilmBehind(box.content, min(box.end, photo.length) - box.content)


def _in_xmp(packet: bytes, end: int) -> Iterator[FilmBehind]:
    reading = _Reading()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reading.start
    parser.EndElementHandler = reading.end
    parser.CharacterDataHandler = reading.text
    parser.StartDoctypeDeclHandler = reading.refuse
    with suppress(expat.ExpatError, ValueError, LookupError):
        parser.Parse(packet.strip(b" \t\r\n\0"), True)
    yield from reading.places(end)


class _Reading:
    """Collects what XMP says of a film: a distance from the end, or the lengths of all that is behind."""

    def __init__(self) -> None:
        self._offset: int | None = None
        self._items: list[dict[str, str]] = []
        self._text = ""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._text = ""
        if name == _CONTAINER_ITEM and len(self._items) < _MOST_ITEMS:
            self._items.append({})
        for each, value in attributes.items():
            self._keep(each, value)

    def text(self, data: str) -> None:
        self._text = (self._text + data)[:64]

    def end(self, name: str) -> None:
        self._keep(name, self._text)
        self._text = ""

    def refuse(self, *_: object) -> None:
        raise ValueError("XMP has no document type")

    def places(self, end: int) -> Iterator[FilmBehind]:
        """Yield the places that were found, in a file of ``end`` bytes."""
        behind = list(takewhile(lambda each: each.get("Semantic") != "MotionPhoto", reversed(self._items)))
        if len(behind) < len(self._items):
            film = self._items[-1 - len(behind)]
            length = _number(film.get("Length"))
            after = sum(_number(each.get("Length")) + _number(each.get("Padding")) for each in behind)
            after += _number(film.get("Padding"))
            yield FilmBehind(end - after - length, length)
        if self._offset is not None:
            yield FilmBehind(end - self._offset, self._offset)

    def _keep(self, name: str, value: str) -> None:
        if name == _CAMERA + "MicroVideoOffset":
            self._offset = _number(value)
        elif name.startswith(_ITEM) and self._items:
            self._items[-1].setdefault(name.removeprefix(_ITEM), value.strip())


def _number(text: str | None) -> int:
    """Return a number of bytes; 0 for what is none."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _in_samsung_directory(photo: OpenPhoto) -> Iterator[FilmBehind]:
    """Yield the film in the directory of Samsung's trailer; offsets count back from it."""
    tail = photo.read_at(photo.length - 8, 8)
    if tail[4:] != _SAMSUNG_END:
        return
    size = int.from_bytes(tail[:4], "little")
    start = photo.length - 8 - size
    if not 0 < size <= _SAMSUNG_ENTRY * (_MOST_ENTRIES + 1) or start < 0:
        return
    directory = photo.read_at(start, size)
    if directory[:4] != _SAMSUNG_HEAD:
        return
    for at in range(_SAMSUNG_ENTRY, size - _SAMSUNG_ENTRY + 1, _SAMSUNG_ENTRY):
        back, length = (int.from_bytes(directory[at + 4 * n : at + 4 * n + 4], "little") for n in (1, 2))
        head = 8 + len(_SAMSUNG)  # a type, and the length of the name before it
        if 0 < back <= start and photo.read_at(start - back + 8, len(_SAMSUNG)) == _SAMSUNG:
            yield FilmBehind(start - back + head, length - head)


def _behind_samsung_name(photo: OpenPhoto) -> Iterator[FilmBehind]:
    """Yield what follows the last place where Samsung's name of a film stands."""
    end = photo.length
    while end > 0:
        start = max(0, end - _BLOCK)
        found = photo.read_at(start, end - start + len(_SAMSUNG) - 1).rfind(_SAMSUNG)
        if found >= 0:
            begin = start + found + len(_SAMSUNG)
            yield FilmBehind(begin, photo.length - begin)
            return
        end = start


class _Content(io.RawIOBase):
    """The content of a photo as a stream."""

    def __init__(self, photo: OpenPhoto) -> None:
        self._photo = photo
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._photo.length}[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        found = self._photo.read_at(self._at, len(buffer))
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)

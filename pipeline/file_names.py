"""What the names of files say: which are those of pictures, and which picture was developed from which."""

import os
import re
from collections import defaultdict
from collections.abc import Iterable

PHOTO_EXTENSIONS = frozenset(
    b".jpg .jpeg .jpe .jfif .png .apng .webp .tif .tiff .bmp .dib .gif .avif "
    b".heic .heif .hif .jp2 .j2k .jpx .jpf .jxl".split()
)

TIFF_RAW_EXTENSIONS = frozenset(
    b".3fr .arw .cr2 .dcr .dng .erf .fff .iiq .k25 .kdc .mef .mos .nef .nrw .orf .pef .ptx .raw .rwl .sr2 "
    b".srf .srw".split()
)
"""Camera raw formats that are TIFF files to their first bytes; a TIFF reader finds a thumbnail first."""

# Raw formats of these names that hold other signatures; and raw names that other programs use too.
_SIGNED_RAW = frozenset(b".cr3 .crw .mrw .raf .rw2 .x3f".split())
_AMBIGUOUS = frozenset(b".dcr .fff .k25 .mos .ptx .raw".split())

_RAW_EXTENSIONS = (TIFF_RAW_EXTENSIONS | _SIGNED_RAW) - _AMBIGUOUS
_MISSED_EXTENSIONS = PHOTO_EXTENSIONS | _RAW_EXTENSIONS

_QUICKTIME_EXTENSIONS = frozenset(b".mov .qt .mp4 .m4v".split())

_BY_CAMERAS = frozenset(b".jpg .jpeg .jpe .heic .heif .hif".split())
"""Extensions of pictures that cameras make beside camera raw; others are made later, on a computer."""

_PARTS = re.compile(rb"\.raw-\d\d(\.mp)?\.(cover|original)$", re.IGNORECASE)
"""What Pixel phones append to the names of the two files of one photo."""


def extension(path: bytes) -> bytes:
    """Return the extension of a path in lower case, with its dot; empty if it has none."""
    return os.path.splitext(path)[1].lower()


def named_like_photo(path: bytes) -> bool:
    """Return whether the extension is that of a picture, which users would miss."""
    return extension(path) in _MISSED_EXTENSIONS


def named_like_raw(path: bytes) -> bool:
    """Return whether the extension is that of camera raw, and of nothing else."""
    return extension(path) in _RAW_EXTENSIONS


def named_like_quicktime(path: bytes) -> bool:
    """Return whether the extension is that of a film that may be the one of a live photo."""
    return extension(path) in _QUICKTIME_EXTENSIONS


def common_start(path: bytes) -> bytes:
    """Return with what the paths of camera raw and of a picture developed from it begin.

    That is ``IMG_1`` for ``IMG_1.CR2``, ``IMG_1.jpg``, ``IMG_1.CR2.jpg`` and ``IMG_1.RAW-01.COVER.jpg``.
    """
    stem = os.path.splitext(path)[0]
    stem = os.path.splitext(stem)[0] if named_like_raw(stem) else stem
    return _PARTS.sub(b"", stem)


def developed_photos(paths: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return, by the path of each camera raw file, that of the picture that was developed from it, if any.

    It lies in the same folder and has the same name: one that the camera made, if there are several.
    """
    raw: list[bytes] = []
    developed: dict[bytes, list[bytes]] = defaultdict(list)
    for path in paths:
        if named_like_raw(path):
            raw.append(path)
        elif extension(path) in PHOTO_EXTENSIONS:
            developed[common_start(path)].append(path)
    pairs = ((path, developed.get(common_start(path))) for path in raw)
    return {path: min(found, key=_rank) for path, found in pairs if found}


def _rank(path: bytes) -> tuple[bool, bytes]:
    return extension(path) not in _BY_CAMERAS, path

"""Formats of pictures and films, recognised by the first bytes of a file, whatever its name.

One table holds the signatures of all formats, read or not, because one may begin like another.
"""

from enum import StrEnum

from pipeline.decoding.films.film_containers import container_of
from pipeline.file_names import TIFF_RAW_EXTENSIONS, extension


class Format(StrEnum):
    """A picture format, by its common name, or film, whatever its container."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    TIFF = "TIFF"
    BMP = "BMP"
    GIF = "GIF"
    AVIF = "AVIF"
    HEIC = "HEIC"
    JPEG_2000 = "JPEG 2000"
    JPEG_XL = "JPEG XL"
    PHOTOSHOP = "Photoshop"
    RAW = "camera raw"
    FILM = "video"


# The registered signatures, each at offset 0. The longer of two with a common start stands first.
_SIGNATURES: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", Format.JPEG),
    (b"\x89PNG\r\n\x1a\n", Format.PNG),
    (b"GIF87a", Format.GIF),
    (b"GIF89a", Format.GIF),
    (b"II\x2a\x00\x10\x00\x00\x00CR", Format.RAW),  # Canon CR2
    (b"II\x2a\x00", Format.TIFF),
    (b"MM\x00\x2a", Format.TIFF),
    (b"II\x2b\x00", Format.TIFF),  # BigTIFF
    (b"MM\x00\x2b", Format.TIFF),
    (b"II\x1a\x00\x00\x00HEAPCCDR", Format.RAW),  # Canon CRW
    (b"IIU\x00", Format.RAW),  # Panasonic RW2
    (b"IIRO", Format.RAW),  # Olympus ORF
    (b"IIRS", Format.RAW),
    (b"MMOR", Format.RAW),
    (b"FUJIFILMCCD-RAW", Format.RAW),
    (b"FOVb", Format.RAW),  # Sigma X3F
    (b"\x00MRM", Format.RAW),  # Minolta MRW
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", Format.JPEG_2000),
    (b"\xff\x4f\xff\x51", Format.JPEG_2000),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", Format.JPEG_XL),
    (b"\xff\x0a", Format.JPEG_XL),
    (b"8BPS\x00", Format.PHOTOSHOP),
)

# "BM" alone also begins words: a bitmap has one of these header sizes at offset 14.
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})

_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_HEIC_BRANDS = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_RAW_BRANDS = frozenset({b"crx "})  # Canon CR3


def sniff(path: bytes, head: bytes) -> Format | None:
    """Return the format of a file by its first bytes, ``OpenPhoto.head``; ``None`` if it is no known picture.

    Only the extension in the path tells a TIFF from a camera raw file.
    """
    found = _from_signature(head)
    if found is None and container_of(path, head) is not None:
        return Format.FILM
    return Format.RAW if found is Format.TIFF and extension(path) in TIFF_RAW_EXTENSIONS else found


def _from_signature(head: bytes) -> Format | None:
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format.WEBP
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADERS:
        return Format.BMP
    if head[4:8] == b"ftyp":
        return _from_brands(head)
    return None


def _from_brands(head: bytes) -> Format | None:
    # ISO/IEC 14496-12, 4.3: box size, "ftyp", major brand, version, compatible brands. Phones often
    # write the container's brand (mif1) before the codec's, so all brands are checked.
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}
    if brands & _AVIF_BRANDS:
        return Format.AVIF
    if brands & _HEIC_BRANDS:
        return Format.HEIC
    if brands & _RAW_BRANDS:
        return Format.RAW
    return None

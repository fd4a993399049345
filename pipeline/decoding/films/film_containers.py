"""Film containers, recognised by the first bytes of a file, or, where these are ambiguous, by its name too.

Each is named as the demultiplexer of FFmpeg that reads it. FFmpeg is never left to guess: of what it would
try, playlists make it open other files and addresses.
"""

import os

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x1a\x45\xdf\xa3", "matroska"),  # and WebM; EBML, RFC 8794
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),  # WMV
    (b"FLV\x01", "flv"),
    (b"\x00\x00\x01\xba", "mpeg"),  # programme stream, ISO/IEC 11172-1 and 13818-1
    (b"\x00\x00\x01\xb3", "mpegvideo"),  # the video alone
    (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01", "mxf"),  # SMPTE ST 377-1
    (b".RMF\x00", "rm"),
    (b"\xb7\xd8\x00\x20\x37\x49\xda\x11\xa6\x4e\x00\x07\xe9\x5e\xad\x8d", "wtv"),
    (b"YUV4MPEG2 ", "yuv4mpegpipe"),
    (b"DKIF\x00\x00", "ivf"),
)

_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""Boxes with which a QuickTime or MP4 file may begin."""

_SOUND_BRANDS = frozenset({b"M4A ", b"M4B ", b"M4P "})
_RIFF_KINDS = {b"AVI ": "avi", b"CDXA": "mpeg"}

_OGG_VIDEO = (b"\x80theora", b"BBCD\x00", b"\x01video\x00")
"""First packets of Theora, Dirac and OGM in an Ogg stream, which may hold only sound."""

_TRANSPORT_SYNC = 0x47
_TRANSPORT_PACKETS = (188, 192, 204)
"""Bytes of a packet (ISO/IEC 13818-1), with the time stamp of a camera before it, or check bytes behind."""
_SYNCS = 4
_HAS_CONTENT = 0x30
"""Bits of a packet's fourth byte, one of which is set."""

_SOUND_EXTENSIONS = frozenset(
    b".aac .asx .m4a .m4b .m4p .m4r .mka .mks .mp3 .oga .ogg .opus .ra .wma".split()
)

# Streams without a container, which begin too much alike to be told by their content alone.
_BY_EXTENSION = {
    b".264": (b"\x00\x00", "h264"),
    b".265": (b"\x00\x00", "hevc"),
    b".avc": (b"\x00\x00", "h264"),
    b".h264": (b"\x00\x00", "h264"),
    b".h265": (b"\x00\x00", "hevc"),
    b".hevc": (b"\x00\x00", "hevc"),
    b".dif": (b"\x1f\x07\x00", "dv"),
    b".dv": (b"\x1f\x07\x00", "dv"),
}


def container_of(path: bytes, head: bytes) -> str | None:
    """Return FFmpeg's name of a film's container by path and ``OpenPhoto.head``; ``None`` if it is no film.

    Pictures in boxes (HEIC, AVIF, CR3) also count: the caller has looked for them before.
    """
    extension = os.path.splitext(path)[1].lower()
    found = _from_content(head)
    if found is None and extension in _BY_EXTENSION:
        start, container = _BY_EXTENSION[extension]
        found = container if head.startswith(start) else None
    return None if extension in _SOUND_EXTENSIONS and found != "mpegts" else found


def _from_content(head: bytes) -> str | None:
    for signature, container in _SIGNATURES:
        if head.startswith(signature):
            return container
    if head[4:8] in _BOXES:
        return None if head[4:8] == b"ftyp" and head[8:12] in _SOUND_BRANDS else "mov"
    if head[:4] == b"RIFF":
        return _RIFF_KINDS.get(head[8:12])
    if head[:4] == b"OggS":
        return "ogg" if any(start in head for start in _OGG_VIDEO) else None
    return "mpegts" if _is_transport_stream(head) else None


def _is_transport_stream(head: bytes) -> bool:
    """Look for packets at their distance; the first may be incomplete, as in the record of a broadcast."""
    if head.isascii() and b"\0" not in head:
        return False  # a text whose lines have one length, such as a log of places, may have a G at it
    for packet in _TRANSPORT_PACKETS:
        for start in range(min(packet, len(head) - (_SYNCS - 1) * packet)):
            heads = [head[at : at + 4] for at in range(start, start + _SYNCS * packet, packet)]
            if all(map(_is_packet_head, heads)):
                return True
    return False


def _is_packet_head(head: bytes) -> bool:
    return len(head) == 4 and head[0] == _TRANSPORT_SYNC and bool(head[3] & _HAS_CONTENT)

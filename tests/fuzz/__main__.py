"""Fuzzes what reads strangers' bytes, for as long as one likes; atheris is not among the tests' requirements.

    pip install atheris
    python -m tests.fuzz decode -max_total_time=300 -timeout=10 -rss_limit_mb=4096 SEEDS
    python -m tests.fuzz dates -max_total_time=300 -timeout=10 SEEDS
    python -m tests.fuzz exif -max_total_time=300 -timeout=10 SEEDS
    python -m tests.fuzz ignore -max_total_time=300 -timeout=10 SEEDS

SEEDS is a folder, one for each target, that is made with a few good inputs. libFuzzer adds what it finds,
and takes all that follows the name of the target. An input that breaks a promise ends the run with its
traceback, and is left in the working directory as ``crash-...``, ``timeout-...`` or ``oom-...``: give its
path in place of the folder to see it again.
"""

import io
import os
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["pipeline", "PIL"]):
    from PIL import Image

    from pipeline.decoding.decode import decode
    from pipeline.decoding.exif import read_header
    from pipeline.decoding.format_reader import Unreadable
    from pipeline.decoding.formats import Format, sniff
    from pipeline.decoding.metadata.blocks import Metadata
    from pipeline.decoding.metadata.file_names import file_name_date
    from pipeline.decoding.metadata.taken import when_taken
    from pipeline.decoding.process.reader_messages import DecodeRequest
    from pipeline.decoding.readers import READERS
    from pipeline.sources.ignore_patterns import parse_pattern
    from pipeline.sources.photo_file_access import HEAD_BYTES

from tests.pipeline.corrupt import exif_block
from tests.pipeline.pictures import OwnMemory, one_of_each

PIXEL_CAP = 1_000_000
PATHS = ("a", "a.jpg", "raw/b.png", "a/b/c/d", "#x", "!y", "caf\udce9 1.jpg", "a" * 255, "/".join("ab" * 50))


def decode_any(content: bytes) -> None:
    """Any bytes are no picture that is read, or a picture, or unreadable."""
    kind = sniff(b"fuzz.jpg", content[:HEAD_BYTES])
    if kind is None or kind not in READERS:
        return
    request = DecodeRequest("", len(content), kind, 100, PIXEL_CAP)
    try:
        picture = decode(io.BytesIO(content), request, OwnMemory())
    except Unreadable:
        return
    height, width, colours = picture.pixels.shape
    if colours != 3 or not 0 < height * width <= PIXEL_CAP:
        raise AssertionError(f"a picture of {picture.pixels.shape}")


def read_any_exif(content: bytes) -> None:
    """Any bytes for EXIF give a valid orientation, and a time or none."""
    image = Image.new("RGB", (1, 1))
    image.info["exif"] = content if content[:1] == b"E" else b"Exif\0\0" + content
    header = read_header(image)
    if header.orientation not in range(1, 9) or not isinstance(header.taken_at, datetime | None):
        raise AssertionError(f"a header of {header}")


def date_any(content: bytes) -> None:
    """Any bytes, as any kind of block or file, say when a photo was taken, or do not."""
    found = [
        Metadata.of_blocks([content], [content], content, {"Creation Time": content.decode("latin-1")}),
        *filter(None, (Metadata.of_stream(io.BytesIO(content), kind) for kind in Format)),
    ]
    for metadata in found:
        when_taken(metadata)
    file_name_date(content)


def match_any_pattern(content: bytes) -> None:
    """Any line is a pattern, or none, and is matched in no time."""
    pattern = parse_pattern(os.fsdecode(content))
    if pattern is not None:
        for path in PATHS:
            pattern.matches(path, is_folder=False)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "decode": decode_any,
    "exif": read_any_exif,
    "dates": date_any,
    "ignore": match_any_pattern,
}


def main() -> None:
    program, name, *arguments = sys.argv
    for folder in (Path(argument) for argument in arguments if not argument.startswith("-")):
        if not folder.exists():
            folder.mkdir()
            for number, content in enumerate(seeds(name)):
                (folder / str(number)).write_bytes(content)
    atheris.Setup([program, *arguments], TARGETS[name])
    atheris.Fuzz()


def seeds(name: str) -> list[bytes]:
    if name == "dates":
        return [exif_block(1, "<"), b"20190704_123045", b"<x/>", b"\x1c\x02\x37\x00\x0819980514"]
    if name == "exif":
        return [exif_block(orientation, order) for orientation in range(1, 9) for order in "<>"]
    if name == "ignore":
        return [b"*.jpg", b"!/raw/", b"a/**/b*", b"**/[!a-c]?\\#", b"a/**", b"[[:alpha:]]* "]
    return list(one_of_each().values())


if __name__ == "__main__":
    main()

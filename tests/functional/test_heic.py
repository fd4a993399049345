"""Photos of phones: HEIC in every orientation, tagged by other programs, and cut."""

import os
from pathlib import Path

import numpy as np
from PIL import Image

from tests.functional.command import CommandLine
from tests.functional.people import astronaut
from tests.pipeline.corrupt import exif_block, turned
from tests.pipeline.heic_files import MadeItem, coded, heif_file, rotation, with_properties

QUARTERS = {1: 0, 6: 3, 3: 2, 8: 1}
"""Turns anticlockwise that put upright what is stored under an EXIF orientation."""


def exif(orientation: int, more: bytes = b"") -> MadeItem:
    return MadeItem(b"Exif", bytes(4) + exif_block(orientation) + more, refers=((b"cdsc", (1,)),))


def write(path: Path, *items: MadeItem, share: float = 1) -> Path:
    """Write a HEIC as if long ago: a scan reads one that is quite new once more."""
    content = heif_file(items)
    path.write_bytes(content[: int(len(content) * share)])
    seconds = 1_000_000_000 + len(content)
    os.utime(path, (seconds, seconds))
    return path


def test_a_phones_photos(command: CommandLine, photos: Path) -> None:
    for variety, (orientation, quarters) in enumerate(QUARTERS.items()):
        stored = coded(Image.fromarray(turned(np.asarray(astronaut(variety)), orientation)))
        by_container = with_properties(stored, rotation(quarters))
        write(photos / f"container {orientation}.heic", by_container, exif(6))
        write(photos / f"exif {orientation}.HIF", stored, exif(orientation))
    cut = write(photos / "cut.heif", stored, exif(1), share=0.98)
    first = command.run("scan", "--model", "sface", photos)
    assert first.code == 3
    assert first.complaint == (
        f"Failed: {cut}: the file ends before the picture does: copy it again from its source"
    )
    faces = command.run("export").objects
    assert len(faces) == 2 * len(QUARTERS)
    tops = [face["box"][1] / 256 for face in faces]
    assert max(tops) - min(tops) < 0.1  # nobody lies on the side

    write(photos / "exif 8.HIF", stored, exif(8, more=b"a caption" * 9))
    second = command.run("scan", "--json", photos).summary
    assert second["photos"]["indexed"] == 0
    assert second["library"]["faces"] == 2 * len(QUARTERS)

"""Fills the cache of a made library with pictures: what a scan keeps of each face, drawn."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from index.photos.picture_sources import face_source
from index.store.opening import open_store
from index.store.store import Access
from index.values import Thumbnail

PICTURES = 256
"""Different pictures; a browser does not know that some are the same."""

_BATCH = 5000


def fill(library: Path, face_ids: range) -> None:
    """Keep a picture of 320 pixels for each face of a library."""
    rng = np.random.default_rng(1)
    pictures = [_drawn(rng) for _ in range(PICTURES)]
    with open_store(library, Access.READ) as store:
        for start in range(face_ids.start, face_ids.stop, _BATCH):
            with store.read() as connection:
                some = (
                    face_source(connection, each) for each in range(start, min(start + _BATCH, face_ids.stop))
                )
                store.thumbnails.write(
                    [
                        Thumbnail(each.face_id, each.stamp, pictures[each.face_id % PICTURES])
                        for each in some
                        if each is not None
                    ]
                )


def _drawn(rng: np.random.Generator) -> bytes:
    """Draw a face in a noisy colour, about as large a file as that of a photographed one."""
    noise = rng.normal(0, 9, (320, 320, 1)) + rng.uniform(60, 200, 3)
    picture = Image.fromarray(np.clip(noise, 0, 255).astype(np.uint8))
    drawing = ImageDraw.Draw(picture)
    skin = tuple(int(each) for each in rng.uniform((150, 110, 90), (250, 210, 190)))
    drawing.ellipse((70, 40, 250, 280), fill=skin)
    for left in (115, 180):
        drawing.ellipse((left, 120, left + 25, 138), fill=(40, 40, 60))
    drawing.arc((125, 190, 195, 235), 10, 170, fill=(150, 60, 60), width=6)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=80)
    return stream.getvalue()

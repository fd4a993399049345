"""Reads a film once, in blocks, for its digest and, of MP4 and QuickTime, that of its media.

Programs that write tags into such a film change the boxes around ``mdat`` and leave its content. In other
containers, what is tagged is not told apart: a film that was tagged there is another film.
"""

from pipeline.decoding.films.film_containers import container_of
from pipeline.decoding.formats import Format, sniff
from pipeline.decoding.heif.iso_media import IsoMedia, IsoMediaError
from pipeline.sources.photo_file_access import OpenPhoto, read_failure

_MOST_PARTS = 10_000


def read_film(photo: OpenPhoto) -> None:
    """Read a film, unless it is read or its digest is trusted; ``OpenPhoto.part_digest`` is of its media.

    Any other file is read as always: a photo may have a film behind it.

    Raises:
        PhotoError: It cannot be read, or has changed since the crawl.
    """
    if photo.is_read:
        return
    if sniff(photo.file.path, photo.head) is Format.FILM:
        photo.read_through(_media(photo))
    else:
        photo.read()


def _media(photo: OpenPhoto) -> list[range]:
    """Return where the media of an MP4 or QuickTime film are; nothing for other containers."""
    if container_of(photo.file.path, photo.head) != "mov":
        return []
    parts: list[range] = []
    try:
        with photo.stream() as stream:
            parts.extend(
                range(box.content, min(box.end, photo.length))
                for box in IsoMedia(stream, photo.length).boxes()
                if box.kind == b"mdat"
            )
    except IsoMediaError:  # a broken tail
        pass
    except OSError as error:
        raise read_failure(photo.file, error) from error
    return parts[:_MOST_PARTS]

"""Looks whether a film is that of a live photo, without decoding it: its container has the identifier."""

import os

from pipeline.decoding.heif.iso_media import IsoMedia, IsoMediaError, quicktime_metadata
from pipeline.values import PhotoFile

_IDENTIFIER = "com.apple.quicktime.content.identifier"


def live_photo_of_film(file: PhotoFile) -> str | None:
    """Return Apple's identifier of a live photo and its film; ``None`` if none can be read."""
    try:
        descriptor = os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            return quicktime_metadata(IsoMedia(stream, file.size)).get(_IDENTIFIER)
    except (OSError, IsoMediaError):
        return None

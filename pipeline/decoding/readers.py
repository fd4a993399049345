"""What reads each picture format, and by which version; what nothing reads is known too.

The name of a decoder goes into the library beside each outcome, so that a photo that failed is tried again
once another decoder, or a newer one, reads its format.
"""

import PIL

from pipeline.sources.formats import Format, Kind, Unsupported

_NOTHING = "none"


def decoder_of(kind: Kind) -> str | None:
    """The format and today's reader of it, as ``jpeg pillow 12.0.0`` or ``heic none``.

    ``None`` where there is no format.
    """
    if kind is None:
        return None
    return f"{_slug(kind)} {f'pillow {PIL.__version__}' if isinstance(kind, Format) else _NOTHING}"


def is_current(decoder: str) -> bool:
    """Whether today's reader of the format is the one that ``decoder_of`` once named."""
    return decoder in {decoder_of(kind) for kind in (*Format, *Unsupported)}


def _slug(kind: Format | Unsupported) -> str:
    return kind.lower().replace(" ", "-")

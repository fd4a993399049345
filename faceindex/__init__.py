"""Find who is in your photographs: the public API.

    from faceindex import Library, Settings

    with Library.open(Settings.load()) as library:
        for answer in library.who(["photo.jpg"]):
            print(answer)

Importing this package is cheap; SQLite, FAISS and OpenVINO come in when a library is opened or a model is
needed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from faceindex.errors import FaceindexError
    from faceindex.library import Library
    from faceindex.settings import Settings

__all__ = ["FaceindexError", "Library", "Settings"]

_HOMES = {
    "FaceindexError": "faceindex.errors",
    "Library": "faceindex.library",
    "Settings": "faceindex.settings",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)

"""The extras of the package, optional decoding libraries, and whether each is installed; imports none."""

from functools import cache
from importlib.util import find_spec

_MODULES = {"heic": "pillow_heif", "raw": "rawpy", "video": "av"}
"""The module that each extra brings."""


@cache
def is_installed(extra: str) -> bool:
    """Tell whether the library of an extra, such as ``heic``, is on this machine."""
    return find_spec(_MODULES[extra]) is not None

"""The extras of the package, optional decoding libraries, and whether each is installed; imports none."""

from functools import cache
from importlib.metadata import version
from importlib.util import find_spec

_MODULES = {"heic": "pillow_heif", "raw": "rawpy", "video": "av"}
"""The module that each extra brings. Packages have the same names."""


@cache
def is_installed(extra: str) -> bool:
    """Tell whether the library of an extra, such as ``heic``, is on this machine."""
    return find_spec(_MODULES[extra]) is not None


@cache
def library_version(extra: str) -> tuple[str, ...]:
    """Return the library of an extra with its version, as ``av 18.1.0``; none if it is not installed."""
    return (f"{_MODULES[extra]} {version(_MODULES[extra])}",) if is_installed(extra) else ()

"""Sees that nothing is wrong with a library, as ``faceindex check`` does, without a process for it."""

from pathlib import Path

from faceindex import maintenance as upkeep
from faceindex.settings import Settings


def check_sound(library: Path, faces: int | None = None) -> None:
    """No fault is found; there are so many faces, if a number is given."""
    *findings, checked = upkeep.check(Settings.load(library=library), repair=False)
    assert findings == []
    assert isinstance(checked, upkeep.Checked)
    assert faces in (None, checked.faces)

"""The files of a library on disk."""

import os
from pathlib import Path


def library_files(path: Path) -> list[Path]:
    """A library and everything of it that lies beside it, copies too, by name."""
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    own = (name for name in names if name == path.name or name.startswith((f"{path.name}.", f"{path.name}-")))
    return [path.with_name(name) for name in sorted(own)]

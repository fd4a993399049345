"""The files of a library on disk."""

import os
from pathlib import Path


def library_files(path: Path) -> list[Path]:
    """The library and the files beside it whose names begin with its name, sorted."""
    with os.scandir(path.parent) as entries:
        names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    files = (
        name for name in names if name == path.name or name.startswith((f"{path.name}.", f"{path.name}-"))
    )
    return [path.with_name(name) for name in sorted(files)]

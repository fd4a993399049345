"""Text of ``roots``."""

import os
from typing import TYPE_CHECKING

from faceindex.wording.numbers import count

if TYPE_CHECKING:
    from faceindex.results import RootReport
    from index.values import Moved


def root_row(root: "RootReport") -> str:
    """Describe a scanned folder."""
    figures = root.figures
    same_as = "" if figures.same_as is None else f", as {os.fsdecode(figures.same_as)}"
    missing = f", {figures.missing:,} missing" if figures.missing else ""
    reason = f"  ({root.unreachable})" if root.unreachable else ""
    return f"{os.fsdecode(figures.path)}  {count(figures.photos, 'photo')}{missing}{same_as}{reason}"


def moved(moved: "Moved", old: str, new: str, *, dry_run: bool) -> str:
    """Report the move of a root."""
    would = "would be" if dry_run else "are"
    twice = f"; {moved.known_already:,} were known there already" if moved.known_already else ""
    return f"{count(moved.photos, 'photo')} of {old} {would} in {new} now{twice}."


def forgotten(folder: str, missing: int, days: float, *, dry_run: bool) -> str:
    """Report that a root is scanned no more."""
    if dry_run:
        return f"{folder} would be scanned no more, and {count(missing, 'photo')} would count as missing."
    if missing == 0:
        return f"{folder} is scanned no more. No photo was known only there."
    counted = (
        "1 photo counts as missing, and is"
        if missing == 1
        else f"{missing:,} photos count as missing, and are"
    )
    back = "it" if missing == 1 else "them"
    return (
        f"{folder} is scanned no more. {counted} given up after {days:g} days; "
        f"'faceindex scan' of the folder takes {back} back."
    )

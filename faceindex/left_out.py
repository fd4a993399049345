"""Says what was left out, by kind and number."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from index.figures import LeftOutCount
from index.photos.left_out import counted
from pipeline.extras import is_installed
from pipeline.values import PhotoSkipped

_T = TypeVar("_T")

_FILM = "video"

_SEVERAL = {
    "camera raw": "camera raw",
    "camera raw beside its photo": "camera raw beside their photos",
    "film of a live photo": "films of live photos",
    "folder with .nomedia": "folders with .nomedia",
}
"""Kinds that do not just take an s. What begins with a capital, as PDF, never does."""


def described(counts: Sequence[LeftOutCount]) -> str:
    """Return such as ``214 videos (faceindex[video] is not installed), 3 PDF, 12 sidecars``."""
    return ", ".join(map(in_words, counts))


def in_words(each: LeftOutCount) -> str:
    """Return one of these."""
    several = each.kind if each.kind[:1].isupper() else _SEVERAL.get(each.kind, f"{each.kind}s")
    counted = f"{each.files:,} {each.kind if each.files == 1 else several}"
    if each.needs is None:
        return counted
    if is_installed(each.needs):
        return f"{counted} (the next scan reads them)"
    return f"{counted} (faceindex[{each.needs}] is not installed)"


def without_left_out(found: Iterable[_T | PhotoSkipped], note: Callable[[str], None]) -> Iterator[_T]:
    """Pass over files that are no photos, and tell of them last, as ``tell_missed`` does."""
    files: list[PhotoSkipped] = []
    for each in found:
        if isinstance(each, PhotoSkipped):
            files.append(each)
        else:
            yield each
    tell_missed(files, note)


def tell_missed(files: Iterable[PhotoSkipped], note: Callable[[str], None]) -> None:
    """Tell ``note`` which films, and files that an extra would read, are left out, if there are any."""
    missed: Counter[tuple[str, str | None]] = Counter(
        (each.kind, each.needs) for each in files if each.needs is not None or each.kind == _FILM
    )
    if missed:
        note(f"Left out: {described(counted(missed))}")

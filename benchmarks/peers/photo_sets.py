"""The photos that the stacks are measured on; those that are made or gathered are kept in the cache."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.found_faces import Boxes, photos_under, truth_beside
from benchmarks.labelled_photos import SEED, WRONG_LABELS
from benchmarks.process import CACHE, run

MOST_OF_A_PERSON = 3


@dataclass(frozen=True, slots=True, eq=False)
class PhotoSet:
    """Photos in a folder, which has no others.

    Attributes:
        title: For the table.
        truth: The true faces, where they are known.
        share: The tutorials' stack looks at one photo in so many, others in each round.
    """

    title: str
    folder: Path
    photos: list[Path]
    truth: Boxes
    share: int

    @property
    def long_edge(self) -> int:
        """Pixels of the longest side of any photo."""
        return max(max(Image.open(photo).size) for photo in self.photos)


def of_folder(folder: Path, title: str = "", share: int = 4) -> PhotoSet:
    folder = folder.resolve()
    photos = photos_under(folder)
    if not photos:
        raise SystemExit(f"there are no photos under {folder}")
    different = len({photo.read_bytes() for photo in photos})
    title = f"{len(photos)} {title or f'photos of {folder.name}'}"
    if different < len(photos):
        title += f", {different} of them different"
    return PhotoSet(title, folder, photos, truth_beside(folder), share)


def made(number: int, shared: Path) -> PhotoSet:
    """Photos of 12 megapixels with known faces."""

    def make(place: Path) -> None:
        script = [str(shared / "tools" / "make_library.py"), str(place / "photos")]
        run([sys.executable, *script, "--photos", str(number), "--faces", str(shared / "photos" / "lfw")])

    folder = once(f"made-{number}", make) / "photos"
    return of_folder(folder, "made photos of 12 megapixels", share=12)


def small(number: int, shared: Path) -> PhotoSet:
    """Photos of 250 pixels, evenly of all people."""

    def gather(place: Path) -> None:
        photos = photos_under(shared / "photos" / "lfw")
        copy([photos[row] for row in np.linspace(0, len(photos) - 1, number).astype(int)], place)

    return of_folder(once(f"small-{number}", gather), "photos of 250 pixels")


def labelled(people: int, strangers: int, shared: Path) -> Path:
    """A folder of photos for each of some people, who have two or three, and of strangers, who have one."""

    def gather(place: Path) -> None:
        generator = np.random.default_rng(SEED)
        folders = [folder for folder in sorted((shared / "photos" / "lfw").iterdir()) if folder.is_dir()]
        photos = [[p for p in photos_under(each) if p.name not in WRONG_LABELS] for each in folders]
        repeated = [each for each in photos if len(each) > 1]
        single = [each for each in photos if len(each) == 1]
        for row in generator.permutation(len(repeated))[:people]:
            copy(repeated[row][:MOST_OF_A_PERSON], place)
        for row in generator.permutation(len(single))[:strangers]:
            copy(single[row], place)

    return once(f"labelled-{people}-{strangers}-{MOST_OF_A_PERSON}", gather)


def copy(photos: Iterable[Path], place: Path) -> None:
    for photo in photos:
        folder = place / photo.parent.name
        folder.mkdir(exist_ok=True)
        shutil.copyfile(photo, folder / photo.name)


def once(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of this name in the cache; ``make`` fills it the first time."""
    folder = CACHE / name
    if not folder.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as place:
            made = Path(place) / name
            made.mkdir()
            make(made)
            made.rename(folder)
    return folder


def chosen(names: Iterable[str], made_photos: int, small_photos: int, shared: Path) -> Iterator[PhotoSet]:
    for name in names:
        if name == "made":
            yield made(made_photos, shared)
        elif name == "small":
            yield small(small_photos, shared)
        else:
            yield of_folder(shared / "photos" / name)

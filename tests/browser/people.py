"""The album of the browser tests: photos that packages ship, several of each of two people."""

from pathlib import Path

import matplotlib.cbook
from PIL import Image, ImageEnhance

from tests.functional.people import astronaut, landscape, save


def hopper(variety: int = 0) -> Image.Image:
    """Grace Hopper, one face; each variety is another picture of her."""
    picture = Image.open(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)).convert("RGB")
    left, top = variety % 4 * 6, variety // 4 * 5
    cropped = picture.crop((left, top, left + 470, top + 560))
    return ImageEnhance.Brightness(cropped).enhance(1 - variety * 0.01)


def both() -> Image.Image:
    """Both people in one photo, Collins on the left."""
    photo = Image.new("RGB", (860, 560), (90, 110, 130))
    photo.paste(astronaut(3).resize((400, 400)), (0, 80))
    photo.paste(hopper(3), (400, 0))
    return photo


def write_album(folder: Path) -> None:
    """Write four photos of Collins, three of Hopper, one of both, and one of nobody."""
    for number in range(4):
        save(astronaut(number * 5), folder / f"collins{number}.jpg")
    for number in range(3):
        save(hopper(number * 2), folder / f"hopper{number}.jpg")
    save(both(), folder / "both.jpg")
    save(landscape(), folder / "hills.jpg")

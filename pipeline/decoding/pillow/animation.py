"""Chooses the picture of an animation: its first frame that shows something."""

from PIL import Image
from PIL.ImageFile import ImageFile

FRAMES = 32
"""Frames looked at; an animation that begins with more that show nothing is one of nothing."""


def load_first_frame(image: ImageFile) -> None:
    """Load an animation's first frame that is not all of one colour, or the first if all are.

    A picture that an animated PNG has for decoders without animation is no frame. Errors are those of Pillow.
    """
    first = 1 if getattr(image, "default_image", False) else 0
    image.seek(first)
    image.load()
    if not is_blank(image) or not getattr(image, "is_animated", False):
        return
    for frame in range(first + 1, FRAMES):
        try:
            image.seek(frame)
        except EOFError:
            break
        image.load()
        if not is_blank(image):
            return
    image.seek(first)
    image.load()


def is_blank(image: Image.Image) -> bool:
    """Tell whether a loaded picture has one colour, or is transparent all over."""
    extrema = image.getextrema()
    if not isinstance(extrema[0], tuple):
        return bool(extrema[0] == extrema[1])
    transparent = image.mode in ("LA", "RGBA", "La", "RGBa") and extrema[-1][1] == 0
    return transparent or all(low == high for low, high in extrema)

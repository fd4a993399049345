"""Finds a font for each character: among those installed with this program, then among the system's.

It knows nothing of lines or pictures.
"""

import subprocess
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib import resources
from shutil import which

import uharfbuzz as hb

_WEIGHT = 500.0
"""Medium: white letters on a colour look thinner than they are."""

_BUNDLED = ("manimgx_fonts", "manimgx_fonts_cjk")
"""Packages of Noto fonts, only carriers: their code is not used."""

_FIRST = "NotoSans["
"""Latin, Greek, Cyrillic, and the punctuation of all."""

_SIMPLIFIED_CHINESE = 2
"""Index in the collection Noto Sans CJK, whose fonts differ in what they take where a language is unknown."""

_EMOJI_STYLE = "\ufe0f"
"""Variation selector 16: show the character before it as an emoji."""

_EMOJI = "\U0001f600"
"""A font that has it is a font of emoji."""

_OUTLINES = frozenset({"glyf", "CFF ", "CFF2"})

_SECONDS = 10.0
"""Fontconfig may have to read all fonts of the system first."""


def bundled_files() -> list[str]:
    """Return the files of the fonts installed with this program, the one with Latin letters first."""
    found = []
    for package in _BUNDLED:
        files = [each for each in resources.files(package).iterdir() if each.name.endswith((".ttf", ".ttc"))]
        files = [each for each in files if "Italic" not in each.name]
        found += sorted(files, key=lambda each: (not each.name.startswith(_FIRST), each.name))
    return [str(each) for each in found]


@cache
def bundled_fonts() -> tuple[hb.Font, ...]:
    """Open the fonts that are installed with this program, in the same order."""
    return tuple(
        _opened(file, _SIMPLIFIED_CHINESE if file.endswith(".ttc") else 0) for file in bundled_files()
    )


def font_for(cluster: str) -> hb.Font | None:
    """Find the first font that has all characters of a grapheme cluster; ``None`` if there is none."""
    fonts: Iterable[hb.Font] = bundled_fonts()
    if _EMOJI_STYLE in cluster:
        fonts = sorted(fonts, key=lambda each: not has_glyphs(each, _EMOJI))
    found = next((each for each in fonts if has_glyphs(each, cluster)), None)
    if found is not None:
        return found
    return _system_font(" ".join(f"{code:x}" for code in seen(cluster)), which("fc-match"))


def has_glyphs(font: hb.Font, text: str) -> bool:
    """Return whether a font has a glyph for each character of a text that is seen by itself."""
    return all(map(font.get_nominal_glyph, seen(text)))


def seen(text: str) -> Iterator[int]:
    """Yield the code points that need a glyph: neither format characters nor variation selectors."""
    for each in text:
        code = ord(each)
        selects = 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or 0x180B <= code <= 0x180F
        if not selects and code != 0x034F and unicodedata.category(each) != "Cf":
            yield code


@lru_cache(maxsize=256)
def _system_font(charset: str, program: str | None) -> hb.Font | None:
    """Ask fontconfig, if it is there, for a font with outlines that has some code points, in hexadecimal."""
    if program is None:
        return None
    command = [program, "--format", r"%{file}\n%{index}", f":scalable=true:charset={charset}"]
    try:
        ran = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=True)  # noqa: S603
        path, index = ran.stdout.decode().rsplit("\n", 1)
        font = _opened(path, int(index) & 0xFFFF)  # the upper bits name an instance of a variable font
    except (OSError, subprocess.SubprocessError, ValueError, hb.HarfBuzzError):
        return None
    wanted = (int(code, 16) for code in charset.split())
    return (
        font if _OUTLINES & set(font.face.table_tags) and all(map(font.get_nominal_glyph, wanted)) else None
    )


def _opened(path: str, index: int) -> hb.Font:
    font = hb.Font(hb.Face(hb.Blob.from_file_path(path), index))
    font.set_variations({"wght": _WEIGHT})
    return font

"""Lays out and draws one line of text in any script: right to left, joined, in several fonts.

Each run of one font, script and direction is shaped by HarfBuzz. Its pictures of glyphs are drawn without
hints, so that a line has the same shape at every size.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import uharfbuzz as hb
from bidi import get_display
from PIL import Image
from rich.cells import split_graphemes

from faceindex.fonts import bundled_fonts, font_for, has_glyphs

REPLACEMENT = "\ufffd"
_CUT = "\u2026"
"""Drawn for a character that no font has."""

_ASCENT, _DESCENT = 0.76, 0.24
"""Least extents of a line above and below its baseline, in em: those of Latin letters."""

_NARROWEST = 0.2
"""Least width of a line in em: some marks have none."""

_HIGH_TAG, _LOW_TAG, _TAGS = 0xE0020, 0xE0050, 48

_NUMBERED = re.compile(
    ".(?P<high>[\U000e0020-\U000e004f])(?P<low>[\U000e0050-\U000e007f])"
    "|(?P<turned_low>[\U000e0050-\U000e007f])(?P<turned_high>[\U000e0020-\U000e004f]).",
    re.DOTALL,
)
"""A character with its number, in two tags, to be read from left to right or from right to left."""

_KANA = ("HIRAGANA", "KATAKANA")


@dataclass(frozen=True, slots=True, eq=False)
class Glyph:
    """A glyph of a font, and its origin in em from the left end of the baseline, y upwards."""

    font: hb.Font
    index: int
    x: float
    y: float


@dataclass(frozen=True, slots=True, eq=False)
class TextLine:
    """Glyphs from left to right.

    Attributes:
        width: Of advances and ink, in em, as are the others.
        top: Highest ink above the baseline, at least that of Latin letters.
        bottom: Lowest ink below the baseline as a negative number, at most that of Latin letters.
        lacking: The characters that no font on this machine has.
    """

    glyphs: tuple[Glyph, ...]
    width: float
    top: float
    bottom: float
    lacking: frozenset[str]

    def mask(self, size: float) -> Image.Image:
        """Draw the line at a size in pixels for each em, as coverage (mode L)."""
        width, above, below = (round(size * each + 0.5) for each in (self.width, self.top, -self.bottom))
        raster = hb.RasterDraw()
        raster.extents = hb.RasterExtents(0, -below, width, above + below, 0)
        for each in self.glyphs:
            scale = size / each.font.face.upem
            raster.transform = (scale, 0, 0, scale, each.x * size, each.y * size)
            raster.draw_glyph(each.font, each.index)
        drawn = raster.render()
        shape = (drawn.extents.width, drawn.extents.height)
        return Image.frombytes("L", shape, drawn.buffer, "raw", "L", drawn.extents.stride, -1)  # from below


@dataclass(frozen=True, slots=True, eq=False)
class _Cluster:
    """What a reader takes for one character."""

    text: str
    font: hb.Font
    script: str


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """Text of one font, script and direction, in the order of reading."""

    text: str
    font: hb.Font
    script: str
    turned: bool


def lay_out(text: str) -> TextLine:
    """Lay out a line of text; its first letter that has a direction gives that of the line."""
    parts = graphemes(text)
    lacking: set[str] = set()
    clusters = []
    script = ""
    for part in parts:
        drawn, font = _drawable(part, lacking)
        script = _script(drawn) or script
        clusters.append(_Cluster(drawn, font, script))
    language = _language(text)
    shaped = [_shaped(run, language) for run in _runs(clusters, visual_order(parts))]
    return _joined(shaped, frozenset(lacking))


def _runs(clusters: Sequence[_Cluster], order: Sequence[tuple[int, bool]]) -> Iterator[_Run]:
    """Yield runs from left to right."""
    placed = [(clusters[number], turned) for number, turned in order]
    for (turned, script, _), group in groupby(
        placed, lambda each: (each[1], each[0].script, id(each[0].font))
    ):
        run = [cluster for cluster, _ in group]
        text = "".join(each.text for each in (reversed(run) if turned else run))
        yield _Run(text, run[0].font, script, turned)


def graphemes(text: str) -> list[str]:
    """Split a text into what a reader takes for one character each (Unicode Standard Annex 29)."""
    return [text[start:end] for start, end, _ in split_graphemes(text)[0]]


def _drawable(cluster: str, lacking: set[str]) -> tuple[str, hb.Font]:
    """Return what can be drawn of a cluster, with a font that has it, and note what lacks."""
    if (font := font_for(cluster)) is not None:
        return cluster, font
    if (font := font_for(cluster[0])) is None:
        lacking.add(cluster[0])
        return REPLACEMENT, bundled_fonts()[0]
    kept = "".join(each for each in cluster if has_glyphs(font, each))
    lacking |= set(cluster) - set(kept)
    return kept, font


def _script(text: str) -> str | None:
    """Return the script of a text; ``None`` for what belongs to all, such as digits and emoji."""
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    script: str | None = buffer.script
    return script


def _language(text: str) -> str | None:
    """Return Japanese for a text with kana; ``None`` for the language of the user.

    Chinese, Japanese and Korean fonts draw some characters of one code point in several ways.
    """
    return "ja" if any(unicodedata.name(each, "").startswith(_KANA) for each in text) else None


def visual_order(clusters: Sequence[str]) -> list[tuple[int, bool]]:
    """Return numbers of clusters from left to right, and whether each is read from right to left.

    The Unicode Bidirectional Algorithm (Annex 9) moves characters that it takes for boundaries along with
    the one before them. Two of them, tags, number each cluster, and show on which side of it they end up.
    """
    text = "".join(
        # What is such a character itself is taken for a neutral one.
        (each[0] if unicodedata.bidirectional(each[0]) != "BN" else REPLACEMENT)
        + chr(_HIGH_TAG + number // _TAGS)
        + chr(_LOW_TAG + number % _TAGS)
        for number, each in enumerate(clusters)
    )
    text += REPLACEMENT  # tags at the very end would not be moved
    order = []
    for found in _NUMBERED.finditer(get_display(text)):
        turned = found["high"] is None
        high, low = (found["turned_high"], found["turned_low"]) if turned else (found["high"], found["low"])
        order.append(((ord(high) - _HIGH_TAG) * _TAGS + ord(low) - _LOW_TAG, turned))
    return order


def _shaped(run: _Run, language: str | None) -> tuple[list[Glyph], float]:
    """Return the glyphs of a run, from its own left end, and its width, in em."""
    buffer = hb.Buffer()
    buffer.add_str(run.text)
    buffer.flags = hb.BufferFlags.BOT  # a mark without a letter gets a dotted circle
    buffer.direction = "rtl" if run.turned else "ltr"
    if run.script:
        buffer.script = run.script
    if language is not None:
        buffer.language = language
    buffer.guess_segment_properties()
    hb.shape(run.font, buffer)
    glyphs, x, scale = [], 0, 1 / run.font.face.upem
    for info, place in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
        origin = (x + place.x_offset) * scale, place.y_offset * scale
        glyphs.append(Glyph(run.font, info.codepoint, *origin))
        x += place.x_advance
    return glyphs, x * scale


def _joined(runs: Sequence[tuple[list[Glyph], float]], lacking: frozenset[str]) -> TextLine:
    glyphs: list[Glyph] = []
    width, left, top, bottom = 0.0, 0.0, _ASCENT, -_DESCENT
    for run, length in runs:
        glyphs += [replace(each, x=each.x + width) for each in run]
        width += length
    right = max(width, _NARROWEST)
    for each in glyphs:
        extents, scale = each.font.get_glyph_extents(each.index), 1 / each.font.face.upem
        if extents is not None:
            x, y = each.x + extents.x_bearing * scale, each.y + extents.y_bearing * scale
            left, right = min(left, x), max(right, x + extents.width * scale)
            bottom, top = min(bottom, y + extents.height * scale), max(top, y)
    inside = tuple(replace(each, x=each.x - left) for each in glyphs)
    return TextLine(inside, right - left, top, bottom, lacking)


def cut(text: str, line: TextLine, width: float) -> TextLine:
    """Shorten a line to at most ``width`` em, if it is longer; a question mark at its end stays."""
    if line.width <= width:
        return line
    ending = "?" if text.endswith("?") else ""
    letters = graphemes(text.removesuffix(ending))

    def shortened(kept: int) -> TextLine:
        return lay_out("".join(letters[:kept]) + _CUT + ending)

    fitting = bisect_right(range(len(letters)), width, key=lambda kept: shortened(kept).width)
    return shortened(max(0, fitting - 1))


def lacking_note(lacking: frozenset[str]) -> str:
    """Say which characters no font has, and what to do."""
    names = [
        f"{each} (U+{ord(each):04X} {unicodedata.name(each, '')}".rstrip() + ")" for each in sorted(lacking)
    ]
    return (
        f"No font on this machine has {', '.join(names)}, drawn as {REPLACEMENT}. Install one that has, and "
        "fontconfig, which finds it (on Debian: apt install fontconfig fonts-noto-core)."
    )

"""Lines of text in all scripts: each character has its glyph, in the right order and form."""

import unicodedata
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.output.text_line import REPLACEMENT, Glyph, TextLine, graphemes, lay_out, visual_order

NAMES = {
    "Latin": "Zoë Müller-Łukasz, Nguyễn Thị Hằng",
    "Greek": "Ελένη Παπαδοπούλου",
    "Cyrillic": "Иван Ёлкин-Щукин",
    "Chinese": "王小明 卡尔·马克思",
    "Japanese": "田中 さくら サクラ",
    "Korean": "김철수",
    "Persian": "می\u200cنا احمدی",
    "Arabic": "محمد بن سلمان،؟",
    "Hebrew": "שָׁלוֹם לוי",
    "Hindi": "क्षितिज शर्मा",
    "Bengali": "শ্রাবণী",
    "Tamil": "வள்ளி",
    "Thai": "สมชาย ปื้ผู้",
    "Georgian, Armenian, Amharic": "ქართული Հայերեն አማርኛ",
    "Khmer, Burmese, Lao": "ខ្មែរ မြန်မာ ລາວ",
    "emoji": "👩❤️👍🏽🇩🇪1️⃣",
    "several": "राहुल Gandhi 王 (דוד) 👨\u200d👩\u200d👧 2",
}
"""What the fonts installed with the program must have."""

FAMILY = "👨\u200d👩\u200d👧"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@pytest.fixture(autouse=True)
def _no_fonts_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")


def inked(line: TextLine) -> list[Glyph]:
    """Glyphs that are seen, from left to right."""
    return [
        each for each in line.glyphs if (found := each.font.get_glyph_extents(each.index)) and found.width
    ]


def letters(line: TextLine) -> str:
    """The characters of a line without shapes of their own, from left to right."""
    known = {(id(each.font), each.index): "" for each in line.glyphs}
    for each in line.glyphs:
        for code in each.font.face.unicodes:
            if each.font.get_nominal_glyph(code) == each.index:
                known[id(each.font), each.index] = chr(code)
                break
    return "".join(known[id(each.font), each.index] for each in line.glyphs)


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_every_character_has_a_glyph(name: str) -> None:
    line = lay_out(name)
    assert not line.lacking
    assert all(each.index != 0 for each in line.glyphs)  # 0 is the box for what a font lacks
    assert len(inked(line)) >= len(name.split())
    assert np.asarray(line.mask(20)).max() == 255


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_no_ink_is_cut_off(name: str) -> None:
    drawn = np.asarray(lay_out(name).mask(40), int)
    roomy = lay_out(name)
    assert drawn[0].max() < 255
    assert drawn[-1].max() < 255
    assert drawn.shape[1] == pytest.approx(40 * roomy.width, abs=1)
    assert drawn.shape[0] == pytest.approx(40 * (roomy.top - roomy.bottom), abs=2)


def test_a_line_has_one_shape_at_all_sizes() -> None:
    line = lay_out("Zoë 王小明")
    small, large = line.mask(10).size, line.mask(100).size
    assert large == pytest.approx((10 * small[0], 10 * small[1]), rel=0.1)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("אבג", "גבא"),
        ("אב Anna", "Anna בא"),
        ("Anna אב ד Bob", "Anna ד בא Bob"),
        ("Anna (אב) 12", "Anna (בא) 12"),
        ("אב 12?", "?12 בא"),
        ("דוד (David) 2", "2 (David) דוד"),
        ("Anna 2 אב 34-12", "Anna 2 34-12 בא"),  # numbers after Hebrew belong to it
    ],
)
def test_right_to_left(text: str, shown: str) -> None:
    assert letters(lay_out(text)) == shown


NAME = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"]) | st.sampled_from("aאم1 (-")
)


@given(NAME)
def test_no_character_is_lost_when_they_are_reordered(name: str) -> None:
    parts = graphemes(name)
    assert "".join(parts) == name
    assert sorted(number for number, _ in visual_order(parts)) == list(range(len(parts)))


def test_arabic_letters_are_joined() -> None:
    (alone,) = (each.index for each in lay_out("م").glyphs)
    joined = [each.index for each in lay_out("ممم").glyphs]
    assert len({alone, *joined}) == 4
    assert [each.index for each in inked(lay_out("م\u200cم"))] == [alone, alone]


def test_hindi_vowels_stand_before_their_consonant() -> None:
    consonant, vowel = lay_out("ह").glyphs[0], lay_out("ही").glyphs[-1]
    line = lay_out("हि")
    assert [each.index for each in line.glyphs][1:] == [consonant.index]
    assert line.glyphs[0].index != vowel.index
    assert len(lay_out("क्ष").glyphs) == 1  # three characters, one conjunct


@pytest.mark.parametrize("emoji", [FAMILY, ENGLAND, "🇩🇪", "👍🏽", "1️⃣", "❤️"])
def test_a_sequence_of_emoji_is_one_picture(emoji: str) -> None:
    assert len(inked(lay_out(emoji))) == 1
    assert len(inked(lay_out(f"a{emoji}2"))) == 3


def test_a_digit_is_no_emoji_unless_it_is_said_to_be() -> None:
    (digit,), (other,) = inked(lay_out("1")), inked(lay_out("1\ufe0f"))
    assert digit.font is lay_out("A").glyphs[0].font
    assert other.font is lay_out("👩").glyphs[0].font


def test_kana_make_chinese_characters_japanese() -> None:
    assert lay_out("直").glyphs[0].index != lay_out("直か").glyphs[0].index


@pytest.mark.parametrize("text", ["\u0301", "\u200d", " ", "\u093f", "e\u0301\u0302\u0303\u0304\u0305\u0306"])
def test_odd_lines_can_be_drawn(text: str) -> None:
    line = lay_out(text)
    assert line.width > 0
    assert not line.lacking
    line.mask(12)


def test_what_no_font_has_is_drawn_as_such_and_told() -> None:
    line = lay_out("A\U00013000\ue123B")
    assert line.lacking == {"\U00013000", "\ue123"}
    assert letters(line) == f"A{REPLACEMENT}{REPLACEMENT}B"
    assert letters(lay_out("A\u2d5a")) == f"A{REPLACEMENT}"


def fontconfig(folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program in place of fontconfig's that knows one font."""
    program = folder / "fc-match"
    program.write_text(f"#!/bin/sh\necho '{file}'\nprintf 0\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


DEJAVU = Path(mpl.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
TIFINAGH = "\u2d5a"


def test_a_font_of_the_system_helps_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fontconfig(tmp_path, DEJAVU, monkeypatch)
    line = lay_out(f"A{TIFINAGH}\U00013000")
    assert letters(line) == f"A{TIFINAGH}{REPLACEMENT}"  # it is asked whether it has what it is to draw
    assert line.lacking == {"\U00013000"}


@pytest.mark.parametrize("content", [None, b"", b"no font"])
def test_a_font_that_cannot_be_read_does_not(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.ttf"
    if content is not None:
        file.write_bytes(content)
    fontconfig(tmp_path, file, monkeypatch)
    assert lay_out(TIFINAGH).lacking == {TIFINAGH}


def test_graphemes_are_what_a_reader_takes_for_letters() -> None:
    assert graphemes(f"Zoe\u0308{FAMILY}") == ["Z", "o", "e\u0308", FAMILY]
    assert unicodedata.normalize("NFC", "".join(graphemes("Zoe\u0308"))) == "Zoë"

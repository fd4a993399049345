"""What a file name looks like on a terminal."""

import os

from hypothesis import given
from hypothesis import strategies as st

from faceindex.cli.render import printable


@given(st.binary())
def test_no_name_reaches_a_terminal_as_anything_but_text(name: bytes) -> None:
    shown = printable(name)
    assert shown.isprintable()
    shown.encode()


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"])))
def test_plain_names_are_shown_as_they_are(name: str) -> None:
    assert printable(name) == name
    assert printable(os.fsencode(name)) == name


def test_control_characters_are_escapes() -> None:
    assert printable(b"a\x1b[2J\n\x07\xff \xe2\x80\xae") == r"a\x1b[2J\n\x07\xff \u202e"

"""What file names and progress look like on a terminal."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.cli.render import Reporter, columns, padded
from faceindex.printable import printable
from faceindex.results import Progress

MINA = "\u0645\u06cc\u200c\u0646\u0627"  # Persian, with a non-joiner
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


@given(st.binary())
def test_no_name_reaches_a_terminal_as_anything_but_text(name: bytes) -> None:
    shown = printable(name)
    assert shown.replace("\u200c", "").replace("\u200d", "").isprintable()
    shown.encode()


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"])))
def test_plain_names_are_shown_as_they_are(name: str) -> None:
    assert printable(name) == name
    assert printable(os.fsencode(name)) == name


@pytest.mark.parametrize("name", [MINA, FAMILY, ENGLAND])
def test_joiners_are_shown_as_they_are(name: str) -> None:
    assert printable(name) == printable(name.encode()) == name


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("ab", 2),
        ("Zoe\u0308", 3),
        ("日本", 4),
        (MINA, 4),
        ("राहुल", 3),
        ("שָׁלוֹם", 4),
        (FAMILY, 2),
        (ENGLAND, 2),
        ("a\u200eb", 8),  # printed as an escape
    ],
)
def test_columns_are_counted_as_a_terminal_shows_them(name: str, width: int) -> None:
    assert columns(["a", name]) == width
    assert padded(name, 12) == printable(name) + " " * (12 - width)


def test_control_characters_are_escapes() -> None:
    assert printable(b"a\x1b[2J\n\x07\xff \xe2\x80\xae") == r"a\x1b[2J\n\x07\xff \u202e"


@pytest.mark.parametrize(("complete", "shown"), [(False, "1 of at least 1,234"), (True, "1 of 1,234")])
def test_progress_says_whether_all_photos_are_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], complete: bool, shown: str
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # rich writes as to a terminal
    monkeypatch.setenv("COLUMNS", "160")
    with Reporter(quiet=False) as reporter:
        reporter.listeners.progress(Progress(1234, 1, 0, 0, complete=complete))
    assert f"{shown} photos" in capsys.readouterr().err

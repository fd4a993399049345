"""What file names and progress look like on a terminal."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceindex.cli.render import Reporter, printable
from faceindex.results import Progress


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


@pytest.mark.parametrize(("complete", "shown"), [(False, "1 of at least 1,234"), (True, "1 of 1,234")])
def test_progress_says_whether_all_photos_are_known(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], complete: bool, shown: str
) -> None:
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # rich writes as to a terminal
    monkeypatch.setenv("COLUMNS", "160")
    with Reporter(quiet=False) as reporter:
        reporter.listeners.progress(Progress(1234, 1, 0, 0, complete=complete))
    assert f"{shown} photos" in capsys.readouterr().err

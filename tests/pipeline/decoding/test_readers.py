"""What reads which format, by name and version."""

from importlib import metadata

import PIL
import pytest
import simplejpeg

from pipeline.decoding.formats import Format
from pipeline.decoding.readers import READERS, decoder_of, is_current, is_none_of_today
from pipeline.extras import library_version


def test_a_decoder_is_current_until_another_reads_the_format() -> None:
    assert decoder_of(Format.PNG) == f"png pillow {PIL.__version__}, revision 2"
    libraries = f"pillow {PIL.__version__}, simplejpeg {simplejpeg.__version__}"
    assert decoder_of(Format.JPEG) == f"jpeg {libraries}, revision 2"
    assert decoder_of(Format.PHOTOSHOP) == "photoshop none"
    every = dict.fromkeys(library for reader in READERS.values() for library in reader.libraries)
    unknown = ", ".join((*every, *library_version("video")))
    assert decoder_of(None) == f"none of {unknown}"  # a new reader may know the format
    for kind in (*Format, None):
        assert is_current(decoder_of(kind))


@pytest.mark.parametrize(
    "decoder",
    [
        "jpeg pillow 1.0",
        f"jpeg pillow {PIL.__version__}",
        f"jpeg pillow {PIL.__version__}, simplejpeg {simplejpeg.__version__}",  # before it was changed here
        "jpeg none",
        "none",
        "none of pillow 1.0",
        "heic pillow-heif 9.9",
        "sketch none",
        "",
    ],
)
def test_any_other_decoder_is_not(decoder: str) -> None:
    assert not is_current(decoder)


def test_what_was_left_out_stays_so_while_nothing_reads_it() -> None:
    assert is_none_of_today(decoder_of(None))
    assert is_none_of_today(decoder_of(Format.PHOTOSHOP))
    assert not is_none_of_today(decoder_of(Format.JPEG))
    assert not is_none_of_today("jpeg none")
    assert not is_none_of_today("none of pillow 1.0")


def test_versions_are_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look-up reads files, and every photo asks."""
    expected = decoder_of(Format.JPEG)
    monkeypatch.setattr(metadata, "distribution", None)
    assert decoder_of(Format.JPEG) == expected

"""What a file is that is no photo."""

import pytest

from pipeline import extras
from pipeline.decoding.file_kinds import extra_for, kind_of, reason_for
from pipeline.decoding.formats import Format
from pipeline.values import Reason


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (b"/a/VID_1.MP4", "video"),
        (b"clip.mov", "video"),
        (b"00001.MTS", "video"),
        (b"IMG_1.AAE", "sidecar"),
        (b"IMG_1.jpg.xmp", "sidecar"),
        (b"IMG_1.jpg.json", "sidecar"),
        (b"IMG_1.jpg.supplemental-metadata.json", "sidecar"),
        (b"settings.json", "other file"),
        (b"GOPR1.THM", "sidecar"),
        (b"scan.pdf", "PDF"),
        (b"letter.docx", "document"),
        (b"memo.m4a", "sound file"),
        (b"all.zip", "archive"),
        (b"logo.svg", "SVG"),
        (b"layers.psd", "Photoshop"),
        (b"icon.ico", "other picture"),
        (b"caf\xe9.mp4", "video"),
        (b".xmp", "other file"),
        (b"README", "other file"),
    ],
)
def test_a_name_says_the_kind(name: bytes, kind: str) -> None:
    assert kind_of(name, b"%PDF-1.7") == kind if kind != "other file" else kind_of(name, b"") == kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "video"),
        (b"\x00\x00\x00\x18ftypM4A \x00\x00\x00\x00M4A isom", "sound file"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "video"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "sound file"),
        (b"\x1a\x45\xdf\xa3\x01", "video"),
        (b"PK\x03\x04\x14\x00", "archive"),
        (b"a text", "other file"),
        (b"", "other file"),
    ],
)
def test_the_first_bytes_say_it_where_the_name_does_not(head: bytes, kind: str) -> None:
    assert kind_of(b"/downloads/0001.part", head) == kind


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.decoding.file_kinds.is_installed", lambda extra: extra == "raw")
    assert extra_for(Format.HEIC) == "heic"
    assert extra_for("video") == "video"
    assert extra_for(Format.RAW) is None
    assert extra_for("PDF") is None


@pytest.mark.parametrize("extra", ["heic", "raw", "video"])
def test_an_extra_is_installed_if_its_library_is(monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    extras.is_installed.cache_clear()
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    assert not extras.is_installed(extra)
    extras.is_installed.cache_clear()


def test_only_what_may_be_a_picture_is_unsupported() -> None:
    assert reason_for(Format.HEIC) is reason_for("video") is reason_for("PDF") is Reason.UNSUPPORTED
    assert reason_for("sidecar") is reason_for("other file") is Reason.NOT_AN_IMAGE

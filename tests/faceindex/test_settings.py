"""Where settings come from, and which wins."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from faceindex.errors import BadRequest
from faceindex.settings import Settings


@pytest.fixture
def config(empty_home: Path) -> Path:
    path = empty_home / ".config" / "faceindex" / "config.toml"
    path.parent.mkdir(parents=True)
    return path


def test_defaults_are_those_of_the_platform(empty_home: Path) -> None:
    settings = Settings.load()
    assert settings.library == empty_home / ".local" / "share" / "faceindex" / "library.db"
    assert settings.cache_dir == empty_home / ".cache" / "faceindex"
    assert (settings.model, settings.long_edge, settings.smallest_face) == ("auto", 1600, None)
    assert settings.max_megapixels == 400


def test_each_place_beats_the_one_before(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text("long_edge = 1000\nworkers = 3\nsmallest_face = 30\n")
    monkeypatch.setenv("FACEINDEX_WORKERS", "4")
    monkeypatch.setenv("FACEINDEX_SMALLEST_FACE", "40")
    settings = Settings.load(smallest_face=50, long_edge=None)
    assert (settings.long_edge, settings.workers, settings.smallest_face) == (1000, 4, 50)


def test_another_config_file_takes_the_place_of_the_platform_s(config: Path, tmp_path: Path) -> None:
    config.write_text("long_edge = 1000\n")
    other = tmp_path / "other.toml"
    other.write_text("workers = 3\n")
    settings = Settings.load(other)
    assert (settings.long_edge, settings.workers) == (1600, 3)


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch, empty_home: Path) -> None:
    monkeypatch.setenv("FACEINDEX_LIBRARY", "")
    monkeypatch.setenv("FACEINDEX_WORKERS", "")
    assert Settings.load().library.is_relative_to(empty_home)


def test_a_tilde_is_the_home_folder_wherever_it_is_written(
    config: Path, monkeypatch: pytest.MonkeyPatch, empty_home: Path
) -> None:
    config.write_text('library = "~/faces.db"\n')
    monkeypatch.setenv("FACEINDEX_CACHE_DIR", "~/fast disk")
    settings = Settings.load()
    assert settings.library == empty_home / "faces.db"
    assert settings.cache_dir == empty_home / "fast disk"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("libary = 1\n", "libary"),
        ('detector = "viola-jones"\n', "detector: Input should be 'auto', 'mtcnn', 'yunet' or 'cascade'"),
        ('runtime = "fast"\n', "runtime"),
        ("max_megapixels = inf\n", "max_megapixels"),
        ("workers = 2.5\n", "workers"),
        ("workers =\n", "config.toml"),
    ],
)
def test_a_config_file_that_makes_no_sense_is_named(config: Path, text: str, said: str) -> None:
    config.write_text(text)
    with pytest.raises(BadRequest, match=said) as caught:
        Settings.load()
    assert str(config) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_variable_that_makes_no_sense_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACEINDEX_LONG_EDGE", "wide")
    with pytest.raises(BadRequest, match=r"long_edge.*FACEINDEX_"):
        Settings.load()


def test_a_config_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match=r"gone\.toml"):
        Settings.load(tmp_path / "gone.toml")


def test_settings_are_frozen() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings.load().workers = 3

"""Settings: defaults < config.toml < environment < flags, and each really takes effect."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.functional.command import Argument, CommandLine
from tests.functional.people import astronaut, landscape, save


def write_config(command: CommandLine, text: str) -> Path:
    config = command.home / ".config" / "faceindex" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(text)
    return config


def test_flags_beat_the_environment_which_beats_the_config_file(command: CommandLine, photos: Path) -> None:
    save(landscape(), photos / "a.jpg")
    write_config(command, 'model = "sface"\nmax_megapixels = 0.001\n')
    by_config = command.run("scan", "--json", photos)
    assert by_config.summary["model"] == "sface"
    assert by_config.objects[0]["reason"] == "too-large"

    by_environment = command.run("scan", "--json", photos, FACEINDEX_MAX_MEGAPIXELS="300")
    assert by_environment.summary["photos"]["failed"] == 0

    save(landscape(2), photos / "a.jpg")
    by_flag = command.run("scan", "--json", "--max-megapixels", 0.002, photos, FACEINDEX_MAX_MEGAPIXELS="300")
    assert by_flag.objects[0]["reason"] == "too-large"


def test_the_library_may_be_named_by_the_environment(scanned: CommandLine, tmp_path: Path) -> None:
    environment = {**scanned.variables, "FACEINDEX_LIBRARY": str(scanned.library)}
    command = [sys.executable, "-m", "faceindex", "stats", "--json"]
    ran = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=True)
    assert str(scanned.library).encode() in ran.stdout


@pytest.mark.parametrize(
    ("config", "environment", "said"),
    [
        ('libary = "/photos.db"\n', {}, "libary"),
        ("model = \n", {}, "config.toml"),
        ("workers = -1\n", {}, "workers"),
        ("", {"FACEINDEX_LONG_EDGE": "wide"}, "long_edge"),
        ("", {"FACEINDEX_DETECTOR": "viola-jones"}, "detector"),
    ],
)
def test_what_makes_no_sense_is_named(
    command: CommandLine, config: str, environment: dict[str, str], said: str
) -> None:
    write_config(command, config)
    ran = command.run("stats", **environment)
    assert ran.code == 2
    assert said in ran.complaint


def test_detection_settings_decide_what_is_found(command: CommandLine, photos: Path) -> None:
    large = landscape(width=1600, height=1200)
    large.paste(astronaut().resize((120, 120)), (600, 500))  # a face of 40 pixels
    save(large, photos / "a.jpg")
    nothing: tuple[Argument, ...] = ()
    for number, (flags, faces) in enumerate(
        (
            (nothing, 1),
            (("--smallest-face", 200), 0),
            (("--long-edge", 200), 0),
        )
    ):
        there = replace(command, library=command.library.with_name(str(number)))
        assert there.run("scan", "--model", "sface", "--json", *flags, photos).summary["faces"] == faces, (
            flags
        )


def test_without_a_network_auto_takes_the_model_that_needs_none(command: CommandLine, photos: Path) -> None:
    ran = command.run("scan", "--json", photos)
    assert (ran.code, ran.summary["model"]) == (0, "sface")
    assert "faceindex models fetch vggface2-resnet50" in ran.complaint
    again = command.run("scan", "--json", photos)
    assert again.err == ""  # the library has its model: nothing is fetched

"""Celebrities are guessed as keras-vggface does, from files fetched on demand; and said to be guesses.

The real weights and names are not at hand: the weights are drawn at random, the names made up, with control
characters in them.
"""

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from faceindex.asking.celebrity import GuessedFace, Lookalikes
from faceindex.library import Library
from faceindex.settings import Settings
from pipeline.description.crop import cut
from pipeline.errors import WeightsInvalid
from pipeline.models import vggface
from pipeline.models.registry import CELEBRITY, CELEBRITY_NAMES
from pipeline.models.weights import WeightsStore
from pipeline.values import PhotoFailed
from tests.functional.command import CommandLine
from tests.functional.people import landscape, save
from tests.pipeline.faces import HOPPER
from tests.pipeline.faces import hopper as hopper_photo
from tests.pipeline.models.seeded import randomise
from tests.pipeline.models.server import FileServer, serving

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Published:
    """What keras-vggface would publish, and what it makes of a photo: its two likeliest classes."""

    weights: Path
    names: Path
    expected: tuple[tuple[int, float], ...]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("published")
    keras_model = vggface.unweighted(vggface.NETWORKS[CELEBRITY.model_id])
    randomise(keras_model, np.random.default_rng(8631))
    keras_model.save_weights(folder / "weights.h5")
    np.save(folder / "names.npy", np.array([f" Somebody_No_{number}\x1b[2J" for number in range(8631)]))
    with vggface.keras_2():
        from keras_vggface.utils import preprocess_input
    crop = cut(hopper_photo(), HOPPER, CELEBRITY.crop)[None].astype(np.float32)
    (probabilities,) = keras_model.predict(preprocess_input(crop, version=2), verbose=0)
    likeliest = np.argsort(-probabilities)[:2]
    return Published(
        folder / "weights.h5",
        folder / "names.npy",
        tuple((int(each), float(probabilities[each])) for each in likeliest),
    )


@pytest.fixture(scope="module")
def command(published: Published, tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A command line whose cache got both files from a server."""
    home = tmp_path_factory.mktemp("home")
    others = {CELEBRITY_NAMES.weights.file_name: published.names.read_bytes()}
    with serving(FileServer(published.weights.read_bytes(), others=others)) as server:
        store = WeightsStore(home / "cache")
        store.fetch(replace(CELEBRITY, weights=server.source(CELEBRITY)), lambda *_: None)
        store.fetch(replace(CELEBRITY_NAMES, weights=server.source(CELEBRITY_NAMES)), lambda *_: None)
    return CommandLine(home, home / "cache", home / "none.db", home)


def test_the_likeliest_are_those_of_keras_vggface(
    command: CommandLine, published: Published, hopper: Path
) -> None:
    settings = Settings.load(
        cache_dir=command.cache, library=command.library, precision="f32", detector="mtcnn"
    )
    (found,) = Library(settings).celebrities([hopper])
    assert isinstance(found, Lookalikes)
    (face,) = found.faces
    assert len(face.guesses) == 5
    for guess, (number, probability) in zip(face.guesses, published.expected, strict=False):
        assert guess.name.startswith(f"Somebody No {number}\x1b")
        assert guess.probability == pytest.approx(probability, rel=0.05)  # the box is rounded there
    assert_falling(face)


def assert_falling(face: GuessedFace) -> None:
    probabilities = [guess.probability for guess in face.guesses]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(0 <= each <= 1 for each in probabilities)
    assert sum(probabilities) <= 1 + 1e-5


def test_a_photo_that_cannot_be_read_is_no_end(command: CommandLine, hopper: Path, tmp_path: Path) -> None:
    settings = Settings.load(cache_dir=command.cache, library=command.library)
    hills = save(landscape(), tmp_path / "hills.jpg")
    first, second, third = Library(settings).celebrities(["/no/such.jpg", hills, hopper])
    assert isinstance(first, PhotoFailed)
    assert isinstance(second, Lookalikes)
    assert second.faces == ()
    assert isinstance(third, Lookalikes)
    assert len(third.faces) == 1


def test_the_command_names_five_and_says_that_it_guesses(
    command: CommandLine, published: Published, hopper: Path
) -> None:
    exact = {"FACEINDEX_PRECISION": "f32", "FACEINDEX_DETECTOR": "mtcnn"}  # as `expected`
    ran = command.run("celebrity", hopper, **exact)
    assert ran.code == 0
    heading, *rows = ran.out.splitlines()
    assert heading.endswith("1 face (512 x 600 pixels)")
    assert len(rows) == 5
    number, _ = published.expected[0]
    assert re.search(rf"^   1 .* \d+\.\d\d%  Somebody No {number}\\x1b\[2J$", rows[0])
    assert "guesses among the 8,631 celebrities" in ran.complaint
    assert "anybody else gets 5 of their names too" in ran.complaint


def test_json_and_failures(command: CommandLine, hopper: Path) -> None:
    ran = command.run("celebrity", "--json", hopper, "/no/such.jpg")
    assert ran.code == 3
    answer, failure = ran.objects
    assert failure["event"] == "failed"
    (face,) = answer["faces"]
    assert [sorted(each) for each in face["celebrities"]] == [["name", "probability"]] * 5
    assert face["box"][2] > 100
    assert json.dumps(answer)
    assert not command.library.exists()


def test_without_the_weights_it_ends_with_13_and_says_what_to_do(
    command: CommandLine, hopper: Path, tmp_path: Path
) -> None:
    ran = CommandLine(tmp_path, tmp_path / "cache", tmp_path / "none.db", tmp_path).run("celebrity", hopper)
    assert (ran.code, ran.out) == (13, "")
    assert "names of the celebrities could not be fetched" in ran.complaint
    assert "run `faceindex models fetch celebrity-names --from FILE`" in ran.complaint


def test_both_files_can_be_brought_without_a_network(published: Published, tmp_path: Path) -> None:
    alone = CommandLine(tmp_path, tmp_path / "cache", tmp_path / "none.db", tmp_path)
    for name, file in (("celebrity", published.weights), ("celebrity-names", published.names)):
        ran = alone.run("models", "fetch", name, "--from", file)
        assert ran.code == 0
        assert f"The file for {name} is " in ran.err
    ran = alone.run("models", "fetch", "celebrity-names", "--from", published.weights)
    assert ran.code == 13
    assert "is not the list of names" in ran.complaint


def test_a_list_of_names_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with serving(FileServer(b"<html>")) as server:
        names = replace(CELEBRITY_NAMES, weights=server.source(CELEBRITY_NAMES))
        with pytest.raises(WeightsInvalid, match="removed"):
            WeightsStore(tmp_path).fetch(names, lambda *_: None)

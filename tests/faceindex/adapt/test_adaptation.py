"""A library adapted to its people: only where people left out gain, and with a way back."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from faceindex.adapt.adaptation import adapt
from faceindex.errors import BadRequest, FaceindexError
from faceindex.model_lookup import find_model
from faceindex.scanning.model_switch import switch_model
from faceindex.schemas.models import AdaptationSchema
from faceindex.session import Session
from index.decisions.journal import Journal
from index.decisions.model import Assign, new_key
from index.recognition.adapted_models import Projections
from index.recognition.stored_calibration import thresholds_for
from pipeline.description.projection import project
from pipeline.values import F32, ModelId
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import SFACE, direction, face, fill
from tests.functional.command import CommandLine
from tests.functional.people import astronaut, save

PEOPLE, FACES = 20, 5
ADAPTED = ModelId("sface+adapted-1")


def with_something_in_common(person: int, number: int) -> F32:
    """A face that looks the less like its person, and the more like all faces, the poorer it is."""
    generator = np.random.default_rng((person, number))
    noise = generator.standard_normal(128) / 128**0.5
    vector = generator.uniform(0.1, 1.0) * direction(person) + 1.5 * direction(9999) + 0.35 * noise
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def without_sense(person: int, number: int) -> F32:
    """A face that looks like nobody: there is nothing to be learned."""
    return direction(10_000 + 100 * person + number)


def fill_with(album: Album, look: Callable[[int, int], F32], people: int = PEOPLE) -> None:
    """A library of named people, a photo for each face."""
    photos = [[face(look(person, number))] for person in range(people) for number in range(FACES)]
    fill(album.settings, photos, album.folder)
    with Session.open_to_write(album.settings) as library:
        journal = Journal(library.database)
        ids = library.catalog.described_faces(SFACE).tolist()
        groups = [journal.face_keys(ids[start : start + FACES]) for start in range(0, len(ids), FACES)]
        journal.append_all([Assign(keys, new_key(), f"Person {n}") for n, keys in enumerate(groups)])


def vectors(album: Album, model: ModelId) -> F32:
    with Session.open(album.settings) as library:
        chunks = library.catalog.descriptors(model, library.catalog.described_faces(model))
        return np.concatenate([chunk.vectors for chunk in chunks])


def model_of(album: Album) -> ModelId:
    with Session.open(album.settings) as library:
        return library.model().model_id


def test_what_helps_is_kept_as_a_model_with_a_way_back(album: Album) -> None:
    fill_with(album, with_something_in_common)
    found = adapt(album.settings)
    assert (found.people, found.faces, found.dimension) == (PEOPLE, PEOPLE * FACES, 128)
    assert found.trial.after.eer < found.trial.before.eer
    assert found.kept == model_of(album) == ADAPTED
    assert found.change is not None
    assert found.change.changed

    with Session.open(album.settings) as library:
        (stored,) = Projections(library.database).chain(ADAPTED)
        own, base = (thresholds_for(library.database, model) for model in (ADAPTED, SFACE))
    np.testing.assert_allclose(
        vectors(album, ADAPTED), project(vectors(album, SFACE), stored.matrix), atol=2e-3
    )
    # What all faces have in common is gone, and the thresholds have moved with it.
    assert own.accept < base.accept
    assert own.curve is not None

    before = vectors(album, SFACE)
    switch_model(album.settings, "sface")
    assert model_of(album) == SFACE
    assert (vectors(album, SFACE) == before).all()

    photo_of_somebody_new(album)
    switch_model(album.settings, ADAPTED)
    assert len(vectors(album, ADAPTED)) == PEOPLE * FACES + 1
    save(astronaut(3), album.folder / "one more.jpg")
    assert album.scan(album.folder / "one more.jpg").model == ADAPTED
    with Session.open(album.settings) as library:
        model = find_model(library.database, ADAPTED)
    assert (model.base, model.dimension) == (SFACE, 128)
    new, one_more = vectors(album, ADAPTED)[-2:]
    assert new @ one_more > 0.8

    again = adapt(album.settings, write=False)
    assert (again.base, again.kept) == (ADAPTED, None)


def photo_of_somebody_new(album: Album) -> None:
    save(astronaut(), album.folder / "new.jpg")
    album.scan(album.folder / "new.jpg")


def test_what_is_no_gain_is_not_kept_and_nothing_is_changed(album: Album) -> None:
    fill_with(album, without_sense)
    before = album.rows()
    found = adapt(album.settings)
    assert not found.trial.helps
    assert found.kept is None
    assert album.rows() == before


def test_a_dry_run_changes_nothing(album: Album) -> None:
    fill_with(album, with_something_in_common)
    before = album.rows()
    found = adapt(album.settings, write=False)
    assert found.trial.helps
    assert found.kept is None
    assert album.rows() == before
    line = json.loads(AdaptationSchema.of(found).json_line())
    assert (line["helps"], line["model"], line["changed"]) == (True, None, False)
    assert line["after"]["eer"] < line["before"]["eer"]


def test_too_few_people_are_refused_plainly(album: Album) -> None:
    fill_with(album, with_something_in_common, people=9)
    with pytest.raises(
        FaceindexError, match="needs 10 people with 3 confirmed faces or more, and there are 9"
    ):
        adapt(album.settings)


@pytest.mark.parametrize("dimension", [0, 1, 129, -3])
def test_a_dimension_that_cannot_be_is_refused(album: Album, dimension: int) -> None:
    fill_with(album, with_something_in_common, people=2)
    with pytest.raises(BadRequest, match="ask for 2 to 128"):
        adapt(album.settings, dimension)


def test_the_command_says_what_it_is_worth_and_how_to_go_back(album: Album, empty_home: Path) -> None:
    fill_with(album, with_something_in_common)
    settings = album.settings
    command = CommandLine(empty_home, settings.cache_dir, settings.library, album.folder)
    with command.start("adapt", "--dimension", 100) as process:
        out, err = (text.decode() for text in process.communicate(timeout=300))
    assert (process.returncode, err) == (0, "")
    assert "tried on people left out" in out
    assert "descriptors of 100 numbers" in out
    assert f"The library's model is {ADAPTED} now" in out
    assert "back to sface: reindex --model sface" in out
    assert vectors(album, ADAPTED).shape == (PEOPLE * FACES, 100)
    assert command.run("reindex", "--model", "sface").code == 0
    assert model_of(album) == SFACE


def test_the_command_on_a_library_with_nobody_in_it(album: Album, empty_home: Path) -> None:
    fill(album.settings, [[face(direction(1))]], album.folder)
    settings = album.settings
    ran = CommandLine(empty_home, settings.cache_dir, settings.library, album.folder).run("adapt")
    assert (ran.code, ran.out) == (1, "")
    assert "there are 0: name more" in ran.complaint

"""``evaluate`` and ``calibrate`` as a person types them, on real photos and on the album's library."""

from pathlib import Path

import pytest
from PIL import Image, ImageEnhance
from sqlalchemy import func, select

from faceindex.session import Session
from faceindex.settings import Settings
from index.decisions.journal import Journal
from index.decisions.model import Assign, Reject, new_key
from index.recognition.thresholds import Thresholds
from index.store.schema import calibration
from pipeline.values import ModelId
from tests.faceindex.made_library import direction, face, fill, known_faces, like
from tests.functional.command import CommandLine
from tests.functional.people import astronaut, landscape, save

SFACE = ModelId("sface")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, hopper: Path) -> Path:
    """Two people with three photos each, one photo without a face, and one that is no photo."""
    folder = tmp_path_factory.mktemp("labelled")
    portrait = Image.open(hopper)
    for number in range(1, 4):
        save(astronaut(number * 5), folder / "Eileen" / f"Eileen_{number:04}.jpg")
        darker = ImageEnhance.Brightness(portrait).enhance(1 - number / 20)
        save(darker, folder / "Grace" / f"Grace_{number:04}.jpg")
    save(landscape(), folder / "Nobody" / "Nobody_0001.jpg")
    (folder / "Grace" / "notes.txt").write_text("no photo")
    return folder


@pytest.fixture
def family(command: CommandLine) -> CommandLine:
    """A library of made faces: six people with five confirmed faces each, and two of nobody yet."""
    settings = Settings.load(library=command.library, cache_dir=command.cache, model="sface")
    folder = command.folder / "made"
    folder.mkdir()
    photos = [
        [face(like(direction(person), 0.8, 100 * person + number + 50))]
        for person in range(6)
        for number in range(5)
    ]
    photos += [[face(like(direction(0), 0.75, 9000))], [face(direction(9001))]]
    fill(settings, photos, folder)
    with Session.open_to_write(settings, make=False) as library:
        ids = [found.face_id for found in known_faces(library)]
        journal = Journal(library.database)
        keys = [new_key() for _ in range(6)]
        journal.append_all(
            [
                Assign(journal.face_keys(ids[5 * person : 5 * person + 5]), keys[person], f"Person {person}")
                for person in range(6)
            ]
        )
        journal.append(Reject(journal.face_keys(ids[-1:]), keys[3]))
    return command


def stored(command: CommandLine) -> bool:
    with (
        Session.open(Settings.load(library=command.library)) as library,
        library.database.read() as connection,
    ):
        return connection.scalar(select(func.count()).select_from(calibration)) != 0


def thresholds(command: CommandLine) -> Thresholds:
    with Session.open(Settings.load(library=command.library)) as library:
        return library.thresholds()


def test_a_labelled_folder_is_measured_without_a_library(command: CommandLine, labelled: Path) -> None:
    ran = command.run("evaluate", labelled, "--model", "sface", "--json")
    assert ran.code == 0, ran.err
    (found,) = ran.objects
    assert (found["people"], found["faces"], found["model"]) == (2, 6, "sface")
    assert (found["detection"]["photos"], found["detection"]["without_face"]) == (7, 1)
    assert (found["verification"]["genuine"], found["verification"]["impostor"]) == (6, 9)
    assert (found["measures"]["auc"], found["measures"]["rank-1"], found["measures"]["b-cubed"]) == (1, 1, 1)
    assert not command.library.exists()


def test_text_and_plots_say_the_same_and_a_figure_that_falls_short_is_named(
    command: CommandLine, labelled: Path
) -> None:
    floors = ("--fail-under", "rank-1=0.9", "--fail-under", "detection=0.99")
    ran = command.run("evaluate", labelled, "--model", "sface", "--plots", command.folder / "plots", *floors)
    assert ran.code == 1
    assert "Error: detection is 0.85714, less than 0.99." in ran.err
    assert "rank-1" not in ran.err
    assert ran.out.startswith("6 faces of 2 people, model sface\n")
    page = (command.folder / "plots" / "accuracy.html").read_text()
    assert ran.out.rstrip() in page
    assert (command.folder / "plots" / "accuracy.png").stat().st_size > 10_000


def test_a_list_of_pairs_is_measured_whole(command: CommandLine, labelled: Path) -> None:
    listed = command.folder / "pairs.txt"
    listed.write_text(
        "2\t2\n"
        "Eileen\t1\t2\nEileen\t1\t3\nEileen\t1\tGrace\t1\nEileen\t2\tNobody\t1\n"
        "Grace\t1\t2\nGrace\t1\t3\nGrace\t2\tEileen\t3\nGrace\t3\tNobody\t1\n"
    )
    (found,) = command.run("evaluate", labelled, "--pairs", listed, "--model", "sface", "--json").objects
    assert (found["folds"]["accuracy"], found["folds"]["pairs"]) == (1.0, 8)
    assert found["identification"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--library", "people"),
        ("people", "--fail-under", "speed=1"),
        ("nowhere",),
        ("--library", "--pairs", "x"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(command: CommandLine, arguments: tuple[str, ...]) -> None:
    ran = command.run("evaluate", *arguments)
    assert ran.code == 2
    assert ran.complaint.startswith("Error: ")


def test_the_own_people_of_a_library_are_measured(family: CommandLine) -> None:
    ran = family.run("evaluate", "--library", "--json")
    assert ran.code == 0, ran.err
    (found,) = ran.objects
    assert (found["people"], found["faces"]) == (6, 30)
    assert found["detection"] is None
    assert found["measures"]["rank-1"] == 1.0


def test_a_library_without_confirmed_faces_cannot_be_measured_or_calibrated(scanned: CommandLine) -> None:
    for arguments in (("evaluate", "--library"), ("calibrate", "--dry-run")):
        ran = scanned.run(*arguments)
        assert ran.code == 1
        assert "faceindex people name" in ran.complaint


def test_calibrate_shows_what_would_change_and_stores_nothing(family: CommandLine) -> None:
    ran = family.run("calibrate", "--dry-run")
    assert ran.code == 0, ran.err
    assert "Found on 6 persons: 60 pairs of faces of one, 380 of two; 1 rejection" in ran.out
    assert "Nothing was stored" in ran.err
    assert not stored(family)


def test_a_calibration_holds_until_it_is_reset(family: CommandLine) -> None:
    before = thresholds(family)
    (done,) = family.run("calibrate", "--json").objects
    assert done["stored"]
    assert stored(family)
    assert thresholds(family).accept == done["after"]["accept"]
    assert "calibrated on 6 persons of this library" in thresholds(family).provenance
    assert family.run("calibrate", "--reset", "--dry-run").out.startswith("Back to what sface comes with:\n")
    assert stored(family)
    (back,) = family.run("calibrate", "--reset", "--json").objects
    assert back["after"] == done["before"]
    assert not stored(family)
    assert thresholds(family) == before

"""Whatever is decided of real photos stands in a library built anew, and can all be undone."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from PIL import Image

from faceindex.errors import BadRequest, explained
from faceindex.library import Library
from faceindex.naming import decide as people
from faceindex.naming import journal
from faceindex.session import Session
from faceindex.settings import Settings
from index.decisions.journal import Journal
from index.decisions.log import LoggedDecision
from index.decisions.model import Undo
from index.people.queries import PeopleQueries
from tests.faceindex.made_library import known_faces
from tests.functional.people import astronaut, landscape, save

pytestmark = pytest.mark.slow

Step: TypeAlias = Callable[[Session], object]

NAMES = ("Ann", "Ben", "Cleo")
FACES = 6


def ids(library: Session) -> list[int]:
    """The faces, in an order that is the same in every library of these photos."""
    faces = sorted(known_faces(library), key=lambda each: (each.digest, round(each.box.x)))
    return [each.face_id for each in faces]


def about(decide: Callable[..., object]) -> Callable[..., Step]:
    """A step about some of the faces, and whatever else it takes."""

    def step(places: list[int], *names: str) -> Step:
        return lambda library: decide(
            library, *names[:1], [str(ids(library)[each]) for each in places], *names[1:]
        )

    return step


NAME = st.sampled_from(NAMES)
PLACES = st.lists(st.integers(0, FACES - 1), min_size=1, max_size=3, unique=True)
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.builds(about(people.move), PLACES, NAME),
        st.builds(about(people.move), PLACES, NAME),
        st.builds(about(people.reject), PLACES, NAME),
        st.builds(about(people.split), PLACES, NAME, NAME),
        st.builds(about(lambda library, faces: people.ignore(library, faces, [])), PLACES),
        st.builds(about(people.not_a_face), PLACES),
        st.builds(lambda one, two: lambda library: people.merge(library, one, two), NAME, NAME),
        st.builds(lambda one, two: lambda library: people.rename(library, one, two), NAME, NAME),
        st.builds(
            lambda one, off: lambda library: people.hide(library, one, hidden=off), NAME, st.booleans()
        ),
        st.builds(
            lambda number: lambda library: journal.undo(library, number), st.none() | st.integers(1, 8)
        ),
    ),
    max_size=8,
)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory, hopper: Path) -> tuple[Settings, Settings]:
    """Two libraries of the same photos, with six faces; the second one met them in another order."""
    folder = tmp_path_factory.mktemp("real")
    photos = folder / "photos"
    save(astronaut(0), photos / "collins.jpg")
    save(astronaut(5), photos / "z" / "collins too.jpg")
    portrait = Image.open(hopper).convert("RGB").resize((218, 256))
    save(portrait, photos / "hopper.jpg")
    both = Image.new("RGB", (760, 256))
    for place, part in enumerate((astronaut(9), portrait, astronaut(14))):
        both.paste(part, (252 * place, 0))
    save(both, photos / "three.jpg")
    save(landscape(), photos / "hills.jpg")
    made = Settings.load(library=folder / "a" / "library.db", cache_dir=folder / "cache", model="sface")
    anew = made.model_copy(update={"library": folder / "b" / "library.db"})
    for settings, roots in ((made, [photos]), (anew, [photos / "z", photos / "three.jpg", photos])):
        for root in roots:
            Library(settings).scan([root])
        with Session.open(settings) as library:
            assert len(ids(library)) == FACES
    return made, anew


@contextmanager
def copied(settings: Settings) -> Iterator[Session]:
    """A copy of a library, open for writing."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "library.db")
        shutil.copy(settings.library, copy)
        with Session.open_to_write(settings.model_copy(update={"library": copy}), make=False) as library:
            yield library


def said(library: Session) -> tuple[object, ...]:
    """Who is known, and what is known of each face, whatever the numbers are."""
    found = PeopleQueries(library.database)
    faces = ids(library)
    standings = found.statuses(faces)
    persons = sorted((each.name, each.hidden) for each in found.everyone().values())
    return persons, [
        (
            standing.person and standing.person.name,
            standing.confirmed,
            standing.ignored,
            standing.not_a_face,
            sorted(each.name for each in standing.rejected),
        )
        for standing in map(standings.__getitem__, faces)
    ]


@hypothesis.settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_decisions_stand_in_a_library_built_anew_and_can_all_be_undone(
    scanned: tuple[Settings, Settings], steps: list[Step]
) -> None:
    made, anew = scanned
    with copied(made) as library, copied(anew) as other:
        at_first = said(library)
        for step in steps:
            before = said(library)
            try:
                with explained():
                    step(library)
            except BadRequest:
                assert said(library) == before
        stands = said(library)
        assert not people.regroup(library).changed

        file = library.settings.library.with_name("journal.jsonl")
        file.write_text("".join(f"{line}\n" for line in Journal(library.database).export_lines()))
        journal.import_journal(other, journal.read_journal(file))
        assert said(other) == stands

        while any(each.active and not isinstance(each.decision.act, Undo) for each in log(library)):
            journal.undo(library)
        assert said(library) == at_first


def log(library: Session) -> tuple[LoggedDecision, ...]:
    return Journal(library.database).decisions()

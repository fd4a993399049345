"""One run at a time, and never a lock that outlives its run."""

from pathlib import Path

import pytest

from faceindex.errors import FaceindexError, LibraryLocked
from faceindex.lock import PATIENCE, locked
from tests.faceindex.conftest import Clock

pytestmark = pytest.mark.usefixtures("way")


def test_a_second_run_is_refused_until_the_first_is_done(tmp_path: Path, clock: Clock) -> None:
    library = tmp_path / "new" / "library.db"
    with locked(library), pytest.raises(LibraryLocked, match=r"in use by process \d+, started \d{4}-"):  # noqa: SIM117
        with locked(library):
            pass
    assert clock.now >= PATIENCE
    with locked(library):
        pass


def test_what_a_killed_run_left_does_not_count(tmp_path: Path, clock: Clock) -> None:
    library = tmp_path / "library.db"
    (tmp_path / "library.db.lock").write_text("process 1, started long ago, and a longer line than ours")
    with locked(library), pytest.raises(LibraryLocked) as caught, locked(library):
        pass
    assert "long ago" not in str(caught.value)


def test_libraries_do_not_hold_each_other_up(tmp_path: Path) -> None:
    with locked(tmp_path / "a.db"), locked(tmp_path / "b.db"):
        pass


def test_a_place_where_no_library_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FaceindexError, match="name another place"), locked(tmp_path / "file" / "library.db"):
        pass

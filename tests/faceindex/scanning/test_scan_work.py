"""What a scan asks of the database does not grow with the library, but for the states of its photos."""

from collections.abc import Callable, Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from faceindex.results import Listeners
from faceindex.scanning.scan import Scan, ScanOptions
from index.photos.catalog import Catalog
from index.store.opening import create_store
from pipeline.models.registry import spec
from pipeline.values import Outcome, PhotoFile
from tests.index.builders import MODEL, indexed, units
from tests.index.counted_work import Work, counted_work

SIZES = 30, 120


def work_of_a_scan(folder: Path, photos: int, new: int) -> Work:
    """Scan a folder of so many unchanged photos, each with a face, and some new ones."""
    folder.mkdir()
    files = [PhotoFile(bytes(folder / f"{number}.jpg"), 1, 1) for number in range(photos + new)]

    def crawl(*arguments: Any) -> Iterator[PhotoFile]:
        return iter(files)

    def outcomes(
        files: Iterable[PhotoFile], is_known: Callable[[bytes], bool]
    ) -> Generator[Outcome, None, None]:
        for file in files:
            outcome = indexed(file, str(file.path), units(1))
            assert not is_known(outcome.digest)
            yield outcome

    with create_store(folder / "library") as store:
        catalog = Catalog(store)
        catalog.choose_model(MODEL)
        catalog.record([indexed(file, str(file.path), units(1)) for file in files[:photos]])
        scan = Scan(store, spec("sface"), outcomes, Listeners(), crawl=crawl)
        with counted_work() as work:
            summary = scan.summary(scan.look([bytes(folder)], ScanOptions()))
    assert (summary.unchanged, summary.indexed) == (photos, new)
    assert (summary.library_photos, summary.library_faces) == (photos + new, photos + new)
    return work


@pytest.mark.parametrize("new", [0, 1])
def test_a_scan_reads_of_unchanged_photos_one_row_each(tmp_path: Path, new: int) -> None:
    small, large = (work_of_a_scan(tmp_path / str(size), size, new) for size in SIZES)
    assert large.statements == small.statements
    assert large.rows - small.rows == SIZES[1] - SIZES[0]


def test_a_new_photo_costs_few_statements(tmp_path: Path) -> None:
    one, many = (work_of_a_scan(tmp_path / str(new), SIZES[0], new) for new in (1, 21))
    assert many.statements - one.statements <= 20 * 6  # each read is a transaction

"""Fixtures that several rooms' tests share: photographs that packages ship, and the shared test photos."""

from pathlib import Path

import matplotlib.cbook
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared_photos() -> Path:
    """The folder of labelled photos beside the checkout; the test skips where it is absent."""
    photos = SHARED / "photos"
    if not photos.is_dir():
        pytest.skip("needs the labelled photos in ../shared/photos")
    return photos


@pytest.fixture(scope="session")
def hopper() -> Path:
    """A real portrait, 512 x 600 pixels, one face: matplotlib's grace_hopper.jpg."""
    return Path(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Graphs of networks: each is built once for all tests, as it is once for all scans of a user."""
    return tmp_path_factory.mktemp("cache")

"""Fixtures that several rooms' tests share, and which tests are quick."""

import os
from pathlib import Path

import matplotlib.cbook
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as quick what is not marked as slow and needs no graph of a network."""
    for item in items:
        needs_network = isinstance(item, pytest.Function) and "cache" in item.fixturenames
        if not needs_network and item.get_closest_marker("slow") is None:
            item.add_marker(pytest.mark.quick)


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


@pytest.fixture(params=["system's own", "portable"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of what operating systems do differently (``pipeline.platform_support``)."""
    name: str = request.param
    if name == "portable":
        monkeypatch.setenv("FACEINDEX_PORTABLE", "1")
    return name


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Graphs of networks: each is built once for all tests, also where several processes run them."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each worker has a folder of its own in a common one
        folder = folder.parent
    folder /= "cache"
    folder.mkdir(exist_ok=True)
    return folder

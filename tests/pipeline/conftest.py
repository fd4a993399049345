from pathlib import Path

import pytest

from pipeline.values import PhotoFile
from tests.pipeline.fakes import picture
from tests.pipeline.pictures import written


@pytest.fixture
def photos(tmp_path: Path) -> list[PhotoFile]:
    """Twenty photos, no two alike."""
    return [written(tmp_path / f"{number:02}.png", picture(number)) for number in range(20)]

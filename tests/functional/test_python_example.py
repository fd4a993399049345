"""The example of README for Python users does what it says."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.people import astronaut, save

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = re.compile(r"<!-- python-example -->\n```python\n(.*?)```.*?```text\n(.*?)```", re.DOTALL)


def test_it_prints_what_readme_says(tmp_path: Path, cache: Path, hopper: Path) -> None:
    found = EXAMPLE.search((ROOT / "README.md").read_text())
    assert found is not None
    code, expected = found.groups()
    save(astronaut(), tmp_path / "photos" / "eileen.jpg")
    shutil.copyfile(hopper, tmp_path / "photos" / "grace.jpg")
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT),
        "FACEINDEX_CACHE_DIR": str(cache),
    }
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == expected.replace("...", str(tmp_path))

"""How the pipeline is put together from settings."""

from pathlib import Path

import pytest

from faceindex.engine import build_runner
from faceindex.settings import Settings
from pipeline.errors import ModelError
from pipeline.models.registry import SFACE, VGGFACE2_RESNET50
from pipeline.models.vggface import has_gpu
from pipeline.values import PhotoSkipped
from tests.pipeline.fakes import picture, run
from tests.pipeline.pictures import written

pytestmark = pytest.mark.slow


@pytest.mark.filterwarnings("ignore")  # TensorFlow's own, on import
def test_a_gpu_that_is_not_there_is_refused_by_the_first_photo(tmp_path: Path) -> None:
    if has_gpu():
        pytest.skip("TensorFlow sees a GPU here")
    runner = build_runner(Settings.load(cache_dir=tmp_path, device="gpu"), VGGFACE2_RESNET50)
    with pytest.raises(ModelError, match="sees no GPU"):
        run(runner, [written(tmp_path / "a.png", picture(1))])


def test_tensorflow_is_refused_for_a_model_that_it_does_not_have(tmp_path: Path) -> None:
    runner = build_runner(Settings.load(cache_dir=tmp_path, runtime="tensorflow"), SFACE)
    (outcome,) = run(runner, [written(tmp_path / "a.txt", b"no photo needs a network")])
    assert isinstance(outcome, PhotoSkipped)
    with pytest.raises(ModelError, match="openvino"):
        run(runner, [written(tmp_path / "a.png", picture(1))])

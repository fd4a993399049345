"""How the pipeline is put together from settings."""

from pathlib import Path

import pytest

from faceindex.engine import Work, build_runner
from faceindex.settings import Settings
from pipeline.errors import ModelError
from pipeline.models.registry import SFACE, VGGFACE2_RESNET50
from pipeline.models.vggface import has_gpu


@pytest.mark.filterwarnings("ignore")  # TensorFlow's own, on import
def test_a_gpu_that_is_not_there_is_refused_at_once(tmp_path: Path) -> None:
    if has_gpu():
        pytest.skip("TensorFlow sees a GPU here")
    with pytest.raises(ModelError, match="sees no GPU"):
        build_runner(Settings.load(cache_dir=tmp_path, device="gpu"), VGGFACE2_RESNET50, Work(1))


def test_tensorflow_is_refused_for_a_model_that_it_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="openvino"):
        build_runner(Settings.load(cache_dir=tmp_path, runtime="tensorflow"), SFACE, Work(1))

"""How the pipeline is put together from settings."""

from pathlib import Path

import pytest
from PIL import Image

from faceindex.engine import build_runner
from faceindex.settings import Settings
from pipeline.errors import ModelError
from pipeline.models import runtime, vggface
from pipeline.models.registry import SFACE, VGGFACE2_RESNET50, ModelSpec
from pipeline.values import PhotoIndexed, PhotoSkipped
from tests.pipeline.faces import astronaut
from tests.pipeline.fakes import picture, run
from tests.pipeline.pictures import encoded, written

pytestmark = pytest.mark.slow


@pytest.mark.filterwarnings("ignore")  # TensorFlow's own, on import
@pytest.mark.parametrize("model", [SFACE, VGGFACE2_RESNET50], ids=lambda model: model.model_id)
def test_a_gpu_that_is_not_there_is_refused_by_the_first_photo(tmp_path: Path, model: ModelSpec) -> None:
    if runtime.has_gpu() or vggface.has_gpu():
        pytest.skip("there is a GPU here")
    runner = build_runner(Settings.load(cache_dir=tmp_path, device="gpu"), model)
    with pytest.raises(ModelError, match=f"No GPU here can run {model.model_id}.*Leave --device out"):
        run(runner, [written(tmp_path / "a.png", picture(1))])


def test_a_gpu_finds_and_describes_the_same_face(tmp_path: Path, cache: Path) -> None:
    if not runtime.has_gpu():
        pytest.skip("OpenVINO sees no GPU here")
    photo = written(tmp_path / "a.png", encoded(Image.fromarray(astronaut().pixels), "PNG"))
    found = []
    for device in ("cpu", "gpu"):
        settings = Settings.load(cache_dir=cache, device=device, precision="f32")
        (outcome,) = run(build_runner(settings, SFACE), [photo])
        assert isinstance(outcome, PhotoIndexed)
        (face,) = outcome.faces
        found.append(face.vector)
    assert found[0] @ found[1] > 0.999


def test_tensorflow_is_refused_for_a_model_that_it_does_not_have(tmp_path: Path) -> None:
    runner = build_runner(Settings.load(cache_dir=tmp_path, runtime="tensorflow"), SFACE)
    (outcome,) = run(runner, [written(tmp_path / "a.txt", b"no photo needs a network")])
    assert isinstance(outcome, PhotoSkipped)
    with pytest.raises(ModelError, match="openvino"):
        run(runner, [written(tmp_path / "a.png", picture(1))])

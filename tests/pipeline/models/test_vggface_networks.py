"""The other networks of keras-vggface: our loading against keras-vggface itself."""

from pathlib import Path

import h5py
import pytest

from pipeline.description.embedder import load_embedder
from pipeline.errors import WeightsInvalid
from pipeline.models import vggface
from pipeline.models.keras_weights import check_layout
from pipeline.models.registry import VGGFACE2_SENET50, VGGFACE_VGG16, ModelSpec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from tests.pipeline.faces import cosines
from tests.pipeline.models.seeded import Reference, make_reference

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[VGGFACE2_SENET50, VGGFACE_VGG16], ids=lambda model: model.model_id)
def model(request: pytest.FixtureRequest) -> ModelSpec:
    chosen: ModelSpec = request.param
    return chosen


@pytest.fixture(scope="module")
def reference(model: ModelSpec, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return make_reference(model, tmp_path_factory.mktemp("weights") / "seeded.h5")


@pytest.fixture(scope="module")
def cache(model: ModelSpec, tmp_path_factory: pytest.TempPathFactory, reference: Reference) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    WeightsStore(folder).install(model, reference.file)
    return folder


def test_the_layout_we_expect_is_the_one_keras_vggface_has(model: ModelSpec, reference: Reference) -> None:
    expected = vggface.NETWORKS[model.model_id].weights
    assert {(weight.layer, weight.name): weight.shape for weight in expected} == reference.shapes


@pytest.mark.parametrize("runtime", ["openvino", "tensorflow"])
def test_each_runtime_agrees_with_keras_vggface_on_real_faces(
    model: ModelSpec, reference: Reference, cache: Path, runtime: str
) -> None:
    options = RuntimeOptions(cache, threads=0, streams=1)
    embedder = load_embedder(
        model, WeightsStore(cache), options, "tensorflow" if runtime == "tensorflow" else "openvino"
    )
    found = embedder.embed(reference.pixels)
    assert found.shape == (11, model.dimension)
    assert cosines(found, reference.outputs).min() >= 0.9999


def test_one_networks_file_is_not_taken_for_anothers(model: ModelSpec, reference: Reference) -> None:
    for other, network in vggface.NETWORKS.items():
        if other == model.model_id:
            continue
        with pytest.raises(WeightsInvalid, match=f"is not the {network.title} weights file"):
            check_layout(reference.file, network.layout)


def test_arrays_named_as_keras_1_did_are_found(tmp_path: Path) -> None:
    network = vggface.NETWORKS[VGGFACE_VGG16.model_id]
    with h5py.File(tmp_path / "old.h5", "w") as file:
        layers = list(dict.fromkeys(weight.layer for weight in network.weights))
        file.attrs["layer_names"] = [layer.encode() for layer in layers]
        for layer in layers:
            group = file.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}_W_1:0".encode(), f"{layer}_b_1:0".encode()]
        for weight in network.weights:
            name = f"{weight.layer}_{'W' if weight.name == 'kernel' else 'b'}_1:0"
            file[weight.layer].create_dataset(name, weight.shape, "f4")
    check_layout(tmp_path / "old.h5", network.layout)

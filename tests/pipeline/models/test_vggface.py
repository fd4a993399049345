"""VGGFace2 ResNet-50: our loading against keras-vggface itself, and what files are refused.

The real weights are not at hand, so the reference has weights drawn at random.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.description.embedder import load_embedder
from pipeline.errors import WeightsInvalid
from pipeline.models import vggface
from pipeline.models.registry import VGGFACE2_RESNET50, ModelSpec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from tests.pipeline.faces import cosines
from tests.pipeline.models.seeded import Reference, make_reference, with_size_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
NETWORK = vggface.NETWORKS[VGGFACE2_RESNET50.model_id]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    return make_reference(VGGFACE2_RESNET50, tmp_path_factory.mktemp("weights") / "seeded.h5")


def model_of(file: Path) -> ModelSpec:
    return with_size_of(VGGFACE2_RESNET50, file)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory, reference: Reference) -> Path:
    """A cache folder with the weights installed; the first test that uses it builds the graph."""
    folder = tmp_path_factory.mktemp("cache")
    WeightsStore(folder).install(model_of(reference.file), reference.file)
    return folder


def test_the_layout_we_expect_is_the_one_keras_vggface_has(reference: Reference) -> None:
    ours = {(weight.layer, weight.name): weight.shape for weight in NETWORK.weights}
    assert ours == reference.shapes


def test_the_first_start_is_silent_and_the_second_imports_no_tensorflow(
    reference: Reference, cache: Path
) -> None:
    program = (
        "import sys; from dataclasses import replace; from pathlib import Path; import numpy as np\n"
        "from pipeline.description.embedder import load_embedder\n"
        "from pipeline.models.registry import VGGFACE2_RESNET50 as model\n"
        "from pipeline.models.runtime import RuntimeOptions\n"
        "from pipeline.models.weights import WeightsStore\n"
        f"cache = Path({str(cache)!r})\n"
        f"model = replace(model, weights=replace(model.weights, size={reference.file.stat().st_size}))\n"
        "embedder = load_embedder(model, WeightsStore(cache), RuntimeOptions(cache, 0, 1))\n"
        "print(embedder.embed(np.full((1, 224, 224, 3), 90, np.uint8)).shape)\n"
        "print('tensorflow' in sys.modules, 'tf_keras' in sys.modules)\n"
    )
    command = [sys.executable, "-W", "error", "-c", program]
    first, second = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True) for _ in range(2)
    )
    assert first.stdout == "(1, 2048)\nTrue True\n"
    assert second.stdout == "(1, 2048)\nFalse False\n"
    assert first.stderr == second.stderr == ""


def test_openvino_agrees_with_keras_vggface_on_real_faces(reference: Reference, cache: Path) -> None:
    options = RuntimeOptions(cache, threads=0, streams=1)
    embedder = load_embedder(model_of(reference.file), WeightsStore(cache), options)
    assert cosines(embedder.embed(reference.pixels), reference.outputs).min() >= 0.9999


def test_tensorflow_itself_can_run_it(reference: Reference, cache: Path) -> None:
    options = RuntimeOptions(cache, threads=0, streams=1)
    embedder = load_embedder(model_of(reference.file), WeightsStore(cache), options, "tensorflow")
    found = embedder.embed(reference.pixels)
    assert found.shape == (11, 2048)
    assert cosines(found, reference.outputs).min() >= 0.9999


# Files that are refused.


def listed(group: h5py.Group, attribute: str) -> list[str]:
    return [str(name) for name in group.attrs[attribute]]


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])


def foreign(file: Path) -> None:
    file.write_bytes(b"PK\x03\x04 a zip archive")


def empty(file: Path) -> None:
    file.write_bytes(b"")


def without_a_layer(file: Path) -> None:
    with h5py.File(file, "r+") as root:
        root.attrs["layer_names"] = [name for name in listed(root, "layer_names") if name != "conv4_3_3x3"]


def without_an_array(file: Path) -> None:
    with h5py.File(file, "r+") as root:
        group = root["conv3_2_3x3/bn"]
        names = [name for name in listed(group, "weight_names") if "moving_mean" not in name]
        group.attrs["weight_names"] = names


def with_two_kernels_swapped(file: Path) -> None:
    """Kernels of other shapes in each other's places."""
    with h5py.File(file, "r+") as root:
        root.move("conv2_1_3x3", "elsewhere")
        root.move("conv2_1_1x1_reduce/conv2_1_1x1_reduce", "reduce")
        root.move("elsewhere/conv2_1_3x3", "conv2_1_1x1_reduce/conv2_1_1x1_reduce")
        root.move("elsewhere", "conv2_1_3x3")
        root.move("reduce", "conv2_1_3x3/conv2_1_3x3")


def of_another_type(file: Path) -> None:
    name = "conv1/7x7_s2/conv1/7x7_s2/kernel:0"
    with h5py.File(file, "r+") as root:
        values = root[name][...]
        del root[name]
        root[name] = values.astype(np.float64)


def with_a_classifier(file: Path) -> None:
    with h5py.File(file, "r+") as root:
        root.attrs["layer_names"] = [*listed(root, "layer_names"), "classifier"]
        group = root.create_group("classifier")
        group.attrs["weight_names"] = ["classifier/kernel:0"]
        group["classifier/kernel:0"] = np.zeros((2048, 10), np.float32)


def of_another_kind(file: Path) -> None:
    with h5py.File(file, "w") as root:
        root["measurements"] = np.zeros(10)


def with_a_group_for_an_array(file: Path) -> None:
    with h5py.File(file, "r+") as root:
        del root["conv1/7x7_s2/conv1/7x7_s2/kernel:0"]
        root.create_group("conv1/7x7_s2/conv1/7x7_s2/kernel:0")


def with_a_number_for_the_list_of_layers(file: Path) -> None:
    with h5py.File(file, "r+") as root:
        root.attrs["layer_names"] = 50


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (truncated, "truncated file"),
        (foreign, "file signature not found"),
        (empty, "file signature not found"),
        (without_a_layer, "it has no kernel of layer conv4_3_3x3"),
        (without_an_array, "it has no moving_mean of layer conv3_2_3x3/bn"),
        (
            with_two_kernels_swapped,
            r"kernel of layer conv2_1_1x1_reduce is \(3, 3, 64, 64\), not \(1, 1, 64, 64\)",
        ),
        (of_another_type, "kernel of layer conv1/7x7_s2 is not float32"),
        (with_a_classifier, "it also has the layer classifier"),
        (with_a_group_for_an_array, "it has no kernel of layer conv1/7x7_s2"),
        (with_a_number_for_the_list_of_layers, "not iterable"),
        (of_another_kind, "model_weights"),
    ],
)
def test_a_file_that_is_not_these_weights_is_refused_by_name_and_reason(
    reference: Reference, tmp_path: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    file = Path(shutil.copy(reference.file, tmp_path / "spoilt.h5"))
    spoil(file)
    with pytest.raises(WeightsInvalid, match=rf"spoilt\.h5 is not the ResNet-50 weights file.*{reason}"):
        WeightsStore(tmp_path).install(model_of(file), file)


def test_values_that_are_no_numbers_are_refused_before_anything_is_built(
    reference: Reference, tmp_path: Path
) -> None:
    file = Path(shutil.copy(reference.file, tmp_path / "spoilt.h5"))
    with h5py.File(file, "r+") as root:
        root["conv5_1_3x3/conv5_1_3x3/kernel:0"][0, 0, 0, 0] = np.nan
    with pytest.raises(WeightsInvalid, match="kernel of layer conv5_1_3x3 has values that are not numbers"):
        vggface.build(NETWORK, file)

"""Builds the VGGFace2 ResNet-50 of keras-vggface, and reads its weights from HDF5 by name.

keras-vggface 0.6 was written for Keras 2.2; it builds under tf_keras if that stands in for keras while
it is imported. Its own loader takes weights by position, and kernels of equal shape could change
places unseen, so weights are read here: each by the name of its layer, each shape checked. TensorFlow
is imported by ``build`` and ``reference`` alone. This module must not know where the file comes from,
nor how the network is run.
"""

import os
import sys
import tempfile
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import openvino as ov
from openvino.preprocess import ColorFormat, PrePostProcessor

from pipeline.errors import WeightsInvalid
from pipeline.values import F32, U8

if TYPE_CHECKING:
    import h5py

CODE_VERSION = "1"
"""Part of the cached graph's key: changes when this code would build another graph."""

MEAN_BGR = (91.4953, 103.8827, 131.0912)
"""Subtracted from blue, green and red: keras_vggface.utils.preprocess_input, version 2."""

_SIZE = 224
_NORMALISATION = ("gamma", "beta", "moving_mean", "moving_variance")


@dataclass(frozen=True, slots=True)
class WeightShape:
    """One array that a weights file must hold: its layer, its name there, its shape."""

    layer: str
    name: str
    shape: tuple[int, ...]


def expected_weights() -> tuple[WeightShape, ...]:
    """Every array of the network without its classifier, in the network's order."""
    found = []
    for layer, shape in _convolutions():
        found.append(WeightShape(layer, "kernel", shape))
        found.extend(WeightShape(f"{layer}/bn", name, shape[-1:]) for name in _NORMALISATION)
    return tuple(found)


def _convolutions() -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    """Name and kernel shape of each convolution (He et al., Deep Residual Learning, 2015, table 1)."""
    yield "conv1/7x7_s2", (7, 7, 3, 64)
    channels = 64
    for stage, blocks, width in ((2, 3, 64), (3, 4, 128), (4, 6, 256), (5, 3, 512)):
        for block in range(1, blocks + 1):
            name = f"conv{stage}_{block}"
            yield f"{name}_1x1_reduce", (1, 1, channels, width)
            yield f"{name}_3x3", (3, 3, width, width)
            yield f"{name}_1x1_increase", (1, 1, width, 4 * width)
            if block == 1:
                yield f"{name}_1x1_proj", (1, 1, channels, 4 * width)
            channels = 4 * width


def check_layout(weights: Path) -> None:
    """Make sure that a file is complete and holds exactly this network's arrays, all of them float32.

    Raises:
        WeightsInvalid: If it is truncated, is not HDF5, or holds other layers, names, shapes or types.
        OSError: If it cannot be opened at all.
    """
    with _opened(weights) as root:
        _find_all(weights, root)


def _read_weights(weights: Path) -> dict[tuple[str, str], F32]:
    """Every array of a checked file, by layer and name.

    Raises:
        WeightsInvalid: As ``check_layout``, or if a value is not finite.
    """
    with _opened(weights) as root:
        values = {key: np.asarray(dataset) for key, dataset in _find_all(weights, root).items()}
    for (layer, name), value in values.items():
        if not np.isfinite(value).all():
            raise _refused(weights, f"{name} of layer {layer} has values that are not numbers")
    return values


@contextmanager
def _opened(weights: Path) -> Iterator["h5py.Group"]:
    """The group that holds the layers; what h5py finds wrong with the file becomes WeightsInvalid."""
    import h5py

    with weights.open("rb"):  # says it better than h5py if the file is missing or unreadable
        pass
    try:
        with h5py.File(weights, "r") as file:
            yield file if "layer_names" in file.attrs else file["model_weights"]
    except (OSError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise _refused(weights, str(error).strip("'\"")) from error


def _find_all(weights: Path, root: "h5py.Group") -> dict[tuple[str, str], "h5py.Dataset"]:
    """Every expected dataset, by layer and name, with shape and type checked."""
    import h5py

    held = _arrays(root)
    expected = expected_weights()
    for weight in expected:
        dataset = held.get((weight.layer, weight.name))
        if not isinstance(dataset, h5py.Dataset):
            raise _refused(weights, f"it has no {weight.name} of layer {weight.layer}")
        if dataset.shape != weight.shape:
            reason = f"{weight.name} of layer {weight.layer} is {dataset.shape}, not {weight.shape}"
            raise _refused(weights, reason)
        if dataset.dtype != np.float32:
            raise _refused(weights, f"{weight.name} of layer {weight.layer} is not float32")
    foreign = sorted({layer for layer, _ in held} - {weight.layer for weight in expected})
    if foreign:
        raise _refused(
            weights, f"it also has the layer {foreign[0]}, which the network without its classifier lacks"
        )
    return held


def _arrays(root: "h5py.Group") -> dict[tuple[str, str], "h5py.Dataset"]:
    """All arrays of a file in Keras 2's layout: layers listed at the root, arrays listed at each layer.

    An array is called after its layer and the model's scopes, such as ``conv1/7x7_s2/bn/gamma:0``; only
    the last part tells arrays of one layer apart, and only that is the same in every Keras version.
    """
    return {
        (layer, name.rsplit("/", 1)[-1].partition(":")[0]): root[layer][name]
        for layer in _names(root, "layer_names")
        for name in _names(root[layer], "weight_names")
    }


def _names(group: "h5py.Group", attribute: str) -> list[str]:
    """A list of names kept as an attribute: bytes, or text in files of later versions."""
    return [name.decode() if isinstance(name, bytes) else str(name) for name in group.attrs[attribute]]


def _refused(weights: Path, reason: str) -> WeightsInvalid:
    return WeightsInvalid(f"{weights} is not the ResNet-50 weights file of keras-vggface: {reason}.")


def build(weights: Path) -> ov.Model:
    """The network with the weights of an HDF5 file, converted to OpenVINO.

    Imports TensorFlow, and takes some ten seconds. Not to be called by two threads at once.

    Returns:
        uint8 [N, 224, 224, 3] RGB to float32 [N, 2048], not normalised.

    Raises:
        WeightsInvalid: As ``check_layout``.
    """
    with _hushed(), tempfile.TemporaryDirectory(prefix="faceindex-") as folder:
        keras_model = _keras_model(weights)
        import tensorflow as tf

        run = tf.function(lambda pixels: keras_model(pixels, training=False))
        signature = run.get_concrete_function(tf.TensorSpec([None, _SIZE, _SIZE, 3], tf.float32))
        # A bare module of the same variables: to save the Keras model itself takes ten times as long.
        module = tf.Module()
        module.kept = keras_model.variables
        tf.saved_model.save(module, folder, signatures=signature)
        network = ov.Core().read_model(folder)
    steps = PrePostProcessor(network)
    tensor = steps.input().tensor()
    tensor.set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC")).set_color_format(ColorFormat.RGB)
    convert = steps.input().preprocess().convert_element_type(ov.Type.f32)
    convert.convert_color(ColorFormat.BGR).mean(list(MEAN_BGR))
    steps.input().model().set_layout(ov.Layout("NHWC"))
    return steps.build()


def reference(weights: Path) -> Callable[[U8], F32]:
    """The same network run by TensorFlow itself, on a GPU where it finds one.

    Returns:
        A function from uint8 [N, 224, 224, 3] RGB to float32 [N, 2048], not normalised. Threads may share it.

    Raises:
        WeightsInvalid: As ``check_layout``.
    """
    with _hushed():
        keras_model = _keras_model(weights)
        import tensorflow as tf

        @tf.function(input_signature=[tf.TensorSpec([None, _SIZE, _SIZE, 3], tf.uint8)])  # type: ignore[untyped-decorator]
        def run(pixels: Any) -> Any:
            blue_first = tf.cast(pixels, tf.float32)[..., ::-1]
            return keras_model(blue_first - tf.constant(MEAN_BGR), training=False)

        run(tf.zeros([1, _SIZE, _SIZE, 3], tf.uint8))
    return lambda pixels: np.asarray(run(pixels), np.float32)


def has_gpu() -> bool:
    """Whether TensorFlow sees a GPU; it is imported to ask."""
    with _hushed():
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))


def _keras_model(weights: Path) -> Any:
    """The tf_keras model with its weights set; ``Any`` because tf_keras has no types."""
    values = _read_weights(weights)
    with keras_2():
        from keras_vggface.vggface import VGGFace
    import tf_keras

    tf_keras.backend.set_image_data_format("channels_last")  # the user's keras.json may say otherwise
    model = VGGFace(
        model="resnet50", include_top=False, input_shape=(_SIZE, _SIZE, 3), pooling="avg", weights=None
    )
    for layer in model.layers:
        names = [weight.name.rsplit("/", 1)[-1].partition(":")[0] for weight in layer.weights]
        layer.set_weights([values[layer.name, name] for name in names])
    return model


@contextmanager
def keras_2() -> Iterator[None]:
    """While this is open, ``import keras`` gives tf_keras, with the modules that keras-vggface 0.6 looks for.

    What was imported as ``keras`` before is put back afterwards.
    """
    import tf_keras

    stand_ins = (
        ("keras.engine.topology", {"get_source_inputs": tf_keras.utils.get_source_inputs}),
        ("keras.utils", {"layer_utils": None}),
        ("keras.utils.data_utils", {"get_file": tf_keras.utils.get_file}),
    )
    saved = _without_keras()
    sys.modules.update({f"keras.{name}": getattr(tf_keras, name) for name in ("backend", "layers", "models")})
    sys.modules.update({"keras": tf_keras, "keras.engine": types.ModuleType("keras.engine")})
    for name, attributes in stand_ins:
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(attributes)
    try:
        yield
    finally:
        _without_keras()
        sys.modules.update(saved)


def _without_keras() -> dict[str, types.ModuleType]:
    """Forget every imported module of ``keras``, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] == "keras"]
    return {name: sys.modules.pop(name) for name in names}


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep TensorFlow from writing to standard error; it does so from C++, before it can be told not to.

    What other threads write there meanwhile is lost, so this is for loading, before work begins.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)

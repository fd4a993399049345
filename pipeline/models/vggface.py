"""Builds the networks of keras-vggface: three that describe faces, and one that names celebrities.

keras-vggface 0.6 was written for Keras 2.2; it builds under tf_keras if that replaces keras while it is
imported. TensorFlow is imported only inside the functions that need it. This module must not know where files
come from.
"""

import sys
import tempfile
import types
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import openvino as ov
from openvino.preprocess import ColorFormat, PrePostProcessor

from pipeline.models.keras_weights import Layout, WeightShape, read_weights
from pipeline.models.quiet_tensorflow import quiet_tensorflow
from pipeline.models.registry import CELEBRITY, VGGFACE2_RESNET50, VGGFACE2_SENET50, VGGFACE_VGG16
from pipeline.values import F32, U8, ModelId

CODE_VERSION = "1"
"""Part of the cached graph's key: changes when this code would build another graph."""

_MEAN_BGR_1 = (93.5940, 104.7624, 129.1863)
_MEAN_BGR_2 = (91.4953, 103.8827, 131.0912)
"""Subtracted from blue, green and red: keras_vggface.utils.preprocess_input, versions 1 and 2."""

_SIZE = 224
_NORMALISATION = ("gamma", "beta", "moving_mean", "moving_variance")
_SQUEEZE = 16
"""Reduction ratio of a squeeze-and-excitation block: Hu et al., 2018, section 6.4."""


@dataclass(frozen=True, slots=True)
class Network:
    """One network of keras-vggface, with or without its classifier.

    Attributes:
        title: Its name in messages.
        architecture: Its name in ``keras_vggface.vggface.VGGFace``.
        mean_bgr: Subtracted from blue, green and red.
        weights: All its arrays, in the network's order.
        classes: How many people its classifier tells apart; ``None`` without one.
    """

    title: str
    architecture: str
    mean_bgr: tuple[float, float, float]
    weights: tuple[WeightShape, ...]
    classes: int | None = None

    @property
    def layout(self) -> Layout:
        """The required content of its weights file."""
        return Layout(f"the {self.title} weights file of keras-vggface", self.weights)


def _vgg16() -> Iterator[WeightShape]:
    """Simonyan and Zisserman, Very Deep Convolutional Networks, 2015, table 1, column D."""
    channels = 3
    for stage, convolutions, width in ((1, 2, 64), (2, 2, 128), (3, 3, 256), (4, 3, 512), (5, 3, 512)):
        for number in range(1, convolutions + 1):
            yield from _biased(f"conv{stage}_{number}", (3, 3, channels, width))
            channels = width


def _resnet50(*, excited: bool = False) -> Iterator[WeightShape]:
    """He et al., Deep Residual Learning, 2015, table 1; ``excited``: with squeeze-and-excitation blocks."""
    yield from _normalised("conv1/7x7_s2", (7, 7, 3, 64))
    channels = 64
    for stage, blocks, width in ((2, 3, 64), (3, 4, 128), (4, 6, 256), (5, 3, 512)):
        wide = 4 * width
        for block in range(1, blocks + 1):
            name = f"conv{stage}_{block}"
            yield from _normalised(f"{name}_1x1_reduce", (1, 1, channels, width))
            yield from _normalised(f"{name}_3x3", (3, 3, width, width))
            yield from _normalised(f"{name}_1x1_increase", (1, 1, width, wide))
            if excited:
                yield from _biased(f"{name}_1x1_down", (1, 1, wide, wide // _SQUEEZE))
                yield from _biased(f"{name}_1x1_up", (1, 1, wide // _SQUEEZE, wide))
            if block == 1:
                yield from _normalised(f"{name}_1x1_proj", (1, 1, channels, wide))
            channels = wide


def _normalised(layer: str, shape: tuple[int, ...]) -> Iterator[WeightShape]:
    """Yield a convolution without a bias, and the batch normalisation that follows it."""
    yield WeightShape(layer, "kernel", shape)
    for name in _NORMALISATION:
        yield WeightShape(f"{layer}/bn", name, shape[-1:])


def _biased(layer: str, shape: tuple[int, ...]) -> Iterator[WeightShape]:
    yield WeightShape(layer, "kernel", shape)
    yield WeightShape(layer, "bias", shape[-1:])


NETWORKS: Mapping[ModelId, Network] = MappingProxyType(
    {
        VGGFACE2_RESNET50.model_id: Network("ResNet-50", "resnet50", _MEAN_BGR_2, tuple(_resnet50())),
        VGGFACE2_SENET50.model_id: Network(
            "SENet-50", "senet50", _MEAN_BGR_2, tuple(_resnet50(excited=True))
        ),
        VGGFACE_VGG16.model_id: Network("VGG16", "vgg16", _MEAN_BGR_1, tuple(_vgg16())),
        CELEBRITY.model_id: Network(
            "ResNet-50 with its classifier",
            "resnet50",
            _MEAN_BGR_2,
            (*_resnet50(), *_biased("classifier", (VGGFACE2_RESNET50.dimension, CELEBRITY.dimension))),
            CELEBRITY.dimension,
        ),
    }
)
"""The networks of keras-vggface."""


def build(network: Network, weights: Path) -> ov.Model:
    """Build a network with the weights of an HDF5 file, converted to OpenVINO.

    Imports TensorFlow, and takes some ten seconds. Threads that call this at once take turns.

    Returns:
        uint8 [N, 224, 224, 3] RGB to float32 [N, D], not normalised: descriptors, or a classifier's
        probabilities.

    Raises:
        WeightsInvalid: As ``keras_weights.read_weights``.
    """
    with quiet_tensorflow(), tempfile.TemporaryDirectory(prefix="faceindex-") as folder:
        keras_model = _keras_model(network, weights)
        import tensorflow as tf

        run = tf.function(lambda pixels: keras_model(pixels, training=False))
        signature = run.get_concrete_function(tf.TensorSpec([None, _SIZE, _SIZE, 3], tf.float32))
        # A bare module of the same variables: saving the Keras model itself takes ten times as long.
        module = tf.Module()
        module.kept = keras_model.variables
        tf.saved_model.save(module, folder, signatures=signature)
        graph = ov.Core().read_model(folder)
    steps = PrePostProcessor(graph)
    tensor = steps.input().tensor()
    tensor.set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC")).set_color_format(ColorFormat.RGB)
    convert = steps.input().preprocess().convert_element_type(ov.Type.f32)
    convert.convert_color(ColorFormat.BGR).mean(list(network.mean_bgr))
    steps.input().model().set_layout(ov.Layout("NHWC"))
    return steps.build()


def reference(network: Network, weights: Path) -> Callable[[U8], F32]:
    """Like ``build``, but return a function that TensorFlow runs, on a GPU if any; threads may share it."""
    with quiet_tensorflow():
        keras_model = _keras_model(network, weights)
        import tensorflow as tf

        @tf.function(input_signature=[tf.TensorSpec([None, _SIZE, _SIZE, 3], tf.uint8)])  # type: ignore[untyped-decorator]
        def run(pixels: Any) -> Any:
            blue_first = tf.cast(pixels, tf.float32)[..., ::-1]
            return keras_model(blue_first - tf.constant(network.mean_bgr), training=False)

        run(tf.zeros([1, _SIZE, _SIZE, 3], tf.uint8))
    return lambda pixels: np.asarray(run(pixels), np.float32)


def has_gpu() -> bool:
    """Return whether TensorFlow, which this imports, sees a GPU."""
    with quiet_tensorflow():
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))


def _keras_model(network: Network, weights: Path) -> Any:
    """Return the tf_keras model with its weights set; ``Any`` because tf_keras has no types."""
    values = read_weights(weights, network.layout)
    model = unweighted(network)
    for layer in model.layers:
        names = [weight.name.rsplit("/", 1)[-1].partition(":")[0] for weight in layer.weights]
        layer.set_weights([values[layer.name, name] for name in names])
    return model


def unweighted(network: Network) -> Any:
    """Return the tf_keras model as keras-vggface makes it, with random weights."""
    with keras_2():
        from keras_vggface.vggface import VGGFace
    import tf_keras

    tf_keras.backend.set_image_data_format("channels_last")  # the user's keras.json may say otherwise
    return VGGFace(
        model=network.architecture,
        include_top=network.classes is not None,
        input_shape=(_SIZE, _SIZE, 3),
        pooling="avg",
        weights=None,
        classes=network.classes,
    )


@contextmanager
def keras_2() -> Iterator[None]:
    """Let ``import keras`` give tf_keras with the modules that keras-vggface 0.6 imports."""
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
    """Remove every imported module of ``keras`` from ``sys.modules``, and return them."""
    names = [name for name in sys.modules if name.partition(".")[0] == "keras"]
    return {name: sys.modules.pop(name) for name in names}

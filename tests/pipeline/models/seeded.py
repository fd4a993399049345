"""keras-vggface with weights drawn at random, since the real ones are not at hand.

Normalisation statistics and biases are drawn too: those left at 0 and 1 would hide a mistake. keras-vggface
saves the weights itself, in its own layout.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.models import vggface
from pipeline.models.registry import DownloadedWeights, ModelSpec
from pipeline.values import F32, U8
from tests.pipeline.faces import crops


@dataclass(frozen=True)
class Reference:
    """A network as keras-vggface runs it: the file it saved, and what it makes of some faces."""

    file: Path
    pixels: U8
    outputs: F32
    shapes: dict[tuple[str, str], tuple[int, ...]]


def make_reference(model: ModelSpec, file: Path) -> Reference:
    """Save seeded weights of ``model`` to ``file``, and see what keras-vggface makes of eleven faces."""
    network = vggface.NETWORKS[model.model_id]
    keras_model = vggface.unweighted(network)
    randomise(keras_model, np.random.default_rng(20180223))
    keras_model.save_weights(file)
    with vggface.keras_2():
        from keras_vggface.utils import preprocess_input
    pixels = crops(model.crop, 11)
    version = 1 if network.architecture == "vgg16" else 2
    outputs = keras_model.predict(preprocess_input(pixels.astype(np.float32), version=version), verbose=0)
    return Reference(file, pixels, outputs, _shapes(keras_model))


def _shapes(keras_model: Any) -> dict[tuple[str, str], tuple[int, ...]]:
    return {
        (layer.name, weight.name.rsplit("/", 1)[-1].removesuffix(":0")): tuple(weight.shape)
        for layer in keras_model.layers
        for weight in layer.weights
    }


def randomise(keras_model: Any, generator: np.random.Generator) -> None:
    """Give normalisations other statistics, about those of a trained network, and biases other values."""
    for layer in keras_model.layers:
        arrays = layer.get_weights()
        if layer.name.endswith("/bn"):
            channels = arrays[0].shape
            arrays = [
                generator.uniform(0.5, 1.5, channels),
                generator.normal(0, 0.2, channels),
                generator.normal(0, 0.5, channels),
                generator.uniform(0.5, 2, channels),
            ]
        elif (
            len(arrays) == 2
        ):  # a kernel, made so that its layer keeps the scale of what comes in, and a bias
            arrays = [arrays[0] * np.sqrt(2), generator.normal(0, 0.2, arrays[1].shape)]
        layer.set_weights(arrays)


def with_size_of(model: ModelSpec, file: Path) -> ModelSpec:
    """The model, but for the size of its file, which the version of Keras that saved it decides."""
    assert isinstance(model.weights, DownloadedWeights)
    return replace(model, weights=replace(model.weights, size=file.stat().st_size))

"""Writes weights for vggface2-resnet50 that are drawn at random, in keras-vggface's own layout.

    python -m benchmarks.random_weights FILE

They serve to measure time, which does not depend on them. Their descriptors mean nothing.
"""

import sys

import numpy as np

from pipeline.models.vggface import keras_2


def main() -> None:
    with keras_2():
        from keras_vggface.vggface import VGGFace
    model = VGGFace(
        model="resnet50", include_top=False, input_shape=(224, 224, 3), pooling="avg", weights=None
    )
    generator = np.random.default_rng(0)
    for layer in model.layers:
        layer.set_weights([array + generator.normal(0, 1e-3, array.shape) for array in layer.get_weights()])
    model.save_weights(sys.argv[1])


if __name__ == "__main__":
    main()

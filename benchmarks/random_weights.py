"""Writes weights for a network of keras-vggface that are drawn at random, in that project's own layout.

    python -m benchmarks.random_weights FILE [MODEL]

They serve to measure time, which does not depend on them. What they give for a face means nothing. MODEL is
vggface2-resnet50 unless said otherwise.
"""

import sys

import numpy as np

from pipeline.models.registry import VGGFACE2_RESNET50
from pipeline.models.vggface import NETWORKS, unweighted
from pipeline.values import ModelId


def main() -> None:
    file, *named = sys.argv[1:]
    model = unweighted(NETWORKS[ModelId(named[0]) if named else VGGFACE2_RESNET50.model_id])
    generator = np.random.default_rng(0)
    for layer in model.layers:
        layer.set_weights([array + generator.normal(0, 1e-3, array.shape) for array in layer.get_weights()])
    model.save_weights(file)


if __name__ == "__main__":
    main()

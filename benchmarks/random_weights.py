"""Writes weights for a network of keras-vggface that are drawn at random, in that project's own layout.

    python -m benchmarks.random_weights FILE [MODEL]

They serve to measure time, which does not depend on them. What they give for a face means nothing. MODEL is
vggface2-resnet50 unless said otherwise.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.process import run
from pipeline.models.registry import VGGFACE2_RESNET50, DownloadedWeights, spec
from pipeline.models.vggface import NETWORKS, unweighted
from pipeline.models.weights import Availability, WeightsStore
from pipeline.values import ModelId


def ensure_weights(name: str, cache: Path) -> None:
    """Put random weights where those of a downloaded model are missing."""
    model, store = spec(name), WeightsStore(cache)
    if isinstance(model.weights, DownloadedWeights) and store.status(model) is not Availability.INSTALLED:
        with tempfile.TemporaryDirectory() as place:
            weights = Path(place) / "random.h5"
            run([sys.executable, "-m", "benchmarks.random_weights", str(weights), model.model_id])
            store.install(model, weights)
        print(f"(the weights of {name} are drawn at random)\n")


def main() -> None:
    file, *named = sys.argv[1:]
    model = unweighted(NETWORKS[ModelId(named[0]) if named else VGGFACE2_RESNET50.model_id])
    generator = np.random.default_rng(0)
    for layer in model.layers:
        layer.set_weights([array + generator.normal(0, 1e-3, array.shape) for array in layer.get_weights()])
    model.save_weights(file)


if __name__ == "__main__":
    main()

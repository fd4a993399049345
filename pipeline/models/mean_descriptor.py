"""Loads the mean descriptor of a model, which is subtracted from every descriptor that the model gives.

Descriptors of all faces lie to one side of the sphere, because faces have much in common. Measured from their
mean, strangers are about as similar as random directions. FaceNet's own evaluation does the same
(davidsandberg/facenet, src/lfw.py, ``subtract_mean``); docs/accuracy.md has the gain.
"""

from pathlib import Path

import numpy as np

from pipeline.errors import ModelError
from pipeline.models.registry import ModelSpec
from pipeline.values import F32

FOLDER = Path(__file__).parent / "centres"
"""One file a model, made by ``python -m benchmarks.centre``."""


def load_centre(model: ModelSpec) -> F32 | None:
    """The mean of the unit vectors of many people, float32 [dimension]; ``None`` if not ``model.centred``.

    Raises:
        ModelError: The file that came with this program is missing or damaged.
    """
    if not model.centred:
        return None
    path = FOLDER / f"{model.model_id}.npy"
    try:
        centre = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"{path} cannot be read: install faceindex again.") from error
    if centre.shape != (model.dimension,) or centre.dtype != np.float32 or not np.isfinite(centre).all():
        raise ModelError(f"{path} is not the mean descriptor of {model.model_id}: install faceindex again.")
    return np.asarray(centre, np.float32)

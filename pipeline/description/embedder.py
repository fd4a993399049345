"""Turns crops of faces into descriptors, in batches, with any model and runtime.

This module must not know how a crop is cut, nor where weights come from.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Literal, Protocol, TypeAlias

import numpy as np
import openvino as ov

from pipeline.description.projection import project
from pipeline.errors import ModelError
from pipeline.models import facenet, sface, vggface
from pipeline.models.int8 import has_exact_int8
from pipeline.models.registry import FACENET, SFACE, CropProtocol, ModelSpec, network_model
from pipeline.models.runtime import InferRequests, RuntimeOptions, cached_graph, compile_graph, load_network
from pipeline.models.weights import VerifiedWeights, WeightsStore
from pipeline.values import F32, U8, ModelId

Runtime: TypeAlias = Literal["openvino", "tensorflow"]

BATCH_SIZE = 8
"""Crops run at once: on two cores 4, 8 and 16 cost the same a face, one alone up to half as much again."""


CENTRES = Path(vggface.__file__).parent / "centres"
"""Mean descriptors, a file for each centred model, made by ``python -m benchmarks.centre``."""


class Embedder(Protocol):
    """One descriptor model, ready to run. Threads may share it.

    ``batch_size`` is the number of crops that runs fastest at once; any number is allowed.
    """

    model_id: ModelId
    dimension: int
    protocol: CropProtocol
    batch_size: int

    def embed(self, pixels: U8) -> F32:
        """Describe faces, uint8 [N, size, size, 3], RGB, cut by ``protocol``.

        Returns:
            float32 [N, dimension], each row finite and of unit norm. No row depends on the others.

        Raises:
            ValueError: ``pixels`` has another shape or type.
            ModelError: The network gives vectors that are zero or not finite.
        """


def load_embedder(
    model: ModelSpec, store: WeightsStore, options: RuntimeOptions, runtime: Runtime = "openvino"
) -> Embedder:
    """Load a model, ready to run.

    ``tensorflow``, the reference, only runs the models of keras-vggface, and ignores ``options``.

    Raises:
        WeightsMissing: Its weights are not on this machine.
        WeightsInvalid: Its weights are not what they should be.
        ModelError: ``runtime`` does not have this model.
    """
    own = network_model(model).model_id
    if runtime == "tensorflow" and own not in vggface.NETWORKS:
        raise ModelError(
            f"The runtime tensorflow has only {', '.join(vggface.NETWORKS)}; "
            f"{own} runs with the runtime openvino."
        )
    weights = store.locate(network_model(model))
    if runtime == "tensorflow":
        return NetworkEmbedder(model, vggface.reference(vggface.NETWORKS[own], weights.path))
    return NetworkEmbedder(model, _OpenVinoNetwork(own, weights, options))


class NetworkEmbedder:
    """An Embedder around any function from crops to raw vectors, which it normalises.

    If the model says so, it averages a face and its mirror image, subtracts the mean descriptor, and
    projects.
    """

    def __init__(self, model: ModelSpec, run: Callable[[U8], F32]) -> None:
        self._run = run
        self._mirrored = model.mirrored
        self._centre = load_centre(network_model(model))
        self._projections = model.projections
        self.model_id: ModelId = model.model_id
        self.dimension: int = model.dimension
        self.protocol: CropProtocol = model.crop
        self.batch_size: int = BATCH_SIZE

    def embed(self, pixels: U8) -> F32:
        """As ``Embedder.embed``."""
        side = self.protocol.size
        if pixels.dtype != np.uint8 or pixels.shape[1:] != (side, side, 3):
            raise ValueError(
                f"{self.model_id} takes uint8 [N, {side}, {side}, 3], not {pixels.dtype} {pixels.shape}"
            )
        if not len(pixels):
            return np.empty((0, self.dimension), np.float32)
        faces = np.concatenate([pixels, pixels[:, :, ::-1]]) if self._mirrored else pixels
        vectors = self._normalised(self._run(faces))
        if self._mirrored:
            vectors = self._normalised(vectors[: len(pixels)] + vectors[len(pixels) :])
        if self._centre is not None:
            vectors = self._normalised(vectors - self._centre)
        for projection in self._projections:
            vectors = project(vectors, projection.matrix)
        return vectors

    def _normalised(self, vectors: F32) -> F32:
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(norms).all() and norms.all()):
            raise ModelError(
                f"{self.model_id} gave a descriptor that is zero or not finite: its cached graph or this "
                f"machine's arithmetic is damaged. Delete the cached graphs and try again."
            )
        normalised: F32 = vectors / norms
        return normalised


def load_centre(model: ModelSpec) -> F32 | None:
    """Return the mean of many people's unit vectors, float32 [dimension]; ``None`` if not ``model.centred``.

    Faces have much in common, so all descriptors lie to one side of the sphere. Measured from their mean,
    strangers are about as similar as random directions. FaceNet's own evaluation subtracts it too
    (davidsandberg/facenet, src/lfw.py, ``subtract_mean``); docs/accuracy.md has the gain.

    Raises:
        ModelError: The file that came with this program is missing or damaged.
    """
    if not model.centred:
        return None
    path = CENTRES / f"{model.model_id}.npy"
    try:
        centre = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ModelError(f"{path} cannot be read: install faceindex again.") from error
    if centre.shape != (model.dimension,) or centre.dtype != np.float32 or not np.isfinite(centre).all():
        raise ModelError(f"{path} is not the mean descriptor of {model.model_id}: install faceindex again.")
    return np.asarray(centre, np.float32)


_GRAPHS: dict[ModelId, tuple[Callable[[Path], ov.Model], str]] = {
    SFACE.model_id: (sface.build, sface.CODE_VERSION),
    FACENET.model_id: (facenet.build, facenet.CODE_VERSION),
    **{
        model_id: (partial(vggface.build, network), vggface.CODE_VERSION)
        for model_id, network in vggface.NETWORKS.items()
    },
}
"""The function that builds each model's graph, and the version of its code."""

_INT8_GRAPHS = {SFACE.model_id: (sface.build_int8, f"{sface.CODE_VERSION}-int8-1")}
"""The same for the models that have 8-bit layers."""


class _OpenVinoNetwork:
    """A function from any number of crops to raw vectors: whole batches, then single crops.

    A query photo needs only the network for single crops, which is compiled at once in a thread of its own;
    the one for whole batches is compiled when the first batch arrives.
    """

    def __init__(self, model_id: ModelId, weights: VerifiedWeights, options: RuntimeOptions) -> None:
        int8 = options.int8 and model_id in _INT8_GRAPHS and has_exact_int8()
        build, code_version = (_INT8_GRAPHS if int8 else _GRAPHS)[model_id]
        cached = (model_id, f"{weights.sha256[:16]}-{code_version}", partial(build, weights.path), options)
        verified = cached_graph(*cached)
        compiler = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._one = compiler.submit(lambda: InferRequests(compile_graph(verified, options, 1)))
        compiler.shutdown(wait=False)
        self._load = partial(load_network, *cached, BATCH_SIZE)
        self._batch: InferRequests | None = None
        self._lock = Lock()

    def __call__(self, pixels: U8) -> F32:
        whole = len(pixels) - len(pixels) % BATCH_SIZE
        parts = [self._batches().infer(pixels[at : at + BATCH_SIZE]) for at in range(0, whole, BATCH_SIZE)]
        parts += [self._one.result().infer(pixels[at : at + 1]) for at in range(whole, len(pixels))]
        return np.concatenate([vectors for (vectors,) in parts])

    def _batches(self) -> InferRequests:
        with self._lock:
            if self._batch is None:
                self._batch = InferRequests(self._load())
            return self._batch

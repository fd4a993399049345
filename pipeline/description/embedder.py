"""Turns crops of faces into descriptors, in batches, by whichever model and runtime was asked for.

This module must not know how a crop is cut, nor where weights come from.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Literal, Protocol, TypeAlias

import numpy as np
import openvino as ov

from pipeline.description.projection import project
from pipeline.errors import ModelError
from pipeline.models import facenet, sface, vggface
from pipeline.models.mean_descriptor import load_centre
from pipeline.models.registry import FACENET, SFACE, CropProtocol, ModelSpec, spec
from pipeline.models.runtime import RuntimeOptions, cached_graph, compile_graph, load_network
from pipeline.models.weights import VerifiedWeights, WeightsStore
from pipeline.values import F32, U8, ModelId

Runtime: TypeAlias = Literal["openvino", "tensorflow"]

BATCH_SIZE = 8
"""Crops run at once: on two cores 4, 8 and 16 cost the same a face, one alone up to half as much again."""


class Embedder(Protocol):
    """One descriptor model, ready to run. Threads may share it.

    Attributes:
        model_id: The model.
        dimension: Length of its descriptors.
        protocol: How its faces are cut.
        batch_size: How many crops are best given at once; any number may be.
    """

    @property
    def model_id(self) -> ModelId: ...  # noqa: D102

    @property
    def dimension(self) -> int: ...  # noqa: D102

    @property
    def protocol(self) -> CropProtocol: ...  # noqa: D102

    @property
    def batch_size(self) -> int: ...  # noqa: D102

    def embed(self, pixels: U8) -> F32:
        """Describe faces.

        Args:
            pixels: uint8 [N, size, size, 3], RGB, cut by ``protocol``.

        Returns:
            float32 [N, dimension], each row finite and of unit norm. A row does not depend on the others.

        Raises:
            ValueError: If ``pixels`` has another shape or type.
            ModelError: If the network gives numbers that are no direction: all zero, or not finite.
        """
        ...


def load_embedder(
    model: ModelSpec, store: WeightsStore, options: RuntimeOptions, runtime: Runtime = "openvino"
) -> Embedder:
    """Make a model ready to run.

    Args:
        model: Which.
        store: Where its weights are.
        options: How OpenVINO runs it; ``tensorflow`` decides for itself.
        runtime: ``openvino``; or ``tensorflow``, the reference, which has the models of keras-vggface alone.

    Raises:
        WeightsMissing: If its weights are not on this machine.
        WeightsInvalid: If its weights are not what they should be.
        ModelError: If ``runtime`` does not have this model.
    """
    if model.base is not None:
        return ProjectedEmbedder(model, load_embedder(spec(model.base), store, options, runtime))
    if runtime == "tensorflow" and model.model_id not in vggface.NETWORKS:
        raise ModelError(
            f"The runtime tensorflow has only {', '.join(vggface.NETWORKS)}; "
            f"{model.model_id} runs with the runtime openvino."
        )
    weights = store.locate(model)
    if runtime == "tensorflow":
        return NetworkEmbedder(model, vggface.reference(vggface.NETWORKS[model.model_id], weights.path))
    return NetworkEmbedder(model, _OpenVinoNetwork(model, weights, options))


class NetworkEmbedder:
    """An Embedder around any function from crops to raw vectors.

    Raw vectors become unit vectors; where the model asks for it, the mean of a face and its mirror image is
    taken, and then the model's mean descriptor is taken away.
    """

    def __init__(self, model: ModelSpec, run: Callable[[U8], F32]) -> None:
        self._run = run
        self._mirrored = model.mirrored
        self._centre = load_centre(model)
        self.model_id: ModelId = model.model_id
        self.dimension: int = model.dimension
        self.protocol: CropProtocol = model.crop
        self.batch_size: int = BATCH_SIZE

    def embed(self, pixels: U8) -> F32:
        """Describe faces, as ``Embedder.embed`` says."""
        side = self.protocol.size
        if pixels.dtype != np.uint8 or pixels.shape[1:] != (side, side, 3):
            raise ValueError(
                f"{self.model_id} takes uint8 [N, {side}, {side}, 3], not {pixels.dtype} {pixels.shape}"
            )
        if not len(pixels):
            return np.empty((0, self.dimension), np.float32)
        vectors = self._normalised(self._run(self._with_mirror_images(pixels)))
        if self._mirrored:
            vectors = self._normalised(vectors[: len(pixels)] + vectors[len(pixels) :])
        return vectors if self._centre is None else self._normalised(vectors - self._centre)

    def _with_mirror_images(self, pixels: U8) -> U8:
        return np.concatenate([pixels, pixels[:, :, ::-1]]) if self._mirrored else pixels

    def _normalised(self, vectors: F32) -> F32:
        norms = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(norms).all() and norms.all()):
            raise ModelError(
                f"{self.model_id} gave a descriptor that is zero or not finite: its cached graph or this "
                f"machine's arithmetic is damaged. Delete the cached graphs and try again."
            )
        normalised: F32 = vectors / norms
        return normalised


class ProjectedEmbedder:
    """An Embedder whose descriptors are another's, projected as its model says."""

    def __init__(self, model: ModelSpec, base: Embedder) -> None:
        self._base = base
        self._projections = model.projections
        self.model_id: ModelId = model.model_id
        self.dimension: int = model.dimension
        self.protocol: CropProtocol = base.protocol
        self.batch_size: int = base.batch_size

    def embed(self, pixels: U8) -> F32:
        """Describe faces, as ``Embedder.embed`` says."""
        vectors = self._base.embed(pixels)
        for projection in self._projections:
            vectors = project(vectors, projection.matrix)
        return vectors


@dataclass(frozen=True, slots=True)
class _Graph:
    """How a model's graph is built, and the version of the code that builds it."""

    build: Callable[..., ov.Model]
    code_version: str


_GRAPHS = {
    SFACE.model_id: _Graph(sface.build, sface.CODE_VERSION),
    FACENET.model_id: _Graph(facenet.build, facenet.CODE_VERSION),
} | {
    model_id: _Graph(partial(vggface.build, network), vggface.CODE_VERSION)
    for model_id, network in vggface.NETWORKS.items()
}


class _OpenVinoNetwork:
    """A function from any number of crops to raw vectors: whole batches, then the rest one at a time.

    A question about one photo needs only the network for one face, so that is compiled at once, while the
    caller loads something else or looks for the face, and the one for whole batches when the first one comes.
    """

    def __init__(self, model: ModelSpec, weights: VerifiedWeights, options: RuntimeOptions) -> None:
        graph = _GRAPHS[model.model_id]
        key = f"{weights.sha256[:16]}-{graph.code_version}"
        cached = (model.model_id, key, partial(graph.build, weights.path), options)
        verified = cached_graph(*cached)
        beside = ThreadPoolExecutor(1, thread_name_prefix="network")
        self._one = beside.submit(lambda: _Requests(compile_graph(verified, options, 1)))
        beside.shutdown(wait=False)
        self._load = partial(load_network, *cached, BATCH_SIZE)
        self._batch: _Requests | None = None
        self._lock = Lock()

    def __call__(self, pixels: U8) -> F32:
        whole = len(pixels) - len(pixels) % BATCH_SIZE
        parts = [self._batches().infer(pixels[at : at + BATCH_SIZE]) for at in range(0, whole, BATCH_SIZE)]
        parts += [self._one.result().infer(pixels[at : at + 1]) for at in range(whole, len(pixels))]
        return np.concatenate(parts)

    def _batches(self) -> "_Requests":
        with self._lock:
            if self._batch is None:
                self._batch = _Requests(self._load())
            return self._batch


class _Requests:
    """The infer requests of one compiled network, each used by one thread at a time."""

    def __init__(self, network: ov.CompiledModel) -> None:
        self._network = network
        self._idle: SimpleQueue[ov.InferRequest] = SimpleQueue()

    def infer(self, pixels: U8) -> F32:
        """Run one batch of exactly the compiled size."""
        try:
            request = self._idle.get_nowait()
        except Empty:
            request = self._network.create_infer_request()
        try:
            request.infer([pixels])
            return np.array(request.get_output_tensor(0).data, np.float32)
        finally:
            self._idle.put(request)

"""Runs networks with OpenVINO, and caches their graphs on disk.

The framework that a network's weights need builds it once; the IR is saved with a digest of every file, so
that later starts never import the framework. OpenVINO's own CACHE_DIR stays off: it copies the weights, and
loads damaged files without complaint. This module must know no particular network, nor where weights come
from.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Literal, TypeAlias

import numpy as np
import openvino as ov
from blake3 import blake3
from numpy.typing import NDArray
from openvino import properties

Precision: TypeAlias = Literal["f32", "bf16"]
"""Arithmetic of a network: ``f32`` everywhere, or ``bf16`` where the processor multiplies it natively."""

Device: TypeAlias = Literal["CPU", "GPU"]
"""A device of OpenVINO; where there are several GPUs, its first."""


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """How a network is run.

    Attributes:
        cache_dir: Graphs are cached below it; created if missing.
        threads: Inference threads of this network; 0 means one for each core.
        streams: Concurrent infer requests, which share the threads.
        precision: OpenVINO's INFERENCE_PRECISION_HINT.
        int8: Use the 8-bit layers of a network that has some, where the processor is made for them.
        device: Where the network is run; a GPU has no threads here, and always multiplies in f32.
    """

    cache_dir: Path
    threads: int
    streams: int
    precision: Precision = "f32"
    int8: bool = False
    device: Device = "CPU"


def load_network(
    name: str,
    key: str,
    build: Callable[[], ov.Model],
    options: RuntimeOptions,
    batch: int | None = None,
) -> ov.CompiledModel:
    """Compile the graph that ``cached_graph`` gives."""
    return compile_graph(cached_graph(name, key, build, options), options, batch)


def cached_graph(name: str, key: str, build: Callable[[], ov.Model], options: RuntimeOptions) -> Path:
    """Return the .xml file of a network's graph in the cache, verified or built now.

    ``{name}-{key}.json`` holds the BLAKE3 digests of the ``.xml`` and ``.bin`` files and is written last. A
    graph that does not match is built again. Several processes may call this at once: each builds the same
    files. ``key`` must change if weights or code would give another graph: a digest and a code version.

    Raises:
        OSError: The cache folder cannot be written.
    """
    folder = options.cache_dir / "graphs"
    folder.mkdir(parents=True, exist_ok=True)
    graph = folder / f"{name}-{key}.xml"
    if not _intact(graph):
        with tempfile.TemporaryDirectory(dir=folder, prefix=f"{name}-{key}.") as made:
            written = Path(made) / graph.name
            ov.save_model(build(), written, compress_to_fp16=False)
            written.with_suffix(".json").write_text(json.dumps(_digests(written)))
            for suffix in (".bin", ".xml", ".json"):
                move_durably(written.with_suffix(suffix), graph.with_suffix(suffix))
    return graph


def compile_graph(graph: Path, options: RuntimeOptions, batch: int | None = None) -> ov.CompiledModel:
    """Compile a graph just verified. Threads may share the result, but not its infer requests.

    ``batch`` fixes the first dimension of the only input: OpenVINO runs fixed shapes up to twice as fast.
    """
    core = ov.Core()
    model = core.read_model(graph)
    if batch is not None:
        model.reshape([batch, *list(model.input().get_partial_shape())[1:]])
    return core.compile_model(model, options.device, _config(options))


def _config(options: RuntimeOptions) -> dict[str, Any]:
    if options.device == "GPU":
        return {properties.num_streams: options.streams, properties.hint.inference_precision: ov.Type.f32}
    return {
        properties.inference_num_threads: options.threads,
        properties.num_streams: options.streams,
        properties.hint.inference_precision: ov.Type.bf16 if options.precision == "bf16" else ov.Type.f32,
        # Several networks share one process: pinned, all would use the same first cores.
        properties.hint.enable_cpu_pinning: False,
    }


class InferRequests:
    """The infer requests of a compiled network, each used by one thread at a time. Threads may share it."""

    def __init__(self, network: ov.CompiledModel) -> None:
        self._network = network
        self._idle: SimpleQueue[ov.InferRequest] = SimpleQueue()

    def infer(self, inputs: NDArray[Any]) -> list[NDArray[np.float32]]:
        """Return all outputs for one batch of exactly the compiled size, C-contiguous."""
        try:
            request = self._idle.get_nowait()
        except Empty:
            request = self._network.create_infer_request()
        try:
            results = request.infer([inputs], share_inputs=True)
            return [np.array(output, np.float32) for output in results.values()]
        finally:
            self._idle.put(request)


def has_native_bf16() -> bool:
    """Return whether this processor multiplies bf16 natively (AVX-512 BF16 or AMX), twice as fast as f32."""
    return "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def has_gpu() -> bool:
    """Return whether OpenVINO can use a GPU here: one of Intel's, with its driver."""
    return any(device.startswith("GPU") for device in ov.Core().available_devices)


def _intact(graph: Path) -> bool:
    try:
        return bool(json.loads(graph.with_suffix(".json").read_bytes()) == _digests(graph))
    except (FileNotFoundError, ValueError):
        return False


def _digests(graph: Path) -> dict[str, str]:
    """Use BLAKE3: it takes half of SHA-256's time, and every start reads the files."""
    return {
        kind: blake3(max_threads=blake3.AUTO).update_mmap(graph.with_suffix(f".{kind}")).hexdigest()
        for kind in ("xml", "bin")
    }


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def move_durably(source: Path, target: Path) -> None:
    """Replace ``target`` by ``source``, after the content has reached the disk."""
    with source.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(source, target)

"""Runs networks with OpenVINO on the processor, and keeps their graphs on disk.

A network is built once, by whatever framework its weights need, and saved as OpenVINO IR with a digest of
every file; later starts read the IR and never import that framework. OpenVINO's own cache of compiled kernels
(CACHE_DIR) is off: it saves 0.2 to 0.3 s of a start, but copies the weights, and loads damaged files without
complaint. This module must not know any particular network, nor where weights come from.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

import openvino as ov
from blake3 import blake3
from openvino import properties

Precision: TypeAlias = Literal["f32", "bf16"]
"""Arithmetic of a network: ``f32`` everywhere, or ``bf16`` where the processor multiplies it natively."""


@dataclass(frozen=True, slots=True)
class RuntimeOptions:
    """How a network is run.

    Attributes:
        cache_dir: Graphs are kept below it; it is created if need be.
        threads: Inference threads of this network; 0 means one for each core.
        streams: How many infer requests run side by side; the threads are divided among them.
        precision: Arithmetic, OpenVINO's INFERENCE_PRECISION_HINT.
    """

    cache_dir: Path
    threads: int
    streams: int
    precision: Precision = "f32"


def load_network(
    name: str,
    key: str,
    build: Callable[[], ov.Model],
    options: RuntimeOptions,
    batch: int | None = None,
) -> ov.CompiledModel:
    """Compile a network, with its graph from ``cached_graph``, as ``compile_graph`` does."""
    return compile_graph(cached_graph(name, key, build, options), options, batch)


def cached_graph(name: str, key: str, build: Callable[[], ov.Model], options: RuntimeOptions) -> Path:
    """The graph of a network in the cache, read and verified now, or built now.

    The cached files are ``{name}-{key}.xml``, ``.bin`` and ``.json``; the last holds the BLAKE3 digests of
    the other two and is written last. A graph that does not match it is built again. Several processes may
    call this at once: each builds, and the last to finish leaves its files, which are the same.

    Args:
        name: Of the network, a part of a file name.
        key: Changes whenever weights or code would give another graph: a digest and a code version.
        build: Makes the graph; called only if the cache has no good copy.
        options: Where the cache is.

    Returns:
        The .xml file, for ``compile_graph``.

    Raises:
        OSError: If the cache folder cannot be written.
    """
    folder = options.cache_dir / "graphs"
    folder.mkdir(parents=True, exist_ok=True)
    files = _graph_files(folder, f"{name}-{key}")
    if not _intact(files):
        with tempfile.TemporaryDirectory(dir=folder, prefix=f"{name}-{key}.") as made:
            written = _graph_files(Path(made), f"{name}-{key}")
            ov.save_model(build(), written.xml, compress_to_fp16=False)
            written.manifest.write_text(json.dumps(_digests(written)))
            for source, target in zip(written, files, strict=True):
                move_durably(source, target)
    return files.xml


def compile_graph(graph: Path, options: RuntimeOptions, batch: int | None = None) -> ov.CompiledModel:
    """Compile a graph that was just verified.

    Args:
        graph: Its .xml file.
        options: How to run it.
        batch: Fixes the first dimension of the network's only input before it is compiled; the cached
            graph keeps that dimension as built. OpenVINO runs fixed shapes up to twice as fast.

    Returns:
        The compiled network. It may be shared by threads, an infer request made from it may not.
    """
    core = ov.Core()
    model = core.read_model(graph)
    if batch is not None:
        model.reshape([batch, *list(model.input().get_partial_shape())[1:]])
    return core.compile_model(model, "CPU", _properties(options))


def has_native_bf16() -> bool:
    """Whether this processor multiplies bf16 natively (AVX-512 BF16 or AMX), and so about twice as fast."""
    return "BF16" in ov.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def _properties(options: RuntimeOptions) -> dict[str, object]:
    """The OpenVINO configuration for ``options``."""
    return {
        properties.inference_num_threads: options.threads,
        properties.num_streams: options.streams,
        properties.hint.inference_precision: ov.Type.bf16 if options.precision == "bf16" else ov.Type.f32,
        # Several networks share one process: pinned, all of them would sit on the same first cores.
        properties.hint.enable_cpu_pinning: False,
    }


class _GraphFiles(NamedTuple):
    """The files of one cached graph, in the order in which they are put in place."""

    bin: Path
    xml: Path
    manifest: Path


def _graph_files(folder: Path, stem: str) -> _GraphFiles:
    return _GraphFiles(*(folder / f"{stem}.{suffix}" for suffix in ("bin", "xml", "json")))


def _intact(files: _GraphFiles) -> bool:
    """Whether all files are there and match the recorded digests."""
    try:
        return bool(json.loads(files.manifest.read_bytes()) == _digests(files))
    except (FileNotFoundError, ValueError):
        return False


def _digests(files: _GraphFiles) -> dict[str, str]:
    """Of the files of a graph, by BLAKE3: every start reads them, and SHA-256 would take twice as long."""
    return {"xml": _blake3(files.xml), "bin": _blake3(files.bin)}


def _blake3(path: Path) -> str:
    return blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits.

    Raises:
        OSError: If the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def move_durably(source: Path, target: Path) -> None:
    """Replace ``target`` by ``source``, whose content reaches the disk before its new name does."""
    with source.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(source, target)

"""Runs networks with OpenVINO on the processor, and keeps their graphs on disk.

A network is built once, by whatever framework its weights need, and saved as OpenVINO IR with a
digest of every file; later starts read the IR and never import that framework. This module must
not know any particular network, nor where weights come from.

OpenVINO's own cache of compiled kernels (CACHE_DIR) is left off: it saves 0.2 to 0.3 s of a start,
but it holds a second copy of the weights, and loads it without complaint after bytes in it changed.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

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
    """Compile a network, taking its graph from the cache, or from ``build`` where the cache lacks it.

    Args:
        name: As ``cached_graph`` has it, as ``key`` and ``build``.
        key: See there.
        build: See there.
        options: How to run it.
        batch: As ``compile_graph`` has it.

    Returns:
        The compiled network. It may be shared by threads, an infer request made from it may not.

    Raises:
        OSError: If the cache folder cannot be written.
    """
    return compile_graph(cached_graph(name, key, build, options), options, batch)


def cached_graph(name: str, key: str, build: Callable[[], ov.Model], options: RuntimeOptions) -> Path:
    """The graph of a network in the cache, read and verified now, or built now.

    The cached files are ``{name}-{key}.xml``, ``.bin`` and ``.json``; the last holds the BLAKE3 digests of
    the other two and is written last. A graph that does not match it is built again, never trusted. Several
    processes may call this at once: each builds, and whichever finishes last leaves its files, which
    are the same.

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
    graphs = options.cache_dir / "graphs"
    graphs.mkdir(parents=True, exist_ok=True)
    entry = _GraphFiles(graphs, f"{name}-{key}")
    if not entry.intact():
        entry.write(build())
    return entry.xml


def compile_graph(graph: Path, options: RuntimeOptions, batch: int | None = None) -> ov.CompiledModel:
    """Compile a graph that was just verified; results and threads are as for ``load_network``.

    Args:
        graph: Its .xml file.
        options: How to run it.
        batch: Fixes the first dimension of the network's only input before it is compiled; the cached
            graph keeps that dimension as built. OpenVINO runs fixed shapes up to twice as fast.
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


@dataclass(frozen=True, slots=True)
class _GraphFiles:
    """The three files of one cached graph."""

    folder: Path
    stem: str

    @property
    def xml(self) -> Path:
        return self.folder / f"{self.stem}.xml"

    @property
    def bin(self) -> Path:
        return self.folder / f"{self.stem}.bin"

    @property
    def manifest(self) -> Path:
        return self.folder / f"{self.stem}.json"

    def intact(self) -> bool:
        """Whether all files are there and match the recorded digests."""
        try:
            recorded = json.loads(self.manifest.read_bytes())
            return bool(recorded == _digests(self.xml, self.bin))
        except (FileNotFoundError, ValueError):
            return False

    def write(self, model: ov.Model) -> None:
        """Save ``model`` uncompressed; the manifest replaces its predecessor last."""
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=f"{self.stem}.") as name:
            written = _GraphFiles(Path(name), self.stem)
            ov.save_model(model, written.xml, compress_to_fp16=False)
            written.manifest.write_text(json.dumps(_digests(written.xml, written.bin)))
            for source, target in zip(written._all(), self._all(), strict=True):
                _sync(source)
                os.replace(source, target)

    def _all(self) -> tuple[Path, Path, Path]:
        return self.bin, self.xml, self.manifest


def _digests(xml: Path, weights: Path) -> dict[str, str]:
    """Of the files of a graph, by BLAKE3: every start reads them, and SHA-256 would take twice as long."""
    return {"xml": _blake3(xml), "bin": _blake3(weights)}


def _blake3(path: Path) -> str:
    return blake3(max_threads=blake3.AUTO).update_mmap(path).hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits.

    Raises:
        OSError: If the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Have the file's content reach the disk before its name does."""
    with path.open("rb") as file:
        os.fsync(file.fileno())

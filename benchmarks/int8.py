"""What int8 arithmetic would give for the descriptor networks: time a face, and accuracy.

    python -m pip install nncf
    python -m benchmarks.int8 [--photos FOLDER] [--models sface,facenet] [--cache FOLDER]

NNCF, which nothing else here needs, quantises a network's weights a channel at a time, and its activations
by the ranges seen on 300 faces. FOLDER holds one folder of photos for each person, and pairs, accuracy and
the last column are those of ``benchmarks.crops``. Time is one core's, the best of ten batches of eight.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import nncf
import numpy as np
import openvino as ov
from openvino import properties

from benchmarks.crops import PHOTOS, Pairs, accuracy, gather, make_detector, make_pairs, passing
from pipeline.description.crop import cut
from pipeline.description.embedder import load_embedder
from pipeline.models.registry import spec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.values import F32, U8

BATCH = 8
SEEN = 300
REPEATS = 10


def network(name: str, cache: Path) -> ov.Model:
    """The model's graph as the cache holds it, in float32."""
    load_embedder(spec(name), WeightsStore(cache), RuntimeOptions(cache, threads=1, streams=1))
    (graph,) = (cache / "graphs").glob(f"{name}-*.xml")
    return ov.Core().read_model(graph)


def quantised(model: ov.Model, crops: U8) -> ov.Model:
    model.reshape([1, *crops.shape[1:]])
    seen = [crop[None] for crop in crops[:: max(1, len(crops) // SEEN)]]
    result: ov.Model = nncf.quantize(
        model, nncf.Dataset(seen), preset=nncf.QuantizationPreset.MIXED, subset_size=len(seen)
    )
    return result


def compiled(model: ov.Model, precision: ov.Type) -> ov.CompiledModel:
    shape = model.input().get_partial_shape()
    model.reshape([BATCH, *list(shape)[1:]])
    options: dict[str, Any] = {
        properties.inference_num_threads: 1,
        properties.num_streams: 1,
        properties.hint.inference_precision: precision,
    }
    return ov.Core().compile_model(model, "CPU", options)


def described(run: ov.CompiledModel, crops: U8) -> F32:
    """Descriptors of unit norm, float32 [N, D]."""
    padded = np.concatenate([crops, crops[: -len(crops) % BATCH]])
    parts = [np.array(run([padded[at : at + BATCH]])[0]) for at in range(0, len(padded), BATCH)]
    vectors = np.concatenate(parts)[: len(crops)]
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def milliseconds(run: ov.CompiledModel, crops: U8) -> float:
    def once() -> float:
        started = time.perf_counter()
        run([crops[:BATCH]])
        return time.perf_counter() - started

    return min(once() for _ in range(REPEATS)) * 1e3 / BATCH


def print_scores(name: str, crops: U8, pairs: Pairs, cache: Path) -> None:
    ways = {
        "f32": compiled(network(name, cache), ov.Type.f32),
        "bf16": compiled(network(name, cache), ov.Type.bf16),
        "int8": compiled(quantised(network(name, cache), crops), ov.Type.f32),
    }
    exact = described(ways["f32"], crops)
    for way, run in ways.items():
        vectors = described(run, crops)
        left, right = vectors[pairs.samples[:, 0]], vectors[pairs.samples[:, 1]]
        similarity = np.asarray((left * right).sum(axis=1), np.float32)
        cosine = (vectors * exact).sum(axis=1)
        scores = f"{accuracy(similarity, pairs.same):.4f} | {passing(similarity, pairs.same):.4f}"
        speed = f"{milliseconds(run, crops):.1f}"
        print(
            f"| {name} | {way} | {speed} | {cosine.mean():.4f} | {cosine.min():.4f} | {scores} |", flush=True
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--models", default="sface,facenet")
    parser.add_argument(
        "--cache", type=Path, help="a cache folder of faceindex, with weights that were fetched"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache = arguments.cache or Path(folder)
        samples = gather(arguments.photos, None, make_detector(cache))
        pairs = make_pairs(samples)
        print("| model | arithmetic | ms a face | cosine to f32 | at worst | accuracy | pass at 1 in 1000 |")
        print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
        for name in arguments.models.split(","):
            crops = np.stack([cut(sample.photo, sample.face, spec(name).crop) for sample in samples])
            print_scores(name, crops, pairs, cache)


if __name__ == "__main__":
    main()

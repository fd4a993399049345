"""How close each stage of a scan comes to what this machine allows, on one core.

    python -m benchmarks.limits LIBRARY [--photos 20] [--model sface]

First the machine: a large matrix product in f32 and bf16, a copy in memory, and the decoding of a JPEG at
each scale. Then each stage on the photos of LIBRARY, one thread each: what it has to do (multiply-adds of
the networks, counted in their graphs; bytes that must be read and written), how long that takes at the
measured rates, and how long it took.
"""

import argparse
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import openvino as ov
import simplejpeg
from openvino import opset13 as op

from benchmarks.found_faces import photos_under
from benchmarks.process import CACHE, machine, print_table
from benchmarks.random_weights import ensure_weights
from pipeline.decoding.decode import decode
from pipeline.decoding.format_reader import MemoryNeeded
from pipeline.decoding.reader_messages import DecodeRequest
from pipeline.decoding.readers import readable_format
from pipeline.description.crop import cut, scale_needed
from pipeline.description.embedder import Embedder, load_embedder
from pipeline.detection.mtcnn_detector import MtcnnDetector
from pipeline.detection.mtcnn_networks import OUTPUT_BATCH, REFINE_BATCH, TILE, Mtcnn
from pipeline.detection.mtcnn_patches import patches
from pipeline.detection.pyramid import WINDOW, fill, plan
from pipeline.detection.shrinking import shrunk
from pipeline.detection.turned_image import TurnedImage
from pipeline.models.registry import spec
from pipeline.models.runtime import Precision, RuntimeOptions, has_native_bf16
from pipeline.models.weights import WeightsStore
from pipeline.platform_support import open_content
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import U8, DecodedPhoto, DetectedFace, PhotoFile, Size

SIDE = 2048
"""Of the matrices multiplied: large enough for the full rate, small enough for a second."""
COPY_BYTES = 256 * 1024 * 1024


def seconds(action: Callable[[], object], repeats: int = 5) -> float:
    """The median time of an action, after one that does not count."""
    action()
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def product_rate(precision: Precision) -> float:
    """Multiply-adds a second of a large matrix product on one core."""
    a = op.parameter([SIDE, SIDE], np.float32)
    rng = np.random.default_rng(0)
    weights = op.constant(rng.standard_normal((SIDE, SIDE), np.float32))
    model = ov.Model([op.matmul(a, weights, False, False).output(0)], [a], "product")
    kind = ov.Type.bf16 if precision == "bf16" else ov.Type.f32
    compiled = ov.Core().compile_model(
        model, "CPU", {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": kind}
    )
    request, matrix = compiled.create_infer_request(), rng.standard_normal((SIDE, SIDE), np.float32)
    return float(SIDE**3 / seconds(lambda: request.infer({0: matrix}, share_inputs=True)))


def copy_rate() -> float:
    """Bytes a second that one core reads and writes in a copy: twice the bytes copied."""
    source = np.ones(COPY_BYTES, np.uint8)
    target = np.empty_like(source)
    return 2 * COPY_BYTES / seconds(lambda: np.copyto(target, source))


def decode_times(photo: Path) -> dict[int, float]:
    """Seconds that libjpeg-turbo takes to decode a JPEG at 1, 1/2, 1/4 and 1/8."""
    content = photo.read_bytes()
    height, width, *_ = simplejpeg.decode_jpeg_header(content)
    pixels = np.empty((height, width, 3), np.uint8)

    def decode(divisor: int) -> None:
        rows, columns = -(-height // divisor), -(-width // divisor)
        simplejpeg.decode_jpeg(content, "RGB", min_height=rows, min_width=columns, buffer=pixels)

    return {divisor: seconds(partial(decode, divisor)) for divisor in (1, 2, 4, 8)}


def multiply_adds(graph: Path, batch: int) -> int:
    """Multiply-adds of a network for one input of a batch, counted in its graph."""
    model = ov.Core().read_model(graph)
    model.reshape([batch, *list(model.input().get_partial_shape())[1:]])
    total = 0
    for node in model.get_ops():
        if node.get_type_name() not in ("Convolution", "GroupConvolution", "MatMul"):
            continue
        outputs = int(np.prod(list(node.output(0).get_shape())))
        weights = list(node.input_value(1).get_shape())
        if node.get_type_name() == "MatMul":
            total += outputs * list(node.input_value(0).get_shape())[-1]
        else:  # all of a kernel but its output channels
            total += outputs * int(np.prod(weights[2 if len(weights) == 5 else 1 :]))
    return total // batch


@dataclass(slots=True)
class Stages:
    """Seconds and work of each stage, added up."""

    seconds: defaultdict[str, float]
    least: defaultdict[str, float]

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Count the body as time of a stage."""
        started = time.perf_counter()
        yield
        self.seconds[stage] += time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class Rates:
    """What this machine allows on one core, and what the networks ask for."""

    products: dict[str, float]
    copied: float
    operations: dict[str, int]


class Measured:
    """The stages of a scan, one after the other, each timed."""

    def __init__(self, networks: Mtcnn, embedder: Embedder, rates: Rates, precision: Precision) -> None:
        self._networks = networks
        self._detector = MtcnnDetector(networks)
        self._embedder = embedder
        self._rates = rates
        self._fast = rates.products[precision]
        self._exact = rates.products["f32"]
        self.stages = Stages(defaultdict(float), defaultdict(float))

    def run(self, path: Path) -> None:
        """Look at one photo."""
        stat = path.stat()
        file = PhotoFile(os.fsencode(path), stat.st_size, stat.st_mtime_ns)
        with OpenPhoto(file) as photo:
            with self.stages.time("hash"):
                photo.digest()
            self.stages.least["hash"] += stat.st_size / self._rates.copied
            with self.stages.time("decode"):
                decoded = _decoded(photo, 1600)
            faces = self._detect(decoded)
            needed = max((scale_needed(face, self._embedder.protocol) for face in faces), default=0.0)
            source = decoded
            if needed > decoded.scale:
                long_edge = int(max(decoded.size.width, decoded.size.height) * needed)
                with self.stages.time("decode"):
                    source = _decoded(photo, long_edge)
            self._describe(source, faces)

    def _detect(self, decoded: DecodedPhoto) -> tuple[DetectedFace, ...]:
        with self.stages.time("shrink"):
            copy = shrunk(decoded.pixels, 1600)
        self.stages.least["shrink"] += (decoded.pixels.nbytes + copy.nbytes) / self._rates.copied
        self._pyramid(copy)
        self._refine(copy)
        return self._detector.detect(decoded)

    def _pyramid(self, copy: U8) -> None:
        pyramid = plan(Size(copy.shape[1], copy.shape[0]), WINDOW / 20, TILE)
        with self.stages.time("pyramid"):
            tiles = fill(pyramid, copy, TILE)
        # The image is read once, and the tiles are written.
        self.stages.least["pyramid"] += (copy.nbytes + tiles.nbytes) / self._rates.copied
        with self.stages.time("P-Net"):
            for tile in tiles:
                self._networks.propose(tile)
        self.stages.least["P-Net"] += len(tiles) * self._rates.operations["pnet"] / self._fast

    def _refine(self, copy: U8) -> None:
        boxes = self._detector.propose(copy)
        for name, side, run, batch in (
            ("R-Net", 24, self._networks.refine, REFINE_BATCH),
            ("O-Net", 48, self._networks.output_network.output, OUTPUT_BATCH),
        ):
            cut_out = patches(copy, boxes, side)
            with self.stages.time(name):
                run(cut_out)
            runs = max(len(cut_out), 1)
            self.stages.least[name] += runs * self._rates.operations[name[0].lower() + "net"] / self._exact
            boxes = self._detector.refine([TurnedImage(copy)], [boxes])[0] if batch == REFINE_BATCH else boxes

    def _describe(self, source: DecodedPhoto, faces: Sequence[DetectedFace]) -> None:
        with self.stages.time("crop"):
            crops = [cut(source, face, self._embedder.protocol) for face in faces]
        if crops:
            with self.stages.time("describe"):
                self._embedder.embed(np.stack(crops))
            operations = len(crops) * self._rates.operations["descriptor"]
            self.stages.least["describe"] += operations / self._fast


class OwnMemory:
    """Memory of this process for decoded pixels."""

    def prepare(self, needed: MemoryNeeded) -> None:
        """Nothing is to be asked for."""

    def canvas(self, height: int, width: int) -> U8:
        """A new array."""
        return np.empty((height, width, 3), np.uint8)


def _decoded(photo: OpenPhoto, long_edge: int) -> DecodedPhoto:
    """As a reader process decodes it; what passing it between processes costs is not in this table."""
    request = DecodeRequest("", photo.length, readable_format(photo), long_edge, 400_000_000)
    with open_content(photo.length, os.dup(photo.descriptor())) as stream:
        picture = decode(stream, request, OwnMemory())
    return DecodedPhoto(
        photo.file,
        photo.digest(),
        picture.size,
        picture.taken_at,
        picture.pixels,
        picture.scale,
        picture.picture,
    )


def graph_of(cache: Path, name: str) -> Path:
    """The newest cached graph of a network."""
    return max((cache / "graphs").glob(f"{name}-*.xml"), key=lambda path: path.stat().st_mtime)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", type=Path)
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--model", default="sface")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    ensure_weights(args.model, CACHE)
    precision: Precision = "bf16" if has_native_bf16() else "f32"
    options = RuntimeOptions(CACHE, threads=1, streams=1, precision=precision)
    networks = Mtcnn(options)
    embedder = load_embedder(spec(args.model), WeightsStore(CACHE), options)
    photos = photos_under(args.library)[: args.photos]
    print(f"{len(photos)} photos, {args.model}, {precision}; {machine()}\n")
    rates = Rates(
        {"f32": product_rate("f32"), "bf16": product_rate("bf16")},
        copy_rate(),
        {name: multiply_adds(graph_of(CACHE, name), 1) for name in ("pnet", "rnet", "onet")}
        | {"descriptor": multiply_adds(graph_of(CACHE, args.model), 1)},
    )
    decoding = decode_times(photos[0])
    print_machine(rates, decoding)
    Measured(networks, embedder, rates, precision).run(photos[0])
    measured = Measured(networks, embedder, rates, precision)
    for photo in photos:
        measured.run(photo)
    print_stages(measured.stages, rates, len(photos), decoding[2])


def print_machine(rates: Rates, decoding: dict[int, float]) -> None:
    lines = [
        [f"product, {name}", f"{rate / 1e9:.0f} G multiply-adds/s"] for name, rate in rates.products.items()
    ]
    lines.append(["copy in memory", f"{rates.copied / 1e9:.1f} GB/s"])
    lines += [[f"decode a JPEG at 1/{d}", f"{1000 * s:.0f} ms"] for d, s in decoding.items()]
    print_table(["one core", ""], lines)
    print()


def print_stages(stages: Stages, rates: Rates, photos: int, decode: float) -> None:
    stages.least["decode"] = decode * photos  # what libjpeg-turbo alone needs at 1/2
    lines = []
    for stage, spent in stages.seconds.items():
        least = stages.least.get(stage, 0.0)
        share = f"{100 * least / spent:.0f} %" if least else "-"
        lines.append([stage, f"{1000 * least / photos:.1f}", f"{1000 * spent / photos:.1f}", share])
    total = sum(stages.seconds.values())
    lines.append(
        ["all", f"{1000 * sum(stages.least.values()) / photos:.1f}", f"{1000 * total / photos:.1f}", ""]
    )
    print_table(["stage", "at the limit, ms a photo", "measured, ms a photo", "of the limit"], lines)
    print(
        "\nMillion multiply-adds: "
        + ", ".join(f"{name} {count / 1e6:.1f}" for name, count in rates.operations.items())
    )


if __name__ == "__main__":
    main()

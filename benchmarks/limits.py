"""How close each stage of a scan comes to what this machine allows, on one core.

    python -m benchmarks.limits LIBRARY [--photos 20] [--model sface] [--detector NAME] [--precision auto]

First the machine: a large product of matrices in each arithmetic, and a copy in memory. Then each stage on
the photos of LIBRARY, in one thread, with any detector: what it has to do, how long that takes at the
measured rates, and how long it took. All times are of the processor: other programs disturb them little.

- A network must multiply and add as often as its graph says, counted anew for each shape of input, and read
  its weights and its input once for each batch; whichever takes longer is its limit. (Winograd's convolutions
  of 3 x 3 multiply less often, so such a network can pass it.)
- Decoding must take what libjpeg-turbo takes at the smallest of its scales that is fine enough for the faces.
- Any other stage must read the bytes that it is given.

The photos are looked at twice; the second time counts.
"""

import argparse
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import openvino as ov
import simplejpeg
from numpy.typing import NDArray
from openvino import opset13 as op

from benchmarks.found_faces import photos_under
from benchmarks.process import CACHE, machine, print_table
from benchmarks.random_weights import ensure_weights
from faceindex import Settings
from pipeline.decoding.decode import decode
from pipeline.decoding.format_reader import MemoryNeeded
from pipeline.decoding.process.reader_messages import DecodeRequest
from pipeline.decoding.readers import readable_format
from pipeline.description.crop import scale_needed, wants_full_size
from pipeline.description.embedder import Embedder, load_embedder
from pipeline.description.quality import crop_and_assess
from pipeline.detection.detector import Detector
from pipeline.detection.detectors import load_detector
from pipeline.models.int8 import Int8Layer, has_exact_int8, quantise
from pipeline.models.registry import spec
from pipeline.models.runtime import InferRequests, Precision, RuntimeOptions, has_native_bf16
from pipeline.models.weights import WeightsStore
from pipeline.platform_support import open_content
from pipeline.sources.photo_file_access import OpenPhoto
from pipeline.values import F32, U8, DecodedPhoto, DetectedFace, PhotoFile

CHANNELS, SIDE, LAYERS = 512, 28, 8
"""Of the network that gives the rate of products: convolutions of 1 x 1 are nothing but products of matrices,
these fit the cache, and they follow one another without a change of layout."""
COPY_BYTES = 256 * 1024 * 1024


def seconds(action: Callable[[], object], repeats: int = 5) -> float:
    """The median processor time of an action, after one that does not count."""
    action()
    times = []
    for _ in range(repeats):
        started = time.process_time()
        action()
        times.append(time.process_time() - started)
    return statistics.median(times)


def product_rate(kind: str) -> float:
    """Multiply-adds a second of large products on one core."""
    rng = np.random.default_rng(0)
    given = op.parameter([1, CHANNELS, SIDE, SIDE], np.float32)
    output = given
    for _ in range(LAYERS):
        weights = rng.standard_normal((CHANNELS, CHANNELS, 1, 1), np.float32) / np.float32(CHANNELS)
        output = op.convolution(output, op.constant(weights), [1, 1], [0, 0], [0, 0], [1, 1])
    model = ov.Model([output.output(0)], [given], "product")
    if kind == "int8":
        every = np.ones(CHANNELS, np.float32)
        steps = rng.integers(-127, 128, (CHANNELS, CHANNELS), np.int8)
        model = quantise(model, [Int8Layer(-every, every, steps, every / np.float32(127))] * LAYERS)
    hint = ov.Type.bf16 if kind == "bf16" else ov.Type.f32
    config = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": hint}
    request = ov.Core().compile_model(model, "CPU", config).create_infer_request()
    pixels = rng.standard_normal((1, CHANNELS, SIDE, SIDE), np.float32)
    multiplied = LAYERS * CHANNELS**2 * SIDE**2
    return float(multiplied / seconds(lambda: request.infer({0: pixels}, share_inputs=True)))


def copy_rate() -> float:
    """Bytes a second that one core reads and writes in a copy: twice the bytes copied."""
    source = np.ones(COPY_BYTES, np.uint8)
    target = np.empty_like(source)
    return 2 * COPY_BYTES / seconds(lambda: np.copyto(target, source))


@dataclass(frozen=True, slots=True)
class Rates:
    """What this machine does in a second on one core.

    Attributes:
        products: Multiply-adds by arithmetic.
        copied: Bytes read and written in a copy.
    """

    products: dict[str, float]
    copied: float


@dataclass(frozen=True, slots=True)
class Work:
    """What a network does for one batch.

    Attributes:
        plain: Multiply-adds in floats.
        int8: Multiply-adds in 8 bits.
        weights: Bytes.
    """

    plain: int
    int8: int
    weights: int


def work_of(graph: Path, shape: Sequence[int]) -> Work:
    """Count in a network's graph what it does for an input of a shape."""
    model = ov.Core().read_model(graph)
    model.reshape(list(shape))
    plain = int8 = 0
    for node in model.get_ops():
        kind = node.get_type_name()
        if kind not in ("Convolution", "GroupConvolution", "MatMul"):
            continue
        outputs = int(np.prod(list(node.output(0).get_shape())))
        weights = list(node.input_value(1).get_shape())
        if kind == "MatMul":
            each = list(node.input_value(0).get_shape())[-1]
        else:  # all of a kernel but its output channels
            each = int(np.prod(weights[2 if kind == "GroupConvolution" else 1 :]))
        if node.input_value(0).get_node().get_type_name() == "FakeQuantize":
            int8 += outputs * each
        else:
            plain += outputs * each
    return Work(plain, int8, graph.with_suffix(".bin").stat().st_size)


@dataclass(slots=True)
class Stages:
    """Seconds of each stage, taken and at the limit, and the multiply-adds of each network, added up."""

    taken: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    least: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    multiply_adds: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Count the body as time of a stage, without the networks that it runs."""
        started, networks = time.process_time(), self._networks()
        yield
        self.taken[stage] += time.process_time() - started - (self._networks() - networks)

    def _networks(self) -> float:
        return sum(self.taken[name] for name in self.multiply_adds)


class Counter:
    """Counts what each network does, and how long it takes, whoever runs it."""

    def __init__(self, rates: Rates, *, int8: bool) -> None:
        self.stages = Stages()
        self._rates = rates
        self._graphs = graphs(int8=int8)
        self._work: dict[tuple[str, tuple[int, ...]], tuple[str, Work]] = {}
        self._infer = InferRequests.infer

    def install(self) -> None:
        """Have every inference of this process counted."""
        counter = self

        def infer(self: InferRequests, inputs: NDArray[Any]) -> list[F32]:
            return counter.counted(self, inputs)

        InferRequests.infer = infer  # type: ignore[method-assign]

    def counted(self, requests: InferRequests, inputs: NDArray[Any]) -> list[F32]:
        """Run a network, and add what it did."""
        started = time.process_time()
        answer = self._infer(requests, inputs)
        taken = time.process_time() - started
        network = requests._network
        own, hint = network.get_property("NETWORK_NAME"), network.get_property("INFERENCE_PRECISION_HINT")
        if (own, inputs.shape) not in self._work:
            graph = self._graphs[own]
            self._work[own, inputs.shape] = graph.name.split("-")[0], work_of(graph, inputs.shape)
        name, work = self._work[own, inputs.shape]
        products = self._rates.products
        kind = "bf16" if hint == ov.Type.bf16 else "f32"
        multiplied = work.plain / products[kind] + work.int8 / products["int8"]
        self.stages.multiply_adds[name] += work.plain + work.int8
        self.stages.taken[name] += taken
        self.stages.least[name] += max(multiplied, (work.weights + inputs.nbytes) / self._rates.copied)
        return answer


def graphs(*, int8: bool) -> dict[str, Path]:
    """The newest cached graph of each network, in 8 bits or not, by the name that it has in OpenVINO."""
    files = sorted((CACHE / "graphs").glob("*.xml"), key=lambda path: path.stat().st_mtime)
    files.sort(key=lambda path: ("-int8" in path.name) == int8)
    return {ov.Core().read_model(file).get_friendly_name(): file for file in files}


class Measured:
    """The stages of a scan, one after the other, each timed."""

    def __init__(self, detector: Detector, long_edge: int, embedder: Embedder, counter: Counter) -> None:
        self._detector = detector
        self._long_edge = long_edge
        self._embedder = embedder
        self._counter = counter

    def run(self, path: Path, rates: Rates) -> None:
        """Look at one photo."""
        stages = self._counter.stages
        stat = path.stat()
        with OpenPhoto(PhotoFile(os.fsencode(path), stat.st_size, stat.st_mtime_ns)) as photo:
            with stages.time("hash"):
                photo.digest()
            stages.least["hash"] += stat.st_size / rates.copied
            whole = wants_full_size(self._embedder.protocol)
            with stages.time("decode"):
                decoded = decoded_here(photo, None if whole else self._long_edge)
            with stages.time("detect, beside networks"):
                faces = self._detector.detect(decoded)
            stages.least["detect, beside networks"] += decoded.pixels.nbytes / rates.copied
            source, needed = decoded, self._scale_needed(faces)
            if needed > decoded.scale:
                with stages.time("decode"):
                    source = decoded_here(photo, int(max(decoded.size.width, decoded.size.height) * needed))
            least = max(needed, self._long_edge / max(decoded.size.width, decoded.size.height))
            stages.least["decode"] += turbo_seconds(path, 1.0 if whole else min(least, 1.0))
            self._describe(source, faces)

    def _scale_needed(self, faces: Sequence[DetectedFace]) -> float:
        return max((scale_needed(face, self._embedder.protocol) for face in faces), default=0.0)

    def _describe(self, source: DecodedPhoto, faces: Sequence[DetectedFace]) -> None:
        stages = self._counter.stages
        with stages.time("crop and assess"):
            crops = [crop_and_assess(source, face, self._embedder.protocol) for face in faces]
        if crops:
            with stages.time("describe, beside networks"):
                self._embedder.embed(np.stack([crop.pixels for crop in crops]))


def turbo_seconds(path: Path, scale: float) -> float:
    """Seconds that libjpeg-turbo takes for a JPEG at its smallest scale from ``scale`` on; else none."""
    if path.suffix.lower() not in (".jpg", ".jpeg"):
        return 0.0
    content = path.read_bytes()
    height, width, *_ = simplejpeg.decode_jpeg_header(content)
    pixels = np.empty((height, width, 3), np.uint8)
    rows, columns = int(height * scale), int(width * scale)

    def decode_all() -> None:
        simplejpeg.decode_jpeg(content, "RGB", min_height=rows, min_width=columns, buffer=pixels)

    return seconds(decode_all, repeats=1)


class OwnMemory:
    """Memory of this process for decoded pixels."""

    def prepare(self, needed: MemoryNeeded) -> None:
        """Nothing is to be asked for."""

    def canvas(self, height: int, width: int) -> U8:
        """A new array."""
        return np.empty((height, width, 3), np.uint8)


def decoded_here(photo: OpenPhoto, long_edge: int | None) -> DecodedPhoto:
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("library", type=Path)
    parser.add_argument("--photos", type=int, default=20)
    parser.add_argument("--model", default="sface")
    parser.add_argument("--detector")
    parser.add_argument("--precision", choices=["auto", "f32"], default="auto")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    ensure_weights(args.model, CACHE)
    fastest = args.precision == "auto"
    precision: Precision = "bf16" if fastest and has_native_bf16() else "f32"
    options = RuntimeOptions(CACHE, threads=1, streams=1, precision=precision, int8=fastest)
    detection = Settings.load(detector=args.detector).detection
    rates = Rates({kind: product_rate(kind) for kind in ("f32", "bf16", "int8")}, copy_rate())
    print_machine(rates)
    networks = load_detector(detection, options), detection.long_edge
    embedder = load_embedder(spec(args.model), WeightsStore(CACHE), options)
    photos = photos_under(args.library)[: args.photos]
    int8 = fastest and has_exact_int8()
    counter = Counter(rates, int8=int8)
    counter.install()
    measured = Measured(*networks, embedder, counter)
    for _ in range(2):
        counter.stages = Stages()
        for photo in photos:
            measured.run(photo, rates)
    arithmetic = f"{precision}, 8 bits" if int8 else precision
    print(f"{len(photos)} photos, {detection.detector}, {args.model}, {arithmetic}\n")
    print_stages(counter.stages, len(photos))


def print_machine(rates: Rates) -> None:
    lines = [
        [f"product, {name}", f"{rate / 1e9:.0f} G multiply-adds/s"] for name, rate in rates.products.items()
    ]
    lines.append(["copy in memory", f"{rates.copied / 1e9:.1f} GB/s"])
    print_table([f"one core of {machine()}", ""], lines)
    print()


def print_stages(stages: Stages, photos: int) -> None:
    lines = []
    for stage, taken in stages.taken.items():
        least, million = stages.least.get(stage, 0.0), stages.multiply_adds.get(stage, 0) / 1e6 / photos
        lines.append(row(stage, f"{million:,.0f}" if million else "", least, taken, photos))
    lines.append(row("all", "", sum(stages.least.values()), sum(stages.taken.values()), photos))
    print_table(
        ["stage", "million multiply-adds a photo", "at the limit, ms", "measured, ms", "of the limit"], lines
    )


def row(name: str, million: str, least: float, taken: float, photos: int) -> list[str]:
    share = f"{100 * least / taken:.0f} %" if least else "-"
    return [name, million, f"{1000 * least / photos:.1f}", f"{1000 * taken / photos:.1f}", share]


if __name__ == "__main__":
    main()

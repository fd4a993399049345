"""The stacks: each looks at the photos of a folder in a process of its own; what it took and found."""

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import numpy as np

from benchmarks.found_faces import Boxes, upright, with_copies
from benchmarks.peers.environment import (
    FACE_RECOGNITION,
    OPENCV,
    InstallationFailed,
    Packages,
    python_with,
)
from benchmarks.process import CACHE, run
from pipeline.models.runtime import has_native_bf16
from pipeline.values import F32

EDGES = (640, 1024, 1600)
"""Long edges of the copies in which OpenCV's stack seeks faces."""

KINDS = ("opencv", "face_recognition", "tutorials")

TUTORIALS = "the tutorials' stack"

Precision: TypeAlias = Literal["auto", "f32"]
"""What is asked for: auto is bf16 where the processor multiplies it, else f32."""

Vectors = dict[Path, F32]
"""The descriptors of each photo, float32 [N, D], as the network gives them, in the order of its boxes."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """One process of one stack.

    Attributes:
        photos: How many it looked at.
        seconds: Without loading.
        whole: Seconds of the whole process.
        processor: Seconds of all cores together, of the whole process.
        peak_bytes: The most memory that its processes held together.
        boxes: What was found; empty where that was not asked for.
        vectors: The descriptors, where they were asked for.
        stages: Seconds of each stage, of all threads together; of faceindex alone.
    """

    photos: int
    seconds: float
    whole: float
    processor: float
    peak_bytes: int
    boxes: Boxes
    vectors: Vectors
    stages: Mapping[str, float] = field(default_factory=dict)

    @property
    def speed(self) -> float:
        """Photos a second, without loading."""
        return self.photos / self.seconds

    def whole_for(self, photos: int) -> float:
        """Seconds of a whole process that looks at so many photos: it loads once, however many they are."""
        return self.whole - self.seconds + self.seconds / self.photos * photos


class Stack(Protocol):
    """Something that finds and describes faces."""

    @property
    def name(self) -> str:
        """Its row in the tables."""

    def look(
        self, folder: Path, photos: Sequence[Path], *, notes: bool = False, vectors: bool = False
    ) -> Run:
        """Look at the photos of a folder, which are all that it has; a slow stack may look at those alone.

        ``notes`` asks for boxes, ``vectors`` for descriptors as well.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Peer:
    """A script of another stack, run as it is and listened to.

    Attributes:
        kind: What is listened to, see ``benchmarks.peers.listener``.
        python: The interpreter that has its packages.
        turns: Whether it turns photos upright by what their EXIF data says.
    """

    name: str
    kind: str
    script: Path
    python: Path
    environment: Mapping[str, str]
    turns: bool
    options: tuple[str, ...] = ()

    def look(
        self, folder: Path, photos: Sequence[Path], *, notes: bool = False, vectors: bool = False
    ) -> Run:
        """Look at photos, see ``Stack``."""
        listener = [str(self.python), "-m", "benchmarks.peers.listener", self.kind, str(self.script)]
        paths = map(str, photos) if self.kind == "tutorials" else [str(folder)]
        with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as file:
            asked = [file.name, *(["--vectors"] if vectors else []), *paths, *self.options]
            finished = run([*listener, *asked], self.environment)
            # It warms up on photos that it looks at again.
            found = {Path(each["photo"]): each for each in map(json.loads, file)}
        said = json.loads(finished.output.strip().splitlines()[-1])
        boxes = {photo: each["boxes"] for photo, each in found.items()}
        if set(boxes) != set(photos) or sum(map(len, boxes.values())) != said["faces"]:
            raise SystemExit(f"{self.script} says that it found {said['faces']} faces: others were noted")
        if not self.turns:
            boxes = {photo: [upright(photo, box) for box in each] for photo, each in boxes.items()}
        return Run(
            photos=said["photos"],
            seconds=said["photos"] / said["photos_per_second"],
            whole=finished.seconds,
            processor=finished.processor_seconds,
            peak_bytes=finished.peak_bytes,
            boxes=boxes,
            vectors={photo: np.array(each["vectors"], np.float32) for photo, each in found.items()},
        )


@dataclass(frozen=True, slots=True)
class Faceindex:
    """``faceindex scan`` into a new library.

    Its time leaves out the stage ``load``, but for what each worker decodes meanwhile, a photo. The start of
    its readers and the first use of each network stay in, where the other stacks look at two photos before
    their clock starts.
    """

    model: str
    precision: Precision
    cache: Path

    @property
    def name(self) -> str:
        """Its row in the tables."""
        precision = "bf16" if self.precision == "auto" and has_native_bf16() else "f32"
        return f"`faceindex`, `{self.model}`, {precision}"

    def look(
        self, folder: Path, photos: Sequence[Path], *, notes: bool = False, vectors: bool = False
    ) -> Run:
        """Look at photos, see ``Stack``."""
        with tempfile.TemporaryDirectory() as place:
            environment = {
                "FACEINDEX_LIBRARY": f"{place}/library.db",
                "FACEINDEX_CACHE_DIR": str(self.cache),
                "FACEINDEX_PRECISION": self.precision,
            }
            command = [sys.executable, "-m", "faceindex", "--quiet"]
            finished = run([*command, "scan", "--json", "--model", self.model, str(folder)], environment)
            boxes: Boxes = {}
            found: Vectors = {}
            if notes or vectors:
                export = Path(place, "faces.npz")
                run([*command, "export", "--format", "npz", str(export)], environment)
                boxes, found = exported(export, photos)
        summary = json.loads(finished.output.strip().splitlines()[-1])
        stages: dict[str, float] = summary["stages"]
        decoding = stages["decode"] / summary["photos"]["indexed"]
        return Run(
            photos=summary["photos"]["seen"],
            seconds=summary["seconds"] - max(0, stages["load"] - decoding),
            whole=finished.seconds,
            processor=finished.processor_seconds,
            peak_bytes=finished.peak_bytes,
            boxes=boxes,
            vectors=found,
            stages=stages,
        )


def exported(file: Path, photos: Sequence[Path]) -> tuple[Boxes, Vectors]:
    """Read the faces of an exported library."""
    with np.load(file) as arrays:
        paths = np.array(arrays["photo"])
        rows = {path: np.flatnonzero(paths == path) for path in dict.fromkeys(paths.tolist())}
        boxes = {Path(path): arrays["box"][each].tolist() for path, each in rows.items()}
        vectors = {Path(path): arrays["descriptors"][each] for path, each in rows.items()}
    return with_copies(boxes, photos, []), with_copies(vectors, photos, np.empty((0, 0), np.float32))


def available_peers(kinds: Sequence[str], tools: Path, weights: Path | None) -> Iterator[Peer]:
    """Yield stacks of some kinds, with what they need installed, or say that one lacks it and is left out.

    The tutorials' stack runs in the environment of faceindex, which depends on all its packages: TensorFlow
    alone takes 2 GB. It describes faces with random weights unless ``weights`` has real ones.
    """
    if "opencv" in kinds and (python := installed("OpenCV", OPENCV)):
        for edge in EDGES:
            name = f"OpenCV's YuNet and SFace at {edge:,} pixels"
            yield Peer(name, "opencv", tools / "opencv_stack.py", python, {"EDGE": str(edge)}, turns=True)
    if "face_recognition" in kinds and (python := installed("face_recognition", FACE_RECOGNITION)):
        script = tools / "face_recognition_stack.py"
        yield Peer("face_recognition (dlib)", "face_recognition", script, python, {}, turns=False)
    if "tutorials" in kinds:
        options = ("--weights", str(weights)) if weights else ()
        script, quiet = tools / "seed_stack.py", {"TF_CPP_MIN_LOG_LEVEL": "3"}
        yield Peer(TUTORIALS, "tutorials", script, Path(sys.executable), quiet, turns=False, options=options)


def installed(name: str, packages: Packages) -> Path | None:
    try:
        return python_with(packages, CACHE / "environments" / name.lower())
    except InstallationFailed as error:
        print(f"{name} is left out, since it cannot be installed: {error}\n")
        return None

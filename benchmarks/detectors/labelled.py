"""Photos whose faces people have marked: by whoever published them, or by eye for this benchmark."""

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.detectors.case import SHARED, Case, Condition, KnownFace, as_photo, read_pixels, turned
from benchmarks.detectors.scenes import LFW, LFW_FACE, all_sources
from pipeline.values import Box

PHOTOS = SHARED / "photos"
LABELS = Path(__file__).with_name("labels.json")
"""What was seen by eye: boxes of all faces of the photos of some sets, ``others`` of dlib-faces that its own
labels leave out, and photos of Labeled Faces in the Wild with ``turned_heads``.

In the sets, hard faces are those of less than 12 pixels, seen so far from the side or from behind that one
eye at most is visible, half hidden, blurred beyond recognition, drawn or printed.
"""


def labelled_conditions(photos: int) -> Iterator[Condition]:
    """Every set, and groups turned as a scan may be; ``photos`` of Labeled Faces in the Wild."""
    yield Condition("labelled", "lfw, the middle face", partial(_lfw, photos))
    yield Condition("labelled", "lfw, turned heads", _turned_heads)
    yield Condition("labelled", "dlib-faces", _dlib)
    sets = sorted(json.loads(LABELS.read_text())["sets"])
    for name in sets:
        yield Condition("labelled", name, partial(_by_eye, [name], "faces"))
    yield Condition("labelled", "hard faces of these", partial(_by_eye, sets, "hard"))
    for turn in (90, 180, 270):
        yield Condition("labelled", f"groups, turned by {turn}°", partial(_turned_groups, turn))


def labelled_cases() -> Iterator[Case]:
    """Every photo of which all faces are labelled."""
    yield from _dlib()
    yield from _by_eye(sorted(json.loads(LABELS.read_text())["sets"]), "faces")


def _lfw(photos: int) -> Iterator[Case]:
    chosen = np.random.default_rng(3).permutation(len(all_sources()))[:photos]
    return (_lfw_case(all_sources()[number]) for number in sorted(chosen.tolist()))


def _turned_heads() -> Iterator[Case]:
    return (_lfw_case(path) for path in turned_heads())


def turned_heads() -> tuple[Path, ...]:
    """Photos of Labeled Faces in the Wild whose heads are turned farthest to a side."""
    return tuple(LFW / name for name in json.loads(LABELS.read_text())["turned_heads"])


def _lfw_case(path: Path) -> Case:
    return Case(path.name, as_photo(read_pixels(path)), (KnownFace(LFW_FACE),), complete=False)


def _dlib() -> Iterator[Case]:
    folder, others = PHOTOS / "dlib-faces", json.loads(LABELS.read_text())["others"]
    for listing in ("training.xml", "testing.xml"):
        for image in ElementTree.parse(folder / listing).getroot().iter("image"):  # noqa: S314 -- our own file
            faces = tuple(
                KnownFace(
                    Box(*(float(box.attrib[side]) for side in ("left", "top", "width", "height"))),
                    counted=box.attrib.get("ignore") != "1",
                )
                for box in image.iter("box")
            )
            name = image.attrib["file"]
            unlabelled = (KnownFace(Box(*box), counted=False) for box in others.get(name, []))
            yield Case(name, as_photo(read_pixels(folder / name)), (*faces, *unlabelled))


def _by_eye(sets: Sequence[str], counted: str) -> Iterator[Case]:
    """Read sets of which the faces, or the hard ones, are counted and the others are left out."""
    labels = json.loads(LABELS.read_text())["sets"]
    for photo, marked in (each for name in sets for each in labels[name].items()):
        faces = tuple(
            KnownFace(Box(*map(float, box)), counted=kind == counted)
            for kind in ("faces", "hard")
            for box in marked.get(kind, [])
        )
        if counted == "faces" or any(face.counted for face in faces):
            yield Case(photo, as_photo(read_pixels(PHOTOS / photo)), faces, complete=counted == "faces")


def _turned_groups(degrees: int) -> Iterator[Case]:
    return (turned(case, degrees) for case in _by_eye(["groups"], "faces"))

"""Compares detectors on photos whose faces are known, and prints one table.

    python -m benchmarks.detectors mtcnn yunet [--only labelled,size] [--photos 16] [--pictures FOLDER]
    python -m benchmarks.detectors mtcnn --quick

A detector is given as NAME, or as NAME:LONG_EDGE or NAME:LONG_EDGE:SMALLEST_FACE. Cells have the part of the
faces found, in percent; of made photos also the part found with landmarks in their places; and false faces a
photo, where all faces are known. With --pictures, photos with something missed (yellow) or false (red) are
written to FOLDER/CONDITION/DETECTOR; what was found is green.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.detectors.case import Case, Condition, as_photo, read_pixels
from benchmarks.detectors.empty import empty_conditions
from benchmarks.detectors.labelled import labelled_conditions
from benchmarks.detectors.loading import load
from benchmarks.detectors.made import (
    degraded_conditions,
    frame_conditions,
    size_conditions,
    tilt_conditions,
)
from benchmarks.detectors.matching import Matches, Tally, add
from benchmarks.detectors.recognition import recognition_rows
from benchmarks.detectors.speed import speed_rows
from benchmarks.labelled_photos import off_centre
from benchmarks.process import machine, print_table
from pipeline.detection.detector import Detector
from pipeline.values import F32, DetectedFace

GROUPS = ("labelled", "size", "tilt", "degraded", "frame", "empty", "recognition", "speed")
Places = Mapping[str, Mapping[Path, F32]]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("detectors", nargs="+")
    parser.add_argument("--only", default=",".join(GROUPS), help="of " + ",".join(GROUPS))
    parser.add_argument("--photos", type=int, default=16, help="made photos of a condition")
    parser.add_argument("--quick", action="store_true", help="few photos: a minute a detector")
    parser.add_argument("--precision", choices=("f32", "bf16"), default="f32")
    parser.add_argument("--pictures", type=Path)
    arguments = parser.parse_args()
    photos = 4 if arguments.quick else arguments.photos
    started = time.process_time()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as cache:
        detectors = {name: load(name, Path(cache), arguments.precision) for name in arguments.detectors}
        print(f"{arguments.precision}; {machine()}\n", flush=True)
        print_table(["", "faces", *detectors], [])
        for row in rows(arguments, photos, detectors, Path(cache)):
            print("| " + " | ".join(row) + " |", flush=True)
    print(f"\n{time.process_time() - started:.0f} s of processor time")


def rows(
    arguments: argparse.Namespace, photos: int, detectors: Mapping[str, Detector], cache: Path
) -> Iterator[list[str]]:
    """Measure what was asked for, row by row."""
    only, found = arguments.only.split(","), []
    for group, name, tallies in measured(conditions(only, photos), detectors, arguments.pictures):
        found.append((group, name, tallies))
        yield [f"{group}: {name}", f"{tallies[0].faces}", *(cell(tally) for tally in tallies)]
    yield from landmark_rows(found)
    if "recognition" in only:
        yield from recognition_rows(detectors, cache, 100 if arguments.quick else 800)
    if "speed" in only:
        yield from speed_rows(arguments.detectors, cache, 1 if arguments.quick else 3)


def conditions(only: Sequence[str], photos: int) -> Iterator[Condition]:
    """The chosen conditions, with about so many made photos each."""
    makers: dict[str, Callable[[], Iterator[Condition]]] = {
        "labelled": lambda: labelled_conditions(12 * photos),
        "size": lambda: size_conditions(photos),
        "tilt": lambda: tilt_conditions(photos),
        "degraded": lambda: degraded_conditions(photos),
        "frame": lambda: frame_conditions(photos),
        "empty": lambda: empty_conditions(photos),
    }
    for name, make in makers.items():
        if name in only:
            yield from make()


def measured(
    wanted: Iterable[Condition], detectors: Mapping[str, Detector], pictures: Path | None
) -> Iterator[tuple[str, str, list[Tally]]]:
    """Show each photo of each condition to every detector."""
    places = {name: _Places(detector) for name, detector in detectors.items()}
    for condition in wanted:
        tallies = {name: Tally() for name in detectors}
        for case in condition.cases():
            for name, detector in detectors.items():
                found = detector.detect(case.photo)
                matches = add(tallies[name], case, found, places[name].of(case))
                if pictures is not None:
                    folder = pictures / condition.group / condition.name.replace("/", "_") / name
                    draw(case, found, matches, folder)
        yield condition.group, condition.name, list(tallies.values())


class _Places:
    """Where a detector finds the landmarks in source photos, which it is shown when they are first asked for.

    A photo in which it misses the face is left out.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._known: dict[Path, F32 | None] = {}

    def of(self, case: Case) -> Mapping[Path, F32]:
        sources = {face.source for face in case.faces if face.source is not None}
        for source in sources - self._known.keys():
            photo = as_photo(read_pixels(source))
            faces = self._detector.detect(photo)
            middle = min(faces, key=lambda face: off_centre(photo, face), default=None)
            self._known[source] = None if middle is None else middle.landmarks
        known = {source: self._known[source] for source in sources}
        return {source: landmarks for source, landmarks in known.items() if landmarks is not None}


def cell(tally: Tally) -> str:
    """Such as ``98.3 / 97.0, 0.02``: found, found with landmarks in place, false a photo."""
    parts = [f"{100 * part:.1f}" for part in (tally.recall, tally.in_place) if part is not None]
    false = [] if tally.false_a_photo is None else [f"{tally.false_a_photo:.2f} false"]
    return ", ".join([*([" / ".join(parts)] if parts else []), *false])


def landmark_rows(found: Sequence[tuple[str, str, list[Tally]]]) -> Iterator[list[str]]:
    """How far landmarks are from their places, of all conditions of a group together."""
    for group in dict.fromkeys(group for group, _, tallies in found if any(each.errors for each in tallies)):
        columns = zip(*(tallies for name, _, tallies in found if name == group), strict=True)
        errors = [[error for tally in column for error in tally.errors] for column in columns]
        cells = [
            " / ".join(f"{100 * np.quantile(each, part):.1f}" for part in (0.5, 0.9)) if each else "-"
            for each in errors
        ]
        yield [f"landmarks off: {group}, median / 9 of 10, % of the eyes' distance", "", *cells]


def draw(case: Case, found: Sequence[DetectedFace], matches: Matches, folder: Path) -> None:
    """Write the photo if something in it was missed or is false."""
    missed = [face for number, face in enumerate(case.faces) if face.counted and number not in matches.hits]
    if not missed and not matches.false:
        return
    image = case.photo.pixels[..., ::-1].copy()
    marked = [(face.box, (0, 200, 0)) for face in found]
    marked += [(face.box, (0, 220, 255)) for face in missed]
    marked += [(found[number].box, (0, 0, 255)) for number in matches.false]
    for box, colour in marked:
        corner = (round(box.x * case.photo.scale), round(box.y * case.photo.scale))
        opposite = (
            round((box.x + box.w) * case.photo.scale),
            round((box.y + box.h) * case.photo.scale),
        )
        cv2.rectangle(image, corner, opposite, colour, 2)
    folder.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(folder / f"{Path(case.name).stem}.jpg"), image)


if __name__ == "__main__":
    main()

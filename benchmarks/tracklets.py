"""Whether the tracklets of films are right, on films made from photos of known people.

    python -m benchmarks.tracklets [--photos FOLDER] [--films 8] [--model sface] [--cache FOLDER]

Each film has four scenes with a hard cut between two: somebody moves, two people cross, photos of a person
follow each other, somebody is away for a while, somebody else takes the place, one dissolves into another,
four stand side by side, three are small. Some films are blurred, some dark. Frames are looked at once and
three times a second, and once more as if no cut were seen. Printed: of the people whose faces the detector
found in a scene, how many have a tracklet there; tracklets of two people; tracklets of people who have one
there already.
"""

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np

from benchmarks.labelled_photos import PHOTOS, SEED, WRONG_LABELS, make_detector, read
from benchmarks.process import print_table
from pipeline.description.embedder import Embedder, load_embedder
from pipeline.description.quality import crop_and_assess
from pipeline.detection.detector import Detector
from pipeline.models.registry import network_model, spec
from pipeline.models.runtime import RuntimeOptions
from pipeline.models.weights import WeightsStore
from pipeline.tracking.tracker import Likeness, Tracker, likeness_of
from pipeline.tracking.tracklet import Tracklet
from pipeline.values import U8, DecodedPhoto, Descriptor, PhotoFile, Size

SIZE = Size(960, 540)
RATE = 3
"""Frames a second that are made."""

SCENES = 4

Person: TypeAlias = Sequence[U8]
"""Photos of one person, uint8 [200, 200, 3]."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo is shown: its centre, its size as a share of its own, which photo, and how opaque."""

    x: float
    y: float
    scale: float
    photo: int = 0
    alpha: float = 1.0


Way: TypeAlias = Callable[[float], Place | None]
"""Where a person is at a share of a scene, 0 to 1; ``None`` while they are away."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """The faces of a frame, each with the number of its person if the detector found one there."""

    moment: float
    scene: int
    after_cut: bool
    faces: Sequence[tuple[Descriptor, int | None]]


def along(start: float, end: float, y: float, scale: float = 1.0, photos: int = 1) -> Way:
    """Move from left to right or back, while ``photos`` of the person follow each other."""
    return lambda u: Place(start + (end - start) * u, y + 8 * np.sin(9 * u), scale, int(u * photos))


def between(path: Way, begin: float, end: float) -> Way:
    return lambda u: path(u) if begin <= u <= end else None


def faded(path: Way, sign: int) -> Way:
    """Appear or vanish in the middle of the scene, in a fifth of its time."""

    def at(u: float) -> Place | None:
        place, alpha = path(u), float(np.clip(0.5 + sign * 5 * (u - 0.5), 0, 1))
        return None if place is None else Place(place.x, place.y, place.scale, place.photo, alpha)

    return at


def some_scene(rng: random.Random) -> list[Way]:
    """Return where each person of a scene is."""
    y, middle = rng.uniform(200, 340), along(400, 420, 270)
    scenes: list[list[Way]] = [
        [along(rng.uniform(150, 400), rng.uniform(400, 800), y, rng.uniform(0.5, 1.2))],
        [along(120, 840, y, 0.9), along(840, 120, y + 20, 0.9)],
        [along(300, 360, 270, photos=3), along(650, 640, 270, photos=4)],
        [lambda u: None if 0.3 < u < 0.7 else middle(u), along(750, 800, 250, 0.8)],
        [between(middle, 0, 0.4), between(middle, 0.6, 1)],
        [faded(middle, -1), faded(middle, 1)],
        [along(120 + 240 * n, 130 + 240 * n, rng.uniform(150, 400), 0.6, 1 + n % 2) for n in range(4)],
        [along(120 + 240 * n, 220 + 200 * n, rng.uniform(150, 400), 0.23) for n in range(3)],
    ]
    return rng.choice(scenes)


def drawn(background: U8, people: Sequence[tuple[Person, Place]]) -> U8:
    frame = background.copy()
    for photos, place in people:
        photo = photos[place.photo % len(photos)]
        side = max(8, round(place.scale * len(photo)))
        left, top = round(place.x - side / 2), round(place.y - side / 2)
        rows, columns = slice(max(0, top), top + side), slice(max(0, left), left + side)
        under = frame[rows, columns]
        small = cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA)
        small = small[rows.start - top :, columns.start - left :][: under.shape[0], : under.shape[1]]
        under[:] = place.alpha * small + (1 - place.alpha) * under
    return frame


def film(rng: random.Random, people: Sequence[Person], look: "Looker") -> Iterator[Seen]:
    """Make a film, and yield what is found in its frames."""
    grain = np.random.default_rng(rng.randrange(1000)).integers(
        0, 255, (SIZE.height, SIZE.width, 3), np.uint8
    )
    softened = cv2.GaussianBlur(grain, (0, 0), 25)
    background = np.asarray(cv2.normalize(softened, None, 20, 150, cv2.NORM_MINMAX), np.uint8)
    spoil, start = rng.choice((_clear, _clear, _clear, _blurred, _dark)), 0.0
    for scene in range(SCENES):
        paths = some_scene(rng)
        numbers, frames = rng.sample(range(len(people)), len(paths)), RATE * rng.randint(3, 9)
        for frame in range(frames):
            found = ((number, path(frame / frames)) for number, path in zip(numbers, paths, strict=True))
            shown = [(number, place) for number, place in found if place is not None]
            pixels = spoil(drawn(background, [(people[number], place) for number, place in shown]))
            yield Seen(start + frame / RATE, scene, frame == 0, look.at(pixels, shown))
        start += frames / RATE


def _clear(pixels: U8) -> U8:
    return pixels


def _blurred(pixels: U8) -> U8:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 2.2), np.uint8)


def _dark(pixels: U8) -> U8:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 1.2) * 0.2, np.uint8)


class Looker:
    """Finds and describes the faces of frames, and tells whose they are by where they are."""

    def __init__(self, detector: Detector, embedder: Embedder) -> None:
        self._detector = detector
        self._embedder = embedder

    def at(self, pixels: U8, shown: Sequence[tuple[int, Place]]) -> list[tuple[Descriptor, int | None]]:
        """Return faces, each with its person, or ``None`` for no face, or one of two people."""
        frame = DecodedPhoto(PhotoFile(b"", 0, 0), bytes(32), SIZE, None, pixels, 1.0, bytes(32))
        crops = [
            crop_and_assess(frame, face, self._embedder.protocol) for face in self._detector.detect(frame)
        ]
        if not crops:
            return []
        vectors = self._embedder.embed(np.stack([crop.pixels for crop in crops]))
        found = []
        for crop, vector in zip(crops, vectors, strict=True):
            box = crop.face.box
            x, y = box.x + box.w / 2, box.y + box.h / 2
            near = [number for number, place in shown if _is_at(place, x, y)]
            face = Descriptor(crop.face, crop.quality, self._embedder.model_id, vector)
            found.append((face, near[0] if len(near) == 1 else None))
        return found


def _is_at(place: Place, x: float, y: float) -> bool:
    reach = 200 * place.scale / 3
    return abs(x - place.x) < reach and abs(y - place.y) < reach


@dataclass(slots=True)
class Score:
    """Counts of some films."""

    people: int = 0
    found: int = 0
    joined: int = 0
    further: int = 0

    def add(self, frames: Sequence[Seen], likeness: Likeness, *, cuts: bool) -> None:
        """Join the faces of a film, and count what comes of it."""
        tracker, tracklets = Tracker(likeness), list[Tracklet]()
        whose = {id(face): (person, each.scene) for each in frames for face, person in each.faces}
        for each in frames:
            tracklets += tracker.close(None if cuts and each.after_cut else each.moment)
            tracker.add(each.moment, [face for face, _ in each.faces])
        tracklets += tracker.close()
        wanted = {key for key in whose.values() if key[0] is not None}
        had = Counter[tuple[int | None, int]]()
        for tracklet in tracklets:
            known = [whose[id(face)] for face in tracklet.faces if whose[id(face)][0] is not None]
            self.joined += len({person for person, _ in known}) > 1
            had.update(set(known[:1]))
        self.people += len(wanted)
        self.found += len(wanted & had.keys())
        self.further += had.total() - len(had)


def people_of(folder: Path) -> list[Person]:
    """Read the photos of everyone who has three."""
    found: list[Person] = []
    for person in sorted(path for path in folder.iterdir() if path.is_dir()):
        paths = [path for path in sorted(person.glob("*.jpg")) if path.name not in WRONG_LABELS]
        if len(paths) >= 3:
            found.append([read(path).pixels[25:225, 25:225] for path in paths[:4]])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, default=PHOTOS)
    parser.add_argument("--films", type=int, default=8)
    parser.add_argument("--model", default="sface")
    parser.add_argument("--cache", type=Path, help="a cache folder of faceindex")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        cache, model = arguments.cache or Path(folder), spec(arguments.model)
        embedder = load_embedder(model, WeightsStore(cache), RuntimeOptions(cache, threads=0, streams=1))
        look, people = Looker(make_detector(cache), embedder), people_of(arguments.photos)
        likeness = likeness_of(network_model(model).model_id)
        scores = {(step, cuts): Score() for cuts in (True, False) for step in (RATE, 1)}
        for number in range(arguments.films):
            frames = list(film(random.Random(SEED + number), people, look))  # noqa: S311
            for (step, cuts), score in scores.items():
                taken = [each for at, each in enumerate(frames) if at % step == 0 or each.after_cut]
                score.add(taken, likeness, cuts=cuts)
    lines = [
        [
            f"{RATE // step} a second, cuts {'seen' if cuts else 'not seen'}",
            *(f"{each:,}" for each in (score.people, score.found, score.joined, score.further)),
        ]
        for (step, cuts), score in scores.items()
    ]
    print_table(["frames", "people", "with a tracklet", "of two people", "further"], lines, of_numbers=True)


if __name__ == "__main__":
    main()

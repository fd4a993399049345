"""What HEIC, camera raw and films cost beside JPEG, and whether the same faces are found in them.

    python -m benchmarks.formats PHOTOS [--films PHOTO...] [--rounds 5] [--only stills|faces|films]

PHOTOS is a folder of photos of people. Pictures of 12 and 24 megapixels are made of them, side by side, in
several formats of the same pixels; the decoders take turns, medians count. Faces are sought in up to 12 of
the photos as JPEG, HEIC and DNG. A minute of film (1920 x 1080, 30 frames a second, H.264) is made from the
photos of ``--films``, by default the first ten, with a hard cut every six seconds, and scanned by a command
of its own into a new library. Linux.
"""

import argparse
import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from benchmarks.formats import films, stills
from benchmarks.process import CACHE, machine, print_table
from faceindex import Settings
from index.decisions.face_overlap import SAME_FACE, overlap
from pipeline.detection.detectors import load_detector
from pipeline.models.runtime import RuntimeOptions
from pipeline.values import DetectedFace
from tests.pipeline.heic_files import heic
from tests.pipeline.raw_pictures import dng, jpeg

FILM_SECONDS = 60

PHOTOS_WITH_FACES = 12


def compare_decoding(photos: Sequence[Path], folder: Path, rounds: int, long_edge: int) -> None:
    """Print what decoding the same pixels takes in several formats."""
    lines = []
    for name, contents in (
        ("12 megapixels", stills.of_twelve_megapixels(photos)),
        ("24 megapixels", stills.of_twenty_four_megapixels(photos)),
    ):
        paths = stills.written(contents, folder, name)
        for wanted in (None, long_edge):
            found = stills.costs([*paths.values()], wanted, rounds)
            for kind, cost in zip(paths, found, strict=True):
                size = "full size" if wanted is None else f"at least {wanted} pixels"
                lines.append(
                    [
                        f"{name}, {kind}, {size}",
                        f"{len(contents[kind]) / 1e6:.1f}",
                        f"{cost.processor:.0f}",
                        f"{cost.wall:.0f}",
                        f"{cost.processor / found[0].processor:.2f}",
                        f"{cost.wall - found[0].wall:+.0f}",
                    ]
                )
    heading = ["", "MB", "processor, ms", "wall, ms", "processor, times the JPEG's", "wall, beyond it, ms"]
    print_table(heading, lines, of_numbers=True)


def compare_faces(photos: Sequence[Path], folder: Path) -> None:
    """Print how many faces are found in the same pixels in several formats."""
    settings = Settings.load(cache_dir=CACHE)
    detector = load_detector(settings.detection, RuntimeOptions(CACHE, settings.cores, 1, "f32"))
    counts: dict[str, list[int]] = {}
    for number, photo in enumerate(photos[:PHOTOS_WITH_FACES]):
        with Image.open(photo) as image:
            even = image.convert("RGB").crop((0, 0, image.width // 2 * 2, image.height // 2 * 2))
        pixels = np.asarray(even)
        contents = {
            "jpg": jpeg(pixels),
            "heic": heic(even),
            "preview.dng": dng(pixels, preview=jpeg(pixels)),
            "dng": dng(pixels),
        }
        paths = stills.written(contents, folder, f"faces {number}")
        found = {kind: stills.faces(detector, path) for kind, path in paths.items()}
        for kind, faces in found.items():
            counts.setdefault(kind, []).append(_shared(found["jpg"], faces))
            counts.setdefault(f"{kind}, beside", []).append(len(faces) - counts[kind][-1])
    lines = [
        [kind, str(sum(counts[kind])), str(sum(counts["jpg"])), str(sum(counts[f"{kind}, beside"]))]
        for kind in ("heic", "preview.dng", "dng")
    ]
    print_table(["format", "faces of the JPEG found", "of", "others"], lines, of_numbers=True)


def _shared(one: Sequence[DetectedFace], other: Sequence[DetectedFace]) -> int:
    return sum(any(overlap(face.box, each.box) > SAME_FACE for each in other) for face in one)


def scan_films(photos: Sequence[Path], folder: Path, rounds: int) -> None:
    """Print what a scan of a minute of film takes."""
    film = folder / "minute.mp4"
    films.make_film(photos, FILM_SECONDS, film)
    films.scan(film, folder / "first.db", "--model", "sface")  # compiles the networks
    lines = []
    for name, options in (("as usual", ()), ("--thorough", ("--thorough",))):
        runs = [
            films.scan(film, folder / f"{name} {number}.db", "--model", "sface", *options)
            for number in range(rounds)
        ]
        summary: Mapping[str, int] = json.loads(runs[0].output.splitlines()[-1])
        lines.append(
            [
                name,
                f"{statistics.median(run.seconds for run in runs):.1f}",
                f"{statistics.median(run.processor_seconds for run in runs):.1f}",
                f"{max(run.peak_bytes for run in runs) / 1e6:,.0f}",
                str(summary["faces"]),
            ]
        )
    print_table(
        ["a minute of film", "wall, s", "processor, s", "memory, MB", "tracklets"], lines, of_numbers=True
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path)
    parser.add_argument("--films", type=Path, nargs="+", metavar="PHOTO")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("stills", "faces", "films"))
    args = parser.parse_args()
    photos = sorted(
        path for path in args.photos.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"}
    )
    print(machine())
    with TemporaryDirectory() as made:
        folder = Path(made)
        long_edge = Settings.load().detection.long_edge
        parts: Mapping[str, Callable[[], None]] = {
            "stills": lambda: compare_decoding(photos, folder, args.rounds, long_edge),
            "faces": lambda: compare_faces(photos, folder),
            "films": lambda: scan_films(args.films or photos[:10], folder, min(3, args.rounds)),
        }
        for name, part in parts.items():
            if args.only in (None, name):
                print()
                part()


if __name__ == "__main__":
    main()

"""How fast and accurate faceindex is against what a user would run instead, on the same photos, in one run.

    python -m benchmarks.peers [FOLDER...] [--sets made presidents groups small accuracy] [--quick]

The others are OpenCV's YuNet and SFace in forty lines of Python, which seek faces in copies of three sizes,
face_recognition (dlib), and the stack of the tutorials that this project started from. Each runs as it is, in
a process of its own. The first time, the first two get virtual environments in the cache folder.

Each round runs every stack once on each set of photos, one after the other, so that a machine whose speed
drifts slows all; medians of the rounds are printed. The tutorials' stack looks at a share of the photos.
Loading is left out on both sides from photos a second, and counted in the time of the whole process.
Given FOLDERs are measured instead of the sets; where there is a truth.csv beside one, as make_library.py
writes it, the faces found are held against it.

The weights of vggface2-resnet50 are drawn at random unless --weights names a file of them: the time is the
same, and there is no accuracy to measure.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.peers.accuracy import measure
from benchmarks.peers.photo_sets import PhotoSet, chosen, labelled, of_folder
from benchmarks.peers.stacks import (
    EDGES,
    KINDS,
    TUTORIALS,
    Faceindex,
    Peer,
    Precision,
    Run,
    Stack,
    available_peers,
)
from benchmarks.peers.tables import print_accuracies, print_speeds
from benchmarks.process import CACHE, machine
from benchmarks.random_weights import ensure_weights
from pipeline.models.registry import VGGFACE2_RESNET50, spec
from pipeline.models.runtime import file_sha256, has_native_bf16
from pipeline.models.weights import WeightsStore

SHARED = Path(__file__).resolve().parents[3] / "shared"
SETS = ("made", "presidents", "groups", "small")
ACCURACY = "accuracy"


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--sets", nargs="+", choices=[*SETS, ACCURACY], default=[*SETS, ACCURACY])
    parser.add_argument("--peers", nargs="+", choices=KINDS, default=KINDS, help="the stacks to compare with")
    parser.add_argument("--models", nargs="+", default=["sface", VGGFACE2_RESNET50.model_id])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--made", type=int, default=24, help="how many photos of 12 megapixels")
    parser.add_argument("--small", type=int, default=200, help="how many photos of 250 pixels")
    parser.add_argument("--people", type=int, default=246, help="people with several photos, for accuracy")
    parser.add_argument("--strangers", type=int, default=300, help="people with one photo, for accuracy")
    parser.add_argument("--weights", type=Path, help="real weights of vggface2-resnet50")
    parser.add_argument("--quick", action="store_true", help="one round on few photos, to try it")
    parser.add_argument("--shared", type=Path, default=SHARED, help="the folder of the stacks and photos")
    if parser.parse_args().quick:
        parser.set_defaults(rounds=1, made=6, small=24, people=10, strangers=10)
    asked = parser.parse_args()
    if not (asked.shared / "tools").is_dir():
        parser.error(f"{asked.shared} has no folder 'tools' with the other stacks: name it with --shared")
    return asked


def ours(models: Sequence[str], weights: Path | None) -> Iterator[Faceindex]:
    """Scans with each model, also in 32 bits where the processor multiplies bf16."""
    precisions: tuple[Precision, ...] = ("auto", "f32") if has_native_bf16() else ("auto",)
    for model in models:
        cache = CACHE
        if weights and model == VGGFACE2_RESNET50.model_id:
            cache = CACHE / f"weights-{file_sha256(weights)[:8]}"  # none takes the place of others
            WeightsStore(cache).install(spec(model), weights)
        ensure_weights(model, cache)
        yield from (Faceindex(model, precision, cache) for precision in precisions)


def taking_part(stacks: Sequence[Stack], photo_set: PhotoSet) -> list[Stack]:
    """The stacks that differ on these photos: a copy is no larger than the photo."""
    largest = next((edge for edge in EDGES if edge >= photo_set.long_edge), EDGES[-1])
    larger = [str(edge) for edge in EDGES if edge > largest]
    return [
        stack for stack in stacks if not (isinstance(stack, Peer) and stack.environment.get("EDGE") in larger)
    ]


def race(stacks: Sequence[Stack], photo_set: PhotoSet, rounds: int) -> dict[Stack, list[Run]]:
    runs: dict[Stack, list[Run]] = {stack: [] for stack in taking_part(stacks, photo_set)}
    for number in range(rounds):
        for stack, each in runs.items():
            print(f"{photo_set.title}: round {number + 1} of {rounds}, {stack.name}", file=sys.stderr)
            photos = photo_set.photos
            if stack.name == TUTORIALS:
                photos = photos[number % photo_set.share :: photo_set.share]
            each.append(stack.look(photo_set.folder, photos, notes=number == 0))
    return runs


def main() -> None:
    asked = parse()
    tools, shared = asked.shared.resolve() / "tools", asked.shared.resolve()
    print(f"{machine()}; medians of {asked.rounds}\n")
    scans = list(ours(asked.models, asked.weights))
    stacks: list[Stack] = [*available_peers(asked.peers, tools, asked.weights), *scans]
    names = [each for each in asked.sets if each in SETS]
    of_names = chosen(names, asked.made, asked.small, shared)
    for number, photo_set in enumerate(map(of_folder, asked.folders) if asked.folders else of_names):
        if number == 0:
            for scan in scans:
                scan.look(photo_set.folder, photo_set.photos)  # compiles the networks, once for this machine
        print_speeds(photo_set, race(stacks, photo_set, asked.rounds))
    if ACCURACY in asked.sets and not asked.folders:
        folder = labelled(asked.people, asked.strangers, shared)
        found = ((stack, measure(stack, folder)) for stack in descriptive(stacks, asked.weights))
        print_accuracies(f"{asked.people} people and {asked.strangers} strangers", found)


def descriptive(stacks: Sequence[Stack], weights: Path | None) -> Iterator[Stack]:
    """The stacks whose descriptors mean something, OpenCV's once: photos of 250 pixels are not shrunk."""
    larger = [str(edge) for edge in EDGES[1:]]
    for stack in stacks:
        if isinstance(stack, Peer):
            skipped = stack.environment.get("EDGE") in larger
            random = stack.name == TUTORIALS
        else:
            skipped = False
            random = isinstance(stack, Faceindex) and stack.model == VGGFACE2_RESNET50.model_id
        if not skipped and (weights or not random):
            yield stack


if __name__ == "__main__":
    main()

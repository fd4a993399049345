"""The tables in Markdown."""

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks.found_faces import recall
from benchmarks.peers.accuracy import Accuracy
from benchmarks.peers.photo_sets import PhotoSet
from benchmarks.peers.stacks import TUTORIALS, Faceindex, Run, Stack
from benchmarks.process import print_table

Rounds = Mapping[Stack, Sequence[Run]]


def print_speeds(photo_set: PhotoSet, rounds: Rounds) -> None:
    heading = [
        photo_set.title,
        "photos/s",
        "times fastest peer",
        "times tutorials",
        "whole process, s",
        "times fastest peer",
        "times tutorials",
        "memory, MB",
        "faces",
    ]
    print_table(
        [*heading, *(["true faces"] if photo_set.truth else [])],
        rows(photo_set, rounds),
        of_numbers=True,
    )
    print()
    for stack, each in rounds.items():
        spent = f"{statistics.median(run.processor for run in each):.1f} s of all cores together"
        looked, number = each[0].photos, len(photo_set.photos)
        if looked < number:
            spent += f" for {looked} of {number} photos; its whole process is reckoned for all"
        if isinstance(stack, Faceindex):
            spent += f"; ms a photo, of all threads: {stages(each)}"
        print(f"- {stack.name}: {spent}")
    print(flush=True)


def rows(photo_set: PhotoSet, rounds: Rounds) -> Iterator[list[str]]:
    number = len(photo_set.photos)
    speeds = {stack: [run.speed for run in runs] for stack, runs in rounds.items()}
    wholes = {stack: [1 / run.whole_for(number) for run in runs] for stack, runs in rounds.items()}
    for stack, runs in rounds.items():
        found = {photo: boxes for run in runs for photo, boxes in run.boxes.items()}
        faces = f"{sum(map(len, found.values()))}"
        partly = f" in {len(found)}" if len(found) < number else ""
        row = [
            stack.name,
            rounded(statistics.median(speeds[stack])),
            *ratios(stack, speeds),
            rounded(1 / statistics.median(wholes[stack])),
            *ratios(stack, wholes),
            f"{max(run.peak_bytes for run in runs) / 2**20:,.0f}",
            f"{faces}{partly}",
        ]
        if photo_set.truth:
            row.append("{} of {}".format(*recall(found, photo_set.truth)))
        yield row


def ratios(stack: Stack, rates: Mapping[Stack, Sequence[float]]) -> Iterator[str]:
    """How many times as fast a stack is as the fastest other one, and as the tutorials', round by round."""
    others = [each for each in rates if not isinstance(each, Faceindex)]
    fastest = max(others, key=lambda each: statistics.median(rates[each]))
    for base in (fastest, next((each for each in others if each.name == TUTORIALS), None)):
        if base is None:
            yield "-"
        else:
            pairs = zip(rates[stack], rates[base], strict=True)
            yield rounded(statistics.median(ours / theirs for ours, theirs in pairs))


def rounded(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 3 else f"{value:.2f}"


def stages(runs: Sequence[Run]) -> str:
    names = runs[0].stages
    spent = {name: statistics.median(run.stages[name] / run.photos for run in runs) for name in names}
    return ", ".join(f"{name} {1000 * seconds:.1f}" for name, seconds in spent.items())


def print_accuracies(title: str, found: Iterable[tuple[Stack, Accuracy]]) -> None:
    lines = (
        [stack.name, f"{each.found} of {each.photos}", f"{each.rank_1:.4f}", f"{each.b_cubed:.4f}"]
        for stack, each in found
    )
    print_table([title, "photos with a face", "rank-1", "B-cubed F"], lines, of_numbers=True)
    print(flush=True)

"""A process that stays open: decides and asks by the API, one after the other, and says how long each took.

    python -m benchmarks.scale.warm LIBRARY PHOTO SUBJECTS

``SUBJECTS`` is a JSON file of what to decide about. One decision and one question warm the session before
others are timed.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from faceindex import Library, Settings


def seconds_of(call: Callable[..., Any], *arguments: Any) -> float:
    began = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - began


def main() -> None:
    library_path, photo, subjects = map(Path, sys.argv[1:])
    given = json.loads(subjects.read_text())
    (name, face), *pairs = given["recognised"]
    rounds, clusters = given["rounds"], given["clusters"]
    with Library(Settings.load(library=library_path)) as library:
        people = library.people
        people.confirm(name, [face])
        taken = {
            "confirm": [seconds_of(people.confirm, name, [face]) for name, face in pairs[:rounds]],
            "reject": [seconds_of(people.reject, name, [face]) for name, face in pairs[rounds:]],
            "not-a-face": [seconds_of(people.not_a_face, [face]) for face in given["alone"]],
            "name": [seconds_of(people.name, number, f"Warm {number}") for number in clusters],
            "undo": [seconds_of(people.undo) for _ in clusters],
        }
        list(library.who([photo]))
        taken["who"] = [seconds_of(lambda: list(library.who([photo]))) for _ in range(rounds)]
    print(json.dumps({name: [statistics.median(each), max(each)] for name, each in taken.items()}))


if __name__ == "__main__":
    main()

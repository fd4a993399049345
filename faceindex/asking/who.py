"""Answers who is in photos and films, one after another."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from faceindex.asking.examine import FilmAids, examine
from faceindex.asking.identifier import Identifier
from faceindex.asking.photo_arguments import named_photos
from faceindex.paths import AnyPath
from faceindex.results import Answer
from index.recognition.identify import NeighborOptions
from pipeline.values import Outcomes, PhotoFailed, PhotoSkipped


def who(
    names: Iterable[AnyPath],
    outcomes: Outcomes,
    identifier: Callable[[], Identifier],
    options: NeighborOptions,
    aids: FilmAids,
) -> Iterator[Answer | PhotoFailed | PhotoSkipped]:
    """Identify the faces of what some names stand for; ``identifier`` is asked for once faces are found."""
    for photo in named_photos(names):
        found = examine(photo, outcomes, aids)
        if isinstance(found, PhotoFailed | PhotoSkipped):
            yield found
        elif not isinstance(photo, PhotoFailed):
            yield replace(identifier().answer(found, options), source=photo.path)

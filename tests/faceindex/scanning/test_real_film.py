"""The scan of a real film, with the real networks: who is in it, each once, and nobody is two people."""

from pathlib import Path

import pytest

from faceindex.library import Library
from faceindex.results import Answer
from faceindex.scanning.scan import ScanOptions
from tests.faceindex.conftest import Album

MEDIA = Path("../shared/media")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MEDIA.is_dir(), reason="the samples in ../shared/media are not here"),
]

CLIP = MEDIA / "short_hamilton_clip.mp4"

APPEARANCES = (
    *((0.0, (56, 184)), (0.0, (523, 43))),  # a pianist and a singer
    *((0.7, (160, 60)), (1.0, (330, 120))),  # a listener out of focus behind the pianist, seen from the side
    (2.7, (220, 35)),  # the singer again
    *((7.0, (37, 62)), (7.0, (163, 74)), (7.0, (315, 31)), (7.0, (380, 77))),  # four listeners
)
"""About when each begins, and where the face is, as seen in all 275 frames."""

KNOWN = {
    "Alex Lacamoire": ("alex-lacamoire.png", 0.0),
    "Lin-Manuel Miranda": ("lin-manuel-miranda.png", 2.7),
    "Barack Obama": ("obama.jpg", 7.0),
}
"""A photo of each person, and when the film shows them best."""


@pytest.mark.parametrize("thorough", [False, True])
def test_each_appearance_is_one_tracklet_and_known_people_are_named(album: Album, *, thorough: bool) -> None:
    with Library(album.settings) as library:
        for name, (photo, _) in KNOWN.items():
            library.people.enroll(name, [MEDIA / photo])
        library.scan([CLIP], ScanOptions(thorough=thorough))
        (answer,) = library.who([CLIP])
    assert isinstance(answer, Answer)
    left = dict(enumerate(answer.faces, 1))
    for begin, (x, y) in APPEARANCES:
        found = [
            (abs(box.x - x), number)
            for number, face in left.items()
            if (seen := face.described.appearance) is not None
            and abs(seen.start - begin) < 0.5
            and abs((box := face.described.face.box).x - x) < 110
            and abs(box.y - y) < 70
        ]
        left.pop(min(found)[1])
    assert len(left) <= 1  # a hand that looks like a face
    assert answer.people is not None
    named = {each.identity.person: each.numbers for each in answer.people if each.identity.person is not None}
    assert {person.name for person in named} == set(KNOWN)
    for person, numbers in named.items():
        starts = [seen.start for each in numbers if (seen := answer.faces[each - 1].described.appearance)]
        assert min(abs(start - KNOWN[person.name][1]) for start in starts) < 0.5

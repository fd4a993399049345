"""The one line that a night's run says."""

from dataclasses import replace

from faceindex.cli.text.scanning import reindexed
from faceindex.results import PersonGain, ReindexSummary, ScanSummary
from index.values import FailureRecord, Pruned

NOTHING = ReindexSummary(
    scan=ScanSummary(
        seen=9, indexed=0, unchanged=9, duplicate=0, moved=0, failed=0, missing=0, faces=0,
        library_photos=9, library_faces=5, model="sface", seconds=1.0, stages=(), failures=(),
        refused=(), left=0,
    ),
    described=0,
    looked_at=0,
    pruned=Pruned(0, 0),
    gains=(),
    review=0,
    new_failures=(),
    in_time=True,
)  # fmt: skip


def test_nothing_changed() -> None:
    assert reindexed(NOTHING) == ""


def test_what_most_nights_bring() -> None:
    scan = replace(NOTHING.scan, indexed=210, duplicate=4, faces=361)
    report = replace(NOTHING, scan=scan, gains=(PersonGain("Anna", 14),), review=3)
    assert reindexed(report) == "+214 photos, +361 faces, 14 new of Anna, 3 to review"


def test_everything_at_once() -> None:
    scan = replace(NOTHING.scan, indexed=1, faces=1, moved=2000, missing=3)
    failure = FailureRecord(b"/a.jpg", "decode", "truncated", "it ends early")
    gains = tuple(
        PersonGain(name, 9 - number) for number, name in enumerate(("A", "B", "C", "D", "E", "F", "G"))
    )
    report = replace(
        NOTHING, scan=scan, described=4, pruned=Pruned(5, 6), gains=gains, new_failures=(failure,)
    )
    assert reindexed(report) == (
        "+1 photo, +1 face, 2,000 moved, 3 missing, 5 given up, 4 described, 1 failed, "
        "9 new of A, 8 new of B, 7 new of C, 6 new of D, 5 new of E, 7 new of 2 others"
    )


def test_faces_that_were_given_up_with_no_photo_are_said_too() -> None:
    assert reindexed(replace(NOTHING, pruned=Pruned(0, 6))) == "6 faces given up"

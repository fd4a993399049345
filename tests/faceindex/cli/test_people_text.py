"""The lines that list faces."""

from dataclasses import replace

from faceindex.cli.text.people import faces
from faceindex.results import LibraryFace
from tests.faceindex.schemas import results


def test_a_face_that_only_another_detector_finds_says_so() -> None:
    other = replace(results.FACE, detector="mtcnn")
    shown = [LibraryFace(replace(other, kept=kept), results.UNKNOWN) for kept in (True, False)]
    _, kept, not_kept = faces(shown)
    assert kept == f"{not_kept}  (found by mtcnn)"

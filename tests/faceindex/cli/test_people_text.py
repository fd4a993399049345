"""The lines that list faces."""

from dataclasses import replace

from faceindex.cli.text.faces import faces
from faceindex.cli.text.people import ungrouped
from faceindex.results import LibraryFace
from index.clustering.ungrouped import Ungrouped
from tests.faceindex.schemas import results


def test_a_face_that_only_another_detector_finds_says_so() -> None:
    other = replace(results.FACE, detector="mtcnn")
    shown = [LibraryFace(replace(other, kept=kept), results.UNKNOWN) for kept in (True, False)]
    _, kept, not_kept = faces(shown)
    assert kept == f"{not_kept}  (found by mtcnn)"


def test_each_cause_that_keeps_faces_out_of_clusters_has_a_line_and_a_remedy() -> None:
    found = Ungrouped(
        similarity=0.5,
        reliable=1200,
        least_quality=0.3,
        undescribed=0,
        uncompared=1,
        poor=0,
        strangers=20,
        conflicting=0,
        probable=0,
        alone=3000,
        compared=2000,
    )
    heading, *causes, estimate = ungrouped(found)
    assert "0.500" in heading
    assert "1,200 good faces" in heading
    assert [line.split("  ")[-1].split(":")[0] for line in causes] == [
        "waiting to be compared with the others",
        "like no other face",
        "like a stranger whom you ignore",
    ]
    assert "  3,000  like no other face" in causes[1]
    assert estimate == "The causes of the last 3,020 are estimated by 2,000 of them."


def test_where_every_face_is_in_a_cluster_that_is_said() -> None:
    found = Ungrouped(0.5, 10, 0.3, 0, 0, 0, 0, 0, 0, 0, 0)
    assert list(ungrouped(found))[1:] == ["  none"]

"""What is said of a folder that is scanned no more."""

import pytest

from faceindex.cli.text.roots import forgotten


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        (0, "p is scanned no more. No photo was known only there."),
        (
            1,
            "p is scanned no more. 1 photo counts as missing, and is given up after 30 days; "
            "'faceindex scan' of the folder takes it back.",
        ),
        (
            1200,
            "p is scanned no more. 1,200 photos count as missing, and are given up after 30 days; "
            "'faceindex scan' of the folder takes them back.",
        ),
    ],
)
def test_photos_of_a_forgotten_folder_are_counted(missing: int, said: str) -> None:
    assert forgotten("p", missing, 30, dry_run=False) == said

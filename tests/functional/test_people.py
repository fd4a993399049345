"""Naming people from the command line: what is decided stands, and can be taken back."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageFilter
from rich.cells import cell_len

from tests.functional.command import CommandLine, Ran
from tests.functional.people import astronaut, save


@pytest.fixture
def clustered(copied: CommandLine) -> CommandLine:
    """The album, with one cluster: two photos of Collins. Hopper's face is like no other."""
    ran = copied.run("cluster", "--json")
    assert ran.code == 0, ran.err
    return copied


def done(ran: Ran) -> Ran:
    assert ran.code == 0, ran.err
    return ran


def cluster_of(command: CommandLine) -> int:
    return int(done(command.run("cluster", "--json")).objects[0]["cluster"])


def names(command: CommandLine, photo: Path) -> list[str | None]:
    (answer,) = done(command.run("who", "--json", photo)).objects
    return [face["person"] for face in answer["faces"]]


def persons(command: CommandLine) -> dict[str, tuple[int, int]]:
    listed = done(command.run("people", "list", "--json")).objects
    return {each["person"]: (each["confirmed"], each["recognised"]) for each in listed}


def test_a_cluster_is_listed_drawn_and_named_and_then_recognised_in_new_photos(
    clustered: CommandLine, photos: Path, album: Path
) -> None:
    listed = done(clustered.run("cluster"))
    heading, line = listed.out.splitlines()
    assert heading.split() == ["cluster", "faces", "for", "example"]
    number = line.split()[0]
    drawn = done(clustered.run("people", "show", "--cluster", number, "--sheet", photos / "sheet.png"))
    assert "2 faces drawn" in drawn.err
    with Image.open(photos / "sheet.png") as sheet:
        pixels = sheet.convert("RGB").getcolors(sheet.width * sheet.height)
    assert len(pixels or []) > 1000  # faces, and no empty tiles

    some = done(clustered.run("people", "show", "--face", "1", "--face", album / "hopper.jpg", "--json"))
    assert [Path(each["photo"]).name for each in some.objects] == ["collins.jpg", "hopper.jpg"]

    named = done(clustered.run("people", "name", number, "Eileen Collins"))
    assert "2 faces: Eileen Collins" in named.err
    assert "faceindex people undo 1" in named.err
    assert persons(clustered) == {"Eileen Collins": (2, 0)}
    save(astronaut(9), photos / "new.jpg")
    assert names(clustered, photos / "new.jpg") == ["Eileen Collins"]
    done(clustered.run("scan", photos / "new.jpg"))
    assert persons(clustered) == {"Eileen Collins": (2, 1)}
    exported = {each["person"] for each in done(clustered.run("export")).objects}
    assert exported == {"Eileen Collins", None}


def test_a_wrong_name_is_taken_back_and_names_stand_after_another_scan(
    clustered: CommandLine, album: Path
) -> None:
    hopper = album / "hopper.jpg"
    done(clustered.run("people", "name", cluster_of(clustered), "Eileen"))
    done(clustered.run("people", "move", "Eileen", hopper))  # a mistake
    assert persons(clustered) == {"Eileen": (3, 0)}
    undone = done(clustered.run("people", "undo"))
    assert undone.err.startswith("Undone: 2")
    assert persons(clustered) == {"Eileen": (2, 0)}
    again = done(clustered.run("people", "undo", 3)).err.splitlines()  # the undo
    assert "undoes 2" in again[0]
    assert again[1].startswith("In force again: 2 ")
    assert again[2] == "Take the undo back: faceindex people undo 4"
    assert persons(clustered) == {"Eileen": (3, 0)}
    done(clustered.run("people", "reject", "Eileen", hopper))
    done(clustered.run("scan", album))
    done(clustered.run("cluster"))
    assert persons(clustered) == {"Eileen": (2, 0)}
    log = done(clustered.run("people", "log")).out.splitlines()
    assert [line.split()[0] for line in log] == ["1", "2", "3", "4", "5"]
    assert "(undone by" not in log[1]
    assert log[2].endswith("(undone by 4)")
    assert [each["kind"] for each in done(clustered.run("people", "log", "--json")).objects] == [
        "assign", "assign", "undo", "undo", "reject",
    ]  # fmt: skip


def test_merge_split_rename_and_hide(clustered: CommandLine, album: Path) -> None:
    first, second = album / "collins.jpg", album / "launch" / "collins too.jpg"
    done(clustered.run("people", "move", "Eileen", first))
    done(clustered.run("people", "move", "Mrs Collins", second))
    done(clustered.run("people", "merge", "eileen", "MRS COLLINS"))
    assert persons(clustered) == {"Eileen": (2, 0)}
    done(clustered.run("people", "split", "Eileen", second, "--as", "Somebody"))
    assert persons(clustered) == {"Eileen": (1, 0), "Somebody": (1, 0)}
    assert (
        "Eileen and Somebody are two people"
        in done(clustered.run("people", "apart", "Eileen", "Somebody")).err
    )
    refused = clustered.run("people", "merge", "Eileen", "Somebody")
    assert refused.code == 2
    assert "two people, by decision 5: 'faceindex people undo 5'" in refused.complaint
    done(clustered.run("people", "rename", "Somebody", "Zoë"))
    done(clustered.run("people", "hide", "Eileen"))
    assert persons(clustered) == {"Zoë": (1, 0)}
    everybody = done(clustered.run("people", "list", "--hidden"))
    assert "Eileen" in everybody.out
    assert "(hidden)" in everybody.out
    done(clustered.run("people", "hide", "--off", "Eileen"))
    assert persons(clustered) == {"Eileen": (1, 0), "Zoë": (1, 0)}


def test_ignored_faces_and_no_faces_are_not_asked_about_again(clustered: CommandLine, album: Path) -> None:
    done(clustered.run("people", "ignore", "--cluster", cluster_of(clustered)))
    assert done(clustered.run("cluster", "--json")).objects[-1]["clusters"] == 0
    done(clustered.run("people", "not-a-face", album / "hopper.jpg"))
    review = done(clustered.run("people", "review"))
    assert (review.out, review.err) == ("", "Nothing to review.\n")
    done(clustered.run("people", "undo"))
    done(clustered.run("people", "undo"))
    assert done(clustered.run("cluster", "--json")).objects[-1]["clusters"] == 1


def test_one_photo_is_enough_to_know_somebody(copied: CommandLine, photos: Path, hopper: Path) -> None:
    save(astronaut(3), photos / "portrait.jpg")
    both = Image.new("RGB", (512, 256))
    both.paste(astronaut(6), (0, 0))
    both.paste(Image.open(hopper).convert("RGB").resize((218, 256)), (270, 0))
    save(both, photos / "both.jpg")

    refused = copied.run("people", "enroll", "Eileen", photos / "both.jpg", photos / "absent.jpg")
    assert refused.code == 3
    assert "it has 2 faces: say which with --face" in refused.err
    assert "there is no such file" in refused.err
    assert persons(copied) == {}

    enrolled = done(copied.run("people", "enroll", "Eileen", photos / "portrait.jpg"))
    assert enrolled.err == "Enrolled 1 person from 1 face. Take it back: faceindex people undo 1\n"
    assert persons(copied) == {"Eileen": (1, 2)}
    found = names(copied, photos / "both.jpg")
    assert sorted(map(str, found)) == ["Eileen", "None"]
    other = found.index(None) + 1
    done(copied.run("people", "enroll", "Grace", photos / "both.jpg", "--face", other))
    taken = done(copied.run("people", "enroll", "Eileen", hopper, "--json")).objects[-1]
    assert (taken["decisions"], taken["overruled"]) == ([3], [])
    told = done(copied.run("people", "enroll", "Grace", hopper)).err
    assert "1 face was confirmed as Eileen before, and is Grace now" in told
    assert told.count("Take it back: faceindex people undo 4") == 2
    assert sorted(map(str, names(copied, hopper))) == ["Grace"]
    done(copied.run("people", "confirm", "Eileen", "--all"))
    assert persons(copied)["Eileen"] == (4, 0)  # she is in both.jpg too


def test_a_face_too_poor_to_recognise_anybody_by_is_warned_about_and_no_template(
    copied: CommandLine, photos: Path, hopper: Path
) -> None:
    sharp = Image.open(hopper).convert("RGB")
    for name, radius in (("blurred", 14.0), ("more-blurred", 18.0)):
        save(sharp.filter(ImageFilter.GaussianBlur(radius)), photos / f"{name}.jpg")
    enrolled = done(copied.run("people", "enroll", "Grace", photos / "blurred.jpg", "--json"))
    (face,) = enrolled.objects[-1]["poor_faces"]
    assert f"Warning: nobody is recognised by face {face} in {photos / 'blurred.jpg'}: " in enrolled.err
    assert "blurred). Confirm a better one too." in enrolled.err
    assert persons(copied) == {"Grace": (1, 0)}
    assert names(copied, photos / "more-blurred.jpg") == [None]
    assert names(copied, hopper) == [None]

    better = done(copied.run("people", "enroll", "Grace", hopper, "--json"))
    assert better.objects[-1]["poor_faces"] == []
    assert "Warning" not in better.err
    moved = done(copied.run("people", "move", "Grace", face, "--json"))
    assert moved.objects[-1]["poor_faces"] == [face]
    assert f"face {face} " in moved.err


def test_a_folder_of_people_is_enrolled_at_once_into_a_new_library(
    command: CommandLine, photos: Path, hopper: Path
) -> None:
    save(astronaut(0), photos / "Eileen Collins" / "a.jpg")
    save(astronaut(5), photos / "Eileen Collins" / "b.jpg")
    (photos / "Grace Hopper").mkdir()
    os.link(hopper, photos / "Grace Hopper" / "official.jpg")
    (photos / "Nobody").mkdir()
    (photos / "Nobody" / "notes.txt").write_text("no photo")
    modelled = replace(command, environment={"FACEINDEX_MODEL": "sface"})
    enrolled = modelled.run("people", "enroll", "--folders", photos)
    assert enrolled.code == 3
    assert "Left out: " in enrolled.err
    assert "Enrolled 2 people from 3 faces. Take one of them back: " in enrolled.err
    assert "undo NUMBER, from 1 to 2" in enrolled.err
    assert persons(modelled) == {"Eileen Collins": (2, 0), "Grace Hopper": (1, 0)}


def test_the_journal_names_the_people_of_a_library_built_anew(
    clustered: CommandLine, album: Path, tmp_path: Path
) -> None:
    done(clustered.run("people", "name", cluster_of(clustered), "Eileen"))
    done(clustered.run("people", "move", "Grace", album / "hopper.jpg"))
    done(clustered.run("people", "export", tmp_path / "names.jsonl"))
    assert done(clustered.run("people", "export")).out == (tmp_path / "names.jsonl").read_text()
    anew = replace(clustered, library=tmp_path / "anew" / "library.db")
    done(anew.run("scan", "--model", "sface", album))
    imported = done(anew.run("people", "import", tmp_path / "names.jsonl"))
    assert imported.err == "2 decisions added, 0 known already\n"
    assert persons(anew) == {"Eileen": (2, 0), "Grace": (1, 0)}
    assert done(anew.run("people", "import", tmp_path / "names.jsonl")).err.startswith("0 decisions added")
    (tmp_path / "names.jsonl").write_text("not a decision\n")
    refused = anew.run("people", "import", tmp_path / "names.jsonl")
    assert refused.code == 1
    assert "line 1" in refused.complaint


def test_a_person_who_is_forgotten_does_not_come_back(
    clustered: CommandLine, album: Path, photos: Path
) -> None:
    done(clustered.run("people", "name", cluster_of(clustered), "Eileen"))
    unasked = clustered.run("people", "forget", "Eileen")
    assert unasked.code == 2
    assert "confirm with --yes" in unasked.complaint
    planned = done(clustered.run("people", "forget", "Eileen", "--dry-run"))
    assert planned.complaint == "Would erase Eileen and 2 faces, in 2 photos."
    assert [line.split()[0] for line in planned.out.splitlines()] == ["would", "erase", "erase"]
    done(clustered.run("people", "forget", "Eileen", "--yes"))
    assert persons(clustered) == {}
    save(astronaut(), photos / "a copy.jpg")
    done(clustered.run("scan", album, photos))
    assert [Path(each["photo"]).name for each in done(clustered.run("export")).objects] == ["hopper.jpg"]
    assert b"Eileen" not in clustered.library.read_bytes()
    enrolled = clustered.run("people", "enroll", "Mrs Collins", album / "collins.jpg")
    assert enrolled.code == 3
    assert "its face was forgotten" in enrolled.err
    assert persons(clustered) == {}
    assert b"Mrs Collins" not in clustered.library.read_bytes()
    refused = clustered.run("people", "undo", 1)
    assert refused.code == 2
    assert "forgotten" in refused.complaint


def test_who_was_only_recognised_is_let_go_or_erased_too(
    clustered: CommandLine, album: Path, tmp_path: Path
) -> None:
    done(clustered.run("people", "move", "Eileen", album / "collins.jpg"))
    assert persons(clustered) == {"Eileen": (1, 1)}
    before = clustered.library.read_bytes()
    planned = done(clustered.run("people", "forget", "Eileen", "--dry-run"))
    erasing, staying = planned.err.splitlines()
    assert erasing == "Would erase Eileen and 1 face, in 1 photo."
    assert staying.startswith("1 face that was only recognised would stay, without a name, in 1 photo: ")
    assert [line.split()[0] for line in planned.out.splitlines()] == ["would", "erase", "let"]
    first, erase, let_go = done(clustered.run("people", "forget", "Eileen", "--dry-run", "--json")).objects
    assert (first["event"], first["person"], first["faces"], first["let_go"]) == (
        "would-forget",
        "Eileen",
        1,
        1,
    )
    assert (erase["event"], Path(erase["photo"]).name) == ("would-erase", "collins.jpg")
    assert (let_go["event"], let_go["confirmed"], let_go["person"]) == ("would-let-go", False, "Eileen")
    both = done(
        clustered.run("people", "forget", "Eileen", "--also-recognised", "--dry-run", "--json")
    ).objects
    assert [each["event"] for each in both] == ["would-forget", "would-erase", "would-erase"]
    assert clustered.library.read_bytes() == before

    shutil.copytree(clustered.library.parent, tmp_path / "copy")
    copy = replace(clustered, library=tmp_path / "copy" / clustered.library.name)
    done(copy.run("people", "forget", "Eileen", "--also-recognised", "--yes"))
    assert [Path(each["photo"]).name for each in done(copy.run("export")).objects] == ["hopper.jpg"]

    forgotten = done(clustered.run("people", "forget", "Eileen", "--yes"))
    assert forgotten.err.splitlines() == [
        "Forgotten: Eileen, with 1 face. It cannot be undone.",
        "1 face that was only recognised stays, without a name.",
    ]
    left = done(clustered.run("export")).objects
    assert [(each["face_id"], each["person"]) for each in left if each["face_id"] == let_go["face_id"]] == [
        (let_go["face_id"], None)
    ]
    assert len(left) == 2
    assert done(clustered.run("people", "review", "--json")).objects == []  # nobody is left to suggest
    assert b"Eileen" not in clustered.library.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["name", 99, "Eileen"], "There is no cluster 99"),
        (["name", 99, "two\nlines"], "There is no cluster 99"),
        (["move", "two\nlines", "1"], "U+000A"),
        (["move", " ", "1"], "cannot be empty"),
        (["reject", "Nobody", "1"], "Nobody"),
        (["move", "Eileen", "999"], "There is no face 999"),
        (["move", "Eileen", "absent.jpg"], "absent.jpg is neither"),
        (["undo", 7], "no decision 7"),
        (["undo"], "no decision left"),
        (["show"], "Name a person"),
        (["show", "Eileen"], "Eileen"),
        (["show", "--face", "1", "--cluster", 1], "Name a person"),
        (["show", "--face", "999"], "There is no face 999"),
        (["import", "absent.jsonl"], "absent.jsonl cannot be read"),
        (["ignore"], "Name the faces"),
        (["enroll", "Eileen"], "a person and photos"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    copied: CommandLine, arguments: list[str | int], complaint: str
) -> None:
    refused = copied.run("people", *arguments)
    assert refused.code == 2, refused.err
    assert complaint in refused.complaint
    assert persons(copied) == {}


def test_a_decision_needs_a_library_and_nobody_else_at_work(command: CommandLine) -> None:
    assert command.run("people", "move", "Eileen", "1").code == 10
    assert not command.library.exists()
    assert command.run("people", "list").code == 10


def test_json_says_what_a_decision_did(clustered: CommandLine) -> None:
    ran = done(clustered.run("people", "name", cluster_of(clustered), "Eileen", "--json"))
    (decided,) = map(json.loads, ran.out.splitlines())
    assert (decided["event"], decided["decision"], decided["kind"], decided["faces"]) == (
        "decided",
        1,
        "assign",
        2,
    )


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


def test_a_name_of_joined_characters(copied: CommandLine, album: Path, tmp_path: Path) -> None:
    mina, joined = (
        f"\u0645\u06cc\u200c\u0646\u0627 {FAMILY}",
        "\u0645\u06cc\u0646\u0627 " + FAMILY.replace("\u200d", ""),
    )
    done(copied.run("people", "enroll", mina, album / "collins.jpg"))
    done(copied.run("people", "enroll", "Grace \u6797", album / "hopper.jpg"))
    heading, *rows = done(copied.run("people", "list")).out.splitlines()
    assert {row.rsplit(maxsplit=2)[0] for row in rows} == {mina, "Grace \u6797"}
    assert {cell_len(row) for row in rows} == {cell_len(heading)}
    assert done(copied.run("find", joined)).out == done(copied.run("find", mina)).out != ""
    marked = tmp_path / "marked.png"
    ran = done(copied.run("who", "--json", album / "collins.jpg", "--annotate", marked))
    assert ran.objects[0]["faces"][0]["person"] == mina
    assert ran.err == f"The annotated photo is {marked}\n"  # all letters were there

"""Asking as a person types it: who, verify, find and why, on real photos with real networks."""

import os
import pty
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from faceindex.session import Session
from faceindex.settings import Settings
from index.decisions.journal import Journal
from index.decisions.model import Assign, Hide, Reject, new_key
from index.people.queries import PeopleQueries
from tests.faceindex.made_library import known_faces
from tests.functional.command import CommandLine
from tests.functional.people import astronaut, landscape, save
from tests.pipeline.models.server import FileServer, serving


def face_id(command: CommandLine, photo: str) -> int:
    """The one face in a photo of the library, by the end of its name."""
    (found,) = [each["face_id"] for each in command.run("export").objects if each["photo"].endswith(photo)]
    assert isinstance(found, int)
    return found


def name(command: CommandLine, **photos: str) -> None:
    """Confirm that the one face in each photo is a person."""
    ids = {person: face_id(command, photo) for person, photo in photos.items()}
    with Session.open_to_write(Settings.load(library=command.library), make=False) as library:
        journal = Journal(library.database)
        journal.append_all(
            [Assign(journal.face_keys([number]), new_key(), person) for person, number in ids.items()]
        )


@pytest.fixture
def known(copied: CommandLine) -> CommandLine:
    """The album's library, in which Eileen has one face."""
    name(copied, Eileen="/collins.jpg")
    return copied


def test_a_person_enrolled_from_one_photo_is_named_in_another(known: CommandLine, album: Path) -> None:
    other, self, stranger = known.run(
        "who", "--json", album / "launch/collins too.jpg", album / "collins.jpg", album / "hopper.jpg"
    ).objects
    (face,) = other["faces"]
    assert (face["person"], face["probable"], face["certainty"]) == ("Eileen", None, "accepted")
    assert face["similarity"] > 0.8
    assert (face["matches"][0]["person"], face["matches"][0]["confirmed"]) == ("Eileen", True)
    assert self["faces"][0]["certainty"] == "confirmed"
    assert (stranger["faces"][0]["person"], stranger["faces"][0]["certainty"]) == (None, "unknown")


def test_a_person_is_named_upside_down_and_on_the_side(
    known: CommandLine, album: Path, tmp_path: Path
) -> None:
    upright = Image.open(album / "launch/collins too.jpg").convert("RGB")
    turns = (Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270)
    photos = [save(upright.transpose(turn), tmp_path / f"{turn.name}.jpg") for turn in turns]
    for answer in known.run("who", "--json", *photos).objects:
        (face,) = answer["faces"]
        assert (face["person"], face["certainty"]) == ("Eileen", "accepted")
        assert face["similarity"] > 0.8
        assert face["quality"] > 0.8


def test_the_text_names_who_is_known(known: CommandLine, album: Path) -> None:
    ran = known.run(
        "who", "-k", 1, album / "launch/collins too.jpg", album / "hopper.jpg", album / "hills.jpg"
    )
    _, heading, eileen, near, _, _, hopper, _, hills = ran.out.splitlines()
    assert heading.endswith("similarity  who, and the nearest faces")
    assert "  Eileen (" in eileen
    assert near.endswith("/collins.jpg  Eileen")
    assert hopper.endswith("  ?")
    assert hills.endswith("hills.jpg: no face found (320 x 240 pixels)")


def test_an_annotated_photo_has_the_name(known: CommandLine, album: Path, tmp_path: Path) -> None:
    marked = tmp_path / "marked.png"
    assert known.run("who", "--annotate", marked, album / "collins.jpg").code == 0
    with Image.open(marked) as picture:
        assert picture.size == (256, 256)


def test_a_hidden_person_is_named_where_that_is_asked_for(known: CommandLine, album: Path) -> None:
    with Session.open_to_write(Settings.load(library=known.library), make=False) as library:
        person = PeopleQueries(library.database).named("eileen")
        Journal(library.database).append(Hide(person.key))
    photo = album / "launch/collins too.jpg"
    assert "Eileen" not in known.run("who", photo).out
    (face,) = known.run("who", "--json", photo).objects[0]["faces"]
    assert (face["person"], face["certainty"], face["hidden"]) == (None, "accepted", True)
    assert "Eileen" in known.run("who", "--hidden", photo).out
    refused = known.run("find", "eileen")
    assert (refused.code, "--hidden" in refused.complaint) == (2, True)
    assert known.run("find", "eileen", "--hidden").out.endswith("/collins.jpg\n")


def test_why_tells_the_decision_and_the_rule(known: CommandLine, album: Path) -> None:
    ran = known.run("why", album / "collins.jpg")
    assert "Eileen (confirmed)" in ran.out
    assert "decision 1 says so" in ran.out
    too = face_id(known, "collins too.jpg")
    with Session.open_to_write(Settings.load(library=known.library), make=False) as library:
        journal, person = Journal(library.database), PeopleQueries(library.database).named("Eileen")
        journal.append(Reject(journal.face_keys([too]), person.key))
    (told,) = known.run("why", "--json", "--face", 1, album / "launch/collins too.jpg").objects
    assert (told["face_id"], told["person"], told["rule"]) == (too, None, "nobody-known")
    assert [(each["person"], each["rejected"]) for each in told["candidates"]] == [("Eileen", True)]
    assert [(each["id"], each["kind"], each["active"]) for each in told["decisions"]] == [(2, "reject", True)]
    assert told["candidates"][0]["templates"][0]["faces"] == 1
    assert told["accept"] > told["review"]


def test_why_of_a_face_or_a_photo_that_is_not_there(known: CommandLine, album: Path) -> None:
    no_such = known.run("why", "--face", 2, album / "collins.jpg")
    assert (no_such.code, "no face number 2" in no_such.complaint) == (2, True)
    assert known.run("why", album / "hills.jpg").out == ""
    assert known.run("why", album / "notes.txt").code == 3


def test_two_photos_are_compared_without_a_library(command: CommandLine, album: Path) -> None:
    sface = {"FACEINDEX_MODEL": "sface"}
    same = command.run("verify", album / "collins.jpg", album / "launch/collins too.jpg", **sface)
    assert (same.code, same.out.split(":")[0]) == (0, "same")
    different = command.run("verify", "--json", album / "collins.jpg", album / "hopper.jpg", **sface)
    (found,) = different.objects
    assert (different.code, found["same"]) == (0, False)
    assert found["similarity"] < found["threshold"] < 1
    assert [len(box) for box in found["faces"]] == [4, 4]
    assert not command.library.exists()


def test_a_library_says_which_model_compares(scanned: CommandLine, album: Path) -> None:
    ran = scanned.run("verify", "--json", album / "collins.jpg", album / "hopper.jpg")  # auto would download
    assert (ran.code, ran.err, ran.objects[0]["model"]) == (0, "", "sface")


def test_two_poor_faces_are_compared_without_a_probability(
    scanned: CommandLine, album: Path, tmp_path: Path
) -> None:
    blurred = [
        save(
            Image.open(album / name).convert("RGB").filter(ImageFilter.GaussianBlur(radius)), tmp_path / name
        )
        for name, radius in (("collins.jpg", 5), ("hopper.jpg", 12))
    ]
    poor = scanned.run("verify", "--json", *blurred)
    assert poor.objects[0]["probability"] is None
    assert "Both faces are too poor to say" in poor.err
    mixed = scanned.run("verify", "--json", blurred[0], album / "hopper.jpg")
    assert mixed.objects[0]["probability"] is not None
    assert mixed.err == ""


def test_what_cannot_be_compared(scanned: CommandLine, album: Path) -> None:
    nobody = scanned.run("verify", album / "collins.jpg", album / "hills.jpg")
    assert (nobody.code, "has no face" in nobody.complaint) == (1, True)
    unread = scanned.run("verify", "--json", album / "notes.txt", album / "none.jpg")
    assert (unread.code, [each["reason"] for each in unread.objects]) == (3, ["not-an-image", "vanished"])
    no_such = scanned.run("verify", "--face-b", 4, album / "collins.jpg", album / "hopper.jpg")
    assert (no_such.code, "no face number 4" in no_such.complaint) == (2, True)


def test_of_several_faces_the_largest_is_compared_or_the_one_that_is_named(
    scanned: CommandLine, album: Path, hopper: Path, tmp_path: Path
) -> None:
    both = Image.new("RGB", (900, 600))
    with Image.open(hopper) as picture:
        both.paste(picture, (0, 0))
    both.paste(astronaut(), (600, 100))
    photo = save(both, tmp_path / "both.jpg")
    ran = scanned.run("verify", photo, album / "hopper.jpg")
    assert ran.out.startswith("same")
    assert "2 faces" in ran.complaint
    faces = scanned.run("who", "--json", photo).objects[0]["faces"]
    smaller = min((1, 2), key=lambda number: faces[number - 1]["box"][2])
    other = scanned.run("verify", "--face-a", smaller, photo, album / "hopper.jpg")
    assert (other.out.split(":")[0], other.err) == ("different", "")


def test_a_photo_may_come_from_a_url_a_pipe_or_a_folder(
    known: CommandLine, album: Path, photos: Path, tmp_path: Path
) -> None:
    folder, temporary = tmp_path / "asked", tmp_path / "temporary"
    temporary.mkdir()
    for name, content in (
        ("b.jpg", (album / "hopper.jpg").read_bytes()),
        ("a.txt", b"no photo"),
        ("c.jpg", b""),
    ):
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    eileen = (album / "collins.jpg").read_bytes()
    with serving(FileServer(eileen, others={"page": b"<html>"})) as server:
        names = (f"{server.url}/eileen", "-", folder, f"{server.url}/page")
        command = replace(known, environment={"TMPDIR": str(temporary)})
        with (
            (album / "launch/collins too.jpg").open("rb") as file,
            command.start("who", "--json", *names, reading=file.fileno()) as process,
        ):
            ran = command.end(process)
        drawn = command.run("who", "--annotate", tmp_path / "drawn.png", f"{server.url}/eileen")
        same = command.run("verify", "--json", f"{server.url}/eileen", album / "launch/collins too.jpg")
        refused = command.run("people", "enroll", "Eileen", f"{server.url}/eileen")
    assert ran.code == 3
    assert [each["photo"] for each in ran.objects] == [
        names[0],
        "-",
        str(folder / "b.jpg"),
        str(folder / "c.jpg"),
        names[3],
    ]
    assert [each.get("reason") for each in ran.objects[3:]] == ["empty", "not-an-image"]
    by_decision, recognised = ran.objects[0]["faces"], ran.objects[1]["faces"]
    assert [each["certainty"] for each in (*by_decision, *recognised)] == ["confirmed", "accepted"]
    assert drawn.code == 0
    with Image.open(tmp_path / "drawn.png") as picture:
        assert picture.size == (ran.objects[0]["width"], ran.objects[0]["height"])
    assert same.objects[0]["same"]
    assert (refused.code, "save the photo in a file first" in refused.complaint) == (2, True)
    assert list(temporary.iterdir()) == []


def test_standard_input_that_is_a_terminal_is_refused(known: CommandLine) -> None:
    _, terminal = pty.openpty()
    with known.start("who", "-", reading=terminal) as process:
        ran = known.end(process)
    assert (ran.code, "Standard input is a terminal" in ran.complaint) == (2, True)


@pytest.fixture
def family(command: CommandLine, photos: Path, hopper: Path) -> CommandLine:
    """Eileen alone in 2001 and in 2003, with Grace in 2002, Grace alone without a date; all confirmed."""
    for year, variety in ((2001, 0), (2003, 9)):
        dated(astronaut(variety), photos / f"eileen {year}.jpg", year)
    both = Image.new("RGB", (900, 600))
    with Image.open(hopper) as picture:
        both.paste(picture, (0, 0))
        save(picture.convert("RGB"), photos / "grace.jpg")
    both.paste(astronaut(4), (600, 100))
    dated(both, photos / "both.jpg", 2002)
    save(landscape(), photos / "hills.jpg")
    assert command.run("scan", "--model", "sface", photos).code == 0
    with Session.open_to_write(Settings.load(library=command.library), make=False) as library:
        journal = Journal(library.database)
        of: dict[str, list[int]] = {"Eileen": [], "Grace": []}
        for each in known_faces(library):
            alone = {"eileen": "Eileen", "grace.": "Grace"}.get(os.path.basename(each.photo).decode()[:6])
            of[alone or ("Eileen" if each.box.x > 600 else "Grace")].append(each.face_id)
        journal.append_all([Assign(journal.face_keys(ids), new_key(), who) for who, ids in of.items()])
    return command


def dated(picture: Image.Image, path: Path, year: int) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = f"{year}:07:14 12:30:00"
    path.parent.mkdir(exist_ok=True)
    picture.save(path, exif=exif, quality=92)


def found(command: CommandLine, *arguments: str) -> list[str]:
    ran = command.run("find", *arguments)
    assert (ran.code, ran.err) == (0, "")
    return [os.path.basename(line) for line in ran.out.splitlines()]


def test_photos_are_found_by_who_is_in_them(family: CommandLine) -> None:
    assert found(family, "eileen") == ["eileen 2001.jpg", "both.jpg", "eileen 2003.jpg"]
    assert found(family, "Eileen", "--with", "Grace") == ["both.jpg"]
    assert found(family, "Grace", "--without", "Eileen") == ["grace.jpg"]
    assert found(family, "Eileen", "--only") == ["eileen 2001.jpg", "eileen 2003.jpg"]
    assert found(family, "Eileen", "--with", "Grace", "--only") == ["both.jpg"]
    assert found(family, "Eileen", "--since", "2002") == ["both.jpg", "eileen 2003.jpg"]
    undated = family.run("find", "Grace", "--until", "2002-07-14")
    assert [os.path.basename(line) for line in undated.out.splitlines()] == ["both.jpg"]
    assert undated.err == ("1 more has no date, and is left out: leave out --since and --until to find it.\n")
    nobody = family.run("find", "Elleen")
    assert (nobody.code, "Eileen" in nobody.complaint) == (2, True)
    turned = family.run("find", "Eileen", "--since", "2003", "--until", "2002")
    assert (turned.code, "two dates" in turned.complaint) == (2, True)
    assert family.run("find", "Eileen", "--since", "soon").code == 2


def test_found_photos_as_json_and_for_xargs(family: CommandLine, photos: Path) -> None:
    first = family.run("find", "Eileen", "--json").objects[0]
    assert first["photo"] == str(photos / "eileen 2001.jpg")
    assert first["taken_at"].startswith("2001-07-14T12:30:00")
    with family.start("find", "Eileen", "-0") as process:
        out, _ = process.communicate()
    names = (b"eileen 2001.jpg", b"both.jpg", b"eileen 2003.jpg")
    assert out == b"".join(bytes(photos) + b"/" + each + b"\0" for each in names)
    assert family.run("find", "Eileen", "-0", "--json").code == 2


def test_a_name_that_is_no_text_is_found_as_it_is_but_not_shown_so(family: CommandLine, photos: Path) -> None:
    strange = bytes(photos) + b"/\x1b[31m\xff.jpg"
    try:
        os.rename(photos / "eileen 2001.jpg", strange)
    except OSError:
        pytest.skip("this file system has no such names")
    family.run("scan", photos)
    with family.start("find", "Eileen", "--until", "2001") as process:
        out, _ = process.communicate()
    assert out == strange + b"\n"
    leader, terminal = pty.openpty()
    with family.start("find", "Eileen", "--until", "2001", terminal=terminal) as process:
        process.wait()
    shown = os.read(leader, 10_000)
    os.close(leader)
    os.close(terminal)
    assert b"\x1b[31m" not in shown
    assert rb"\x1b[31m\xff.jpg" in shown


def test_a_folder_of_links_is_made_and_renewed(family: CommandLine, photos: Path, tmp_path: Path) -> None:
    folder = tmp_path / "albums" / "eileen"
    ran = family.run("find", "Eileen", "--link", folder)
    assert (ran.out, "3 links" in ran.complaint) == ("", True)
    links = sorted(path for path in folder.iterdir() if path.is_symlink())
    assert [path.name for path in links] == ["both.jpg", "eileen 2001.jpg", "eileen 2003.jpg"]
    assert links[0].read_bytes() == (photos / "both.jpg").read_bytes()
    assert "1 taken away" in family.run("find", "Eileen", "--since", "2002", "--link", folder).complaint
    refused = family.run("find", "Eileen", "--link", photos)
    assert (refused.code, "not empty" in refused.complaint) == (2, True)

"""No decision overrules another in silence, and who is listed by another name is said."""

from pathlib import Path

import pytest

from faceindex.cli.text import people as text
from faceindex.naming import decide, journal
from faceindex.naming.chosen_faces import faces_of
from faceindex.naming.decide import Decided
from faceindex.session import Session
from index.decisions.journal import Journal
from index.people.overruled import Overruled, Renamed, Said
from tests.faceindex.conftest import Album
from tests.faceindex.made_library import direction, face, fill, like

ANNA, BEN = direction(1), direction(2)


@pytest.fixture
def library(album: Album) -> Session:
    """Six faces of one person, three of another."""
    photos = [[face(like(ANNA, 0.9, seed))] for seed in range(10, 16)]
    photos += [[face(like(BEN, 0.9, seed))] for seed in range(20, 23)]
    fill(album.settings, photos, album.folder)
    return Session.open_to_write(album.settings)


def effects(decided: Decided) -> list[tuple[str, str | None, tuple[int, ...]]]:
    found = decided.effects.overruled
    assert {each.decision_id for each in found} <= {decided.decision.id, None}
    return [(each.said, each.person, each.face_ids) for each in found]


def test_each_decision_says_which_earlier_ones_it_overrules(library: Session) -> None:
    with library:
        assert effects(decide.move(library, "Anna", ["1", "2", "3"])) == []
        moved = decide.move(library, "Tom", ["2", "4"])
        assert effects(moved) == [("confirmed", "Anna", (2,))]
        assert "2 faces: Tom. " in text.decided(moved)
        assert "1 face was confirmed as Anna before: 2. Take it back: " in text.decided(moved)
        assert effects(decide.ignore(library, ["3", "5"])) == [("confirmed", "Anna", (3,))]
        assert effects(decide.not_a_face(library, ["5"])) == [("ignored", None, (5,))]
        assert effects(decide.confirm(library, "Tom", ["5"])) == [("not-a-face", None, (5,))]
        assert effects(decide.confirm(library, "Tom", ["5"])) == []
        assert effects(decide.reject(library, "Tom", ["5", "1"])) == [("confirmed", "Tom", (5,))]
        assert effects(decide.move(library, "Tom", ["5", "6"])) == [("rejected", "Tom", (5,))]
        assert effects(decide.split(library, "Tom", ["5"], "Tim")) == []  # its own words say so
        assert effects(decide.merge(library, "Tom", "Tim")) == [("rejected", "Tom", (5,))]


def test_confirming_all_recognised_faces_does_not_count_them_as_lost(library: Session) -> None:
    with library:
        named = decide.move(library, "Anna", ["1"])
        assert "5 more faces recognised" in text.decided(named)
        confirmed = decide.confirm(library, "Anna", every=True)
        assert text.decided(confirmed) == "5 faces: Anna. Take it back: faceindex people undo 2"
        assert confirmed.regrouped is not None
        assert confirmed.regrouped.no_longer_recognised == 0


def test_undoing_an_undo_names_what_holds_again(library: Session) -> None:
    with library:
        decide.move(library, "Anna", ["1", "2"])
        first, back = text.undone(journal.undo(library))
        assert first.startswith("Undone: 1 ")
        assert back == "Take the undo back: faceindex people undo 2"
        first, second, back = text.undone(journal.undo(library, 2))
        assert "undoes 1" in first
        assert second.startswith("In force again: 1 ")
        assert second.endswith("2 faces: Anna")
        _, second, _ = text.undone(journal.undo(library, 3))
        assert second.startswith("No longer in force: 1 ")
        assert second.endswith("2 faces: Anna  (undone by 2)")


def test_an_undo_that_brings_a_name_back_says_who_is_listed_how(library: Session) -> None:
    with library:
        decide.move(library, "Obama", ["1"])
        decide.rename(library, "Obama", "Barack")
        decide.move(library, "Obama", ["7"])
        undone = journal.undo(library, 2)
        assert undone.renamed == (Renamed("Barack", "Obama (2)", "Obama"),)
        assert (
            "Barack is listed as Obama (2) now, because another person is called Obama already. "
            "If they are one: faceindex people merge Obama 'Obama (2)'. "
            "Else: faceindex people rename 'Obama (2)' NAME"
        ) in list(text.undone(undone))
        assert faces_of(library, "Obama")[0].record.face_id == 7
        renamed = decide.rename(library, "Obama", "Michelle")
        assert renamed.effects.renamed == (Renamed("Obama (2)", "Obama"),)
        assert "Obama (2) is listed as Obama now." in text.decided(renamed)


def test_an_undone_merge_takes_no_name_from_anybody(library: Session) -> None:
    with library:
        decide.move(library, "Tim", ["1"])
        decide.move(library, "Tom", ["2"])
        decide.merge(library, "Tim", "Tom")
        decide.move(library, "Tom", ["7"])
        assert journal.undo(library, 3).renamed == (Renamed(None, "Tom (2)", "Tom"),)


def test_an_import_lists_what_it_overrules(library: Session, album: Album, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.jsonl"
    with library:
        for name, faces in (("Anna", ["1", "2"]), ("Ben", ["7", "8"])):
            decide.move(library, name, faces)
        shared = list(Journal(library.database).export_lines())
        decide.move(library, "Carl", ["2", "3", "8"])
        decide.reject(library, "Ben", ["7"])
        decide.rename(library, "Anna", "Anne")
        theirs.write_text("\n".join(Journal(library.database).export_lines()))
    album.settings.library.unlink()
    photos = [[face(like(ANNA, 0.9, seed))] for seed in range(10, 16)]
    photos += [[face(like(BEN, 0.9, seed))] for seed in range(20, 23)]
    fill(album.settings, photos, album.folder)
    (tmp_path / "shared.jsonl").write_text("\n".join(shared))
    with Session.open_to_write(album.settings) as mine:
        assert (
            journal.import_journal(mine, journal.read_journal(tmp_path / "shared.jsonl")).effects.overruled
            == ()
        )
        decide.ignore(mine, ["3"])
        imported = journal.import_journal(mine, journal.read_journal(theirs))
        assert (imported.added, imported.known) == (3, 2)
        assert imported.effects.overruled == (
            Overruled((2,), Said.CONFIRMED, "Anna", "Carl", 4),
            Overruled((3,), Said.IGNORED, None, "Carl", 4),
            Overruled((7,), Said.CONFIRMED, "Ben", None, 5),
            Overruled((8,), Said.CONFIRMED, "Ben", "Carl", 4),
        )
        assert imported.effects.renamed == (Renamed("Anna", "Anne"),)
        lines = list(text.imported(imported))
        assert "1 face was confirmed as Anna before, and is Carl now: 2. " in lines[1]
        assert lines[1].endswith("Take it back: faceindex people undo 4")
        assert lines[-1] == "Anna is listed as Anne now."


def test_an_imported_undo_and_merge_are_listed(library: Session, tmp_path: Path) -> None:
    with library:
        decide.move(library, "Anna", ["1", "2"])
        decide.move(library, "Ben", ["7"])
        lines = [each for each in Journal(library.database).export_lines() if '"uid"' in each]
        first, second = (line.split('"uid":"')[1][:32] for line in lines)
        keys = [line.split('"person":"')[1][:32] for line in lines]
        made = '"made_at":"2024-05-06T07:08:09+00:00"'
        merge = f'{{"uid":"{"1" * 32}",{made},"kind":"merge","person":"{keys[0]}","other":"{keys[1]}"}}'
        (tmp_path / "merge.jsonl").write_text(merge)
        merged = journal.import_journal(library, journal.read_journal(tmp_path / "merge.jsonl")).effects
        assert merged.overruled == ()
        assert merged.renamed == (Renamed("Ben", "Anna", merged=True),)
        undo = f'{{"uid":"{"2" * 32}",{made},"kind":"undo","target":"{second}"}}'
        (tmp_path / "undo.jsonl").write_text(undo)
        undone = journal.import_journal(library, journal.read_journal(tmp_path / "undo.jsonl")).effects
        assert undone.overruled == (Overruled((7,), Said.CONFIRMED, "Anna", None, 4),)
        (tmp_path / "undo.jsonl").write_text(undo.replace("2" * 32, "3" * 32).replace(second, first))
        assert journal.import_journal(
            library, journal.read_journal(tmp_path / "undo.jsonl")
        ).effects.renamed == (Renamed("Anna", None),)


def test_one_of_two_persons_of_a_name_is_called_by_its_number(library: Session) -> None:
    with library:
        decide.move(library, "Obama", ["1"])
        decide.rename(library, "Obama", "Barack")
        decide.move(library, "Obama", ["7"])
        journal.undo(library, 2)
        for made, said in (
            (decide.hide(library, "Obama (2)"), "Obama (2) is hidden."),
            (decide.apart(library, "Obama (2)", "Obama"), "Obama (2) and Obama are two people."),
            (decide.rename(library, "Obama (2)", "Barack"), "Obama (2) is called Barack."),
        ):
            assert text.decided(made).startswith(said)

"""The libraries that benchmarks make are whole: the commands find nothing wrong with them."""

import subprocess
import sys
from pathlib import Path

from tests.functional.command import CHECKOUT, CommandLine

FACES = 1000


def made(command: CommandLine, photos: Path) -> CommandLine:
    """Make a library with its photos' files."""
    program = [sys.executable, "-m", "benchmarks.made_library", str(command.library), "--photos", str(photos)]
    command.library.parent.mkdir(mode=0o700)
    ran = subprocess.run(
        [*program, "--faces", str(FACES)], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return command


def test_a_made_library_has_no_fault_and_names_that_hold(command: CommandLine, photos: Path) -> None:
    made(command, photos)
    assert command.run("check", "--json").summary["found"] == 0
    persons = command.run("people", "list", "--json").objects
    assert sum(each["confirmed"] for each in persons) > FACES / 20
    scanned = command.run("scan", "--json", photos).summary
    assert scanned["photos"]["unchanged"] == scanned["photos"]["seen"] == FACES * 2 / 5
    decided = command.run("people", "confirm", persons[0]["person"], "--all")
    assert decided.code == 0, decided.err

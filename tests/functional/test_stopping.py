"""A scan may be stopped at any moment: what was done is kept, and the next scan does the rest."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.functional.command import CHECKOUT, CommandLine
from tests.functional.halfway import PHOTOS, recorded, start_halfway


def facts(command: CommandLine) -> list[dict[str, Any]]:
    """All that is known of the faces, but for their ids."""
    faces = sorted(command.run("export").objects, key=lambda face: str(face["photo"]))
    return [{name: value for name, value in face.items() if name != "face_id"} for face in faces]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, cache: Path, many: Path) -> list[dict[str, Any]]:
    home = tmp_path_factory.mktemp("uninterrupted")
    command = CommandLine(home, cache, home / "library.db", home)
    assert command.run("scan", "--model", "sface", many).code == 0
    return facts(command)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_a_stopped_scan_is_completed_by_the_next(
    command: CommandLine,
    many: Path,
    uninterrupted: list[dict[str, Any]],
    number: signal.Signals,
    code: int,
) -> None:
    with start_halfway(command, many) as process:
        before = recorded(command.library)
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        ran = command.end(process)
    assert (ran.code, ran.out) == (code, "")
    assert ran.err == ("" if number == signal.SIGKILL else "Error: stopped; all finished work is kept\n")
    kept = recorded(command.library)
    assert before <= kept < PHOTOS
    counts = command.run("scan", "--json", many).summary["photos"]
    assert (counts["unchanged"], counts["indexed"]) == (kept, PHOTOS - kept)
    assert facts(command) == uninterrupted


def test_a_second_ctrl_c_does_not_lose_what_the_first_has_it_keep(command: CommandLine, many: Path) -> None:
    with start_halfway(command, many) as process:
        before = recorded(command.library)
        process.send_signal(signal.SIGCONT)
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            time.sleep(0.02)
        ran = command.end(process)
    assert ran.code == 130
    assert ran.complaint == "Error: stopped; all finished work is kept"
    assert recorded(command.library) >= before


ENDS_BESIDE_A_THREAD = """
import atexit, os, threading
import faceindex.cli
from faceindex.__main__ import main

def ends():
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    print("finished")
    raise SystemExit(3)

atexit.register(os.abort)  # as OpenVINO may do if Python ends while it loads a network
faceindex.cli.main = ends
main()
"""


def test_a_command_ends_with_its_own_code_while_a_network_is_still_loading() -> None:
    """As a scan does whose new files are all damaged."""
    ran = subprocess.run(
        [sys.executable, "-c", ENDS_BESIDE_A_THREAD], cwd=CHECKOUT, capture_output=True, check=False
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (3, b"finished\n", b"")

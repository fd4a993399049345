"""The processes that decode photos, as a user's scan has them: killed, they are missed by nobody."""

import os
import signal
import subprocess
from pathlib import Path

from tests.functional.command import CommandLine
from tests.functional.halfway import PHOTOS, start_halfway
from tests.functional.people import landscape, save
from tests.waiting import wait_until


def readers(process: "subprocess.Popen[bytes]") -> list[int]:
    """Processes that a scan has started."""
    try:
        tasks = list(Path(f"/proc/{process.pid}/task").iterdir())
        return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    except FileNotFoundError:  # it has ended, or a thread of it
        return []


def test_readers_that_are_killed_cost_no_photo(command: CommandLine, photos: Path) -> None:
    for number in range(PHOTOS):
        save(landscape(number), photos / f"{number:03}.jpg")
    with start_halfway(command, photos, workers=4) as process:
        killed = readers(process)
        for pid in killed:  # each once: a photo of which two readers die has failed
            os.kill(pid, signal.SIGKILL)
        process.send_signal(signal.SIGCONT)
        ran = command.end(process)
    assert len(killed) == 4
    assert ran.code == 0, ran.out
    assert ran.summary["photos"]["indexed"] == PHOTOS


def test_no_reader_outlives_a_scan_that_is_killed(command: CommandLine, photos: Path) -> None:
    for number in range(PHOTOS):
        save(landscape(number), photos / f"{number:03}.jpg")
    with start_halfway(command, photos, workers=4) as process:
        left = readers(process)
        process.kill()
    assert len(left) == 4
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left))

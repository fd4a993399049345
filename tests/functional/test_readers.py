"""The processes that decode photos, as a user's scan has them: killed, they are missed by nobody."""

import os
import signal
import subprocess
import time
from pathlib import Path

from tests.functional.command import SECONDS, CommandLine
from tests.functional.people import landscape, save

PHOTOS = 60
KILLS = 8
SECONDS_TO_START = 2


def readers(process: "subprocess.Popen[bytes]") -> list[int]:
    """Processes that a scan has started."""
    try:
        tasks = list(Path(f"/proc/{process.pid}/task").iterdir())
        return [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    except FileNotFoundError:  # it has ended, or a thread of it
        return []


def test_readers_that_are_killed_cost_no_photo(command: CommandLine, photos: Path) -> None:
    for number in range(PHOTOS):
        save(landscape(number), photos / f"{number:02}.jpg")
    killed = 0
    with command.start("scan", "--json", "--model", "sface", photos) as process:
        while process.poll() is None and killed < KILLS:
            for pid in readers(process)[:1]:
                os.kill(pid, signal.SIGKILL)
                killed += 1
                time.sleep(SECONDS_TO_START)  # a photo of which two readers die has failed
            time.sleep(0.02)
        ran = command.end(process)
    assert ran.code == 0, ran.out
    assert ran.summary["photos"]["indexed"] == PHOTOS
    assert killed


def test_no_reader_outlives_a_scan_that_is_killed(command: CommandLine, photos: Path) -> None:
    for number in range(PHOTOS):
        save(landscape(number), photos / f"{number:02}.jpg")
    deadline = time.monotonic() + SECONDS
    with command.start("scan", "--model", "sface", photos) as process:
        while not (left := readers(process)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
    while any(Path(f"/proc/{pid}").exists() for pid in left):
        assert time.monotonic() < deadline
        time.sleep(0.05)

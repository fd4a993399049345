"""A scan that is halfway through, however fast or slow the machine is."""

import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

from faceindex.scanning.recording import BATCH_PHOTOS
from tests.functional.command import CommandLine

PHOTOS = BATCH_PHOTOS * 2 + 20
"""Enough for three batches."""


def recorded(library: Path) -> int:
    """Photos in a library that a scan is at work on."""
    try:
        with closing(sqlite3.connect(f"file:{library}?mode=ro", uri=True, timeout=5)) as connection:
            return int(connection.execute("SELECT count(*) FROM photo").fetchone()[0])
    except sqlite3.OperationalError:  # there is none yet
        return 0


def start_halfway(command: CommandLine, folder: Path, workers: int = 1) -> "subprocess.Popen[bytes]":
    """Scan ``PHOTOS`` photos, and suspend the scan when it has written its first batch and no other.

    A scan that went on too far before it could be suspended is started anew.
    """
    while True:
        process = command.start("scan", "--json", "--model", "sface", "--workers", workers, folder)
        while process.poll() is None and not recorded(command.library):
            time.sleep(0.005)
        process.send_signal(signal.SIGSTOP)
        if process.poll() is None and 0 < recorded(command.library) <= BATCH_PHOTOS:
            return process
        process.kill()
        process.communicate()
        for file in command.library.parent.iterdir():
            file.unlink()

"""A scan that is halfway through, however fast or slow the machine is."""

import os
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

from faceindex.errors import LibraryLocked
from faceindex.lock import turn
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


def is_writing(library: Path) -> bool:
    """Whether another process is in its turn to write."""
    try:
        with turn(library, patience=0):
            return False
    except LibraryLocked:
        return True


def _suspended(process: "subprocess.Popen[bytes]") -> bool:
    """Suspend a process, and see that it is; return ``False`` if it has ended."""
    process.send_signal(signal.SIGSTOP)
    if process.poll() is None:
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    return process.poll() is None


def start_halfway(command: CommandLine, folder: Path, workers: int = 1) -> "subprocess.Popen[bytes]":
    """Scan ``PHOTOS`` photos, and suspend the scan when it has written its first batch, before the next one.

    A scan that went on too far before it could be suspended is started anew.
    """
    while True:
        process = command.start("scan", "--json", "--model", "sface", "--workers", workers, folder)
        while process.poll() is None and not recorded(command.library):
            time.sleep(0.005)
        while _suspended(process) and is_writing(command.library):  # it has not quite finished the batch
            process.send_signal(signal.SIGCONT)
            time.sleep(0.005)
        if process.poll() is None and 0 < recorded(command.library) <= BATCH_PHOTOS:
            return process
        process.kill()
        process.communicate()
        for file in command.library.parent.iterdir():
            file.unlink()

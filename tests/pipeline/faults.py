"""A decoder that does to its process what hostile files do, as the photo's name says; for readers to run.

Other photos it decodes as usual.
"""

import ctypes
import os
import signal
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from pipeline.decoding import decode as usual
from pipeline.decoding.decode import Picture, PixelMemory
from pipeline.sources.photo_file_access import OpenPhoto

ENTRY = "tests.pipeline.faults:decode"
SLEEP_SECONDS = 3600


def decode(photo: OpenPhoto, long_edge: int | None, pixel_cap: int, room: PixelMemory) -> Picture:
    """Misbehave as the first word of the photo's name says, or decode it."""
    path = Path(os.fsdecode(photo.file.path))
    fault = FAULTS.get(path.stem.split()[0])
    if fault is not None:
        with open(path.with_suffix(".tries"), "a") as tries:
            tries.write(f"{os.getpid()}\n")
        fault(path, room)
    return usual.decode(photo, long_edge, pixel_cap, room)


def hang(path: Path, room: PixelMemory) -> None:
    """In C, with every signal blocked and with Python's lock held, so that no Python code runs."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    ctypes.PyDLL(None).sleep(SLEEP_SECONDS)


def hang_late(path: Path, room: PixelMemory) -> None:
    """After the header."""
    room.prepare(1, 1)
    hang(path, room)


def hang_large(path: Path, room: PixelMemory) -> None:
    """After the header, of a photo of so many pixels that it may take half a second longer."""
    room.prepare(1, 2_500_000)
    hang(path, room)


def hang_once(path: Path, room: PixelMemory) -> None:
    if first_time(path):
        hang(path, room)


def spin(path: Path, room: PixelMemory) -> None:
    while True:
        zlib.crc32(b"for ever")


def segfault(path: Path, room: PixelMemory) -> None:
    ctypes.string_at(0)


def segfault_once(path: Path, room: PixelMemory) -> None:
    if first_time(path):
        segfault(path, room)


def crash_when_told(path: Path, room: PixelMemory) -> None:
    while not path.with_suffix(".told").exists():
        time.sleep(0.01)
    os.abort()


def abort(path: Path, room: PixelMemory) -> None:
    room.prepare(1, 1)
    os.abort()


def eat(path: Path, room: PixelMemory) -> None:
    """All the memory that this process may have."""
    room.prepare(1, 1)
    pieces = []
    try:
        while True:
            pieces.append(np.empty(1 << 24, np.uint8))  # pages that are never touched cost no time
    finally:
        path.with_suffix(".eaten").write_text(str(sum(map(len, pieces))))


def leave(path: Path, room: PixelMemory) -> None:
    os._exit(3)


def raise_a_bug(path: Path, room: PixelMemory) -> None:
    raise ZeroDivisionError("a bug of a decoder")


def be_killed(path: Path, room: PixelMemory) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def shout(path: Path, room: PixelMemory) -> None:
    os.write(2, b"an opinion of a library\n")
    os.write(1, b"another\n")


def tell_modules(path: Path, room: PixelMemory) -> None:
    path.with_suffix(".modules").write_text("\n".join(sys.modules))


def tell_process(path: Path, room: PixelMemory) -> None:
    path.with_suffix(".pid").write_text(str(os.getpid()))


def first_time(path: Path) -> bool:
    """Whether no process has been here before with this photo."""
    mark = path.with_suffix(".mark")
    if mark.exists():
        return False
    mark.touch()
    return True


FAULTS: dict[str, Callable[[Path, PixelMemory], None]] = {
    "hang": hang,
    "hang-late": hang_late,
    "hang-large": hang_large,
    "hang-once": hang_once,
    "spin": spin,
    "segfault": segfault,
    "segfault-once": segfault_once,
    "abort": abort,
    "crash-when-told": crash_when_told,
    "eat": eat,
    "exit": leave,
    "raise": raise_a_bug,
    "killed": be_killed,
    "shout": shout,
    "modules": tell_modules,
    "pid": tell_process,
}

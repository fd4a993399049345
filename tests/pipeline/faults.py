"""A decoder that does to its process what hostile files do, as the photo's name says; for readers to run.

Other photos it decodes as usual.
"""

import contextlib
import ctypes
import errno
import json
import os
import signal
import socket
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from pipeline.decoding import decode as usual
from pipeline.decoding.decode import PixelMemory
from pipeline.decoding.format_reader import MemoryNeeded, Picture
from pipeline.decoding.process.reader_messages import MOST_PICTURES, DecodeRequest

ENTRY = "tests.pipeline.faults:decode"
SLEEP_SECONDS = 3600


def decode(stream: BinaryIO, request: DecodeRequest, room: PixelMemory) -> Picture:
    """Misbehave as the first word of the photo's name says, or decode it."""
    path = Path(request.path)
    fault = FAULTS.get(path.stem.split()[0])
    if fault is not None:
        with open(path.with_suffix(".tries"), "a") as tries:
            tries.write(f"{os.getpid()}\n")
        fault(path, room)
    return usual.decode(stream, request, room)


def hang(path: Path, room: PixelMemory) -> None:
    """In C, with every signal blocked and with Python's lock held, so that no Python code runs."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    ctypes.PyDLL(None).sleep(SLEEP_SECONDS)


def hang_late(path: Path, room: PixelMemory) -> None:
    """After the header."""
    room.prepare(MemoryNeeded(1, 1, 1))
    hang(path, room)


def hang_large(path: Path, room: PixelMemory) -> None:
    """After the header, of a photo of so many pixels that it may take half a second longer."""
    room.prepare(MemoryNeeded(2_500_000, 1, 1))
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
    room.prepare(MemoryNeeded(1, 1, 1))
    os.abort()


def eat(path: Path, room: PixelMemory) -> None:
    """All the memory that this process may have."""
    room.prepare(MemoryNeeded(1, 1, 1))
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


def shrink(path: Path, room: PixelMemory) -> None:
    """All memory that the run has given, and write to the content."""
    refused = []
    for descriptor in map(int, os.listdir("/proc/self/fd")):
        with contextlib.suppress(FileNotFoundError):
            if "memfd:faceindex" in os.readlink(f"/proc/self/fd/{descriptor}"):
                refused += [f"{act} {attempt(descriptor)}" for act, attempt in CHANGES.items()]
    path.with_suffix(".refused").write_text("\n".join(sorted(refused)))


def refusal(act: Callable[[], object]) -> str:
    try:
        act()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "done"


CHANGES: dict[str, Callable[[int], str]] = {
    "shrink": lambda descriptor: refusal(lambda: os.ftruncate(descriptor, 0)),
    "write": lambda descriptor: refusal(lambda: os.pwrite(descriptor, b"x", 0)),
}


def lie(path: Path, room: PixelMemory) -> None:
    """Send what the second word of the name says, instead of a header or after one."""
    name = path.stem.split()[1]
    for _ in range(MOST_PICTURES if name == "late-header-again" else name.startswith("late")):
        room.prepare(MemoryNeeded(12, 3 if name.endswith("beyond-the-memory") else 36, 1))
    content = LIES[name] if isinstance(LIES[name], bytes) else json.dumps(LIES[name]).encode()
    end: socket.socket = vars(vars(room)["_channel"])["_socket"]
    end.sendall(content + b"\n")
    time.sleep(SLEEP_SECONDS)


HEADER = {"pixels": 12, "result": 36, "decoding": 1}
DECODED = {"width": 4, "height": 3, "taken_at": None, "scale": 1.0, "picture": "ab" * 32}
REFUSED = {"stage": "decode", "reason": "corrupt", "message": "it is damaged"}

LIES: dict[str, Any] = {
    "no-json": b"}{",
    "no-text": b"\xff\xfe",
    "too-deep": b"[" * 60_000,
    "too-long": bytes(1 << 17),
    "no-message": 7,
    "no-fields": ["MemoryNeeded", 7],
    "unknown-kind": ["Gift", {}],
    "unhashable-kind": [[], {}],
    "unknown-field": ["MemoryNeeded", {**HEADER, "more": 1}],
    "missing-field": ["MemoryNeeded", {"pixels": 12}],
    "text-for-a-number": ["MemoryNeeded", {**HEADER, "pixels": "12"}],
    "truth-for-a-number": ["MemoryNeeded", {**HEADER, "pixels": True}],
    "no-pixels": ["MemoryNeeded", {**HEADER, "pixels": 0}],
    "negative-memory": ["MemoryNeeded", {**HEADER, "decoding": -1}],
    "too-much-memory": ["MemoryNeeded", {**HEADER, "decoding": 1 << 40}],
    "too-large-a-result": ["MemoryNeeded", {**HEADER, "result": 37}],
    "more-pixels-than-the-cap": ["MemoryNeeded", {**HEADER, "pixels": 1 << 60}],
    "two-messages": b'["Refused", {"stage": "decode", "reason": "corrupt", "message": ""}]\n["Ready", {}]',
    "ready-again": ["Ready", {}],
    "memory-for-the-run": ["Continue", {"new_bytes": 1}],
    "done-without-a-header": ["Decoded", DECODED],
    "unknown-stage": ["Refused", {**REFUSED, "stage": "lunch"}],
    "unknown-reason": ["Refused", {**REFUSED, "reason": "boredom"}],
    "unprintable-message": ["Refused", {**REFUSED, "message": "\x1b[2J"}],
    "late-header-again": ["MemoryNeeded", HEADER],
    "late-pixels-beyond-the-memory": ["Decoded", DECODED],
    "late-fewer-pixels": ["Decoded", {**DECODED, "scale": 0.5}],
    "late-negative-size": ["Decoded", {**DECODED, "width": -4, "height": -3}],
    "late-another-size": ["Decoded", {**DECODED, "width": 5}],
    "late-no-scale": ["Decoded", {**DECODED, "scale": 0.3}],
    "late-nan-for-a-scale": ["Decoded", {**DECODED, "scale": float("nan")}],
    "late-no-time": ["Decoded", {**DECODED, "taken_at": "yesterday"}],
    "late-no-digest": ["Decoded", {**DECODED, "picture": "ab"}],
    "late-nothing-there": ["Decoded", {**DECODED, "missing": {"side": "bottom", "share": 0.9}}],
}


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
    "shrink": shrink,
    "lie": lie,
}

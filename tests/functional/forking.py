"""Runs commands in processes that have what is not ours loaded already; as a program, it forks them.

Loading other people's modules takes most of the time of a small command, and is the same every time. So one
process that runs nothing itself loads them once, and forks each command: a process of its own, with the
environment, the working directory and the files of one that was started, which loads our modules itself and
ends as any other. It has a single thread, so that nothing is left half done in what is forked.
"""

import atexit
import json
import os
import runpy
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

LOADED = (
    "sqlalchemy.dialects.sqlite.pysqlite",
    "alembic.command",
    "numpy",
    "cv2",
    "blake3",
    "PIL.Image",
    "pydantic_settings",
    "platformdirs",
    "typer.rich_utils",
    "rich.progress",
    "rich.table",
)

_NUMBER = struct.Struct("i")


@dataclass(frozen=True)
class Order:
    """A command to be run.

    Attributes:
        arguments: What follows ``python -m faceindex``.
        environment: All of it.
        folder: The working directory.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path


class Forker:
    """Has commands forked, one at a time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._lock = threading.Lock()
        self._socket, its_end = socket.socketpair()
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.functional.forking"],
            stdin=its_end.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={**environment, "OPENBLAS_NUM_THREADS": "1"},  # no thread of its own
        )
        its_end.close()
        atexit.register(self.close)

    def run(self, order: Order, seconds: float) -> tuple[int, bytes, bytes]:
        """Run a command to its end.

        Returns:
            Its exit code, or the number of the signal that ended it, negative; and what it printed.

        Raises:
            subprocess.TimeoutExpired: It took longer, and was killed.
        """
        files = [os.memfd_create(name) for name in ("order", "stdout", "stderr")]
        try:
            os.write(files[0], json.dumps(vars(order) | {"folder": str(order.folder)}).encode())
            with self._lock:
                socket.send_fds(self._socket, [b"!"], files)
                self._await(order, seconds, pid=self._number(seconds))
                status = self._number(seconds)
            return os.waitstatus_to_exitcode(status), _content(files[1]), _content(files[2])
        finally:
            for each in files:
                os.close(each)

    def _await(self, order: Order, seconds: float, pid: int) -> None:
        self._socket.settimeout(seconds)
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except TimeoutError as error:
            os.kill(pid, 9)
            self._number(seconds)
            raise subprocess.TimeoutExpired(list(order.arguments), seconds) from error

    def _number(self, seconds: float) -> int:
        self._socket.settimeout(seconds)
        number: int = _NUMBER.unpack(self._socket.recv(_NUMBER.size, socket.MSG_WAITALL))[0]
        return number

    def close(self) -> None:
        """End the process that forks."""
        self._socket.close()
        self._server.wait()


def _content(file: int) -> bytes:
    return os.pread(file, os.fstat(file).st_size, 0)


@cache
def forker(environment: tuple[tuple[str, str], ...]) -> Forker:
    """The one for commands whose interpreter is started with this environment."""
    return Forker(dict(environment))


def _serve() -> dict[str, Any] | None:
    """Fork commands; return in each of them with its order, and with none when there are no more."""
    for name in LOADED:
        import_module(name)
    if len(os.listdir("/proc/self/task")) > 1:
        raise SystemExit("a module that was loaded has started a thread: it must not be forked")
    with socket.socket(fileno=0) as orders:
        while True:
            message, files, _, _ = socket.recv_fds(orders, 1, 3)
            if not message:
                return None
            pid = os.fork()
            if pid == 0:
                orders.detach()
                return _take_place(*files)
            orders.sendall(_NUMBER.pack(pid))
            for each in files:
                os.close(each)
            orders.sendall(_NUMBER.pack(os.waitpid(pid, 0)[1]))


def _take_place(order: int, out: int, err: int) -> dict[str, Any]:
    """Become the process that a command would have been started in."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file, number in ((nothing, 0), (out, 1), (err, 2)):
        os.dup2(file, number)
        os.close(file)
    wanted: dict[str, Any] = json.loads(_content(order))
    os.close(order)
    os.environ.clear()
    os.environ.update(wanted["environment"])
    time.tzset()
    os.chdir(wanted["folder"])
    return wanted


if __name__ == "__main__":
    wanted = _serve()
    if wanted is not None:
        sys.argv = ["faceindex", *wanted["arguments"]]
        runpy.run_module("faceindex", run_name="__main__", alter_sys=True)

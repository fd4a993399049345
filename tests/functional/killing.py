"""Runs jobs on a library in real processes that are killed at some moment; as a program, it forks them.

Loading Python's modules takes longer than a small job, so one process loads them, and forks each job: a real
process with real files, and a real SIGKILL. The networks are loaded by each job anew. A moment is either one
in time, or the n-th event of the process: a statement of SQL, or the opening, renaming or deleting of a file.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]

EVENTS = frozenset({"open", "os.rename", "os.remove", "os.link", "os.mkdir", "os.truncate"})

LOADED = (
    "alembic.command",
    "faceindex.engine",
    "faceindex.scanning.reindex",
    "faceindex.maintenance",
    "pipeline.description.embedder",
    "pipeline.detection.mtcnn_networks",
    "pipeline.runner",
)
"""What jobs need, so that no moment is spent on loading it."""

MARK = "FACEINDEX_TEST_KILLING"
"""An environment variable by which the processes of one test are known, and those that they start."""


@dataclass(frozen=True)
class Moment:
    """When a job is killed: at its n-th event, or after some seconds; or never."""

    event: int = 0
    seconds: float = 0.0


NEVER = Moment()


@dataclass(frozen=True)
class Ended:
    """How a job ended.

    Attributes:
        killed: It was.
        events: So many it had, if it came to its end.
        seconds: It took.
    """

    killed: bool
    events: int
    seconds: float


class Killer:
    """Starts jobs, and kills them."""

    def __init__(self, cache: Path, mark: str) -> None:
        self._cache = cache
        self._mark = mark
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.functional.killing"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=CHECKOUT,
            env={**os.environ, MARK: mark, "OMP_NUM_THREADS": "1"},
            text=True,
        )

    def run(self, job: str, library: Path, *arguments: Path, when: Moment = NEVER) -> Ended:
        """Run a job, and kill it."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        order = {
            "job": job,
            "library": str(library),
            "cache": str(self._cache),
            "arguments": list(map(str, arguments)),
            "event": when.event,
        }
        print(json.dumps(order), file=self._server.stdin, flush=True)
        pid = json.loads(self._server.stdout.readline())["pid"]
        began = time.monotonic()
        timer = threading.Timer(when.seconds, os.kill, (pid, signal.SIGKILL))
        if when.seconds:
            timer.start()
        ended = json.loads(self._server.stdout.readline())
        timer.cancel()
        assert ended["status"] in (0, -signal.SIGKILL), ended
        return Ended(ended["status"] != 0, ended["events"], time.monotonic() - began)

    def left_over(self) -> list[str]:
        """Processes that outlived the job that started them."""
        mark = f"{MARK}={self._mark}".encode()
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = mark in (folder / "environ").read_bytes().split(b"\0")
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if is_ours and command and int(folder.name) != self._server.pid:
                found.append(command)
        return found

    def close(self) -> None:
        """End the process that forks."""
        self._server.communicate("")


def _serve() -> None:
    for name in LOADED:
        import_module(name)
    recording: Any = import_module("faceindex.scanning.recording")
    recording.BATCH_PHOTOS = 3  # many small commits, so that there is much to interrupt
    for line in sys.stdin:
        order = json.loads(line)
        ending, its_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(ending)
            _work(order, its_end)
        os.close(its_end)
        _tell({"pid": pid})
        with open(ending) as told:
            events = told.read()
        _, status = os.waitpid(pid, 0)
        code = os.waitstatus_to_exitcode(status)
        _tell({"status": code, "events": int(events or 0)})


def _tell(value: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _work(order: dict[str, Any], its_end: int) -> None:
    """A job, in a process of its own, from which there is no return."""
    try:
        count = _count_events(order["event"])
        _JOBS[order["job"]](Path(order["library"]), Path(order["cache"]), *map(Path, order["arguments"]))
        os.write(its_end, str(count[0]).encode())
    except BaseException:  # noqa: BLE001 - this process must not become a second one that forks
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    os._exit(0)


def _count_events(fatal: int) -> list[int]:
    count = [0]

    def tick(*_: object) -> None:
        count[0] += 1
        if count[0] == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = really_connect(*arguments, **options)
        connection.set_trace_callback(tick)
        return connection

    really_connect = sqlite3.connect
    setattr(sqlite3, "connect", connect)  # noqa: B010 - the type of it is not that of a plain function
    sys.addaudithook(lambda event, arguments: tick() if event in EVENTS else None)
    return count


def _settings(library: Path, cache: Path) -> Any:
    from faceindex.settings import Settings

    return Settings.load(library=library, cache_dir=cache, model="sface", workers=2)


def _scan(library: Path, cache: Path, folder: Path) -> None:
    from faceindex.library import Library

    Library(_settings(library, cache)).scan([folder])


def _reindex(library: Path, cache: Path) -> None:
    from faceindex.library import Library

    Library(_settings(library, cache)).reindex()


def _open(library: Path, cache: Path) -> None:
    from faceindex.session import Session

    Session.open(_settings(library, cache)).close()


def _backup(library: Path, cache: Path, target: Path) -> None:
    from faceindex.maintenance import make_backup

    make_backup(_settings(library, cache), target, force=True)


def _restore(library: Path, cache: Path, backup: Path) -> None:
    from faceindex.maintenance import restore_backup

    restore_backup(_settings(library, cache), backup, dry_run=False)


def _repair(library: Path, cache: Path) -> None:
    from faceindex.maintenance import check

    list(check(_settings(library, cache), repair=True))


_JOBS: dict[str, Callable[..., None]] = {
    "scan": _scan,
    "reindex": _reindex,
    "open": _open,
    "backup": _backup,
    "restore": _restore,
    "repair": _repair,
}

if __name__ == "__main__":
    _serve()

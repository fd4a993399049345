"""What a library knows stays with its owner: files that nobody else can read, and no network.

Every command runs with sockets refused, in a process whose umask forbids nothing. A new command fails
``test_every_command_is_run_here`` until it stands in ``commands``.
"""

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from faceindex.cli import app
from index.photos.catalog import Catalog
from index.store.opening import open_store
from index.store.store import Access
from tests.functional.command import CommandLine
from tests.functional.people import astronaut, save

COLLINS, HOPPER = "Eileen Collins", "Grace Hopper"

PROGRAM = """
import json, os, socket, sys

REFUSED = tuple(f"socket.{each}" for each in ("bind", "connect", "get", "sendmsg", "sendto"))

def refuse(event, arguments):
    is_own_pair = event == "socket.sendmsg" and arguments[0].family == socket.AF_UNIX  # between own processes
    if event.startswith(REFUSED) and not is_own_pair:
        with open(os.environ["ATTEMPTS"], "a") as file:
            file.write(f"{sys.argv[1:]}: {event} {arguments[1:]}\\n")
        raise OSError(f"the test refuses {event}")

# Loaded once; every command is a process of its own.
import numpy, sqlalchemy, faiss, pydantic_settings, rich.progress, pipeline.description.quality
from faceindex.cli import main

sys.addaudithook(refuse)
os.umask(0)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        sys.argv = ["faceindex", *json.loads(line)]
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)
        code = 99
        try:
            main()
        except SystemExit as error:
            code = error.code or 0
        finally:
            sys.stdout.flush()
            os._exit(code)
    sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\\n")
    sys.stdout.flush()
"""


class Refused:
    """Runs commands whose every attempt to reach a network is refused, and written down."""

    def __init__(self, command: CommandLine, wrapper: tuple[str, ...]) -> None:
        self.command = command
        self._attempts = command.folder / "attempts"
        self._process = subprocess.Popen(
            [*wrapper, sys.executable, "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=command.folder,
            env={**command.variables, "ATTEMPTS": str(self._attempts)},
            text=True,
        )

    def run(self, *arguments: object) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._attempts.write_text("")
        line = json.dumps(["--library", str(self.command.library), *map(str, arguments)])
        print(line, file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    @property
    def attempts(self) -> str:
        """Those of the last command, a line each."""
        return self._attempts.read_text()

    def close(self) -> None:
        self._process.communicate("")


@pytest.fixture(scope="module")
def no_network() -> tuple[str, ...]:
    """Runs a program where there is no network at all, if this user may make such a place."""
    wrapper = ("unshare", "-rn")
    if shutil.which("unshare") is None:
        return ()
    tried = subprocess.run([*wrapper, "true"], capture_output=True, check=False)
    return wrapper if tried.returncode == 0 else ()


@pytest.fixture(scope="module")
def refused(
    tmp_path_factory: pytest.TempPathFactory, scanned: CommandLine, no_network: tuple[str, ...]
) -> Iterator[Refused]:
    home = tmp_path_factory.mktemp("refused")
    refused = Refused(CommandLine(home, scanned.cache, home / "data" / "library.db", home), no_network)
    yield refused
    refused.close()


def commands(photos: Path, out: Path) -> list[tuple[int, tuple[object, ...]]]:
    """Every command, in an order in which each has something to do, and the exit code that it ends with.

    Of the three photos with a face those of Collins are the faces 1 and 3, and that of Hopper is 2.
    """
    labelled = out.parent / "labelled"
    collins, hopper, too = (
        photos / "collins.jpg",
        photos / "hopper.jpg",
        photos / "launch" / "collins too.jpg",
    )
    return [
        (0, ("scan", "--model", "sface", photos)),
        (0, ("reindex",)),
        (0, ("stats",)),
        (0, ("who", collins, "--annotate", out / "marked.png")),
        (0, ("verify", collins, too)),
        (0, ("cluster",)),
        (0, ("people", "name", 1, COLLINS)),
        (0, ("people", "enroll", HOPPER, hopper)),
        (0, ("people", "list")),
        (0, ("people", "show", COLLINS, "--sheet", out / "sheet.jpg")),
        (0, ("people", "review")),
        (0, ("people", "confirm", COLLINS, 3)),
        (0, ("people", "reject", HOPPER, 3)),
        (0, ("people", "move", HOPPER, 3)),
        (0, ("people", "undo")),
        (0, ("people", "split", COLLINS, 3, "--as", "Somebody")),
        (0, ("people", "merge", COLLINS, "Somebody")),
        (0, ("people", "apart", COLLINS, HOPPER)),
        (0, ("people", "rename", HOPPER, "Amazing Grace")),
        (0, ("people", "hide", "Amazing Grace")),
        (0, ("people", "add-photo", COLLINS, hopper)),
        (0, ("people", "draw", "Somebody else", hopper, "5,5,40,40")),
        (0, ("people", "portrait", COLLINS, 1)),
        (0, ("people", "born", COLLINS, "1956-11-19")),
        (0, ("people", "ignore", 2)),
        (0, ("people", "not-a-face", 2)),
        (0, ("people", "log")),
        (0, ("people", "export", out / "journal.jsonl")),
        (0, ("people", "import", out / "journal.jsonl")),
        (0, ("why", too)),
        (0, ("find", COLLINS)),
        (0, ("export", "--format", "npz", out / "faces.npz")),
        (0, ("export", out / "faces.jsonl")),
        (0, ("evaluate", "--model", "sface", labelled)),
        (0, ("calibrate", "--reset")),
        (1, ("calibrate",)),  # for two people it cannot
        (1, ("adapt",)),  # likewise
        (0, ("roots", "list")),
        (0, ("roots", "move", photos, out.parent / "elsewhere", "--dry-run")),
        (0, ("roots", "forget", photos, "--dry-run")),
        (0, ("check", "--repair")),
        (0, ("backup", out / "backup.db")),
        (0, ("people", "forget", COLLINS, "--yes")),
        (0, ("restore", out / "backup.db")),
        (0, ("models", "list")),
        (13, ("models", "fetch", "vggface2-resnet50", "--from", collins)),
    ]


DOWNLOADS: list[tuple[str, ...]] = [
    ("models", "fetch", "vggface2-resnet50"),
    ("celebrity", "photo.jpg"),
    ("--library", "new.db", "scan", "."),  # of a new library, where no model is named
    ("--library", "none.db", "evaluate", "people"),  # likewise
    ("--library", "none.db", "verify", "photo.jpg", "photo.jpg"),  # likewise
]
"""What may fetch weights that are not here; docs/privacy.md says so."""


def names_of_commands(command: object, before: tuple[str, ...] = ()) -> set[tuple[str, ...]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        return {before}
    return {name for each, below in inner.items() for name in names_of_commands(below, (*before, each))}


def test_every_command_is_run_here(tmp_path: Path) -> None:
    known = names_of_commands(typer.main.get_command(app))
    words_of_all = [words for _, words in commands(tmp_path, tmp_path)] + DOWNLOADS + [SERVING]
    assert known == {name for words in words_of_all for name in known if words[: len(name)] == name}


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


def test_no_command_reaches_for_a_network_and_nobody_else_can_read_what_it_writes(
    refused: Refused, album: Path
) -> None:
    folder, out = refused.command.library.parent, refused.command.folder / "out"
    out.mkdir()
    for number in range(4):
        save(astronaut(number * 4), out.parent / "labelled" / COLLINS / f"{number}.jpg")
    shutil.copytree(album, out.parent / "labelled" / "somebody", ignore=lambda *_: ["collins.jpg", "launch"])
    shutil.copytree(album, out.parent / "elsewhere")
    for code, words in commands(album, out):
        assert refused.run(*words) == code, words
        assert refused.attempts == "", words
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert set(modes(folder).values()) == {0o600}, words
    # What holds descriptors or names is for the owner alone wherever it is written; a picture is a picture.
    open_to_all = {name for name, mode in modes(out).items() if mode != 0o600}
    assert open_to_all == {"marked.png", "sheet.jpg"}


SERVING = ("serve",)
"""What listens for requests."""


def test_the_page_listens_on_this_machine_alone(refused: Refused, album: Path) -> None:
    assert refused.run("scan", "--model", "sface", album) in (0, 3)
    assert refused.run(*SERVING) == 1
    (attempt,) = refused.attempts.splitlines()
    assert attempt.endswith("socket.bind (('127.0.0.1', 8420),)")


@pytest.mark.parametrize("words", DOWNLOADS, ids=" ".join)
def test_what_may_download_weights_is_caught_at_it(
    refused: Refused, album: Path, words: tuple[str, ...]
) -> None:
    """Else the test above would prove nothing."""
    folder = refused.command.folder
    for name in ("photo.jpg", "people/hopper/a.jpg", "people/collins/b.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(album / "hopper.jpg", folder / name)
    refused.run(*words)
    attempts = refused.attempts
    assert "socket.getaddrinfo" in attempts
    assert str(list(words)).strip("[]") in attempts
    assert all(line.count("socket.") == 1 for line in attempts.splitlines())


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_what_sqlite_puts_beside_a_library_is_for_its_owner_alone(copied: CommandLine, journal: str) -> None:
    """SQLite gives its journals the rights of the library, whatever the umask."""
    before = os.umask(0)
    try:
        with closing(sqlite3.connect(copied.library, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA journal_mode={journal}")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("DELETE FROM photo")
            beside = modes(copied.library.parent)
            assert {name.rpartition("-")[2] for name in beside} & {"journal", "wal"}
            assert set(beside.values()) == {0o600}
            connection.execute("ROLLBACK")
    finally:
        os.umask(before)


def test_what_was_deleted_is_gone_from_the_file(copied: CommandLine) -> None:
    with open_store(copied.library, Access.WRITE) as database:
        catalog = Catalog(database)
        (faces,) = catalog.all_faces()
        digest, path = faces[0].digest, faces[0].photo
        with database.write() as connection:
            for table in ("face", "photo", "content", "file_digest"):
                connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608
    content = copied.library.read_bytes()
    assert digest not in content
    assert path not in content


def test_a_library_of_another_umask_is_no_less_private(command: CommandLine, album: Path) -> None:
    """Rights are given by name, and not by what a umask leaves."""
    wrapper = ("sh", "-c", 'umask 0 && exec "$@"', "sh")
    there = replace(command, library=command.folder / "new" / "deep" / "library.db", wrapper=wrapper)
    assert there.run("scan", "--model", "sface", album / "launch").code == 0
    assert stat.S_IMODE(there.library.parent.stat().st_mode) == 0o700
    assert set(modes(there.library.parent).values()) == {0o600}

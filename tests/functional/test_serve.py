"""``faceindex serve`` on a real socket: who reaches it, who cannot stop it, and how it ends."""

import asyncio
import re
import signal
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from faceindex.library import Library
from faceindex.lock import turn
from faceindex.settings import Settings
from tests.browser.server import Served, serve
from tests.faceindex.made_library import direction, face, fill, like
from tests.functional.command import CHECKOUT, CommandLine
from tests.waiting import SECONDS, wait_until

pytestmark = pytest.mark.slow

PHRASE = "open sesame"
EVERYWHERE = "0.0.0.0"  # noqa: S104


@pytest.fixture
def filled(tmp_path: Path) -> CommandLine:
    """A command line whose library has two clusters of three made faces."""
    (tmp_path / "photos").mkdir()
    settings = Settings.load(library=tmp_path / "data" / "library.db", model="sface")
    faces = [face(like(direction(number // 3), 0.9, 100 + number)) for number in range(6)]
    fill(settings, [[each] for each in faces], tmp_path / "photos")
    with Library(settings) as library:
        library.cluster()
    return CommandLine(tmp_path, tmp_path / "cache", settings.library, tmp_path)


@pytest.fixture
def served(filled: CommandLine) -> Iterator[Served]:
    with serve(filled) as running:
        yield running


def first_line(process: "subprocess.Popen[bytes]") -> str:
    """What a command prints first, which is the address."""
    assert process.stdout is not None
    return process.stdout.readline().decode().strip()


def port_of(served: Served) -> int:
    port = urlsplit(served.address).port
    assert port is not None
    return port


def token_of(served: Served) -> str:
    return served.address.rpartition("=")[2]


def request(served: Served, path: str, method: str = "GET", body: str = "") -> bytes:
    """A request of a program that has the token, as it goes over the wire."""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port_of(served)}",
        f"Authorization: Bearer {token_of(served)}",
        f"Content-Length: {len(body)}",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", body]).encode()


def ask(served: Served, path: str, method: str = "GET") -> bytes:
    """What the server sends, to the end."""
    with socket.create_connection(("127.0.0.1", port_of(served)), SECONDS) as connection:
        connection.sendall(request(served, path, method))
        return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def log(command: CommandLine) -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(command.library)) as connection:
        return connection.execute("SELECT kind FROM decision ORDER BY id").fetchall()


def test_only_this_machine_reaches_it(served: Served) -> None:
    assert status(ask(served, "/people")) == 200
    for family, address in ((socket.AF_INET, "127.0.0.2"), (socket.AF_INET6, "::1")):
        with (
            socket.socket(family) as other,
            pytest.raises(OSError, match=r"refused|assign|supported|unreach"),
        ):
            other.connect((address, port_of(served)))


def test_200_requests_at_once_are_all_answered(served: Served) -> None:
    async def one(path: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port_of(served))
        writer.write(request(served, path))
        answer = await reader.read()
        writer.close()
        return answer

    async def all_at_once() -> list[bytes]:
        paths = ("/people", "/log", "/state/version", "/static/style.css")
        return await asyncio.gather(*(one(paths[number % len(paths)]) for number in range(200)))

    with ThreadPoolExecutor(1) as pool:  # in this thread, a browser's loop may be running
        answers = pool.submit(asyncio.run, all_at_once()).result()
    assert [status(each) for each in answers] == [200] * 200


def slow_clients(served: Served, number: int) -> Iterator[socket.socket]:
    """Clients that do not finish their headers, or their body, or never read what they asked for."""
    whole = request(served, "/static/htmx.min.js").replace(b"Connection: close\r\n", b"")
    starts = [
        b"GET /people HTTP/1.1\r\nHost: 127.0",
        request(served, "/log/1/undo", "POST", "x" * 1000)[:-500],
        whole * 100,
    ]
    for start in starts:
        for _ in range(number):
            connection = socket.create_connection(("127.0.0.1", port_of(served)), SECONDS)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(start)
            yield connection


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_slow_clients_stop_nobody_and_do_not_keep_it_from_ending(
    filled: CommandLine, number: signal.Signals, code: int
) -> None:
    process = filled.start("serve", "--port", "0")
    served = Served(first_line(process), filled, process.pid)
    with ExitStack() as stack:
        for each in slow_clients(served, 60):
            stack.enter_context(each)
        assert [status(ask(served, "/people")) for _ in range(5)] == [200] * 5
        process.send_signal(number)
        ran = filled.end(process)
    assert (ran.code, ran.err.splitlines()[-1]) == (code, "Error: stopped; all finished work is kept")
    assert token_of(served) not in ran.err
    assert "Traceback" not in ran.err
    assert not log(filled)


def test_a_decision_in_work_is_made_before_it_ends(filled: CommandLine) -> None:
    assert filled.run("people", "name", 1, "Anna").code == 0
    process = filled.start("serve", "--port", "0")
    served = Served(first_line(process), filled, process.pid)
    with ThreadPoolExecutor(1) as pool:
        with turn(filled.library, SECONDS):  # so that the decision waits
            answer = pool.submit(ask, served, "/log/1/undo", "POST")
            assert process.stderr is not None
            assert any(b"Waiting for it" in line for line in process.stderr)
            process.send_signal(signal.SIGTERM)
            wait_until(lambda: not accepts(served))
            assert log(filled) == [("assign",)]
        assert status(answer.result(SECONDS)) == 200
    assert filled.end(process).code == 143
    assert log(filled) == [("assign",), ("undo",)]
    assert filled.run("check").code == 0


def accepts(served: Served) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port_of(served)), SECONDS).close()
    except ConnectionError:
        return False
    return True


def test_a_second_server_takes_another_port(served: Served) -> None:
    same = served.command.run("serve", "--port", port_of(served))
    assert same.code == 1
    assert re.fullmatch(
        rf"Error: Port {port_of(served)} of 127.0.0.1 cannot be used \(.*\): .*", same.complaint
    )
    with serve(served.command) as second:
        assert port_of(second) != port_of(served)
        assert [status(ask(each, "/people")) for each in (served, second)] == [200, 200]


def test_without_a_library_there_is_no_server(tmp_path: Path) -> None:
    ran = CommandLine(tmp_path, tmp_path, tmp_path / "none.db", tmp_path).run("serve", "--port", "0")
    assert (ran.code, ran.out) == (10, "")
    assert "there is no library" in ran.complaint


def test_without_the_extra_it_says_what_to_install(filled: CommandLine) -> None:
    (filled.folder / "absent").mkdir()
    (filled.folder / "absent" / "fastapi.py").write_text("raise ImportError")
    ran = filled.run("serve", PYTHONPATH=f"{filled.folder / 'absent'}:{CHECKOUT}")
    assert (ran.code, ran.out) == (1, "")
    assert ran.complaint == "Error: The page needs the extra web: pip install 'faceindex[web]'."


def test_other_machines_need_a_passphrase(filled: CommandLine) -> None:
    refused = filled.run("serve", "--host", EVERYWHERE, "--port", "0")
    assert (refused.code, refused.out) == (2, "")
    assert "FACEINDEX_PASSPHRASE" in refused.complaint
    named = filled.run("serve", "--host", "attic", "--port", "0", FACEINDEX_PASSPHRASE=PHRASE)
    assert named.code == 2
    assert "attic is no address" in named.complaint


def test_a_server_for_other_machines_warns_and_asks_them(filled: CommandLine) -> None:
    there = replace(filled, environment={"FACEINDEX_PASSPHRASE": PHRASE})
    process = there.start("serve", "--host", EVERYWHERE, "--port", "0")
    served = Served(first_line(process), there, process.pid)
    page = b""
    with socket.create_connection(("127.0.0.2", port_of(served)), SECONDS) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: 192.168.1.20\r\nConnection: close\r\n\r\n")
        page = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert status(page) == 401
    assert b'type="password"' in page
    process.send_signal(signal.SIGTERM)
    ran = filled.end(process)
    assert ran.code == 143
    assert "not encrypted" in ran.err
    assert PHRASE not in ran.err
    assert token_of(served) not in ran.err

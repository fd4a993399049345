"""A real browser on a real server: ``served`` starts one on a library of its own, ``tab`` is a page of it.

The tests skip where there is no Chromium, and fail instead if ``BROWSER_TESTS`` is ``required``, as in CI.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.people import write_album
from tests.browser.server import Served, serve
from tests.browser.tabs import Tabs
from tests.functional.command import CommandLine

ARGUMENTS = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
"""Without these, Chromium asks servers elsewhere for news."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, without a window and with an empty profile."""
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("BROWSER_TESTS") == "required":
            pytest.fail("no Chromium is installed, and BROWSER_TESTS=required")
        pytest.skip("needs Chromium: apt-get install chromium")
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        started.close()


@pytest.fixture(scope="session")
def album_library(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> CommandLine:
    """A command line whose library holds a few photos of three people, clustered, nobody named."""
    home = tmp_path_factory.mktemp("home")
    write_album(home / "photos")
    command = CommandLine(home, cache, home / "data" / "library.db", home)
    for arguments in (("scan", "--model", "sface", home / "photos"), ("cluster",)):
        ran = command.run(*arguments)
        assert ran.code == 0, ran.err
    return command


@pytest.fixture
def command(tmp_path: Path, cache: Path, album_library: CommandLine) -> CommandLine:
    """A command line with a copy of that library, to be changed at will."""
    home = tmp_path / "home"
    home.mkdir()
    library = tmp_path / "data" / "library.db"
    shutil.copytree(album_library.library.parent, library.parent)
    return CommandLine(home, cache, library, tmp_path)


@pytest.fixture
def start_server() -> Iterator[Callable[..., Served]]:
    """Start ``faceindex serve`` for a command line; every server is stopped at the end."""
    with ExitStack() as stack:
        yield lambda command, *options: stack.enter_context(serve(command, *options))


@pytest.fixture
def served(command: CommandLine, start_server: Callable[..., Served]) -> Served:
    """A server on the copied library."""
    return start_server(command)


@pytest.fixture
def tabs(browser: Browser, start_server: Callable[..., Served]) -> Iterator[Tabs]:
    """Makes tabs, closed before servers; no error in a console, no violation of the policy is allowed."""
    with Tabs(browser) as made:
        yield made


@pytest.fixture
def tab(served: Served, tabs: Tabs) -> Page:
    """A tab that has entered by the printed address, and shows the first page."""
    return tabs.open(served.address)

"""The whole walk by keyboard alone: name everybody, draw a face, answer questions, undo, find two people."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from faceindex import Library, Settings
from tests.browser.server import Served
from tests.browser.tabs import Tabs
from tests.browser.walk import Walk
from tests.functional.command import CommandLine

pytestmark = pytest.mark.slow


def test_a_new_user_names_everybody_by_keyboard(
    tabs: Tabs,
    start_server: Callable[..., Served],
    shared_photos: Path,
    tmp_path: Path,
    cache: Path,
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    command = CommandLine(home, cache, tmp_path / "library.db", tmp_path)
    shutil.copytree(shared_photos / "bbt", tmp_path / "bbt")
    for arguments in (("scan", "--model", "sface", tmp_path / "bbt"), ("cluster",)):
        assert command.run(*arguments).code == 0
    served = start_server(command)
    tab = tabs.open(served.address)
    walk = Walk(tab, served, tmp_path / "bbt")
    assert len(set(walk.name_groups())) == 8
    walk.draw_a_face("Sheldon")
    others = [shared_photos / "presidents", shared_photos / "groups"]
    assert command.run("scan", *others).code == 0  # while the page is open
    assert command.run("cluster").code == 0
    expect(tab.locator("#changed")).to_be_visible()
    asked = walk.answer(10)
    walk.undo(3)
    assert walk.find_together("Sheldon", "Penny") >= 3
    with Library(Settings.load(library=command.library)) as library:
        logged = library.people.log()
    assert {each.decision.source for each in logged} == {"page"}
    assert len(logged) == 8 + 1 + asked + 3
    assert sum(not each.active for each in logged) == 3

"""What all pages share: keys, tiles, and the notice that somebody else changed the library."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from faceindex.library import Library
from faceindex.settings import Settings
from tests.browser.server import Served

pytestmark = pytest.mark.slow


@pytest.fixture
def library(served: Served) -> Iterator[Library]:
    settings = Settings.load(library=served.command.library, cache_dir=served.command.cache)
    with Library(settings) as opened:
        yield opened


def next_look(page: Page) -> None:
    """Wait until the page has asked once more whether the library has changed."""
    with page.expect_response("**/state/version", timeout=60_000) as looked:
        pass
    looked.value.finished()


def test_what_another_program_changes_is_announced_and_shown_on_request(
    tab: Page, served: Served, library: Library
) -> None:
    tab.goto(served.at("/log"))
    next_look(tab)
    expect(tab.get_by_text("The library has changed.")).to_be_hidden()
    library.people.name(1, "Anna")
    expect(tab.get_by_text("The library has changed.")).to_be_visible(timeout=60_000)
    assert not tab.locator(".entry").count()
    tab.get_by_role("button", name="Show it").click()
    expect(tab.locator("#decision-1")).to_contain_text("Anna")
    expect(tab.get_by_text("The library has changed.")).to_be_hidden()


def test_ones_own_decision_is_not_announced_and_another_tab_hears_of_it(
    tab: Page, served: Served, library: Library
) -> None:
    library.people.name(1, "Anna")
    tab.goto(served.at("/log"))
    other = tab.context.new_page()
    other.goto(served.at("/log"))
    tab.bring_to_front()
    tab.get_by_role("button", name="Undo decision 1", exact=True).click()
    expect(tab.locator("#decision-1.undone")).to_be_visible()
    next_look(tab)
    next_look(tab)
    expect(tab.locator("#changed")).to_be_hidden()
    other.bring_to_front()
    expect(other.locator("#changed")).to_be_visible(timeout=60_000)


def test_keys_lead_to_each_page_and_are_listed(tab: Page, served: Served) -> None:
    tab.goto(served.at("/state"))
    for key, path in (("l", "/log"), ("s", "/state")):
        tab.keyboard.press("g")
        tab.keyboard.press(key)
        expect(tab).to_have_url(served.at(path))
        tab.wait_for_load_state()  # its scripts are there now
    tab.keyboard.press("/")
    search = tab.get_by_role("searchbox")
    expect(search).to_be_focused()
    tab.keyboard.type("gl?")
    expect(search).to_have_value("gl?")
    tab.keyboard.press("Escape")
    expect(search).not_to_be_focused()
    tab.keyboard.press("?")
    dialog = tab.get_by_role("dialog", name="Keys of this page")
    expect(dialog).to_contain_text("Undo the last decision")
    tab.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_tiles_are_walked_and_selected_by_keys(tab: Page, served: Served) -> None:
    tab.goto(served.at("/clusters/1"))
    tiles = tab.locator("[data-grid] > .tile")
    number = tiles.count()
    assert number >= 3
    tiles.first.focus()
    tab.keyboard.press("ArrowRight")
    expect(tiles.nth(1)).to_be_focused()
    tab.keyboard.press("Space")
    expect(tiles.nth(1).get_by_role("checkbox")).to_be_checked()
    tab.keyboard.press("Shift+ArrowRight")
    expect(tab.locator(".tile.selected")).to_have_count(2)
    tab.keyboard.press("Control+a")
    expect(tab.locator(".tile.selected")).to_have_count(number)
    tab.keyboard.press("Escape")
    expect(tab.locator(".tile.selected")).to_have_count(0)
    tab.keyboard.press("End")
    expect(tiles.last).to_be_focused()
    expect(tab.locator("[data-grid] > .tile[tabindex='0']")).to_have_count(1)

"""The page Log in a browser: undo and redo by mouse and key, where one is, and the way back to it."""

import pytest
from playwright.sync_api import Page, expect

from faceindex.library import Library
from faceindex.settings import Settings
from tests.browser.server import Served
from tests.browser.tabs import serious

pytestmark = pytest.mark.slow

DECISIONS = 40


@pytest.fixture
def library(served: Served) -> Library:
    """The library that the server shows, as another program opens it."""
    return Library(Settings.load(library=served.command.library, cache_dir=served.command.cache))


@pytest.fixture
def log(tab: Page, served: Served, library: Library) -> Page:
    """The log of many decisions, with the oldest in sight."""
    library.people.name(1, "Anna 0")
    for number in range(DECISIONS - 1):
        library.people.rename(f"Anna {number}", f"Anna {number + 1}")
    tab.goto(served.at("/log"))
    for number in (11, 1):  # thirty come at a time
        tab.locator(f"#decision-{number}").scroll_into_view_if_needed()
    expect(tab.locator("#decision-1")).to_be_in_viewport()
    return tab


def scrolled(page: Page) -> int:
    return int(page.evaluate("Math.round(scrollY)"))


def test_an_undo_is_seen_where_it_was_asked_for(log: Page) -> None:
    entry = log.locator("#decision-1")
    before = scrolled(log)
    assert before > 1000
    entry.get_by_role("button", name="Undo decision 1", exact=True).click()
    toast = log.locator(".toast")
    expect(toast).to_contain_text("Undone")
    expect(entry).to_have_class("entry assign undone")
    assert scrolled(log) == pytest.approx(before, abs=120)  # the undo is a line of its own above
    expect(log.locator(".entry")).to_have_count(DECISIONS + 1)
    toast.get_by_role("button", name="Redo").click()
    expect(log.locator(".toast")).to_contain_text("Holds again")
    expect(entry).to_have_class("entry assign")
    log.keyboard.press("u")
    expect(log.locator(".toast")).to_contain_text("Undone")
    expect(entry).to_have_class("entry assign undone")


def test_the_focus_stays_at_what_was_undone(log: Page) -> None:
    log.get_by_role("button", name="Undo decision 3", exact=True).focus()
    log.keyboard.press("Enter")
    expect(log.locator("#decision-3.undone")).to_be_visible()
    expect(log.locator("#decision-3 button")).to_be_focused()


def test_back_and_reload_find_the_place_again(log: Page, served: Served) -> None:
    before = scrolled(log)
    log.reload()
    expect(log.locator("#decision-1")).to_be_in_viewport()
    assert scrolled(log) == before
    log.get_by_role("link", name="State").click()
    expect(log.get_by_role("heading", name="State")).to_be_visible()
    log.go_back()
    expect(log.locator("#decision-1")).to_be_in_viewport()
    assert scrolled(log) == before
    kept = log.evaluate("JSON.stringify(Object.entries(sessionStorage))")
    assert "Anna" not in kept
    log.goto(served.at("/log"))
    expect(log.locator("#decision-40")).to_be_in_viewport()


def test_log_and_state_are_fit_for_screen_readers(tab: Page, served: Served, library: Library) -> None:
    library.people.name(1, "Anna")
    library.people.undo()
    for path in ("/log", "/state", "/nowhere"):
        if path == "/nowhere":
            tab.goto(served.at("/log"))
            tab.keyboard.press("?")
            expect(tab.get_by_role("dialog")).to_be_visible()
        else:
            tab.goto(served.at(path))
        assert serious(tab) == []

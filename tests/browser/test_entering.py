"""How a browser gets in: by the printed address, or by the passphrase."""

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.server import Served, serve
from tests.browser.tabs import Tabs, serious
from tests.functional.command import CommandLine

pytestmark = pytest.mark.slow

PHRASE = "open sesame"


def test_the_page_for_whoever_has_no_token_says_how_to_get_in(tabs: Tabs, served: Served) -> None:
    page = tabs.open(served.at("/static/style.css"))
    with page.expect_response(served.at("/people")) as answered:
        page.goto(served.at("/people"))
    assert answered.value.status == 401
    assert serious(page) == []
    tabs.errors.clear()  # Chromium notes the status
    page.goto(served.address)
    expect(page).to_have_url(served.at("/people"))
    (cookie,) = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert page.evaluate("document.cookie") == ""


def test_a_file_leads_in_without_the_token_in_a_command_line(
    tabs: Tabs, served: Served, tmp_path: Path
) -> None:
    """As ``serve --open`` does."""
    file = tmp_path / "open.html"
    file.write_text(f'<!doctype html><meta http-equiv="refresh" content="0;url={served.address}">')
    page = tabs.open(file.as_uri())
    expect(page).to_have_url(served.at("/people"))
    expect(page.locator("nav [aria-current=page]")).to_have_text("People")


def test_the_passphrase_leads_to_the_page_that_was_asked_for(tabs: Tabs, command: CommandLine) -> None:
    there = replace(command, environment={"FACEINDEX_PASSPHRASE": PHRASE})
    with serve(there, "--host", "127.0.0.2") as served:
        page = tabs.open(served.at("/log"))
        page.get_by_label("Passphrase").fill("open barley")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_text("That is not the passphrase.")
        assert serious(page) == []
        page.get_by_label("Passphrase").fill(PHRASE)
        page.keyboard.press("Enter")
        expect(page).to_have_url(served.at("/log"))
        expect(page.get_by_role("heading", name="Log")).to_be_visible()
        page.wait_for_load_state("networkidle")
        page.close()
    tabs.errors.clear()  # Chromium notes the two refusals

"""Every page, looked at in Chromium: its title, its width on a phone, and what axe-core finds."""

import pytest
from playwright.sync_api import Page

from tests.browser.server import Served
from tests.browser.tabs import Tabs, serious

pytestmark = pytest.mark.slow

PAGES = ("/people", "/review", "/find", "/ask", "/log", "/state", "/api")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_core_finds_nothing_serious(tabs: Tabs, served: Served, scheme: str) -> None:
    tab = tabs.open(served.address, color_scheme=scheme)
    for path in PAGES:
        tab.goto(served.at(path))
        tab.wait_for_load_state("networkidle")
        assert serious(tab) == [], path
        assert "faceindex" in tab.title(), path


def test_no_page_is_wider_than_a_narrow_window(tabs: Tabs, served: Served) -> None:
    tab = tabs.open(served.address, width=400, height=800)
    for path in PAGES:
        tab.goto(served.at(path))
        assert _overhang(tab) == 0, path


def _overhang(tab: Page) -> int:
    """By how many pixels the page is wider than its window."""
    hidden: int = tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return hidden

"""A tab of Chromium whose own clock times what a person does in it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks.memory import held

ARGUMENTS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-precise-memory-info",
)

_LOADED = """() => {
    const [visit] = performance.getEntriesByType("navigation");
    return visit.loadEventEnd - visit.startTime;
}"""

_WATCH = """() => {
    window.answers = [];
    let pressed = 0, asked = 0;
    addEventListener("keydown", (event) => { pressed = event.timeStamp; }, true);
    document.addEventListener("htmx:beforeRequest", () => { asked = performance.now(); }, true);
    document.addEventListener("htmx:afterRequest", (event) => {
        const [since, request] = [pressed, asked];
        requestAnimationFrame(() => setTimeout(() => window.answers.push({
            path: event.detail.pathInfo.requestPath, good: event.detail.successful,
            key: performance.now() - since, request: performance.now() - request,
        })));
    });
}"""
"""Notes each answer once it was painted: milliseconds since the last key, and since the request."""


class Tab:
    """A page of a browser; times are milliseconds."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._origin = re.sub(r"(https?://[^/]+).*", r"\1", address)
        page.goto(address)

    def visit(self, path: str) -> float:
        """Go to a page; return how long it took until it was loaded."""
        self.page.goto(self._origin + path)
        self.page.wait_for_load_state("load")
        self.page.wait_for_function("performance.getEntriesByType('navigation')[0].loadEventEnd > 0")
        took: float = self.page.evaluate(_LOADED)
        self.page.wait_for_load_state("networkidle")
        self.page.evaluate(_WATCH)
        return took

    def answers(self, path: str) -> list[dict[str, Any]]:
        """Return the answers so far to requests whose path ends so."""
        answers: list[dict[str, Any]] = self.page.evaluate("window.answers")
        if bad := [each for each in answers if not each["good"]]:
            raise RuntimeError(f"a request failed: {bad}")
        return [each for each in answers if each["path"].split("?")[0].endswith(path)]

    def press(self, key: str, path: str) -> float:
        """Press a key; return how long it took until the answer to its request was to be seen."""
        before = len(self.answers(path))
        self.page.keyboard.press(key)
        self.page.wait_for_function(
            "([path, before]) => window.answers.filter(each => "
            "each.path.split('?')[0].endsWith(path)).length > before",
            arg=[path, before],
        )
        took: float = self.answers(path)[-1]["key"]
        return took

    def scroll_to_end(self, tiles: str, count: int) -> list[float]:
        """Scroll until a list has so many tiles; return how long each part of it took."""
        while self.page.locator(tiles).count() < count:
            self.page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
            self.page.wait_for_timeout(20)
        self.page.wait_for_load_state("networkidle")
        return [each["request"] for each in self.page.evaluate("window.answers")]


@contextmanager
def open_tab(address: str) -> Iterator[tuple[Tab, "Browsing"]]:
    """Open an address in a new browser, in a window of 1280 x 900 pixels."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        yield Tab(context.new_page(), address), Browsing(browser.new_browser_cdp_session())
        browser.close()


class Browsing:
    """The processes of a browser."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def tab_bytes(self) -> int:
        """Return what the largest process of a tab holds: its proportional set size."""
        found = self._session.send("SystemInfo.getProcessInfo")["processInfo"]
        pids = [
            each["id"]
            for each in found
            if each["type"] == "renderer" and Path(f"/proc/{each['id']}").exists()
        ]
        return max(held(pid) for pid in pids)

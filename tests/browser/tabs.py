"""Tabs of a browser, whose consoles must stay empty, and what axe-core finds in them."""

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any, Self

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 400, "height": 800}


class Tabs:
    """Opens tabs, each with a profile of its own; at the end none may have had an error in its console."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._stack = ExitStack()
        self.errors: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stack.close()
        if kind is None:
            assert not self.errors, "\n".join(self.errors)

    def open(self, address: str, *, width: int = 1280, height: int = 900, **options: Any) -> Page:
        """Open an address in a window of this size."""
        context = self._browser.new_context(viewport={"width": width, "height": height}, **options)
        self._stack.callback(context.close)
        page = context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(address)
        return page

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.errors.append(f"{message.text} ({message.location.get('url')})")


def serious(page: Page, *, besides: Sequence[str] = ()) -> list[str]:
    """Return what axe-core finds on a page that is serious or critical, but for some rules."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {each['help']}: {node['html']}"
        for each in found
        if each["impact"] in ("serious", "critical") and each["id"] not in besides
        for node in each["nodes"]
    ]

"""A walk through the pages by keyboard alone, as a new user would take it; it counts the keys."""

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from faceindex import Library, Settings
from tests.browser.server import Served


@dataclass(frozen=True, slots=True)
class Leg:
    """A part of the walk: what was done, by how many keys, and in how many seconds, without any thinking."""

    name: str
    keys: int
    seconds: float


class Keyboard:
    """Presses keys in a tab, and counts them; a letter of a text is a key."""

    def __init__(self, tab: Page) -> None:
        self._tab = tab
        self.keys = 0

    def press(self, *keys: str) -> None:
        """Press keys one after the other."""
        for each in keys:
            self._tab.keyboard.press(each)
        self.keys += len(keys)

    def type(self, text: str) -> None:
        """Type a text."""
        self._tab.keyboard.type(text)
        self.keys += len(text)


class Walk:
    """Walks through the pages of a library of photos, in folders of persons; ``legs`` says what it took."""

    def __init__(self, tab: Page, served: Served, photos: Path) -> None:
        self._tab = tab
        self._served = served
        self._photos = photos
        self._keyboard = Keyboard(tab)
        self.legs: list[Leg] = []

    @contextmanager
    def _leg(self, name: str) -> Iterator[Keyboard]:
        keys, began = self._keyboard.keys, time.perf_counter()
        yield self._keyboard
        self._tab.wait_for_load_state("networkidle")
        self.legs.append(Leg(name, self._keyboard.keys - keys, time.perf_counter() - began))

    def name_groups(self) -> Sequence[str]:
        """Name each group by the person's folder that most of its faces are in; return the names."""
        names = dict(self._names())
        with self._leg(f"name {len(names)} groups") as keyboard:
            for left in range(len(names), 0, -1):
                field = self._tab.locator(".tile.cluster .naming input:focus")
                number = field.evaluate("each => each.closest('.tile').id.split('-')[1]")
                keyboard.type(names[int(number)])
                keyboard.press("Enter")
                expect(self._tab.locator(".tile.cluster")).to_have_count(left - 1)
        return list(names.values())

    def draw_a_face(self, name: str) -> None:
        """Open the first photo of a person, and draw a small face in its middle."""
        with self._leg("find a photo and draw a face in it") as keyboard:
            self._find(keyboard, name)
            self._tab.locator(".tile.photo").first.wait_for()
            self._to(keyboard, ".tile.photo")
            keyboard.press("Enter")
            self._tab.wait_for_url("**/photos/**")
            keyboard.press("b", *["Shift+ArrowLeft"] * 3, "Enter")
            keyboard.type("Somebody")
            keyboard.press("Enter")
            expect(self._tab.locator("#toasts")).to_contain_text("Somebody")

    def answer(self, most: int) -> int:
        """Answer questions, at most so many: all are the same; return how many were asked."""
        with self._leg("answer questions") as keyboard:
            keyboard.press("g", "r")
            self._tab.wait_for_url("**/review")
            for number in range(most):
                self._tab.wait_for_load_state("networkidle")
                if not self._tab.locator("#answer-same, #answer-ignore").count():
                    return number
                keyboard.press("s" if self._tab.locator("#answer-same").count() else "i")
                expect(self._tab.locator(".progress")).to_contain_text(f"{number + 1} answered")
        return most

    def undo(self, times: int) -> None:
        """Take the last decisions back in the log."""
        with self._leg(f"take {times} decisions back") as keyboard:
            keyboard.press("g", "l")
            self._tab.wait_for_url("**/log")
            for number in range(1, times + 1):
                self._to(keyboard, ".entry:not(.undone, .undo) button")
                keyboard.press("Enter")
                expect(self._tab.locator(".entry.undone")).to_have_count(number)

    def find_together(self, *names: str) -> int:
        """Find the photos of people together; return how many there are."""
        with self._leg(f"find {len(names)} people together") as keyboard:
            self._find(keyboard, *names)
            return self._tab.locator(".tile.photo").count()

    def _find(self, keyboard: Keyboard, *names: str) -> None:
        keyboard.press("g", "f")
        self._tab.wait_for_url("**/find")
        keyboard.press("/")
        for number, name in enumerate(names, 1):
            keyboard.type(name)
            keyboard.press("Enter")
            expect(self._tab.locator(".person-chip")).to_have_count(number)

    def _to(self, keyboard: Keyboard, selector: str) -> None:
        """Go by the tab key until something has the focus."""
        for _ in range(60):
            if self._tab.evaluate("selector => !!document.activeElement?.matches(selector)", selector):
                return
            keyboard.press("Tab")
        raise AssertionError(f"no key leads to {selector}")

    def _names(self) -> Iterator[tuple[int, str]]:
        with Library(Settings.load(library=self._served.command.library)) as library:
            for each in library.clusters().shown:
                faces = library.people.faces(cluster=each.faces.cluster_id)
                folders = Counter(Path(os.fsdecode(face.record.photo)).parent.name for face in faces)
                del folders[self._photos.name]
                yield each.faces.cluster_id, folders.most_common(1)[0][0].capitalize()

"""The page of a photo or film in Chromium: boxes, names, drawing, undo, why, a film that plays."""

import os
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from faceindex import Library, Settings
from tests.browser.people import both, hopper
from tests.browser.server import Served
from tests.browser.tabs import NARROW, Tabs, serious
from tests.functional.command import CommandLine
from tests.functional.people import astronaut

pytestmark = pytest.mark.slow

LATE = re.compile(r"(^|/)[3-9]\.\d+$")
"""A moment from the third second on, or an address that ends in one."""


def write_film(path: Path, codec: str) -> None:
    """Write six seconds: Collins moves to the right, and Hopper stands there from the third second on."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=12)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 12)
        collins, other = astronaut(2).resize((200, 200)), hopper(1).resize((210, 250))
        for number in range(72):
            picture = Image.new("RGB", (640, 360), (70, 90, 110))
            if number < 48:
                picture.paste(collins, (20 + 5 * number, 60))
            if number >= 36:
                picture.paste(other, (400, 60))
            frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.fixture(scope="module")
def films_library(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> CommandLine:
    """A library of a photo of both people that EXIF turns, and two films, one of which no browser plays."""
    home = tmp_path_factory.mktemp("films")
    photos = home / "photos"
    photos.mkdir()
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    both().rotate(90, expand=True).save(photos / "turned.jpg", quality=92, exif=exif)
    write_film(photos / "party.mp4", "libx264")
    write_film(photos / "old.mp4", "mpeg4")
    command = CommandLine(home, cache, home / "data" / "library.db", home)
    ran = command.run("scan", "--model", "sface", photos)
    assert ran.code == 0, ran.err
    return command


@pytest.fixture
def films(films_library: CommandLine, start_server: Callable[..., Served]) -> Served:
    """A server on it; no test may change it."""
    return start_server(films_library)


def number_of(command: CommandLine, name: str) -> int:
    """The number of the photo of this name."""
    with Library(Settings.load(library=command.library)) as library:
        records = (each.record for each in library.faces())
        return next(each.photo_id for each in records if os.path.basename(each.photo) == name.encode())


@pytest.fixture
def photo(served: Served, tabs: Tabs, command: CommandLine) -> Page:
    """The page of the photo of both people; nobody has a name."""
    tab = tabs.open(served.address)
    tab.goto(served.at(f"/photos/{number_of(command, 'both.jpg')}"))
    expect(tab.locator(".box")).to_have_count(2)
    return tab


def on_screen(tab: Page, selector: str) -> Any:
    """Where an element is: x, y, width and height in the window."""
    return tab.locator(selector).first.bounding_box()


def test_two_faces_are_named_by_keyboard_and_undone(photo: Page) -> None:
    photo.locator("#picture").wait_for()
    photo.locator(".box").first.focus()
    photo.keyboard.press("Enter")
    expect(photo.locator("#panel input[name=name]")).to_be_focused()
    photo.keyboard.type("Eileen Collins")
    photo.keyboard.press("Enter")
    expect(photo.locator(".toast", has_text="This is Eileen Collins.")).to_be_visible()
    expect(photo.locator("#panel input[name=name]")).to_be_focused()  # that of the next face
    photo.keyboard.type("Grace Hopper")
    photo.keyboard.press("Enter")
    expect(photo.locator(".box.confirmed")).to_have_count(2)
    labels = photo.locator(".box text").all_text_contents()
    assert sorted(labels) == ["Eileen Collins", "Grace Hopper"]
    expect(photo.locator(".box").nth(1)).to_be_focused()
    photo.keyboard.press("u")
    expect(photo.locator(".box.confirmed")).to_have_count(1)


def test_why_and_the_keys_of_the_panel(photo: Page) -> None:
    photo.locator(".box").first.click()
    photo.keyboard.type("Eileen Collins")
    photo.keyboard.press("Enter")
    expect(photo.locator(".box.confirmed")).to_have_count(1)
    expect(photo.locator("#panel input[name=name]")).to_be_focused()  # that of the next face
    photo.locator(".box.confirmed").click()
    expect(photo.locator("#panel h3")).to_be_focused()
    photo.keyboard.press("w")
    expect(photo.locator(".reasons")).to_contain_text("decisions count before similarity")
    photo.keyboard.press("n")
    expect(photo.locator(".box.not-a-face")).to_have_count(1)
    photo.keyboard.press("Escape")
    photo.keyboard.press("Escape")
    expect(photo.locator("#panel")).to_be_hidden()
    assert "face=" in photo.url


def test_a_missed_face_is_drawn_by_mouse_named_at_once_and_undone(photo: Page) -> None:
    frame = on_screen(photo, "#frame")
    photo.keyboard.press("b")
    photo.mouse.move(frame["x"] + frame["width"] * 0.02, frame["y"] + frame["height"] * 0.02)
    photo.mouse.down()
    photo.mouse.move(frame["x"] + frame["width"] * 0.12, frame["y"] + frame["height"] * 0.12, steps=4)
    photo.mouse.up()
    expect(photo.locator("#drawn-name")).to_be_focused()
    photo.keyboard.type("Zoe")
    photo.keyboard.press("Enter")
    expect(photo.locator(".toast")).to_contain_text("named only: no landmarks were found in it")
    drawn = photo.locator(".box.named-only .line")
    place = [float(drawn.get_attribute(each) or "nan") for each in ("x", "y", "width", "height")]
    assert place == pytest.approx([0.02 * 860, 0.02 * 560, 0.1 * 860, 0.1 * 560], abs=2)
    photo.keyboard.press("u")
    expect(photo.locator(".box")).to_have_count(2)


def test_a_face_is_drawn_by_keyboard_alone_and_escape_cancels(photo: Page) -> None:
    photo.keyboard.press("b")
    before = on_screen(photo, ".new-box .line")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowUp", "Shift+ArrowRight", "Shift+ArrowUp"):
        photo.keyboard.press(key)
    moved = on_screen(photo, ".new-box .line")
    assert moved["x"] < before["x"]
    assert moved["y"] < before["y"]
    assert moved["width"] > before["width"]
    photo.keyboard.press("Escape")
    expect(photo.locator(".new-box")).to_have_count(0)
    expect(photo.locator("#draw")).to_be_focused()
    photo.keyboard.press("b")
    photo.keyboard.press("Enter")
    photo.keyboard.type("Zoe")
    photo.keyboard.press("Enter")
    expect(photo.locator(".box")).to_have_count(3)
    assert "Zoe" in photo.locator(".box text").all_text_contents()


def test_photos_follow_as_in_the_list_that_one_came_from(
    served: Served, tabs: Tabs, command: CommandLine
) -> None:
    named = command.run("people", "name", "1", "Anna")
    assert named.code == 0, named.err
    with Library(Settings.load(library=command.library)) as library:
        key = library.people.get("Anna").person.key
    tab = tabs.open(served.address)
    tab.goto(served.at(f"/people/{key}"))
    links = tab.locator("a[href^='/photos/']")
    expect(links.nth(2)).to_be_attached()
    addresses = [each.get_attribute("href") for each in links.all()]
    links.first.evaluate("link => link.click()")
    expect(tab.locator("#following")).to_have_attribute("href", addresses[1] or "")
    expect(tab.locator("#previous")).to_have_count(0)
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("#previous")).to_have_attribute("href", addresses[0] or "")
    tab.locator("#back").click()
    expect(tab).to_have_url(served.at(f"/people/{key}"))


def test_somebody_is_added_without_a_face_and_removed(photo: Page) -> None:
    photo.keyboard.press("a")
    photo.keyboard.type("Zoe")
    photo.keyboard.press("Enter")
    expect(photo.locator(".without-box")).to_contain_text("Zoe")
    photo.get_by_label("Remove Zoe").click()
    expect(photo.locator(".without-box")).to_have_count(0)


@pytest.mark.parametrize("size", [(1280, 900), (700, 500), (400, 800)])
def test_boxes_lie_on_the_faces_at_every_size_also_of_turned_photos(
    films: Served, tabs: Tabs, size: tuple[int, int]
) -> None:
    tab = tabs.open(films.address, width=size[0], height=size[1])
    tab.goto(films.at(f"/photos/{number_of(films.command, 'turned.jpg')}"))
    expect(tab.locator(".box")).to_have_count(2)
    picture = on_screen(tab, "#picture")
    assert picture["width"] / picture["height"] == pytest.approx(860 / 560, rel=0.01)
    for row in tab.locator(".face-list li[data-box]").all():
        x, y, w, h = map(float, (row.get_attribute("data-box") or "").split())
        shown = on_screen(tab, f".box[data-face='{row.get_attribute('data-face')}'] .line")
        scale = picture["width"] / 860
        assert shown["x"] - picture["x"] == pytest.approx(x * scale, abs=4)
        assert shown["y"] - picture["y"] == pytest.approx(y * scale, abs=4)
        assert (shown["width"], shown["height"]) == pytest.approx((w * scale, h * scale), abs=8)
    collins, other = (on_screen(tab, f".box >> nth={number}") for number in (0, 1))
    assert collins["x"] < picture["x"] + picture["width"] * 400 / 860 < other["x"]
    assert tab.evaluate("document.documentElement.scrollWidth") == size[0]


def test_a_film_plays_from_the_moment_and_its_boxes_follow(films: Served, tabs: Tabs) -> None:
    tab = tabs.open(films.address)
    tab.goto(films.at(f"/photos/{number_of(films.command, 'party.mp4')}?at=1"))
    moving = tab.locator(".box:not([data-away])")
    expect(moving).to_have_count(1)
    assert tab.evaluate("document.getElementById('film').videoWidth") == 640
    before = on_screen(tab, ".box:not([data-away]) .line")
    tab.locator(".timeline .span").last.click()
    expect(tab.locator("#photo")).to_have_attribute("data-moment", LATE)
    tab.evaluate("document.getElementById('film').pause()")
    assert tab.evaluate("document.getElementById('film').currentTime") > 2.9
    tab.evaluate("document.getElementById('film').currentTime = 2")
    expect(tab.locator("#photo")).to_have_attribute("data-moment", "2.000")
    later = on_screen(tab, ".box:not([data-away]) .line")
    scale = on_screen(tab, "#film")["width"] / 640
    assert later["x"] - before["x"] == pytest.approx(60 * scale, abs=12 * scale)


def test_a_face_is_drawn_at_the_moment_where_a_film_stands(films: Served, tabs: Tabs) -> None:
    tab = tabs.open(films.address)
    tab.goto(films.at(f"/photos/{number_of(films.command, 'party.mp4')}?at=2"))
    expect(tab.locator("#photo")).to_have_attribute("data-moment", "2.000")
    frame = on_screen(tab, "#film")
    tab.keyboard.press("b")
    tab.mouse.move(frame["x"] + frame["width"] * 0.85, frame["y"] + frame["height"] * 0.05)
    tab.mouse.down()
    tab.mouse.move(frame["x"] + frame["width"] * 0.97, frame["y"] + frame["height"] * 0.25, steps=4)
    tab.mouse.up()
    tab.keyboard.type("Zoe")
    tab.keyboard.press("Enter")
    expect(tab.locator(".toast")).to_contain_text("Zoe: named only")
    expect(tab.locator(".timeline")).to_contain_text("Zoe")
    expect(tab.locator(".box.named-only:not([data-away])")).to_have_count(1)
    assert on_screen(tab, ".timeline .span.named-only")["width"] >= 2
    tab.keyboard.press("u")
    expect(tab.locator(".timeline")).not_to_contain_text("Zoe")


def test_a_film_that_cannot_be_played_is_shown_frame_by_frame(films: Served, tabs: Tabs) -> None:
    tab = tabs.open(films.address)
    tab.goto(films.at(f"/photos/{number_of(films.command, 'old.mp4')}?at=1"))
    expect(tab.locator("#unplayable")).to_be_visible()
    expect(tab.locator("#still")).to_be_visible()
    expect(tab.locator(".box:not([data-away])")).to_have_count(1)
    tab.get_by_role("button", name="1 s on").click()
    expect(tab.locator("#photo")).to_have_attribute("data-moment", "2.000")
    tab.locator(".timeline .span").last.click()
    expect(tab.locator("#still")).to_have_attribute("src", LATE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_core_finds_nothing_serious(
    served: Served, tabs: Tabs, command: CommandLine, scheme: str
) -> None:
    tab = tabs.open(served.address, color_scheme=scheme, **NARROW)
    tab.goto(served.at(f"/photos/{number_of(command, 'both.jpg')}"))
    tab.locator(".box").first.click()
    expect(tab.locator(".panel-body")).to_be_visible()
    assert serious(tab) == []


def test_the_geometry_of_boxes(served: Served, tabs: Tabs) -> None:
    tab = tabs.open(served.address)
    run: Callable[[str], Any] = lambda code: tab.evaluate(  # noqa: E731
        "async () => { const g = await import('/static/geometry.js'); const size = {width: 400, height: 200};"
        f" return {code}; }}"
    )
    assert run("g.between({x: 90, y: 80}, {x: -5, y: 300}, size)") == {"x": 0, "y": 80, "w": 90, "h": 120}
    assert run("g.clamped({x: 390, y: -3, w: 50, h: 20}, size)") == {"x": 350, "y": 0, "w": 50, "h": 20}
    assert run("g.counts({x: 0, y: 0, w: 3, h: 90}, size)") is False
    assert run("g.byKey({x: 10, y: 10, w: 20, h: 20}, 'ArrowRight', false, size).x") == 14
    assert run("g.byKey({x: 10, y: 10, w: 20, h: 20}, 'ArrowUp', true, size)") == {
        "x": 10,
        "y": 8,
        "w": 20,
        "h": 24,
    }
    track = "[[1, 0, 0, 10, 10], [2, 20, 0, 10, 30]]"
    assert run(f"g.boxAt({track}, 1.5)") == {"x": 10, "y": 0, "w": 10, "h": 20}
    assert run(f"[g.boxAt({track}, 0.85).x, g.boxAt({track}, 2.1).x]") == [0, 20]
    assert run(f"[g.boxAt({track}, 0.7), g.boxAt({track}, 2.3)]") == [None, None]
    labels = run(
        "(() => { const boxes = [0, 45, 90].map((x) => ({x, y: 20, w: 40, h: 50}));"
        " const placed = g.placed(boxes, boxes.map(() => ({w: 60, h: 20})), size);"
        " return placed.flatMap((a, i) => [...boxes, ...placed.slice(0, i)].map((b) => g.shared(a, b))); })()"
    )
    assert sum(labels) == 0

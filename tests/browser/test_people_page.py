"""The pages of people in a real browser, by keyboard alone: naming, choosing, moving, undoing, finding."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.server import Served
from tests.browser.tabs import NARROW, Tabs, serious


def name_all(tab: Page) -> None:
    """Name both groups by typing: the larger one, of five faces, is Collins'."""
    expect(tab.locator(".naming input").first).to_be_focused()
    for name in ("Collins", "Hopper"):
        tab.keyboard.type(name)
        tab.keyboard.press("Enter")
    expect(tab.locator("#people .tile")).to_have_count(2)
    expect(tab.locator(".tile.cluster")).to_have_count(0)


def person(tab: Page, name: str) -> Locator:
    return tab.locator("#people .tile", has_text=name)


def open_person(tab: Page, served: Served, name: str) -> None:
    name_all(tab)
    tab.goto(served.at("/people"))
    person(tab, name).focus()
    tab.keyboard.press("Enter")
    expect(tab).to_have_title(f"{name} · faceindex")
    tab.wait_for_load_state()


def said(tab: Page) -> Locator:
    return tab.locator("#toasts .toast")


def test_groups_are_named_by_typing_one_name_after_the_other(tab: Page) -> None:
    name_all(tab)
    expect(person(tab, "Collins")).to_contain_text("5 faces")
    expect(person(tab, "Hopper")).to_contain_text("4 faces")
    expect(tab.locator("#people-total")).to_have_text("2")
    expect(said(tab)).to_contain_text("Hopper: 4 faces")
    expect(tab.locator("#main")).to_be_focused()
    tab.keyboard.press("u")
    expect(tab.locator(".tile.cluster")).to_have_count(1)
    expect(tab.locator("#people .tile")).to_have_count(1)
    tab.keyboard.press("u")
    expect(tab.locator(".tile.cluster")).to_have_count(2)
    expect(tab.locator("#changed")).to_be_hidden()


def test_a_known_name_is_offered_and_taken(tab: Page) -> None:
    tab.keyboard.type("Collins")
    tab.keyboard.press("Enter")
    expect(person(tab, "Collins")).to_be_visible()
    expect(tab.locator(".naming input")).to_be_focused()
    tab.keyboard.type("co")
    expect(tab.get_by_role("option")).to_contain_text("Collins")
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    expect(person(tab, "Collins")).to_contain_text("9 faces")


def test_what_is_no_name_leaves_the_group_and_what_was_typed(tab: Page, tabs: Tabs) -> None:
    field = tab.locator(".naming input").first
    tab.keyboard.type("\u202eevil")
    tab.keyboard.press("Enter")
    expect(said(tab)).to_have_class(re.compile("error"))
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("\u202eevil")
    expect(tab.locator(".tile.cluster")).to_have_count(2)
    tabs.errors.clear()  # Chromium notes the status


def test_the_search_is_in_the_address_and_back_finds_it_again(tab: Page, served: Served) -> None:
    name_all(tab)
    tab.keyboard.press("/")
    tab.keyboard.type("hop")
    expect(tab.locator("#people .tile")).to_have_count(1)
    expect(tab).to_have_url(served.at("/people?q=hop"))
    tab.keyboard.press("Escape")
    person(tab, "Hopper").focus()
    tab.keyboard.press("Enter")
    expect(tab).to_have_title("Hopper · faceindex")
    tab.go_back()
    expect(tab.locator("#people .tile")).to_have_count(1)
    expect(tab.locator("[data-search]")).to_have_value("hop")


def test_two_people_are_merged_and_are_two_again(tab: Page, served: Served) -> None:
    name_all(tab)
    person(tab, "Collins").focus()
    tab.keyboard.press("Space")
    tab.keyboard.press("Shift+ArrowRight")
    expect(tab.locator("[data-count]")).to_have_text("2 selected")
    tab.keyboard.press("m")
    expect(tab.get_by_role("dialog")).to_contain_text("Which name stays?")
    assert serious(tab) == []
    tab.keyboard.press("ArrowDown")
    tab.keyboard.press("Enter")
    expect(person(tab, "Hopper")).to_contain_text("9 faces")
    expect(tab.locator("#people .tile")).to_have_count(1)
    expect(tab.get_by_role("dialog")).to_have_count(0)
    tab.keyboard.press("u")
    expect(person(tab, "Collins")).to_contain_text("5 faces")


def test_a_face_is_moved_and_rejected_in_its_place(tab: Page, served: Served) -> None:
    open_person(tab, served, "Collins")
    tiles = tab.locator("#faces .tile")
    expect(tiles).to_have_count(5)
    ids = [each.get_attribute("id") for each in tiles.all()]
    tiles.nth(1).focus()
    tab.keyboard.press("d")
    expect(tiles).to_have_count(4)
    expect(tab.locator(f"#{ids[2]}")).to_be_focused()
    expect(tab.locator("#person-head")).to_contain_text("4 faces")
    tab.keyboard.press("m")
    expect(tab.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    tab.keyboard.type("Somebody")
    tab.keyboard.press("Enter")
    expect(tiles).to_have_count(3)
    expect(tab.locator(f"#{ids[3]}")).to_be_focused()
    expect(said(tab)).to_contain_text("Moved to Somebody: 1 face.")
    for count in (4, 5):
        tab.keyboard.press("u")
        expect(tiles).to_have_count(count)
    assert [each.get_attribute("id") for each in tiles.all()] == ids
    expect(tab.locator(f"#{ids[3]}")).to_be_focused()


def test_escape_leaves_a_dialog_and_keeps_the_selection(tab: Page, served: Served) -> None:
    open_person(tab, served, "Collins")
    tab.locator("#faces .tile").first.focus()
    tab.keyboard.press("Space")
    tab.keyboard.press("m")
    expect(tab.get_by_role("dialog")).to_be_visible()
    tab.keyboard.press("Escape")
    expect(tab.get_by_role("dialog")).to_have_count(0)
    expect(tab.locator("#faces .tile.selected")).to_have_count(1)
    tab.keyboard.press("Escape")
    expect(tab.locator("#faces .tile.selected")).to_have_count(0)
    tab.keyboard.press("Enter")
    expect(tab).to_have_url(re.compile(r"/photos/\d+\?face=\d+$"))


def test_a_person_is_renamed_and_the_dialog_closes(tab: Page, served: Served) -> None:
    open_person(tab, served, "Collins")
    tab.locator("#faces .tile").first.focus()
    tab.keyboard.press("Space")
    tab.keyboard.press("r")
    field = tab.get_by_role("dialog").get_by_label("New name")
    expect(field).to_be_focused()
    tab.keyboard.press("Control+a")
    tab.keyboard.type("Eileen")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("dialog")).to_have_count(0)
    expect(tab.get_by_role("heading", name="Eileen")).to_be_visible()
    expect(tab.locator("#faces .tile.selected")).to_have_count(1)
    expect(tab.locator("#faces .tile").first).to_be_focused()
    tab.keyboard.press("u")
    expect(tab.get_by_role("heading", name="Collins")).to_be_visible()


def test_filters_are_in_the_address_and_stay(tab: Page, served: Served) -> None:
    open_person(tab, served, "Collins")
    tab.locator("#sort-similarity").click()
    expect(tab.locator("#sort-similarity")).to_have_attribute("aria-current", "true")
    expect(tab).to_have_url(re.compile(r"\?sort=similarity$"))
    tab.locator("#state-recognised").click()
    expect(tab).to_have_url(re.compile(r"\?state=recognised&sort=similarity$"))
    tab.reload()
    expect(tab.locator("#state-recognised")).to_have_attribute("aria-current", "true")
    tab.go_back()
    expect(tab.locator("#state-all")).to_have_attribute("aria-current", "true")
    expect(tab.locator("#sort-similarity")).to_have_attribute("aria-current", "true")


def test_nothing_is_forgotten_before_the_name_is_typed(tab: Page, served: Served) -> None:
    open_person(tab, served, "Hopper")
    tab.get_by_role("button", name="Forget…").press("Enter")
    expect(tab.get_by_role("dialog")).to_contain_text("This cannot be undone.")
    assert serious(tab) == []
    tab.keyboard.type("Hopper")
    tab.keyboard.press("Enter")
    expect(tab.locator("#people .tile")).to_have_count(1)
    expect(said(tab)).to_contain_text("Forgotten")
    assert "Hopper" not in served.command.run("people", "list").out


def test_photos_of_two_people_are_found(tab: Page, served: Served) -> None:
    name_all(tab)
    tab.goto(served.at("/find"))
    tab.locator("#with-name").focus()
    for name, photos in (("Collins", 5), ("Hopper", 1)):
        tab.keyboard.type(name)
        tab.keyboard.press("Enter")
        expect(tab.locator(".tile.photo")).to_have_count(photos)
        expect(tab.locator("#with-name")).to_be_focused()
    expect(tab).to_have_url(re.compile(r"/find\?with=[0-9a-f]{32}&with=[0-9a-f]{32}$"))
    tab.reload()
    expect(tab.locator(".person-chip")).to_have_text([re.compile("Collins"), re.compile("Hopper")])
    tab.get_by_role("button", name="With Hopper: remove").press("Enter")
    expect(tab.locator(".tile.photo")).to_have_count(5)
    tab.locator("#only").check()
    expect(tab.locator(".tile.photo")).to_have_count(4)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible_and_fit_a_narrow_window(
    tab: Page, served: Served, tabs: Tabs, scheme: str
) -> None:
    assert serious(tab) == []
    cluster = tab.locator(".tile.cluster .cover").first.get_attribute("href")
    tab.keyboard.type("Collins")
    tab.keyboard.press("Enter")
    href = person(tab, "Collins").locator(".cover").get_attribute("href")
    narrow = tabs.open(served.address, **NARROW, color_scheme=scheme)
    rest = narrow.locator(".tile.cluster .cover").first.get_attribute("href")
    assert rest != cluster
    for path in ("/people", href, rest, f"/find?with={str(href).split('/')[-1]}"):
        narrow.goto(served.at(str(path)))
        expect(narrow.locator(".tile").first).to_be_visible()
        assert serious(narrow) == [], path
        assert narrow.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path

"""Review and Ask in Chromium, by the keyboard alone."""

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.server import Served
from tests.browser.tabs import serious
from tests.functional.people import astronaut, jpeg

pytestmark = pytest.mark.slow


def progress(tab: Page, text: str) -> None:
    expect(tab.locator(".progress")).to_contain_text(text)


def test_questions_are_answered_by_keys_and_the_focus_stays(tab: Page, served: Served) -> None:
    tab.goto(served.at("/review"))
    question = tab.locator("#question h2")
    first = question.text_content() or ""
    assert first.startswith("Who is this")
    assert serious(tab) == []
    tab.keyboard.press("ArrowRight")
    expect(tab.locator("[name=skipped]")).not_to_have_value("")
    expect(tab.locator("#told")).to_have_text(question.text_content() or "")  # it is ready
    tab.keyboard.press("ArrowLeft")
    expect(tab.locator("[name=skipped]")).to_have_value("")
    expect(question).to_have_text(first)
    expect(tab.locator("#told")).to_have_text(first)
    tab.keyboard.press("m")
    expect(tab.locator("#name")).to_be_focused()
    tab.keyboard.type("Ada")
    tab.keyboard.press("Enter")
    progress(tab, "1 answered")
    expect(tab.locator("#toasts")).to_contain_text("named Ada")
    expect(tab.locator("#question")).to_be_focused()
    tab.keyboard.press("u")
    progress(tab, "0 answered")
    expect(question).to_have_text(first)
    expect(tab.locator("#told")).to_have_text(first)
    tab.keyboard.press("i")
    progress(tab, "1 answered")
    expect(tab.locator("#told")).not_to_have_text(first)
    tab.keyboard.press("i")
    expect(question.or_(tab.locator(".empty h2"))).to_have_text("Nothing is left to review")
    expect(tab.locator("#told")).to_have_text("Nothing is left to review")


def test_a_face_is_taken_out_of_an_answer(tab: Page, served: Served) -> None:
    tab.goto(served.at("/review"))
    faces = tab.locator(".together input[name=faces]")
    number = faces.count()
    faces.first.focus()
    tab.keyboard.press("Space")
    tab.keyboard.press("/")
    tab.keyboard.type("Ada")
    tab.keyboard.press("Enter")
    expect(tab.locator("#toasts")).to_contain_text(re.compile(f"{number - 1} faces? named Ada"))


def test_a_picture_is_chosen_or_pasted_and_its_faces_are_shown_on_it(
    tab: Page, served: Served, tmp_path: Path
) -> None:
    file = tmp_path / "asked.jpg"
    file.write_bytes(jpeg(astronaut(2)))
    tab.goto(served.at("/ask"))
    tab.set_input_files("#picture", file)
    expect(tab.locator("#answer h2")).to_have_text("1 face")
    expect(tab.locator(".picture img")).to_be_visible()
    picture, box = (tab.locator(each).bounding_box() for each in (".picture img", ".picture rect"))
    assert picture is not None
    assert box is not None
    assert picture["x"] < box["x"] < picture["x"] + picture["width"] - box["width"]
    assert tab.locator(".nearest a").count() > 0
    assert serious(tab) == []
    tab.reload()
    content = base64.b64encode(file.read_bytes()).decode()
    tab.evaluate(
        """(content) => {
          const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
          const data = new DataTransfer();
          data.items.add(new File([bytes], "pasted.jpg", { type: "image/jpeg" }));
          document.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true }));
        }""",
        content,
    )
    expect(tab.locator("#answer h2")).to_have_text("1 face")
    expect(tab.locator("#answer")).to_be_focused()

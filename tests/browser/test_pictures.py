"""Pictures as a browser shows them: kept ones, those cut again, and those that say why there is none."""

import pytest
from playwright.sync_api import Page

from tests.browser.server import Served
from tests.browser.tabs import Tabs

pytestmark = pytest.mark.slow

_SHOWN = "() => [...document.images].filter(each => each.src.includes('/media/faces/'))"
_ALL_SHOWN = (
    f"() => {{ const all = ({_SHOWN})(); return all.length > 3 && all.every(each => each.naturalWidth) }}"
)


def test_faces_are_shown_also_after_their_pictures_were_deleted(tab: Page, served: Served) -> None:
    tab.wait_for_function(_ALL_SHOWN)
    library = served.command.library
    library.with_name(f"{library.name}.thumbnails").unlink()
    tab.reload()
    tab.wait_for_function(_ALL_SHOWN)
    assert library.with_name(f"{library.name}.thumbnails").exists()


def test_a_face_that_is_not_there_is_a_picture_that_says_so(tabs: Tabs, tab: Page) -> None:
    size = tab.evaluate(
        """async () => {
            const picture = new Image()
            picture.src = '/media/faces/999999/112'
            await picture.decode()
            return picture.naturalWidth
        }"""
    )
    assert size == 320
    (error,) = tabs.errors  # the browser's own line about the status
    assert "404" in error
    tabs.errors.clear()

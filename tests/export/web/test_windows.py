"""The page in windows of many sizes and in the visitor's colours. Skips as test_page.py does."""

import io

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.keys import Keys

PHONES = [(360, 560), (360, 740), (375, 553), (480, 800), (568, 320), (740, 360), (844, 340)]
TABLETS = [(640, 600), (768, 1024), (800, 580), (800, 600), (900, 640)]
LAPTOPS = [(1280, 500), (1280, 720), (1366, 625)]


@pytest.fixture
def sized(page):
    """The page in a window of a size; afterwards the browser has its own again."""

    def sized(width, height):
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 1000}
        page.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        page.until(
            lambda: page.run("return innerWidth === arguments[0] && innerHeight === arguments[1]", width, height)
        )
        measured = "return document.documentElement.style.getPropertyValue('--stage')"
        page.until(lambda: page.run(measured) == f"{page.find('.stage').get_property('offsetHeight')}px")
        return page

    yield sized
    page.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_is_wider_than_the_window(sized, width):
    assert sized(width, 740).run("return document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(("width", "height"), PHONES + TABLETS + LAPTOPS)
def test_a_slider_and_the_whole_picture_are_on_screen_together(sized, width, height):
    seen = sized(width, height).run("""
      const canvas = document.getElementById("morph");
      return [...document.querySelectorAll("input[type=range]")].map((slider) => {
        slider.scrollIntoView({ block: "center" });
        const [picture, control] = [canvas, slider].map((each) => each.getBoundingClientRect());
        const middle = document.elementFromPoint(picture.x + picture.width / 2, picture.y + picture.height / 2);
        return [picture.top, picture.bottom, control.top, control.bottom, picture.height, middle === canvas];
      });
    """)
    assert len(seen) > 5
    for *edges, side, on_top in seen:
        assert min(edges) >= 0
        assert max(edges) <= height
        assert side >= height / 5
        assert on_top


@pytest.mark.parametrize(("width", "height"), PHONES + TABLETS + LAPTOPS)
def test_what_has_the_focus_is_not_behind_the_pictures(sized, width, height):
    page = sized(width, height)
    place = """
      const active = document.activeElement;
      const shown = active.classList.contains("hidden") ? active.closest("label") : active;
      const [box, stage] = [shown, document.querySelector(".stage")].map((each) => each.getBoundingClientRect());
      const beside = box.right <= stage.left || box.left >= stage.right;
      const below = box.top >= stage.bottom || box.bottom <= stage.top;
      return [active.id || active.name, beside || below, box.top > -1 && box.bottom < innerHeight + 1];
    """
    for first, held in (("[name=source]:checked", None), ("#branch-rest", Keys.SHIFT)):
        page.run("document.querySelector(arguments[0]).focus()", first)
        reached = set()
        for _ in range(12):
            page.press(Keys.TAB, held=held)
            name, free, inside = page.run(place)
            assert free, f"{name} is behind the pictures"
            assert inside, f"{name} is out of the window"
            reached.add(name)
        assert len(reached) > 10


def test_sliders_have_a_track_in_the_colours_of_the_visitor(page):
    media = [{"name": "forced-colors", "value": "active"}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    try:
        shown = Image.open(io.BytesIO(page.find("#all").screenshot_as_png)).convert("L")
    finally:
        page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    column = np.asarray(shown, int)
    height, width = column.shape
    for part in (0.25, 0.75):  # on either side of the thumb
        line = column[:, int(part * width)]
        assert abs(line[height // 2] - line[1]) > 40

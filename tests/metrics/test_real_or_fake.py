"""The page that asks a person, in a headless Chromium: what is shown, answers by keys and by touch, what is saved."""

import csv
import io
import json
import re
import time

import numpy as np
import pytest

from tests import chromium
from tf_homo.errors import InputError
from tf_homo.metrics import real_or_fake

RED, BLUE = (255, 0, 0), (0, 0, 255)
PRACTICE, COUNTED, SHOWN_MS = 2, 5, 40


def plain(colour, count):
    return np.broadcast_to(np.array(colour, np.uint8), (count, 8, 8, 3))


@pytest.fixture(scope="module")
def html():
    pytest.importorskip("jinja2")
    count = PRACTICE + COUNTED
    return real_or_fake.page(
        plain(RED, count), plain(BLUE, count), "a <b>blue</b> system", PRACTICE, COUNTED, SHOWN_MS
    )  # real is red, made is blue


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    with chromium.started(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def visit(driver, html, tmp_path):
    """Opens the page from the disk, watched: `seen` lists each picture's colour and how long it was shown."""
    (tmp_path / "page.html").write_text(html, "utf-8")
    driver.execute_cdp_cmd(
        "Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path / "saved")}
    )
    driver.get((tmp_path / "page.html").as_uri())
    driver.execute_script(
        """
        window.seen = [];
        for (const image of document.querySelectorAll("img")) {
          new MutationObserver(() => {
            const now = performance.now();
            if (!image.classList.contains("shown")) {
              const last = window.seen.at(-1);
              if (last && last.ms === null) last.ms = now - last.since;
              return;
            }
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 1;
            const paper = canvas.getContext("2d");
            paper.drawImage(image, 0, 0, 1, 1);
            window.seen.push({colour: [...paper.getImageData(0, 0, 1, 1).data].slice(0, 3), since: now, ms: null});
          }).observe(image, {attributes: true, attributeFilter: ["class"]});
        }
        """
    )
    return Page(driver, tmp_path / "saved")


class Page:
    """What a person sees and does."""

    def __init__(self, driver, saved):
        self.driver, self.saved = driver, saved

    def find(self, place):
        return self.driver.find_element("css selector", place)

    def buttons(self):
        return self.driver.find_elements("css selector", "#buttons button")

    def until(self, happened):
        end = time.monotonic() + chromium.WAIT
        while not (result := happened()):
            assert time.monotonic() < end, f"did not happen; the page says {self.says()!r}"
            time.sleep(0.01)
        return result

    def says(self):
        return self.find("#status").text

    def press(self, *keys):
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def asked(self):
        """Waits for the question; the place of the made picture, 0 or 1."""
        self.until(lambda: "which one was made" in self.says())
        shown = self.driver.execute_script("return window.seen")[-2:]
        colours = [tuple(each["colour"]) for each in shown]
        assert sorted(colours) == [BLUE, RED]
        assert all(each["ms"] >= 0.9 * SHOWN_MS for each in shown)
        return colours.index(BLUE)

    def file(self, name):
        path = self.saved / name
        self.until(lambda: path.exists() and path.stat().st_size)
        return path.read_text()


def test_a_session_by_keys(visit):
    """Right in practice once, wrong once; of the five that count two are taken for real."""
    from selenium.webdriver.common.keys import Keys

    left_right = (Keys.ARROW_LEFT, Keys.ARROW_RIGHT)
    visit.press(Keys.ENTER)
    for trial, right in enumerate((True, False, True, False, True, True, False)):
        made = visit.asked()
        practice = trial < PRACTICE
        assert visit.says().startswith(f"Practice {trial + 1} of 2" if practice else f"{trial - 1} of 5")
        answer = made if right else 1 - made
        visit.press(left_right[answer] if trial % 2 else "12"[answer])
        if practice:
            told = visit.until(lambda: "which" not in visit.says() and visit.says())
            assert told == ("Right." if right else f"No: the {('first', 'second')[made]} was made.")
            assert len(visit.buttons()) == 1
            visit.press(Keys.ENTER)
    text = visit.until(lambda: visit.find("#result").is_displayed() and visit.find("#result").text)
    assert text.startswith("a <b>blue</b> system\n")
    assert "passed for real: 2 of 5, 40.0%" in text
    assert "95% interval 11.8% to 76.9%" in text  # Wilson, by hand
    assert len(visit.driver.execute_script("return window.seen")) == 2 * (PRACTICE + COUNTED)

    visit.press("t")
    assert visit.file("real_or_made.txt").strip() == text.strip()
    visit.press("c")
    rows = list(csv.DictReader(io.StringIO(visit.file("real_or_made.csv"))))
    assert [row["kind"] for row in rows] == PRACTICE * ["practice"] + COUNTED * ["counted"]
    assert [row["right"] for row in rows] == list("1010110")
    assert sorted(int(row["pair"]) for row in rows) == list(range(PRACTICE + COUNTED))  # none twice
    assert all((row["made"] == row["answer"]) == (row["right"] == "1") and int(row["ms"]) >= 0 for row in rows)


def test_by_touch_on_a_phone(visit):
    """At 360x640 nothing is cut off and the buttons are large enough for a thumb."""
    metrics = {"width": 360, "height": 640, "deviceScaleFactor": 2, "mobile": True}
    visit.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        (start,) = visit.buttons()
        start.click()
        for trial in range(PRACTICE + COUNTED):
            visit.asked()
            wide = visit.driver.execute_script("return document.documentElement.scrollWidth")
            boxes = [button.rect for button in visit.buttons()]
            assert len(boxes) == 2 and wide <= 360
            assert all(box["height"] >= 44 and box["x"] >= 0 and box["x"] + box["width"] <= 360 for box in boxes)
            assert all(box["y"] + box["height"] <= 640 for box in boxes)  # in view without scrolling
            visit.buttons()[0].click()
            if trial < PRACTICE:
                visit.until(lambda: "which" not in visit.says())
                visit.buttons()[0].click()
        visit.until(lambda: visit.find("#result").is_displayed())
        assert [button.text for button in visit.buttons()] == ["Save as text", "Save as CSV"]
    finally:
        visit.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_there_is_no_answer_before_both_were_seen(visit):
    from selenium.webdriver.common.keys import Keys

    visit.press(Keys.ENTER)
    visit.press("1", "2", Keys.ARROW_LEFT)
    visit.asked()
    assert visit.says().startswith("Practice 1")


def test_the_page_needs_nothing_else(html):
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)""", html)
    assert "http" not in html
    assert "<b>blue" not in html  # a title is text
    test = json.loads(re.search(r'<script id="test" type="application/json">(.*?)</script>', html, re.S)[1])
    assert (test["practice"], test["counted"], test["shown_ms"]) == (PRACTICE, COUNTED, SHOWN_MS)
    assert len(test["pairs"]) == PRACTICE + COUNTED


def test_the_protocol_is_the_paper_s():
    assert (real_or_fake.PRACTICE, real_or_fake.COUNTED, real_or_fake.SHOWN_MS) == (10, 40, 1000)


def test_no_picture_is_shown_twice():
    with pytest.raises(InputError, match="has 6 pairs, 7 are needed"):
        real_or_fake.page(plain(RED, 7), plain(BLUE, 6), "few", PRACTICE, COUNTED)

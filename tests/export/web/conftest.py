"""The page's browser: a headless Chromium that selenium drives. Where it cannot be, its tests are skipped."""

import contextlib
import threading
import time

import numpy as np
import pytest

from export.web import build, serve
from tests import chromium
from tests.chromium import WAIT


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    if not (build.HERE / "node_modules").is_dir():
        pytest.skip("needs the page's libraries (npm ci --prefix export/web)")
    with chromium.started(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def address_of():
    """Serves the page in a folder and gives its address."""
    with contextlib.ExitStack() as stack:

        def address_of(folder):
            server = stack.enter_context(serve.server(folder, 0))
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://localhost:{server.server_port}/"

        yield address_of


@pytest.fixture(scope="module")
def site(browser, address_of, tmp_path_factory):
    """The folder of the carried model's page, and its address."""
    folder = tmp_path_factory.mktemp("site") / "web"
    build.build(folder)
    return folder, address_of(folder)


@pytest.fixture
def visit(browser):
    """Opens an address and gives the page; by default once it is ready."""

    def visit(address, says="Ready"):
        page = Page(browser)
        browser.get(address)
        page.wait_for(says)
        return page

    return visit


@pytest.fixture
def page(visit, site):
    """The carried model's page, ready."""
    return visit(site[1])


class Page:
    """What a visitor sees and does."""

    def __init__(self, browser):
        self.browser = browser
        self.run = browser.execute_script

    def find(self, place):
        return self.browser.find_element("css selector", place)

    def until(self, happened):
        end = time.monotonic() + WAIT
        while not (result := happened()):
            assert time.monotonic() < end, f"did not happen; the page says {self.status!r}"
            time.sleep(0.02)
        return result

    @property
    def status(self):
        return self.find("#status").text

    def wait_for(self, text):
        return self.until(lambda: text in self.status and self.status)

    def picture(self, name="morph"):
        """(S, S, 3) uint8: the pixels of a canvas, once nothing is being painted."""
        self.until(lambda: self.find("#morph").get_attribute("aria-busy") == "false")
        return self.pixels(name)

    def pixels(self, name="morph"):
        """(S, S, 3) uint8: the pixels of a canvas, as they are now."""
        script = """
          const canvas = document.getElementById(arguments[0]);
          return [canvas.width, ...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data];
        """
        size, *values = self.run(script, name)
        return np.array(values, np.uint8).reshape(size, size, 4)[..., :3]

    def move(self, slider, value):
        script = "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))"
        self.run(script, self.find(f"#{slider}"), value)

    def upload(self, side, path):
        self.find(f"#{side}-file").send_keys(str(path))

    def focused(self):
        return self.browser.switch_to.active_element

    def press(self, *keys, held=None):
        from selenium.webdriver.common.action_chains import ActionChains

        actions = ActionChains(self.browser)
        if held:
            actions.key_down(held).send_keys(*keys).key_up(held).perform()
        else:
            actions.send_keys(*keys).perform()

"""The page in a real browser, headless Chromium. Skips where Chromium or the page's libraries are absent."""

import http.server

import numpy as np
import pytest
from PIL import Image
from selenium.webdriver.common.keys import Keys

from export import saved_model, tflite
from export.web import build
from tests.fake_method import SIZE, FakeMethod, images
from tf_homo import photos, report, serving


def close(shown, expected):
    """Within 2 of 255 everywhere."""
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - report.to_uint8(expected)).max() <= 2


def first_faces():
    return np.stack([photos.source(face, 64) for face in build.FACES[:2]])


def test_the_picture_is_the_one_that_python_computes(page):
    model = serving.load()
    faces = first_faces()
    source, target = model.encode(faces)[:, None]
    for side, face in zip(("source", "target"), faces, strict=True):
        np.testing.assert_array_equal(page.picture(side), report.to_uint8(face))
    branches = model.info["branches"]
    labels = page.run("return [...document.querySelectorAll('#branches .name')].map((each) => each.textContent)")
    assert [label.lower().replace(" ", "_") for label in labels] == branches
    mixed = np.random.default_rng(0).integers(0, 101, len(branches)) / 100
    shown = []
    for strength in (np.full(len(branches), 0.5), np.zeros(len(branches)), np.ones(len(branches)), mixed):
        for branch, value in zip(branches, strength, strict=True):
            page.move(f"branch-{branch}", value)
        shown.append(page.picture())
        close(shown[-1], model.frames(source, target, strength[None].astype(np.float32))[0])
    assert len({picture.tobytes() for picture in shown}) == len(shown)
    assert page.find("#all").get_attribute("aria-valuetext") == "mixed"
    assert "drawn faces only" in page.find("#knows").text
    page.move("all", 0.25)
    close(page.picture(), model.frames(source, target, np.full((1, len(branches)), 0.25, np.float32))[0])
    assert page.find(f"#branch-{branches[0]}").get_attribute("aria-valuetext") == "25 %"


def test_one_slider_alone_changes_the_picture(page):
    page.move("all", 0)
    before = page.picture()
    page.move("branch-hair_colour", 1)
    assert np.abs(page.picture().astype(int) - before).max() > 30


def test_everything_can_be_done_by_keyboard(page):
    """Tab comes to every control, what has the focus shows it, and keys do what the mouse does."""
    reached = []
    page.run("document.body.tabIndex = -1; document.body.focus()")
    for _ in range(40):
        page.press(Keys.TAB)
        name = page.run("const a = document.activeElement; return a.id || a.name || a.tagName")
        if name in reached or name == "BODY":
            break
        reached.append(name)
        widths = page.run("""
          const a = document.activeElement;
          const shown = a.classList.contains("hidden") ? [a.closest("label.button"), a.nextElementSibling] : [a];
          return shown.filter(Boolean)
            .map((each) => getComputedStyle(each)).filter((style) => style.outlineStyle === "solid")
            .map((style) => parseFloat(style.outlineWidth));
        """)
        assert max(widths, default=0) >= 2, f"{name} has the focus and does not show it"
    branches = [f"branch-{branch}" for branch in serving.load().info["branches"]]
    assert reached == ["source", "source-file", "target", "target-file", "all", "play", "save", *branches]

    page.run("document.getElementById('branch-age').focus()")
    before = page.picture()
    page.press(Keys.HOME)
    page.press(*[Keys.ARROW_RIGHT] * 3)
    assert page.focused().get_attribute("value") == "0.03"
    assert not np.array_equal(page.picture(), before)

    page.run("document.querySelector('[name=source]:checked').focus()")
    page.press(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    page.wait_for("In place: drawn face 14.")
    close(page.picture("source"), photos.source(build.FACES[2], 64))

    page.run("document.getElementById('play').focus()")
    page.press(Keys.SPACE)
    shown = set()
    page.until(lambda: shown.add(page.pixels().tobytes()) or len(shown) > 3)
    page.press(Keys.SPACE)
    page.wait_for("Stopped.")
    assert page.focused().text == "Play"


def test_less_motion_means_nine_still_pictures(page):
    media = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
    page.find("#play").click()
    seen = set()
    page.until(lambda: seen.add(page.run("return document.getElementById('place').value")) or len(seen) > 2)
    page.find("#play").click()
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert seen <= {step / 8 for step in range(9)}


def test_a_moved_slider_stops_the_film(page):
    page.move("all", 0.25)
    before = page.picture()
    page.find("#play").click()
    page.until(lambda: not np.array_equal(page.pixels(), before))
    page.move("branch-age", 0.75)
    assert page.find("#play").text == "Play"
    page.wait_for("Stopped.")
    shown = page.picture()
    page.move("branch-age", 0.75)
    np.testing.assert_array_equal(page.picture(), shown)
    page.find("#play").click()
    page.wait_for("Playing.")
    page.find("#play").click()
    page.wait_for("Stopped.")


def test_the_gif_has_the_frames(page, tmp_path):
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.browser.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    page.move("branch-hair_colour", 1)  # the others stay at a half: there the film ends
    page.find("#save").click()
    page.find("#target-faces label:nth-child(5)").click()  # comes too late for the film
    file = tmp_path / "morph.gif"
    page.until(file.exists)
    with Image.open(file) as film:
        assert film.size == (256, 256)
        assert film.n_frames == 33 + 31
        times, frames = [], []
        for frame in range(film.n_frames):
            film.seek(frame)
            times.append(film.info["duration"])
            frames.append(np.asarray(film.convert("RGB").resize((64, 64), Image.Resampling.BOX), np.float32) / 255)
        assert film.info["loop"] == 0
    assert times == [600, *[50] * 31, 600, *[50] * 31]
    model = serving.load()
    source, target = model.encode(first_faces())[:, None]
    end = np.where(np.array(model.info["branches"]) == "hair_colour", 1, 0.5)
    ramp = np.linspace(0, 1, 33)[:, None] * end
    expected = model.frames(source, target, ramp.astype(np.float32))
    for frame, picture in zip(frames, [*expected, *expected[-2:0:-1]], strict=True):
        assert np.abs(frame - picture).mean() < 0.03  # of 256 colours, and softly enlarged


def test_after_a_film_is_saved_the_picture_is_where_the_sliders_are(page):
    before = page.picture()
    page.find("#play").click()
    page.until(lambda: not np.array_equal(page.pixels(), before))
    page.find("#save").click()
    page.wait_for("Saved morph.gif")
    np.testing.assert_array_equal(page.picture(), before)
    assert page.run("return document.getElementById('place').value") == 0


def test_of_two_choices_the_later_counts_even_if_it_comes_first(page):
    page.run("""
      const { fetch } = window;
      window.fetch = (file) =>
        file === "faces/2.png"
          ? new Promise((resolve) => (window.release = () => resolve(fetch(file))))
          : fetch(file);
    """)
    page.find("#source-faces label:nth-child(3)").click()
    page.find("#source-faces label:nth-child(4)").click()
    page.wait_for("In place: drawn face 21.")
    later = page.picture("source")
    asked = "return performance.getEntriesByName(new URL('faces/2.png', location).href).length"
    before = page.run(asked)
    page.run("window.release()")
    page.until(lambda: page.run(asked) > before)
    page.find("#target-faces label:nth-child(1)").click()  # its answer comes after that of the slow one
    page.wait_for("In place: drawn face 3.")
    np.testing.assert_array_equal(page.picture("source"), later)
    assert page.find("#source").get_attribute("aria-label") == "From: drawn face 21"


def test_a_face_that_cannot_be_fetched_can_be_chosen_again(page):
    checked = "return [...document.getElementsByName('source')].findIndex((radio) => radio.checked)"
    page.run("window.kept = fetch; window.fetch = () => Promise.reject(TypeError('no net'))")
    page.find("#source-faces label:nth-child(4)").click()
    page.wait_for("Something went wrong: faces/3.png: no net. Try again.")
    assert page.run(checked) == 0
    page.run("window.fetch = kept")
    page.find("#source-faces label:nth-child(4)").click()
    page.wait_for("In place: drawn face 21.")
    assert page.run(checked) == 3


def test_nothing_can_be_sent_elsewhere(page, site):
    asked = page.run("return performance.getEntriesByType('resource').map((each) => each.name)")
    assert len(asked) > 10
    assert all(each.startswith(site[1]) for each in asked)
    calls = []
    handler = type("Handler", (http.server.BaseHTTPRequestHandler,), {"do_GET": lambda self: calls.append(self.path)})
    with http.server.HTTPServer(("127.0.0.1", 0), handler) as other:
        other.timeout = 0.5
        script = """
          const [address, done] = arguments;
          const image = new Image();
          image.onload = image.onerror = ({ type }) =>
            fetch(address).then(() => done([type, "sent"]), () => done([type, "refused"]));
          image.src = address;
        """
        address = f"http://localhost:{other.server_port}/"
        assert page.browser.execute_async_script(script, address) == ["error", "refused"]
        other.handle_request()
    assert not calls


def test_a_model_of_ones_own_shows_its_own_branches(visit, address_of, tmp_path):
    tflite.export(saved_model.export(FakeMethod(), tmp_path / "saved"), tmp_path / "own.tflite")
    card = tmp_path / "own.json"
    card.write_text(card.read_text().replace('"age"', '"old age"'))
    model = serving.load(tmp_path / "own.tflite")
    faces = [str(tmp_path / "a.png"), str(tmp_path / "b.png")]
    for face, image in zip(faces, images(2), strict=True):
        report.save_image(face, image)
    build.build(tmp_path / "web", model.path, faces)
    page = visit(address_of(tmp_path / "web"))
    sliders = page.run("return [...document.querySelectorAll('#branches input')].map((each) => each.id)")
    assert sliders == ["branch-expression", "branch-old-age", "branch-rest"]
    script = """
      const ids = (slider) => slider.getAttribute("aria-describedby").split(" ");
      const sliders = [...document.querySelectorAll("#branches input")];
      return sliders.flatMap(ids).every((id) => document.getElementById(id));
    """
    assert page.run(script)
    assert "drawn faces only" not in page.find("#knows").text
    source, target = model.encode(np.stack([photos.source(face, SIZE) for face in faces]))[:, None]
    page.move("branch-old-age", 0.75)
    close(page.picture(), model.frames(source, target, np.array([[0.5, 0.75, 0.5]], np.float32))[0])


@pytest.fixture
def broken(site):
    """Puts other bytes into a file of the page for one test; None takes it away."""
    kept = {}

    def broken(name, content):
        path = site[0] / name
        kept[path] = path.read_bytes()
        path.unlink() if content is None else path.write_bytes(content)

    yield broken
    for path, content in kept.items():
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("morph.tflite", b"no model at all", ""),
        ("morph.tflite", None, "morph.tflite: 404 File not found"),
        ("lib/wasm/litert_wasm_internal.js", None, "a file of the page is missing"),
        ("app.js", b"export const start = () => { throw Error('lost') }", "lost"),
    ],
)
def test_a_page_that_cannot_load_says_so(visit, site, broken, name, content, why):
    broken(name, content)
    page = visit(site[1], "The model could not be loaded: ")
    assert why in page.status
    assert "undefined" not in page.status


def test_a_page_from_the_disk_and_one_without_its_first_script_say_so(visit, site, broken):
    visit((site[0] / "index.html").as_uri(), "Opened from the disk, this page may not read its own files.")
    broken("start.js", None)
    visit(site[1], "files of the page are missing")


@pytest.fixture
def before_the_page(browser):
    """Runs a script before those of each page, for one test."""
    added = []
    yield lambda source: added.append(
        browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": source})
    )
    for each in added:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", each)


@pytest.mark.parametrize(
    ("loss", "why"),
    [
        ("delete globalThis.WebAssembly", "This browser has no WebAssembly"),
        ("HTMLScriptElement.supports = () => false", "This browser is too old for the page"),
    ],
)
def test_a_browser_that_cannot_is_told(visit, site, before_the_page, loss, why):
    before_the_page(loss)
    visit(site[1], why)


@pytest.mark.parametrize("kind", ["dragover", "drop"])
def test_a_picture_that_is_dropped_while_the_page_loads_does_not_replace_it(visit, site, before_the_page, kind):
    before_the_page("window.fetch = () => new Promise(() => {})")
    page = visit(site[1], "Loading the model")
    assert page.run(f"""
      const event = new DragEvent("{kind}", {{ dataTransfer: new DataTransfer(), bubbles: true, cancelable: true }});
      document.getElementById("morph").dispatchEvent(event);
      return event.defaultPrevented;
    """)


def test_browsers_without_relaxed_simd_paint_the_same(visit, site, before_the_page):
    """They get the other WebAssembly file."""
    before_the_page("""
      const { instantiate } = WebAssembly;
      WebAssembly.instantiate = (bytes, ...rest) =>
        bytes.length < 50 ? Promise.reject(Error("no relaxed SIMD")) : instantiate(bytes, ...rest);
    """)
    page = visit(site[1])
    assert page.run("return performance.getEntriesByType('resource').some((each) => each.name.includes('_compat_'))")
    model = serving.load()
    source, target = model.encode(first_faces())[:, None]
    close(page.picture(), model.frames(source, target, np.full((1, len(model.info["branches"])), 0.5, np.float32))[0])

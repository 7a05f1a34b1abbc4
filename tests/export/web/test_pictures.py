"""Pictures of the visitor's own on the page: good, bad, damaged, turned. Skips as test_page.py does."""

import struct

import numpy as np
import pytest
from PIL import Image

from tests import photo_bytes
from tf_homo import photos


@pytest.fixture
def bad_files(tmp_path):
    (tmp_path / "notes.jpg").write_text("no picture")
    Image.new("1", (8000, 7000)).save(tmp_path / "wall.png")
    with open(tmp_path / "film.png", "wb") as file:
        file.truncate(101_000_000)
    Image.effect_noise((64, 64), 90).save(tmp_path / "whole.png")
    (tmp_path / "torn.png").write_bytes((tmp_path / "whole.png").read_bytes()[:20])
    return tmp_path


def test_a_bad_file_is_named_and_the_page_goes_on(page, bad_files):
    before = page.picture()
    for name, why in (
        ("notes.jpg", "is no picture that this browser can read"),
        ("torn.png", "is no picture that this browser can read"),
        ("film.png", "has 101 MB; the page takes up to 100 MB"),
        ("wall.png", "is 8000 × 7000 pixels; the page takes up to 50 million"),
    ):
        page.upload("source", bad_files / name)
        assert page.wait_for(why).startswith(f"{name} {why}")
        assert "error" in page.find("#status").get_attribute("class")
        np.testing.assert_array_equal(page.picture(), before)
    page.find("#source-faces label:nth-child(4)").click()
    page.wait_for("In place")
    assert not page.find("#status").get_attribute("class")
    assert not np.array_equal(page.picture(), before)


def jpeg(**options):
    return photo_bytes.data(photo_bytes.picture(side=256), "JPEG", **options)


def with_a_preview():
    """A JPEG that holds a whole smaller one in its header, as those of cameras do."""
    preview = b"Exif\0\0" + photo_bytes.data(photo_bytes.picture(side=32), "JPEG")
    content = jpeg()
    return content[:2] + b"\xff\xe1" + struct.pack(">H", len(preview) + 2) + preview + content[2:]


WHOLE = {
    "plain.jpg": jpeg(),
    "progressive.jpg": jpeg(progressive=True),
    "restarts.jpg": jpeg(restart_marker_rows=1),
    "preview.jpg": with_a_preview(),
    "plain.png": photo_bytes.png(side=256),
    "plain.webp": photo_bytes.data(photo_bytes.picture(side=256), "WEBP"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_picture_that_is_cut_short_is_refused_and_one_with_more_behind_it_is_not(page, tmp_path, name):
    """Phones put a film behind the picture; of half a picture browsers show the upper part."""
    content = WHOLE[name]
    for where, part in (("half", content[: len(content) * 2 // 3]), ("nearly", content[:-2])):
        (tmp_path / f"{where}-{name}").write_bytes(part)
        page.upload("source", tmp_path / f"{where}-{name}")
        page.wait_for(f"{where}-{name} is ")
        assert "error" in page.find("#status").get_attribute("class")
    for where, more in (("whole", b""), ("more", bytes(70_000))):
        (tmp_path / f"{where}-{name}").write_bytes(content + more)
        page.upload("source", tmp_path / f"{where}-{name}")
        page.wait_for(f"In place: {where}-{name}.")


def test_a_damaged_picture_is_called_so_and_reading_is_told(page, tmp_path):
    (tmp_path / "half.jpg").write_bytes(jpeg()[:-500])
    (tmp_path / "whole.jpg").write_bytes(jpeg())
    page.run("""
      const status = document.getElementById("status");
      window.said = [];
      new MutationObserver(() => said.push(status.textContent)).observe(status, { childList: true });
    """)
    page.upload("source", tmp_path / "half.jpg")
    page.wait_for("half.jpg is damaged")
    page.upload("source", tmp_path / "whole.jpg")
    page.wait_for("In place")
    assert page.run("return said") == [
        "Reading half.jpg…",
        "half.jpg is damaged or cut short. Fetch it again.",
        "Reading whole.jpg…",
        "In place: whole.jpg.",
    ]


@pytest.mark.parametrize("place", ["figure", "fieldset"])
def test_a_picture_can_be_dropped_on_its_side(page, place):
    script = """
      const [place, done] = arguments;
      new OffscreenCanvas(64, 64).getContext("2d").canvas.convertToBlob().then((blob) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([blob], "empty.png"));
        const dropped = new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true });
        document.querySelector(place).dispatchEvent(dropped);
        done(dropped.defaultPrevented);
      });
    """
    assert page.browser.execute_async_script(script, f"{place}[data-drop=target]")
    page.wait_for("In place: empty.png.")
    assert page.picture("target").min() == 255
    assert page.picture("source").min() < 255


def test_photos_come_in_upright_and_cropped(page, tmp_path):
    picture = Image.new("RGB", (1600, 1200), "white")
    picture.paste("red", (200, 0, 800, 600))  # of the square in the middle, the upper left quarter
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    picture.save(tmp_path / "lying.jpg", exif=exif)
    page.upload("target", tmp_path / "lying.jpg")
    page.wait_for("In place: lying.jpg.")
    expected = photos.read(str(tmp_path / "lying.jpg"), 64, crop="center")
    inside = np.abs(np.arange(64) - 31.5) > 2  # on the edges the ways to shrink differ
    shown = page.picture("target") / 255
    assert np.abs(shown - expected)[inside][:, inside].max() < 0.03
    assert not page.browser.find_elements("css selector", "[name=target]:checked")


def test_transparency_lies_over_white_and_shrinking_averages(page, tmp_path):
    checks = np.indices((640, 640)).sum(0) % 2 * 255
    Image.fromarray(checks.astype(np.uint8)).save(tmp_path / "checks.png")
    Image.new("RGBA", (64, 64), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    for name, value in (("checks.png", 127.5), ("clear.png", 255)):
        page.upload("source", tmp_path / name)
        page.wait_for(f"In place: {name}.")
        assert np.abs(page.picture("source")[2:-2, 2:-2].astype(int) - value).max() < 6

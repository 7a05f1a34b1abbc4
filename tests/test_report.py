"""Strips, grids and files: what stands where, and that a file is whole or absent."""

import builtins
import os
import subprocess

import numpy as np
import pytest
from PIL import Image

from tf_homo import report
from tf_homo.errors import InputError

RED, BLUE = (np.full((8, 8, 3), colour, np.float32) for colour in ((1, 0, 0), (0, 0, 1)))


def spans(line):
    """Lengths of the runs of red or blue in one line of pixels (N, 3)."""
    inked = (line == (255, 0, 0)).all(-1) | (line == (0, 0, 255)).all(-1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], inked, [0]])))
    return [(int(a), int(b - a)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def test_to_uint8_clips_and_rounds():
    assert report.to_uint8(np.array([-1, 0, 0.5, 1, 2])).tolist() == [0, 0, 128, 255, 255]
    same = np.array([7], np.uint8)
    assert report.to_uint8(same) is same


@pytest.mark.parametrize(("side", "smallest", "expected"), [(64, 96, 128), (32, 96, 96), (128, 96, 128), (8, 1, 8)])
def test_enlarge_by_whole_factors(side, smallest, expected):
    assert report.enlarge(np.zeros((side, side, 3)), smallest).shape == (expected, expected, 3)


def test_strip_sets_cells_of_96_side_by_side():
    picture = report.strip([RED, BLUE, RED])
    cell, step = 96, 96 + report.GAP
    assert picture.dtype == np.uint8
    assert spans(picture[report.MARGIN + 5]) == [(report.MARGIN + i * step, cell) for i in range(3)]
    assert picture.shape[0] == cell + 2 * report.MARGIN


def test_blocks_stand_apart():
    (a, _), (b, _), (c, _) = spans(report.strip([RED, BLUE, BLUE], blocks=(1, 2))[report.MARGIN])
    assert (b - a, c - b) == (96 + report.WIDE_GAP, 96 + report.GAP)


def test_labels_stand_under_a_strip_and_above_and_beside_a_grid():
    def ink(part):
        return (part < 128).all(-1).any()

    strip = report.strip([RED, BLUE], ["0", "0.5\nof it"])
    assert not ink(strip[: report.MARGIN + 96])
    assert ink(strip[report.MARGIN + 96 :])
    grid = report.grid([[RED, BLUE], [BLUE, RED]], ["first", "second"], ["left", "right"])
    left = min(start for start, _ in spans(grid[grid.shape[0] // 2]))
    assert ink(grid[:, : left - 4])
    assert ink(grid[: report.MARGIN + 20, left:])
    assert not ink(grid[report.MARGIN + 30 :, left:])


@pytest.mark.parametrize(
    "text", ["a name far too long for a cell of its own, whatever the letters", "two\n" + "w" * 90]
)
def test_long_labels_stay_inside_their_cell(text):
    labels = report._Labels([text, "short"], width=90)
    assert labels.width <= 90
    assert labels.texts[0].endswith("…")
    assert labels.texts[1] == "short"


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="one shape"):
        report.strip([RED, np.zeros((9, 9, 3))])
    with pytest.raises(ValueError, match="one shape"):
        report.strip([])
    with pytest.raises(ValueError, match="column labels: 2 are wanted"):
        report.strip([RED, BLUE], ["one"])
    with pytest.raises(ValueError, match="images in the rows"):
        report.grid([[RED, BLUE], [RED]])
    with pytest.raises(ValueError, match="columns in blocks"):
        report.strip([RED, BLUE], blocks=(1, 2))


def test_image_comes_back_bit_for_bit(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    report.save_image(str(tmp_path / "a.png"), pixels)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "a.png")), pixels)


def test_a_jpeg_keeps_fine_colours(tmp_path):
    pixels = np.tile(np.array([(255, 0, 0), (0, 0, 255)], np.uint8), (16, 8, 1))  # lost where colours are halved
    report.save_image(str(tmp_path / "a.jpg"), pixels)
    assert np.abs(np.asarray(Image.open(tmp_path / "a.jpg")).astype(int) - pixels).max() < 60


def test_gif_goes_forth_and_back_for_ever_and_rests_at_the_ends(tmp_path):
    frames = [RED * (1 - t) + BLUE * t for t in np.linspace(0, 1, 4)]
    path = tmp_path / "a.gif"
    report.save_gif(str(path), frames, fps=20)
    with Image.open(path) as gif:
        assert gif.info["loop"] == 0
        shown, times = [], []
        for i in range(gif.n_frames):
            gif.seek(i)
            shown.append(np.asarray(gif.convert("RGB"), float)[0, 0] / 255)
            times.append(gif.info["duration"])
    np.testing.assert_allclose(shown, [frames[i][0, 0] for i in (0, 1, 2, 3, 2, 1)], atol=0.02)
    assert times == [report.HOLD_MS, 50, 50, report.HOLD_MS, 50, 50]


def test_mp4_plays_once_with_even_sides(tmp_path):
    ffmpeg = pytest.importorskip("imageio_ffmpeg")
    frames = np.linspace(0, 1, 5)[:, None, None, None] * np.ones((5, 33, 47, 3))
    path = tmp_path / "a.mp4"
    report.save_mp4(str(path), frames, fps=10)
    assert os.listdir(tmp_path) == ["a.mp4"]
    about = subprocess.run([ffmpeg.get_ffmpeg_exe(), "-i", path], capture_output=True, text=True).stderr
    assert "yuv420p" in about
    assert "48x34" in about
    assert ffmpeg.count_frames_and_secs(str(path)) == (5, 0.5)


def test_mp4_without_its_package_says_what_to_install(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "imageio_ffmpeg":
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"pip install 'tf_homo\[video\]', or in a checkout pip install '\.\[video\]'"):
        report.save_mp4(str(tmp_path / "a.mp4"), [RED, BLUE], 10)
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("save", [report.save_image, lambda path, image: report.save_gif(path, [image, image], 10)])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, save):
    path = tmp_path / "a.gif"
    path.write_text("old")

    def half(self, place, *args, **kwargs):
        with open(place, "w") as file:
            file.write("half")
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", half)
    with pytest.raises(OSError, match="disk full"):
        save(str(path), RED)
    assert os.listdir(tmp_path) == ["a.gif"]
    assert path.read_text() == "old"


def test_check_output(tmp_path):
    assert report.check_output(str(tmp_path / "A.PNG"), (".png", ".gif")) == ".png"
    folder = tmp_path / "folder.png"
    folder.mkdir()
    for path, why in (
        (tmp_path / "a.bmp", r"'\.bmp' is none that can be written; use \.png, \.gif"),
        (tmp_path / "a", "'' is none"),
        (folder, "is a folder"),
        (tmp_path / "no" / "a.png", "does not exist; create it first"),
    ):
        with pytest.raises(InputError, match=why):
            report.check_output(str(path), (".png", ".gif"))
    (tmp_path / "in.png").write_bytes(b"")
    (tmp_path / "link.png").symlink_to(tmp_path / "in.png")
    for path in ("in.png", "link.png"):
        with pytest.raises(InputError, match=f"{path}: is also an input and would be lost"):
            report.check_output(str(tmp_path / path), (".png",), ["drawn_faces:3", str(tmp_path / "in.png")])

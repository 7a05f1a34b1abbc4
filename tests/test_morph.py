"""The morph program on a model whose every pixel is known: latent = image, branch i moves channel i of three."""

import os
import subprocess
import sys
import weakref

import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from PIL import Image

from tf_homo import faces, morph, serving
from tf_homo.errors import InputError

SIZE = 8


class Fake:
    """encode and decode change nothing; interpolate moves red by "expression", green by "age", blue by "rest"."""

    def __init__(self, *more):
        self.info = {
            "image_size": SIZE,
            "branches": ["expression", "age", "rest"],
            "groups": {"expression": ["Smiling", "Mouth_Slightly_Open"], "age": ["Young"]},
            "leads": {"expression": "Smiling", "age": "Young"},
            "attributes": ["Young", "Wearing_Hat", "Smiling"],
        }
        self.signatures = {"encode", "interpolate", "decode", *more}
        self.path = "fake.tflite"
        self.asked = []

    def encode(self, images):
        self.asked.append(("encode", len(images)))
        assert images.dtype == np.float32
        return images

    def interpolate(self, source, target, strength):
        self.asked.append(("interpolate", len(strength)))
        assert len(source) == len(target) == 1
        assert strength.dtype == np.float32
        return source + strength[:, None, None] * (target - source)

    def decode(self, latents):
        self.asked.append(("decode", len(latents)))
        return latents

    def call(self, name, latent, strength):
        assert name == "edit_attributes"
        return latent + strength[:, None, None] * (1 - latent)


@pytest.fixture
def model(monkeypatch):
    fake = Fake()
    monkeypatch.setattr(serving, "load", lambda path: fake)
    return fake


@pytest.fixture
def photo(tmp_path):
    def photo(name, colour):
        path = tmp_path / f"{name}.png"
        Image.new("RGB", (SIZE, SIZE), colour).save(path)
        return str(path)

    return photo


@pytest.fixture
def run(tmp_path, photo, monkeypatch):
    """Runs the program in this process on a black source and a white target; returns the path of --out."""
    monkeypatch.chdir(tmp_path)
    photo("black", "black"), photo("white", "white"), photo("red", "red"), photo("lime", "lime")

    def run(*args, out="out.png", source="black.png", target="white.png"):
        given = [f"--{name}={value}" for name, value in (("out", out), ("source", source), ("target", target)) if value]
        with flagsaver.flagsaver():
            flags.FLAGS(["morph", *given, *args])
            morph.main(["morph"])
        return tmp_path / out

    return run


def colours(images):
    return np.asarray(images)[:, 0, 0]


def black_and_white():
    return [np.zeros((SIZE, SIZE, 3), np.float32), np.ones((SIZE, SIZE, 3), np.float32)]


def test_path_goes_evenly_from_exactly_the_source_to_the_strength(model):
    frames = morph.path(model, black_and_white(), np.array([0.6, 1, 0], np.float32), 3)
    np.testing.assert_array_equal(frames[0], black_and_white()[0])
    np.testing.assert_allclose(colours(frames), [[0, 0, 0], [0.3, 0.5, 0], [0.6, 1, 0]], rtol=1e-6)


def test_many_frames_cost_one_encode_and_one_interpolate(model):
    morph.path(model, black_and_white(), np.ones(3, np.float32), 33)
    assert model.asked == [("encode", 2), ("interpolate", 33), ("decode", 33)]


@pytest.fixture
def shown(monkeypatch):
    """What reaches the picture: {"rows": colours (R, N, 3), "labels": ...}."""
    seen = {}

    def grid(rows, row_labels=None, column_labels=None, blocks=None):
        seen.update(rows=np.array([colours(row) for row in rows]), row_labels=row_labels, column_labels=column_labels)
        return np.zeros((4, 4, 3), np.uint8)

    monkeypatch.setattr(morph.report, "grid", grid)
    monkeypatch.setattr(morph.report, "strip", lambda frames, labels, blocks: grid([frames], None, labels, blocks))
    return seen


def test_default_moves_all_in_nine_steps_between_the_photos(run, model, shown, capsys):
    path = run()
    assert shown["column_labels"][:3] == ["source", "0", "0.125"]
    assert shown["column_labels"][-2:] == ["1", "target"]
    np.testing.assert_allclose(shown["rows"][0, :, 0], [0, *np.linspace(0, 1, 9), 1], rtol=1e-6)
    said = capsys.readouterr().out
    assert said == f"{path.name}: path, 9 steps, from black.png, white.png, model fake.tflite\n"


def test_strength_names_the_end_and_the_labels(run, model, shown):
    run("--strength=Smiling=0.7,age=-1", "--frames=2")
    np.testing.assert_allclose(shown["rows"][0], [[0, 0, 0], [0, 0, 0], [0.7, -1, 0], [1, 1, 1]], rtol=1e-6)
    assert shown["column_labels"] == ["source", "expression 0\nage 0", "expression 0.7\nage -1", "target"]


def test_strength_zero_is_the_source_all_along(run, model, shown):
    run("--strength=all=0", "--frames=2")
    assert not shown["rows"][0, :-1].any()


def test_branches_move_one_by_one_and_then_together(run, model, shown):
    run("--mode=branches", "--frames=3")
    assert shown["row_labels"] == ["expression", "age", "rest", "all"]
    assert shown["column_labels"] == ["source", "0", "0.5", "1", "target"]
    ends = [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]
    np.testing.assert_allclose(shown["rows"][:, 3], ends)
    np.testing.assert_allclose(shown["rows"][:, 2], np.array(ends) / 2)
    assert ("interpolate", 12) in model.asked


def test_branches_of_a_strength_show_only_what_moves(run, model, shown):
    run("--mode=branches", "--strength=Smiling=0.5,rest=1", "--frames=2")
    assert shown["row_labels"] == ["expression\nto 0.5", "rest", "together"]
    np.testing.assert_allclose(shown["rows"][:, 2], [[0.5, 0, 0], [0, 0, 1], [0.5, 0, 1]])


def test_grid_of_two_strengths(run, model, shown):
    run("--mode=grid", "--x=Smiling", "--y=age=0.5", "--frames=3")
    expected = [[[x, y, 0] for x in (0, 0.5, 1)] for y in (0, 0.25, 0.5)]
    np.testing.assert_allclose(shown["rows"], expected)
    assert shown["column_labels"] == ["expression 0", "expression 0.5", "expression 1"]
    assert shown["row_labels"] == ["age 0", "age 0.25", "age 0.5"]


def test_corners_are_bilinear(run, model, shown):
    run("--mode=corners", "--corners=red.png,lime.png", "--frames=3")
    source, target, right, left = np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0]], float)
    expected = [
        [(1 - y) * ((1 - x) * source + x * right) + y * ((1 - x) * left + x * target) for x in (0, 0.5, 1)]
        for y in (0, 0.5, 1)
    ]
    np.testing.assert_allclose(shown["rows"], expected)


def test_png_is_a_picture_with_every_cell(run, model):
    with Image.open(run("--frames=4")) as picture:
        assert picture.size[0] > 6 * 96
        assert picture.size[1] > 96


def test_gif_shows_every_frame(run, model):
    with Image.open(run("--frames=5", out="out.gif")) as film:
        assert film.size == (256, 256)
        assert film.n_frames == 8


def test_gif_and_mp4_have_33_frames(run, model, monkeypatch):
    pytest.importorskip("imageio_ffmpeg")
    for ending in ("gif", "mp4"):
        monkeypatch.setattr(
            morph.report, f"save_{ending}", lambda path, frames, fps: counts.append((len([*frames]), fps))
        )
    counts = []
    run(out="a.gif"), run("--fps=10", out="a.mp4")
    assert counts == [(33, 20), (33, 10)]


def test_a_model_without_latents_has_nothing_to_morph(run, model):
    model.signatures = {"translate"}
    model.info["branches"] = []
    with pytest.raises(InputError, match="has no latent to move in; try python -m tf_homo.translate"):
        run()


def test_without_target_a_model_that_edits_is_enough(run, model, shown, capsys):
    with pytest.raises(InputError, match="--target is missing: this model has no 'edit_attributes'"):
        run(target=None)
    model.signatures.add("edit_attributes")
    with pytest.raises(InputError, match="--strength is missing: without a --target say what to change"):
        run(target=None)
    run("--frames=2", "--strength=Smiling=1,age=0.5", target=None)
    assert shown["column_labels"] == ["source", "Young 0\nSmiling 0", "Young 0.5\nSmiling 1"]
    np.testing.assert_allclose(shown["rows"][0], [[0, 0, 0], [0, 0, 0], [0.5, 0, 1]])
    assert capsys.readouterr().err == "--strength: age=0.5 means Young=0.5, as there is no target\n"
    run("--mode=branches", "--frames=2", target=None)
    assert shown["row_labels"] == ["Young", "Smiling", "together"]
    run("--mode=grid", "--x=Smiling", "--y=Young=-1", "--frames=2", target=None)
    assert (shown["row_labels"], shown["column_labels"]) == (["Young 0", "Young -1"], ["Smiling 0", "Smiling 1"])


def test_image_of_another_size_is_resampled_and_another_shape_is_cropped_on_request(run, model, tmp_path):
    Image.new("RGB", (20, 30)).save(tmp_path / "tall.png")
    with pytest.raises(InputError, match=r"tall\.png: is 20x30 .* --crop=center"):
        run(source="tall.png")
    assert run("--crop=center", source="tall.png").exists()


@pytest.fixture
def portraits(model, tmp_path, monkeypatch):
    """Two grey photos of 40x30, with two faces each; the model was trained on faces."""
    model.info["eyes"] = [[0.375, 0.5], [0.625, 0.5]]
    for name, colour in (("a", 51), ("b", 153)):
        Image.new("RGB", (40, 30), (colour,) * 3).save(tmp_path / f"{name}.png")
    eyes = np.array([(10.0, 15), (15, 15)])
    two = [faces.Face(eyes + (x, 0), True) for x in (0, 16)]
    monkeypatch.setattr(faces, "find", lambda image: two)
    return {"source": "a.png", "target": "b.png"}


def test_a_photo_is_aligned_and_what_is_made_of_it_pasted_back(run, portraits, capsys):
    with pytest.raises(InputError, match=r"a\.png: shows 2 faces"):
        run("--paste_back", **portraits)
    with Image.open(run("--paste_back", "--face=2", "--strength=all=0.5", **portraits)) as picture:
        pasted = np.asarray(picture)
    assert capsys.readouterr().out.startswith("out.png: the whole photo, from a.png, b.png, model")
    assert pasted.shape == (30, 40, 3)
    np.testing.assert_array_equal(pasted[15, 28], 102)  # in the middle of the second face, half of the way
    outside = np.ones((30, 40), bool)
    outside[5:25, 18:39] = False  # 20 pixels a side around (28.5, 15)
    assert (pasted[outside] == 51).all()


def test_each_image_may_have_its_face_chosen(run, portraits, monkeypatch):
    chosen = []
    monkeypatch.setattr(morph.framing, "_chosen", lambda found, path, face: chosen.append((path, face)) or found[0])
    run("--face=2,1", **portraits)
    run("--face=1", **portraits)
    assert chosen == [("a.png", 2), ("b.png", 1), ("a.png", 1), ("b.png", 1)]


def test_a_film_shows_the_whole_photo_but_no_more_than_a_screen_does(run, portraits, monkeypatch):
    monkeypatch.setattr(morph, "MOVING_SIDE", 1)
    with Image.open(run("--paste_back", "--face=1", "--frames=3", out="out.gif", **portraits)) as film:
        assert film.size == (40, 30)
    monkeypatch.setattr(morph, "FILM_SIDE", 20)
    with Image.open(run("--paste_back", "--face=1", "--frames=3", out="out.gif", **portraits)) as film:
        assert film.size == (20, 15)


def test_a_gif_of_whole_photos_is_bounded_and_an_mp4_is_written_one_by_one(run, portraits, monkeypatch):
    monkeypatch.setattr(morph, "GIF_PIXELS", 4 * 40 * 30)
    assert run("--paste_back", "--face=1", "--frames=4", out="out.gif", **portraits).exists()
    with pytest.raises(InputError, match=r"--frames=5: .* 40x30 pixels, a \.gif has at most 4 frames; .*\.mp4"):
        run("--paste_back", "--face=1", "--frames=5", out="more.gif", **portraits)
    pytest.importorskip("imageio_ffmpeg")
    held = []
    real = morph.alignment.paste_back
    paste = lambda *args: held.append(weakref.ref(made := real(*args))) or made  # noqa: E731
    monkeypatch.setattr(morph.alignment, "paste_back", paste)
    alive = []
    monkeypatch.setattr(
        morph.report, "enlarge", lambda frame, side: alive.append(sum(h() is not None for h in held)) or frame
    )
    run("--paste_back", "--face=1", "--frames=20", out="out.mp4", **portraits)
    assert len(alive) == 20 and max(alive) <= 3


def test_no_align_takes_images_as_they_are(run, model, shown, monkeypatch):
    model.info["eyes"] = [[0.375, 0.5], [0.625, 0.5]]
    monkeypatch.setattr(faces, "find", lambda image: pytest.fail("searched"))
    Image.new("RGB", (40, 40), "white").save("large.png")
    Image.new("RGB", (40, 30), "white").save("wide.png")
    run("--no_align", "--frames=2", target="large.png")
    np.testing.assert_array_equal(shown["rows"][0, -1], [1, 1, 1])
    run("--crop=center", "--frames=2", target="wide.png")
    with pytest.raises(InputError, match=r"wide\.png: is 40x30 .* --crop=center"):
        run("--no_align", target="wide.png")


def test_a_jpeg_is_written_too(run, portraits):
    with Image.open(run("--paste_back", "--face=1", "--strength=all=0", out="out.JPG", **portraits)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (40, 30))
        assert np.abs(np.asarray(picture).astype(int) - 51).max() <= 1
    with Image.open(run("--mode=branches", "--face=1", out="out.jpeg", **portraits)) as picture:
        assert picture.format == "JPEG"


def test_what_was_done_to_a_picture_is_told(run, model, capsys):
    """That a model knows no place for eyes; what was changed in a file; nothing of what is as it should be."""
    Image.new("RGB", (40, 40), "white").save("large.png")
    Image.new("L", (40, 40), "white").save("grey.png")
    run("--frames=2", source="grey.png", target="large.png")
    taken = "taken as it is (this model does not say where eyes belong; train with --eyes)"
    assert capsys.readouterr().err == f"grey.png: grey, taken as RGB; {taken}\nlarge.png: {taken}\n"
    run("--no_align", "--frames=2", target="large.png")
    run("--frames=2")
    assert not capsys.readouterr().err
    with pytest.raises(InputError, match="--face=1: no face is looked for, as this model .* train with --eyes"):
        run("--face=1", target="large.png")


@pytest.mark.parametrize(
    ("args", "files", "why"),
    [
        ([], {"source": None}, "--source is missing"),
        ([], {"out": None}, "--out is missing"),
        ([], {"out": "a.bmp"}, r"a\.bmp: the ending '\.bmp'"),
        ([], {"out": "no/a.png"}, "the folder no does not exist"),
        ([], {"out": "white.png"}, "is also an input"),
        ([], {"source": "none.png"}, r"none\.png: no such file"),
        ([], {"target": "drawn_faces:x"}, "is no index"),
        (["--frames=1"], {}, "--frames=1: .*from 2 to 1000"),
        (["--mode=grid", "--frames=100"], {}, "--frames=100: .*from 2 to 64"),
        (["--fps=0"], {"out": "a.gif"}, "--fps=0"),
        (["--mode=grid", "--x=a", "--y=b"], {"out": "a.gif"}, "--mode=grid is one picture"),
        (["--mode=grid", "--x=age"], {}, "--mode=grid needs --y"),
        (["--x=age"], {}, "--x belongs to --mode=grid"),
        (["--mode=grid", "--x=age", "--y=rest", "--strength=age=1"], {}, "--strength has no place"),
        (["--mode=corners"], {}, "--mode=corners needs --corners"),
        (["--mode=branches", "--paste_back"], {}, "--paste_back belongs to --mode=path"),
        (["--paste_back", "--frames=5"], {}, "--frames=5: --paste_back into a .png"),
        (["--face=0"], {}, "--face=0: give 1 for the leftmost face, or 2 such numbers, one for each image"),
        (["--face=left"], {}, "--face=left: give 1"),
        (["--face=1", "--no_align"], {}, "--face: no face is looked for with --no_align"),
        (["--face=1", "--crop=center"], {}, "--face: no face is looked for with --crop=center"),
        (["--face=1,2"], {"target": None}, "--face=1,2: give 1 for the leftmost face$"),
        (["--strength=,"], {}, "--strength=,: names nothing; write NAME=VALUE"),
        (["--face=1,2,1"], {}, "--face=1,2,1: give 1"),
        (["--corners=red.png,lime.png"], {}, "--corners belongs to --mode=corners"),
        (["--mode=corners", "--corners=red.png"], {}, "four images"),
        (["--mode=corners", "--corners=red.png,lime.png"], {"target": None}, "four images"),
    ],
)
def test_faults_of_flags_and_files_are_told_before_a_model_is_loaded(run, monkeypatch, args, files, why):
    monkeypatch.setattr(serving, "load", lambda path: pytest.fail("loaded"))
    with pytest.raises(InputError, match=why):
        run(*args, **files)
    assert not os.path.exists("out.png")


@pytest.mark.parametrize(
    ("args", "why"),
    [
        (["--strength=Smiling=1e9"], "^--strength=Smiling=1e9: has a number beyond 1e[+]06"),
        (["--mode=grid", "--x=age=-1e9", "--y=rest"], "^--x=age=-1e9: has a number beyond"),
        (["--strength=Smirking=1"], r"^--strength: no branch .* 'Smirking'.*expression, age, rest.*Smiling"),
        (["--mode=grid", "--x=Smirking", "--y=age"], "^--x: no branch or attribute is called 'Smirking'"),
        (["--mode=grid", "--x=age", "--y=Hat=1"], "^--y: no branch or attribute is called 'Hat'"),
        (["--mode=grid", "--x=Smiling", "--y=Mouth_Slightly_Open"], "both move expression"),
    ],
)
def test_unknown_names_are_told_before_the_model_runs(run, model, args, why):
    with pytest.raises(InputError, match=why):
        run(*args)
    assert not model.asked


def test_the_command_ends_with_2_and_one_line(tmp_path):
    command = [sys.executable, "-m", "tf_homo.morph", f"--source={tmp_path / 'none.png'}", "--out=a.png"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.startswith(f"error: {tmp_path / 'none.png'}: no such file")
    assert ended.stderr.count("\n") == 1

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from export import parity, saved_model, tflite
from tests.fake_method import BRANCHES, LATENT, FakeMethod, images
from tf_homo import serving
from tf_homo.data import drawn_faces
from tf_homo.errors import InputError

ROOT = Path(__file__).parents[2]


class Keeping(FakeMethod):
    """A method with some of the signatures only."""

    def __init__(self, *names):
        super().__init__()
        self.names = names

    def signatures(self):
        return {name: s for name, s in super().signatures().items() if name in self.names}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return saved_model.export(FakeMethod(), tmp_path_factory.mktemp("saved"))


@pytest.fixture(scope="module")
def exported(saved, tmp_path_factory):
    output = tmp_path_factory.mktemp("lite") / "morph.tflite"
    tflite.export(saved, output)
    return output


def test_model_card_and_report_lie_beside(exported):
    assert {p.name for p in exported.parent.iterdir()} == {"morph.tflite", "morph.json", "morph.parity.json"}
    assert json.loads(exported.with_suffix(".json").read_text()) == FakeMethod().info()
    report = json.loads(exported.with_suffix(".parity.json").read_text())
    assert report["tolerance"] == {"largest": 1e-4}
    assert all(gap["mean"] <= gap["largest"] <= 1e-4 for gap in report["differences"].values())
    assert report["bytes"] == exported.stat().st_size
    read = len(FakeMethod().critic.variables)  # all but these
    weights = 4 * sum(v.value.shape.num_elements() for v in FakeMethod().variables[:-read])
    assert report["bytes_of_weights"] == weights
    assert report["ratio"] == pytest.approx(report["bytes"] / weights, abs=1e-4)
    assert (report["precision"], report["inputs"]) == ("float32", "noise")


def test_builtin_operators_and_ranks_up_to_four(exported):
    operators, rank = tflite.inspect(exported.read_bytes())
    assert rank == 4
    assert "CUSTOM" not in operators
    # One for each convolution of each signature: encoder 2, branches 3 x 2, decoder 2; then all, the encoder twice.
    assert operators["CONV_2D"] == 22
    assert operators["RESIZE_NEAREST_NEIGHBOR"] == 2


def test_every_signature_takes_any_number_of_rows(exported):
    shapes = [shape for call in serving.load(exported).calls.values() for shape in call.inputs.values()]
    assert {shape[0] for shape in shapes} == {None}


def test_signatures_share_their_weights(saved, tmp_path):
    def size(*names):
        folder = tmp_path / "-".join(names)
        return tflite.export(saved_model.export(Keeping(*names), folder), folder / "m.tflite")["bytes"]

    weights = 4 * sum(v.value.shape.num_elements() for branch in FakeMethod().branches for v in branch.variables)
    one = size("interpolate")
    assert one > weights
    assert size("interpolate", "serving_default") < one + weights / 2


def test_half_precision_is_smaller_and_close(saved, exported, tmp_path):
    report = tflite.export(saved, tmp_path / "half.tflite", "float16")
    assert report["bytes"] < 0.8 * exported.stat().st_size
    assert report["tolerance"] == {"largest": 2 / 255}
    assert 0 < max(gap["largest"] for gap in report["differences"].values()) < 2 / 255


def test_int8_keeps_kernels_in_a_byte_and_is_measured_on_the_pictures_given(saved, exported, tmp_path):
    report = tflite.export(saved, tmp_path / "int8.tflite", "int8", pictures=images(20))
    assert report["bytes"] < 0.6 * exported.stat().st_size
    assert report["tolerance"] == {"largest": 8 / 255, "mean": 2 / 255}
    assert report["inputs"] == "pictures of the training data"
    for gap in report["differences"].values():
        assert 0 < gap["mean"] < 2 / 255
        assert gap["mean"] < gap["largest"] < 8 / 255
    whole = json.loads(exported.with_suffix(".parity.json").read_text())["bytes_of_weights"]
    kernels = 3 * 3 * 8 * (16 + len(BRANCHES) * 2 * 64 + 16)  # of 1024 numbers and more, and not next to a picture
    last = 3 * 3 * 16 * 12  # next to the picture: in two bytes
    assert report["bytes_of_weights"] == whole - 3 * kernels - 2 * last


def test_a_face_in_int8_does_not_depend_on_its_neighbours(saved, tmp_path):
    tflite.export(saved, tmp_path / "int8.tflite", "int8", pictures=images(20))
    model, faces = serving.load(tmp_path / "int8.tflite"), images(3)
    faces[1:] *= 0.1  # their ranges are others
    np.testing.assert_allclose(model.encode(faces)[:1], model.encode(faces[:1]), atol=1e-6)


def test_the_mean_is_bound_too(saved, tmp_path, monkeypatch):
    strict = dataclasses.replace(tflite.PRECISIONS["int8"], mean=1e-6)
    monkeypatch.setitem(tflite.PRECISIONS, "int8", strict)
    with pytest.raises(parity.ExportError, match="decode .* above 1e-06 on average"):
        tflite.export(saved, tmp_path / "int8.tflite", "int8", pictures=images(20))
    assert not list(tmp_path.iterdir())


def test_above_tolerance_nothing_new_is_left_and_the_old_file_stays(saved, tmp_path):
    output = tmp_path / "morph.tflite"
    output.write_bytes(b"old")
    with pytest.raises(parity.ExportError, match="encode"):
        tflite.export(saved, output, "float16", tolerance=1e-9)
    assert [p.name for p in tmp_path.iterdir()] == ["morph.tflite"]
    assert output.read_bytes() == b"old"


def test_an_operator_that_is_no_builtin_is_refused(tmp_path):
    class Odd(Keeping):
        def encode(self, image):
            return tf.math.digamma(super().encode(image))

    folder = saved_model.export(Odd("encode"), tmp_path / "saved", tolerance=1e3)
    with pytest.raises(parity.ExportError, match="Digamma"):
        tflite.export(folder, tmp_path / "odd.tflite")
    assert [p.name for p in tmp_path.iterdir()] == ["saved"]


def test_a_rank_above_four_is_refused(tmp_path):
    class Deep(Keeping):
        def decode(self, latent):
            x = tf.transpose(tf.reshape(latent, (-1, 2, 2, 2, 2, 2)), (0, 5, 2, 4, 3, 1))
            return super().decode(tf.reshape(x, (-1, *LATENT)))

    with pytest.raises(parity.ExportError, match="rank 6"):
        tflite.export(saved_model.export(Deep("decode"), tmp_path / "saved"), tmp_path / "deep.tflite")
    assert [p.name for p in tmp_path.iterdir()] == ["saved"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((".", "m.tflite"), "not a model"),
        ((".", "m.lite"), "must end in .tflite"),
        (("absent", "m.tflite"), "no such file"),
    ],
)
def test_bad_input_is_named(arguments, complaint, tmp_path):
    folder, output, *rest = arguments
    with pytest.raises(InputError, match=complaint):
        tflite.export(tmp_path / folder, tmp_path / output, *rest)
    assert not list(tmp_path.iterdir())


def test_int8_without_pictures_is_refused(saved, tmp_path):
    with pytest.raises(InputError, match="--precision=int8: is measured on pictures of the training data"):
        tflite.export(saved, tmp_path / "m.tflite", "int8")


def test_pictures_are_those_of_the_training_data_from_its_whole_length(tmp_path):
    data = {"dataset": "drawn_faces", "seed": 3, "counts": [5, 1, 1]}
    found = tflite.pictures_of({"data": data, "image_size": 64}, count=3, data_dir=str(tmp_path), data_path=None)
    for picture, place in zip(found, (0, 2, 4), strict=True):
        np.testing.assert_array_equal(255 * picture, drawn_faces.example(place, 64, 3, "train").picture.image)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (None, "model.json names none"),
        ({"dataset": "labelled_folder", "data_path": "gone"}, "--data_path=gone: no such folder"),
        ({"dataset": "labelled_folder"}, "--data_path: is missing"),
        ({"dataset": "unheard_of"}, "unheard_of"),
    ],
)
def test_pictures_that_cannot_be_had_are_named(data, complaint):
    with pytest.raises(InputError, match=complaint):
        tflite.pictures_of({"data": data, "image_size": 64})


def test_a_place_that_cannot_be_written_is_named_before_anything_is_converted(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(tflite, "_convert", lambda *_: pytest.fail("converted"))
    (tmp_path / "file").touch()
    (tmp_path / "folder.tflite").mkdir()
    for place, why in (("file/m.tflite", "cannot be made"), ("folder.tflite", "is a folder")):
        with pytest.raises(InputError, match=f"--output={tmp_path / place}: {why}"):
            tflite.export(saved, tmp_path / place)


def test_a_tflite_is_no_saved_model(exported, tmp_path):
    with pytest.raises(InputError, match="is a tflite"):
        tflite.export(exported, tmp_path / "m.tflite")


def test_a_fixed_batch_is_looped_over(tmp_path):
    folder = saved_model.export(FakeMethod(batch=1), tmp_path / "saved")
    tflite.export(folder, tmp_path / "one.tflite")
    fixed, free = serving.load(tmp_path / "one.tflite"), serving.live(FakeMethod())
    latents = fixed.encode(images(3))
    assert abs(latents - free.encode(images(3))).max() < 1e-5


def complaint(module, *given):
    """The status of the program and its only line on stderr."""
    command = [sys.executable, "-m", f"export.{module}", *given]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    (line,) = ended.stderr.splitlines()
    return ended.returncode, line


@pytest.mark.parametrize("module", ["saved_model", "tflite"])
def test_the_program_ends_with_2_on_bad_flags(module, tmp_path):
    given = {"saved_model": ["--version=0"], "tflite": [f"--saved_model={tmp_path}", "--output=m.tflite"]}[module]
    status, line = complaint(module, *given)
    assert status == 2
    assert line.startswith("error: ")


def test_what_cannot_be_measured_is_told_before_anything_is_written(tmp_path):
    saved = saved_model.export(Keeping("encode"), tmp_path / "saved")
    given = f"--saved_model={saved}", f"--output={tmp_path / 'm.tflite'}", "--evaluate=4"
    status, line = complaint("tflite", *given)
    assert status == 2
    assert "has no signature interpolate, decode" in line
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]

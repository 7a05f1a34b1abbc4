"""The measures of a translator, on one that writes what it is told where a reader without errors reads it."""

import json
from pathlib import Path

import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver

from tests.metrics.stub import COUNT, SIZE, TrueReader
from tf_homo import serving
from tf_homo.attributes import groups_of
from tf_homo.data import drawing, drawn_faces
from tf_homo.errors import InputError
from tf_homo.metrics import codes, reader

GLASSES = drawing.ATTRIBUTES.index("Eyeglasses")
FACES = 40


class Fake:
    """Told a code c it writes (1 + c) / 2 as the strength of its attribute, and of others what `spill` says."""

    format, path, signatures = "tflite", Path("fake.tflite"), {"translate", "read"}
    calls = {"translate": serving.Call({"image": (None, SIZE, SIZE, 3), "strength": (None, 1)}, None)}

    def __init__(self, answer=lambda code: (1 + code) / 2, spill=0.0, attributes=("Eyeglasses",)):
        self.answer, self.spill = answer, spill
        self.info = {"image_size": SIZE, "attributes": list(attributes), "step": 5}

    def call(self, name, image, strength=None):
        if name == "read":  # of every second face the other side
            return (2 * image[:, 0, GLASSES, :1] - 1) * np.where(np.arange(len(image)) % 2, -1, 1)[:, None]
        assert name == "translate" and len(image) == len(strength) <= codes.BATCH
        image = image.copy()
        before = image[:, 0, GLASSES].copy()
        image[:, 0, GLASSES] = self.answer(strength[:, :1])
        image[:, 0, drawing.ATTRIBUTES.index("Young")] += self.spill * np.abs(image[:, 0, GLASSES] - before)
        return image


@pytest.fixture
def written(monkeypatch):
    """Drawn faces that carry their strengths in the first row, here at the end that they are nearer to."""
    draw, opposite = codes.drawn, codes.opposite

    def with_strengths(images, strengths):
        images[:, 0, :COUNT] = strengths[:, :, None]
        return images

    def carrying(count, size, seed):
        faces, images = draw(count, size, seed)
        strengths = np.stack([face.strengths for face in faces])
        strengths[:, GLASSES] = strengths[:, GLASSES] >= 0.5
        faces = [face.with_strengths(own) for face, own in zip(faces, strengths, strict=True)]
        return faces, with_strengths(images, strengths)

    def truth(faces, column, size):
        strengths = np.stack([face.strengths for face in faces])
        strengths[:, column] = 1 - strengths[:, column]
        return with_strengths(opposite(faces, column, size), strengths)

    monkeypatch.setattr(codes, "drawn", carrying)
    monkeypatch.setattr(codes, "opposite", truth)


def measured(model):
    found, picture = codes.measure(model, TrueReader(), FACES, seed=3)
    assert picture.ndim == 3 and np.isfinite(picture).all()
    return found["attributes"]["Eyeglasses"]


def value(row, *keys):
    return [row[key]["value"] for key in keys]


def test_one_that_does_as_it_is_told(written):
    row = measured(Fake())
    assert value(row, "changed", "changed_told_with", "changed_told_without", "changed_in_truth") == [1, 1, 1, 1]
    assert value(row, "moved", "leakage", "own_change", "own_change_95") == pytest.approx([1, 0, 0, 0], abs=1e-6)
    assert value(row, "linearity_error", "monotonic_rate") == pytest.approx([0, 1], abs=1e-6)
    assert value(row, "read_right") == [0.5]
    for side in ("with", "without"):
        assert row["response"][side] == pytest.approx(np.linspace(0, 1, 9).tolist())
    assert row["changed_told_with"]["n"] + row["changed_told_without"]["n"] == row["changed"]["n"] == FACES


def test_distance_to_the_truth_beside_that_of_the_face_left_alone(written, monkeypatch):
    """The truth differs in one pixel of SIZE x SIZE; one that goes half of the way is half as far off."""

    def truth(faces, column, size):
        _, images = codes.drawn(len(faces), size, 3)
        images[:, 0, column] = 1 - images[:, 0, column]
        return images

    monkeypatch.setattr(codes, "opposite", truth)
    distances = ("truth_distance", "still_distance")
    assert value(measured(Fake()), *distances) == pytest.approx([0, 255 / SIZE])
    assert value(measured(Fake(answer=lambda code: 0.5 + code / 4)), *distances) == pytest.approx(
        [64 / SIZE, 255 / SIZE], rel=0.01
    )


def test_one_that_stands_still(written):
    row = measured(Fake(answer=lambda code: 0 * code))
    assert value(row, "changed_told_with", "changed_told_without") == [0, 1]
    assert row["own_change_told_without"]["value"] == 0
    pixel = 3 / (SIZE * SIZE * 3)  # those that have it are changed in one pixel, by 1
    assert row["own_change_told_with"]["value"] == pytest.approx(pixel, rel=1e-4)


def test_a_change_told_what_it_is_is_held_against_one_told_the_other(written):
    """Told what they are, faces change by a fifth of what they do told the other side."""
    row = measured(Fake(answer=lambda code: 0.5 + code / 3))  # 5/6 and 1/6 where faces have 1 and 0
    assert value(row, "own_share") == pytest.approx([0.2], rel=1e-4)
    assert row["other_change"]["value"] == pytest.approx(5 * row["own_change"]["value"], rel=1e-4)
    found, _ = codes.measure(Fake(), TrueReader(), FACES, seed=3)
    assert found["attributes"]["Eyeglasses"]["own_share"]["value"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(
    ("column", "before", "after"),
    [
        ("Blond_Hair", [0, 1, 0, 0], [0, 0, 1, 0]),
        ("Brown_Hair", [0, 0, 1, 0], [1, 0, 0, 0]),
        ("Blond_Hair", [0.1, 0.6, 0, 0.3], [0.25, 0, 0, 0.75]),
        ("Blond_Hair", [0.7, 0.3, 0, 0], [0, 1, 0, 0]),
        ("Gray_Hair", [1, 0, 0, 0], [0, 0, 0, 1]),
        ("Smiling", [1, 0, 0, 0], [1, 0, 0, 0]),
    ],
)
def test_hair_colours_sum_to_one_at_the_other_end(column, before, after):
    face = drawn_faces.face(0, 3, "test").strengths
    hair = [drawing.ATTRIBUTES.index(name) for name in drawing.HAIR_COLOURS]
    face[hair] = before
    (found,) = codes.other_end(face[None], drawing.ATTRIBUTES.index(column))
    assert found[hair] == pytest.approx(after)
    assert (found != face).any()


def test_purely_blond_faces_are_drawn_without():
    faces, _ = codes.drawn(FACES, SIZE, 3)
    column = drawing.ATTRIBUTES.index("Blond_Hair")
    assert any(face.strengths[column] == 1 for face in faces)
    painted = codes.opposite(faces, column, SIZE)
    assert painted.shape == (FACES, SIZE, SIZE, 3)


def test_leakage_is_what_the_others_move_by(written):
    """Of the eight other groups one moves by as much as the attribute does."""
    assert len(groups_of(drawing.ATTRIBUTES)) == 9
    assert measured(Fake(spill=1.0))["leakage"]["value"] == pytest.approx(1 / 8, rel=1e-4)


def test_the_program(written, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(serving, "load", lambda path: Fake())
    monkeypatch.setattr(reader, "load", TrueReader)
    with flagsaver.flagsaver():
        flags.FLAGS(["codes", "--model=fake.tflite", f"--output_dir={tmp_path}", "--faces=9", "--faces_seed=3"])
        codes.main([])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["codes.json", "codes.png"]
    found = json.loads((tmp_path / "codes.json").read_text())
    assert found["faces"] == 9 and found["attributes"]["Eyeglasses"]["changed"]["value"] == 1
    assert "changed_told_with" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        (Fake(attributes=["Stripes"]), r"none of its attributes \(Stripes\)"),
        (type("Morph", (Fake,), {"calls": {}})(), "fake.tflite: has no signature translate that takes codes"),
        (
            type("Pairs", (Fake,), {"calls": {"translate": serving.Call({"image": (None, SIZE, SIZE, 3)}, None)}})(),
            "fake.tflite: has no signature translate that takes codes",
        ),
    ],
)
def test_models_that_cannot_be_measured(model, complaint):
    with pytest.raises(InputError, match=complaint):
        codes.measure(model, TrueReader(), 4, 3)

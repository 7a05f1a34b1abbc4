"""The SavedModel as a server and TensorFlow's own tools see it, without a line of ours."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.photo_bytes import data, picture, png
from tf_homo import serving

SIDE, BRANCHES = 32, 3
CLI = [sys.executable, str(Path(sys.executable).parent / "saved_model_cli")]


@pytest.fixture(scope="module")
def signatures(served):
    return tf.saved_model.load(str(served.folder)).signatures


@pytest.fixture(scope="module")
def ramp():
    return np.linspace(0, 1, 5, dtype=np.float32)[:, None] * np.ones(BRANCHES, np.float32)


def pixels(contents):
    return np.stack([np.asarray(Image.open(io.BytesIO(content)), float) for content in contents])


def images(*contents):
    return (pixels(contents) / 255).astype(np.float32)


def test_photos_in_give_the_pictures_that_numbers_give(served, signatures):
    source, target = [png(1, SIDE), png(2, SIDE)], [png(3, SIDE), png(4, SIDE)]
    strength = np.float32([[0.2, 0.5, 1], [1, 1, 1]])
    answer = signatures["morph_jpeg"](
        source=tf.constant(source), target=tf.constant(target), strength=tf.constant(strength)
    )
    numbers = serving.load(served.folder).call(
        "serving_default", source=images(*source), target=images(*target), strength=strength
    )
    assert np.abs(pixels(answer["image_bytes"].numpy()) - 255 * numbers).max() <= 0.51
    assert np.ptp(numbers) > 0.1


def test_one_pair_and_many_strengths_are_many_frames(served, signatures, ramp):
    source, target = png(1, SIDE), data(picture(2, 50), "JPEG")
    answer = signatures["morph_jpeg"](source=tf.constant([source]), target=tf.constant([target]), strength=ramp)
    frames = pixels(answer["image_bytes"].numpy())
    assert frames.shape == (5, SIDE, SIDE, 3)
    lone = [
        signatures["morph_jpeg"](source=tf.constant([source]), target=tf.constant([target]), strength=row[None])
        for row in ramp
    ]
    assert np.abs(frames - pixels([one["image_bytes"].numpy()[0] for one in lone])).max() <= 1


def test_bytes_are_for_servers(served):
    for morpher in (serving.live(served.method), serving.load(served.folder)):
        assert morpher.signatures == {
            *("encode", "interpolate", "decode", "serving_default"),
            *("edit", "edit_attributes"),
        }
    assert "morph_jpeg" in served.method.signatures()


def test_the_graph_mode_loader_runs_it_in_a_session(served, signatures, ramp):
    given = {"source": np.array([png(1)]), "target": np.array([png(2)]), "strength": ramp}
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(served.folder))
        signature = loaded.signature_def["morph_jpeg"]
        feeds = {signature.inputs[name].name: value for name, value in given.items()}
        contents = session.run(signature.outputs["image_bytes"].name, feeds)
        with pytest.raises(tf.errors.InvalidArgumentError):
            session.run(signature.outputs["image_bytes"].name, feeds | {signature.inputs["source"].name: [b"text"]})
    expected = signatures["morph_jpeg"](**{name: tf.constant(value) for name, value in given.items()})
    assert np.abs(pixels(contents) - pixels(expected["image_bytes"].numpy())).max() <= 1


def test_saved_model_cli_shows_and_runs_it(served, tmp_path):
    def cli(*arguments):
        return subprocess.run([*CLI, *arguments], check=True, capture_output=True, text=True, cwd=tmp_path).stdout

    shown = cli("show", "--dir", str(served.folder), "--tag_set", "serve", "--signature_def", "morph_jpeg")
    shown = " ".join(shown.split())
    assert "inputs['source'] tensor_info: dtype: DT_STRING shape: (-1)" in shown
    assert f"inputs['strength'] tensor_info: dtype: DT_FLOAT shape: (-1, {BRANCHES})" in shown
    assert "outputs['image_bytes'] tensor_info: dtype: DT_STRING shape: (-1)" in shown
    image = images(png(5, SIDE))
    np.save(tmp_path / "image.npy", image)
    cli(
        *("run", "--dir", str(served.folder), "--tag_set", "serve", "--signature_def", "encode"),
        *("--inputs", "image=image.npy", "--outdir", "out"),
    )
    np.testing.assert_allclose(np.load(tmp_path / "out" / "latent.npy"), served.method.encode(image), atol=1e-4)

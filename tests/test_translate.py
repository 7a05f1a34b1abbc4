"""A picture through a trained system: any size by a run folder, its own by an export; what is refused."""

import numpy as np
import pytest
from PIL import Image

from tests.toy_method import Config as ToyConfig
from tests.toy_method import Toy
from tf_homo import photos, serving, translate
from tf_homo.data.examples import Examples
from tf_homo.errors import InputError
from tf_homo.methods.pix2pix import Config, Pix2Pix
from tf_homo.metrics import translation
from tf_homo.trainer import Trainer, strategy


def trained(kind, config, folder, size):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 4, size, size, 3), np.uint8)
    examples = Examples(images[0], np.zeros((4, 1), np.float32), ("one",), inputs=images[1])
    run = Trainer(kind, config, examples, folder, strategy=strategy("one_device"), batch_size=2, sample_every=0)
    run.fit(stop_at=1)
    return str(folder)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    config = Config(image_size=16, width=2, steps=1, gan_weight=0.0, norm="instance")
    return trained(Pix2Pix, config, tmp_path_factory.mktemp("run"), 16)


@pytest.fixture
def picture(tmp_path):
    """Makes a file of a size."""

    def picture(width, height):
        pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "picture.png")
        return str(tmp_path / "picture.png")

    return picture


@pytest.mark.parametrize("size", [(16, 16), (32, 48), (21, 9)])
def test_a_run_takes_any_size(run, picture, size):
    made = translate.translated(run, picture(*size), 1024)
    assert made.shape == (size[1], size[0], 3)
    assert made.min() >= 0 and made.max() <= 1


def test_a_large_picture_is_scaled_down(run, picture):
    assert translate.translated(run, picture(60, 30), 20).shape == (10, 20, 3)


def test_an_export_answers_as_the_run_at_its_own_size(run, picture, monkeypatch, tmp_path):
    exported = serving.load(run)  # the same signatures, by another way
    monkeypatch.setattr(serving, "load", lambda path: exported)
    file = picture(16, 16)
    by_export = translate.translated(str(tmp_path / "model.tflite"), file, 1024)
    np.testing.assert_allclose(by_export, translate.translated(run, file, 1024), atol=1e-5)
    assert translate.translated(str(tmp_path / "model.tflite"), picture(40, 40), 1024).shape == (16, 16, 3)
    with pytest.raises(InputError, match="is 40x20 pixels and the model takes 16x16"):
        translate.translated(str(tmp_path / "model.tflite"), picture(40, 20), 1024)


def test_a_picture_is_decoded_once(run, picture, monkeypatch):
    decoded, real = [], photos.decode
    monkeypatch.setattr(photos, "decode", lambda path: decoded.append(path) or real(path))
    translate.translated(run, file := picture(16, 16), 1024)
    assert decoded == [file]


def test_noise_by_its_seed(run, picture, tmp_path):
    config = Config(image_size=16, width=2, steps=1, gan_weight=0.0, norm="instance", test_dropout=True)
    noisy, file = trained(Pix2Pix, config, tmp_path / "noisy", 16), picture(16, 16)
    one, same, other = (translate.translated(noisy, file, 1024, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other, atol=1e-4)
    assert not np.allclose(one, translate.translated(noisy, file, 1024), atol=1e-4)
    model, images = serving.load(noisy), np.random.default_rng(0).random((3, 16, 16, 3), np.float32)
    all_, some = (translation.translated(model, images, batch=batch, noise_seed=1) for batch in (3, 2))
    np.testing.assert_allclose(all_, some, atol=1e-6)
    assert not np.allclose(all_, translation.translated(model, images), atol=1e-4)
    with pytest.raises(InputError, match=f"--noise_seed=1: {run} takes no noise; train it with --test_dropout"):
        translate.translated(run, file, 1024, 1)


def test_what_is_refused(picture, tmp_path):
    with pytest.raises(InputError, match="no such file"):
        translate.translated("run", str(tmp_path / "none.png"), 1024)
    with pytest.raises(InputError, match="no such file or folder"):
        translate.translated(str(tmp_path / "none"), picture(8, 8), 1024)


def test_a_system_without_pairs_is_no_translator(monkeypatch, picture, tmp_path):
    (tmp_path / "toy" / "checkpoints").mkdir(parents=True)
    monkeypatch.setattr("tf_homo.trainer.restore", lambda folder: Toy(ToyConfig(), ("one",)))
    with pytest.raises(InputError, match="toy: makes no picture of a picture alone"):
        translate.translated(str(tmp_path / "toy"), picture(8, 8), 1024)

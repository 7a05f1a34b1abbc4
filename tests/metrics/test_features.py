"""Feature networks by name."""

import keras
import numpy as np
import pytest

from tests.metrics.stub import TrueReader
from tf_homo.errors import InputError
from tf_homo.metrics import features


def test_the_reader_s_own():
    found = features.load("reader", TrueReader())
    assert found.name == "reader_64"
    images = np.random.default_rng(0).random((3, 32, 32, 3), np.float32)
    np.testing.assert_array_equal(found(images), images[:, 0, :18, 0])


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(InputError, match="--features=none.h5: no such file; give reader, inception"):
        features.load("none.h5", TrueReader())


def test_inception_takes_bytes_and_floats_alike(monkeypatch):
    """With the network's mean colour in place of the network, which takes seconds to build."""

    def small(include_top, weights, pooling):
        assert (include_top, weights, pooling) == (False, None, "avg")
        return keras.Sequential([keras.Input((299, 299, 3)), keras.layers.GlobalAveragePooling2D()])

    monkeypatch.setattr(keras.applications, "InceptionV3", small)
    call = features.inception(None)
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 1, 3), np.uint8)
    expected = images[:, 0, 0] / 127.5 - 1
    np.testing.assert_allclose(call(images), expected, atol=2e-3)
    np.testing.assert_allclose(call(images.astype(np.float32) / 255), expected, atol=2e-3)


def test_weights_that_cannot_be_had(monkeypatch):
    def offline(**options):
        raise OSError("no network")

    monkeypatch.setattr(keras.applications, "InceptionV3", offline)
    with pytest.raises(InputError, match="could not be loaded .no network.; give the path"):
        features.load("inception", TrueReader())

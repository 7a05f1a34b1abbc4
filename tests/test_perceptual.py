"""The fixed networks that compare images."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tf_homo.errors import InputError
from tf_homo.networks import VggEncoder
from tf_homo.perceptual import AttributeClassifier, VggFeatures, load_vgg


def noise(*shape):
    return tf.constant(np.random.default_rng(0).random(shape, np.float32))


@pytest.mark.parametrize(("stride", "size"), [(8, 32), (8, 64), (16, 64)])
def test_classifier_gives_features_at_a_quarter_and_at_the_stride(stride, size):
    phi = AttributeClassifier(5, width=2, stride=stride)
    low, high = phi.features(noise(2, size, size, 3))
    assert low.shape == (2, size // 4, size // 4, 8)
    assert high.shape == (2, size // stride, size // stride, 16)
    assert phi(noise(2, size, size, 3)).shape == phi.logits(noise(2, size, size, 3)).shape == (2, 5)
    assert phi.trained_on_data and phi.trainable_variables


def test_classifier_s_features_have_unit_scale_in_training():
    low, high = AttributeClassifier(5, width=4).features(noise(4, 32, 32, 3), training=True)
    for features in (low, high):
        assert float(tf.math.reduce_std(features)) == pytest.approx(1, abs=0.1)


def test_vgg_gives_relu3_1_and_relu5_1_and_never_trains():
    phi = VggFeatures(1)
    low, high = phi.features(noise(1, 32, 32, 3))
    assert low.shape == (1, 8, 8, 4) and high.shape == (1, 2, 2, 8)
    assert not phi.trainable_variables and not phi.trained_on_data
    assert [layer.name for layer in phi.high.layers if "conv" in layer.name][-1] == "block5_conv1"


def test_vgg_features_are_divided_by_their_mean_size():
    phi = VggFeatures(1)
    image = noise(1, 32, 32, 3)
    low = phi.low(255 * image - tf.constant((123.68, 116.779, 103.939)))
    np.testing.assert_allclose(phi.features(image)[0], low / 100, rtol=1e-5)


@pytest.fixture(scope="module")
def vgg19(tmp_path_factory):
    """A file of VGG19 with random weights, as keras.applications reads it, and its kernels."""
    keras.utils.set_random_seed(3)
    source = keras.applications.VGG19(include_top=False, weights=None)
    path = tmp_path_factory.mktemp("vgg") / "vgg19.weights.h5"
    source.save_weights(path)
    return path, {layer.name: layer.get_weights() for layer in source.layers if layer.get_weights()}


@pytest.mark.parametrize("kind", [VggEncoder, VggFeatures])
def test_vgg_weights_come_from_a_file(vgg19, kind):
    path, kernels = vgg19
    model = kind(64)
    model(tf.zeros((1, 32, 32, 3)))
    load_vgg(model, str(path))
    loaded = {v.path.split("/")[-2]: v.numpy() for v in model.variables if v.path.endswith("kernel")}
    assert len(loaded) == 13
    for name, kernel in loaded.items():
        np.testing.assert_array_equal(kernel, kernels[name][0])


def test_vgg_weights_fit_one_width(vgg19):
    model = VggEncoder(2)
    model(tf.zeros((1, 32, 32, 3)))
    with pytest.raises(InputError, match="block._conv1 does not fit .* need --width=64"):
        load_vgg(model, str(vgg19[0]))


def test_random_weights_are_left_as_they_are():
    model = VggFeatures(1)
    model(tf.zeros((1, 32, 32, 3)))
    before = [v.numpy() for v in model.variables]
    load_vgg(model, "random")
    assert all(np.array_equal(v.numpy(), old) for v, old in zip(model.variables, before, strict=True))


def test_a_file_that_is_not_there_or_no_vgg19(tmp_path):
    model = VggFeatures(1)
    with pytest.raises(InputError, match="--vgg_weights: no file 'absent.h5'; give VGG19's .h5 file"):
        load_vgg(model, "absent.h5")
    (tmp_path / "broken.weights.h5").write_bytes(b"not a file of weights")
    with pytest.raises(InputError, match="broken.weights.h5: VGG19 could not be loaded"):
        load_vgg(model, str(tmp_path / "broken.weights.h5"))

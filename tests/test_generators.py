"""Networks from picture to picture: any size, any upsampling; dropout that is driven; borders; coarse to fine."""

import numpy as np
import pytest
import tensorflow as tf

from tf_homo import generators
from tf_homo.generators import CoarseToFine, ResNetGenerator, UNetGenerator, generator
from tf_homo.layers import precision


def noise(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).random(shape, np.float32))


def parameters(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


@pytest.mark.parametrize("size", [32, 64])
@pytest.mark.parametrize("upsample", generators.UPSAMPLINGS)
@pytest.mark.parametrize("kind", generators.KINDS)
def test_an_image_becomes_an_image_of_its_size(kind, upsample, size):
    net = generator(kind, size, 2, upsample=upsample, blocks=1)
    picture = net(noise(2, size, size, 3))
    assert picture.shape == (2, size, size, 3) and picture.dtype == tf.float32
    assert tf.reduce_min(picture) >= 0 and tf.reduce_max(picture) <= 1


@pytest.mark.parametrize("kind", generators.KINDS)
@pytest.mark.parametrize("norm_kind", generators.NORMS)
@pytest.mark.parametrize("coarse_to_fine", [False, True])
def test_every_weight_has_a_gradient(kind, norm_kind, coarse_to_fine):
    net = generator(kind, 32, 2, norm_kind, blocks=1, coarse_to_fine=coarse_to_fine)
    image = noise(2, 32, 32, 3)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(net(image, training=True) ** 2)
    assert all(slope is not None for slope in tape.gradient(loss, net.trainable_variables))


def test_sizes_of_the_papers():
    """With transposed convolutions and nine blocks CycleGAN's has 11.4 million weights, pix2pix's U-Net 54.4."""
    resnet, unet = ResNetGenerator(64, 9, upsample="transposed"), UNetGenerator(64, 8, upsample="transposed")
    resnet(noise(1, 32, 32, 3)), unet(noise(1, 256, 256, 3))
    assert parameters(resnet) == pytest.approx(11.38e6, rel=0.01)
    assert parameters(unet) == pytest.approx(54.4e6, rel=0.01)


def test_weights_do_not_depend_on_the_size():
    net = ResNetGenerator(2, 1)
    net(noise(1, 32, 32, 3))
    assert net(noise(1, 16, 24, 3)).shape == (1, 16, 24, 3)


def test_a_u_net_ends_at_one_cell_and_the_stride_says_so():
    assert generator("unet", 64, 2).stride == 64
    assert generator("unet", 48, 2).stride == 16  # halved as often as it can be
    assert generator("resnet", 64, 2).stride == 4
    assert generator("resnet", 64, 2, coarse_to_fine=True).stride == 8


def test_skips_alone_tell_a_u_net_from_an_encoder_decoder():
    """What a bottleneck of one cell without norm lets through of a pixel is the same everywhere but for the skips."""
    image = noise(1, 32, 32, 3)
    other = image + tf.one_hot([0], 32)[:, :, None, None] * 0.5  # the upper row
    differs = {}
    for skips in (True, False):
        net = UNetGenerator(2, 5, norm_kind="none", skips=skips)
        net(image)
        net.down[-1][0].kernel.assign(tf.zeros_like(net.down[-1][0].kernel))  # nothing passes the bottleneck
        differs[skips] = not np.array_equal(net(image), net(other))
    assert differs == {True: True, False: False}


@pytest.mark.parametrize("kind", generators.KINDS)
@pytest.mark.parametrize("coarse_to_fine", [False, True])
def test_a_condition_reaches_the_picture(kind, coarse_to_fine):
    """A norm that takes away means must not stand before the first bend."""
    net = generator(kind, 16, 4, blocks=1, coarse_to_fine=coarse_to_fine, conditional=True)
    image = noise(2, 16, 16, 3)
    one = net(image, tf.constant([[1.0, -1.0]] * 2))
    moved = tf.abs(one - net(image, tf.constant([[-1.0, 1.0]] * 2)))
    assert float(tf.reduce_mean(moved)) > 1e-2 * float(tf.math.reduce_std(one))


def test_a_condition_is_laid_over_the_picture():
    image = noise(2, 16, 16, 3)
    assert generators.laid_over(image, tf.constant([[0.25], [0.5]]))[1, 3, 5, 3] == 0.5


def test_dropout_is_a_function_of_the_noise_row_by_row():
    net = generator("unet", 16, 4)
    image = noise(3, 16, 16, 3)
    net(image)
    count = net.noise_size(16)
    assert count == 2 * 2 * 16 + 4 * 4 * 8 + 8 * 8 * 4  # of 16 pixels in four steps: three steps up
    drawn = noise(3, count)
    together = net(image, noise=drawn)
    np.testing.assert_array_equal(together, net(image, noise=drawn))
    apart = tf.concat([net(image[i : i + 1], noise=drawn[i : i + 1]) for i in range(3)], 0)
    np.testing.assert_allclose(together, apart, atol=1e-5)
    assert not np.allclose(together, net(image, noise=noise(3, count, seed=1)))
    kept_all = net(image, noise=tf.ones((3, count)))
    assert not np.allclose(kept_all, net(image))  # what stays is doubled, so that the mean stays
    assert generator("resnet", 16, 2).noise_size(16) == 0


def test_residual_output_starts_as_the_image():
    net = generator("resnet", 32, 8, blocks=1, residual=True)
    image = noise(1, 32, 32, 3)
    np.testing.assert_array_equal(net(image), image)
    net.head[-1].kernel.assign(tf.ones_like(net.head[-1].kernel))
    assert 0.5 < float(tf.reduce_max(tf.abs(net(image) - image))) <= 1


@pytest.mark.parametrize("training", [False, True])
def test_residual_output_is_a_picture_and_comes_back_from_beyond(training):
    net = generator("resnet", 16, 2, "none", blocks=1, residual=True)
    image = noise(1, 16, 16, 3)
    net(image)
    bias = net.head[-1].bias
    for far, edge in ((3.0, 1.0), (-3.0, 0.0)):
        bias.assign(tf.fill(bias.shape, far))
        with tf.GradientTape() as tape:
            made = net(image, training=training)
            loss = tf.reduce_mean(made)
        assert tf.reduce_min(made) >= 0 and tf.reduce_max(made) <= 1
        assert float(tf.reduce_mean(tf.cast(made == edge, tf.float32))) > 0.95
        assert (tape.gradient(loss, bias.value).numpy() > 1e-3).all()  # 1 - tanh(3)^2 is 0.01, for each of three


def test_instance_norm_keeps_pictures_apart_and_batch_norm_does_not():
    image = noise(2, 16, 16, 3)
    instance, batch = (generator("resnet", 16, 2, kind, blocks=1) for kind in ("instance", "test_batch"))
    np.testing.assert_allclose(instance(image)[:1], instance(image[:1]), atol=1e-5)
    assert not np.allclose(batch(image)[:1], batch(image[:1]), atol=1e-4)


def test_fine_starts_where_coarse_ended():
    coarse = ResNetGenerator(2, 1)
    image = noise(1, 32, 32, 3)
    low = coarse(generators.halved(image))
    fine = CoarseToFine(coarse, 2, 1)
    fine(image)
    fine.head[-1].kernel.assign(tf.zeros_like(fine.head[-1].kernel))
    np.testing.assert_allclose(fine(image), np.repeat(np.repeat(low, 2, 1), 2, 2), atol=1e-5)
    assert {id(v) for v in coarse.variables} < {id(v) for v in fine.variables}


def test_half_precision_inside_single_outside():
    with precision("mixed_bfloat16"):
        net = generator("resnet", 16, 2, blocks=1, residual=True)
    image = noise(1, 16, 16, 3)
    assert net(image).dtype == tf.float32
    assert net.plan[1].compute_dtype == "bfloat16"
    np.testing.assert_array_equal(net(image), image)  # the image itself passes unrounded

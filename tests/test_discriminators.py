"""Discriminators: receptive fields of the real networks, scales, spectral norm."""

import numpy as np
import pytest
import tensorflow as tf

from tf_homo import discriminators, trainer
from tf_homo.discriminators import FIELDS, PatchDiscriminator, receptive_field
from tf_homo.layers import precision


def noise(*shape, seed=0):
    return np.random.default_rng(seed).random(shape, np.float32)


@pytest.mark.parametrize("field", FIELDS)
def test_receptive_fields_are_what_they_are_called(field):
    assert receptive_field(FIELDS[field]) == field


def test_receptive_field_by_hand():
    assert receptive_field([]) == 1
    assert receptive_field([(3, 1)]) == 3
    assert receptive_field([(3, 2), (3, 1)]) == 7  # three outputs two apart, each three wide


@pytest.mark.parametrize("field", [1, 16, 70, 286])
def test_a_score_of_the_network_sees_just_so_many_pixels(field):
    """One score, and the picture with one row or column changed: by all that are in its field, and by none beyond."""
    size = 32 * -(-(field + 64) // 32)
    net = PatchDiscriminator(1, field, norm_kind="none")
    picture = noise(1, size, size, 1)
    scores = net(picture)[0]
    at = scores.shape[1] // 2

    def moves(axis, place):
        changed = picture.copy()
        np.moveaxis(changed, axis, 0)[place] += 100.0
        return net(changed)[0][0, at, at, 0] != scores[0, at, at, 0]

    for axis in (1, 2):
        places = np.arange(size)
        low = next(place for place in places if moves(axis, place))
        assert moves(axis, low + field - 1) and moves(axis, low + field // 2)
        assert not moves(axis, low + field)


def test_one_pixel_patches_judge_each_pixel_alone():
    scores = PatchDiscriminator(4, 1)(noise(2, 8, 8, 3))
    assert [score.shape for score in scores] == [(2, 8, 8, 1)]


def test_three_scales_are_three_networks_on_pictures_halved():
    net = PatchDiscriminator(2, 16, norm_kind="none", scales=3)
    picture = noise(2, 32, 32, 3)
    scores = net(picture)
    assert [score.shape for score in scores] == [(2, n, n, 1) for n in (16, 8, 4)]
    assert len(net.trainable_variables) == 3 * 6
    checkers = np.indices((32, 32)).sum(0) % 2 - 0.5  # means of 2x2 pixels do not see it
    seen = [not np.allclose(a, b, atol=1e-5) for a, b in zip(scores, net(picture + checkers[:, :, None]), strict=True)]
    assert seen == [True, False, False]


def test_it_takes_pairs_and_conditions():
    picture = noise(2, 16, 16, 3)
    assert PatchDiscriminator(2, 16)(tf.concat([picture, picture], -1))[0].shape == (2, 8, 8, 1)
    net = PatchDiscriminator(2, 16, codes=2)
    at = {
        code: net(picture, tf.constant([code] * 2))[0].numpy()
        for code in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, -2.0))
    }
    assert at[1.0, 0.0].shape == (2, 8, 8, 1) and not np.allclose(at[0.0, 0.0], at[1.0, 0.0])
    wanted = 2 * at[0.0, 0.0] + at[1.0, 0.0] - 2 * at[0.0, 1.0]  # s_0 + s_1 - 2 s_2
    np.testing.assert_allclose(at[1.0, -2.0], wanted, atol=1e-4)


def test_a_map_of_one_cell_is_not_normed_away():
    net = PatchDiscriminator(2, 286)
    one, other = (net(noise(1, 32, 32, 3, seed=seed))[0].numpy() for seed in (0, 1))
    assert not np.allclose(one, other)


def test_it_is_single_precision_among_halves():
    with precision("mixed_bfloat16"):
        net = PatchDiscriminator(2, 16, scales=2)
    assert {score.dtype for score in net(noise(1, 16, 16, 3))} == {tf.float32}
    assert {v.dtype for v in net.variables} == {"float32"}


def largest_slope(layer, shape):
    """The largest singular value of the layer's kernel as a matrix, over what it is divided by."""
    kernel = layer.kernel.numpy().reshape(-1, layer.filters)
    picture = noise(*shape)
    ratio = layer.convolution_op(picture, layer.kernel) / (layer(picture) - layer.bias)
    return np.linalg.svd(kernel, compute_uv=False)[0] / float(tf.reduce_mean(ratio))


def test_spectral_norm_divides_by_the_largest_singular_value():
    layer = discriminators.spectral_conv(5, 3)
    shape = (2, 8, 8, 3)
    for _ in range(60):
        layer(noise(*shape), training=True)
    assert largest_slope(layer, shape) == pytest.approx(1, rel=1e-3)


def test_spectral_norm_learns_as_a_division_does_and_moves_only_in_training():
    """Scaling a kernel changes nothing, so its gradient has no part along the kernel."""
    layer = discriminators.spectral_conv(4, 3, use_bias=False)
    picture = noise(1, 8, 8, 2)
    for _ in range(100):
        layer(picture, training=True)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(picture) ** 3)
    slope = tape.gradient(loss, layer.kernel.value)
    assert float(tf.reduce_sum(slope * layer.kernel)) == pytest.approx(0, abs=1e-2 * float(tf.norm(slope)))
    kernel, direction, before = layer.kernel.numpy(), layer.direction.numpy(), layer(picture)
    np.testing.assert_array_equal(layer(picture), before)
    np.testing.assert_array_equal(layer.direction.numpy(), direction)
    np.testing.assert_array_equal(layer.kernel.numpy(), kernel)


def test_spectral_norm_is_on_every_convolution():
    net = PatchDiscriminator(2, 16, norm_kind="none", scales=2, spectral=True)
    net(noise(1, 16, 16, 3))
    assert len(net.non_trainable_variables) == 2 * 3


def test_spectral_norm_is_the_same_on_replicas():
    strategy = trainer.strategy("mirrored")
    with strategy.scope():
        net = PatchDiscriminator(2, 16, norm_kind="none", spectral=True)
        net(noise(2, 16, 16, 3))
    before = [v.numpy() for v in net.non_trainable_variables]

    @tf.function
    def step(picture):
        return strategy.run(lambda x: net(x, training=True)[0], args=(picture,))

    step(tf.constant(noise(2, 16, 16, 3)))
    for variable, was in zip(net.non_trainable_variables, before, strict=True):
        one, other = (copy.numpy() for copy in variable.value.values)
        np.testing.assert_array_equal(one, other)
        assert not np.array_equal(one, was)

"""Layers that stand in for Keras's own do what those would do."""

import numpy as np
import pytest
import tensorflow as tf

from tf_homo import trainer
from tf_homo.layers import (
    DepthToSpace,
    GivenBatchNormalization,
    GroupNormalization,
    InstanceNormalization,
    NearestUpsampling,
    precision,
)


@pytest.fixture
def image():
    return tf.constant(np.random.default_rng(0).standard_normal((2, 3, 4, 5), np.float32))


def repeated(array):
    return np.repeat(np.repeat(array, 2, axis=1), 2, axis=2)


def compiled(function):
    return tf.function(function, jit_compile=True)


@pytest.mark.parametrize("way", [lambda f: f, tf.function, compiled], ids=["eager", "graph", "xla"])
def test_upsampling_repeats_and_its_gradient_sums_each_cell(image, way):
    weight = np.random.default_rng(1).standard_normal((2, 6, 8, 5)).astype(np.float32)
    layer = NearestUpsampling()

    @way
    def run(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
            score = tf.reduce_sum(weight * y)
        return y, tape.gradient(score, x)

    y, slope = run(image)
    np.testing.assert_array_equal(y, repeated(image.numpy()))
    cells = weight.reshape(2, 3, 2, 4, 2, 5).sum(axis=(2, 4))
    np.testing.assert_allclose(slope, cells, atol=1e-5)


@pytest.mark.parametrize("way", [lambda f: f, compiled], ids=["eager", "xla"])
def test_upsampling_has_a_second_order(image, way):
    """d/dx |d/dx sum(up(x)^3)|^2 = d/dx sum (4 * 3 x^2)^2 = 4 * 144 x^3."""
    layer = NearestUpsampling()

    @way
    def run(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                score = tf.reduce_sum(layer(x) ** 3)
            slope = inner.gradient(score, x)
            power = tf.reduce_sum(slope**2)
        return slope, outer.gradient(power, x)

    slope, second = run(image)
    np.testing.assert_allclose(slope, 12 * image**2, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(second, 576 * image**3, rtol=1e-4, atol=1e-4)


def test_upsampling_takes_any_batch(image):
    graph = tf.function(NearestUpsampling(), input_signature=[tf.TensorSpec((None, 3, 4, 5))])
    assert graph(image[:1]).shape == (1, 6, 8, 5)
    assert NearestUpsampling().compute_output_shape((None, 3, 4, 5)) == (None, 6, 8, 5)


def test_depth_becomes_space():
    x = tf.reshape(tf.range(1.0, 9.0), (1, 1, 2, 4))
    y = DepthToSpace(2)(x)
    np.testing.assert_array_equal(y[0, :, :, 0], [[1, 2, 5, 6], [3, 4, 7, 8]])
    assert DepthToSpace(2).compute_output_shape((None, 1, 2, 4)) == (None, 2, 4, 1)
    assert DepthToSpace.from_config(DepthToSpace(3).get_config()).block == 3


def test_instance_norm_is_keras_s_group_norm_of_single_channels(image):
    layer, theirs = InstanceNormalization(), tf.keras.layers.GroupNormalization(groups=-1, epsilon=1e-5)
    layer(image), theirs(image)
    for net in (layer, theirs):
        net.set_weights([np.arange(1.0, 6.0), np.arange(5.0)])
    np.testing.assert_allclose(layer(image), theirs(image), atol=1e-5)
    with precision("mixed_bfloat16"):
        half = InstanceNormalization()(image)
    assert half.dtype == tf.bfloat16


def test_group_norm_is_keras_s(image):
    layer, theirs = GroupNormalization(5), tf.keras.layers.GroupNormalization(5)
    ten = tf.concat([image, image[..., ::-1] ** 2], axis=-1)
    layer(ten), theirs(ten)
    for net in (layer, theirs):
        net.set_weights([np.arange(1.0, 11.0), np.arange(10.0)])
    np.testing.assert_allclose(layer(ten), theirs(ten), atol=1e-5)
    assert GroupNormalization.from_config(layer.get_config()).groups == 5
    with pytest.raises(ValueError, match="groups=5: 12 channels"):
        GroupNormalization(5).build((2, 4, 4, 12))


def test_instance_norm_of_one_cell_keeps_it(image):
    cell = image[:, :1, :1]
    np.testing.assert_array_equal(InstanceNormalization()(cell), cell)


@pytest.mark.parametrize("training", [False, True])
def test_given_batch_norm_is_keras_s_batch_norm_in_training(image, training):
    ours, theirs = GivenBatchNormalization(), tf.keras.layers.BatchNormalization(epsilon=1e-5)
    ours(image), theirs(image)
    for net in (ours, theirs):
        for variable, value in zip(net.trainable_variables, (np.arange(1.0, 6.0), np.arange(5.0)), strict=True):
            variable.assign(value)
    np.testing.assert_allclose(ours(image, training=training), theirs(image, training=True), atol=1e-5)
    assert not ours.non_trainable_variables
    with precision("mixed_bfloat16"):
        assert GivenBatchNormalization()(image).dtype == tf.bfloat16


def test_given_batch_norm_of_replicas_is_that_of_the_whole_batch(two_devices):
    strategy = trainer.strategy("mirrored")  # one a process
    batch = tf.random.stateless_normal((4, 3, 3, 2), (0, 0))
    with strategy.scope():
        layer = GivenBatchNormalization()
        layer.build(batch.shape)
    halves = strategy.experimental_distribute_values_from_function(
        lambda context: batch[2 * context.replica_id_in_sync_group :][:2]
    )
    run = tf.function(lambda x: strategy.run(layer, args=(x,)))
    found = tf.concat(strategy.experimental_local_results(run(halves)), 0)
    np.testing.assert_allclose(found, layer(batch), atol=1e-5)

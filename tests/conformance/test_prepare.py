"""All randomness of a step comes from its seed, and examples 2i and 2i + 1 stay together."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.cases import tensors


@pytest.fixture(scope="module")
def batch(system):
    """Six examples; every image is plain, of a grey of its own, so that it is known after any move."""
    size, count = system.config.image_size, 6
    grey = np.broadcast_to(np.arange(10, 250, 40, np.uint8)[:, None, None, None], (count, size, size, 3)).copy()
    labels = np.eye(count, len(system.attributes), dtype=np.float32)
    return tensors({name: labels if name == "labels" else grey for name in system.examples.arrays()})


@pytest.fixture(scope="module")
def noise(system):
    return tensors({name: array[:6] for name, array in system.examples.arrays().items()})


def equal(ours, theirs):
    return {name: bool(tf.reduce_all(ours[name] == theirs[name])) for name in ours}


def test_the_same_seed_gives_the_same_batch(fresh, noise):
    first, second = (fresh.prepare(noise, tf.constant([3, 5], tf.int64)) for _ in range(2))
    assert first.keys() == second.keys()
    assert all(equal(first, second).values())


@pytest.mark.parametrize("other", [(3, 6), (4, 5)])
def test_another_step_or_run_gives_another_batch(fresh, noise, other):
    first, second = (fresh.prepare(noise, tf.constant(seed, tf.int64)) for seed in ((3, 5), other))
    same = equal(first, second)
    assert same["labels"]
    assert not all(same.values())


def test_it_does_not_depend_on_the_global_seed(fresh, noise):
    tf.random.set_seed(1)
    first = fresh.prepare(noise, tf.constant([3, 5], tf.int64))
    tf.random.set_seed(2)
    assert all(equal(first, fresh.prepare(noise, tf.constant([3, 5], tf.int64))).values())


def test_compiled_it_draws_the_same(fresh, noise):
    seed = tf.constant([3, 5], tf.int64)
    plain, compiled = fresh.prepare(noise, seed), tf.function(fresh.prepare)(noise, seed)
    for name, tensor in plain.items():
        np.testing.assert_allclose(compiled[name], tensor, rtol=1e-6, err_msg=name)


def test_every_tensor_keeps_the_batch_first_and_the_pairs(fresh, batch):
    prepared = fresh.prepare(batch, tf.constant([3, 5], tf.int64))
    assert {name: tensor.shape[0] for name, tensor in prepared.items()} == dict.fromkeys(prepared, 6)
    np.testing.assert_array_equal(prepared["labels"], batch["labels"])
    if "image" in prepared:
        grey = tf.reduce_mean(prepared["image"], axis=(1, 2, 3)).numpy()
        assert prepared["image"].dtype == tf.float32
        assert (np.diff(grey) > 0).all() and grey.min() >= 0 and grey.max() <= 1

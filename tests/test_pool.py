"""The pool of earlier pictures, one example at a time and on replicas."""

import numpy as np
import pytest
import tensorflow as tf

from tf_homo import trainer
from tf_homo.pool import ImagePool, drawn_places


def plain(*greys):
    return tf.constant(np.broadcast_to(np.array(greys, np.float32)[:, None, None, None], (len(greys), 2, 2, 3)))


def greys(pictures):
    return np.asarray(pictures)[:, 0, 0, 0].tolist()


def shown(pool, pictures, places, draws):
    return greys(pool(pictures, tf.constant(places), tf.constant(draws)))


def test_it_fills_then_swaps_or_lets_pass():
    pool = ImagePool(3)
    assert shown(pool, plain(1, 2), [2, 0], [0.0, 0.9]) == [1, 2]  # empty places: kept and shown
    assert greys(pool.pictures) == [2, 0, 1]
    assert shown(pool, plain(3, 4), [2, 0], [0.9, 0.1]) == [3, 2]  # shown and forgotten; swapped
    assert greys(pool.pictures) == [4, 0, 1]
    assert shown(pool, plain(5, 6), [1, -1], [0.1, 0.1]) == [5, 6]  # empty still; no place at all
    assert greys(pool.pictures) == [4, 5, 1]


def test_without_places_it_keeps_nothing():
    pool = ImagePool(0)
    assert shown(pool, plain(1, 2), [-1, -1], [0.1, 0.1]) == [1, 2]
    assert not pool.variables


def test_a_gradient_passes_to_what_is_new_only():
    pool = ImagePool(2)
    shown(pool, plain(1, 2), [0, 1], [0.0, 0.0])
    new = plain(3, 4)
    with tf.GradientTape() as tape:
        tape.watch(new)
        loss = tf.reduce_sum(pool(new, tf.constant([0, 1]), tf.constant([0.1, 0.9])))
    assert greys(tape.gradient(loss, new)) == [0, 1]


@pytest.mark.parametrize(("count", "places"), [(4, 9), (9, 4), (3, 0)])
def test_places_of_a_batch_are_all_different(count, places):
    found = drawn_places(tf.constant([1, 2], tf.int64), tf.constant(count), places).numpy()
    kept = found[found >= 0]
    assert len(found) == count and len(kept) == len(set(kept)) == min(count, places)
    assert (kept < places).all()


def test_replicas_keep_what_one_device_keeps():
    alone, strategy = ImagePool(5), trainer.strategy("mirrored")
    with strategy.scope():
        pool = ImagePool(5)
        pool.build((None, 2, 2, 3))

    @tf.function
    def step(*parts):
        return tf.concat(strategy.experimental_local_results(strategy.run(pool, args=parts)), 0)

    def split(batch):
        return strategy.experimental_distribute_values_from_function(
            lambda context: batch[2 * context.replica_id_in_sync_group :][:2]
        )

    rng = np.random.default_rng(0)
    for _ in range(4):
        pictures = plain(*rng.random(4))
        places = tf.constant(rng.permutation(5)[:4].astype(np.int32))
        draws = tf.constant(rng.random(4, np.float32))
        batch = (pictures, places, draws)
        np.testing.assert_array_equal(step(*map(split, batch)), alone(*batch))
    for copy in pool.pictures.value.values:
        np.testing.assert_array_equal(copy.numpy(), alone.pictures.numpy())

"""Batches are a function of (seed, step)."""

import numpy as np
import pytest
import tensorflow as tf

from tf_homo.data.examples import Examples, batches, shuffled


def indices(count, batch_size, steps, seed=0):
    return np.concatenate([shuffled(count, batch_size, seed, tf.constant(step, tf.int64)) for step in steps])


@pytest.mark.parametrize(("count", "batch_size"), [(12, 4), (10, 4), (7, 3), (5, 5), (3, 8), (1, 2)])
def test_every_epoch_is_a_permutation_and_nothing_is_left_over(count, batch_size):
    places = indices(count, batch_size, range(3 * count))  # 3 * batch_size epochs
    for epoch in places.reshape(-1, count):
        assert sorted(epoch) == list(range(count))


def test_epochs_and_seeds_differ():
    epochs = [tuple(indices(50, 50, [step], seed)) for seed in (0, 1) for step in (0, 1)]
    assert len(set(epochs)) == 4
    assert tuple(range(50)) not in epochs


def test_epochs_are_shuffled_well():
    """As often as chance has it, an example keeps its place (1 a pair of epochs) or its partner (1/2)."""
    epochs = [indices(500, 500, [step]) for step in range(20)]
    pairs = [{frozenset(pair) for pair in epoch.reshape(-1, 2)} for epoch in epochs]
    couples = [(i, j) for i in range(20) for j in range(i)]
    assert np.mean([np.sum(epochs[i] == epochs[j]) for i, j in couples]) < 1.5
    assert np.mean([len(pairs[i] & pairs[j]) for i, j in couples]) < 1


def data(count=10):
    rows = np.arange(count)
    return {
        "image": np.broadcast_to(rows[:, None], (count, 3)).astype(np.uint8),
        "labels": rows[:, None].astype(np.float32),
    }


def with_seed(batch, seed):
    return batch | {"seed": seed, "draw": tf.random.stateless_uniform((2,), seed, alg="philox")}


def collect(steps, seed=0, batch_size=4):
    return [{k: v.numpy() for k, v in batch.items()} for batch in batches(data(), batch_size, seed, steps, with_seed)]


def test_any_step_is_reached_without_those_before_it():
    whole, part = collect((0, 8)), collect((5, 8))
    assert len(whole) == 8 and len(part) == 3
    for ours, theirs in zip(whole[5:], part, strict=True):
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name])


def test_prepare_is_given_run_and_step():
    assert [tuple(batch["seed"]) for batch in collect((3, 5), seed=9)] == [(9, 3), (9, 4)]
    draws = [tuple(batch["draw"]) for seed in (0, 1) for batch in collect((0, 3), seed)]
    assert len(set(draws)) == 6


def test_images_keep_their_labels():
    for batch in collect((0, 5)):
        np.testing.assert_array_equal(batch["image"][:, 0], batch["labels"][:, 0])


def test_sides_take_turns_and_each_goes_through_its_own_epochs():
    odd, even = np.array([1, 3, 5, 7, 9]), np.array([0, 2, 4])
    found = batches(data(), 4, 0, (0, 15), with_seed, [odd, even])
    places = np.concatenate([batch["labels"].numpy()[:, 0] for batch in found]).astype(int)
    for turns, side in ((places[::2], odd), (places[1::2], even)):
        for epoch in turns.reshape(-1, len(side)):
            assert sorted(epoch) == list(side)
    assert tuple(np.argsort(places[:10:2])) != tuple(np.argsort(places[10:20:2]))


def test_examples_count_and_hand_out_their_arrays():
    examples = Examples(np.zeros((3, 2, 2, 3), np.uint8), np.zeros((3, 1), np.float32), ("Smiling",))
    assert len(examples) == 3
    assert examples.arrays().keys() == {"image", "labels"}
    assert examples.about == examples.extras == {}

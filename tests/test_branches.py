"""What systems with branches share, shown by the one that has all of it."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests.tiny_homo import a_batch, denoised, make
from tf_homo.branches import partner
from tf_homo.errors import InputError


@pytest.fixture(scope="module")
def homo():
    return make()


@pytest.fixture
def batch():
    return a_batch()


def test_partners_are_swapped_two_by_two():
    x = tf.reshape(tf.range(12.0), (6, 2, 1))
    assert partner(x)[:, 0, 0].numpy().tolist() == [2, 0, 6, 4, 10, 8]
    np.testing.assert_array_equal(partner(partner(x)), x)


def test_labels_move_by_their_own_branch_alone(homo, batch):
    assert homo.branch_names == ("expression", "age", "rest")
    found = homo.labels_at(batch["labels"], tf.constant([[0.25, 0.5, 1.0]] * 4))
    # Smiling, Young, Wearing_Hat (stays the source's), Mouth_Slightly_Open
    np.testing.assert_allclose(found, [[0.25, 1, 0, 0], [0.75, 1, 1, 0], [1, 0, 0, 0.75], [1, 0, 1, 0.25]], atol=1e-6)


def test_strength_one_everywhere_is_the_partner_s_labels(homo, batch):
    known = [0, 1, 3]
    found = homo.labels_at(batch["labels"], tf.ones((4, 3))).numpy()
    np.testing.assert_array_equal(found[:, known], partner(batch["labels"]).numpy()[:, known])


def test_the_branch_for_the_rest_is_a_choice():
    assert make(rest="none").branch_names == ("expression", "age")
    with pytest.raises(InputError, match="the data set has no attributes"):
        make(attributes=())


def test_groups_are_those_that_are_given_or_one_for_each_attribute():
    groups = {"hat": ["Wearing_Hat"], "mouth": ["Mouth_Slightly_Open", "Smiling"]}
    method = make(groups=groups)
    assert method.branch_names == ("hat", "mouth", "rest")
    assert method.membership == [[0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert method.info()["groups"] == groups and method.info()["branches"] == ["hat", "mouth", "rest"]
    assert make(attributes=("grin", "specs")).branch_names == ("grin", "specs", "rest")


def test_the_rest_may_be_what_the_others_leave():
    method = make(rest="remainder")
    assert method.branch_names == ("expression", "age", "rest") and len(method.interpolator.branches) == 2
    latent = tf.random.stateless_normal((4, 4, 4, 6), (0, 0))
    reached, moves = method.interpolate(latent, partner(latent) - latent, tf.ones((4, 3)))
    np.testing.assert_allclose(reached, partner(latent), atol=1e-5)
    assert tf.reduce_min(tf.reduce_max(tf.abs(moves), axis=(0, 2, 3, 4))) > 0.01


def test_strengths_fill_the_unit_interval_or_move_one_branch():
    count = 512
    raw = {"image": tf.zeros((count, 32, 32, 3), tf.uint8), "labels": tf.zeros((count, 4))}
    every = make(lone_share=0.0, corner_share=0.0).prepare(raw, tf.constant([0, 0]))["strength"].numpy()
    assert 0 <= every.min() < 0.01 and 0.99 < every.max() <= 1
    assert (every > 0).sum(axis=1).mean() > 2.9
    lone = make(lone_share=1.0, corner_share=0.0).prepare(raw, tf.constant([0, 0]))["strength"].numpy()
    assert ((lone > 0).sum(axis=1) <= 1).all()
    assert np.abs((lone > 0).mean(axis=0) - 1 / 3).max() < 0.1


def test_strengths_are_drawn_as_asked():
    raw = {"image": tf.zeros((64, 32, 32, 3), tf.uint8), "labels": tf.zeros((64, 4))}
    draw = lambda **options: make(**options).prepare(raw, tf.constant([1, 2]))["strength"].numpy()  # noqa: E731
    assert set(np.unique(draw(corner_share=1.0))) == {0.0, 1.0}
    assert np.all(np.count_nonzero(draw(lone_share=1.0, corner_share=0.0), axis=1) == 1)


def test_a_wish_moves_its_own_branch_evenly_to_the_end(batch):
    method = denoised()
    method.coupling.slopes.assign(tf.zeros_like(method.coupling.slopes))
    latent = method.encode(batch["image"])
    edit = lambda *wish: method.edit(latent, tf.constant([wish] * 4))  # noqa: E731
    np.testing.assert_array_equal(edit(0.0, 0.0, 0.0, 0.0), latent)
    np.testing.assert_allclose(edit(1.0, 0, 0, 0)[:, 0, 0, method.depth], tf.ones(4), atol=1e-5)
    np.testing.assert_allclose(edit(0, -1.0, 0, 0)[:, 0, 0, method.depth + 1], -tf.ones(4), atol=1e-5)
    half, whole = edit(0.5, 0, 0, 0) - latent, edit(1.0, 0, 0, 0) - latent
    np.testing.assert_allclose(2 * half, whole, atol=1e-5)
    assert np.abs(method.code(whole)).max() > 1e-3
    np.testing.assert_array_equal(method.reading(whole)[:, 1:], tf.zeros((4, 3)))


def test_others_of_the_group_go_along(batch):
    method = denoised()
    slopes, offsets = np.zeros((2, 4, 4), np.float32)
    # Of those who smile half have their mouths open, of others none; Young stands in another group.
    slopes[0, 3], offsets[0, 3], slopes[0, 1] = 0.5, -0.5, 9.0
    method.coupling.slopes.assign(slopes), method.coupling.offsets.assign(offsets)
    told = lambda change, reading: method.coupling(tf.constant([change]), tf.constant([reading]))[0]  # noqa: E731
    close = lambda *both: np.testing.assert_allclose(*both, atol=0.03)  # noqa: E731
    close(told([2.0, 0, 0, 0], [-1.0, 0, 0, -1]), [2.0, 0, 0, 1])  # half of the way of 2
    close(told([1.0, 0, 0, 0], [-1.0, 0, 0, -1]), [1.0, 0, 0, 0.5])
    close(told([2.0, 0, 0, 0], [-1.0, 0, 0, 1]), [2.0, 0, 0, 0])  # open already
    close(told([-2.0, 0, 0, 0], [1.0, 0, 0, 1]), [-2.0, 0, 0, -2])
    close(told([-2.0, 0, 0, -2], [1.0, 0, 0, 1]), [-2.0, 0, 0, -2])  # wished as well
    # from the smile all is told but for the half; from the open mouth, whose own line is 0, nothing is
    assert float(method.coupling.left(tf.constant([[1.0, 0.0, 0.0, 0.5]]))) == pytest.approx((0.5**2 + 1.0) / 16)


def test_no_wish_leads_a_reading_beyond_1(batch):
    method = denoised()
    method.coupling.slopes.assign(tf.fill(method.coupling.slopes.shape, -3.0))
    latent = method.encode(batch["image"])
    wished = method.reading(latent + method.imagined(latent, tf.constant([[1.0, 0, 0, 1], [1, 0, 0, 0]] * 2)))
    assert np.abs(wished).max() <= 1.0 + 1e-6 and np.abs(wished[1::2, 3] + 1.0).max() < 0.03


def test_the_model_card_names_branches_and_groups(homo):
    info = homo.info()
    assert info["branches"] == ["expression", "age", "rest"]
    assert info["groups"] == {"expression": ["Mouth_Slightly_Open", "Smiling"], "age": ["Young"]}
    assert info["latent"] == [4, 4, 6]
    assert info["config"] == dataclasses.asdict(homo.config)


def test_a_sample_shows_each_branch_and_all_of_them(homo, batch):
    pictures, columns = homo.sample({"image": tf.cast(255 * batch["image"], tf.uint8)})
    assert columns == ["source", "decoded", "expression", "age", "rest", "all", "target"]
    assert pictures.shape == (4, 7, 32, 32, 3)
    np.testing.assert_array_equal(pictures[:, 0], partner(pictures[:, 6]))

"""pix2pix: the paper's five losses by weights, what D sees, noise, any size, pairs that move together."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from tf_homo.data.examples import Examples
from tf_homo.errors import InputError
from tf_homo.image_options import made_generator
from tf_homo.methods.pix2pix import Config, Pix2Pix
from tf_homo.trainer import Trainer, strategy

TINY = {"image_size": 32, "width": 2, "field": 16}


def noise(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).random(shape, np.float32))


def built(**options):
    method = Pix2Pix(Config(**TINY | options), ())
    method.build_all()
    return method


unchanged = functools.cache(built)  # for tests that leave its weights alone


def batch(method, seed=0, size=32):
    arrays = {
        name: tf.cast(255 * noise(4, size, size, 3, seed=seed + place), tf.uint8)
        for place, name in enumerate(("image", "input"))
    }
    return method.prepare(arrays | {"labels": tf.zeros((4, 0))}, tf.constant([0, seed], tf.int64))


def loss_of(method, name, given):
    (stage,) = method.stages()
    (phase,) = [phase for phase in stage.phases if phase.name == name]
    return phase.loss(given)


@pytest.mark.parametrize(
    ("weights", "terms"),
    [
        ({"gan_weight": 0.0}, {"l1"}),
        ({"l1_weight": 0.0, "conditional": False}, {"l1", "gan"}),
        ({"l1_weight": 0.0}, {"l1", "gan"}),
        ({"conditional": False}, {"l1", "gan"}),
        ({}, {"l1", "gan"}),
    ],
)
def test_the_loss_of_g_is_its_weighted_terms(weights, terms):
    method = unchanged(**weights)
    loss, found = loss_of(method, "generator", batch(method))
    assert set(found) == terms
    c = method.config
    expected = c.l1_weight * found["l1"] + c.gan_weight * found.get("gan", 0.0)
    assert float(loss) == pytest.approx(float(expected))
    assert [phase.name for phase in method.stages()[0].phases] == ["discriminator", "generator"][-len(terms) :]


def test_without_gan_there_is_no_discriminator():
    method = built(gan_weight=0.0)
    assert method.discriminator is None
    with pytest.raises(InputError, match="nothing is left to learn from"):
        built(gan_weight=0.0, l1_weight=0.0)


@pytest.mark.parametrize("conditional", [True, False])
def test_a_conditional_discriminator_sees_the_input(conditional):
    method = unchanged(conditional=conditional)
    picture, one, other = (noise(2, 32, 32, 3, seed=seed) for seed in range(3))
    same = np.array_equal(method.judged(one, picture)[0], method.judged(other, picture)[0])
    assert same is not conditional


def test_losses_at_a_discriminator_that_knows_nothing():
    """Scores of 0 everywhere: log 2 for G, and for D half of 2 log 2."""
    method = built()
    last = method.discriminator.plans[0][-1]
    last.kernel.assign(tf.zeros_like(last.kernel))
    given = batch(method)
    assert float(loss_of(method, "discriminator", given)[0]) == pytest.approx(np.log(2), rel=1e-5)
    assert float(loss_of(method, "generator", given)[1]["gan"]) == pytest.approx(np.log(2), rel=1e-5)


def test_discriminator_does_not_reach_into_the_generator():
    method = unchanged()
    given = batch(method)
    with tf.GradientTape() as tape:
        loss, _ = loss_of(method, "discriminator", given)
    assert all(slope is None for slope in tape.gradient(loss, method.generator.trainable_variables))


def test_noise_is_that_of_the_dropout_alone():
    method = unchanged(test_dropout=True)
    image, drawn = noise(2, 32, 32, 3), noise(2, method.noise_size)
    noisy = method.translate(image, drawn)
    np.testing.assert_array_equal(noisy, method.translate(image, drawn))
    assert not np.allclose(noisy, method.translate(image, noise(2, method.noise_size, seed=1)), atol=1e-4)
    assert not np.allclose(noisy, method.translate(image), atol=1e-4)
    assert "noise" in batch(method) and "noise" not in batch(unchanged(dropout=False))
    assert "translate_noisy" in method.signatures() and "translate_noisy" not in unchanged().signatures()
    with pytest.raises(InputError, match="--test_dropout: --generator=resnet with --dropout=True has no dropout"):
        built(generator="resnet", test_dropout=True)


@pytest.mark.parametrize("generator", ["unet", "encoder_decoder", "resnet"])
@pytest.mark.parametrize("shape", [(64, 32), (20, 33), (7, 5)])
def test_any_size_is_padded_and_cropped_back(generator, shape):
    method = unchanged(generator=generator)
    image = noise(2, *shape, 3)
    made = method.translate(image)
    assert made.shape == image.shape
    assert tf.reduce_min(made) >= 0 and tf.reduce_max(made) <= 1


def test_padding_is_the_mirror_image():
    method, image = unchanged(), noise(1, 20, 24, 3)
    symmetric = np.pad(image, ((0, 0), (0, 12), (0, 8), (0, 0)), "symmetric")
    np.testing.assert_allclose(
        method.translate(image), method.translate(tf.constant(symmetric))[:, :20, :24], atol=1e-6
    )


@pytest.mark.parametrize(("norm", "alone"), [("test_batch", False), ("instance", True), ("none", True)])
def test_norms_take_the_statistics_of_the_batch_that_is_given(norm, alone):
    """A picture by itself: with batch statistics it is another than in company, as in the paper."""
    method = unchanged(norm=norm)
    images = noise(3, 32, 32, 3) * tf.constant([0.1, 0.5, 1.0])[:, None, None, None]
    same = np.allclose(method.translate(images)[:1], method.translate(images[:1]), atol=1e-5)
    assert same is alone
    assert not method.generator.non_trainable_variables


def test_at_batch_one_batch_statistics_are_the_picture_s_own():
    batch_norm, instance = built(norm="test_batch"), built(norm="instance")
    instance.generator.set_weights(batch_norm.generator.get_weights())
    image = noise(1, 32, 32, 3)
    np.testing.assert_allclose(batch_norm.translate(image), instance.translate(image), atol=1e-5)


def test_both_pictures_of_a_pair_move_alike():
    method = unchanged(jitter=0.25)
    picture = tf.cast(255 * noise(4, 32, 32, 3), tf.uint8)
    arrays = {"image": picture, "input": picture, "labels": tf.zeros((4, 0))}
    one, other = (method.prepare(arrays, tf.constant([0, step], tf.int64)) for step in range(2))
    np.testing.assert_array_equal(one["image"], one["input"])
    assert not np.allclose(one["image"], other["image"])
    still = unchanged(jitter=0.0, mirror=False).prepare(arrays, tf.constant([0, 0], tf.int64))
    np.testing.assert_allclose(still["image"], tf.cast(picture, tf.float32) / 255)


def test_coarse_comes_first_and_becomes_part_of_the_generator():
    method = built(coarse_steps=5, generator="resnet")
    coarse, together = method.stages()
    assert [phase.nets for phase in coarse.phases] == [("discriminator",), ("coarse",)]
    assert [phase.nets for phase in together.phases] == [("discriminator",), ("generator",)]
    inside, whole = ({id(v) for v in net.variables} for net in (method.coarse, method.generator))
    assert inside < whole
    loss, terms = coarse.phases[1].loss(batch(method))
    assert np.isfinite(float(loss)) and set(terms) == {"l1", "gan"}


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"image_size": 34, "generator": "resnet"}, "--image_size=34: --generator=resnet needs a multiple of 4"),
        ({"image_size": 100}, "--image_size=100: --generator=unet halves it to 25 cells .* multiple of 16.* 96"),
        ({"image_size": 250}, "halves it to 125 cells only.*give a multiple of 32, for instance 256"),
        ({"image_size": 200, "coarse_steps": 1}, "halves it to 25 cells only.*multiple of 32, for instance 192"),
    ],
)
def test_sizes_that_the_network_cannot_halve(options, complaint):
    with pytest.raises(InputError, match=complaint):
        built(**options)


def test_a_large_size_that_can_be_halved_eight_times_is_taken():
    assert made_generator(Config(image_size=4096, width=1), "generator").stride == 256


def test_it_asks_for_pairs(tmp_path):
    rng = np.random.default_rng(0)
    examples = Examples(rng.integers(0, 256, (4, 32, 32, 3), np.uint8), np.zeros((4, 0), np.float32), ())
    with pytest.raises(InputError, match="--dataset: has no pairs"):
        Trainer(Pix2Pix, Config(**TINY), examples, tmp_path, strategy=strategy("one_device"), batch_size=2)


def test_it_learns_a_colour(tmp_path):
    """The picture is the input with red and blue swapped; L1 falls to a third within a moment."""
    rng = np.random.default_rng(0)
    inputs = np.repeat(np.repeat(rng.integers(0, 256, (8, 8, 8, 3), np.uint8), 4, 1), 4, 2)
    examples = Examples(inputs[..., ::-1].copy(), np.zeros((8, 0), np.float32), (), inputs=inputs)
    config = Config(**TINY | {"width": 8, "steps": 60, "rate": 5e-3, "jitter": 0.0, "gan_weight": 0.0})
    run = Trainer(
        Pix2Pix, config, examples, tmp_path, strategy=strategy("one_device"), batch_size=4, sample_every=0, log_every=1
    )
    given = run.method.prepare(
        {name: tf.constant(a) for name, a in examples.arrays().items()}, tf.constant([0, 0], tf.int64)
    )
    before = float(loss_of(run.method, "generator", given)[1]["l1"])
    run.fit(stop_at=60)
    after = float(loss_of(run.method, "generator", given)[1]["l1"])
    assert after < before / 3

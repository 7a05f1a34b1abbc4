"""HomoInterp's own mathematics. What every system promises is in tests/conformance/."""

import numpy as np
import pytest
import tensorflow as tf

from tests.tiny_homo import ATTRIBUTES, TINY, a_batch, denoised, make
from tf_homo.branches import length, partner
from tf_homo.errors import InputError
from tf_homo.methods.homo import Config, HomoInterp

DENOISED = {"branches": "denoised", "denoiser_steps": 1, "reading": True, "rest": "remainder"}


@pytest.fixture(scope="module")
def homo():
    return make()


@pytest.fixture
def batch():
    return a_batch()


# the terms


def test_all_branches_at_one_reach_the_target_if_they_share_the_difference(homo, batch):
    method = make()
    method.interpolator.moves = lambda difference, source: [0.5 * difference, *[0.25 * difference] * 2]
    latent = tf.random.stateless_normal((4, 4, 4, 6), (0, 0))
    _, terms = method.game(batch, latent)
    assert float(terms["total"]) == pytest.approx(0, abs=1e-10)
    reached, _ = method.interpolate(latent, partner(latent) - latent, tf.ones((4, 3)))
    np.testing.assert_allclose(reached, partner(latent), atol=1e-6)


def test_the_loss_is_the_weighted_sum_of_its_terms(batch):
    weights = {"gan": 2.0, "homomorphism": 3.0, "total": 5.0}
    method = make(**{f"{name}_weight": weight for name, weight in weights.items()})
    loss, terms = method.game(batch, tf.random.stateless_normal((4, 4, 4, 6), (0, 0)))
    terms["gan"] = terms.pop("opponent")
    assert float(loss) == pytest.approx(sum(weights[name] * float(terms[name]) for name in weights), rel=1e-4)
    loss, terms = method.critic_loss(batch)
    expected = terms["wasserstein"] + terms["penalty"] + terms["gap"] + terms["real"]
    assert float(loss) == pytest.approx(float(expected), rel=1e-4)
    tenth = make(penalty_weight=10.0).critic_loss(batch)[1]["penalty"]
    assert float(terms["penalty"]) == pytest.approx(10 * float(tenth), rel=1e-4)


def slope_at_encoder(batch, **weights):
    """Largest gradient that `game` sends to the latents, with all weights 0 but those given."""
    none = {f"{name}_weight": 0.0 for name in ("gan", "encoder_gan", "homomorphism", "total")}
    method = make(**{**none, **weights})
    latent = tf.random.stateless_normal((4, 4, 4, 6), (0, 0))
    with tf.GradientTape() as tape:
        tape.watch(latent)
        loss, _ = method.game(batch, latent)
    slope = tape.gradient(loss, latent, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    return float(tf.reduce_max(tf.abs(slope)))


def test_the_encoder_hears_of_the_critic_by_its_own_weight(batch):
    one = slope_at_encoder(batch, gan_weight=1.0, encoder_gan_weight=1.0)
    assert one > 0
    assert slope_at_encoder(batch, gan_weight=0.5, encoder_gan_weight=1.0) == pytest.approx(one, rel=1e-3)
    assert slope_at_encoder(batch, gan_weight=1.0, encoder_gan_weight=3.0) == pytest.approx(3 * one, rel=1e-3)
    assert slope_at_encoder(batch, gan_weight=1.0, encoder_gan_weight=0.0) == 0


def test_homomorphism_and_total_are_the_interpolator_s_alone(batch):
    assert slope_at_encoder(batch, homomorphism_weight=1.0, total_weight=1.0) == 0
    assert (
        slope_at_encoder(
            batch, homomorphism_weight=1.0, homomorphism_encoder=True, encoder_gan_weight=1.0, gan_weight=1.0
        )
        > 0
    )


def test_the_gap_is_told_the_source_s_labels(homo, batch):
    """(4.8) on purpose, not those that the interpolation should have."""
    _, terms = homo.critic_loss(batch)
    latent = homo.encoder(batch["image"])
    fake, _ = homo.interpolate(latent, partner(latent) - latent, batch["strength"])
    logits = homo.critic(fake)[1]
    per_attribute = tf.nn.sigmoid_cross_entropy_with_logits(batch["labels"], logits)
    expected = tf.reduce_sum(per_attribute, axis=1)
    assert float(terms["gap"]) == pytest.approx(float(tf.reduce_mean(expected)), rel=1e-5)


# codes that lose a part


def test_what_is_erased_is_still_to_be_drawn(batch):
    method = make(erased_share=1.0)
    erased = tf.ones((4, 4, 4, 6))
    _, terms = method.autoencoder_loss(batch | {"erased": erased})
    nothing = method.decoder(tf.zeros((4, *method.latent_shape)))
    error = float(tf.reduce_mean((nothing - batch["image"]) ** 2))
    assert float(terms["psnr"]) == pytest.approx(-10 * np.log10(error), abs=1e-3)


# branches that are a denoiser


@pytest.mark.parametrize("labels", [False, True])
def test_the_denoiser_s_loss_is_what_it_leaves_and_what_one_reading_leaves_of_others(batch, labels):
    method = denoised(denoiser_labels=labels)
    method.interpolator.mean.layers[0].kernel.assign_add(tf.ones_like(method.interpolator.mean.layers[0].kernel))
    loss, terms = method.denoiser_loss(batch)
    latent = method.encode(batch["image"])
    code, reading = method.code(latent), method.reading(latent)
    told = 2.0 * batch["labels"] - 1.0 if labels else reading
    left = method.interpolator.left(code, told, batch["noise"])
    assert float(terms["left"]) == pytest.approx(float(left), rel=1e-5)
    assert float(loss) == pytest.approx(float(left + method.coupling.left(reading)), rel=1e-5)


def test_branches_have_usual_gains_of_their_own():
    method = denoised(usual_gain=2.0, usual_gains="age=5, Smiling=3")
    np.testing.assert_array_equal(method.gains.usual, [3.0, 5.0, 2.0, 3.0])
    np.testing.assert_array_equal(denoised(usual_gain=2.0, usual_gains="all=4").gains.usual, [4.0, 4.0, 2.0, 4.0])


def test_calibration_asks_for_what_the_latent_says_of_itself(batch):
    """Phi reads half of what the latent says of its age."""
    method = denoised(move_weight=3.0)
    method.decoder = lambda latent, training: latent
    half = tf.constant([1.0, 0.5, 1.0, 1.0])
    reading = lambda latent: method.reading(latent) * half  # noqa: E731
    source = method.encode(batch["image"])
    method.encode = lambda image: source
    method.phi = type("Phi", (), {"logits": staticmethod(lambda latent: 2.0 * tf.atanh(reading(latent)))})
    strength = tf.constant([[0.0, 1.0, 1.0]] * 4)  # age, and the rest, which stands still
    loss, terms = method.calibration_loss(batch | {"strength": strength})
    wanted = partner(method.reading(source))[:, 1]
    asked = np.abs(wanted - method.reading(source)[:, 1])
    left = np.mean(asked * (0.5 * wanted) ** 2)
    assert float(terms["left"]) == pytest.approx(left, rel=1e-3)
    assert float(terms["asked"]) == pytest.approx(asked.mean() / 4)
    far = method.gains.logarithms(method.seen(partner(source) - source)[..., method.depth :], method.seen(source))
    price = np.mean(asked * far[:, 0, 0, 1] ** 2)
    assert float(terms["price"]) == pytest.approx(price, rel=1e-3) and price > 0
    fake, _ = method.interpolate(source, partner(source) - source, method.without_rest(strength))
    moved = np.mean((method.code(fake) - method.code(source)) ** 2)
    assert float(terms["moved"]) == pytest.approx(moved, rel=1e-3) and moved > 0
    assert float(loss) == pytest.approx(left + method.config.gain_weight * price + 3.0 * moved, rel=1e-3)


def test_a_picture_is_what_its_reading_says(batch):
    method = denoised()
    latent = method.encode(batch["image"])
    reading = tf.zeros_like(latent[..., method.depth : -1])
    other = tf.concat([method.code(latent), reading, latent[..., -1:]], axis=-1)
    assert np.abs(method.decode(latent) - method.decode(other)).max() > 1e-3


# latents that carry a reading


@pytest.mark.parametrize("rest", ["network", "remainder"])
def test_a_reading_goes_straight_to_the_target_s(rest, batch):
    method = make(reading=True, rest=rest)
    latent = method.encode(batch["image"])
    assert latent.shape[1:] == method.latent_shape == (4, 4, TINY["latent_depth"] + len(ATTRIBUTES))
    reading = 2 * tf.sigmoid(method.phi.logits(batch["image"])) - 1
    np.testing.assert_allclose(latent[:, 1, 2, method.depth :], reading, atol=1e-5)
    found, _ = method.interpolate(latent, partner(latent) - latent, tf.constant([[0.25, 0.5, 1.0]] * 4))
    share = np.array([0.25, 0.5, 1.0, 0.25])  # of expression, age, the rest (an attribute in no group), expression
    np.testing.assert_allclose(
        found[:, 0, 0, method.depth :], reading + share * (partner(reading) - reading), atol=1e-5
    )


# latents that carry the length of their code


def test_a_mix_of_two_codes_is_as_long_as_they_are(batch):
    method = denoised()
    latent = method.encode(batch["image"])
    assert latent.shape[1:] == method.latent_shape == (4, 4, TINY["latent_depth"] + 4 + 1)
    lengths = length(method.code(latent))
    np.testing.assert_allclose(latent[..., -1:], lengths, rtol=1e-6)
    seen = []
    method.decoder = lambda latent, training: seen.append(latent) or latent
    whole = tf.ones((4, 3))
    for share in (0.0, 0.3, 1.0):
        mixed, _ = method.interpolate(latent, partner(latent) - latent, share * whole)
        np.testing.assert_allclose(mixed[..., -1:], (1 - share) * lengths + share * partner(lengths), rtol=1e-4)
        method.decode(mixed)
        drawn = length(method.code(seen[-1]))
        assert (
            drawn.shape == lengths.shape
            and (seen[-1][..., method.depth :] == mixed[..., method.depth : -1]).numpy().all()
        )
        if share in (0.0, 1.0):
            np.testing.assert_allclose(seen[-1], method.seen(mixed), atol=1e-4)
        else:
            assert np.all(drawn > length(method.code(mixed)))


def test_a_stretch_brings_back_what_a_mix_has_lost_up_to_twice():
    """The mean of codes at right angles is shorter by the root of 2."""
    method = denoised()
    method.decoder = lambda latent, training: latent
    side = lambda *values: tf.constant(values)[None, None, None] + tf.zeros((1, 4, 4, 1))  # noqa: E731
    mean = side(0.5, 0.5, 0.0, 0.0, 0.0, 0.0)
    rest = side(0.1, 0.2, 0.3, 0.4)
    drawn = method.decode(tf.concat([mean, rest, side(1.0)], axis=-1))
    np.testing.assert_allclose(drawn, tf.concat([mean * 2**0.5, rest], axis=-1), rtol=1e-4)
    np.testing.assert_allclose(method.decode(tf.concat([mean, rest, side(9.0)], axis=-1))[..., :2], 1.0, rtol=1e-4)
    np.testing.assert_allclose(method.decode(tf.concat([mean, rest, side(0.1)], axis=-1))[..., :2], 0.5, rtol=1e-4)


def test_a_branch_alone_ends_as_long_as_its_code(batch):
    method = denoised()
    latent = method.encode(batch["image"])
    moved, _ = method.interpolate(latent, partner(latent) - latent, tf.constant([[1.0, 0.0, 0.0]] * 4))
    np.testing.assert_allclose(moved[..., -1:], length(method.code(moved)), rtol=1e-4)


# edits without a reference


def test_a_branch_moves_by_its_own_attributes_and_sees_the_face(batch):
    method = denoised()
    source = method.seen(method.encode(batch["image"]))
    difference = partner(source) - source
    moves = method.interpolator(difference, source)
    only = method.reading(difference) * [0.0, 1, 0, 0]  # age moves Young alone
    same = tf.concat(
        [tf.zeros_like(method.code(source)), only[:, None, None] + 0 * difference[..., method.depth :]], -1
    )
    np.testing.assert_allclose(method.interpolator(same, source)[:, 1], moves[:, 1], atol=1e-5)
    assert np.abs(method.interpolator(difference, source[::-1])[:, 1] - moves[:, 1]).max() > 1e-3
    still = method.interpolator(tf.zeros_like(difference), source)[:, :2]
    np.testing.assert_array_equal(still, tf.zeros_like(still))


# stages and networks


def test_stages_follow_their_steps():
    def plan(**steps):
        none = dict.fromkeys(("classifier_steps", "autoencoder_steps", "steps"), 0)
        stages = HomoInterp(Config(**{**TINY, **none, **steps}), ATTRIBUTES).stages()
        return [(stage.name, [(phase.name, phase.every) for phase in stage.phases]) for stage in stages]

    assert plan() == []
    assert plan(classifier_steps=1, autoencoder_steps=1) == [
        ("classifier", [("classifier", 1)]),
        ("autoencoder", [("autoencoder", 1)]),
    ]
    assert plan(steps=1, critic_steps=3) == [("together", [("critic", 1), ("together", 3)])]
    assert plan(**DENOISED, calibration_steps=2) == [
        ("denoiser", [("denoiser", 1)]),
        ("calibration", [("calibration", 1)]),
    ]


def test_the_decoder_may_be_lighter_than_the_rest():
    method, other = make(decoder_width=1, latent_depth=0), make(latent_depth=0)
    assert method.latent_shape == other.latent_shape
    weights = lambda net: sum(v.shape.num_elements() for v in net.variables)  # noqa: E731
    assert weights(method.decoder) < weights(other.decoder) and weights(method.encoder) == weights(other.encoder)
    assert method.decode(tf.zeros((1, *method.latent_shape))).shape == (1, 32, 32, 3)


def test_defaults_are_the_paper_s():
    c = Config()
    assert (c.image_size, c.width, c.encoder, c.decoder, c.critic_steps) == (128, 64, "vgg19", "upsample", 5)
    assert (c.penalty_weight, c.beta_1, c.rate, c.steps) == (100.0, 0.5, 1e-4, 128_000)
    assert c.rest == "network" and not c.homomorphism_encoder


def test_the_paper_s_networks_learn_jointly_small():
    """VGG19 for E and Phi, upsampling for D, no stages: one step of each phase, op by op."""
    method = make(
        image_size=64, width=1, latent_depth=0, encoder="vgg19", decoder="upsample", perceptual="vgg19",
        vgg_weights="random", classifier_steps=5, autoencoder_steps=0,
    )  # fmt: skip
    assert method.latent_shape == (4, 4, 8)
    (stage,) = method.stages()  # nothing of Phi to train
    raw = {"image": tf.zeros((2, 64, 64, 3), tf.uint8), "labels": tf.constant([[0.0, 1, 0, 0], [1, 1, 1, 0]])}
    batch = method.prepare(raw, tf.constant([0, 0]))
    for phase in stage.phases:
        variables = [v for net in phase.nets for v in getattr(method, net).trainable_variables]
        with tf.GradientTape() as tape:
            loss, _ = phase.loss(batch)
        gradients = tape.gradient(loss, [v.value for v in variables])
        assert all(g is not None and np.isfinite(g).all() for g in gradients), phase.name


def test_branches_may_learn_from_faces_that_stand_still():
    method = denoised(shift=0.5, scale=0.5, tilt=90.0, mirror=False, denoiser_motion=0.0, calibration_steps=1)
    raw = {"image": tf.cast(a_batch()["image"] * 255.0, tf.uint8), "labels": tf.zeros((4, 4))}
    given, seed = tf.cast(raw["image"], tf.float32) / 255.0, tf.constant([0, 0])
    moved = {
        s.name: not np.array_equal((s.prepare or method.prepare)(raw, seed)["image"], given) for s in method.stages()
    }
    assert moved == {name: name not in ("denoiser", "calibration") for name in moved} and len(moved) > 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": 48}, "--image_size=48: encoder=patch needs a multiple of 32"),
        (
            {"image_size": 32, "encoder": "vgg19", "decoder": "upsample"},
            "--image_size=32: encoder=vgg19 needs a multiple of 64",
        ),
        ({"image_size": 64, "encoder": "vgg19"}, "--decoder=shuffle: .* use encoder=patch or decoder=upsample"),
        ({"perceptual": "vgg19", "reading": True}, "--reading: VGG19 reads no attributes"),
        (
            {"branches": "denoised", "rest": "remainder"},
            "--branches=denoised: .* go by the reading; give --reading and",
        ),
        (
            {"branches": "denoised", "rest": "remainder", "reading": True},
            "--branches=denoised: these branches learn in --denoiser_steps; give some",
        ),
        (
            DENOISED | {"usual_gains": "look=2"},
            "^--usual_gains: no branch or attribute is called 'look'; .*; --usual_gains= with nothing behind it",
        ),
        (DENOISED | {"usual_gains": "age=0"}, "--usual_gains=age=0: give factors from 0.1 to 100"),
        (DENOISED | {"usual_gains": "age=1e30"}, "--usual_gains=age=1e30: give factors from 0.1 to 100"),
        (
            DENOISED | {"usual_gains": "age=nan"},
            "'nan' for age is no finite number; 1 goes as far as the denoiser says",
        ),
        ({"usual_gains": "age=2"}, "--usual_gains: belong to --branches=denoised"),
        ({"calibration_steps": 1}, "--calibration_steps, --usual_gains: belong to --branches=denoised"),
        ({"gan_weight": 0.0}, "--gan_weight=0: E hears the same .* give --encoder_gan_weight=0 too"),
        ({"perceptual": "vgg19"}, "--perceptual=vgg19 gives a 2x2 teacher for 4x4 latents"),
    ],
)
def test_options_that_do_not_fit_together(options, message):
    with pytest.raises(InputError, match=message):
        make(**options, vgg_weights="random")

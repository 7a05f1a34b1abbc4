"""HomoInterp's own mathematics. What every system promises is in tests/conformance/."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.cases import CASES, shake
from tf_homo.branches import partner
from tf_homo.errors import InputError
from tf_homo.methods.homo import Config, HomoInterp

TINY = {**CASES["homo"].options, "reading": False, "label_steps": 0}
ATTRIBUTES = ("Smiling", "Young", "Wearing_Hat", "Mouth_Slightly_Open")  # expression: 0 and 3, age: 1, no group: 2


def make(attributes=ATTRIBUTES, groups=None, **options):
    keras.utils.set_random_seed(0)
    method = HomoInterp(Config(**{**TINY, **options}), attributes, groups)
    method.build_all()
    return shake(method)


@pytest.fixture(scope="module")
def homo():
    return make()


@pytest.fixture
def batch(homo):
    rng = np.random.default_rng(0)
    return {
        "image": tf.constant(rng.random((4, 32, 32, 3), np.float32)),
        "labels": tf.constant([[0.0, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1], [1, 0, 1, 0]]),
        "strength": tf.constant(rng.random((4, 3), np.float32)),
        "mix": tf.constant(rng.random((4, 1, 1, 1), np.float32)),
        "apart": tf.constant([1.0, 1.0, 0.0, 1.0]),
        "given": tf.constant([1.0, 0.0, 1.0, 1.0]),
        "signs": tf.constant(rng.choice([-1.0, 1.0], (4, 4)).astype(np.float32)),
    }


# pairs, labels, moves of the input


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


# the terms


def test_all_branches_at_one_reach_the_target_if_they_share_the_difference(homo, batch):
    method = make()
    method.interpolator = lambda difference: tf.stack([0.5 * difference, 0.25 * difference, 0.25 * difference], axis=1)
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
    """(4.8) on purpose, not those that the interpolation should have; where all branches move as one, nothing."""
    _, terms = homo.critic_loss(batch)
    latent = homo.encoder(batch["image"])
    fake, _ = homo.interpolate(latent, homo.difference(latent, batch["given"]), batch["strength"])
    logits = homo.critic(fake)[1]
    per_attribute = tf.nn.sigmoid_cross_entropy_with_logits(batch["labels"], logits)
    expected = tf.reduce_sum(per_attribute, axis=1) * [1.0, 1.0, 0.0, 1.0]
    assert float(terms["gap"]) == pytest.approx(float(tf.reduce_mean(expected)), rel=1e-5)


# codes that lose a part


def test_what_is_erased_is_still_to_be_drawn(batch):
    method = make(erased_share=1.0)
    erased = tf.ones((4, 4, 4, 6))
    loss, terms = method.autoencoder_loss(batch | {"erased": erased})
    nothing = method.decoder(tf.zeros((4, *method.latent_shape)))
    error = float(tf.reduce_mean((nothing - batch["image"]) ** 2))
    assert float(terms["psnr_erased"]) == pytest.approx(-10 * np.log10(error), abs=1e-3)


# the critic on pictures


def on_pictures(**options):
    case = CASES["homo_on_pictures"].options
    return make(**{**case, "label_steps": 0, **options})


def test_on_pictures_the_losses_are_the_weighted_sums_of_their_terms(batch):
    weights = {"gan": 2.0, "homomorphism": 3.0, "total": 5.0, "change": 11.0}
    method = on_pictures(**{f"{name}_weight": weight for name, weight in weights.items()})
    latent = method.encode(batch["image"])
    loss, terms = method.game(batch, latent)
    fake, _ = method.interpolate(latent, method.difference(latent, batch["given"]), batch["strength"])
    moved = tf.reduce_mean(tf.abs(method.decoder(fake) - batch["image"]), axis=(1, 2, 3))
    assert float(terms["change"]) == pytest.approx(float(tf.reduce_mean(moved * batch["apart"])), rel=1e-4)
    score = method.critic(method.decoder(fake))[0]
    assert float(terms["opponent"]) == pytest.approx(float(tf.reduce_mean(tf.nn.softplus(-score))), rel=1e-4)
    terms["gan"] = terms.pop("opponent")
    assert float(loss) == pytest.approx(sum(weights[name] * float(terms[name]) for name in weights), rel=1e-4)
    loss, terms = method.critic_loss(batch)
    assert float(loss) == pytest.approx(
        sum(map(float, (terms[n] for n in ("logistic", "penalty", "gap", "real")))), rel=1e-4
    )


def test_gates_share_the_channels_evenly():
    with pytest.raises(InputError, match="--gates=4: cannot share the code's 6 channels"):
        on_pictures(gates=4)


def test_branches_alone_have_no_opponent(batch):
    method = on_pictures(gan_weight=2.0)
    loss, terms = method.branches_loss(batch)
    with_opponent, _ = method.game(batch, method.encode(batch["image"]))
    assert float(with_opponent - loss) == pytest.approx(2 * float(terms["opponent"]), rel=1e-3)


def test_the_logistic_game_penalises_the_slopes_of_score_and_logits(batch):
    """A linear critic's slopes are its weights."""
    method = on_pictures(penalty_weight=4.0, label_penalty_weight=9.0)
    rng = np.random.default_rng(1)
    score, label = (tf.constant(rng.standard_normal((32 * 32 * 3, n)), tf.float32) for n in (1, 4))
    flat = lambda x: tf.reshape(x, (-1, 32 * 32 * 3))  # noqa: E731
    method.critic = lambda x: (flat(x) @ score, flat(x) @ label)
    slopes = 2 * score[:, 0] + 3 * tf.linalg.matvec(label, tf.constant([1.0, -1.0, 1.0, 1.0]))
    _, _, penalty = method.judgement(batch["image"][:1], tf.constant([[1.0, -1.0, 1.0, 1.0]]))
    assert float(penalty) == pytest.approx(float(tf.reduce_sum(slopes**2)), rel=1e-4)


def test_a_picture_is_what_its_reading_says(batch):
    method = on_pictures()
    latent = method.encode(batch["image"])
    other = tf.concat([latent[..., : method.depth], tf.zeros_like(latent[..., method.depth :])], axis=-1)
    assert np.abs(method.decoder(latent) - method.decoder(other)).max() > 1e-3


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


def test_what_is_left_reaches_the_target(batch):
    method = make(rest="remainder")
    latent = method.encode(batch["image"])
    found, _ = method.interpolate(latent, partner(latent) - latent, tf.ones((4, 3)))
    np.testing.assert_allclose(found, partner(latent), atol=1e-5)


def test_strengths_are_drawn_as_asked(batch):
    raw = {"image": tf.zeros((64, 32, 32, 3), tf.uint8), "labels": tf.zeros((64, 4))}
    draw = lambda **options: make(**options).prepare(raw, tf.constant([1, 2]))["strength"].numpy()  # noqa: E731
    assert set(np.unique(draw(corner_share=1.0))) == {0.0, 1.0}
    assert np.all(np.count_nonzero(draw(lone_share=1.0, corner_share=0.0), axis=1) == 1)
    one = draw(path_share=1.0, rest_plays=False, lone_share=1.0, corner_share=1.0)
    assert np.all(one == one[:, :1]) and len(np.unique(one)) > 32
    still = draw(rest_plays=False, lone_share=0.0, corner_share=0.0)
    assert not still[:, 2].any() and np.all(still[:, :2] > 0)


# directions, and edits without a reference


def test_behind_shut_gates_a_branch_moves_by_its_own_directions(batch):
    method = on_pictures()
    for branch in method.interpolator.branches:
        branch.layers[-1].kernel.assign(tf.zeros_like(branch.layers[-1].kernel))
        branch.layers[-1].bias.assign(tf.fill(branch.layers[-1].bias.shape, -1e4))
    latent = method.encode(batch["image"])
    difference = partner(latent) - latent
    _, moves = method.interpolate(latent, difference, tf.ones((4, 3)))
    own = difference[:, 0, 0, method.depth :] * [0.0, 1, 0, 0]  # age moves Young alone
    expected = tf.einsum("bk,khwd->bhwd", own, method.directions.fields)
    np.testing.assert_allclose(method.code(moves[:, 1]), expected, atol=1e-5)


def test_where_no_reference_is_given_its_reading_is_all_there_is(batch):
    method = on_pictures()
    latent = method.encode(batch["image"])
    found, whole = method.difference(latent, batch["given"]), partner(latent) - latent
    np.testing.assert_array_equal(found[0], whole[0])
    np.testing.assert_array_equal(method.code(found)[1], tf.zeros_like(method.code(found)[1]))
    np.testing.assert_array_equal(found[1, ..., method.depth :], whole[1, ..., method.depth :])
    raw = {"image": tf.zeros((64, 32, 32, 3), tf.uint8), "labels": tf.zeros((64, 4))}
    drawn = on_pictures(edit_share=1.0).prepare(raw, tf.constant([1, 2]))
    np.testing.assert_array_equal(drawn["given"], 1.0 - drawn["apart"])


def test_directions_are_those_of_least_squares():
    method = on_pictures(erased_share=0.0)
    reading = tf.constant([[0.5, -0.5, 0.25, 1.0], [0.0, 1.0, -1.0, 0.5]])
    fields = tf.random.stateless_normal(method.directions.fields.shape, (0, 1))
    method.directions.fields.assign(fields)
    code = tf.stack([tf.zeros((4, 4, 6)), tf.einsum("k,khwd->hwd", reading[1] - reading[0], fields)])
    method.encode = lambda image: tf.concat([code, tf.zeros((2, 4, 4, 4)) + reading[:, None, None]], axis=-1)
    assert float(method.directions_loss({"image": None})[1]["left"]) == pytest.approx(0, abs=1e-6)


def test_a_wish_moves_its_own_branch_evenly_to_the_end(batch):
    method = on_pictures()
    method.coupling.slopes.assign(tf.zeros_like(method.coupling.slopes))
    latent = method.encode(batch["image"])
    edit = lambda *wish: method.edit(latent, tf.constant([wish] * 4))  # noqa: E731
    np.testing.assert_array_equal(edit(0.0, 0.0, 0.0, 0.0), latent)
    np.testing.assert_allclose(edit(1.0, 0, 0, 0)[:, 0, 0, method.depth], tf.ones(4), atol=1e-5)
    np.testing.assert_allclose(edit(0, -1.0, 0, 0)[:, 0, 0, method.depth + 1], -tf.ones(4), atol=1e-5)
    half, whole = edit(0.5, 0, 0, 0) - latent, edit(1.0, 0, 0, 0) - latent
    np.testing.assert_allclose(2 * half, whole, atol=1e-5)
    assert np.abs(method.code(whole)).max() > 1e-3
    np.testing.assert_array_equal(whole[..., method.depth + 1 :], tf.zeros_like(whole[..., method.depth + 1 :]))


def test_others_of_the_group_go_along(batch):
    method = on_pictures()
    slopes = np.zeros((4, 4), np.float32)
    slopes[0, 3], slopes[0, 1] = 0.5, 9.0  # an open mouth goes with a smile; Young stands in another group
    method.coupling.slopes.assign(slopes)
    np.testing.assert_allclose(method.coupling(tf.constant([[1.0, 0, 0, 0]])), [[1.0, 0, 0, 0.5]])
    told = tf.constant([[1.0, 0.0, 0.0, 0.5]])
    # from the smile all is told; from the open mouth, whose own slope is 0, the smile is not
    assert float(method.coupling.left(told)) == pytest.approx(1.0 / 16)


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
    assert plan(label_steps=1) == [("labels", [("labels", 1)])]


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
        ({"directions": True, "reading": True}, "--directions: needs gates and the reading; give --gates=1"),
        ({"perceptual": "vgg19"}, "--perceptual=vgg19 gives a 2x2 teacher for 4x4 latents"),
    ],
)
def test_options_that_do_not_fit_together(options, message):
    with pytest.raises(InputError, match=message):
        make(**options, vgg_weights="random")


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

"""Networks: shapes at every size, and the few numbers that a reader can check by hand."""

import numpy as np
import pytest
import tensorflow as tf

from tf_homo import networks
from tf_homo.layers import precision
from tf_homo.networks import (
    Coupling,
    Gains,
    Interpolator,
    LatentCritic,
    PatchEncoder,
    ShuffleDecoder,
    UpsampleDecoder,
    VggEncoder,
)


def noise(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).random(shape, np.float32))


def parameters(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize(
    ("encoder", "decoder", "depth"),
    [(VggEncoder, UpsampleDecoder, 16), (PatchEncoder, UpsampleDecoder, 8), (PatchEncoder, ShuffleDecoder, 8)],
)
def test_an_image_becomes_a_latent_and_an_image_again(encoder, decoder, depth, size):
    encode = encoder(2)
    latent = encode(noise(1, size, size, 3))
    assert latent.shape == (1, size // encode.stride, size // encode.stride, depth)
    assert decoder(2, encode.stride)(latent).shape == (1, size, size, 3)


@pytest.mark.parametrize(("encoder", "decoder"), [(VggEncoder, UpsampleDecoder), (PatchEncoder, ShuffleDecoder)])
def test_the_latent_may_have_another_depth(encoder, decoder):
    encode = encoder(2, latent_depth=5)
    latent = encode(noise(1, 32, 32, 3))
    assert latent.shape[-1] == 5
    assert decoder(2, encode.stride, 5)(latent).shape == (1, 32, 32, 3)


@pytest.mark.parametrize("encoder", [VggEncoder, PatchEncoder])
def test_unit_latents(encoder):
    """In training each channel has mean 0 and variance 1; without the option nothing is scaled."""
    image = noise(4, 32, 32, 3)
    scaled = encoder(2)(image, training=True).numpy()
    np.testing.assert_allclose(scaled.mean(axis=(0, 1, 2)), 0, atol=1e-3)
    spread = scaled.std(axis=(0, 1, 2))
    assert (np.isclose(spread, 1, atol=0.05) | (spread == 0)).all()  # a channel may be dead
    assert encoder(2, unit_latents=False).scale is None


def test_vgg_has_the_weights_of_vgg19_up_to_its_fifth_block():
    names = [layer.name for layer in networks.vgg_layers(1, last=(5, 1))]
    assert names[0] == "block1_conv1" and names[-1] == "block5_conv1"
    assert len([name for name in names if "conv" in name]) == 13
    encode = VggEncoder(64, unit_latents=False)
    encode.blocks.build((None, 32, 32, 3))
    assert parameters(encode) == 20_024_384 - 3 * (
        512 * 512 * 9 + 512
    )  # all convolutions of VGG19, less the last three


def test_vgg_is_fed_as_it_was_trained():
    """0 and 1 become 0 and 255, less ImageNet's mean, RGB."""
    encode = VggEncoder(1, unit_latents=False)
    image = noise(1, 16, 16, 3)
    expected = encode.blocks(255.0 * image - np.array([123.68, 116.779, 103.939], np.float32))
    np.testing.assert_allclose(encode(image), expected, rtol=1e-4)


def test_pixel_shuffles_undo_strides_of_eight_only():
    with pytest.raises(ValueError, match="encoder=patch or decoder=upsample"):
        ShuffleDecoder(2, stride=16)


def test_residual_blocks_start_as_nothing():
    x = noise(1, 4, 4, 3)
    np.testing.assert_array_equal(networks.Residual(3)(x), x)


def test_branches_are_paper_s_three_convolutions():
    branches = Interpolator(3)
    x = noise(2, 4, 4, 8)
    moves = branches(x, x)
    assert moves.shape == (2, 3, 4, 4, 8)
    assert parameters(branches) == 3 * 3 * (3 * 3 * 8 * 8 + 8)
    slim = Interpolator(3, branch_width=4)
    assert slim(x, x).shape == moves.shape
    assert parameters(slim) == 3 * (9 * 8 * 4 + 4 + 9 * 4 * 4 + 4 + 9 * 4 * 8 + 8)


def moving(branches, x):
    """Branches that no longer move nothing, as they do at the start."""
    assert not np.any(branches(x, x))
    for variable in branches.trainable_variables:
        variable.assign(variable.value + 0.3 * noise(*variable.shape))
    return branches


def test_moves_are_the_branches_one_by_one():
    x = noise(2, 4, 4, 8)
    branches = moving(Interpolator(3), x)
    np.testing.assert_array_equal(branches(x, x), np.stack(branches.moves(x, x), axis=1))


def test_without_bias_no_difference_is_no_move():
    branches = moving(Interpolator(2, bias=False), noise(1, 4, 4, 8))
    assert not np.any(branches(tf.zeros((1, 4, 4, 8)), noise(1, 4, 4, 8)))
    assert not [v for v in branches.variables if "bias" in v.path]


def test_a_remainder_makes_the_moves_add_up_to_the_difference():
    x = noise(2, 4, 4, 8)
    branches = Interpolator(2, remainder=True)
    np.testing.assert_array_equal(branches(x, x), np.stack([0 * x, 0 * x, x], axis=1))
    for variable in branches.trainable_variables:
        variable.assign(variable.value + 0.3 * noise(*variable.shape))
    np.testing.assert_allclose(tf.reduce_sum(branches(x, x), axis=1), x, atol=1e-4)


def test_gains_go_by_the_face_and_by_their_own_change():
    source, change = noise(4, 4, 4, 8 + 3), noise(4, 3, seed=1)[:, None, None] + tf.zeros((4, 4, 4, 3))
    gains = Gains([1.0] * 3)
    gains.build((4, 4, 8 + 3))
    np.testing.assert_array_equal(gains(change, source), change)
    wider = Gains([2.0, 2.0, 5.0], widest=4.0)
    wider.build((4, 4, 8 + 3))
    np.testing.assert_array_equal(wider(change, source), change * [2.0, 2.0, 5.0])
    wider.out.bias.assign([99.0, -99.0, 0.0, 0.0, 0.0, 0.0])
    np.testing.assert_allclose(wider(change, source), change * [8.0, 0.5, 5.0], rtol=1e-5)
    gains.out.kernel.assign(99.0 * (noise(64, 6, seed=2) - tf.reduce_mean(noise(64, 6, seed=2))))
    factor = (gains(change, source) / change)[:, 0, 0].numpy()
    assert 0.39 < factor.min() < 0.5 and 2.0 < factor.max() < 2.51
    assert np.abs(gains(change, source[::-1]) / change - factor[:, None, None]).max() > 0.1
    gains.out.kernel.assign(0.1 * noise(64, 6, seed=2))
    other = change * [1.0, 2.0, 1.0]
    first, second = (gains(x, source) / x for x in (change, other))
    np.testing.assert_allclose(first[..., ::2], second[..., ::2], rtol=1e-5)
    assert np.abs(first - second)[..., 1].max() > 1e-3


def test_each_branch_gets_its_own_gradient():
    """Compiled as op by op: with tf.stack, TensorFlow's graph pass for oneDNN mixes up the branches' bias gradients."""
    x = noise(2, 4, 4, 6)
    branches = moving(Interpolator(4), x)
    variables = [v.value for v in branches.trainable_variables]
    share = tf.reshape(tf.range(1.0, 5.0), (1, 4, 1, 1, 1))

    def gradients():
        with tf.GradientTape() as tape:
            first, second = branches(x, x), branches(x[:, ::-1], x)
            loss = tf.reduce_sum(share * first**2) + tf.reduce_sum(share * tf.abs(first)) + tf.reduce_sum(second**3)
        return tape.gradient(loss, variables)

    for _ in range(3):
        for ours, theirs in zip(tf.function(gradients)(), gradients(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("cells", [2, 4, 8, 16])
def test_critic_scores_and_reads_maps_of_any_size(cells):
    critic = LatentCritic(attributes=5, channels=4)
    score, logits = critic(noise(2, cells, cells, 6))
    assert score.shape == (2, 1) and logits.shape == (2, 5)
    assert score.dtype == logits.dtype == tf.float32
    strided = [layer for layer in critic.trunk.layers if getattr(layer, "strides", None) == (2, 2)]
    assert len(strided) == {2: 0, 4: 1, 8: 2, 16: 2}[cells]


def test_critic_judges_each_latent_alone():
    critic, x = LatentCritic(3, 4), noise(3, 4, 4, 6)
    for whole, part in zip(critic(x), critic(x[1:2]), strict=True):
        np.testing.assert_allclose(whole[1:2], part, atol=1e-5)


def test_critic_s_heads_share_the_trunk():
    critic = LatentCritic(3, 4)
    critic(noise(1, 4, 4, 6))
    assert parameters(critic) == parameters(critic.trunk) + (4 + 1) + (4 * 3 + 3)


def test_the_critic_does_not_round_what_it_judges():
    """bfloat16 keeps eight bits: finer patterns would be lost on a critic that sees its input in it."""
    seen = 0.5 + noise(2, 32, 32, 3) / 512
    with precision("mixed_bfloat16"):
        judge = LatentCritic(3, 4)
        scores = [judge(x)[0] for x in (seen, tf.cast(tf.cast(seen, tf.bfloat16), tf.float32))]
    assert scores[0].dtype == tf.float32
    assert np.abs(scores[0] - scores[1]).max() > 1e-5


def test_what_goes_along_is_what_has_to():
    """Of three colours a face has one, a hat with any: a gain takes all of another colour, a loss gives half of each,
    and the hat stays."""
    coupling = Coupling(np.ones((4, 1)))
    coupling.build()
    colours = np.repeat(np.eye(3, dtype=np.float32) * 2 - 1, 2, axis=0)
    faces = tf.constant(np.column_stack([colours, np.tile([-1.0, 1.0], 3)]), tf.float32)
    for _ in range(100):
        with tf.GradientTape() as tape:
            loss = coupling.left(faces)
        for weight, slope in zip(coupling.weights, tape.gradient(loss, coupling.weights), strict=True):
            weight.assign_sub(5.0 * slope)
    told = coupling(tf.constant([[2.0, 0, 0, 0], [-2.0, 0, 0, 0]]), tf.constant([[-1.0, 1, -1, 1], [1.0, -1, -1, 1]]))
    np.testing.assert_allclose(told, [[2, -2, 0, 0], [-2, 1, 1, 0]], atol=0.03)

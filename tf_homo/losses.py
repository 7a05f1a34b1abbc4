"""Loss formulas: pure functions from tensors to one float32 scalar. No weights of terms, no networks.

Equation numbers are those of docs/method.md; the public reference is Chen, Xu, Tian, Jia, "Homomorphic
Latent Space Interpolation for Unpaired Image-to-image Translation", CVPR 2019. Every mean is over the batch; WGAN-GP is
Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf


def wasserstein_critic(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """(4.1) without its penalty: E[Dis(fake)] - E[Dis(real)] of critic scores (B, ...)."""
    return tf.reduce_mean(_float(fake)) - tf.reduce_mean(_float(real))


def wasserstein_opponent(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """(4.2): E[Dis(real)] - E[Dis(fake)], what encoder and interpolator minimise."""
    return -wasserstein_critic(real, fake)


def gradient_penalty(
    critic: Callable[[tf.Tensor], tf.Tensor], real: tf.Tensor, fake: tf.Tensor, mix: tf.Tensor
) -> tf.Tensor:
    """(4.1), penalty: E[(|grad critic(x)|_2 - 1)^2] at x = mix * real + (1 - mix) * fake, mix in [0, 1] of shape (B, 1,
    ...).
    """
    x = mix * real + (1.0 - mix) * fake
    with tf.GradientTape() as tape:
        tape.watch(x)
        score = tf.reduce_sum(critic(x))
    slope = _float(tape.gradient(score, x))
    norm = tf.sqrt(
        tf.reduce_sum(tf.square(slope), axis=range(1, slope.shape.rank)) + 1e-12
    )  # the root has no slope at 0
    return tf.reduce_mean(tf.square(norm - 1.0))


def squared_error(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """(4.3), (4.4), (4.5), total: mean of (a - b)^2 over all elements, so that the size of a feature map does not
    weigh.
    """
    return tf.reduce_mean(tf.square(_float(a) - _float(b)))


def picture_error(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """L1 of pictures in [0, 1] as if they were in [-1, 1], which the papers' weights are for: 2 E|a - b|."""
    return 2.0 * tf.reduce_mean(tf.abs(_float(a) - _float(b)))


def attribute_entropy(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """(4.7), (4.8): binary cross entropy of logits (B, K) against labels in [0, 1], summed over attributes."""
    per_attribute = tf.nn.sigmoid_cross_entropy_with_logits(labels=_float(labels), logits=_float(logits))
    return tf.reduce_mean(tf.reduce_sum(per_attribute, axis=-1))


# --- adversarial losses on the scores of a discriminator, (B, ...), pictures or patches alike; `real` scores of real
# pictures, `fake` of made ones


def vanilla_critic(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """(-E[log D(x)] - E[log(1 - D(G))]) / 2 of logits (Goodfellow et al. 2014; halved as in Isola et al. 2017)."""
    return 0.5 * (tf.reduce_mean(tf.nn.softplus(-_float(real))) + tf.reduce_mean(tf.nn.softplus(_float(fake))))


def vanilla_generator(fake: tf.Tensor) -> tf.Tensor:
    """-E[log D(G)]: G maximises log D, as in both papers, in place of minimising log(1 - D)."""
    return tf.reduce_mean(tf.nn.softplus(-_float(fake)))


def least_squares_critic(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """(E[(D(x) - 1)^2] + E[D(G)^2]) / 2 (Mao et al. 2017; Zhu et al. 2017)."""
    return 0.5 * (tf.reduce_mean(tf.square(_float(real) - 1.0)) + tf.reduce_mean(tf.square(_float(fake))))


def least_squares_generator(fake: tf.Tensor) -> tf.Tensor:
    """E[(D(G) - 1)^2]."""
    return tf.reduce_mean(tf.square(_float(fake) - 1.0))


def hinge_critic(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """(E[max(0, 1 - D(x))] + E[max(0, 1 + D(G))]) / 2 (Lim, Ye 2017; Miyato et al. 2018)."""
    return 0.5 * (tf.reduce_mean(tf.nn.relu(1.0 - _float(real))) + tf.reduce_mean(tf.nn.relu(1.0 + _float(fake))))


def wasserstein_generator(fake: tf.Tensor) -> tf.Tensor:
    """-E[D(G)], also what a generator minimises against the hinge."""
    return -tf.reduce_mean(_float(fake))


#: {--gan: (loss of the discriminator, of the generator)}
ADVERSARIAL = {
    "vanilla": (vanilla_critic, vanilla_generator),
    "least_squares": (least_squares_critic, least_squares_generator),
    "hinge": (hinge_critic, wasserstein_generator),
}


def over_scales(loss: Callable[..., tf.Tensor], *scores: Sequence[tf.Tensor]) -> tf.Tensor:
    """Mean of `loss` over the scales of a discriminator that gives one map of scores for each."""
    return tf.add_n([loss(*maps) for maps in zip(*scores, strict=True)]) / len(scores[0])


def mean_scores(real: Sequence[tf.Tensor], fake: Sequence[tf.Tensor], of: str = "") -> dict[str, tf.Tensor]:
    """For the log: the mean score of real and of made pictures; alike where the discriminator knows nothing."""
    return {f"real{of}": over_scales(tf.reduce_mean, real), f"fake{of}": over_scales(tf.reduce_mean, fake)}


def _float(x: tf.Tensor) -> tf.Tensor:
    return tf.cast(x, tf.float32)

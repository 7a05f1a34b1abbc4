"""Loss formulas: pure functions from tensors to one float32 scalar. No weights of terms, no networks.

Equation numbers are those of docs/method.md; the public reference is Chen, Xu, Tian, Jia, "Homomorphic
Latent Space Interpolation for Unpaired Image-to-image Translation", CVPR 2019. Every mean is over the batch; WGAN-GP is
Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017.
"""

from collections.abc import Callable

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


def logistic_critic(real: tf.Tensor, fake: tf.Tensor) -> tf.Tensor:
    """In place of (4.1): E[softplus(Dis(fake))] + E[softplus(-Dis(real))] of scores (B, ...) (Goodfellow et al.
    2014).
    """
    return tf.reduce_mean(tf.nn.softplus(_float(fake))) + tf.reduce_mean(tf.nn.softplus(-_float(real)))


def logistic_opponent(fake: tf.Tensor) -> tf.Tensor:
    """In place of (4.2): E[softplus(-Dis(fake))], the form that does not saturate."""
    return tf.reduce_mean(tf.nn.softplus(-_float(fake)))


def squared_slope(slope: tf.Tensor) -> tf.Tensor:
    """E[|slope|_2^2] of gradients (B, ...): R1 and R2 where they are those of a score (Mescheder et al. 2018).

    Where they are those of sum_k e_k logit_k with signs e drawn at random, it is, in expectation over the signs, the
    sum over k of the squared slopes of the logits."""
    return tf.reduce_mean(tf.reduce_sum(tf.square(_float(slope)), axis=range(1, slope.shape.rank)))


def squared_error(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """(4.3), (4.4), (4.5), total: mean of (a - b)^2 over all elements, so that the size of a feature map does not
    weigh.
    """
    return tf.reduce_mean(tf.square(_float(a) - _float(b)))


def attribute_entropy(labels: tf.Tensor, logits: tf.Tensor, counts: tf.Tensor | float = 1.0) -> tf.Tensor:
    """(4.7), (4.8): binary cross entropy of logits (B, K) against labels in [0, 1], summed over attributes.

    `counts` (B,) says how much each example counts; all by default."""
    per_attribute = tf.nn.sigmoid_cross_entropy_with_logits(labels=_float(labels), logits=_float(logits))
    return tf.reduce_mean(counts * tf.reduce_sum(per_attribute, axis=-1))


def _float(x: tf.Tensor) -> tf.Tensor:
    return tf.cast(x, tf.float32)

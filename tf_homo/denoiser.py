"""A denoiser of codes that is told their attributes, and how it teaches branches: no adversary, least squares only.

A code F with noise of size s, F + s e, is most likely to come from D(F + s e, s, r), where r is the reading of its
attributes (Karras, Aittala, Aila, Laine, "Elucidating the design space of diffusion-based generative models", NeurIPS
2022). What D says of a moved code under the readings that it was moved to, less what it says of the source under its
own, is the way that is still to go (Hertz, Aberman, Cohen-Or, "Delta denoising score", ICCV 2023).

Differs from Karras et al.: the code is denoised about the mean that its reading makes likely, a linear function that
is learned with the rest, so that D starts as the best linear one.
"""

import keras
import tensorflow as tf
from keras import layers

from tf_homo.networks import Places

WITHIN = 0.6  # variance of a code about the mean that its reading makes likely, where codes have unit scale
SEEN = (0.3, 1.3)  # mean and spread of ln s while D learns
TAUGHT = (1.0, 6.0)  # s while branches learn: below, the code itself tells its attributes and D ignores the reading


def conv(filters: int, kernel: int = 3, **options) -> layers.Conv2D:
    """A "same" convolution with Keras's own start: He's is too loud where a zero convolution listens to all."""
    return layers.Conv2D(filters, kernel, padding="same", **options)


class Block(layers.Layer):
    """x + conv(silu(scale(condition) norm(conv(silu(x))) + shift(condition))); starts as the identity."""

    def __init__(self, filters: int, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.first, self.second = conv(filters), conv(filters, kernel_initializer="zeros")
        self.norm = layers.GroupNormalization(min(8, filters))
        self.condition = layers.Dense(2 * filters)

    def build(self, shape, condition_shape):
        self.first.build(shape)
        self.norm.build((*shape[:-1], self.filters))
        self.second.build((*shape[:-1], self.filters))
        self.condition.build(condition_shape)

    def call(self, x, condition):
        scale, shift = tf.split(self.condition(condition)[:, None, None], 2, axis=-1)
        return x + self.second(tf.nn.silu(self.norm(self.first(tf.nn.silu(x))) * (1.0 + scale) + shift))


class Denoiser(keras.Model):
    """D(code + s e (B, h, w, d), s (B,), reading (B, K)) -> code (B, h, w, d); h and w are even.

    A U-net of two scales, `width` channels at the code's own and twice that at half of it.
    """

    def __init__(self, width: int, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.width = width

    def build(self, code, reading):
        h, w, d = code
        wide = 2 * self.width
        self.mean = layers.Dense(h * w * d, kernel_initializer="zeros", dtype="float32")
        self.mean.build((None, reading))
        self.told = keras.Sequential([layers.Dense(128, "silu"), layers.Dense(128, "silu")])
        self.told.build((None, reading + 8))
        self.into = keras.Sequential([conv(self.width), Places()])
        self.into.build((None, h, w, 2 * d + reading))
        self.fine = [Block(self.width) for _ in range(4)]
        self.down = keras.Sequential([conv(wide, 2, strides=2), Places()])
        self.down.build((None, h, w, self.width))
        self.coarse = [Block(wide) for _ in range(3)]
        self.up = keras.Sequential([layers.UpSampling2D(), conv(self.width)])
        self.up.build((None, h // 2, w // 2, wide))
        self.join = conv(self.width, 1)
        self.join.build((None, h, w, wide))
        self.out = conv(d, kernel_initializer="zeros")
        self.out.build((None, h, w, self.width))
        for block in self.fine:
            block.build((None, h, w, self.width), (None, 128))
        for block in self.coarse:
            block.build((None, h // 2, w // 2, wide), (None, 128))
        self.built = True

    def call(self, noisy, size, reading):
        mean = tf.reshape(self.mean(reading), tf.shape(noisy))
        level = tf.math.log(size[:, None]) / 4.0 * tf.constant([1.0, 2.0, 4.0, 8.0])
        told = self.told(tf.concat([reading, tf.cos(level), tf.sin(level)], axis=-1))
        size = size[:, None, None, None]
        total = WITHIN + size**2
        away = noisy - mean
        spread = reading[:, None, None] + tf.zeros_like(away[..., :1])
        x = self.into(tf.concat([away / total**0.5, mean, spread], axis=-1))
        for block in self.fine[:2]:
            x = block(x, told)
        kept, x = x, self.down(x)
        for block in self.coarse:
            x = block(x, told)
        x = self.join(tf.concat([self.up(x), kept], axis=-1))
        for block in self.fine[2:]:
            x = block(x, told)
        drawn = tf.cast(self.out(x), tf.float32)
        return mean + WITHIN / total * away + size * (WITHIN / total) ** 0.5 * drawn


def denoising_loss(denoiser: Denoiser, code: tf.Tensor, reading: tf.Tensor, normal: tf.Tensor, noise: tf.Tensor):
    """Mean square of what D leaves of codes (B, h, w, d), every size of noise weighing alike.

    normal (B,) and noise (B, h, w, d) are drawn from the unit normal distribution.
    """
    size = tf.exp(SEEN[0] + SEEN[1] * normal)
    spread = size[:, None, None, None]
    left = denoiser(code + spread * noise, size, reading) - code
    return tf.reduce_mean(left**2 * (WITHIN + spread**2) / (WITHIN * spread**2))


def way_to_go(denoiser: Denoiser, codes, readings, uniform: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """How much farther a moved code should move, (B, h, w, d), by the same noise on both.

    codes, readings: pairs of the source's and the moved one's, (B, h, w, d) and (B, K). uniform: (B,) in [0, 1].
    """
    size = TAUGHT[0] * (TAUGHT[1] / TAUGHT[0]) ** uniform
    noise *= size[:, None, None, None]
    noisy = tf.concat([code + noise for code in codes], axis=0)
    said = denoiser(noisy, tf.concat([size, size], axis=0), tf.concat(readings, axis=0))
    source, moved = tf.split(said - tf.concat(codes, axis=0), 2)
    return moved - source

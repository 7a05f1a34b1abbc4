"""Branches that are a denoiser of codes, told their attributes: no adversary, least squares only.

D(F + s e, r), e of unit variance, guesses a code F from a noisy one and its reading r, or its labels in place of that:
the mean of all that it may have been. Given the clean code as if it were noisy, under the reading that branch i leads
to and under its own, it says what differs between the two kinds of face and belongs to this one:

    T_i(F) = (D(F, r + g r_i) - D(F, r)) / (1 - k)        k = 0.6 / (0.6 + s^2)

g, how far to go, is what calibration learns (tf_homo.networks.Gains). k is the share that D keeps of what lies beside
the mean. The division by the rest makes T_i with g = 1 exact where D can do no better than its linear guess: it moves
the mean, which the reading says, and keeps what lies beside it.

Differs from denoising diffusion (Karras, Aittala, Aila, Laine, "Elucidating the design space of diffusion-based
generative models", NeurIPS 2022): one size of noise, large enough that the code does not tell its attributes itself;
the code is denoised about the mean that its reading makes likely, a linear function learned with the rest, so that D
starts as the best linear guess; and no sampling. It is close to editing by the flow (up to the noise under one
reading, down under another) in a single step, less the error with which the flow would return the face itself; and to
the gradient of delta denoising (Hertz, Aberman, Cohen-Or, ICCV 2023) without its noise.
"""

import math

import keras
import tensorflow as tf
from keras import layers

from tf_homo.layers import GroupNormalization, NearestUpsampling
from tf_homo.networks import Gains, Interpolator, Places

WITHIN = 0.6  # variance of a code about the mean that its reading makes likely; codes have unit scale


def conv(filters: int, kernel: int = 3, **options) -> layers.Conv2D:
    """A "same" convolution with Keras's own start: He's is too loud where a zero convolution listens to all."""
    return layers.Conv2D(filters, kernel, padding="same", **options)


class Block(layers.Layer):
    """x + conv(silu(scale norm(conv(silu(x))) + shift)), where a condition says scale and shift; at first x itself.

    Conditions may have so many `times` the rows of x: all of x under the first ones, then under the next.
    """

    def __init__(self, filters: int, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.first, self.second = conv(filters), conv(filters, kernel_initializer="zeros")
        self.norm = GroupNormalization(math.gcd(8, filters))

    def build(self, shape, condition=None):
        self.first.build(shape)
        self.norm.build((*shape[:-1], self.filters))
        self.second.build((*shape[:-1], self.filters))
        self.condition = layers.Dense(2 * self.filters) if condition else None
        if condition:
            self.condition.build(condition)

    def call(self, x, condition=None, times=1):
        y = self.norm(self.first(tf.nn.silu(x)))
        if condition is not None:
            x, y = _repeated(x, times), _repeated(y, times)
            scale, shift = tf.split(self.condition(condition)[:, None, None], 2, axis=-1)
            y = y * (1.0 + scale) + shift
        return x + self.second(tf.nn.silu(y))


class Denoised(Interpolator):
    """T_i as above: no code of the target, so that a reading that somebody wishes for does as well.

    D has two parts. The trunk, `width` channels at the code's own size and twice that at half of it, sees the code
    alone and runs once; the head, `branch_width` channels, is told a reading and runs once a branch. h and w are even.
    `noise` is s; `gains` scales r_i, is no part of this network and learns alone.
    """

    def __init__(self, branches: int, branch_width: int = 0, *args, width: int, noise: float, gains: Gains, **kwargs):
        super().__init__(0, branch_width or width // 2, *args, **kwargs)
        self.width, self.noise = width, noise
        self.kept_share = WITHIN / (WITHIN + noise**2)  # of what lies beside the mean, by the best linear guess
        self.spread = noise * self.kept_share**0.5  # of the code about that guess
        self.scaled = lambda *seen: gains(*seen)  # Keras would count a layer's weights among this network's own

    def build(self, shape):
        attributes = len(self.masks[0])
        h, w, self.depth = shape[1], shape[2], shape[3] - attributes
        fine, coarse = (None, h, w), (None, h // 2, w // 2)
        wide, head, told = 2 * self.width, self.branch_width, (None, 128)
        self.into = keras.Sequential([conv(self.width), Places()])
        self.fine = [Block(self.width) for _ in range(2)]
        self.down = keras.Sequential([conv(wide, 2, strides=2), Places()])
        self.coarse = [Block(wide) for _ in range(3)]
        self.kept, self.turned = conv(head), conv(2 * head, 1)
        self.into.build((*fine, self.depth))
        self.down.build((*fine, self.width))
        for blocks, size in ((self.fine, (*fine, self.width)), (self.coarse, (*coarse, wide))):
            for block in blocks:
                block.build(size)
        self.kept.build((*fine, self.width))
        self.turned.build((*coarse, wide))

        self.told = keras.Sequential([layers.Dense(128, "silu"), layers.Dense(128, "silu")], name="denoiser_head_told")
        self.head_coarse = Block(2 * head, name="denoiser_head_coarse")
        self.head_fine = [Block(head, name=f"denoiser_head_fine_{i}") for i in range(2)]
        self.up = keras.Sequential([conv(head, 1), NearestUpsampling(), conv(head)], name="denoiser_head_up")
        self.beside = keras.Sequential([layers.Dense(h * w * head), layers.Reshape((h, w, head))])
        self.out = conv(self.depth, kernel_initializer="zeros", use_bias=False, name="denoiser_head_out")
        mean = layers.Dense(h * w * self.depth, kernel_initializer="zeros", dtype="float32")
        self.mean = keras.Sequential([mean, layers.Reshape((h, w, self.depth), dtype="float32")])
        for layer in (self.told, self.beside, self.mean):
            layer.build((None, attributes))
        self.head_coarse.build((*coarse, 2 * head), told)
        self.up.build((*coarse, 2 * head))
        for block in self.head_fine:
            block.build((*fine, head), told)
        self.out.build((*fine, head))
        self.built = True

    def look(self, noisy: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What the trunk sees of codes (B, h, w, d), at their own size and at half of it."""
        x = self.into(noisy / (1.0 + self.noise**2) ** 0.5)
        for block in self.fine:
            x = block(x)
        kept, x = self.kept(x), self.down(x)
        for block in self.coarse:
            x = block(x)
        return kept, self.turned(x)

    def think(self, seen: tuple[tf.Tensor, tf.Tensor], reading: tf.Tensor, times: int = 1) -> tf.Tensor:
        """What the head makes of it, told readings (n B, K), n `times` as many: (n B, h, w, branch_width).

        `out` of it is linear.
        """
        kept, x = seen
        told = self.told(reading)
        x = self.up(self.head_coarse(x, told, times=times)) + _repeated(kept, times) + self.beside(reading)
        for block in self.head_fine:
            x = block(x, told)
        return x

    def denoise(self, noisy: tf.Tensor, reading: tf.Tensor) -> tf.Tensor:
        """D(noisy (B, h, w, d), reading (B, K)) -> codes (B, h, w, d)."""
        mean, thought = self.mean(reading), self.think(self.look(noisy), reading)
        return mean + self.kept_share * (noisy - mean) + self.spread * tf.cast(self.out(thought), tf.float32)

    def left(self, code: tf.Tensor, reading: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
        """What D leaves of codes (B, h, w, d), a mean square, as a share of what the best linear guess leaves.

        noise (B, h, w, d) is drawn from the unit normal distribution.
        """
        return tf.reduce_mean((self.denoise(code + self.noise * noise, reading) - code) ** 2) / self.spread**2

    def drawn(self, difference, source):
        code, reading = source[..., : self.depth], source[:, 0, 0, self.depth :]
        change = self.scaled(difference[..., self.depth :], source)[:, 0, 0]
        readings = [reading, *[reading + change * tf.constant(mask) for mask in self.masks]]
        told = tf.concat(readings, axis=0)
        thought = self.think(self.look(code), told, len(readings))
        apart = [_to_first(x, len(readings)) for x in (self.mean(told), thought)]
        moves = apart[0] + self.spread / (1.0 - self.kept_share) * tf.cast(self.out(apart[1]), tf.float32)
        return tf.split(moves, len(self.masks))


def _to_first(x: tf.Tensor, parts: int) -> tf.Tensor:
    """What the other of so many parts of a batch differ from the first by."""
    first, *others = tf.split(x, parts)
    return tf.concat(others, axis=0) - _repeated(first, len(others))


def _repeated(x: tf.Tensor, times: int) -> tf.Tensor:
    """A batch so many times over."""
    return tf.concat([x] * times, axis=0) if times > 1 else x

"""Discriminators of pictures: patches of a known receptive field, at one or several scales; all in float32.

They take images (B, H, W, C), of any channels: a pair is laid one behind the other (pix2pix's conditional
discriminator). They give one map of scores (B, h, w, 1) for each scale, for losses.over_scales. They read pictures in
[0, 1] and see them in [-1, 1].
"""

from collections.abc import Sequence

import keras
import tensorflow as tf
from keras import layers

from tf_homo.generators import halved, norm, run
from tf_homo.layers import SpectralConv2D, precision
from tf_homo.networks import conv
from tf_homo.pool import ImagePool

#: {receptive field in pixels: (kernel, stride) of each convolution} of Isola et al. 2017: n of stride 2, then two of 1.
FIELDS = {1: ((1, 1),) * 3} | {
    field: ((4, 2),) * strided + ((4, 1),) * 2 for field, strided in ((16, 1), (34, 2), (70, 3), (142, 4), (286, 5))
}


def receptive_field(plan: Sequence[tuple[int, int]]) -> int:
    """How many pixels a side one score sees, for convolutions (kernel, stride) from the first to the last."""
    field = 1
    for kernel, stride in reversed(plan):
        field = (field - 1) * stride + kernel
    return field


class PatchDiscriminator(keras.Model):
    """PatchGAN: Cw-C2w-C4w-C8w ... as `field` has it, LeakyReLU(0.2), the first without norm, then one score a patch.

    Args:
      field: the receptive field, a key of FIELDS.
      scales: on the picture, on it halved, on it quartered ... each with a network of its own (Wang et al. 2018).
      spectral: spectral normalisation of every convolution; usually with norm_kind="none".
      codes: K of a condition c. A score is s_0 + sum_k c_k s_k, of maps s that do not know c (a projection, Miyato and
        Koyama 2018). Laid over the picture, codes of -1 and 1 ask for an exclusive or, which is hardly learned.
      pool: how many earlier pictures it remembers, in its ImagePool `pool`; a training step asks for them itself.
    """

    def __init__(
        self, width: int = 64, field: int = 70, norm_kind: str = "instance", scales: int = 1, spectral: bool = False,
        pool: int = 0, codes: int = 0, **kwargs,
    ):  # fmt: skip
        super().__init__(autocast=False, **kwargs)
        self.pool, self.codes = ImagePool(pool), codes
        with precision("float32"):
            self.plans = [self._plan(FIELDS[field], width, norm_kind, spectral) for _ in range(scales)]

    def _plan(self, field: Sequence[tuple[int, int]], width: int, norm_kind: str, spectral: bool) -> list[layers.Layer]:
        convolution, plan = spectral_conv if spectral else conv, []
        for place, (kernel, stride) in enumerate(field[:-1]):
            inner = norm_kind if place else "none"
            filters = width * min(2**place, 8)
            plan += [
                convolution(filters, kernel, stride, use_bias=inner == "none"),
                *norm(inner),
                layers.LeakyReLU(0.2),
            ]
        return [*plan, convolution(1 + self.codes, *field[-1])]

    def build(self, shape):
        """Nothing: its layers are built as they are called, and the pool by who uses it."""

    def call(self, image, condition=None, training=False):
        """Score maps of images and conditions (B, K), one for each scale.

        `training` moves running statistics, so only its own phase sets it.
        """
        del training  # its layers hear of it from Keras
        x, scores = 2.0 * tf.cast(image, tf.float32) - 1.0, []
        for plan in self.plans:
            maps = run(plan, x)  # (B, h, w, 1 + K)
            if self.codes:
                told = maps[..., 1:] * condition[:, None, None, :]
                maps = maps[..., :1] + tf.reduce_sum(told, axis=-1, keepdims=True)
            scores.append(maps)
            x = halved(x)
        return tuple(scores)


def spectral_conv(filters: int, kernel: int = 3, strides: int = 1, **options) -> SpectralConv2D:
    """As networks.conv, with spectral normalisation."""
    return SpectralConv2D(filters, kernel, strides, padding="same", kernel_initializer="he_normal", **options)


class StarCritic(keras.Model):
    """StarGAN's (Choi et al. 2018): `steps` 4x4 convolutions of stride 2 without norm, LeakyReLU(0.01), then a score a
    cell and K attribute logits, means over the cells: (B, S, S, 3) -> (B, h, w, 1), (B, K).

    Differs from the paper: there logits come from a convolution over all cells, which takes one size of picture only.
    """

    def __init__(self, attributes: int, width: int = 64, steps: int = 6, **kwargs):
        super().__init__(autocast=False, **kwargs)
        with precision("float32"):
            self.trunk = [
                layer for step in range(steps) for layer in (conv(width * 2**step, 4, 2), layers.LeakyReLU(0.01))
            ]
            self.score, self.label = conv(1, use_bias=False), layers.Dense(attributes)

    def call(self, image):
        x = run(self.trunk, 2.0 * tf.cast(image, tf.float32) - 1.0)
        return self.score(x), self.label(tf.reduce_mean(x, axis=(1, 2)))

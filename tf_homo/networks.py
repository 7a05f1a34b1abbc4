"""Encoders, decoders, interpolator and critic on latents, each a Keras model that scales by image size and width.

Conventions: images (B, S, S, 3) float in [0, 1]; latents F (B, h, w, d); w = `width` is 64 in the paper's network. The
decoders have no transposed convolution (checkerboards); sizes must be a multiple of the encoder's stride."""

import math
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tf_homo.layers import DepthToSpace, NearestUpsampling, precision

VGG_MEAN = (123.68, 116.779, 103.939)  # RGB, of ImageNet, in 0..255


def conv(filters: int, kernel: int = 3, strides: int = 1, **options) -> layers.Conv2D:
    """A "same" convolution, He-initialised, unless `options` say otherwise."""
    return layers.Conv2D(filters, kernel, strides, **{"padding": "same", "kernel_initializer": "he_normal"} | options)


class Places(layers.Layer):
    """Adds what is learned of each place: faces are aligned."""

    def build(self, shape):
        self.places = self.add_weight(shape=(1, *shape[1:]), initializer="zeros", name="places")

    def call(self, x):
        return x + tf.cast(self.places, x.dtype)


class Residual(layers.Layer):
    """x + conv(relu(conv(relu(x)))); it starts as the identity, so that depth needs no normalisation."""

    def __init__(self, filters: int, **kwargs):
        super().__init__(**kwargs)
        self.filters = filters
        self.first = conv(filters)
        self.second = conv(filters, kernel_initializer="zeros")

    def build(self, shape):
        self.first.build(shape)
        self.second.build((*shape[:-1], self.filters))

    def call(self, x):
        return x + self.second(tf.nn.relu(self.first(tf.nn.relu(x))))

    def get_config(self):
        return {**super().get_config(), "filters": self.filters}


def unit_scale() -> layers.Layer:
    """Each latent channel to mean 0, variance 1 (running statistics once trained): critic, penalty and homomorphism
    terms are then well conditioned whatever the encoder. It folds into the convolution before it on export."""
    return layers.BatchNormalization(center=False, scale=False, synchronized=True, name="unit_scale")


class VggEncoder(keras.Model):
    """VGG19 up to relu5_1 (Simonyan, Zisserman 2014): (B, S, S, 3) -> (B, S/16, S/16, 8w); ImageNet weights fit w =
    64.
    """

    stride = 16

    def __init__(self, width: int = 64, latent_depth: int = 0, unit_latents: bool = True, **kwargs):
        super().__init__(**kwargs)
        self.blocks = keras.Sequential(vgg_layers(width, last=(5, 1)))
        self.depth = layers.Conv2D(latent_depth, 1) if latent_depth not in (0, 8 * width) else None
        self.scale = unit_scale() if unit_latents else None

    def call(self, image, training=False):
        x = self.blocks(255.0 * image - tf.constant(VGG_MEAN))
        x = x if self.depth is None else self.depth(x)
        return x if self.scale is None else self.scale(x, training=training)


def vgg_layers(width: int, last: tuple[int, int]) -> list[layers.Layer]:
    """The layers of VGG19 up to and with convolution `last` = (block, index), named as keras.applications names
    them.
    """
    plan = []
    for block, (filters, convolutions) in enumerate(((1, 2), (2, 2), (4, 4), (8, 4), (8, 4)), start=1):
        for index in range(1, convolutions + 1):
            plan.append(conv(filters * width, activation="relu", name=f"block{block}_conv{index}"))
            if (block, index) == last:
                return plan
        plan.append(layers.MaxPooling2D(name=f"block{block}_pool"))
    return plan


def patch_code(depth: int, cell: int) -> np.ndarray:
    """The `depth` lowest frequencies of a cell: an orthonormal cosine transform of brightness and two colour
    differences, as in JPEG, (depth, cell, cell, 3), each divided by the size it typically has in a picture (it falls as
    1/frequency).

    64 of the 192 numbers of an 8x8 cell keep drawn faces at 31 dB, so that training starts there instead of searching
    for it."""
    k = np.arange(cell)
    cosines = np.cos(np.pi * (2 * k + 1) * k[:, None] / (2 * cell)) * np.sqrt(np.where(k[:, None] == 0, 1, 2) / cell)
    colours = np.array([[1, 1, 1], [1, 0, -1], [1, -2, 1]]) / np.sqrt([[3], [2], [6]])
    waves = np.einsum("uy,vx,cr->uvcyxr", cosines, cosines, colours).reshape(-1, cell, cell, 3)
    u, v, colour = np.meshgrid(k, k, range(3), indexing="ij")
    cost = ((1 + u**2 + v**2) * np.where(colour > 0, COLOUR_COST, 1)).ravel()
    order = np.argsort(cost, kind="stable")[:depth]
    return waves[order] * np.sqrt(cost[order])[:, None, None, None]


COLOUR_COST = 5  # a colour difference stands behind brightness of twice its frequency


class PatchEncoder(keras.Model):
    """A cosine code of 8x8 cells, plus residual blocks at 1/4 and 1/8: (B, S, S, 3) -> (B, S/8, S/8, d), nothing at
    full resolution.

    All weights train; the code is where the linear path starts, and the blocks start at nothing.
    """

    stride = 8

    def __init__(self, width: int = 16, latent_depth: int = 0, unit_latents: bool = True, **kwargs):
        super().__init__(**kwargs)
        depth = latent_depth or 4 * width
        code = patch_code(depth, self.stride).transpose(1, 2, 3, 0)
        self.code = layers.Conv2D(
            depth, self.stride, self.stride, kernel_initializer=lambda shape, dtype: tf.constant(code, dtype)
        )
        self.blocks = keras.Sequential(
            [
                conv(4 * width, 4, 4),
                *[Residual(4 * width) for _ in range(2)],
                conv(6 * width, 3, 2),
                *[Residual(6 * width) for _ in range(2)],
                layers.Conv2D(depth, 1, kernel_initializer="zeros"),
            ]
        )
        self.scale = unit_scale() if unit_latents else None

    def call(self, image, training=False):
        x = 2.0 * image - 1.0
        x = self.code(x) + self.blocks(x)
        return x if self.scale is None else self.scale(x, training=training)


class UpsampleDecoder(keras.Model):
    """The reference's decoder: (nearest upsampling, 3x3 conv, batch norm, ReLU) up to full size: (B, h, w, d) -> (B, S,
    S, 3).
    """

    def __init__(self, width: int = 64, stride: int = 16, latent_depth: int = 0, **kwargs):
        super().__init__(**kwargs)
        del latent_depth  # any depth will do
        stages = {16: ((8, 1), (4, 4), (2, 4), (1, 2)), 8: ((4, 4), (2, 4), (1, 2))}[stride]
        plan = []
        for multiple, convolutions in stages:
            for _ in range(convolutions):
                plan += [
                    conv(multiple * width, use_bias=False),
                    layers.BatchNormalization(synchronized=True),
                    layers.ReLU(),
                ]
            plan.append(NearestUpsampling())
        plan += [conv(width, use_bias=False), layers.BatchNormalization(synchronized=True), layers.ReLU()]
        self.blocks = keras.Sequential([*plan, conv(3, kernel_initializer="glorot_normal")])

    def call(self, latent, training=False):
        return 0.5 + 0.5 * self.blocks(latent, training=training)


class ShuffleDecoder(keras.Model):
    """PatchEncoder's counterpart: (B, S/8, S/8, d + more) -> (B, S, S, 3), pixel shuffles between residual blocks at
    1/8, 1/4, 1/2. The first d channels are the code, which also goes straight to the picture; the blocks see all.
    """

    def __init__(self, width: int = 16, stride: int = 8, latent_depth: int = 0, **kwargs):
        super().__init__(autocast=False, **kwargs)
        if stride != PatchEncoder.stride:
            raise ValueError(
                f"it undoes a stride of 8, the encoder's is {stride}: use encoder=patch or decoder=upsample"
            )
        self.depth = latent_depth or 4 * width
        code = patch_code(self.depth, stride)
        waves = (code / np.square(np.linalg.norm(code.reshape(len(code), -1), axis=1))[:, None, None, None]).reshape(
            1, 1, len(code), -1
        )
        self.code = keras.Sequential(
            [
                layers.Conv2D(3 * stride**2, 1, kernel_initializer=lambda shape, dtype: tf.constant(waves, dtype)),
                DepthToSpace(stride),
            ]
        )
        self.blocks = keras.Sequential(
            [
                conv(8 * width),
                *[Residual(8 * width) for _ in range(3)],
                conv(16 * width, 1),
                DepthToSpace(2),  # (B, S/4, S/4, 4w)
                *[Residual(4 * width) for _ in range(3)],
                conv(8 * width, 1),
                DepthToSpace(2),  # (B, S/2, S/2, 2w)
                Residual(2 * width),
                conv(12, kernel_initializer="zeros"),
                DepthToSpace(2),
            ]
        )

    def call(self, latent, training=False):
        straight, drawn = self.code(latent[..., : self.depth]), self.blocks(latent)
        return 0.5 + 0.5 * (tf.cast(straight, tf.float32) + tf.cast(drawn, tf.float32))


def stacked(moves: list[tf.Tensor]) -> tf.Tensor:
    """C moves (B, h, w, d) -> (B, C, h, w, d).

    Not tf.stack: its gradient is one operator with C outputs, and TensorFlow's oneDNN pass, which fuses the gradients
    of kernel and bias, looks at the operator alone and hands branches each other's bias gradients.
    """
    return tf.concat([tf.expand_dims(move, 1) for move in moves], axis=1)


class Interpolator(keras.Model):
    """F_interp = F_a + sum_i v_i T_i(F_b - F_a); T_i = three 3x3 convolutions with ReLU between, one T_i per branch.

    `branch_width` is the depth between the convolutions (0: d, as in the paper); without bias T_i(0) = 0, so that a
    face morphed into itself stays itself. A branch starts by moving nothing. With `remainder` there is one branch more,
    without weights: F_b - F_a less what the others move, so that all together reach F_b exactly. Where the last K
    channels of a latent are a reading of its labels, `masks` (branches, K) says which of them a branch moves: those go
    straight to the target's.
    """

    def __init__(
        self, branches: int, branch_width: int = 0, bias: bool = True, remainder: bool = False, masks=(), **kwargs
    ):
        super().__init__(autocast=False, **kwargs)
        self.branch_width, self.bias, self.remainder = branch_width, bias, remainder
        self.masks = tuple(map(tuple, masks))
        self.branches = [keras.Sequential(name=f"branch_{i}") for i in range(branches)]

    def build(self, shape):
        self.depth = shape[-1] - (len(self.masks[0]) if self.masks else 0)
        for branch in self.branches:
            for filters in (self.branch_width or self.depth, self.branch_width or self.depth):
                branch.add(conv(filters, activation="relu", use_bias=self.bias))
            branch.add(conv(self.depth, use_bias=self.bias, kernel_initializer="zeros"))
            branch.build(shape)

    def call(self, difference, source):
        """F_b - F_a and F_a (B, h, w, d) -> the moves T_i of every branch at full strength, (B, C, h, w, d)."""
        return stacked(self.moves(difference, source))

    def moves(self, difference: tf.Tensor, source: tf.Tensor) -> list[tf.Tensor]:
        """As calling it, one (B, h, w, d) a branch: for exporters that want ranks up to 4."""
        moves = self.drawn(difference, source)
        if self.masks:
            moves = [
                tf.concat([move, difference[..., self.depth :] * tf.constant(mask)], axis=-1)
                for move, mask in zip(moves, self.masks, strict=True)
            ]
        return [*moves, difference - tf.add_n(moves)] if self.remainder else moves

    def drawn(self, difference: tf.Tensor, source: tf.Tensor) -> list[tf.Tensor]:
        """What branches do to the code, (B, h, w, depth) each."""
        del source  # the paper's see the difference alone
        return [tf.cast(branch(difference), difference.dtype) for branch in self.branches]


class Gains(layers.Layer):
    """A factor for each attribute, by the face and by how that attribute is to change: at first the usual one (K,), at
    most `widest` times as large or as small.

    Changes of the readings (B, h, w, K), the same everywhere, and sources (B, h, w, d + K) -> changes.
    """

    def __init__(self, usual: Sequence[float], widest: float = 2.5, **kwargs):
        super().__init__(autocast=False, dtype="float32", **kwargs)
        self.usual, self.limit = np.asarray(usual, np.float32), math.log(widest)
        with precision("float32"):
            self.look, self.flat = layers.Conv2D(8, 1), layers.Flatten()
            self.told = layers.Dense(64, "silu")
            self.out = layers.Dense(2 * len(self.usual), kernel_initializer="zeros")

    def build(self, shape):
        h, w, d = shape
        self.look.build((None, h, w, d))
        self.told.build((None, h * w * 8 + self.out.units // 2))
        self.out.build((None, self.told.units))
        self.built = True

    def logarithms(self, change, source):
        """Of the factors over the usual one, (B, 1, 1, K) or as the changes are."""
        face = tf.concat([self.flat(self.look(source)), source[:, 0, 0, -change.shape[-1] :]], axis=-1)
        always, more = tf.split(self.out(self.told(face))[:, None, None], 2, axis=-1)
        return self.limit * tf.tanh(always + more * change)

    def call(self, change, source):
        return change * self.usual * tf.exp(self.logarithms(change, source))


class Coupling(layers.Layer):
    """How far the readings of a group go along when one of them changes: changes (B, K) of readings (B, K) -> changes.

    Of each attribute the mean is told from each other's reading, by a straight line. A change that lowers that mean
    takes the attribute's own reading as far down, by the share of the way to -1 that the mean goes; up likewise. So no
    more faces change than have to, if the means are to agree (optimal transport between no and yes): hair that turns
    blond loses the grey that it has, and what does not depend on each other stays. membership (K, C): 1 where attribute
    k stands in group i. Starts as the identity.
    """

    def __init__(self, membership, **kwargs):
        super().__init__(autocast=False, dtype="float32", **kwargs)
        member = np.array(membership, np.float32)
        self.others = member @ member.T * (1.0 - np.eye(len(member), dtype=np.float32))

    def build(self, shape=None):
        self.slopes = self.add_weight(shape=self.others.shape, initializer="zeros", name="slopes")
        self.offsets = self.add_weight(shape=self.others.shape, initializer="zeros", name="offsets")
        self.built = True

    def means(self, reading: tf.Tensor) -> tf.Tensor:
        """[:, k, j]: the mean of attribute j as told from that of k; (B, K, K)."""
        return self.others * (self.offsets + self.slopes * reading[:, :, None])

    def call(self, change, reading):
        before, after = (tf.clip_by_value(self.means(x), -0.99, 0.99) for x in (reading, reading + change))
        down = 1.0 - tf.reduce_prod(tf.minimum(1.0, (1.0 + after) / (1.0 + before)), axis=1)  # shares of the ways
        up = 1.0 - tf.reduce_prod(tf.minimum(1.0, (1.0 - after) / (1.0 - before)), axis=1)
        fall = -(1.0 + reading) * down
        rise = (1.0 - reading - fall) * up
        return tf.clip_by_value(reading + fall + rise + change, -1.0, 1.0) - reading

    def left(self, reading: tf.Tensor) -> tf.Tensor:
        """Mean square that is left where each reading (B, K) is told from each other in its group."""
        return tf.reduce_mean((self.means(reading) - reading[:, None] * self.others) ** 2)


class LatentCritic(keras.Model):
    """Dis and A' with one trunk: latents (B, h, w, d) -> score (B, 1), attribute logits (B, K). All in float32,
    whatever the precision of the others: its slopes are penalised.

    Trunk as in the reference: 1x1 conv to half the depth, two 4x4 stride-2 convs with instance norm and LeakyReLU(0.2),
    a valid conv to 1x1. A map of 4x4 or less takes one strided conv fewer, so that something is left to norm."""

    def __init__(self, attributes: int, channels: int, **kwargs):
        super().__init__(autocast=False, **kwargs)
        self.attributes, self.channels = attributes, channels

    def build(self, shape):
        with precision("float32"):
            cells, plan = shape[1], [layers.Conv2D(self.channels, 1), layers.LeakyReLU(0.2)]
            while cells > 2 and len(plan) < 8:
                plan += [conv(self.channels, 4, 2), layers.GroupNormalization(groups=-1), layers.LeakyReLU(0.2)]
                cells = -(-cells // 2)
            plan += [layers.Conv2D(self.channels, cells), layers.LeakyReLU(0.2), layers.Flatten()]
            self.trunk = keras.Sequential(plan)
            self.score, self.label = layers.Dense(1), layers.Dense(self.attributes)
            self.trunk.build(shape)
            for head in (self.score, self.label):
                head.build((None, self.channels))

    def call(self, latent):
        features = self.trunk(latent)
        return self.score(features), self.label(features)

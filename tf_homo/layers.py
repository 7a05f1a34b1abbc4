"""The few layers that Keras or its exporters get wrong for us, and the precision that layers are made with."""

import contextlib
from collections.abc import Iterator

import keras
import tensorflow as tf


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Layers made within compute as the Keras policy says: "float32" or "mixed_bfloat16" (weights stay float32)."""
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.mixed_precision.set_dtype_policy(before)


@tf.custom_gradient
def _nearest_twice(x: tf.Tensor):
    height, width = x.shape[1], x.shape[2]

    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return 4.0 * tf.nn.avg_pool2d(upstream, 2, 2, "VALID")

    return tf.image.resize(x, (2 * height, 2 * width), method="nearest"), gradient


class NearestUpsampling(keras.layers.Layer):
    """Doubles height and width by repeating pixels: (B, H, W, C) -> (B, 2H, 2W, C), H and W static.

    Why not keras.layers.UpSampling2D: its nearest form breaks TFLite with a dynamic batch, and the stock gradient of
    tf.image.resize has neither an XLA kernel nor a second order. This one is a single TFLite operator, and its gradient
    is the exact one (the sum over each 2x2 cell), written as a pooling."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return _nearest_twice(x)

    def compute_output_shape(self, shape):
        return (shape[0], 2 * shape[1], 2 * shape[2], shape[3])


class DepthToSpace(keras.layers.Layer):
    """Pixel shuffle: (B, H, W, C*r*r) -> (B, H*r, W*r, C). Keras has no such layer; TFLite has it as one operator."""

    def __init__(self, block: int, **kwargs):
        super().__init__(**kwargs)
        self.block = block

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.depth_to_space(x, self.block)

    def compute_output_shape(self, shape):
        height, width = (side and side * self.block for side in shape[1:3])  # None where any size will do
        return (shape[0], height, width, shape[3] // self.block**2)

    def get_config(self):
        return {**super().get_config(), "block": self.block}


class InstanceNormalization(keras.layers.Layer):
    """Each channel of each picture (B, H, W, C) to mean 0 and variance 1, then a learned scale and offset (Ulyanov et
    al. 2016). A map of one cell keeps its values: its mean is itself.

    Why not keras.layers.GroupNormalization(groups=-1): it works in rank 5, which phones' GPUs do not take. Statistics
    are float32 whatever the precision."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")
        self.offset = self.add_weight(shape=(shape[-1],), initializer="zeros", name="offset")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        scale, offset = tf.cast(self.scale, tf.float32), tf.cast(self.offset, tf.float32)
        wide = tf.cast(x, tf.float32)
        if x.shape[1:3] != (1, 1):
            wide -= tf.reduce_mean(wide, axis=(1, 2), keepdims=True)
            scale *= tf.math.rsqrt(tf.reduce_mean(tf.square(wide), axis=(1, 2), keepdims=True) + 1e-5)
        return tf.cast(wide * scale + offset, x.dtype)


class GroupNormalization(InstanceNormalization):
    """Groups of neighbouring channels of each picture to mean 0 and variance 1 (Wu and He 2018): Keras's own, which
    works in rank 5, in rank 4."""

    def __init__(self, groups: int, **kwargs):
        super().__init__(**kwargs)
        self.groups = groups

    def build(self, shape):
        if shape[-1] % self.groups:
            raise ValueError(f"groups={self.groups}: {shape[-1]} channels cannot be parted so")
        super().build(shape)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        _, h, w, channels = x.shape
        wide = tf.reshape(tf.cast(x, tf.float32), (-1, h * w, self.groups, channels // self.groups))
        wide -= tf.reduce_mean(wide, axis=(1, 3), keepdims=True)
        wide *= tf.math.rsqrt(tf.reduce_mean(tf.square(wide), axis=(1, 3), keepdims=True) + 1e-3)
        scale, offset = tf.cast(self.scale, tf.float32), tf.cast(self.offset, tf.float32)
        return tf.cast(tf.reshape(wide, (-1, h, w, channels)) * scale + offset, x.dtype)

    def get_config(self):
        return {**super().get_config(), "groups": self.groups}


class GivenBatchNormalization(keras.layers.Layer):
    """Each channel of a batch (B, H, W, C) to mean 0 and variance 1, then a learned scale and offset, by the statistics
    of the batch that is given, in training and out of it: what pix2pix does with batch norm. Replicas take those of the
    whole batch.

    Why not keras.layers.BatchNormalization: it keeps running statistics, which every phase of a game would move."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")
        self.offset = self.add_weight(shape=(shape[-1],), initializer="zeros", name="offset")

    def call(self, x: tf.Tensor) -> tf.Tensor:
        wide, replica = tf.cast(x, tf.float32), tf.distribute.get_replica_context()
        several = replica is not None and replica.num_replicas_in_sync > 1
        mean, variance = keras.ops.moments(wide, axes=(0, 1, 2), synchronized=several)
        scale = tf.cast(self.scale, tf.float32) * tf.math.rsqrt(variance + 1e-5)
        return tf.cast((wide - mean) * scale + tf.cast(self.offset, tf.float32), x.dtype)


class SpectralConv2D(keras.layers.Conv2D):
    """A convolution with its kernel divided by its largest singular value (Miyato et al. 2018), in float32.

    The kernel is taken as a matrix (h w in, out); a step of the power method a call finds the value, and `training`
    keeps where it got to. Why not keras.layers.SpectralNormalization: it writes the divided kernel over the learned
    one at each call, so that its gradient knows nothing of the division and every reading of the network changes it."""

    def build(self, shape):
        super().build(shape)
        self.direction = self.add_weight(
            shape=(1, self.filters), initializer="random_normal", trainable=False, name="direction",
            aggregation="only_first_replica",  # it follows from the kernel, so it is the same on all
        )  # fmt: skip

    def call(self, x: tf.Tensor, training: bool = False) -> tf.Tensor:
        kernel = tf.convert_to_tensor(self.kernel)
        rows = tf.reshape(kernel, (-1, self.filters))
        matrix = tf.stop_gradient(rows)
        left = tf.math.l2_normalize(tf.matmul(tf.convert_to_tensor(self.direction), matrix, transpose_b=True))
        right = tf.math.l2_normalize(tf.matmul(left, matrix))
        if training:
            self.direction.assign(right)
        largest = tf.reduce_sum(tf.matmul(left, rows) * right)
        y = self.convolution_op(x, kernel / largest)
        y = y if self.bias is None else y + tf.convert_to_tensor(self.bias)
        return y if self.activation is None else self.activation(y)

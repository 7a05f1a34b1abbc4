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
        return (shape[0], shape[1] * self.block, shape[2] * self.block, shape[3] // self.block**2)

    def get_config(self):
        return {**super().get_config(), "block": self.block}

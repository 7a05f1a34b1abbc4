"""Random changes of position, drawn elsewhere: pure functions of images and numbers in [0, 1]."""

import tensorflow as tf


def moved(image: tf.Tensor, shift: float, mirror: bool, offset: tf.Tensor, coin: tf.Tensor) -> tf.Tensor:
    """Moves images (B, S, S, 3) by whole pixels, up to `shift` of the side (edges reflected), and mirrors half of them.

    Args:
      offset: (B, 2) in [0, 1], right and down.
      coin: (B,) in [0, 1], mirrored below one half.
    """
    count, size = tf.shape(image)[0], image.shape[1]
    pixels = tf.round((2.0 * offset - 1.0) * shift * size)
    flip = tf.where((coin < 0.5) & mirror, -1.0, 1.0)
    zero, one = tf.zeros(count), tf.ones(count)
    start = tf.where(flip < 0, size - 1.0, 0.0)
    transform = tf.stack([flip, zero, start + pixels[:, 0], zero, one, pixels[:, 1], zero, zero], axis=1)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=image,
        transforms=transform,
        output_shape=(size, size),
        fill_value=0.0,
        interpolation="NEAREST",
        fill_mode="REFLECT",
    )

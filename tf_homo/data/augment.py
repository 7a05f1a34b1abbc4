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


def rectangles(drawn: tf.Tensor, runs: tf.Tensor, share: float, h: int, w: int) -> tf.Tensor:
    """Parts of a latent to erase, (B, h, w, R) of 0 and 1, one for each of R runs of its channels.

    In a `share` of the rows a rectangle of an eighth to five eighths of each side, of all runs in half of these rows,
    else of each with chance 1/2; nothing in the others.

    Args:
      drawn: numbers (B, 6) in [0, 1): sides, centre, whether at all, whether all runs.
      runs: numbers (B, R) in [0, 1).
    """
    middles = [(tf.range(n, dtype=tf.float32) + 0.5) / n for n in (h, w)]
    cells = tf.stack(tf.meshgrid(*middles, indexing="ij"), axis=-1)
    away = tf.abs(cells - drawn[:, None, None, 2:4])
    inside = tf.reduce_all(away < (0.125 + 0.5 * drawn[:, None, None, 0:2]) / 2, axis=-1)
    inside &= drawn[:, None, None, 4] < share
    taken = (runs < 0.5) | (drawn[:, 5:] < 0.5)
    return tf.cast(inside[..., None] & taken[:, None, None], tf.float32)

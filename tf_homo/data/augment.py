"""Random changes of pictures and codes, drawn elsewhere: pure functions of tensors and numbers in [0, 1]."""

import dataclasses
import math

import tensorflow as tf

from tf_homo.method import option


@dataclasses.dataclass(frozen=True)
class Moves:
    """How inputs are moved while training: options that a Config inherits."""

    shift: float = option(0.05, "largest random move of the input, as a share of its side", high=1)
    scale: float = option(0.0, "largest random change of the input's size: 0.2 is from 0.8 to 1.2", high=0.9)
    tilt: float = option(0.0, "largest random tilt of the input, in degrees", high=180)
    mirror: bool = option(True, "mirror half of the inputs")

    def by(self, share: float) -> "Moves":
        """The same with this share of shift, scale and tilt."""
        return dataclasses.replace(self, shift=share * self.shift, scale=share * self.scale, tilt=share * self.tilt)


def moved(image: tf.Tensor, moves: Moves, place: tf.Tensor, pose: tf.Tensor) -> tf.Tensor:
    """Shifts, scales, tilts and mirrors images (B, S, S, 3) about their middle, edges reflected.

    Without scale and tilt by whole pixels, so that nothing is resampled.

    Args:
      place: (B, 2) in [0, 1], left and up.
      pose: (B, 3) in [0, 1]: mirrored below one half, smaller to larger, to the left or right.
    """
    size = image.shape[1]
    resampled = moves.scale > 0 or moves.tilt > 0
    pixels = (2.0 * place - 1.0) * moves.shift * size
    flip = tf.where((pose[:, 0] < 0.5) & moves.mirror, -1.0, 1.0)
    larger = 1.0 + moves.scale * (2.0 * pose[:, 1] - 1.0)
    angle = moves.tilt * (2.0 * pose[:, 2] - 1.0) * (math.pi / 180.0)
    # the operator wants the way back, from a place in the result to one in the image; rows of [[a, b], [c, d]]
    a, b = flip * tf.cos(angle) / larger, flip * tf.sin(angle) / larger
    c, d = -tf.sin(angle) / larger, tf.cos(angle) / larger
    middle = (size - 1) / 2
    right = middle - (a + b) * middle + (pixels[:, 0] if resampled else tf.round(pixels[:, 0]))
    down = middle - (c + d) * middle + (pixels[:, 1] if resampled else tf.round(pixels[:, 1]))
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=image,
        transforms=tf.stack([a, b, right, c, d, down, zero, zero], axis=1),
        output_shape=(size, size),
        fill_value=0.0,
        interpolation="BILINEAR" if resampled else "NEAREST",
        fill_mode="REFLECT",
    )


def jittered(image: tf.Tensor, enlarge: float, mirror: bool, pose: tf.Tensor) -> tf.Tensor:
    """Images (B, S, S, 3) enlarged by the share `enlarge`, cropped to their size, mirrored (Isola et al. 2017: 286
    pixels cropped to 256). The same pose moves two pictures alike. With `enlarge` of 0 nothing is resampled.

    Args:
      pose: (B, 3) in [0, 1]: left and top of the crop, mirrored below one half.
    """
    size, larger = image.shape[1], 1.0 + enlarge
    flip = tf.where((pose[:, 2] < 0.5) & mirror, -1.0, 1.0)
    # from the middle of a pixel of the result to a place in the image
    corner = (pose[:, :2] * (larger - 1.0) * size + 0.5) / larger - 0.5
    left = tf.where(flip > 0, corner[:, 0], corner[:, 0] + (size - 1) / larger)
    zero, step = tf.zeros_like(left), tf.ones_like(left) / larger
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=image,
        transforms=tf.stack([flip * step, zero, left, zero, step, corner[:, 1], zero, zero], axis=1),
        output_shape=(size, size),
        fill_value=0.0,
        interpolation="BILINEAR" if enlarge else "NEAREST",
        fill_mode="NEAREST",
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

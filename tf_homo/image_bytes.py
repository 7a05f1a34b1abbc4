"""Photos as bytes, inside the graph: what a server is sent becomes what a model takes, and its pictures become bytes.

A photo is input from outside. Its header is read first, and more than MAX_PIXELS are refused before any is decoded;
all that is wrong with it ends as tf.errors.InvalidArgumentError, the INVALID_ARGUMENT of a server. JPEG and PNG only:
a GIF may hold many pictures, and a BMP is never worth sending.
"""

import tensorflow as tf

from tf_homo.photos import MAX_PIXELS

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
PNG_HEADER = 33  # bytes: the mark, then length, name, width, height, depth, four more fields and sum of the first chunk
KNOWN = f"a photo must be a whole JPEG or PNG of up to {MAX_PIXELS // 1_000_000} megapixels"
EXIF_REACH = 4096  # bytes; the orientation is among the first tags of a segment that opens the file


def decode(content: tf.Tensor, size: int) -> tf.Tensor:
    """Photos (B,) string -> images (B, size, size, 3) float32 in [0, 1].

    Grey, palette and CMYK become RGB, 16 bit become 8, transparency is laid over white, a JPEG is turned as its EXIF
    says. The square in the middle is kept and resampled by areas (TensorFlow's "area"); a photo of the size stays as
    it is. One photo is decoded at a time, so that many large ones do not fill the memory.
    """
    spec = tf.TensorSpec((size, size, 3), tf.float32)
    return tf.map_fn(lambda photo: _image(photo, size), content, fn_output_signature=spec, parallel_iterations=1)


def encode(image: tf.Tensor) -> tf.Tensor:
    """Images (B, H, W, 3) in [0, 1] -> PNG (B,) string.

    PNG, because frames go on into GIFs and films, where the losses of JPEG would add up and flicker; at the sizes of
    these models it takes a few kilobytes more.
    """
    return tf.io.encode_png(tf.saturate_cast(tf.round(image * 255.0), tf.uint8))


def _image(content: tf.Tensor, size: int) -> tf.Tensor:
    is_png = _starts(content, PNG) & (tf.strings.length(content) >= PNG_HEADER)
    with tf.control_dependencies([tf.debugging.Assert(is_png | _starts(content, JPEG), [KNOWN + "; this is neither"])]):
        sides = tf.cond(is_png, lambda: _png_sides(content), lambda: tf.io.extract_jpeg_shape(content, tf.int64)[:2])
    fits = tf.reduce_all(sides > 0) & (tf.reduce_max(sides) <= MAX_PIXELS) & (tf.reduce_prod(sides) <= MAX_PIXELS)
    with tf.control_dependencies([tf.debugging.Assert(fits, [KNOWN + "; this has sides of", sides])]):
        content = tf.identity(content)
    image = tf.cond(is_png, lambda: _png(content, size), lambda: _jpeg(content, size))
    return tf.ensure_shape(image, (size, size, 3)) / 255.0


def _starts(content: tf.Tensor, mark: bytes) -> tf.Tensor:
    return tf.equal(tf.strings.substr(content, 0, len(mark)), mark)


def _png_sides(content: tf.Tensor) -> tf.Tensor:
    """Width and height (2,) int64, as the first chunk tells."""
    opens = tf.equal(tf.strings.substr(content, 12, 4), b"IHDR")
    with tf.control_dependencies([tf.debugging.Assert(opens, [KNOWN + "; this PNG has no header"])]):
        sides = tf.strings.substr(content, 16, 8)
    return tf.cast(tf.io.decode_raw(sides, tf.int32, little_endian=False), tf.int64)


def _png(content: tf.Tensor, size: int) -> tf.Tensor:
    image = _square(tf.io.decode_png(content, channels=4))
    # Where a PNG has no transparency, TensorFlow fills in 2^depth - 1, which is opaque from eight bits on only.
    depth = tf.cast(tf.io.decode_raw(tf.strings.substr(content, 24, 1), tf.uint8)[0], tf.int32)
    filled = tf.reduce_all(image[..., 3] == tf.saturate_cast(tf.bitwise.left_shift(1, depth) - 1, tf.uint8))
    alpha = tf.cast(tf.where(filled, tf.constant(255, tf.uint8), image[..., 3:]), tf.uint16)
    return _area(tf.cast(image[..., :3], tf.uint16) * alpha, size) / 255.0 + (255.0 - _area(alpha, size))


def _jpeg(content: tf.Tensor, size: int) -> tf.Tensor:
    image = _area(_square(tf.io.decode_jpeg(content, channels=3, dct_method="INTEGER_ACCURATE")), size)
    turn = _orientation(content)
    image = tf.where(turn >= 5, tf.transpose(image, (1, 0, 2)), image)
    image = tf.where(tf.reduce_any(turn == [2, 3, 6, 7]), tf.reverse(image, [1]), image)
    return tf.where(tf.reduce_any(turn == [3, 4, 7, 8]), tf.reverse(image, [0]), image)


def _orientation(content: tf.Tensor) -> tf.Tensor:
    """EXIF's tag 0x0112, from 1 (upright) to 8: the first place that looks like it, in either order of bytes."""
    head = tf.io.decode_raw(tf.strings.substr(content, 0, EXIF_REACH), tf.uint8)
    entries = tf.cast(tf.signal.frame(head, 10, 1), tf.int32)  # (n, 10): tag, type SHORT, count 1, value
    little = tf.reduce_all(entries[:, :8] == [0x12, 1, 3, 0, 1, 0, 0, 0], axis=1)
    big = tf.reduce_all(entries[:, :8] == [1, 0x12, 0, 3, 0, 0, 0, 1], axis=1)
    values = tf.concat([entries[:, 8][little], entries[:, 9][big], [1]], axis=0)
    return tf.where((values[0] >= 1) & (values[0] <= 8), values[0], 1)


def _square(image: tf.Tensor) -> tf.Tensor:
    height, width = tf.unstack(tf.shape(image)[:2])
    side = tf.minimum(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return image[top : top + side, left : left + side]


def _area(image: tf.Tensor, size: int) -> tf.Tensor:
    return tf.image.resize(image, (size, size), "area")

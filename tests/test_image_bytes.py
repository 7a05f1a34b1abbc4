import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from tests.photo_bytes import REFUSED, SIDE, data, jpeg_that_claims, picture, png, png_header
from tf_homo import image_bytes

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def decode():
    """As it is in a graph: order and laziness there are not those of Python."""
    function = tf.function(lambda content: image_bytes.decode(content, SIDE), [tf.TensorSpec((None,), tf.string)])
    return lambda *contents: function(tf.constant(contents, tf.string)).numpy()


def over_white(content):
    """What Pillow makes of it: upright, over white, (H, W, 3) in [0, 255]."""
    image = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return np.asarray(image.convert("RGB"), float)


def see_through():
    image = picture()
    image.putalpha(Image.fromarray(RNG.integers(0, 256, (SIDE, SIDE), np.uint8)))
    return image


def turned(orientation, big_endian):
    exif = Image.Exif()
    exif.endian = ">" if big_endian else "<"
    exif[0x010F], exif[0x0112] = "maker", orientation
    return data(picture(), "JPEG", exif=exif)


PHOTOS = {
    "png": png(),
    "png_alpha": data(see_through(), "PNG"),
    "png_grey": data(picture().convert("L"), "PNG"),
    "png_grey_alpha": data(see_through().convert("LA"), "PNG"),
    "png_palette_of_4_bits": data(picture().quantize(16), "PNG"),
    "png_palette_with_a_hole": data(picture().quantize(16), "PNG", transparency=3),
    "png_palette_of_8_bits": data(picture().quantize(200), "PNG"),
    "png_grey_with_a_hole": data(picture().convert("L"), "PNG", transparency=120),
    "png_black_and_white": data(picture().convert("1"), "PNG"),
    "png_16_bits": data(Image.fromarray(RNG.integers(0, 65536, (SIDE, SIDE)).astype(np.uint16)), "PNG"),
    "jpeg": data(picture(), "JPEG"),
    "jpeg_grey": data(picture().convert("L"), "JPEG"),
    "jpeg_cmyk": data(picture().convert("CMYK"), "JPEG"),
    "jpeg_progressive": data(picture(), "JPEG", progressive=True),
    **{f"jpeg_turned_{o}_{'big' if b else 'little'}": turned(o, b) for o in range(1, 9) for b in (False, True)},
}


@pytest.mark.parametrize("name", PHOTOS)
def test_a_photo_is_what_pillow_reads(name, decode):
    (image,) = decode(PHOTOS[name])
    assert image.dtype == np.float32
    # Pillow rounds to whole levels where it lays over white.
    np.testing.assert_allclose(image * 255, over_white(PHOTOS[name]), atol=0.5 if "alpha" in name else 1e-3)


def test_the_square_in_the_middle_is_kept(decode):
    wide = Image.new("RGB", (SIDE + 10, SIDE), "red")
    wide.paste(picture(), (5, 0))
    np.testing.assert_array_equal(decode(data(wide, "PNG")), decode(png()))
    np.testing.assert_array_equal(decode(data(wide.transpose(Image.Transpose.ROTATE_90), "PNG")).shape, (1, 16, 16, 3))


def test_larger_photos_are_means_of_areas(decode):
    pixels = RNG.integers(0, 256, (3 * SIDE, 3 * SIDE, 3), np.uint8)
    means = pixels.reshape(SIDE, 3, SIDE, 3, 3).astype(float).mean((1, 3)) / 255
    np.testing.assert_allclose(decode(data(Image.fromarray(pixels), "PNG"))[0], means, atol=1e-6)


def test_a_hole_takes_no_colour_along_when_it_is_averaged(decode):
    """Transparent red beside opaque black is half grey, not dark red."""
    pixels = np.zeros((2 * SIDE, 2 * SIDE, 4), np.uint8)
    pixels[:, ::2] = 255, 0, 0, 0
    pixels[:, 1::2] = 0, 0, 0, 255
    np.testing.assert_allclose(decode(data(Image.fromarray(pixels), "PNG")), 0.5, atol=1e-6)


def test_rows_of_different_kinds_and_sizes(decode):
    images = decode(png(1), data(picture(2, 40), "JPEG"), png(3, 5))
    assert images.shape == (3, SIDE, SIDE, 3)
    np.testing.assert_array_equal(images[:1], decode(png(1)))


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_photo_is_refused(name, decode):
    with pytest.raises(tf.errors.InvalidArgumentError):
        decode(png(), REFUSED[name])


@pytest.mark.parametrize("content", [png_header(10_000, 10_000), png_header(2**31 - 1, 2**31 - 1), png_header(-1, -1)])
def test_the_header_is_refused_before_pixels_are_looked_for(content, decode):
    """There are none to decode, and it is the size that is complained of."""
    with pytest.raises(tf.errors.InvalidArgumentError, match="up to 50 megapixels; this has sides of"):
        decode(content)
    with pytest.raises(tf.errors.InvalidArgumentError, match="Invalid PNG"):
        decode(png_header(7_000, 7_000))


def test_a_jpeg_of_100_megapixels_is_refused_by_its_header(decode):
    with pytest.raises(tf.errors.InvalidArgumentError, match="up to 50 megapixels; this has sides of"):
        decode(jpeg_that_claims(10_000, 10_000))


def test_pictures_become_png_without_loss(decode):
    pixels = RNG.integers(0, 256, (2, SIDE, SIDE, 3)).astype(np.float32) / 255
    contents = image_bytes.encode(tf.constant(pixels)).numpy()
    assert [content[:4] for content in contents] == [b"\x89PNG"] * 2
    np.testing.assert_allclose(decode(*contents), pixels, rtol=1e-6)


def test_levels_are_rounded_and_kept_in_range():
    (content,) = image_bytes.encode(tf.reshape([-0.1, 0.5, 1.1], (1, 1, 1, 3))).numpy()
    assert np.asarray(Image.open(io.BytesIO(content))).tolist() == [[[0, 128, 255]]]

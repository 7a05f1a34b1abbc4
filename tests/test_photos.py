"""Images of every kind in, floats in [0, 1] or one line of explanation out."""

import struct
import warnings

import numpy as np
import pytest
from PIL import Image, ImageCms

from tf_homo import photos
from tf_homo.data import drawn_faces
from tf_homo.errors import InputError

RED, WHITE = (1.0, 0.0, 0.0), (1.0, 1.0, 1.0)


@pytest.fixture
def save(tmp_path):
    def save(image, name="photo.png", **options):
        path = str(tmp_path / name)
        image.save(path, **options)
        return path

    return save


def corner(path, size=8, **options):
    image = photos.read(path, size, **options)
    assert image.shape == (size, size, 3)
    assert image.dtype == np.float32
    return image[0, 0]


@pytest.mark.parametrize("ending", ["jpg", "png", "webp", "avif", "gif", "bmp", "tif", "ppm"])
def test_common_formats(save, ending):
    path = save(Image.new("RGB", (8, 8), "red"), f"red.{ending}")
    np.testing.assert_allclose(corner(path), RED, atol=0.03)


@pytest.mark.parametrize(
    ("image", "name", "expected"),
    [
        (Image.new("L", (8, 8), 51), "grey.png", (0.2, 0.2, 0.2)),
        (Image.new("1", (8, 8), 1), "bits.png", WHITE),
        (Image.new("RGB", (8, 8), "red").quantize(4), "palette.png", RED),
        (Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "cmyk.tif", RED),
        (Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "clear.png", WHITE),
        (Image.new("LA", (8, 8), (0, 51)), "grey_alpha.png", (0.8, 0.8, 0.8)),
        (Image.fromarray(np.full((8, 8), 13107, np.uint16)), "deep.png", (0.2, 0.2, 0.2)),
    ],
)
def test_every_mode_becomes_rgb_over_white(save, image, name, expected):
    np.testing.assert_allclose(corner(save(image, name)), expected, atol=0.005)


def test_palette_with_a_transparent_colour(save):
    path = save(Image.new("P", (8, 8), 0), "hole.png", transparency=0)
    np.testing.assert_allclose(corner(path), WHITE)


def test_exif_rotation_is_applied(save):
    picture = Image.new("RGB", (16, 16), "white")
    picture.paste("red", (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise: the top left goes to the top right
    image = photos.read(save(picture, exif=exif), 16)
    np.testing.assert_allclose(image[2, 13], RED)
    np.testing.assert_allclose(image[2, 2], WHITE)


def test_shrinking_averages(save):
    checks = np.indices((64, 64)).sum(0) % 2 * 255
    image = photos.read(save(Image.fromarray(checks.astype(np.uint8))), 8)
    np.testing.assert_allclose(image[2:6, 2:6], 0.5, atol=0.02)


def test_size_that_fits_is_left_alone(save):
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(photos.read(save(Image.fromarray(pixels)), 8), pixels.astype(np.float32) / 255)


def test_not_square_is_refused_unless_cropped(save):
    picture = Image.new("RGB", (178, 218), "white")
    picture.paste("red", (0, 20, 178, 198))
    path = save(picture)
    with pytest.raises(InputError, match=r"photo\.png: is 178x218 pixels .* 64x64; crop it .* --crop=center"):
        photos.read(path, 64)
    np.testing.assert_allclose(photos.read(path, 64, crop="center"), np.broadcast_to(RED, (64, 64, 3)))


def test_too_many_pixels_are_refused_before_decoding(save, monkeypatch):
    path = save(Image.new("L", (40, 30)))
    monkeypatch.setattr(photos, "MAX_PIXELS", 1000)
    monkeypatch.setattr(photos, "_rgb", lambda *_: pytest.fail("decoded"))
    with pytest.raises(InputError, match=r"photo\.png: has 40x30 pixels, more than"):
        photos.read(path, 8)


@pytest.mark.parametrize("limit", [1000, 500])  # Pillow's own warning, Pillow's own error
def test_pillows_own_limit_ends_in_the_same_words(save, monkeypatch, limit):
    path = save(Image.new("L", (40, 30)))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(InputError, match=r"photo\.png: has 1200 pixels, more than"):
        photos.read(path, 8)


def test_damaged_files_name_themselves(save, tmp_path):
    whole = (tmp_path / save(Image.effect_noise((64, 64), 90), "whole.jpg")).read_bytes()
    for content, why in (
        (b"", "the file is empty"),
        (b"hello", "is no image that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\n", "is no image that can be read"),
        (whole[: len(whole) // 2], "damaged or cut short"),
    ):
        path = tmp_path / "bad.jpg"
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"bad\.jpg: .*{why}.*;") as raised:
            photos.check(str(path))
        assert "\n" not in str(raised.value)


def test_no_byte_of_a_file_raises_anything_else(save, tmp_path):
    """Any damage ends in an image or an InputError, and never in a warning."""
    random = np.random.default_rng(0)
    for ending in ("jpg", "png", "webp", "gif", "bmp", "ppm"):
        whole = np.fromfile(save(Image.new("RGB", (8, 8), "red"), f"whole.{ending}"), np.uint8)
        for _ in range(20):
            broken = whole.copy()
            broken[random.integers(0, len(broken), 3)] = random.integers(0, 256, 3)
            path = tmp_path / "broken"
            broken.tofile(path)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                try:
                    photos.read(str(path), 8, crop="center")
                except InputError as error:
                    assert str(path) in str(error)


def test_32_bit_and_missing_and_folder(save, tmp_path):
    floats = save(Image.new("F", (8, 8), 0.5), "float.tif")
    for path, why in ((floats, "32-bit"), (str(tmp_path / "none.png"), "no such file"), (str(tmp_path), "is a folder")):
        with pytest.raises(InputError, match=why):
            photos.check(path)


def test_16_bit_of_either_byte_order(save):
    for mode, order in (("I;16", "<u2"), ("I;16B", ">u2")):
        image = Image.frombytes(mode, (8, 8), np.full((8, 8), 13107, order).tobytes())
        path = save(image, f"{order[1:]}.tif")
        with Image.open(path) as opened:
            assert opened.mode == mode
        np.testing.assert_allclose(corner(path), 0.2, atol=0.003)


@pytest.mark.parametrize("white", [65535, 1023])
def test_16_bit_of_a_pgm(tmp_path, white):
    path = tmp_path / "deep.pgm"
    path.write_bytes(b"P5 8 8 %d\n" % white + np.full((8, 8), white // 5, ">u2").tobytes())
    np.testing.assert_allclose(corner(str(path)), 0.2, atol=0.003)
    assert photos.decode(str(path)).changes == ("grey", "16 bit")


def swapped_colours() -> bytes:
    """A colour profile whose red is sRGB's blue, and the other way round."""
    content = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for old, new in (("rXYZ", "xXYZ"), ("bXYZ", "rXYZ"), ("xXYZ", "bXYZ")):
        content = content.replace(old.encode(), new.encode())
    return content.replace("sRGB".encode("utf-16-be"), "BGR ".encode("utf-16-be"))


@pytest.mark.parametrize(
    ("image", "name", "expected"),
    [
        (Image.new("RGB", (8, 8), (200, 30, 10)), "a.jpg", (10, 30, 200)),
        (Image.new("RGB", (8, 8), (200, 30, 10)), "a.png", (10, 30, 200)),
        (Image.new("RGB", (8, 8), (200, 30, 10)).quantize(4), "p.png", (10, 30, 200)),
        (Image.new("RGBA", (8, 8), (200, 30, 10, 255)), "a.webp", (10, 30, 200)),
        (Image.new("RGBA", (8, 8), (200, 30, 10, 0)), "clear.png", (255, 255, 255)),
    ],
)
def test_a_colour_profile_is_taken_to_srgb(save, image, name, expected):
    path = save(image, name, icc_profile=swapped_colours(), quality=100)
    np.testing.assert_allclose(corner(path), np.array(expected) / 255, atol=0.02)
    assert "colour profile" in photos.decode(path).changes


@pytest.mark.parametrize("profile", [ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), b"no profile"])
def test_srgb_and_a_damaged_profile_change_nothing(save, profile):
    path = save(Image.new("RGB", (8, 8), (200, 30, 10)), icc_profile=profile)
    np.testing.assert_array_equal(corner(path), np.array((200, 30, 10), np.float32) / 255)
    assert not photos.decode(path).changes


def test_a_profile_of_another_space_is_left_alone(save):
    path = save(Image.new("L", (8, 8), 51), icc_profile=swapped_colours())
    np.testing.assert_allclose(corner(path), 0.2, atol=0.001)
    assert photos.decode(path).changes == ("grey",)


def test_a_tiff_whose_tile_is_enormous_is_refused_before_decoding(tmp_path, monkeypatch):
    """8x8 pixels, and one tile of 40000x40000: 200 bytes that libtiff would unpack to 1.6 GB."""
    tags = {256: 8, 257: 8, 258: 8, 259: 5, 262: 1, 277: 1, 322: 40_000, 323: 40_000, 324: 8, 325: 100}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    path = tmp_path / "tile.tif"
    path.write_bytes(b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(104))
    monkeypatch.setattr(photos, "_rgb", lambda *_: pytest.fail("decoded"))
    with pytest.raises(
        photos.PictureError, match=r"tile\.tif: has tiles of 40000x40000 pixels, more than 50"
    ) as raised:
        photos.check(str(path))
    assert raised.value.reason == "more than 50 megapixels"


def test_drawn_example_is_that_of_the_test_split():
    image = photos.source("drawn_faces:5", 32)
    assert image.dtype == np.float32
    expected = drawn_faces.example(5, 32, split="test").picture.image
    np.testing.assert_array_equal(image, expected.astype(np.float32) / 255)


@pytest.mark.parametrize("index", ["", "-1", "x", "1.5", "²", "9" * 30])
def test_bad_index_of_the_drawn_set(index):
    for ask in (photos.check, lambda text: photos.source(text, 8)):
        with pytest.raises(InputError, match="is no index of the drawn set; give a whole number"):
            ask(f"drawn_faces:{index}")


def test_source_is_also_a_file(save):
    path = save(Image.new("RGB", (8, 4), "red"))
    np.testing.assert_allclose(photos.source(path, 8, crop="center")[0, 0], RED)
    with pytest.raises(InputError, match="takes a square"):
        photos.check(path)

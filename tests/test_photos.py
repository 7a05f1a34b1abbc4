"""Images of every kind in, floats in [0, 1] or one line of explanation out."""

import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests import photo_bytes
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


def png(depth, colours, row, *chunks):
    """A PNG of 8x8 pixels with a row of bytes again and again, and chunks (kind, content) before the pixels."""
    header = struct.pack(">IIBBBBB", 8, 8, depth, colours, 0, 0, 0)
    parts = ((b"IHDR", header), *chunks, (b"IDAT", zlib.compress((b"\0" + row) * 8)), (b"IEND", b""))
    packed = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
              for kind, data in parts)  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


SMOOTH = photo_bytes.picture(side=32)
PNG = photo_bytes.data(SMOOTH, "PNG")


@pytest.mark.parametrize("share", [0.3, 0.5, 0.9, 0.99])
def test_a_png_that_is_damaged_anywhere_is_refused(tmp_path, share):
    """Alone, what decodes it takes zeros for black pixels, and turned bytes near the end for right ones."""
    at = int(share * len(PNG))
    turned = bytearray(PNG)
    turned[at] ^= 255
    for number, content in enumerate((PNG[:at] + bytes(len(PNG) - at), bytes(turned), PNG[:at])):
        (tmp_path / f"{number}.png").write_bytes(content)
        for picture in (content, str(tmp_path / f"{number}.png")):
            with pytest.raises(photos.PictureError, match=rf"{number}\.png: the image is damaged or cut short"):
                photos.decode(picture, f"{number}.png")
    np.testing.assert_array_equal(photos.decode(PNG, "whole.png").image, SMOOTH)


@pytest.mark.parametrize(
    "chunk",
    [(b"zTXt", b"k\0\0" + zlib.compress(bytes(3 << 20))), (b"iCCP", b"k\0\0" + zlib.compress(bytes(3 << 20)))],
    ids=["text", "profile"],
)
def test_a_png_with_too_much_beside_its_pixels(chunk):
    assert photos.decode(png(8, 2, bytes(24)), "a.png").image.size == (8, 8)
    with pytest.raises(photos.PictureError, match=r"a\.png: has too much metadata, .* save it without") as raised:
        photos.decode(png(8, 2, bytes(24), chunk), "a.png")
    assert raised.value.reason == "too much metadata"


# each: depth and kind of a PNG, its row: half of the pixels in the transparent colour, that colour
KEYED = {
    "1 bit": (1, 0, b"\x0f", (0,), 255),
    "2 bit": (2, 0, b"\x55\xaa", (1,), 170),
    "4 bit": (4, 0, b"\x33\x33\x66\x66", (3,), 102),
    "8 bit": (8, 0, b"\x33" * 4 + b"\x66" * 4, (51,), 102),
    "16 bit": (16, 0, b"\x33\x33" * 4 + b"\x66\x66" * 4, (13107,), 102),
    "colours": (8, 2, b"\x33\x33\x33" * 4 + b"\x66\x66\x66" * 4, (51,) * 3, 102),
    "16-bit colours": (16, 2, b"\x33\x12" * 12 + b"\x66\x12" * 12, (0x3312,) * 3, 102),
}


@pytest.mark.parametrize("kind", KEYED)
def test_a_transparent_colour_of_a_png_is_laid_over_white(kind):
    depth, colours, row, key, rest = KEYED[kind]
    image, changes = photos.decode(png(depth, colours, row, (b"tRNS", struct.pack(f">{len(key)}H", *key))), "a.png")
    assert np.asarray(image)[0, :, 0].tolist() == [255] * 4 + [rest] * 4
    assert "transparent" in changes


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_could_be_transparent_and_is_not_is_not_told_so(save, mode):
    path = save(Image.new("RGB", (8, 8), "red").convert(mode))
    assert "transparent" not in photos.decode(path).changes


@pytest.mark.parametrize(("turn", "told"), [(0, ()), (1, ()), (2, ("turned",)), (8, ("turned",)), (9, ())])
def test_only_what_exif_turns_is_told_so(save, turn, told):
    exif = Image.Exif()
    exif[0x0112] = turn
    assert photos.decode(save(Image.new("RGB", (8, 8)), "a.jpg", exif=exif)).changes == told


def tiff(bits, white, data):
    """A grey TIFF of 8x8 pixels; `white` 0 where its white is 0."""
    tags = {256: 8, 257: 8, 258: bits, 259: 1, 262: white, 273: 122, 277: 1, 278: 8, 279: len(data)}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + data


@pytest.mark.parametrize(
    ("bits", "white", "data", "expected", "change"),
    [
        (12, 1, b"\x33" * 96, 51, "12 bit"),
        (12, 1, b"\xff" * 96, 255, "12 bit"),
        (16, 1, b"\x33" * 128, 51, "16 bit"),
        (16, 0, b"\x33" * 128, 204, "16 bit"),
    ],
)
def test_deep_grey_of_a_tiff(bits, white, data, expected, change):
    image, changes = photos.decode(tiff(bits, white, data), "a.tif")
    assert image.getextrema() == ((expected, expected),) * 3
    assert changes == ("grey", change)


def test_of_several_pages_the_first_is_taken_and_that_is_told(save):
    pages = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    image, changes = photos.decode(save(pages[0], "a.tif", save_all=True, append_images=pages[1:]))
    assert image.getpixel((0, 0)) == (255, 0, 0) and changes == ("several pages",)
    assert photos.decode(save(pages[0], "b.tif")).changes == ()


@pytest.mark.parametrize("white", [65535, 1023, 255])
def test_16_bit_of_a_ppm(white):
    content = b"P6 8 8 %d\n" % white + np.full((8, 8, 3), white // 5, ">u2" if white > 255 else "u1").tobytes()
    image, changes = photos.decode(content, "a.ppm")
    assert image.getpixel((0, 0))[0] in (51, 50) and changes == (("16 bit",) if white > 255 else ())


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

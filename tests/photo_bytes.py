"""Photos as bytes, good and hostile, for the tests of what a server is sent."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

SIDE = 16


def picture(seed: int = 0, side: int = SIDE) -> Image.Image:
    """A smooth RGB picture."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)


def data(image: Image.Image, form: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def png(seed: int = 0, side: int = SIDE) -> bytes:
    return data(picture(seed, side), "PNG")


def png_header(width: int, height: int) -> bytes:
    """The mark and the first chunk of a PNG, and no pixels at all."""
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width % 2**32, height % 2**32, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))


def jpeg_that_claims(width: int, height: int) -> bytes:
    """A JPEG whose header names other sides than it has."""
    content = bytearray(data(picture(), "JPEG"))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(content)


JPEG = data(picture(), "JPEG")
REFUSED = {
    "empty": b"",
    "text": b"not a photo",
    "gif": data(picture(), "GIF"),
    "bmp": data(picture(), "BMP"),
    "webp": data(picture(), "WEBP"),
    "jpeg_cut": JPEG[:-40],
    "jpeg_head": JPEG[:10],
    "jpeg_mark_only": b"\xff\xd8\xff",
    "png_cut": png()[:-80],
    "png_mark_only": png()[:8],
    "png_of_100_megapixels": png_header(10_000, 10_000),
    "png_of_negative_side": png_header(-1, 5),
    "png_of_nothing": png_header(0, 5),
    "jpeg_of_100_megapixels": jpeg_that_claims(10_000, 10_000),
}

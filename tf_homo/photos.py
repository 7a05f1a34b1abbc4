"""Photos in, safely: an aligned image file or an example of the drawn set -> (size, size, 3) float32 RGB in [0, 1].

A file is input from outside: its size is looked at before a pixel is decoded, only plain raster formats are opened
(Pillow hands EPS, for one, to another program), and whatever is wrong with it becomes an InputError that names the file
and the mend.
"""

import os
import re
import warnings

import numpy as np
from PIL import Image, ImageOps

from tf_homo.errors import InputError

DRAWN = "drawn_faces:"
CROPS = ("none", "center")
MAX_PIXELS = 50_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
_KNOWN = ", ".join(FORMATS)


def read(path: str, size: int, crop: str = "none") -> np.ndarray:
    """Reads an image file of an already aligned face.

    EXIF rotation is applied; grey, palette and CMYK become RGB; transparency is laid over white; 16-bit grey is scaled
    to 8 bit. Of an animation the first frame counts. Square images of another size are resampled (Lanczos, which
    averages where it shrinks).

    Args:
      path: file in one of FORMATS.
      size: side of the result in pixels.
      crop: what to do with an image that is not square: "none" refuses it, "center" keeps the square in its middle.

    Returns:
      (size, size, 3) float32 RGB in [0, 1].

    Raises:
      InputError: no such file, no image, empty, truncated, more than MAX_PIXELS, not square, or values beyond 16 bit.
    """
    image = _square(_decode(path), path, crop, size)
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32) / 255


def source(text: str, size: int, crop: str = "none") -> np.ndarray:
    """What --source and --target name: a file (see `read`) or "drawn_faces:17", example 17 of the drawn test split.

    Returns (size, size, 3) float32 RGB in [0, 1]; raises InputError where `check` does.
    """
    if not text.startswith(DRAWN):
        return read(text, size, crop)
    index = _drawn_index(text)
    from tf_homo.data import drawn_faces  # TensorFlow Datasets comes with it, which reading a file does not need

    return np.asarray(drawn_faces.example(index, size).picture.image, np.float32) / 255


def check(text: str, crop: str = "none") -> None:
    """Raises the InputError that `source` would raise, in milliseconds and before a model tells the size."""
    if text.startswith(DRAWN):
        _drawn_index(text)
    else:
        _square(_decode(text), text, crop)


def _drawn_index(text: str) -> int:
    digits = text.removeprefix(DRAWN)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise InputError(f"{text}: {digits!r} is no index of the drawn set; give a whole number, as in {DRAWN}17")
    return int(digits)


def _decode(path: str) -> Image.Image:
    """The file as an RGB image, upright."""
    if not os.path.exists(path):
        raise InputError(f"{path}: no such file; give the path of an image, or {DRAWN}17 for a drawn example")
    if os.path.isdir(path):
        raise InputError(f"{path}: is a folder; give one image in it")
    if not os.access(path, os.R_OK):
        raise InputError(f"{path}: may not be read; change its permissions (chmod u+r)")
    if os.path.getsize(path) == 0:
        raise InputError(f"{path}: the file is empty; fetch or export it again")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged metadata is no reason to print: the pixels count
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _too_large(path, f"{image.width}x{image.height} pixels")
                return _rgb(ImageOps.exif_transpose(image), path)
        except InputError:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            count = re.search(r"(\d+) pixels", str(error))  # the size itself is not told
            raise _too_large(path, count[0] if count else "too many pixels") from error
        except Image.UnidentifiedImageError as error:
            raise InputError(f"{path}: is no image that can be read here; give one of {_KNOWN}") from error
        except Exception as error:  # decoders raise almost any class (AVIF: RuntimeError)
            raise InputError(f"{path}: the image is damaged or cut short ({error}); fetch it again") from error


def _rgb(image: Image.Image, path: str) -> Image.Image:
    if image.mode.startswith("I;16"):
        return Image.fromarray(np.rint(np.asarray(image) / 257.0).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        raise InputError(f"{path}: has 32-bit pixels ({image.mode}), whose white is unknown; save it with 8 or 16 bit")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _too_large(path: str, extent: str) -> InputError:
    return InputError(f"{path}: has {extent}, more than {MAX_PIXELS // 1_000_000} megapixels; scale it down first")


def _square(image: Image.Image, path: str, crop: str, size: int | None = None) -> Image.Image:
    width, height = image.size
    if width == height:
        return image
    if crop != "center":
        wanted = f"{size}x{size}" if size else "a square"
        raise InputError(
            f"{path}: is {width}x{height} pixels and the model takes {wanted}; crop it to a square around the face, "
            "or give --crop=center to keep the middle"
        )
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return image.crop((left, top, left + side, top + side))

"""Photos in, safely: an aligned image file or an example of the drawn set -> (size, size, 3) float32 RGB in [0, 1].

A file is input from outside: its size is looked at before a pixel is decoded, only plain raster formats are opened
(Pillow hands EPS, for one, to another program), and whatever is wrong with it becomes an InputError that names the file
and the mend.
"""

import contextlib
import io
import os
import re
import warnings
from typing import NamedTuple

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, TiffImagePlugin

from tf_homo.errors import InputError

DRAWN = "drawn_faces:"
CROPS = ("none", "center")
MAX_PIXELS = 50_000_000
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM")
_KNOWN = ", ".join(FORMATS)
#: What has to be done for some pictures, told to who gave one.
CHANGES = {
    "grey": "grey, taken as RGB", "palette": "palette, taken as RGB", "CMYK": "CMYK, taken as RGB",
    "16 bit": "16 bit, taken as 8", "12 bit": "12 bit, taken as 8", "transparent": "transparent, laid over white",
    "animated": "animated, its first frame taken", "several pages": "of several pages, its first taken",
    "turned": "turned as its EXIF data say",
    "colour profile": "colours of another profile, taken to sRGB",
}  # fmt: skip
_TILE = (TiffImagePlugin.TILEWIDTH, TiffImagePlugin.TILELENGTH)
# the transparent colour of a PNG comes in the units of the file, its pixels in 8 bit: by how they are stored
_KEYS = {
    "L;2": lambda key: key * 85, "L;4": lambda key: key * 17, "RGB;16B": lambda key: tuple(part >> 8 for part in key),
}  # fmt: skip
_SRGB = ImageCms.createProfile("sRGB")
_PROFILED = {"RGB": ("RGB", "RGBA", "P", "PA"), "CMYK": ("CMYK",), "GRAY": ("L",)}  # by a profile's space: modes


class PictureError(InputError):
    """A picture that cannot be used. `reason` is what it has in common with others, without its name and numbers."""

    def __init__(self, message: str, reason: str):
        super().__init__(message)
        self.reason = reason


class Decoded(NamedTuple):
    """An upright RGB image, and what had to be done for it, by names of CHANGES."""

    image: Image.Image
    changes: tuple[str, ...]


def read(path: str, size: int, crop: str = "none") -> np.ndarray:
    """Reads an image file of an already aligned face.

    EXIF rotation is applied; grey, palette and CMYK become RGB, and colours of another profile sRGB; transparency is
    laid over white; 16-bit and 12-bit grey is scaled to 8 bit. Of an animation the first frame counts, of several pages
    the first. Square images of another size are resampled (Lanczos, which averages where it shrinks).

    Args:
      path: file in one of FORMATS.
      size: side of the result in pixels.
      crop: what to do with an image that is not square: "none" refuses it, "center" keeps the square in its middle.

    Returns:
      (size, size, 3) float32 RGB in [0, 1].

    Raises:
      InputError: no such file, no image, empty, truncated, more than MAX_PIXELS, not square, or values beyond 16 bit.
    """
    return fitted(decode(path).image, path, size, crop).astype(np.float32) / 255


def fitted(image: Image.Image, name: str, size: int, crop: str = "none") -> np.ndarray:
    """An RGB image made square as `read` says, then (size, size, 3) uint8; InputError names it by `name`."""
    image = _square(image, name, crop, size)
    if image.size != (size, size):
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(image)


def source(text: str, size: int, crop: str = "none") -> np.ndarray:
    """What --source and --target name: a file (see `read`) or "drawn_faces:17", example 17 of the drawn test split.

    Returns (size, size, 3) float32 RGB in [0, 1]; raises InputError where `check` does.
    """
    if not text.startswith(DRAWN):
        return read(text, size, crop)
    index = _drawn_index(text)
    from tf_homo.data import drawn_faces  # TensorFlow Datasets comes with it, which reading a file does not need

    return np.asarray(drawn_faces.example(index, size).picture.image, np.float32) / 255


def check(text: str, crop: str = "none") -> Decoded | None:
    """Raises the InputError that `source` would raise, before a model tells the size. The file, decoded."""
    if text.startswith(DRAWN):
        _drawn_index(text)
        return None
    opened = decode(text)
    _square(opened.image, text, crop)
    return opened


def _drawn_index(text: str) -> int:
    digits = text.removeprefix(DRAWN)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise InputError(f"{text}: {digits!r} is no index of the drawn set; give a whole number, as in {DRAWN}17")
    return int(digits)


def decode(picture: str | bytes, name: str | None = None) -> Decoded:
    """Decodes a file by its path, or the content of one, which errors call `name`.

    Raises:
      PictureError: where `read` does, but for the shape.
    """
    name = name or str(picture)
    if isinstance(picture, str):
        _check_file(picture, name)
    elif not picture:
        raise _empty(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # damaged metadata is no reason to print: the pixels count
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(_file(picture), formats=FORMATS) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise _too_large(name, f"{image.width}x{image.height} pixels")
                if image.format == "TIFF":  # a tile may be larger than the picture, and is decoded whole
                    wide, high = (image.tag_v2.get(tag, 1) for tag in _TILE)
                    if wide * high > MAX_PIXELS:
                        raise _too_large(name, f"tiles of {wide}x{high} pixels")
                levels = _levels(image)
                if image.format == "PNG":
                    _verify(picture)
                    if "transparency" in image.info and (stored := image.tile[0][3]) in _KEYS:
                        image.info["transparency"] = _KEYS[stored](image.info["transparency"])
                found = _changes(image)  # which may load it
                if image.format == "PPM" and image.mode == "I":  # 16 bit, whatever its header calls white
                    image = image.convert("I;16")
                upright, clear = _rgb(ImageOps.exif_transpose(image), name, *levels)
                found["transparent"] = clear
                return Decoded(upright, tuple(change for change in CHANGES if found[change]))
        except InputError:
            raise
        except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
            count = re.search(r"(\d+) pixels", str(error))  # the size itself is not told
            raise _too_large(name, count[0] if count else "too many pixels") from error
        except Image.UnidentifiedImageError as error:
            raise PictureError(
                f"{name}: is no image that can be read here; give one of {_KNOWN}", "no image that can be read"
            ) from error
        except Exception as error:  # decoders raise almost any class (AVIF: RuntimeError)
            if "MAX_TEXT" in str(error):  # Pillow's bounds
                much = "too much metadata"
                raise PictureError(
                    f"{name}: has {much}, a text or colour profile of more than 1 MB; save it without", much
                ) from error
            raise PictureError(
                f"{name}: the image is damaged or cut short ({error}); fetch it again", "damaged or cut short"
            ) from error


def _check_file(path: str, name: str) -> None:
    if not os.path.exists(path):
        raise PictureError(
            f"{name}: no such file; give the path of an image, or {DRAWN}17 for a drawn example", "no such file"
        )
    if os.path.isdir(path):
        raise PictureError(f"{name}: is a folder; give one image in it", "is a folder")
    if not os.path.isfile(path):  # a pipe would be waited for
        raise PictureError(f"{name}: is no regular file; give the path of an image", "no regular file")
    if not os.access(path, os.R_OK):
        raise PictureError(f"{name}: may not be read; change its permissions (chmod u+r)", "may not be read")
    if os.path.getsize(path) == 0:
        raise _empty(name)


def _file(picture: str | bytes) -> str | io.BytesIO:
    return io.BytesIO(picture) if isinstance(picture, bytes) else picture


def _verify(picture: str | bytes) -> None:
    """Checks the sums of a PNG: what decodes it does not, and takes zeros for pixels."""
    with Image.open(_file(picture), formats=("PNG",)) as image:  # which can only be verified, or decoded
        image.verify()


def _changes(image: Image.Image) -> dict[str, bool]:
    """What of an image that was opened, not decoded, `_rgb` will have to change; transparency is seen there."""
    ppm, stored = image.format == "PPM", [str(tile) for tile in image.tile]
    deep = ppm and any(isinstance(tile[3], tuple) and tile[3][-1] > 255 for tile in image.tile)  # its white
    return {
        "grey": image.mode in ("1", "L", "LA", "I;16", "I;16B", "I;16L") or (ppm and image.mode == "I"),
        "palette": image.mode in ("P", "PA"),
        "CMYK": image.mode == "CMYK",
        "16 bit": deep or any(";16" in each for each in stored),
        "12 bit": any(";12" in each for each in stored),
        # of a TIFF all pages would be sought, and an MPO holds one scene
        "animated": image.format not in ("TIFF", "MPO") and getattr(image, "is_animated", False),
        "several pages": image.format == "TIFF" and bool(image.tag_v2.next),
        "turned": image.getexif().get(ExifTags.Base.Orientation) in range(2, 9),
        "colour profile": _profile(image) is not None,
    }


def _levels(image: Image.Image) -> tuple[int, int]:
    """Which values are black and white, of an image that is grey in more than 8 bit."""
    white = 4095 if any(";12" in str(tile) for tile in image.tile) else 65535
    inverted = image.format == "TIFF" and image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0
    return (white, 0) if inverted else (0, white)


def _rgb(image: Image.Image, name: str, black: int, white: int) -> tuple[Image.Image, bool]:
    """The image as RGB, and whether any of it was transparent; `black` and `white` are its levels."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.float32)
        clear = values == image.info.get("transparency", -1)
        grey = np.rint((values - black) * (255 / (white - black))).clip(0, 255)
        return Image.fromarray(np.where(clear, 255, grey).astype(np.uint8)).convert("RGB"), bool(clear.any())
    if image.mode in ("I", "F"):
        raise PictureError(
            f"{name}: has 32-bit pixels ({image.mode}), whose white is unknown; save it with 8 or 16 bit",
            "32-bit pixels",
        )
    profile, alpha = _profile(image), image.has_transparency_data
    if image.mode != "CMYK" and (alpha or image.mode != "L"):
        image = image.convert("RGBA" if alpha else "RGB")
    if profile:
        with contextlib.suppress(ImageCms.PyCMSError):  # one that says nothing of colours
            image = ImageCms.profileToProfile(image, profile, _SRGB, outputMode="RGBA" if alpha else "RGB")
    if alpha and image.getchannel("A").getextrema()[0] < 255:
        backdrop = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(backdrop, image).convert("RGB"), True
    return image.convert("RGB"), False


def _profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The colour profile of an image, where it is another than sRGB, fits its mode and can be read."""
    if not (content := image.info.get("icc_profile")):
        return None
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(content))
        known = "srgb" in ImageCms.getProfileDescription(profile).lower()
    except (OSError, ImageCms.PyCMSError):
        return None
    return None if known or image.mode not in _PROFILED.get(profile.profile.xcolor_space.strip(), ()) else profile


def _empty(name: str) -> PictureError:
    return PictureError(f"{name}: the file is empty; fetch or export it again", "the file is empty")


def _too_large(name: str, extent: str) -> PictureError:
    most = f"more than {MAX_PIXELS // 1_000_000} megapixels"
    return PictureError(f"{name}: has {extent}, {most}; scale it down first", most)


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

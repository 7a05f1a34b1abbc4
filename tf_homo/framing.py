"""What --source and --target name, as a model takes it: the face of a photo is found and put into the model's frame."""

from typing import NamedTuple

import numpy as np
from PIL import Image

from tf_homo import alignment, faces, photos
from tf_homo.alignment import Frame
from tf_homo.errors import InputError

EACH = "or of several images one number each, as in --face=2,1"


class Framed(NamedTuple):
    """A picture as a model takes it, and where it comes from.

    image: (S, S, 3) float32 RGB in [0, 1]. whole: (H, W, 3) uint8, the picture it was cut from. transform: (2, 3),
    takes points of `image` to points of `whole`, as in alignment.py. remarks: what a user should know of it.
    """

    image: np.ndarray
    whole: np.ndarray
    transform: np.ndarray
    remarks: tuple[str, ...] = ()

    def shrunk(self, side: int) -> "Framed":
        """The same, `whole` at most `side` pixels a side."""
        scale = side / max(self.whole.shape)
        if scale >= 1:
            return self
        height, width = self.whole.shape[:2]
        new = max(1, round(width * scale)), max(1, round(height * scale))
        small = np.asarray(Image.fromarray(self.whole).resize(new, Image.Resampling.LANCZOS))
        return self._replace(whole=small, transform=self.transform * np.divide(new, (width, height))[:, None])


def load(
    text: str,
    size: int,
    frame: Frame | None = None,
    crop: str = "none",
    face: int | None = None,
    opened: photos.Decoded | None = None,
) -> Framed:
    """What --source and --target name: a file (see photos.py) or "drawn_faces:17", example 17 of the drawn test split.

    Args:
      text: path of a file, or name of a drawn example.
      size: side of the result in pixels.
      frame: where the eyes shall stand. The face of a file is found, turned, scaled and cut out accordingly; but for a
        file of exactly size x size pixels, which is taken to be in the frame. None leaves every picture as it is.
      crop: as for photos.read; "center" says that the middle of a picture is in the frame.
      face: which face, from the left, the first is 1; needed where there are several. A picture that is not searched
        has one.
      opened: what photos.check returned of it, so that it is not decoded again.

    Raises:
      InputError: where photos.check does; no face, several and none chosen, no such one, or one that is cut off.
    """
    if text.startswith(photos.DRAWN):
        image = photos.source(text, size)
        whole = np.rint(image * 255).astype(np.uint8)
        _number(face, 1, text)
        return Framed(image, whole, np.eye(2, 3))
    opened = opened or photos.decode(text)
    picture, remarks = opened.image, tuple(photos.CHANGES[change] for change in opened.changes)
    whole = np.asarray(picture)
    if frame is None or crop == "center" or picture.size == (size, size):
        square = photos.fitted(picture, text, size, crop)
        _number(face, 1, text)
        side = min(picture.size)
        corner = [(length - side) // 2 for length in picture.size]
        return Framed(_floats(square), whole, np.column_stack([np.eye(2) * side / size, corner]), remarks)
    chosen = _chosen(faces.find(whole), text, face)
    if chosen.votes < faces.HIDDEN:
        remarks = (*remarks, "its eyes may be covered, so that they may be misplaced")
    aligned, transform = alignment.align(whole, chosen.eyes, frame, size)
    return Framed(_floats(aligned), whole, transform, remarks)


def _chosen(found: list[faces.Face], path: str, number: int | None) -> faces.Face:
    """The one face, or that of the number, if it is whole."""
    if not found:
        raise InputError(
            f"{path}: no face was found in it; give a photo with a whole face from the front, or --no_align for a "
            "picture that is aligned already"
        )
    if number is None and len(found) > 1:
        places = ", ".join("at x={:.0f} y={:.0f}".format(*face.eyes.mean(axis=0)) for face in found)
        raise InputError(
            f"{path}: shows {len(found)} faces, {places}; choose by --face=1 to --face={len(found)}, {EACH}"
        )
    face = found[_number(number, len(found), path) - 1]
    if not face.whole:
        raise InputError(
            f"{path}: the face is cut off by the edge of the picture; give a photo that shows it whole, or --no_align "
            "for a picture that is aligned already"
        )
    return face


def _number(number: int | None, there: int, path: str) -> int:
    """The number of a face, 1 where none is said; InputError where there are not so many."""
    if (number or 1) > there:
        numbers = f"1 to {there}, counted from the left" if there > 1 else "1"
        raise InputError(f"--face={number}: {path} has {there} to choose from; give {numbers}, {EACH}")
    return number or 1


def _floats(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.float32) / 255

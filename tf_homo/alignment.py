"""Faces into the frame that a model was trained in, and back into the photo.

Points are (x, y) in pixels, measured from the outer corner of the first pixel, whose centre is (0.5, 0.5). A transform
is a float64 (2, 3) matrix that takes points of the aligned square to points of the photo: a rotation, a scale, a shift.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

FEATHER = 0.125  # width of the soft edge of what is pasted back, as a share of the square's side
DETAIL = 0.08  # change of a pixel, in [0, 1], at which half of the photo's own detail stays

Point = tuple[float, float]


class Frame(NamedTuple):
    """Where the eyes stand in the square pictures of a data set, as fractions of its side; left is the picture's."""

    left_eye: Point
    right_eye: Point


#: The middle 178 x 178 pixels of CelebA's aligned pictures, whose eyes stand at about (69, 111) and (108, 111).
CELEBA = Frame((69 / 178, 91 / 178), (108 / 178, 91 / 178))
#: The drawn faces, but for their pose.
DRAWN = Frame((0.387, 0.445), (0.613, 0.445))
_FRAMES = {"drawn_faces": DRAWN, "celeb_a": CELEBA, "celeba_folder": CELEBA}  # by data set


def trained_in(info: Mapping[str, Any]) -> Frame | None:
    """Where the pictures that a model was trained on have the eyes, by its model.json; None where that is not known.

    `eyes` says it there, [[x, y], [x, y]]; where that is missing its data's four numbers or the data set's name do.
    """
    if "eyes" in info:
        return info["eyes"] and Frame(*map(tuple, info["eyes"]))
    data = info.get("data", {})
    if data.get("eyes"):
        return Frame(tuple(data["eyes"][:2]), tuple(data["eyes"][2:]))
    return _FRAMES.get(data.get("dataset"))


def similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The transform that takes two points to two others: both (2, 2), one point a row."""
    (sx, sy), (tx, ty) = source[1] - source[0], target[1] - target[0]
    turn = complex(tx, ty) / complex(sx, sy)
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    return np.column_stack([linear, target[0] - linear @ source[0]])


def apply(transform: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Points (N, 2), transformed."""
    return np.asarray(points) @ transform[:, :2].T + transform[:, 2]


def inverse(transform: np.ndarray) -> np.ndarray:
    """The transform back."""
    linear = np.linalg.inv(transform[:, :2])
    return np.column_stack([linear, -linear @ transform[:, 2]])


def sample(image: np.ndarray, transform: np.ndarray, width: int, height: int) -> np.ndarray:
    """A picture of (height, width) whose every point p is that of `image` at transform(p).

    Where it shrinks, pixels are averaged first. Beyond the image its edge goes on.
    """
    import cv2

    scale = np.hypot(*transform[:, 0])
    if scale > 1:
        old = np.array(image.shape[1::-1])
        new = np.maximum(np.rint(old / scale), 1).astype(int)
        image = cv2.resize(image, tuple(new.tolist()), interpolation=cv2.INTER_AREA)
        transform = transform * (new / old)[:, None]
    centres = transform.copy()  # OpenCV measures from the centre of the first pixel
    centres[:, 2] += transform[:, :2] @ (0.5, 0.5) - 0.5
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(image, centres, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)


def align(image: np.ndarray, eyes: np.ndarray, frame: Frame, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Turns, scales and crops a photo so that two eyes stand where the frame wants them.

    Args:
      image: (H, W, 3) uint8. Where the square reaches beyond it, its edge goes on.
      eyes: (2, 2), the left and the right eye.
      frame: where they shall stand.
      size: side of the square in pixels.

    Returns:
      (size, size, 3) uint8, and the transform.
    """
    transform = similarity(np.array(frame) * size, np.asarray(eyes, np.float64))
    return sample(image, transform, size, size), transform


def paste_back(image: np.ndarray, before: np.ndarray, after: np.ndarray, transform: np.ndarray) -> np.ndarray:
    """Puts the change from one decoded picture to another into the photo that it stands for.

    A decoded picture shows less than the photo: pores, single hairs, whatever its resolution lacks. So the photo's own
    pixels stay, and the difference of the two is added to them; none where nothing changes, and where before and after
    are the same picture the photo comes back bit by bit. Where much changes, though, the photo's detail would shine
    through as a ghost of what was there before: it fades as the change grows (DETAIL). Towards the edge of the square
    the change fades to nothing (FEATHER), and beyond it no pixel is touched.

    Args:
      image: (H, W, 3) uint8, the photo.
      before, after: (S, S, 3) float in [0, 1]: the decoded source, and what became of it.
      transform: what `align` returned.

    Returns:
      (H, W, 3) uint8.
    """
    height, width = image.shape[:2]
    size = len(before)
    corners = apply(transform, np.array([(0, 0), (size, 0), (0, size), (size, size)]))
    left, top = np.clip(np.floor(corners.min(0)), 0, (width, height)).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(0)), 0, (width, height)).astype(int)
    pasted = image.copy()
    if left >= right or top >= bottom:
        return pasted
    back = inverse(transform)
    back[:, 2] += back[:, :2] @ (left, top)  # from points of the part of the photo that may change
    wide, high = right - left, bottom - top
    change = (after - before).astype(np.float32)
    kept = DETAIL**2 / (DETAIL**2 + (change**2).mean(axis=2, keepdims=True))
    faded = ((1 - kept) * before).astype(np.float32)
    part = image[top:bottom, left:right].astype(np.float32) / 255
    share = sample(1 - kept, back, wide, high)[..., None]
    added = sample(change + faded, back, wide, high) - share * part
    part += _soft_edge(back, wide, high, size)[..., None] * added
    pasted[top:bottom, left:right] = np.rint(np.clip(part, 0, 1) * 255).astype(np.uint8)
    return pasted


def _soft_edge(transform: np.ndarray, width: int, height: int, size: int) -> np.ndarray:
    """(height, width) float32: 0 outside the square, rising smoothly to 1 at FEATHER of its side from its edge."""
    x = np.arange(width, dtype=np.float32) + 0.5
    y = np.arange(height, dtype=np.float32)[:, None] + 0.5
    inside = np.full((height, width), np.inf, np.float32)
    for a, b, c in transform.astype(np.float32):
        place = a * x + b * y + c
        inside = np.minimum(inside, np.minimum(place, size - place))
    rise = np.clip(inside / (FEATHER * size), 0, 1)
    return rise * rise * (3 - 2 * rise)

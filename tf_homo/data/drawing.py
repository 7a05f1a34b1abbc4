"""Faces drawn from continuous attribute strengths: the set whose true in-between images are known.

A `Face` is eighteen strengths in [0, 1] and a nuisance that no label names. Each strength moves a shape, a colour or an
opacity in proportion, so rendering interpolated strengths with the nuisance held gives the true in-between image.
`sample(seed, index)` draws a face, `render(face, size)` paints it; both give the same bytes on every machine (canvas.py
says how).
"""

import dataclasses
from typing import NamedTuple

import numpy as np

from tf_homo.data import face_parts, portrait
from tf_homo.data.canvas import Canvas
from tf_homo.errors import InputError

HAIR_COLOURS = ("Black_Hair", "Blond_Hair", "Brown_Hair", "Gray_Hair")

#: The names, CelebA's own, in the order of every strengths vector; 1 means "has it". The four hair colours sum to 1.
ATTRIBUTES = (
    "Smiling", "Mouth_Slightly_Open", "Male", "No_Beard", "Mustache", *HAIR_COLOURS, "Bangs", "Receding_Hairline",
    "Young", "Bushy_Eyebrows", "Eyeglasses", "Chubby", "Big_Nose", "Wavy_Hair", "Heavy_Makeup",
)  # fmt: skip

#: The value of a mask's pixel is the place of its class here; beard and moustache are hair.
MASK_CLASSES = portrait.MASK_CLASSES

#: What a mask is painted in as a picture, RGB in 0 to 255: a corner of the cube for each of MASK_CLASSES.
MASK_COLOURS = (
    (0, 0, 255), (255, 0, 0), (0, 255, 0), (255, 255, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255), (0, 0, 0),
)  # fmt: skip

#: The rows of `Picture.landmarks`; left and right are the picture's.
LANDMARKS = ("left_eye", "right_eye", "nose_tip", "left_mouth_corner", "right_mouth_corner")

_HAIR = slice(ATTRIBUTES.index("Black_Hair"), ATTRIBUTES.index("Gray_Hair") + 1)
_OTHERS = [i for i, name in enumerate(ATTRIBUTES) if name not in HAIR_COLOURS]


@dataclasses.dataclass(frozen=True)
class Nuisance:
    """What no attribute names. Each is uniform in [0, 1), except the four of the pose.

    place_x, place_y: shift in frame widths, +-0.03. scale: 0.95 to 1.05. tilt: degrees, +-6, clockwise.
    """

    place_x: float
    place_y: float
    scale: float
    tilt: float
    light_side: float
    brightness: float
    skin: float
    skin_warmth: float
    eye_colour: float
    eye_size: float
    face_length: float
    hair_volume: float
    hair_part: float
    wave_phase: float
    lip_colour: float
    frame_colour: float
    clothes_style: float
    clothes_colour: float
    clothes_second: float
    clothes_value: float
    background_style: float
    background_colour: float
    background_second: float
    background_value: float
    background_angle: float
    background_phase: float


_NUISANCES = tuple(field.name for field in dataclasses.fields(Nuisance))
_POSE = {"place_x": (-0.03, 0.03), "place_y": (-0.03, 0.03), "scale": (0.95, 1.05), "tilt": (-6.0, 6.0)}


@dataclasses.dataclass(frozen=True, eq=False)
class Face:
    """A face before it is painted: strengths float32 (18,) in the order of ATTRIBUTES, and the nuisance."""

    strengths: np.ndarray
    nuisance: Nuisance

    def with_strengths(self, strengths) -> "Face":
        """The same nuisance with other strengths (18,) in [0, 1].

        Raises:
          InputError: another shape, a value outside [0, 1] by more than 1e-3, or hair colours that are all 0.
        """
        array = np.asarray(strengths, np.float32)
        if array.shape != (len(ATTRIBUTES),):
            raise InputError(
                f"strengths have shape {array.shape}; give {len(ATTRIBUTES)}, one for each of drawing.ATTRIBUTES"
            )
        if not ((array >= -1e-3) & (array <= 1 + 1e-3)).all():
            raise InputError(f"strengths reach from {array.min():g} to {array.max():g}; a face is drawn for 0 to 1")
        array = np.clip(array, 0, 1)
        if not array[_HAIR].any():
            raise InputError("the four hair colours are all 0; let them sum to 1")
        return Face(array, self.nuisance)

    @property
    def attributes(self) -> np.ndarray:
        """0/1 as int64 (18,): strength above one half; of the hair colours only the strongest is 1."""
        labels = (self.strengths > 0.5).astype(np.int64)
        labels[_HAIR] = 0
        labels[_HAIR.start + int(np.argmax(self.strengths[_HAIR]))] = 1
        return labels


class Picture(NamedTuple):
    """A painted face.

    image: uint8 (S, S, 3) RGB. mask: uint8 (S, S), places in MASK_CLASSES. landmarks: float32 (5, 2), x and y in [0, 1]
    of the frame, in the order of LANDMARKS.
    """

    image: np.ndarray
    mask: np.ndarray
    landmarks: np.ndarray


def sample(seed: int, index: int) -> Face:
    """Draws face `index` of the stream `seed`; the same pair gives the same face, whatever was drawn before.

    Each strength but hair colour is 0 or 1 with probability 0.35 each, else uniform; hair has one colour with
    probability 0.7, else two in a uniform mix. The nuisance is independent of the strengths.

    Args:
      seed: 0 to 2**32 - 1.
      index: 0 to 2**64 - 1.
    """
    if not 0 <= seed < 1 << 32:
        raise InputError(f"seed {seed} is out of range; give 0 to 2**32 - 1")
    if not 0 <= index < 1 << 64:
        raise InputError(f"index {index} is out of range; give 0 to 2**64 - 1")
    words = [seed, index & 0xFFFFFFFF, index >> 32]
    # PCG64 and its doubles are fixed by numpy's compatibility promise for bit generators; only `random` is used on it.
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(words))).random
    strengths = np.zeros(len(ATTRIBUTES))
    kind, between = random((2, len(_OTHERS)))
    strengths[_OTHERS] = np.where(kind < 0.35, 0.0, np.where(kind < 0.7, 1.0, between))
    pure, first, second, weight = random(4)
    one = int(first * 4)
    other = (one + 1 + int(second * 3)) % 4
    weight = 1.0 if pure < 0.7 else weight
    strengths[_HAIR.start + one] = weight
    strengths[_HAIR.start + other] = 1 - weight
    values = dict(zip(_NUISANCES, random(len(_NUISANCES)).tolist(), strict=True))
    for name, (low, high) in _POSE.items():
        values[name] = low + (high - low) * values[name]
    return Face(strengths.astype(np.float32), Nuisance(**values))


def render(face: Face, size: int) -> Picture:
    """Paints the face as size x size pixels; every size shows the same face.

    Raises:
      InputError: the size is below 16 or above 1024.
    """
    if not 16 <= size <= 1024:
        raise InputError(f"size {size} cannot be drawn; give 16 to 1024, usually 32, 64 or 128")
    pose = face.nuisance
    angle = pose.tilt * (3.141592653589793 / 180)
    square = angle * angle
    sin = angle * (1 - square / 6 * (1 - square / 20))
    cos = 1 - square / 2 * (1 - square / 12)
    canvas = Canvas(size, (0.5 + pose.place_x, 0.445 + pose.place_y), pose.scale, cos, sin)
    strengths = {name: float(s) for name, s in zip(ATTRIBUTES, face.strengths, strict=True)}
    points = face_parts.paint(canvas, strengths, pose)
    return Picture(canvas.pixels(), canvas.mask, canvas.frame(points).astype(np.float32))

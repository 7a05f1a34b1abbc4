"""Systems to compare on the same pairs of faces: ours, what others do, and, of drawn faces, the truth.

Each has one method: `path(pair, strengths) -> frames`, strengths (N, C) with a column for each of the model's
branches, 0 the source, 1 the target. Those that cannot move a group alone take rows of equal columns only.
"""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from tf_homo.data import drawing, drawn_faces
from tf_homo.serving import Morpher


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """Two drawn faces: the faces, images float32 (2, S, S, 3) in [0, 1], landmarks (2, 5, 2), masks uint8 (2, S, S).

    `drawn` keeps what was painted of the first face with other strengths, uint8 (S, S, 3), by their bytes.
    """

    faces: tuple[drawing.Face, drawing.Face]
    images: np.ndarray
    landmarks: np.ndarray
    masks: np.ndarray
    drawn: dict[bytes, np.ndarray] = dataclasses.field(default_factory=dict)

    @property
    def white(self) -> np.ndarray:
        """Where both are background and pure white, bool (S, S)."""
        background = self.masks == drawing.MASK_CLASSES.index("background")
        return (background & (self.images == 1).all(-1)).all(0)


def pair_of(source: int, target: int, size: int, seed: int) -> Pair:
    """The test split's examples `source` and `target`, painted at `size` pixels."""
    faces = tuple(drawn_faces.face(index, seed, "test") for index in (source, target))
    pictures = [drawing.render(face, size) for face in faces]
    return Pair(
        faces,
        np.stack([p.image for p in pictures]).astype(np.float32) / 255,
        np.stack([p.landmarks for p in pictures]),
        np.stack([p.mask for p in pictures]),
    )


class System:
    """A way from one face to another.

    Attributes:
      alone: how many pairs it is asked to move one group alone in; 0 where it cannot, None for all pairs.
      extrapolates: strengths above 1 mean something to it.
    """

    alone: int | None = 0
    extrapolates = False

    def path(self, pair: Pair, strengths: np.ndarray) -> np.ndarray:
        """Frames (N, S, S, 3) float32 in [0, 1] for strengths (N, C)."""
        raise NotImplementedError

    def __str__(self) -> str:
        return type(self).__name__


class Morph(System):
    """A trained model with all its branches; `branches` names the columns of strengths where they are not its own, and
    what it has no branch for it does not move.
    """

    alone, extrapolates = None, True

    def __init__(self, model: Morpher, branches: Sequence[str] | None = None):
        own = model.info["branches"]
        self.model, self.own = model, np.array([[a == b for b in own] for a in branches or own], np.float32)

    def __str__(self):
        return str(self.model.path)

    def path(self, pair, strengths):
        latents = self.model.encode(pair.images)
        return np.clip(self.model.frames(latents[:1], latents[1:], strengths @ self.own, batch=16), 0, 1)


class LatentPath(System):
    """The model's encoder and decoder with a curve between the latents in place of the branches: lerp, or slerp
    (Shoemake 1985). What a latent carries beside its code goes straight.
    """

    def __init__(self, model: Morpher, curve):
        self.model, self.curve = model, curve
        self.depth = model.info.get("code_depth")  # none: the whole latent

    def mixed(self, a: np.ndarray, b: np.ndarray, v: float) -> np.ndarray:
        """The latent at the share v of the way from a to b, (h, w, d) each."""
        depth = self.depth or a.shape[-1]
        code, rest = slice(depth), slice(depth, None)
        parts = self.curve(a[..., code], b[..., code], v), lerp(a[..., rest], b[..., rest], v)
        return np.concatenate(parts, axis=-1).astype(np.float32)

    def path(self, pair, strengths):
        latents = self.model.encode(pair.images)
        return np.clip(self.model.decode(np.stack([self.mixed(*latents, v) for v in _together(strengths)])), 0, 1)


class PixelBlend(System):
    """A cross-dissolve."""

    def path(self, pair, strengths):
        return np.stack([lerp(*pair.images, v) for v in _together(strengths)])


class LandmarkWarp(System):
    """A cross-dissolve of two warped images, whose landmarks meet on the way (Wolberg 1998): what morphing tools do.

    Each frame's landmarks lie between those of the ends. A thin-plate spline (Bookstein 1989) through the five
    landmarks and eight points of the frame says where each pixel comes from; pixels are read bilinearly.
    """

    def path(self, pair, strengths):
        frames = []
        for v in _together(strengths):
            points = lerp(*pair.landmarks, v)
            warped = [warp(image, points, own) for image, own in zip(pair.images, pair.landmarks, strict=True)]
            frames.append(lerp(*warped, v))
        return np.stack(frames)


class Truth(System):
    """The source's own face, drawn with strengths on the way to the target's: light, pose, clothes and background stay
    the source's.

    Painting takes milliseconds a frame, so the groups alone are painted for the first pairs only.
    """

    alone = 64

    def __init__(self, groups: Mapping[str, Sequence[str]], branches: Sequence[str]):
        # membership[k, i] = 1 where branch i moves attribute k
        self.membership = np.array([[a in groups.get(b, ()) for b in branches] for a in drawing.ATTRIBUTES], np.float32)

    def path(self, pair, strengths):
        source, target = pair.faces
        share = strengths @ self.membership.T  # (N, K)
        moved = source.strengths + share * (target.strengths - source.strengths)
        for s in moved:
            if s.tobytes() not in pair.drawn:
                pair.drawn[s.tobytes()] = drawing.render(source.with_strengths(s), pair.images.shape[1]).image
        return np.stack([pair.drawn[s.tobytes()] for s in moved]).astype(np.float32) / 255


class TruthLerp(System):
    """An oracle: the model's encoder and decoder, and in place of its branches the straight line to the latent of the
    drawn face that has what is moved, and nothing else, from the target. What it does not do as well as the truth,
    encoder and decoder do not; what a branch does not do as well as it, the branch does not.
    """

    alone = Truth.alone

    def __init__(self, model: Morpher, truth: Truth):
        self.model, self.truth = model, truth

    def path(self, pair, strengths):
        ends, which = np.unique(strengths > 0, axis=0, return_inverse=True)
        drawn = self.truth.path(pair, ends.astype(np.float32))
        latents = self.model.encode(np.concatenate([pair.images[:1], drawn]))
        mixed = [lerp(latents[0], latents[1 + end], v) for end, v in zip(which.ravel(), strengths.max(1), strict=True)]
        return np.clip(self.model.decode(np.stack(mixed).astype(np.float32)), 0, 1)


def systems(
    model: Morpher,
    groups: Mapping[str, Sequence[str]],
    others: Mapping[str, Morpher] | None = None,
    drawn: bool = True,
) -> dict[str, System]:
    """All of them by name, in the order of the tables; `groups` are the drawn set's attributes by branch, `others` more
    trained models with some of the same branches. Without those that need the truth where faces are not `drawn`.
    """
    found = {
        "tf_homo": Morph(model),
        **{name: Morph(other, model.info["branches"]) for name, other in (others or {}).items()},
        "latent_lerp": LatentPath(model, lerp),
        "latent_slerp": LatentPath(model, slerp),
        "pixel_blend": PixelBlend(),
        "landmark_warp": LandmarkWarp(),
    }
    if drawn:
        truth = Truth(groups, model.info["branches"])
        found |= {"truth_lerp": TruthLerp(model, truth), "truth": truth}
    return found


def lerp(a: np.ndarray, b: np.ndarray, v: float) -> np.ndarray:
    """The share v of the straight way from a to b."""
    return a * (1 - v) + b * v


def slerp(a: np.ndarray, b: np.ndarray, v: float) -> np.ndarray:
    """The share v of the arc from a to b, taken as vectors (whole latents); the straight way where they are
    parallel.
    """
    cosine = np.vdot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-12)
    angle = np.arccos(np.clip(cosine, -1, 1))
    if np.sin(angle) < 1e-4:
        return lerp(a, b, v)
    return (np.sin((1 - v) * angle) * a + np.sin(v * angle) * b) / np.sin(angle)


def warp(image: np.ndarray, points: np.ndarray, origins: np.ndarray) -> np.ndarray:
    """The image (S, S, 3) moved so that what lies at `origins` (L, 2) comes to lie at `points` (L, 2); x and y in [0,
    1].
    """
    size = image.shape[0]
    frame = np.array([(x, y) for x in (0, 0.5, 1) for y in (0, 0.5, 1) if (x, y) != (0.5, 0.5)])
    points, origins = np.concatenate([points, frame]).astype(np.float64), np.concatenate([origins, frame])
    count = len(points)

    def bend(at):  # (M, 2) -> (M, L + 3): r^2 log r to every point, and an affine part
        squared = np.sum((at[:, None] - points) ** 2, axis=-1)
        return np.concatenate([squared * np.log(squared + 1e-12), np.ones((len(at), 1)), at], axis=1)

    known = bend(points)
    system = np.zeros((count + 3, count + 3))
    system[:count], system[count:, :count] = known, known[:, count:].T
    weights = np.linalg.solve(system, np.concatenate([origins, np.zeros((3, 2))]))
    centres = (np.arange(size) + 0.5) / size
    pixels = np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)  # x, y
    return _bilinear(image, (bend(pixels) @ weights) * size - 0.5).reshape(image.shape)


def _bilinear(image: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Colours (M, 3) at x, y (M, 2) in pixels; beyond the border those of the border."""
    size = image.shape[0]
    at = np.clip(at, 0, size - 1)
    low = np.minimum(at.astype(int), size - 2)
    (x, y), (right, down) = low.T, (at - low).astype(image.dtype).T[..., None]
    upper = image[y, x] * (1 - right) + image[y, x + 1] * right
    lower = image[y + 1, x] * (1 - right) + image[y + 1, x + 1] * right
    return upper * (1 - down) + lower * down


def _together(strengths: np.ndarray) -> np.ndarray:
    """The one strength (N,) of each row."""
    if np.ptp(strengths, axis=1).any():
        raise ValueError("this system moves everything together; give rows of equal strengths")
    return strengths[:, 0]

"""Finds faces, and their eyes to a few hundredths of the distance between them, with the cascades of OpenCV's wheel.

A cascade (Viola and Jones 2001) says yes or no to a window, and near a face it says yes to many. One answer is crude;
the mean of many is not. So each face is looked at again and again, turned a little each time:

1. search: the photo is scaled down and turned in steps up to 30 degrees; wherever a face is seen, is a candidate.
2. closer look: each candidate is cut out upright at one size and judged at several turns by three cascades. The hits
   are votes for its place, width and tilt; their number says how sure it is.
3. eyes: hits of four eye cascades, at three turns, vote for the centre of each eye; the mode of the votes nearest to
   where the face suggests the eye is taken (mean shift; Comaniciu and Meer 2002). It is repeated from the better place.
   Where an eye has no votes (dark glasses, hair), the place that the face suggests remains.

Points and pixels as in alignment.py. Numbers in capitals are shares of the face's width (of what the cascades call a
face) or of the distance between the eyes; they were measured on photos of hundreds of people.
"""

import functools
from typing import NamedTuple

import numpy as np

from tf_homo import alignment

SEARCHED = (320, 640, 1000)  # longer side of the photo in pixels, in turn; the next if faces may have been missed
LEAST = 24  # pixels: width of the smallest face that is searched
RIVAL = 0.5  # a face less wide than this share of the clearest one belongs to the background
SURE = 1000  # how sure a face must be: by the votes of search, closer look and eyes, and its share of the photo
FAINT = 1e-4  # a face less sure than this share of the surest is none
HIDDEN = 0.2  # votes; with fewer an eye may be covered
CANDIDATES = 10

WIDTH = 72  # pixels of a face in the closer look
EYES = np.array([(-0.19, -0.122), (0.19, -0.122)])  # from the face's centre, in its widths
APART = 60  # pixels between the eyes when they are looked for

#: cascade -> how far below its hits' centres an eye's centre lies, in distances between the eyes
LEFT_EYE = {"eye": -0.006, "eye_tree_eyeglasses": -0.011, "righteye_2splits": 0.091}  # the person's right
RIGHT_EYE = {"eye": -0.006, "eye_tree_eyeglasses": -0.011, "lefteye_2splits": 0.091}
REACH = 0.6  # eyes are looked for this far around their suggested place
TRUST = (0.14, 0.12, 0.1)  # how far they are believed to lie from it (standard deviation), round by round
KERNEL = 0.07  # votes this near to each other agree (standard deviation)
ENOUGH = 40  # hits of one cascade at one turn; more count no more
DOUBT = 0.05  # votes that the suggested place counts for

#: What must lie inside the photo: temples, cheeks and chin, from the middle of the eyes, in distances between them.
OUTLINE = np.array([(-0.7, -0.4), (0.7, -0.4), (-0.95, 0.2), (0.95, 0.2), (-0.5, 1.4), (0.5, 1.4)])


class Face(NamedTuple):
    """A face in a photo.

    eyes: float (2, 2), the left and the right one (the picture's), x and y in pixels. whole: that it lies inside the
    photo. votes: how many agree on the eye that is seen less well, at most about 6; below HIDDEN it may be covered.
    """

    eyes: np.ndarray
    whole: bool
    votes: float = np.inf


class _Sight(NamedTuple):
    """A face as the cascades see it: centre (2,), width, degrees clockwise, votes."""

    centre: np.ndarray
    width: float
    tilt: float
    votes: float

    def scaled(self, factor: float) -> "_Sight":
        return self._replace(centre=self.centre * factor, width=self.width * factor)


#: How sure a face is, its better place; its eyes (2, 2) and the votes for the one with fewer.
_Judged = tuple[float, _Sight, tuple[np.ndarray, float]]


def find(image: np.ndarray) -> list[Face]:
    """The faces of a photo (H, W, 3) uint8, from left to right, without those much smaller than the clearest one.

    Upright to about 40 degrees of tilt, seen from the front to about half profile. The same photo gives the same faces.
    """
    import cv2

    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    fine, scale = _shrunk(grey, SEARCHED[-1])
    found: list[_Judged] = []
    for side in SEARCHED:
        coarse, shrink = _shrunk(fine, side)
        seen = (sight.scaled(1 / shrink) for sight in _search(coarse)[:CANDIDATES])
        found = _distinct([judged for sight in seen if (judged := _judge(fine, sight))])
        if found and found[0][1].width * shrink * RIVAL >= LEAST or side >= max(fine.shape):
            break
    faces = [_face(eyes / scale, image.shape, votes) for _, _, (eyes, votes) in found]
    return sorted(faces, key=lambda face: face.eyes[:, 0].sum())


def _shrunk(grey: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """The picture with at most `side` pixels a side, and by what factor it was scaled."""
    import cv2

    scale = min(1.0, side / max(grey.shape))
    if scale == 1:
        return grey, scale
    height, width = (max(1, round(length * scale)) for length in grey.shape)
    return cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), scale


@functools.cache
def _cascade(name: str):
    import cv2

    return cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_{name}.xml")


def _search(grey: np.ndarray) -> list[_Sight]:
    """Every place where a cascade sees a face, the one with most votes first."""
    height, width = grey.shape
    margin = 0.1 * max(height, width)  # a face at the edge is seen only whole
    middle = np.array([width, height]) / 2
    sights = []
    for tilt in (-30, -15, 0, 15, 30):
        turn = _turn(tilt)
        extent = np.abs(turn) @ (middle + margin)
        transform = np.column_stack([turn, middle - turn @ extent])
        turned = alignment.sample(grey, transform, *np.rint(2 * extent).astype(int).tolist())
        for name in ("frontalface_alt2", "frontalface_default"):
            sights += _sights(name, turned, transform, tilt, scaleFactor=1.15, minNeighbors=2, minSize=(LEAST, LEAST))
    return _merged(sights)


def _closer(grey: np.ndarray, face: _Sight) -> _Sight | None:
    """The face by the votes of three cascades at six turns; None where they see nothing."""
    side = round(1.9 * WIDTH)
    sizes = {"minSize": (round(0.7 * WIDTH),) * 2, "maxSize": (round(1.4 * WIDTH),) * 2}
    sights = []
    for tilt in face.tilt + np.array([-20, -12, -4, 4, 12, 20]):
        linear = _turn(tilt) * face.width / WIDTH
        transform = np.column_stack([linear, face.centre - linear @ (side / 2, side / 2)])
        upright = alignment.sample(grey, transform, side, side)
        for name in ("frontalface_alt2", "frontalface_alt", "frontalface_default"):
            sights += _sights(name, upright, transform, tilt, scaleFactor=1.06, minNeighbors=1, **sizes)
    near = [s for s in _merged(sights) if np.hypot(*(s.centre - face.centre)) < 0.4 * face.width]
    return near[0] if near else None


def _sights(name: str, grey: np.ndarray, transform: np.ndarray, tilt: float, **options) -> list[_Sight]:
    """What one cascade sees in a picture that was sampled by `transform`, turned by `tilt`."""
    boxes, votes = _cascade(name).detectMultiScale2(grey, **options)
    scale = np.hypot(*transform[:, 0])
    return [
        _Sight(alignment.apply(transform, (x + width / 2, y + width / 2)), width * scale, tilt, float(count))
        for (x, y, width, _), count in zip(boxes, votes, strict=True)
    ]


def _merged(sights: list[_Sight]) -> list[_Sight]:
    """One for each heap of sights that overlap: their mean by votes, and the sum of these; most votes first."""
    rows = np.array([(*s.centre, s.width, s.tilt, s.votes) for s in sights]).reshape(-1, 5)
    rows = rows[np.lexsort(rows.T)][::-1]  # most votes first, and the same order always
    heaps = []
    while len(rows):
        heap, seed = np.arange(len(rows)) == 0, rows[0]
        for _ in range(3):
            away = np.hypot(*(rows[:, :2] - seed[:2]).T)
            near = (away < 0.35 * seed[2]) & (np.abs(np.log(rows[:, 2] / seed[2])) < 0.4)
            if not near.any():
                break
            heap, seed = near, np.average(rows[near], axis=0, weights=rows[near, 4])
        heaps.append(_Sight(seed[:2], *seed[2:4].tolist(), rows[heap, 4].sum()))
        rows = rows[~heap]
    return sorted(heaps, key=lambda heap: -heap.votes)


def _judge(grey: np.ndarray, sight: _Sight) -> _Judged | None:
    """A candidate, looked at closely; None where it is no face."""
    face = _closer(grey, sight)
    if face is None:
        return None
    eyes, votes = _eyes(grey, face)
    sure = (sight.votes * face.width / max(grey.shape)) ** 2 * face.votes * (0.3 + sum(votes))
    return (sure, face, (eyes, min(votes))) if sure >= SURE else None


def _distinct(found: list[_Judged]) -> list[_Judged]:
    """The surest first; without those that overlap a surer one, or are small beside the surest."""
    kept: list[_Judged] = []
    for one in sorted(found, key=lambda one: -one[0]):
        face = one[1]
        apart = all(np.hypot(*(face.centre - o.centre)) > 0.6 * max(face.width, o.width) for _, o, _ in kept)
        if apart and (not kept or (face.width >= RIVAL * kept[0][1].width and one[0] >= FAINT * kept[0][0])):
            kept.append(one)
    return kept


def _eyes(grey: np.ndarray, face: _Sight) -> tuple[np.ndarray, list[float]]:
    """Both eyes (2, 2), and for each the votes that agree on it, at most about 6."""
    eyes = face.centre + face.width * EYES @ _turn(face.tilt).T
    for trust in TRUST:
        moved = [_mode(votes, trust) for votes in _votes(grey, eyes)]
        along = eyes[1] - eyes[0]
        across = np.array([-along[1], along[0]])
        eyes = eyes + np.array([x * along + y * across for (x, y), _ in moved])
    return eyes, [float(agreed) for _, agreed in moved]


def _votes(grey: np.ndarray, eyes: np.ndarray) -> list[list[np.ndarray]]:
    """For each eye the hits of each cascade at each turn: (N, 2), away from its present place, in distances between
    the eyes along the line through them and across it.
    """
    width, height = 3 * APART, 2 * APART
    upright = np.array([(-0.5, 0), (0.5, 0)]) * APART
    reach = round(REACH * APART)
    sizes = {"minSize": (round(0.5 * APART),) * 2, "maxSize": (round(0.9 * APART),) * 2}
    votes: list[list[np.ndarray]] = [[], []]
    for tilt in (-8, 0, 8):
        turn = _turn(tilt)  # as seen in the upright picture
        places = upright @ turn + (width / 2, height / 2)
        picture = alignment.sample(grey, alignment.similarity(places, eyes), width, height)
        for own, place, names in zip(votes, places, (LEFT_EYE, RIGHT_EYE), strict=True):
            left, top = np.maximum(np.rint(place - reach), 0).astype(int)
            window = np.ascontiguousarray(picture[top : top + 2 * reach, left : left + 2 * reach])
            for name, below in names.items():
                boxes = _cascade(name).detectMultiScale(window, scaleFactor=1.06, minNeighbors=0, **sizes)
                if len(boxes):
                    centres = boxes[:, :2] + boxes[:, 2:] / 2 + (left, top + below * APART)
                    own.append((centres - place) @ turn.T / APART)
    return votes


def _mode(votes: list[np.ndarray], trust: float) -> tuple[np.ndarray, float]:
    """Where the votes agree near the origin, and how many do; each group of them counts for 1 at most."""
    points = np.concatenate([*votes, np.zeros((0, 2))])
    shares = np.concatenate([np.full(len(group), 1 / max(ENOUGH, len(group))) for group in votes] or [np.zeros(0)])
    shares = shares * np.exp(-(points**2).sum(axis=1) / 2 / trust**2)
    place, agreed = np.zeros(2), 0.0
    for _ in range(15):
        weights = shares * np.exp(-((points - place) ** 2).sum(axis=1) / 2 / KERNEL**2)
        agreed = weights.sum()
        place = weights @ points / (agreed + DOUBT)
    return place, agreed


def _turn(degrees: float) -> np.ndarray:
    """The (2, 2) matrix that turns clockwise on the screen, where y points down."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cos, -sin], [sin, cos]])


def _face(eyes: np.ndarray, shape: tuple[int, ...], votes: float) -> Face:
    """The face with these eyes in a photo of `shape`."""
    outline = alignment.apply(alignment.similarity(np.array([(-0.5, 0), (0.5, 0)]), eyes), OUTLINE)
    return Face(eyes, bool((outline >= 0).all() and (outline <= shape[1::-1]).all()), votes)

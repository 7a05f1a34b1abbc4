"""Anti-aliased vector drawing whose bytes are the same on every machine.

Only `+ - * /` and `sqrt`, which IEEE 754 rounds alike everywhere, touch floating point; vertices are rounded to fixed
point and OpenCV's fillPoly rasterises them in integers (Pillow's polygons run in C floats, which compilers may contract
differently). Sums of coverage are integer sums. Shapes are polygons: float64 arrays (N, 2), x to the right and y down.
"""

import functools

import cv2
import numpy as np

_SHIFT = 6  # fractional bits of a vertex, in units of a supersample


def catmull_rom(points, closed=False, steps=5):
    """A smooth curve (N', 2) through the points (N, 2): the uniform Catmull-Rom spline, `steps` pieces a segment."""
    p = np.asarray(points, np.float64)
    if closed:
        q = np.concatenate([p[-1:], p, p[:2]])
    else:
        q = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    b0, b1, b2, b3 = _basis(steps)
    a, b, c, d = (q[i : len(q) - 3 + i, None, :] for i in range(4))
    curve = (a * b0 + b * b1 + c * b2 + d * b3).reshape(-1, 2)
    return curve if closed else np.concatenate([curve, p[-1:]])


_BASES = {}


def _basis(steps):
    if steps not in _BASES:
        t = (np.arange(steps) / steps)[None, :, None]
        t2, t3 = t * t, t * t * t
        _BASES[steps] = (
            (2 * t2 - t - t3) / 2,
            (2 - 5 * t2 + 3 * t3) / 2,
            (t + 4 * t2 - 3 * t3) / 2,
            (t3 - t2) / 2,
        )
    return _BASES[steps]


# The rational circle (1 - t^2, 2t) / (1 + t^2), turned by quarters: no sine whose last bit could differ.
def _circle(quarter=6):
    t = np.arange(quarter) / quarter
    d = 1 + t * t
    first = np.stack([(1 - t * t) / d, 2 * t / d], 1)
    turns = [first]
    for _ in range(3):
        last = turns[-1]
        turns.append(np.stack([-last[:, 1], last[:, 0]], 1))
    return np.concatenate(turns)


CIRCLE = _circle()


def ellipse(x, y, rx, ry):
    """An ellipse (24, 2) about (x, y)."""
    return CIRCLE * (rx, ry) + (x, y)


def mirror(points):
    """The points (N, 2) with x negated: the other half of a face."""
    return points * (-1.0, 1.0)


def normals(curve):
    """Unit normals (N, 2) of an open curve, to the left of its direction on the screen."""
    d = np.empty_like(curve)
    d[1:-1] = curve[2:] - curve[:-2]
    d[0] = curve[1] - curve[0]
    d[-1] = curve[-1] - curve[-2]
    length = np.sqrt(d[:, 0] * d[:, 0] + d[:, 1] * d[:, 1]) + 1e-9
    d /= length[:, None]
    return d[:, ::-1] * (1.0, -1.0)


def stroke(curve, width, taper=1.0):
    """The outline (2N, 2) of a brush stroke along a curve (N, 2), `width` wide, `(1 - taper) * width` at both ends."""
    t = np.arange(len(curve)) / (len(curve) - 1)
    half = (0.5 * width) * (1 - taper + taper * 4 * t * (1 - t))
    n = normals(curve) * half[:, None]
    return np.concatenate([curve + n, (curve - n)[::-1]])


@functools.cache
def line(points, width, taper=1.0):
    """The stroke along a smooth curve through points that no strength moves, a tuple of pairs; made once."""
    return stroke(catmull_rom(points), width, taper)


def ripple(curve, amount, length, phase=0.0):
    """The curve (N, 2) with waves of height `amount` and wavelength `length` along its normals, parabolas for sines."""
    if amount == 0:
        return curve
    d = curve[1:] - curve[:-1]
    way = np.concatenate([[0.0], np.cumsum(np.sqrt(d[:, 0] * d[:, 0] + d[:, 1] * d[:, 1]))])
    turn = way * (2 / length) + phase
    whole = np.floor(turn)
    part = turn - whole
    sign = 1 - 2 * (whole - 2 * np.floor(whole / 2))
    return curve + normals(curve) * (amount * sign * 4 * part * (1 - part))[:, None]


class Canvas:
    """A square picture that polygons in face coordinates are painted on.

    image: float32 (3, S, S) in [0, 255]; mask: uint8 (S, S); x, y: float32 (S, S), the face coordinates of each pixel's
    centre. Face coordinates have their origin between the eyes and the frame's width as unit; `cos` and `sin` are the
    head tilt's.
    """

    def __init__(self, size, origin, scale, cos, sin):
        self.size = size
        self.factor = 8 if size <= 64 else 4
        self.image = np.zeros((3, size, size), np.float32)
        self.mask = np.zeros((size, size), np.uint8)
        self._origin, self._cos, self._sin = origin, scale * cos, scale * sin
        self._unit = size * self.factor * (1 << _SHIFT)
        pixels = (np.arange(size) + 0.5) / size
        u, v = pixels[None, :] - origin[0], pixels[:, None] - origin[1]
        inverse = 1 / (scale * scale)
        self.x = ((u * self._cos + v * self._sin) * inverse).astype(np.float32)
        self.y = ((v * self._cos - u * self._sin) * inverse).astype(np.float32)

    def frame(self, points):
        """Face coordinates (N, 2) to frame coordinates (N, 2), in which the picture is [0, 1] x [0, 1]."""
        x, y = points[:, 0], points[:, 1]
        placed = np.empty_like(points, np.float64)
        placed[:, 0] = x * self._cos - y * self._sin + self._origin[0]
        placed[:, 1] = x * self._sin + y * self._cos + self._origin[1]
        return placed

    def _raster(self, polygons):
        """(rows, columns, coverage in [0, 1]) of the box around the polygons (even-odd); None outside the picture."""
        size, factor = self.size, self.factor
        points = self.frame(np.concatenate(polygons) if len(polygons) > 1 else polygons[0])
        # fillPoly puts the middle of the first pixel at 0, hence half a supersample less; the other half rounds.
        fixed = np.floor(points * self._unit + (0.5 - (1 << _SHIFT) / 2)).astype(np.int32)
        pixel = factor << _SHIFT
        low, high = fixed.min(0).tolist(), fixed.max(0).tolist()
        x0, y0 = max(low[0] // pixel, 0), max(low[1] // pixel, 0)
        x1, y1 = min(high[0] // pixel + 2, size), min(high[1] // pixel + 2, size)
        if x0 >= x1 or y0 >= y1:
            return None
        fixed -= np.array((x0 * pixel, y0 * pixel), np.int32)
        fine = np.zeros(((y1 - y0) * factor, (x1 - x0) * factor), np.uint8)
        parts, start = [], 0
        for polygon in polygons:
            parts.append(fixed[start : start + len(polygon)])
            start += len(polygon)
        cv2.fillPoly(fine, parts, 1, cv2.LINE_8, _SHIFT)
        # A row of `factor` bytes is one word: add words down the rows, then bytes across with one multiplication.
        words = fine.view(np.uint64 if factor == 8 else np.uint32)
        rows = np.add.reduce(words.reshape(y1 - y0, factor, x1 - x0), 1, words.dtype)
        ones = words.dtype.type(0x0101010101010101 if factor == 8 else 0x01010101)
        count = (rows * ones) >> words.dtype.type(8 * factor - 8)
        return slice(y0, y1), slice(x0, x1), count.astype(np.float32) * np.float32(1 / (factor * factor))

    def coverage(self, *polygons):
        """How much of each pixel the polygons cover: float32 (S, S) in [0, 1]."""
        return self._spread(self._raster(polygons))

    def _spread(self, box):
        full = np.zeros((self.size, self.size), np.float32)
        if box is not None:
            full[box[0], box[1]] = box[2]
        return full

    def _blend(self, rows, columns, alpha, colour):
        part = self.image[:, rows, columns]
        if colour.ndim == 3:
            colour = colour[:, rows, columns]
        else:
            colour = colour[:, None, None]
        part += alpha * (colour - part)

    def fill(self, polygons, colour, opacity=1.0, label=None, clip=None, seen=0.5, keep=False):
        """Paint polygons (one, or a list filled by the even-odd rule) in a colour: float32 (3,) or (3, S, S).

        clip: float32 (S, S) that the coverage is multiplied with. label: the mask value where coverage times opacity is
        above `seen`.
        keep: also return what `coverage` gives for the polygons, which is rasterised once then.
        """
        if opacity <= 0 and not keep:
            return None
        box = self._raster(polygons if isinstance(polygons, list) else [polygons])
        kept = self._spread(box) if keep else None
        if box is None or opacity <= 0:
            return kept
        rows, columns, alpha = box
        if clip is not None:
            alpha = alpha * clip[rows, columns]
        if opacity < 1:
            alpha = alpha * np.float32(opacity)
        self._blend(rows, columns, alpha, colour)
        if label is not None:
            self.mask[rows, columns][alpha > seen] = label
        return kept

    def glow(self, x, y, rx, ry, colour, opacity, clip=None):
        """A soft round spot in face coordinates, full in its middle and gone at the radii."""
        if opacity <= 0:
            return
        corners = (
            self.frame(np.array([[x - rx, y - ry], [x + rx, y - ry], [x - rx, y + ry], [x + rx, y + ry]])) * self.size
        )
        low, high = corners.min(0), corners.max(0)
        rows = slice(max(int(low[1]), 0), max(min(int(high[1]) + 1, self.size), 0))
        columns = slice(max(int(low[0]), 0), max(min(int(high[0]) + 1, self.size), 0))
        dx = (self.x[rows, columns] - np.float32(x)) * np.float32(1 / rx)
        dy = (self.y[rows, columns] - np.float32(y)) * np.float32(1 / ry)
        alpha = np.maximum(1 - dx * dx - dy * dy, 0)
        alpha = alpha * alpha * np.float32(opacity)
        if clip is not None:
            alpha = alpha * clip[rows, columns]
        self._blend(rows, columns, alpha, colour)

    def pixels(self):
        """The picture as uint8 (S, S, 3)."""
        return np.ascontiguousarray(
            np.floor(np.clip(self.image, 0, 255) + np.float32(0.5)).astype(np.uint8).transpose(1, 2, 0)
        )

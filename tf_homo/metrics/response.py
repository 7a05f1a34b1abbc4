"""How the attributes answer to the strength: measures of one path, from the strengths read along it.

A path has V frames at even strengths v = 0 ... 1. For a group of attributes, r(v) are the strengths read from frame v,
s_a and s_b the true ones of source and target. The response is how much of the way is done (Chen et al., CVPR 2019,
claim y(v) = v):

    y(v) = <r(v) - s_a, s_b - s_a> / |s_b - s_a|^2          0 at the source's own value, 1 at the target's

It means something only where the two faces differ: pairs with |s_b - s_a| >= CLEAR count, and every number comes with
their count n. All arrays are numpy, pairs first: y (n, V), strengths (n, V, K). Each measure gives one
value a pair, (n,). Standing still is no merit: smoothness and additivity are NaN there, and of the others only
endpoint_gap can be read without asking whether anything moved.
"""

from collections.abc import Mapping, Sequence

import numpy as np

CLEAR = 0.5  # a pair differs in a group where the true difference of its attributes is at least so long
FLOOR = 0.1  # share of the way; denominators are at least this, lest noise over no movement count as a large number


def response(reads: np.ndarray, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Responses y (n, V) from reads (n, V, K) and the true strengths of source and target (n, K), which must differ."""
    way = target - source
    length = np.sum(way**2, axis=-1)
    if not np.all(length > 0):
        raise ValueError("a pair has the same strengths at both ends; only pairs that differ have a response")
    return np.einsum("nvk,nk->nv", reads - source[:, None], way) / length[:, None]


def linearity(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Deviation from the straight line between the path's own ends, |y(v) - (y(0) + v (y(1) - y(0)))| / |y(1) - y(0)|.

    Returns:
      its mean over v in [0, 1] (trapezoid rule, so that the number of frames hardly matters), and its maximum. Both 0
      for an even pace; a step in the middle has 1/4 and 1/2. The denominator is at least FLOOR.
    """
    ends = y[:, -1] - y[:, 0]
    straight = y[:, :1] + np.linspace(0, 1, y.shape[1]) * ends[:, None]
    off = np.abs(y - straight) / np.maximum(np.abs(ends), FLOOR)[:, None]
    return ((off[:, 1:] + off[:, :-1]) / 2).mean(1), off.max(1)


def monotonic_rate(y: np.ndarray) -> np.ndarray:
    """Share of the V - 1 steps that go towards the target, y(v + dv) > y(v), however little. In [0, 1], best 1; a step
    that stands still does not count.
    """
    return (np.diff(y, axis=1) > 0).mean(1)


def endpoint_gap(y: np.ndarray) -> np.ndarray:
    """|1 - y(1)|: how far the end stays from the target's own value (or overshoots it), as a share of the way. 0 is
    best.
    """
    return np.abs(1 - y[:, -1])


def jump(y: np.ndarray) -> np.ndarray:
    """Largest step over mean step, in absolute size. In [1, V - 1]: 1 for an even pace, V - 1 where all happens in one
    step.

    The mean step is taken as at least FLOOR / (V - 1), so that a path that stands still has a value below 1.
    """
    steps = np.abs(np.diff(y, axis=1))
    return steps.max(1) / np.maximum(steps.mean(1), FLOOR / steps.shape[1])


def leakage(
    reads: np.ndarray, source: np.ndarray, target: np.ndarray, groups: Mapping[str, Sequence[int]], moved: str
) -> np.ndarray:
    """Mean movement of the other groups over the movement of the one that is to move alone.

    Movement is the length of the change in what is read of a group's attributes, from frame 0 to the last. 0 is best,
    1 means that every other group moves as far. The denominator is at least FLOOR times the true difference.

    Args:
      reads: (n, V, K) over all attributes.
      source, target: true strengths (n, K).
      groups: the columns of each group.
      moved: the group whose strength went from 0 to 1.
    """
    change = reads[:, -1] - reads[:, 0]
    size = {name: np.linalg.norm(change[:, list(columns)], axis=1) for name, columns in groups.items()}
    true = np.linalg.norm((target - source)[:, list(groups[moved])], axis=1)
    others = [length for name, length in size.items() if name != moved]
    if not others:
        raise ValueError(f"{moved} is the only group; nothing else could move")
    return np.mean(others, axis=0) / np.maximum(size[moved], FLOOR * true)


def ppl(features: np.ndarray) -> np.ndarray:
    """Perceptual path length (Karras et al., CVPR 2019): mean over the steps of |phi(v + dv) - phi(v)|^2 / dv^2.

    Here dv = 1 / (V - 1), and phi (n, V, D) are the reader's features. At least 0; for given ends a straight and even
    path has the least, |phi(1) - phi(0)|^2; 0 stands still. Comparable only between systems on the same pairs.
    """
    steps = np.sum(np.diff(features, axis=1) ** 2, axis=-1)  # (n, V - 1)
    return steps.mean(1) * steps.shape[1] ** 2


def smoothness(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Perceptual smoothness and its two parts, each in [0, 1] with 1 the best, of features phi (n, V, D).

    efficiency: |phi(1) - phi(0)| over the length of the path, 1 where it is straight. equality: mean step over root
    mean square step, 1 where all steps are equal and 1 / sqrt(V - 1) where all happens in one. smoothness: their
    product, |phi(1) - phi(0)| / sqrt(ppl). The wish is that of Liu et al. (CVPR 2021), the formulas are ours. A path
    that stands still is NaN in all three.

    Returns:
      smoothness, efficiency, equality.
    """
    steps = np.linalg.norm(np.diff(features, axis=1), axis=-1)  # (n, V - 1)
    direct = np.linalg.norm(features[:, -1] - features[:, 0], axis=-1)
    with np.errstate(invalid="ignore"):
        efficiency = direct / steps.sum(1)
        equality = steps.mean(1) / np.sqrt((steps**2).mean(1))
    return efficiency * equality, efficiency, equality


def beyond(y: np.ndarray, further: np.ndarray, excess: float) -> np.ndarray:
    """Pace past the target: (y(1 + excess) - y(1)) / (excess (y(1) - y(0))) of responses y (n, V) and y(1 + excess)
    (n,). 1 keeps pace, 0 stands still, below 0 turns back. The movement up to 1 is taken as at least FLOOR.
    """
    way = y[:, -1] - y[:, 0]
    way = np.where(np.abs(way) < FLOOR, np.copysign(FLOOR, way), way)
    return (further - y[:, -1]) / (excess * way)


def additivity(start: np.ndarray, one: np.ndarray, other: np.ndarray, both: np.ndarray) -> np.ndarray:
    """How far two groups moved together are from the sum of each alone, as a share of their movements; 0 is best.

        |(both - start) - (one - start) - (other - start)| / (|one - start| + |other - start|)

    All are strengths (n, K) that were read. NaN where either moves by less than FLOOR: no merit.
    """
    size = lambda x: np.linalg.norm(x, axis=-1)  # noqa: E731
    moves = size(one - start), size(other - start)
    off = size(both - one - other + start) / np.maximum(np.add(*moves), FLOOR)
    return np.where(np.minimum(*moves) < FLOOR, np.nan, off)

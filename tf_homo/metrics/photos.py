"""Pairs of photos to measure on: what a reader sees in them stands in for the truth, which nobody knows."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tf_homo import report
from tf_homo.data.examples import Examples
from tf_homo.data.sets import Source
from tf_homo.errors import InputError
from tf_homo.metrics import images, measure
from tf_homo.metrics.features import Features
from tf_homo.metrics.reader import Reader

SEED = 20_190_616  # who is paired with whom


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """Two photos, images float32 (2, S, S, 3) in [0, 1], of two people where the data say who is who; landmarks
    (2, 2, 2), their eyes.
    """

    images: np.ndarray
    landmarks: np.ndarray

    @property
    def white(self) -> np.ndarray:
        """Where both are background and white: not known, so nowhere."""
        return np.zeros(self.images.shape[1:3], bool)


def pairs_of(examples: Examples, count: int) -> np.ndarray:
    """Places (count, 2) of pairs, drawn once and for all; nobody twice.

    Raises:
      InputError: there are not so many.
    """
    order = np.random.default_rng(SEED).permutation(len(examples))
    if len(order) < 2 * count:
        raise InputError(f"--pairs={count}: the test part has {len(order)} pictures; take at most {len(order) // 2}")
    return order[: 2 * count].reshape(count, 2)


def gather(plan: measure.Plan, examples: Examples, reader: Reader, features: Features) -> measure.Faces:
    """The pairs of a plan, from the examples of a test part; those left over stand for the set of real ones."""
    places = pairs_of(examples, plan.pairs)
    scaled = lambda chosen: report.to_unit(examples.images[chosen])  # noqa: E731
    source, target = (np.clip(reader.read(scaled(places[:, end]))[0], 0, 1) for end in (0, 1))
    left = np.setdiff1d(np.arange(len(examples)), places)[: plan.real]
    real = features(scaled(left)) if len(left) else np.zeros((0, 1), np.float32)
    pictures = scaled(places)  # (P, 2, S, S, 3)
    pairs = [Pair(*both) for both in zip(pictures, eyes_of(pictures), strict=True)]
    return measure.Faces(pairs, [], source, target, real, plan.differs(source, target), {}, {})


def eyes_of(pictures: np.ndarray) -> np.ndarray:
    """The two eyes (P, 2, 2, 2) in pictures (P, 2, S, S, 3), x and y in [0, 1], the left one first; where not just two
    are found, the middle of those that are found elsewhere, as the pictures are aligned.
    """
    found = [[images.eyes_found(picture) for picture in pair] for pair in pictures]
    clear = [eyes for pair in found for eyes in pair if len(eyes) == 2]
    usual = np.median(clear, axis=0) if clear else np.array([(0.35, 0.45), (0.65, 0.45)])
    return np.array([[eyes if len(eyes) == 2 else usual for eyes in pair] for pair in found])


def source_of(about: Mapping[str, Any], **places: str | None) -> Source:
    """The data that a reader was made for; `places` (data_dir, data_path) where it lies here."""
    known = {"data": about["data"], "attributes": about["attributes"]}
    return Source.recorded(known, **{name: place for name, place in places.items() if place})


def judged(read: np.ndarray, labels: np.ndarray, attributes: Sequence[str]) -> dict:
    """How well strengths (N, K) are read against labels (N, K).

    Returns:
      error: mean absolute error by attribute, strengths clipped to [0, 1]; error_mean. accuracy: the share read on the
      right side of 1/2 by attribute; always: that of who always says the more frequent side.
    """
    error = np.abs(np.clip(read, 0, 1) - labels).mean(0, np.float64)
    right, yes = ((read > 0.5) == (labels > 0.5)).mean(0), (labels > 0.5).mean(0)
    named = lambda values: dict(zip(attributes, np.round(values, 4).tolist(), strict=True))  # noqa: E731
    return {
        "error": named(error),
        "error_mean": round(float(error.mean()), 4),
        "accuracy": named(right),
        "always": named(np.maximum(yes, 1 - yes)),
    }

"""Pairs of photos to measure on: what a reader sees in them stands in for the truth, which nobody knows."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from tf_homo import alignment, faces, report
from tf_homo.data.examples import Examples
from tf_homo.data.sets import Source
from tf_homo.errors import InputError
from tf_homo.metrics import measure
from tf_homo.metrics.features import Features
from tf_homo.metrics.reader import Reader

SEED = 20_190_616  # who is paired with whom


@dataclasses.dataclass(frozen=True, eq=False)
class Pair:
    """Photos of two people, images float32 (2, S, S, 3) in [0, 1]; landmarks (2, 2, 2), their eyes."""

    images: np.ndarray
    landmarks: np.ndarray

    @property
    def white(self) -> np.ndarray:
        """Where both are background and white: not known, so nowhere."""
        return np.zeros(self.images.shape[1:3], bool)


def pairs_of(examples: Examples, count: int) -> np.ndarray:
    """Places (count, 2) of pairs, drawn once and for all; no picture twice, and no two of one person where the data say
    who is who.

    Raises:
      InputError: there are not so many.
    """
    order = np.random.default_rng(SEED).permutation(len(examples))
    if len(order) < 2 * count:
        raise InputError(f"--pairs={count}: the test part has {len(order)} pictures; take at most {len(order) // 2}")
    people = examples.extras.get("identity", np.full(len(order), -1))
    for first in range(0, 2 * count, 2):
        other = (people[order[first + 1 :]] != people[order[first]]) | (people[order[first + 1 :]] < 0)
        if not other.any():
            raise InputError(f"--pairs={count}: the pictures left over show one person; take at most {first // 2}")
        second = first + 1 + int(other.argmax())
        order[[first + 1, second]] = order[[second, first + 1]]
    return order[: 2 * count].reshape(count, 2)


def gather(plan: measure.Plan, examples: Examples, reader: Reader, features: Features) -> measure.Faces:
    """The pairs of a plan, from the examples of a test part; those left over stand for the set of real ones."""
    places = pairs_of(examples, plan.pairs)
    scaled = lambda chosen: report.to_unit(examples.images[chosen])  # noqa: E731
    source, target = (np.clip(reader.read(scaled(places[:, end]))[0], 0, 1) for end in (0, 1))
    left = np.setdiff1d(np.arange(len(examples)), places)[: plan.real]
    real = features(scaled(left)) if len(left) else np.zeros((0, 1), np.float32)
    pictures = scaled(places)  # (P, 2, S, S, 3)
    pairs = [Pair(*both) for both in zip(pictures, eyes_of(pictures, examples.about), strict=True)]
    return measure.Faces(pairs, [], source, target, real, plan.differs(source, target), {}, None)


def eyes_of(pictures: np.ndarray, about: Mapping[str, Any]) -> np.ndarray:
    """The two eyes (P, 2, 2, 2) in pictures (P, 2, S, S, 3), x and y in [0, 1], the left one first: where their data,
    `about`, have them; else of the one face that is found, or, where there is none, as it stands in the others.
    """
    if frame := alignment.trained_in({"data": about}):
        return np.broadcast_to(np.array(frame), (*pictures.shape[:2], 2, 2))
    found = [
        [faces.find(report.to_uint8(picture)) for picture in pair] for pair in tqdm(pictures, "eyes", mininterval=1.0)
    ]
    clear = [face[0].eyes for pair in found for face in pair if len(face) == 1]
    usual = np.median(clear, axis=0) if clear else np.array(alignment.CELEBA) * pictures.shape[2]
    eyes = [[face[0].eyes if len(face) == 1 else usual for face in pair] for pair in found]
    return np.array(eyes) / pictures.shape[2]


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

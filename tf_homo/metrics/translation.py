"""What a system that translates pictures makes of pairs that it was not trained on."""

import dataclasses
import os

import numpy as np

from tf_homo import serving
from tf_homo.errors import InputError

HELD_OUT = ("validation", "test")  # the first that has pairs


def translated(model: serving.Morpher, images: np.ndarray, batch: int = 16) -> np.ndarray:
    """Images (N, S, S, 3), uint8 or float in [0, 1] -> what `model` makes of them, float32 in [0, 1]."""
    scale = np.float32(1 / 255 if images.dtype == np.uint8 else 1)
    parts = range(0, len(images), batch)
    made = [model.call("translate", image=images[i : i + batch].astype(np.float32) * scale) for i in parts]
    return np.concatenate(made)


def held_out(path: str | os.PathLike, count: int | None = None, **places: str | None):
    """What the model in `path` makes of `count` held-out pairs of its own data, and these pairs (Examples).

    Args:
      count: how many, the first; by default all.
      places: data_dir and data_path, where the data have moved.

    Raises:
      InputError: no model, one that does not translate, or its data are no pairs or cannot be had.
    """
    from tf_homo.data.sets import Source

    model = serving.load(path)
    if "translate" not in model.signatures:
        raise InputError(f"{path}: does not translate pictures; it has {', '.join(sorted(model.signatures))}")
    source = Source.recorded(model.info, **{name: place for name, place in places.items() if place})
    examples = pairs(source, "", model.info["image_size"])
    chosen = dataclasses.replace(
        examples, images=examples.images[:count], inputs=examples.inputs[:count], labels=examples.labels[:count]
    )
    return translated(model, chosen.inputs), chosen


def pairs(source, split: str, size: int):
    """The pairs (Examples) of a split; of "", those of the first of HELD_OUT that has some.

    Raises:
      InputError: there are none.
    """
    if not split:
        for held in HELD_OUT[:-1]:
            try:
                return pairs(source, held, size)
            except InputError:
                continue
        split = HELD_OUT[-1]
    examples = source.read(split, size)
    if examples.inputs is None:
        raise InputError(f"--dataset={source.dataset}: has no pairs; use drawn_masks or paired_folder")
    return examples

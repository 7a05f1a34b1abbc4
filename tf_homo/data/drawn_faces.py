"""The drawn faces as a TFDS data set.

`tfds.load("drawn_faces/64")` once this module is imported, or `builder(...)` for other counts and seeds. Nothing is
downloaded; the faces are painted when the set is prepared, about 5 ms each at 64 pixels. Reading order is index order,
and example i of a split is `example(i, size, seed, split)`.
"""

import dataclasses
from typing import NamedTuple

import numpy as np
import tensorflow_datasets as tfds

from tf_homo.data import drawing
from tf_homo.errors import InputError

SIZES = (32, 64, 128)
SPLITS = ("train", "validation", "test")


@dataclasses.dataclass(eq=False)
class DrawnFacesConfig(tfds.core.BuilderConfig):
    """Which drawn faces.

    size: pixels a side, 32, 64 or 128. train, validation, test: examples in each split. seed: 0 to 2**32 - 1. name:
    made from these where it is empty.
    """

    name: str = ""
    size: int = 64
    train: int = 20000
    validation: int = 1000
    test: int = 1000
    seed: int = 0

    def __post_init__(self):
        if self.size not in SIZES:
            raise InputError(f"drawn_faces: size {self.size} is not offered; give one of {', '.join(map(str, SIZES))}")
        for split in SPLITS:
            if not 1 <= getattr(self, split) < 1 << 32:
                raise InputError(f"drawn_faces: {getattr(self, split)} {split} examples; give at least 1")
        if not 0 <= self.seed < 1 << 32:
            raise InputError(f"drawn_faces: seed {self.seed} is out of range; give 0 to 2**32 - 1")
        # The name is a folder's: two sets share it only where they share every byte.
        if not self.name:
            self.name = f"{self.size}_s{self.seed}_n{self.train}_v{self.validation}_t{self.test}"


class DrawnFaces(tfds.core.GeneratorBasedBuilder):
    """Faces drawn from eighteen attribute strengths.

    image: uint8 (S, S, 3). attributes: int64 (18,), 0 or 1, in the order of drawing.ATTRIBUTES. strengths: float32
    (18,) in [0, 1]. landmarks: float32 (5, 2), x and y in [0, 1] of the frame, as drawing.LANDMARKS. mask: uint8
    (S, S, 1), places in drawing.MASK_CLASSES. index: int64, the place in the split.
    """

    name = "drawn_faces"
    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First drawing."}
    BUILDER_CONFIGS = [DrawnFacesConfig(name=str(size), size=size) for size in SIZES]

    def _info(self):
        size = self.builder_config.size
        features = {
            "image": tfds.features.Image(shape=(size, size, 3), encoding_format="png"),
            "attributes": tfds.features.Tensor(shape=(len(drawing.ATTRIBUTES),), dtype=np.int64),
            "strengths": tfds.features.Tensor(shape=(len(drawing.ATTRIBUTES),), dtype=np.float32),
            "landmarks": tfds.features.Tensor(shape=(len(drawing.LANDMARKS), 2), dtype=np.float32),
            "mask": tfds.features.Image(shape=(size, size, 1), encoding_format="png"),
            "index": tfds.features.Scalar(dtype=np.int64),
        }
        metadata = tfds.core.MetadataDict(attributes=list(drawing.ATTRIBUTES), mask_classes=list(drawing.MASK_CLASSES))
        return tfds.core.DatasetInfo(
            builder=self,
            description="Faces drawn from continuous attribute strengths, so that every in-between image is known.",
            features=tfds.features.FeaturesDict(features),
            metadata=metadata,
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        del dl_manager  # there is nothing to fetch
        return {split: self._generate_examples(split) for split in SPLITS}

    def _generate_examples(self, split):
        config = self.builder_config
        for index in range(getattr(config, split)):
            face, picture = example(index, config.size, config.seed, split)
            yield (
                index,
                {
                    "image": picture.image,
                    "attributes": face.attributes,
                    "strengths": face.strengths,
                    "landmarks": picture.landmarks,
                    "mask": picture.mask[..., None],
                    "index": index,
                },
            )


def builder(
    size: int = 64,
    train: int = 20000,
    validation: int = 1000,
    test: int = 1000,
    seed: int = 0,
    data_dir: str | None = None,
) -> DrawnFaces:
    """The builder for any counts and seed; call `download_and_prepare()` and `as_dataset(split)` on it.

    Raises:
      InputError: a size that is not offered, a count below 1, or a seed out of range.
    """
    return DrawnFaces(
        config=DrawnFacesConfig(size=size, train=train, validation=validation, test=test, seed=seed), data_dir=data_dir
    )


class Example(NamedTuple):
    """A face and its picture."""

    face: drawing.Face
    picture: drawing.Picture


def face(index: int, seed: int = 0, split: str = "test") -> drawing.Face:
    """Face `index` (0 to 2**32 - 1) of a split; no face is in two splits.

    Raises:
      InputError: an unknown split, or an index out of range.
    """
    if split not in SPLITS:
        raise InputError(f"drawn_faces: no split is called {split!r}; give one of {', '.join(SPLITS)}")
    if not 0 <= index < 1 << 32:
        raise InputError(f"drawn_faces: index {index} is out of range; give 0 to 2**32 - 1")
    return drawing.sample(seed, (SPLITS.index(split) << 32) + index)


def example(index: int, size: int = 64, seed: int = 0, split: str = "test") -> Example:
    """Example `index` of a split, painted now: what the builder stores in that place, whatever its counts."""
    one = face(index, seed, split)
    return Example(one, drawing.render(one, size))

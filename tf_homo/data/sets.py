"""Data sets behind one --dataset flag, read into Examples through their TFDS builders."""

import dataclasses

import numpy as np
import tensorflow_datasets as tfds

from tf_homo.data.examples import Examples
from tf_homo.errors import InputError

DATASETS = ("drawn_faces",)


@dataclasses.dataclass(frozen=True)
class Source:
    """Where examples come from; what a run's model.json says of its data.

    `counts` are the sizes of the drawn set's splits (train, validation, test); `labels` is "attributes" (0 or 1) or
    "strengths" (how much, in [0, 1]) where the data set knows them."""

    dataset: str = "drawn_faces"
    labels: str = "attributes"
    seed: int = 0
    counts: tuple[int, int, int] = (20_000, 1_000, 1_000)
    data_dir: str | None = None

    def read(self, split: str, image_size: int) -> Examples:
        """The examples of "train", "validation" or "test", in the builder's order.

        Raises:
          InputError: the data set is unknown or the split empty.
        """
        if self.dataset not in DATASETS:
            raise InputError(f"--dataset: no data set is called {self.dataset!r}; there are {', '.join(DATASETS)}")
        from tf_homo.data import drawing, drawn_faces

        if image_size not in drawn_faces.SIZES:
            raise InputError(f"--image_size={image_size}: drawn_faces has {', '.join(map(str, drawn_faces.SIZES))}")
        train, validation, test = self.counts
        builder = drawn_faces.builder(image_size, train, validation, test, self.seed, data_dir=self.data_dir)
        builder.download_and_prepare()
        count = builder.info.splits[split].num_examples
        if not count:
            raise InputError(f"split {split} of {self.dataset} is empty; ask for more than 0 examples")
        rows = {name: [] for name in ("image", "attributes", "strengths", "landmarks", "mask")}
        for part in tfds.as_numpy(builder.as_dataset(split=split, batch_size=256, shuffle_files=False)):
            for name, parts in rows.items():
                parts.append(part[name])
        arrays = {name: np.concatenate(parts) for name, parts in rows.items()}
        about = {"dataset": self.dataset, "labels": self.labels, "seed": self.seed, "counts": list(self.counts)}
        return Examples(
            arrays.pop("image"), arrays[self.labels].astype(np.float32), tuple(drawing.ATTRIBUTES), arrays, about
        )

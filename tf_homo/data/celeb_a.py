"""CelebA as TensorFlow Datasets has it: prepared under --data_dir before, or fetched by TFDS.

TFDS fetches from a drive that often refuses. Files that were fetched by hand count too, in downloads/manual/ below the
data folder, under the names that TFDS gives them (img_align_celeba.zip, list_attr_celeba.txt, ...).
"""

import contextlib
import sys
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from tf_homo import photos
from tf_homo.data import listed
from tf_homo.errors import InputError

SIDES = (178, 218)  # width and height of a picture as it is kept


def prepare(data_dir: str | None) -> tfds.core.DatasetBuilder:
    """The prepared set; InputError where it cannot be had."""
    builder = tfds.builder("celeb_a", data_dir=data_dir)
    listed.check_place(builder, data_dir)
    if not builder.data_path.exists():
        print(
            "celeb_a: is fetched by TensorFlow Datasets; without a network it gives up after minutes", file=sys.stderr
        )
    try:
        with contextlib.nullcontext() if sys.stderr.isatty() else listed.quiet():  # its bars are none in a file
            builder.download_and_prepare()
    except Exception as error:  # of the network, of checksums, of the disk: almost any class
        said = " ".join(f"{type(error).__name__}: {error}".split())
        raise InputError(
            f"--dataset=celeb_a: could not be had ({said[:200]}); fetch CelebA by hand and give "
            "--dataset=celeba_folder --data_path=ITS_FOLDER"
        ) from error
    return builder


def parts(builder: tfds.core.DatasetBuilder, split: str, size: int) -> Iterator[dict[str, np.ndarray]]:
    """Examples of a split, in batches: image uint8 (B, S, S, 3), the square in the middle; labels float32 (B, 40), 0 or
    1; identity int64 (B,).
    """
    for part in tfds.as_numpy(builder.as_dataset(split=split, batch_size=256, shuffle_files=False)):
        squares = [photos.fitted(Image.fromarray(image), "celeb_a", size, "center") for image in part["image"]]
        yield {
            "image": np.stack(squares),
            "labels": np.stack([part["attributes"][name] for name in attributes(builder)], 1).astype(np.float32),
            "identity": part["identity"]["Identity_No"],
        }


def attributes(builder: tfds.core.DatasetBuilder) -> tuple[str, ...]:
    """The forty names."""
    return tuple(builder.info.features["attributes"])

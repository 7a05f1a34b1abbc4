"""Data sets behind one --dataset flag, read into Examples through their TFDS builders."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from tf_homo.alignment import CELEBA as CELEBA_FRAME
from tf_homo.alignment import Frame
from tf_homo.attributes import CELEBA
from tf_homo.data import celeb_a, celeba_folder, drawing, drawn_faces, labelled_folder, listed, paired_folder
from tf_homo.data.examples import Examples
from tf_homo.data.listing import SPLITS, Listing
from tf_homo.data.memory import gathered
from tf_homo.errors import InputError


@dataclasses.dataclass(frozen=True)
class Source:
    """Where examples come from; what a run's model.json says of its data.

    `counts` are the sizes of the drawn set's splits (train, validation, test), `seed` is its seed; `labels` is
    "attributes" (0 or 1) or, of the drawn set, "strengths" (how much, in [0, 1]). `data_path` is the folder of
    celeba_folder, labelled_folder and paired_folder, `labels_file` the table of the second, `eyes` where its pictures
    have the eyes: x and y of the picture's left one, then of the right one, as fractions of the side. With
    `align_faces` they are found and put there, or where CelebA has them. `attributes` are those to keep, in that order;
    none means all. `data_dir` is where prepared sets are kept. `direction` says what pairs teach: "a_to_b" to make B of
    A, or "b_to_a".
    """

    dataset: str = "drawn_faces"
    labels: str = "attributes"
    seed: int = 0
    counts: tuple[int, int, int] = (20_000, 1_000, 1_000)
    data_dir: str | None = None
    data_path: str | None = None
    labels_file: str | None = None
    eyes: tuple[float, ...] = ()
    align_faces: bool = False
    attributes: tuple[str, ...] = ()
    direction: str = "a_to_b"

    @classmethod
    def recorded(cls, info: Mapping[str, Any], **changed: Any) -> "Source":
        """The source that a model.json tells of, with what is `changed`, such as data_dir or data_path."""
        data = dict(info.get("data") or {})
        known = {field.name for field in dataclasses.fields(cls)} & set(data)
        given = {name: tuple(data[name]) if isinstance(data[name], list) else data[name] for name in known}
        return cls(**({"attributes": tuple(info.get("attributes") or ())} | given | changed))

    def read(self, split: str, image_size: int) -> Examples:
        """The examples of "train", "validation" or "test", in the builder's order.

        Raises:
          InputError: the data set is unknown, cannot be had or read, has no such attribute, or the split is empty.
        """
        self.check()
        return _chosen(READERS[self.dataset](self, split, image_size), self.attributes)

    def listing(self) -> Listing | None:
        """What a folder of pictures lists, before a picture is opened; None for sets that are no folder."""
        self.check()
        if self.dataset not in FOLDERS:
            return None
        root = Path(self.data_path)
        if self.dataset == "celeba_folder":
            return celeba_folder.listing(root)
        if self.dataset == "paired_folder":
            return paired_folder.listing(root)
        frame = None
        if self.align_faces:
            frame = Frame(self.eyes[:2], self.eyes[2:]) if self.eyes else CELEBA_FRAME
        return labelled_folder.listing(root, self.labels_file, self.attributes, frame)

    def check(self) -> None:
        """InputError where the fields do not fit each other."""
        if self.dataset not in READERS:
            raise InputError(f"--dataset: no data set is called {self.dataset!r}; there are {', '.join(READERS)}")
        if self.labels != "attributes" and self.dataset not in DRAWN:
            raise InputError(f"--labels={self.labels}: only drawn_faces knows them; leave it out for {self.dataset}")
        if self.direction not in DIRECTIONS:
            raise InputError(f"--direction={self.direction}: is none of {', '.join(DIRECTIONS)}")
        if self.direction != DIRECTIONS[0] and self.dataset not in PAIRED:
            raise InputError(f"--direction={self.direction}: is for {' and '.join(PAIRED)}, not {self.dataset}")
        for flag, value, takes in (
            ("data_path", self.data_path, FOLDERS),
            ("labels_file", self.labels_file, ("labelled_folder",)),
            ("eyes", ",".join(map(str, self.eyes)), ("labelled_folder",)),
            ("align_faces", self.align_faces, ("labelled_folder",)),
        ):
            if value and self.dataset not in takes:
                raise InputError(f"--{flag}={value}: is for --dataset={' or '.join(takes)}, not {self.dataset}")
        if self.eyes and not (
            len(self.eyes) == 4 and all(0 < at < 1 for at in self.eyes) and self.eyes[0] < self.eyes[2]
        ):
            raise InputError(
                f"--eyes={','.join(map(str, self.eyes))}: must be x,y of the eye on the picture's left and x,y of the "
                "other, each between 0 and 1, for instance 0.39,0.45,0.61,0.45"
            )
        if self.dataset in FOLDERS:
            if not self.data_path:
                raise InputError(f"--data_path: is missing; name the folder of the pictures for {self.dataset}")
            if not Path(self.data_path).is_dir():
                raise InputError(f"--data_path={self.data_path}: no such folder; name the one that holds the pictures")


def _drawn_faces(source: Source, split: str, size: int) -> Examples:
    if size not in drawn_faces.SIZES:
        raise InputError(f"--image_size={size}: drawn_faces has {', '.join(map(str, drawn_faces.SIZES))}")
    columns(drawing.ATTRIBUTES, source.attributes)  # a wrong name is told before anything is made
    builder = drawn_faces.builder(size, *source.counts, source.seed, data_dir=source.data_dir)
    listed.check_place(builder, source.data_dir)
    builder.download_and_prepare()
    names = ("image", "attributes", "strengths", "landmarks", "mask")
    arrays = _arrays(source, builder, split, size, _parts(builder, split, names))
    about = {"dataset": source.dataset, "labels": source.labels, "seed": source.seed, "counts": list(source.counts)}
    labels = arrays[source.labels].astype(np.float32)
    return Examples(arrays.pop("image"), labels, tuple(drawing.ATTRIBUTES), arrays, about)


def _drawn_masks(source: Source, split: str, size: int) -> Examples:
    """Pairs of drawn faces: A the mask as a picture, B the face."""
    examples = _drawn_faces(source, split, size)
    masks = np.array(drawing.MASK_COLOURS, np.uint8)[examples.extras["mask"][..., 0]]
    extras = {name: array for name, array in examples.extras.items() if name != "mask"}
    return _paired(dataclasses.replace(examples, extras=extras), masks, examples.images, source)


def _paired(examples: Examples, a: np.ndarray, b: np.ndarray, source: Source) -> Examples:
    """The same with the pictures to make as `images`, of the others as `inputs`."""
    made, of = (b, a) if source.direction == "a_to_b" else (a, b)
    return dataclasses.replace(examples, images=made, inputs=of, about=examples.about | {"direction": source.direction})


def _celeb_a(source: Source, split: str, size: int) -> Examples:
    columns(CELEBA, source.attributes)
    builder = celeb_a.prepare(source.data_dir)
    arrays = _arrays(source, builder, split, size, celeb_a.parts(builder, split, size))
    about = {"dataset": source.dataset, "labels": source.labels, "examples": _sizes(builder)}
    return Examples(arrays.pop("image"), arrays.pop("labels"), celeb_a.attributes(builder), arrays, about)


def _folder(source: Source, split: str, size: int) -> Examples:
    listing = source.listing()
    columns(listing.attributes, source.attributes)
    builder = listed.prepare(FOLDERS[source.dataset], listing, size, source.data_dir)
    names = ("image", "labels", "identity", "name")
    arrays = _arrays(source, builder, split, size, _parts(builder, split, names), listing.across)
    if (arrays["identity"] < 0).all():
        del arrays["identity"]
    metadata = builder.info.metadata
    about = {
        "dataset": source.dataset,
        "labels": source.labels,
        "data_path": source.data_path,
        "labels_file": source.labels_file,
        "eyes": [at for eye in listing.frame for at in eye] if listing.frame else list(source.eyes) or None,
        "align_faces": source.align_faces or None,
        "examples": _sizes(builder),
        "left_out": metadata["left_out"],
        "scales": listing.scales,
        "content": metadata["content"][split],
    }
    about = {name: value for name, value in about.items() if value is not None}
    images = arrays.pop("image")
    examples = Examples(images, arrays.pop("labels"), listing.attributes, arrays, about)
    return _paired(examples, images[:, :, :size], images[:, :, size:], source) if listing.across == 2 else examples


DIRECTIONS = ("a_to_b", "b_to_a")
DRAWN = ("drawn_faces", "drawn_masks")
PAIRED = ("drawn_masks", "paired_folder")
FOLDERS = {
    "celeba_folder": celeba_folder.CelebaFolder,
    "labelled_folder": labelled_folder.LabelledFolder,
    "paired_folder": paired_folder.PairedFolder,
}
READERS: dict[str, Callable[[Source, str, int], Examples]] = {
    "drawn_faces": _drawn_faces,
    "drawn_masks": _drawn_masks,
    "celeb_a": _celeb_a,
    "celeba_folder": _folder,
    "labelled_folder": _folder,
    "paired_folder": _folder,
}


def _arrays(source: Source, builder, split: str, size: int, parts: Iterator[dict], across: int = 1) -> dict:
    if not (count := _sizes(builder).get(split, 0)):
        mend = "put pictures into it"
        if source.dataset == "labelled_folder":
            mend += f": write {split} into the column split of its table, or put folders of classes into {split}/"
        raise InputError(f"split {split} of {source.dataset} is empty; {mend}")
    return gathered(parts, count, size, Path(builder.data_path), f"{split}_{size}", across)


def _parts(builder, split: str, names: tuple[str, ...]) -> Iterator[dict[str, np.ndarray]]:
    for part in tfds.as_numpy(builder.as_dataset(split=split, batch_size=256, shuffle_files=False)):
        yield {name: part[name].astype(str) if name == "name" else part[name] for name in names}


def _sizes(builder) -> dict[str, int]:
    return {split: builder.info.splits[split].num_examples for split in SPLITS if split in builder.info.splits}


def _chosen(examples: Examples, attributes: tuple[str, ...]) -> Examples:
    if not attributes or attributes == examples.attributes:
        return examples
    labels = examples.labels[:, columns(examples.attributes, attributes)]
    return dataclasses.replace(examples, labels=labels, attributes=attributes)


def columns(there: Sequence[str], chosen: Sequence[str]) -> list[int]:
    """The places of `chosen` attributes among those that are there, all where none is chosen; InputError for others."""
    for name in chosen:
        if name not in there or list(chosen).count(name) > 1:
            fault = "is named twice" if name in there else "is no attribute"
            raise InputError(f"--attributes: {name!r} {fault}; there are {', '.join(there)}")
    return [list(there).index(name) for name in chosen or there]

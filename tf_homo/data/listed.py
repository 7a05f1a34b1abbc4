"""The TFDS data set of a listing: its pictures, square and of one size, prepared once and kept.

The prepared set is found again as long as the listing is the same; another table, another picture make another set.
"""

import collections
import contextlib
import dataclasses
import hashlib
import io
import itertools
import sys
from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds
from absl import logging
from tqdm import tqdm

from tf_homo.data.listing import SPLITS, Listing, pictures
from tf_homo.errors import InputError
from tf_homo.files import output_folder


@dataclasses.dataclass(eq=False)
class ListedConfig(tfds.core.BuilderConfig):
    """A listing at a size, in pixels a side."""

    name: str = ""
    size: int = 64
    listing: Listing | None = dataclasses.field(default=None, repr=False)  # TFDS prints the others

    def __post_init__(self):
        if self.listing is None:
            raise InputError("a folder of pictures has to be listed first; train with --dataset and --data_path")
        self.name = f"{self.size}_{self.listing.stamp}"


class ListedPictures(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Pictures with labels, of a listing that `prepare` is given.

    image: uint8 (S, S, 3), of pairs (S, 2S, 3), A left of B. labels: float32 (K,) in [0, 1]. identity: int64, -1 where
    the person is not known. name: of the file.
    Metadata: attributes (the K names), left_out and changed {reason: count}, content {split: a digest of names, labels
    and pixels}.
    """

    VERSION = tfds.core.Version("1.0.0")
    progress = staticmethod(lambda: None)  # told of each picture

    def _info(self):
        config, metadata = self.builder_config, {"left_out": {}, "changed": {}, "content": {}}
        wide = config.listing.across * config.size
        features = {
            "image": tfds.features.Image(shape=(config.size, wide, 3), encoding_format="png"),
            "labels": tfds.features.Tensor(shape=(len(config.listing.attributes),), dtype=np.float32),
            "identity": tfds.features.Scalar(dtype=np.int64),
            "name": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(
            builder=self,
            description="Pictures with labels, from a folder.",
            features=tfds.features.FeaturesDict(features),
            metadata=tfds.core.MetadataDict(attributes=list(config.listing.attributes), **metadata),
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        del dl_manager  # there is nothing to fetch
        splits = {}
        for split in SPLITS:
            examples = self._generate_examples(split)
            first = next(examples, None)
            if first:  # TFDS has no place for an empty split
                splits[split] = itertools.chain([first], examples)
        if not splits:
            raise InputError(f"{self.name}: no picture can be used; --check_data tells why")
        return splits

    def _generate_examples(self, split) -> Iterator[tuple[int, dict]]:
        listing, changed = self.builder_config.listing, collections.Counter()
        digest = hashlib.sha256()
        for index, image, _, changes in pictures(listing, split, self.builder_config.size, self.progress):
            name, labels = listing.names[index], listing.labels[index]
            digest.update(b"%s\0%s\0%s" % (name.encode(), labels.tobytes(), image.tobytes()))
            changed.update(changes)
            yield index, {"image": image, "labels": labels, "identity": listing.identity[index], "name": name}
        self.info.metadata["changed"] = dict(changed + collections.Counter(self.info.metadata["changed"]))
        self.info.metadata["left_out"] = dict(listing.left_out.counts)
        self.info.metadata["content"][split] = digest.hexdigest()[:16]


def prepare(kind: type[ListedPictures], listing: Listing, size: int, data_dir: str | None) -> ListedPictures:
    """The prepared set of a listing. What was left out and changed is said each time, remarks when it is made.

    Raises:
      InputError: not one picture can be used, or there is no place for them.
    """
    with quiet():
        builder = kind(config=ListedConfig(size=size, listing=listing), data_dir=data_dir)
    if not builder.data_path.exists():
        check_place(builder, data_dir)
        with tqdm(total=len(listing.names), unit="picture", mininterval=1.0, file=sys.stderr) as bar, quiet():
            builder.progress = bar.update
            builder.download_and_prepare()
        for remark in listing.remarks:
            print(f"{builder.name}: {remark}", file=sys.stderr)
    metadata = builder.info.metadata
    counts = (("left out", metadata["left_out"]), ("changed", metadata["changed"]))
    if said := "; ".join(f"{what}: {_sum(collections.Counter(found))}" for what, found in counts if found):
        print(f"{builder.name}: {said}", file=sys.stderr)
    return builder


def check_place(builder: tfds.core.DatasetBuilder, data_dir: str | None) -> None:
    """InputError where a set that has still to be prepared cannot be kept in --data_dir."""
    if not builder.data_path.exists():
        output_folder("data_dir", data_dir or tfds.core.constants.DATA_DIR)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """TFDS without its log and its bars, which tell neither how much there is nor the time left."""
    level = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(level)
        tfds.enable_progress_bar()


def _sum(counts: collections.Counter) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in counts.most_common())

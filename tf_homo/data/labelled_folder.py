"""A folder of a user's own pictures with a table of labels, or with one folder a class.

    labels.csv    file,Smiling,age,split         the file names may have folders; a column called file, image or
                  a.jpg,1,31,train               filename holds them, else the first; split is optional
                  more/b.png,0,52,test

    cats/a.jpg    each class is an attribute, 0 or 1; train/cats/a.jpg says the split too, and then every folder has to
    dogs/b.jpg
    trainA/a.jpg  as CycleGAN's own data sets are laid out: the same as train/A/a.jpg; trainB, testA and testB likewise

Attributes are 0 and 1, -1 and 1, or any numbers, which are scaled to [0, 1] by their range in the training split.
Where no split is said, a hash of the file name decides: 90 % train, 5 % validation, 5 % test, and files that come later
move nobody.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tf_homo.attributes import check_names
from tf_homo.data import label_table, listed, stores
from tf_homo.data.left_out import LeftOut, printable
from tf_homo.data.listing import SPLIT_NAMES, SPLITS, Listing, Row, settled, stamp_of
from tf_homo.errors import InputError

TABLE, TABLES = "labels.csv", (".csv", ".tsv")
SHARES = {"validation": 0.05, "test": 0.05}
SIDES = re.compile("^(train|val|test)([AB])/")  # CycleGAN's folders


class LabelledFolder(listed.ListedPictures, skip_registration=True):
    """Pictures and labels of a user's own."""

    name = "labelled_folder"


def listing(root: Path, labels_file: str | None = None, chosen: Sequence[str] = ()) -> Listing:
    """What the folder lists, in the order of the table, or of the names where folders are classes.

    Args:
      labels_file: the table, in the folder or anywhere; by default labels.csv, and folders as classes without it.
      chosen: the attributes that matter, by default every column of numbers; rows may lack the others.

    Raises:
      InputError: no table and no class, a table of another name, one that cannot be read, or no attribute in it.
    """
    table = root / (labels_file or TABLE)
    left_out, remarks, store = LeftOut(), [], stores.folder(root)
    if labels_file or table.exists():
        names, rows = label_table.read(table, chosen, remarks)
        kept, content = settled(rows, store, left_out), table.read_bytes()
    elif others := [name for name in store.names if "/" not in name and name.lower().endswith(TABLES)]:
        raise InputError(
            f"{root}: has {printable(others[0])} and no {TABLE}; give --labels_file={printable(others[0])}, or move it "
            "away where folders are the classes"
        )
    else:
        names, rows = _classes(root, store)
        kept, content = settled(rows, store, left_out, "picture outside every class folder"), b""
    kept = [row if row.split else row._replace(split=split_of(row.file)) for row in kept]
    values = np.array([row.values for row in kept], np.float64).reshape(len(kept), len(names))
    train = np.array([row.split == "train" for row in kept], bool)
    labels, scales = _scaled(names, values, train, remarks)
    return Listing(
        names,
        [row.file for row in kept],
        [row.split for row in kept],
        labels,
        np.full(len(kept), -1),
        store.content,
        stamp_of(store.stamp(row.file for row in kept), content, *names),
        left_out,
        remarks,
        scales,
    )


def split_of(name: str) -> str:
    """The split of a file that no table puts into one."""
    draw = int.from_bytes(hashlib.sha256(unicodedata.normalize("NFC", name).encode()).digest()[:8]) / 2**64
    for split, share in SHARES.items():
        if draw < share:
            return split
        draw -= share
    return "train"


def _classes(root: Path, store: stores.Store) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The classes, and a row for each picture below the folder of one."""
    places = {name: SIDES.sub(r"\1/\2/", name).split("/") for name in store.names if stores.is_picture(name)}
    said = split_folders(root, [parts for parts in places.values() if len(parts) > 1], 3)  # train/cats/a.jpg
    names = sorted({parts[said] for parts in places.values() if len(parts) > 1 + said})
    if not names:
        raise InputError(
            f"{root}: has neither {TABLE} nor a folder of pictures for each class; name the table with --labels_file"
        )
    rows = (
        Row(
            0, name, None, SPLIT_NAMES[parts[0].lower()] if said else "",
            np.array([float(parts[said] == known) for known in names]),
        )
        for name, parts in places.items()
        if len(parts) > 1 + said
    )  # fmt: skip
    return check_names(f"{root}, its folders", names), rows


def split_folders(root: Path, places: Sequence[Sequence[str]], depth: int) -> bool:
    """Whether the outermost folders of pictures say the split, which they do where any is called like one and has
    pictures `depth` parts deep; InputError where only some are called so.
    """
    said = {parts[0] for parts in places if parts[0].lower() in SPLIT_NAMES}
    odd = sorted({parts[0] for parts in places} - said)
    if not any(parts[0] in said and len(parts) >= depth for parts in places):
        return False
    if odd:
        raise InputError(
            f"{root}: {min(said)} is called like a split and {printable(odd[0])} is not; put every folder of pictures "
            f"into one of {', '.join(SPLITS)}, or move {printable(odd[0])} away"
        )
    return True


def _scaled(names, values: np.ndarray, train: np.ndarray, remarks: list[str]) -> tuple[np.ndarray, dict]:
    """Labels float32 (N, K) in [0, 1], and the ranges that were scaled."""
    scales = {}
    for place, name in enumerate(names):
        column = values[:, place]
        found = set(np.unique(column))
        if found <= {0.0, 1.0}:
            continue
        if found <= {-1.0, 1.0}:
            column[:] = column > 0
            continue
        known = column[train] if train.any() else column
        low, high = float(known.min()), float(known.max())
        beyond = int(np.sum((column < low) | (column > high)))
        if beyond:
            remarks.append(f"{name}: {beyond:,} values lie beyond {low:g} to {high:g}, its range in the training split")
        column[:] = np.clip((column - low) / ((high - low) or 1), 0, 1)
        scales[name] = [low, high]
    return values.astype(np.float32), scales

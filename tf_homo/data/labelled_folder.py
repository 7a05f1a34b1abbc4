"""A folder of a user's own pictures with a table of labels, or with one folder a class.

    labels.csv    file,Smiling,age,split         the file names may have folders; a column called file, image or
                  a.jpg,1,31,train               filename holds them, else the first; split is optional
                  more/b.png,0,52,test

    cats/a.jpg    each class is an attribute, 0 or 1; train/cats/a.jpg says the split too, and then every folder has to
    dogs/b.jpg
    trainA/a.jpg  as CycleGAN's own data sets are laid out: the same as train/A/a.jpg; trainB, testA and testB likewise

Attributes are 0 and 1, -1 and 1, or any numbers, which are scaled to [0, 1] by their range in the training split, on
pictures that can be used.
Where no split is said, a hash of the file name decides: 90 % train, 5 % validation, 5 % test, and files that come later
move nobody.
"""

import functools
import hashlib
import os
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tf_homo.alignment import Frame
from tf_homo.attributes import check_names
from tf_homo.data import label_table, listed, stores
from tf_homo.data.left_out import LeftOut, printable
from tf_homo.data.listing import SPLIT_NAMES, SPLITS, Listing, Row, settled, stamp_of, usable
from tf_homo.errors import InputError

TABLE, TABLES, NO_TABLES = "labels.csv", (".csv", ".tsv"), (".xlsx", ".xls", ".ods")
OUTSIDE = "picture outside every class folder"
SHARES = {"validation": 0.05, "test": 0.05}
SIDES = re.compile("^(train|val|test)([AB])/")  # CycleGAN's folders


class LabelledFolder(listed.ListedPictures, skip_registration=True):
    """Pictures and labels of a user's own."""

    name = "labelled_folder"


def listing(
    root: Path, labels_file: str | None = None, chosen: Sequence[str] = (), frame: Frame | None = None
) -> Listing:
    """What the folder lists, in the order of the table, or of the names where folders are classes.

    Args:
      labels_file: the table, in the folder or anywhere; by default labels.csv, and folders as classes without it.
      chosen: the attributes that matter, by default every column of numbers; rows may lack the others.
      frame: as of a Listing.

    Raises:
      InputError: no table and no class, a table of another name, one that cannot be read, or no attribute in it.
    """
    table = root / (labels_file or TABLE)
    left_out, remarks, store = LeftOut(), [], stores.folder(root)
    if labels_file or os.path.lexists(table):
        names, rows = label_table.read(table, chosen, remarks)
        inside = os.path.relpath(os.path.realpath(table), os.path.realpath(root))
        kept, content = settled(rows, store, left_out, table=inside), table.read_bytes()
    elif others := [name for name in store.names if "/" not in name and name.lower().endswith(TABLES)]:
        raise InputError(
            f"{root}: has {printable(others[0])} and no {TABLE}; give --labels_file={printable(others[0])}, or move it "
            "away where folders are the classes"
        )
    else:
        names, rows = _classes(root, store, remarks)
        kept, content = settled(rows, store, left_out, OUTSIDE), b""
    kept = [row if row.split else row._replace(split=split_of(row.file)) for row in kept]
    values = np.array([row.values for row in kept], np.float64).reshape(len(kept), len(names))
    found = Listing(
        names,
        [row.file for row in kept],
        [row.split for row in kept],
        values,
        np.full(len(kept), -1),
        store.content,
        "",
        left_out,
        remarks,
        frame=frame,
    )
    _scale(found)
    scales = [str(found.scales)] if found.scales else []  # which are others where a picture can be read no longer
    found.stamp = stamp_of(store.stamp(found.names), content, *names, *scales)
    if frame:
        found.stamp = stamp_of(found.stamp, str(frame))
    return found


def split_of(name: str) -> str:
    """The split of a file that no table puts into one."""
    draw = int.from_bytes(hashlib.sha256(unicodedata.normalize("NFC", name).encode()).digest()[:8]) / 2**64
    for split, share in SHARES.items():
        if draw < share:
            return split
        draw -= share
    return "train"


def _classes(root: Path, store: stores.Store, remarks: list[str]) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The classes, and a row for each picture below the folder of one; what a user should know is added to remarks."""
    places = {name: _parts(name) for name in store.names if stores.is_picture(name)}
    said = split_folders(root, [parts for parts in places.values() if len(parts) > 1], 3)  # train/cats/a.jpg
    places = {name: parts for name, parts in places.items() if len(parts) > 1 + said}
    names = sorted({parts[said] for parts in places.values()})
    if not names:
        raise InputError(f"{root}: has neither {TABLE} nor a folder of pictures for each class; {_instead(store)}")
    if table := _like_table(store, TABLES):
        remarks.append(
            f"{table} is not read, as folders are the classes; give --labels_file={table} if it is the table"
        )
    taken = {tuple(parts[: said + 1]) for parts in places.values()}
    folders = {name: tuple(_parts(f"{name}/")[:-1]) for name, why in store.refused.items() if why == stores.FOLDER}
    if empty := [name for name, parts in folders.items() if len(parts) == said + 1 and parts not in taken]:
        remarks.append(f"folders without a picture, which are no classes: {printable(', '.join(sorted(empty)))}")
    rows = (
        Row(
            0, name, None, SPLIT_NAMES[parts[0].lower()] if said else "",
            np.array([float(parts[said] == known) for known in names]),
        )
        for name, parts in places.items()
    )  # fmt: skip
    return check_names(f"{root}, its folders", names), rows


def _parts(name: str) -> list[str]:
    """The folders of a name and what comes after the last; trainA is A in train."""
    return SIDES.sub(r"\1/\2/", name).split("/")


def _like_table(store: stores.Store, endings: tuple[str, ...]) -> str:
    """The first file that is called like a table; "" where there is none."""
    return next((printable(name) for name in store.names if name.lower().endswith(endings)), "")


def _instead(store: stores.Store) -> str:
    """The mend of a folder without classes, and what is there in place of them."""
    mend, left_out = "name the table with --labels_file", LeftOut()
    if table := _like_table(store, TABLES) or _like_table(store, (".txt",)):
        mend = f"give --labels_file={table} if that is the table"
    elif sheet := _like_table(store, NO_TABLES):
        mend = f"save {sheet} as {TABLE}"
    for name, reason in store.unnamed(()):
        left_out.add(reason or OUTSIDE, name)
    lines = left_out.lines()
    return f"{mend}, or mend what is left out: {left_out.summary()}, such as {lines[1].strip()}" if lines else mend


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


def _scale(listing: Listing) -> None:
    """Takes the labels of a listing to [0, 1], float32, and says which ranges were scaled.

    A range is that of training pictures that can be used, so those at its ends are opened.
    """
    train = np.array([split == "train" for split in listing.splits], bool)
    rows = np.flatnonzero(train) if train.any() else np.arange(len(train))
    opens = functools.cache(lambda row: usable(listing, listing.names[row]))
    for place, name in enumerate(listing.attributes):
        column = listing.labels[:, place]
        found = set(np.unique(column))
        if found <= {0.0, 1.0}:
            continue
        if found <= {-1.0, 1.0}:
            if (column[rows] < 0).all():
                listing.scales[name] = [-1.0, 1.0]  # so that it is called -1 where it is said to be the same everywhere
            column[:] = column > 0
            continue
        order = rows[np.argsort(column[rows], kind="stable")]
        low, high = (float(column[next(filter(opens, ends), ends[0])]) for ends in (order, order[::-1]))
        beyond = int(np.sum(((column < low) | (column > high)) & ~train))
        if beyond:
            listing.remarks.append(
                f"{name}: values beyond {low:g} to {high:g}, its range in the training split: {beyond:,}"
            )
        column[:] = np.clip((column - low) / ((high - low) or 1), 0, 1)
        listing.scales[name] = [low, high]
    listing.labels = listing.labels.astype(np.float32)

"""A folder of a user's own pictures with a table of labels, or with one folder a class.

    labels.csv    file,Smiling,age,split         the file names may have folders; a column called file, image or
                  a.jpg,1,31,train               filename holds them, else the first; split is optional
                  more/b.png,0,52,test

    cats/a.jpg    each class is an attribute, 0 or 1; train/cats/a.jpg says the split too, and then every folder has to
    dogs/b.jpg

Attributes are 0 and 1, -1 and 1, or any numbers, which are scaled to [0, 1] by their range in the training split.
Where no split is said, a hash of the file name decides: 90 % train, 5 % validation, 5 % test, and files that come later
move nobody.
"""

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tf_homo.attributes import check_names
from tf_homo.data import listed, stores, tables
from tf_homo.data.left_out import LeftOut, printable
from tf_homo.data.listing import SPLITS, Listing, Row, settled, stamp_of
from tf_homo.errors import InputError

TABLE = "labels.csv"
FILE_COLUMNS, SPLIT_COLUMN = ("file", "image", "filename"), "split"
SPLIT_NAMES = {
    "train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
MISSING = ("", "nan", "na", "n/a", "none", "null")
SPARSE = 0.25  # share of rows without a value in a column, beyond which that is told
SHARES = {"validation": 0.05, "test": 0.05}


class LabelledFolder(listed.ListedPictures, skip_registration=True):
    """Pictures and labels of a user's own."""

    name = "labelled_folder"


def listing(root: Path, labels_file: str | None = None, chosen: Sequence[str] = ()) -> Listing:
    """What the folder lists, in the order of the table, or of the names where folders are classes.

    Args:
      labels_file: the table, in the folder or anywhere; by default labels.csv, and folders as classes without it.
      chosen: the attributes that matter, by default every column of numbers; rows may lack the others.

    Raises:
      InputError: no table and no class, a table that cannot be read, or no attribute in it.
    """
    table = root / (labels_file or TABLE)
    left_out, remarks, store = LeftOut(), [], stores.folder(root)
    if labels_file or table.exists():
        names, rows = _table(table, chosen, remarks)
        kept, content = settled(rows, store, left_out), table.read_bytes()
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


def _table(path: Path, chosen, remarks: list[str]) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The attributes of a table, and its rows."""
    delimiter, lines = tables.csv_rows(path)
    _, header = next(lines)
    decimal_comma, lower = delimiter != ",", [name.lower() for name in header]
    numbers = [not np.isnan(tables.number(name, decimal_comma)) for name in header[1:]]
    if stores.is_picture(header[0]) or (numbers and all(numbers)):
        raise InputError(f"{path}: its first line has no names of columns; give it one, such as file,Smiling,age")
    file = next((lower.index(name) for name in FILE_COLUMNS if name in lower), 0)
    split = lower.index(SPLIT_COLUMN) if SPLIT_COLUMN in lower else None
    columns = [place for place in range(len(header)) if place not in (file, split)]
    if chosen:
        if missing := [name for name in chosen if name not in [header[place] for place in columns]]:
            raise InputError(
                f"--attributes: {path} has no column {', '.join(missing)}; it has "
                f"{', '.join(header[place] for place in columns)}"
            )
        columns = [place for place in columns if header[place] in chosen]
    else:
        columns = _of_numbers(header, columns, lines, decimal_comma, remarks)
        lines = tables.csv_rows(path)[1]
        next(lines)
    names = check_names(str(path), [header[place] for place in columns])
    if not names:
        raise InputError(f"{path}: has no column of numbers beside the file names; add one for each attribute")
    return names, _table_rows(lines, header, file, split, columns, decimal_comma, remarks)


def _of_numbers(header, columns: list[int], lines, decimal_comma: bool, remarks: list[str]) -> list[int]:
    """The columns that have a name and a number in any line."""
    waiting = {place for place in columns if header[place]}
    for _, fields in lines:
        if not waiting:
            break
        if len(fields) == len(header):
            waiting = {place for place in waiting if np.isnan(tables.number(fields[place], decimal_comma))}
    for place in columns:
        if place in waiting or not header[place]:
            remarks.append(f"column {place + 1} ({header[place] or 'no name'}) is no attribute: it has no numbers")
    return [place for place in columns if header[place] and place not in waiting]


def _table_rows(
    lines, header, file: int, split: int | None, columns: list[int], decimal_comma: bool, remarks: list[str]
) -> Iterator[Row]:
    count, empty = 0, np.zeros(len(columns), int)
    for count, (line, fields) in enumerate(lines, 1):  # noqa: B007
        if len(fields) != len(header):
            name = fields[file] if file < len(fields) else ""
            fault = f"{len(fields)} fields, the first line has {len(header)}"
            yield Row(line, name, ("row of too few or too many values", fault))
            continue
        values = np.array([tables.number(fields[place], decimal_comma) for place in columns])
        said = fields[split].lower() if split is not None else ""
        if np.isnan(values).any():
            place = columns[int(np.isnan(values).argmax())]
            empty += [fields[place].lower() in MISSING for place in columns]
            if fields[place].lower() in MISSING:
                yield Row(line, fields[file], ("value missing", f"for {header[place]}"))
            else:
                yield Row(line, fields[file], ("bad value", f"{fields[place]!r} for {header[place]}"))
        elif said and said not in SPLIT_NAMES:
            yield Row(line, fields[file], ("unknown split", f"{said!r}, where {', '.join(SPLITS)} should stand"))
        else:
            yield Row(line, fields[file], None, SPLIT_NAMES.get(said, ""), values)
    for place, missing in zip(columns, empty, strict=True):
        if missing > SPARSE * count:
            name = printable(header[place])
            remarks.append(f"column {name} is empty in {missing:,} of {count:,} rows; leave it out with --attributes")


def _classes(root: Path, store: stores.Store) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The classes, and a row for each picture below the folder of one."""
    places = [name.split("/") for name in store.names if stores.is_picture(name)]
    said = split_folders(root, [parts for parts in places if len(parts) > 1], 3)  # train/cats/a.jpg
    names = sorted({parts[said] for parts in places if len(parts) > 1 + said})
    if not names:
        raise InputError(
            f"{root}: has neither {TABLE} nor a folder of pictures for each class; name the table with --labels_file"
        )
    rows = (
        Row(
            0, "/".join(parts), None, SPLIT_NAMES[parts[0].lower()] if said else "",
            np.array([float(parts[said] == name) for name in names]),
        )
        for parts in places
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

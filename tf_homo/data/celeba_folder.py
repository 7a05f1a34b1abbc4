"""CelebA (Liu et al., ICCV 2015) in its own layout, zipped or unpacked.

    img_align_celeba.zip, or img_align_celeba/     pictures of 178x218, read without unpacking; the folder if both
    list_attr_celeba.txt                           a count; the names; then a file and -1 or 1 for each name, a line
    list_eval_partition.txt                        a file and 0 (train), 1 (validation) or 2 (test), a line
    identity_CelebA.txt                            a file and a person's number, a line; may be missing

or the same in the folders Img/, Anno/ and Eval/ that its authors give out, or as Kaggle's archive.zip unpacks: tables
with the ending .csv, whose first line names the columns, and img_align_celeba/ in a folder of the same name. The square
in the middle of a picture, rows 20 to 198 of an aligned one, is the face.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tf_homo.attributes import check_names
from tf_homo.data import listed, stores, tables
from tf_homo.data.left_out import LeftOut
from tf_homo.data.listing import SPLITS, Listing, Row, settled, stamp_of
from tf_homo.errors import InputError

PICTURES, ATTRIBUTES = "img_align_celeba", "list_attr_celeba.txt"
KAGGLE = "archive.zip"
PARTITION, IDENTITY = "list_eval_partition.txt", "identity_CelebA.txt"
PLACES = {PICTURES: "Img", f"{PICTURES}.zip": "Img", PARTITION: "Eval"}  # of the authors' folders; Anno for the others


class CelebaFolder(listed.ListedPictures, skip_registration=True):
    """CelebA from files that are there already."""

    name = "celeba_folder"


def listing(root: Path) -> Listing:
    """What the folder lists, in the order of list_attr_celeba.txt.

    Raises:
      InputError: one of the files is missing, or not what it should be.
    """
    left_out, remarks = LeftOut(), []
    files = {file: _place(root, file) for file in (ATTRIBUTES, PARTITION, IDENTITY)}
    if not files[ATTRIBUTES].exists() and (root / KAGGLE).exists():
        raise InputError(f"{root / KAGGLE}: is packed and {ATTRIBUTES} is not beside it; unpack {KAGGLE} there")
    names, lines = _attributes(files[ATTRIBUTES], remarks)
    partition = _beside(files[PARTITION], left_out)
    people = _beside(files[IDENTITY], left_out) if files[IDENTITY].exists() else {}
    store = _store(root, remarks)
    rows = settled(_labelled(names, lines, partition, people), store, left_out)
    if unknown := sum(row.identity < 0 for row in rows):
        remarks.append(f"{IDENTITY} is missing, or does not say who is on {unknown:,} pictures")
    tables_stamp = [file.read_bytes() for file in files.values() if file.exists()]
    return Listing(
        names,
        [row.file for row in rows],
        [row.split for row in rows],
        np.array([row.values for row in rows], np.float32).reshape(len(rows), len(names)),
        np.array([row.identity for row in rows], np.int64),
        store.content,
        stamp_of(store.stamp(row.file for row in rows), *tables_stamp),
        left_out,
        remarks,
    )


def _attributes(path: Path, remarks: list[str]) -> tuple[tuple[str, ...], Iterator[tuple[int, list[str]]]]:
    """The names, and the lines below them."""
    lines = _lines(path)
    if path.suffix == ".csv":
        header = next(lines, (1, []))[1][1:]
        if not header:
            raise InputError(f"{path}: its first line names no attributes; fetch it again")
        return check_names(str(path), header), lines
    (_, count), (_, header) = next(lines), next(lines, (2, []))
    if len(count) != 1 or not count[0].isdecimal() or len(count[0]) > 12 or not header:
        raise InputError(f"{path}: its first line is no count of rows; fetch it again")
    if int(count[0]) != (there := sum(1 for _ in _lines(path)) - 2):
        remarks.append(f"{path.name}: its first line says {int(count[0]):,} rows, there are {there:,}")
    return check_names(str(path), header), lines


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    return tables.csv_rows(path)[1] if path.suffix == ".csv" else tables.blanks(path)


def _labelled(names, lines, partition: dict[str, str], people: dict[str, str]) -> Iterator[Row]:
    for number, (file, *values) in lines:
        part, person = partition.get(file), people.get(file, "")
        if len(values) != len(names):
            yield Row(number, file, ("row of too few or too many values", f"{len(values)} for {len(names)} names"))
        elif wrong := set(values) - {"-1", "1"}:
            yield Row(number, file, ("bad value", f"{', '.join(sorted(wrong))}, where -1 or 1 should stand"))
        elif part is None:
            yield Row(number, file, ("row without a partition", f"{PARTITION} lacks it"))
        elif part not in ("0", "1", "2"):
            yield Row(number, file, ("unknown partition", f"{part}, where 0, 1 or 2 should stand"))
        else:
            known = person.isdecimal() and len(person) < 19  # int64
            labels = np.array([value == "1" for value in values])
            yield Row(number, file, None, SPLITS[int(part)], labels, int(person) if known else -1)


def _beside(path: Path, left_out: LeftOut) -> dict[str, str]:
    """{file: what stands beside it}; two texts where it stands there twice and differs."""
    column: dict[str, str] = {}
    lines = _lines(path)
    if path.suffix == ".csv":
        next(lines, None)  # the names of its columns
    for number, fields in lines:
        if len(fields) == 2:
            file, text = fields
            column[file] = text if column.get(file, text) == text else f"{column[file][:20]} and {text[:20]}"
        else:
            left_out.add("line that is no file and number", f"{path.name} (line {number}): {' '.join(fields)}")
    return column


def _place(root: Path, file: str) -> Path:
    """Where a file is; where it should be, if it is nowhere."""
    plain = root / file
    places = (root / PLACES.get(file, "Anno") / file, plain, plain.with_suffix(".csv"))
    return next((place for place in places if place.exists()), plain)


def _store(root: Path, remarks: list[str]) -> stores.Store:
    unpacked, packed = _place(root, PICTURES), _place(root, f"{PICTURES}.zip")
    if unpacked.is_dir():
        inner = unpacked / PICTURES
        store = stores.folder(inner if inner.is_dir() else unpacked)
        if not packed.is_file():
            return store
        if any(map(stores.is_picture, store.names)):
            remarks.append(f"{packed.name} is not read, as there are pictures in {PICTURES}/")
            return store
    if packed.is_file():
        return stores.zipped(packed)
    raise InputError(f"{root}: has neither {PICTURES}.zip nor {PICTURES}/; name CelebA's folder as --data_path")

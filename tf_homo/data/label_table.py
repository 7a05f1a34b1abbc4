"""The table of labels in a folder of a user's own: which of its columns are attributes, and its rows."""

import collections
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tf_homo.attributes import check_names
from tf_homo.data import stores, tables
from tf_homo.data.left_out import printable
from tf_homo.data.listing import SPLIT_NAMES, SPLITS, Row
from tf_homo.errors import InputError

FILE_COLUMNS, SPLIT_COLUMN = ("file", "image", "filename"), "split"
MISSING = ("", "nan", "na", "n/a", "none", "null")
SPARSE = 0.25  # share of rows without a number in a column, beyond which that is told


def read(path: Path, chosen: Sequence[str], remarks: list[str]) -> tuple[tuple[str, ...], Iterator[Row]]:
    """The attributes of a table, and its rows.

    Args:
      chosen: the attributes that matter, by default every column of numbers.
      remarks: what a user should know is added to them, some when the rows have been read.

    Raises:
      InputError: it cannot be read, has no attribute, or lacks one of those chosen.
    """
    delimiter, lines = tables.csv_rows(path)
    _, header = next(lines, (1, [""]))
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
        columns = _of_numbers(path, delimiter, header, columns, lines, remarks)
        lines = tables.csv_rows(path)[1]
        next(lines)
    names = check_names(str(path), [header[place] for place in columns])
    return names, _rows(lines, header, file, split, columns, decimal_comma, remarks)


def _of_numbers(path: Path, delimiter: str, header, columns: list[int], lines, remarks: list[str]) -> list[int]:
    """The columns that have a name and a number in any line; InputError where there is none."""
    named, lengths = [place for place in columns if header[place]], collections.Counter()
    words = dict.fromkeys(named, "")  # of the columns that have had no number so far
    for line, fields in lines:
        if named and not words:
            break
        lengths[len(fields)] += 1
        if len(fields) == len(header):
            words = {
                place: word or (f", but {printable(fields[place], 40)} in line {line}" if fields[place] else "")
                for place, word in words.items()
                if np.isnan(tables.number(fields[place], delimiter != ","))
            }
    found = [place for place in named if place not in words]
    why = [
        f"column {place + 1} ({printable(header[place], 40)}) has no numbers{words[place]}"
        if header[place]
        else f"column {place + 1} has no name"
        for place in columns
        if place not in found
    ]
    if not found:
        fault = _fault(delimiter.join(header), len(header), lengths, why)
        raise InputError(f"{path}: has no column of numbers beside the file names; {fault}")
    remarks.extend(f"{reason}; it is no attribute" for reason in why)
    return found


def _fault(first: str, fields: int, lengths: collections.Counter, why: list[str]) -> str:
    """What is wrong with a table without attributes, and the mend. lengths: how many lines have so many fields."""
    first = f"its first line ({printable(first, 60)})"
    ((most, _),) = lengths.most_common(1) or [(fields, 0)]
    if most != fields:
        return f"fields of {first}: {fields}, of most others: {most}; it has to name every column, and no more"
    if fields == 1:
        return f"{first} is one field: part fields by commas, semicolons or tabs"
    return "; ".join(why[:3]) if lengths else f"there is nothing below {first}"


def _rows(
    lines, header, file: int, split: int | None, columns: list[int], decimal_comma: bool, remarks: list[str]
) -> Iterator[Row]:
    count, lacking = 0, np.zeros(len(columns), int)
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
            lacking += np.isnan(values)
            if fields[place].lower() in MISSING:
                yield Row(line, fields[file], ("value missing", f"for {header[place]}"))
            else:
                yield Row(line, fields[file], ("bad value", f"{fields[place]!r} for {header[place]}"))
        elif said and said not in SPLIT_NAMES:
            yield Row(line, fields[file], ("unknown split", f"{said!r}, where {', '.join(SPLITS)} should stand"))
        else:
            yield Row(line, fields[file], None, SPLIT_NAMES.get(said, ""), values)
    for place, rows in zip(columns, lacking, strict=True):
        if rows > SPARSE * count:
            column = f"column {printable(header[place])}"
            remarks.append(f"{column} has no number in {rows:,} of {count:,} rows; leave it out with --attributes")

"""Tables in text files, from outside: bounded, decoded strictly, read line by line."""

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path

from tf_homo.errors import InputError

LARGEST = 64 << 20  # bytes; CelebA's largest has 26 MB


def read(path: Path) -> str:
    """The text of a UTF-8 file, without a byte order mark.

    Raises:
      InputError: it is missing, no regular file, empty, too large, or no UTF-8 text.
    """
    if path.is_dir() or not path.is_file():
        lost = "is a broken link" if path.is_symlink() else "no such file"
        what = "is a folder" if path.is_dir() else "is no regular file" if path.exists() else lost
        raise InputError(f"{path}: {what}; a text file is needed there")
    if (size := path.stat().st_size) > LARGEST:
        raise InputError(f"{path}: has {size >> 20} MiB, more than {LARGEST >> 20}; is this the table of labels?")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); change its permissions") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}: line {line} is not UTF-8 text; save it as CSV in UTF-8") from None
    if "\0" in text:
        raise InputError(f"{path}: has NUL bytes, so it is no text; save it as CSV in UTF-8")
    if not text.strip():
        raise InputError(f"{path}: is empty; fetch or export it again")
    return text


def blanks(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, fields) of a file, split on runs of blanks; blank lines are passed over. InputError as in `read`."""
    lines = io.StringIO(read(path))
    return ((number, fields) for number, line in enumerate(lines, 1) if (fields := line.split()))


def csv_rows(path: Path) -> tuple[str, Iterator[tuple[int, list[str]]]]:
    """The delimiter of a CSV file (comma, semicolon or tab) and its (line, fields); blank lines are passed over.

    Raises:
      InputError: as in `read`; while iterating, for quotes that do not fit.
    """
    text = read(path)
    first = text.strip().splitlines()[0]
    delimiter = max(",;\t", key="".join(first.split('"')[::2]).count)  # outside quotes
    return delimiter, _stripped(path, csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def _stripped(path: Path, reader) -> Iterator[tuple[int, list[str]]]:
    try:
        for fields in reader:
            fields = [field.strip() for field in fields]
            if any(fields):
                yield reader.line_num, fields
    except csv.Error as error:
        raise InputError(f"{path}: line {reader.line_num} is no CSV ({error}); mend its quotes") from None


def number(text: str, decimal_comma: bool) -> float:
    """A finite number of a table, or NaN: also yes and no, true and false, and 0,5 where a comma is no delimiter."""
    if text.lower() in ("yes", "true", "no", "false"):
        return float(text.lower() in ("yes", "true"))
    if decimal_comma and text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        value = math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan
    return value if abs(value) <= 1e30 else math.nan

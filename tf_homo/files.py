"""Files that appear whole or not at all."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def whole(path: str | os.PathLike) -> Iterator[str]:
    """A name beside `path`, with its ending, that becomes `path` when the block ends well and is removed otherwise."""
    folder, name = os.path.split(path)
    stem, ending = os.path.splitext(name)
    partial = os.path.join(folder, f".{stem}.{os.getpid()}.partial{ending}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes a text file in UTF-8."""
    with whole(path) as partial:
        Path(partial).write_text(text, "utf-8")


def write_json(path: str | os.PathLike, content: dict) -> None:
    """Writes a JSON file; ValueError for numbers that JSON has no word for (NaN, infinity)."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")

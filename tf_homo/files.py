"""Files that appear whole or not at all, and the places for them that flags name."""

import contextlib
import json
import os
import shutil
from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from tf_homo.errors import InputError

LITTER = {".DS_Store", "Thumbs.db", "desktop.ini"}  # what file managers leave behind in any folder
PACKED = (".gz", ".br")  # beside a file: the same for web servers that send it compressed


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


@contextlib.contextmanager
def whole_folder(
    flag: str, path: str | os.PathLike, names: Collection[str], marks: Collection[str] | None = None
) -> Iterator[Path]:
    """An empty folder that becomes the one that --flag=path names when the block ends well, and is removed otherwise.

    A folder of that name is replaced where it is empty or holds files of all `marks` and none but those of `names`:
    patterns such as faces/*.png relative to it. By default all `names` are marks; name as marks what other versions
    have as well. LITTER does not count, and a PACKED file counts as the one that it is made of.

    Raises:
      InputError: another folder or a file is in the place, or it cannot be written.
    """
    culprit, folder = f"--{flag}={path}", Path(path).resolve()
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{culprit}: is no folder; name another")
    if folder.is_mount() or Path.cwd().is_relative_to(folder):
        raise InputError(f"{culprit}: is in use and cannot be replaced as a whole; name a folder in it")
    found = [
        each.relative_to(folder).as_posix()
        for each in folder.rglob("*")
        if each.is_symlink() or not (each.is_dir() or each.name in LITTER)
    ]
    strange = [file for file in found if not any(_fits(file, name) or _fits(_unpacked(file), name) for name in names)]
    lacking = [mark for mark in marks or names if found and not any(_fits(file, mark) for file in found)]
    if strange or lacking:
        why = f"holds {min(strange)}" if strange else f"has no {min(lacking)}"
        raise InputError(
            f"{culprit}: {why}, so it is something else than what would replace it; name another folder or delete it"
        )
    _folder(culprit, folder.parent)
    partial, older = (folder.with_name(f".{folder.name}.{os.getpid()}.{kind}") for kind in ("partial", "older"))
    try:
        partial.mkdir()
        yield partial
        if folder.exists():
            folder.rename(older)
        partial.rename(folder)
    finally:
        if older.exists() and not folder.exists():
            older.rename(folder)
        for left in (partial, older):
            shutil.rmtree(left, ignore_errors=True)


def _fits(file: str, pattern: str) -> bool:
    """As fnmatchcase, but no * stands for a folder."""
    return file.count("/") == pattern.count("/") and fnmatchcase(file, pattern)


def _unpacked(file: str) -> str:
    return next((file.removesuffix(ending) for ending in PACKED if file.endswith(ending)), file)


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes a text file in UTF-8."""
    with whole(path) as partial:
        Path(partial).write_text(text, "utf-8")


def write_json(path: str | os.PathLike, content: dict) -> None:
    """Writes a JSON file; ValueError for numbers that JSON has no word for (NaN, infinity)."""
    write_text(path, json.dumps(content, indent=1, allow_nan=False) + "\n")


def output_folder(flag: str, path: str | os.PathLike) -> Path:
    """The folder that --flag=path names, made where it is missing; InputError where nothing can be put into it."""
    return _folder(f"--{flag}={path}", Path(path))


def check_output_folder(flag: str, path: str | os.PathLike) -> None:
    """InputError where `output_folder` would raise it; makes nothing."""
    folder = Path(path).absolute()
    while not os.path.lexists(folder):
        folder = folder.parent
    _folder(f"--{flag}={path}", folder)


def output_file(flag: str, path: str | os.PathLike) -> Path:
    """The file that --flag=path names, its folder made as in `output_folder`; InputError where it cannot be written."""
    culprit, file = f"--{flag}={path}", Path(path)
    _folder(culprit, file.parent)
    if file.is_dir():
        raise InputError(f"{culprit}: is a folder; give a file name")
    return file


def _folder(culprit: str, folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{culprit}: cannot be made ({error.strerror}); name another folder") from None
    if not os.access(folder, os.W_OK):
        raise InputError(f"{culprit}: may not be written to; name another folder")
    return folder

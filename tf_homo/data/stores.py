"""Where a user's pictures lie: a folder or a zip, read without unpacking it.

Nothing outside the folder is ever opened, nothing is opened that is no regular file, and the size that a zip declares
is looked at before a byte is read.
"""

import dataclasses
import functools
import hashlib
import os
import re
import stat
import unicodedata
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path

from tf_homo.errors import InputError
from tf_homo.photos import PictureError

ENDINGS = tuple(".jpg .jpeg .jpe .jfif .png .webp .avif .gif .bmp .tif .tiff .ppm .pgm .heic .heif".split())
BESIDE = tuple(  # what is no picture, nor meant to be one
    ".txt .md .csv .tsv .json .jsonl .xml .yaml .yml .toml .ini .cfg .log .htm .html .pdf .doc .docx .xls .xlsx .ods "
    ".db .py .ipynb .sh".split()
)
LOST = ("row without a picture", "name differs in case")
LINKED, UNREADABLE, FOLDER = "link to a folder", "folder that may not be read", "is a folder"
OTHER = "not called like a picture"
HIDDEN = "hidden file"
LARGEST = 256 << 20  # bytes of one picture, as large as MAX_PIXELS of 32 bit and more


@dataclasses.dataclass(eq=False)
class Store:
    """Files by name, a path with "/" below the folder.

    Attributes:
      names: those that may be opened, in order.
      marks: {name: a text that is another where its size or time is, or who may read it} of the same.
      refused: those that are there and may not: {name: reason}.
      content: name -> what photos.decode takes; PictureError where it cannot be read.
    """

    marks: dict[str, str]
    refused: dict[str, str]
    content: Callable[[str], str | bytes]

    def __post_init__(self):
        self.names = list(self.marks)
        self._composed = {unicodedata.normalize("NFC", name): name for name in self.names}
        self._folded = {unicodedata.normalize("NFC", name).casefold(): name for name in (*self.names, *self.refused)}

    def find(self, text: str) -> tuple[str, str]:
        """The name that a row's `text` means and "", or the text and the reason why there is none."""
        name = text.replace("\\", "/")
        if not name:
            return text, "row without a file name"
        if name.startswith("/") or re.match("[A-Za-z]:", name):
            return text, "absolute path"
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if ".." in parts:
            return text, "path out of the folder"
        name = "/".join(parts)
        if name in self.marks:
            return name, ""
        if name in self.refused:
            return name, self.refused[name]
        above = {self.refused.get("/".join(parts[:depth])) for depth in range(1, len(parts))}
        if closed := above & {LINKED, UNREADABLE}:
            return name, closed.pop()
        composed = unicodedata.normalize("NFC", name)
        if composed in self._composed:  # the same letters, as macOS writes them
            return self._composed[composed], ""
        if any(part.startswith(".") for part in parts):
            return text, HIDDEN
        return text, LOST[composed.casefold() in self._folded]

    def near(self, name: str) -> str:
        """A picture that is called like `name` but for folder, ending and case; "" where there is none."""
        return self._stems.get(_stem(name), "")

    @functools.cached_property
    def _stems(self) -> dict[str, str]:
        return {_stem(name): name for name in reversed(self.names) if is_picture(name)}

    def stamp(self, names: Iterable[str]) -> str:
        """Another text where one of `names`, or size or time of its file, is another."""
        lines = (f"{name}\0{self.marks[name]}\n" for name in names)
        return hashlib.sha256("".join(lines).encode(errors="backslashreplace")).hexdigest()

    def unnamed(self, named: Collection[str]) -> Iterator[tuple[str, str]]:
        """(name, reason or "") of what is there beside `named` and may be a picture, or a folder of some.

        Every file may be one whose name does not say that it is something else.
        """
        for name in (*self.names, *self.refused):
            reason = self.refused.get(name, "")
            if name in named:
                continue
            if is_picture(name) or reason in (LINKED, UNREADABLE):
                yield name, reason
            elif reason not in (FOLDER, HIDDEN) and not name.lower().endswith(BESIDE):
                yield name, reason or OTHER


def is_picture(name: str) -> bool:
    """Whether a file is called like a picture."""
    return name.lower().endswith(ENDINGS)


def _stem(name: str) -> str:
    last = unicodedata.normalize("NFC", name).casefold().rpartition("/")[2]
    return last.rpartition(".")[0] if is_picture(last) else last


def folder(root: Path) -> Store:
    """The files below a folder. Hidden ones and links to other places are refused, linked folders not entered."""
    root = Path(os.path.realpath(root))
    marks, refused = {}, {}

    def unreadable(error: OSError) -> None:
        refused[os.path.relpath(error.filename, root)] = UNREADABLE

    for place, folders, files in os.walk(root, onerror=unreadable):
        below = Path(os.path.relpath(place, root))
        for name in folders:
            reason = HIDDEN if name.startswith(".") else FOLDER
            refused[(below / name).as_posix()] = LINKED if os.path.islink(os.path.join(place, name)) else reason
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for file in sorted(files):
            name = (below / file).as_posix()
            if reason := _refusal(root, os.path.join(place, file)):
                refused[name] = reason
                continue
            status = os.stat(os.path.join(place, file))
            closed = "" if os.access(os.path.join(place, file), os.R_OK) else " closed"
            marks[name] = f"{status.st_size} {status.st_mtime_ns}{closed}"
    return Store(marks, refused, lambda name: _small_enough(str(root / name), name))


def _refusal(root: Path, path: str) -> str:
    if os.path.basename(path).startswith("."):
        return HIDDEN
    try:
        path.encode()
    except UnicodeEncodeError:
        return "name that is not UTF-8"
    try:
        kind = os.stat(path).st_mode
    except OSError:
        return "broken link"
    if os.path.islink(path) and not Path(os.path.realpath(path)).is_relative_to(root):
        return "link out of the folder"
    return "" if stat.S_ISREG(kind) else "no regular file"


def _small_enough(path: str, name: str) -> str:
    if os.path.isfile(path) and os.path.getsize(path) > LARGEST:
        raise _too_large(name, os.path.getsize(path))
    return path


def zipped(path: Path) -> Store:
    """The files in a zip, by their names without the folders they lie in.

    Raises:
      InputError: it is no zip, or its table of contents is damaged.
    """
    try:
        archive = zipfile.ZipFile(path)
        members = [member for member in archive.infolist() if not member.is_dir()]
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise InputError(
            f"{path}: is damaged, or no zip ({error}); fetch it again, or unpack what there is into {path.stem}/"
        ) from error
    found, refused = {}, {}
    for member in members:
        name = member.filename.replace("\\", "/").rpartition("/")[2]  # as some programs of Windows write it
        if not name:  # a folder
            continue
        if name.startswith("."):
            refused[name] = HIDDEN
        elif name in found:
            refused[name] = "twice in the zip"
        else:
            found[name] = member
    marks = {name: f"{member.file_size} {member.CRC}" for name, member in found.items() if name not in refused}
    return Store(marks, refused, lambda name: _member(archive, found[name]))


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.file_size > LARGEST:
        raise _too_large(member.filename, member.file_size)
    if member.flag_bits & 1:
        raise PictureError(f"{member.filename}: is encrypted; pack the zip without a password", "encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # the others grow without bounds
        raise PictureError(f"{member.filename}: is packed in a rare way; pack the zip with deflate", "packed rarely")
    try:
        with archive.open(member) as file:
            return file.read(member.file_size + 1)  # a bound, or zlib unpacks what the size does not declare
    except Exception as error:  # damage shows as almost any class (zlib.error, EOFError, BadZipFile, struct.error)
        raise PictureError(
            f"{member.filename}: is damaged in the zip ({error}); fetch it again", "damaged in the zip"
        ) from error


def _too_large(name: str, size: int) -> PictureError:
    most = f"more than {LARGEST >> 20} MiB"
    return PictureError(f"{name}: has {size >> 20:,} MiB, {most}; scale it down first", most)

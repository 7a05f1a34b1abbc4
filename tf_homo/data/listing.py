"""What a user's data set lists: pictures by name, their labels and splits, found before any picture is opened; and
these pictures, square and of one size.

Every row and file that cannot be used is counted and named; none is replaced by another.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image

from tf_homo import alignment, faces, photos
from tf_homo.alignment import Frame
from tf_homo.data.left_out import LeftOut
from tf_homo.data.stores import LOST, Store
from tf_homo.photos import PictureError

SPLITS = ("train", "validation", "test")
SPLIT_NAMES = {
    "train": "train", "training": "train", "validation": "validation", "valid": "validation", "val": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip


class Row(NamedTuple):
    """A row of a table.

    line: its number, 0 where there is none. file: what it names. fault: reason and more, where it cannot be used; else
    split: one of SPLITS, or "" where it says none; values: (K,); identity: the person's number, -1 where unknown.
    """

    line: int
    file: str
    fault: tuple[str, str] | None = None
    split: str = ""
    values: np.ndarray | None = None
    identity: int = -1

    def __str__(self) -> str:
        return f"{self.file} (line {self.line})" if self.line else self.file


@dataclasses.dataclass(eq=False)
class Listing:
    """N pictures with K labels, or N pairs of pictures.

    Attributes:
      attributes: the K names.
      names: of the N pictures, in order. splits: one of SPLITS for each. labels: float32 (N, K) in [0, 1].
      identity: int64 (N,), the person's number, -1 where it is not known.
      content: name -> what photos.decode takes.
      stamp: another where anything of this is another.
      left_out: what cannot be used; grows when pictures are opened.
      remarks: what a user should know beside.
      scales: {attribute: [low, high]}, which values became 0 and 1, where they were not 0 and 1 themselves.
      across: how many pictures a name stands for.
      halves: name -> its pictures and what was changed, where these are several; PictureError where there are not.
      frame: where the eyes of the one face shall stand; None keeps the middle of each picture as it is.
    """

    attributes: tuple[str, ...]
    names: list[str]
    splits: list[str]
    labels: np.ndarray
    identity: np.ndarray
    content: Callable[[str], str | bytes]
    stamp: str
    left_out: LeftOut
    remarks: list[str] = dataclasses.field(default_factory=list)
    scales: dict[str, list[float]] = dataclasses.field(default_factory=dict)
    across: int = 1
    halves: Callable[[str], tuple[list[Image.Image], tuple[str, ...]]] | None = None
    frame: Frame | None = None

    def opened(self, name: str) -> tuple[list[Image.Image], tuple[str, ...]]:
        """The pictures of a name, and what was changed; PictureError where they cannot be opened."""
        if self.halves:
            return self.halves(name)
        image, changes = photos.decode(self.content(name), name)
        return [image], changes


class Picture(NamedTuple):
    """Picture `index` of a listing: uint8 (S, S, 3), or, of several, (S, across S, 3) side by side; width and height of
    the first before; what was changed (photos.Decoded).
    """

    index: int
    image: np.ndarray
    size: tuple[int, int]
    changes: tuple[str, ...]


def pictures(
    listing: Listing, split: str, size: int, progress: Callable[[], object] = lambda: None
) -> Iterator[Picture]:
    """The pictures of a split that can be opened: the square in their middle, or their one face in the listing's frame,
    `size` pixels a side.

    Those that cannot be opened, or have no such face, are added to `listing.left_out`. `progress` is told of each.
    """
    for index, name in enumerate(listing.names):
        if listing.splits[index] != split:
            continue
        progress()
        try:
            images, changes = listing.opened(name)
            fitted, covered = zip(*(_square(image, name, size, listing.frame) for image in images), strict=True)
        except PictureError as error:
            listing.left_out.add(error.reason, str(error))
            continue
        changes += ("aligned by eyes that may be covered",) * any(covered)
        yield Picture(index, np.concatenate(fitted, axis=1), images[0].size, changes)


def _square(image: Image.Image, name: str, size: int, frame: Frame | None) -> tuple[np.ndarray, bool]:
    """(size, size, 3) uint8, and whether its eyes may be covered and so misplaced; PictureError where a frame has not
    one whole face to hold.
    """
    if frame is None:
        return photos.fitted(image, name, size, "center"), False
    found = faces.find(np.asarray(image))
    if len(found) != 1:
        fault = "several faces" if found else "no face"
        raise PictureError(f"{name}: {len(found)} faces were found; give one that shows one face from the front", fault)
    if not found[0].whole:
        raise PictureError(f"{name}: its face is cut off by the edge; give one that shows it whole", "face cut off")
    return alignment.align(np.asarray(image), found[0].eyes, frame, size)[0], found[0].votes < faces.HIDDEN


def usable(listing: Listing, name: str) -> bool:
    """Whether `pictures` gives what has this name."""
    try:
        for image in listing.opened(name)[0]:
            _square(image, name, 8, listing.frame)
    except PictureError:
        return False
    return True


def settled(
    rows: Iterable[Row],
    store: Store,
    left_out: LeftOut,
    unnamed: str = "picture without a row",
    table: str = "",
) -> list[Row]:
    """The rows without a fault whose picture is there, each picture once, `file` as the store names it.

    Rows that say the same again are left out, as are all that contradict each other, and pictures that no row names,
    for the reason `unnamed`. `table` is the name of a file in the store that is none.
    """
    kept, contradicted, named = {}, set(), {table}
    for row in rows:
        name, reason = store.find(row.file)
        named.add(name)
        row = row._replace(file=name)
        if row.fault:
            left_out.add(row.fault[0], f"{row}: {row.fault[1]}")
        elif reason:
            there = store.near(name) if reason in LOST else ""
            left_out.add(reason, f"{row}: {there} is there" if there else str(row))
        elif name in contradicted or (name in kept and not _same(kept[name], row)):
            contradicted.add(name)
            left_out.add("rows that contradict each other", str(row))
        elif name in kept:
            left_out.add("row given twice", str(row))
        else:
            kept[name] = row
    for name in sorted(contradicted):
        left_out.add("rows that contradict each other", str(kept.pop(name)))
    for name, reason in store.unnamed(named):
        left_out.add(reason or unnamed, name)
    return list(kept.values())


def stamp_of(*parts: str | bytes) -> str:
    """A short text that is another where any of the parts is."""
    digest = hashlib.sha256()
    for part in parts:
        part = part.encode() if isinstance(part, str) else part
        digest.update(len(part).to_bytes(8) + part)
    return digest.hexdigest()[:16]


def _same(one: Row, other: Row) -> bool:
    return (one.split, one.identity) == (other.split, other.identity) and np.array_equal(one.values, other.values)

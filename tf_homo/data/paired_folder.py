"""A folder of paired pictures A and B, for systems that learn one from the other.

    train/1.jpg               A | B side by side in one picture, A on the left; val/2.jpg and test/3.jpg say the split

    A/train/1.jpg             or two folders: a pair has one name in both, whatever its ending; trainA/1.jpg and
    B/train/1.png             trainB/1.jpg are read, too

Where no folder says the split, a hash of the name decides, as for labelled_folder. Of what is not square the middle is
kept, the same of both.
"""

import re
from pathlib import Path

import numpy as np
from PIL import Image

from tf_homo import photos
from tf_homo.data import listed, stores
from tf_homo.data.labelled_folder import split_folders, split_of
from tf_homo.data.left_out import LeftOut
from tf_homo.data.listing import SPLIT_NAMES, Listing, stamp_of
from tf_homo.errors import InputError
from tf_homo.photos import PictureError

SIDES = ("A", "B")
SKEWED = 0.02  # how much longer, relative to the other, a side of one half may be


class PairedFolder(listed.ListedPictures, skip_registration=True):
    """Pairs of a user's own."""

    name = "paired_folder"


def listing(root: Path) -> Listing:
    """What the folder lists, in the order of the names; no attributes.

    Raises:
      InputError: there is no picture in it, no pair, or only some of its folders are splits.
    """
    store, left_out = stores.folder(root), LeftOut()
    names = [name for name in store.names if stores.is_picture(name)]
    for name, reason in store.unnamed(names):
        left_out.add(reason, name)
    places = [_place(name) for name in names]
    if any(side for _, side in places):
        files = _two_folders(names, places, left_out)
    else:
        files = {key: (name,) for name, (key, _) in zip(names, places, strict=True)}
    if not files:
        there = f"; left out: {left_out.summary()}" if left_out.counts else ""
        raise InputError(
            f"{root}: has no pair; put pictures A|B side by side there, or the same names into A/ and B/{there}"
        )
    if said := split_folders(root, [key.split("/") for key in files if "/" in key], 2):
        for key in [key for key in files if "/" not in key]:
            left_out.add("pair outside every split", files.pop(key)[0])
    pairs = {parts[0]: parts for parts in files.values()}
    return Listing(
        (),
        list(pairs),
        [SPLIT_NAMES[key.partition("/")[0].lower()] if said else split_of(key) for key in files],
        np.zeros((len(pairs), 0), np.float32),
        np.full(len(pairs), -1),
        store.content,
        stamp_of(store.stamp(name for parts in pairs.values() for name in parts), "pairs"),
        left_out,
        across=2,
        halves=lambda name: _halves(store, pairs[name]),
    )


def _place(name: str) -> tuple[str, str]:
    """What a picture has in common with its other half, and "A", "B" or "": train/1, A of A/train/1.jpg or
    trainA/1.jpg.
    """
    first, _, rest = name.partition("/")
    stem = name.rpartition(".")[0]
    if not rest:
        return stem, ""
    if first in (*SIDES, *(side.lower() for side in SIDES)):
        return stem.partition("/")[2], first.upper()
    if (found := re.fullmatch("([a-z]+?)_?([AB])", first)) and found[1] in SPLIT_NAMES:
        return f"{found[1]}/{stem.partition('/')[2]}", found[2]
    return stem, ""


def _two_folders(names: list[str], places: list[tuple[str, str]], left_out: LeftOut) -> dict[str, tuple[str, str]]:
    """{key: (A's name, B's name)} of those that have both."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, (key, side) in zip(names, places, strict=True):
        if side:
            found.setdefault(key, {"A": [], "B": []})[side].append(name)
        else:
            left_out.add("picture outside A and B", name)
    pairs = {}
    for key, sides in found.items():
        if all(len(sides[side]) == 1 for side in SIDES):
            pairs[key] = (sides["A"][0], sides["B"][0])
        else:
            alone = not (sides["A"] and sides["B"])
            for name in (*sides["A"], *sides["B"]):
                left_out.add("picture without its other half" if alone else "several pictures of one name", name)
    return pairs


def _halves(store: stores.Store, names: tuple[str, ...]) -> tuple[list[Image.Image], tuple[str, ...]]:
    """A and B of a pair."""
    opened = [photos.decode(store.content(name), name) for name in names]
    images = [image for image, _ in opened]
    if len(images) == 1:
        width, height = images[0].size
        if width % 2:
            raise PictureError(
                f"{names[0]}: is {width} pixels wide, which is no two halves; put A|B side by side", "of odd width"
            )
        images = [images[0].crop((left, 0, left + width // 2, height)) for left in (0, width // 2)]
    (aw, ah), (bw, bh) = (image.size for image in images)
    if abs(aw * bh - bw * ah) > SKEWED * max(aw * bh, bw * ah):
        raise PictureError(
            f"{names[0]}: its halves are {aw}x{ah} and {bw}x{bh} pixels; crop them alike", "halves of two shapes"
        )
    return images, tuple(dict.fromkeys(change for _, changes in opened for change in changes))

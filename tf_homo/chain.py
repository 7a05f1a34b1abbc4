"""Several models in a row behind the interface of one: those that change one attribute each, such as CycleGANs, change
several one after the other (Young, then Blond_Hair, then Male).

The latent of a chain is the picture. Each link that is asked to move encodes what the link before it made, moves it
towards the target by its own branches, and decodes it; a link of strength 0 is passed by, so that strength 0 in all is
the source itself.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tf_homo import serving
from tf_homo.errors import InputError
from tf_homo.serving import Arrays, Call, Morpher

NEEDED = ("encode", "interpolate", "decode")
SEPARATOR = ","  # between the links, in the text that names a chain


def load(text: str) -> Morpher:
    """Opens "A,B,C", each a run folder, a SavedModel folder or a .tflite, and joins them in this order."""
    return join([serving.load(path) for path in text.split(SEPARATOR)], text)


def join(links: Sequence[Morpher], name: str) -> Morpher:
    """A chain with the branches of all links; `name` is what messages call it.

    Raises:
      InputError: a link lacks a signature, or two have other image sizes or a branch of the same name.
    """
    first, size = links[0], links[0].info["image_size"]
    branches: list[str] = []
    for link in links:
        if missing := [needed for needed in NEEDED if needed not in link.signatures]:
            raise InputError(f"{link.path}: has no signature {', '.join(missing)}; a link of a chain has them")
        if link.info["image_size"] != size:
            raise InputError(
                f"{link.path}: takes images of {link.info['image_size']} pixels, {first.path} of {size}; "
                "links of a chain take the same"
            )
        if twice := set(branches) & set(link.info["branches"]):
            raise InputError(f"{link.path}: moves {', '.join(sorted(twice))}, as a link before it does; leave one out")
        branches += link.info["branches"]
    info = first.info | {
        "branches": branches,
        "groups": {group: members for link in links for group, members in link.info["groups"].items()},
        "latent": [size, size, 3],
        "config": None,
        "links": [link.info for link in links],
    }
    image, strength = (None, size, size, 3), (None, len(branches))
    calls = {
        "encode": Call({"image": image}, lambda given: given["image"]),
        "interpolate": Call({"source": image, "target": image, "strength": strength}, _passed(links)),
        "decode": Call({"latent": image}, lambda given: np.clip(given["latent"], 0.0, 1.0)),
    }
    return Morpher(calls, info, "chain", Path(name))


def _passed(links: Sequence[Morpher]):
    """The function behind `interpolate`: pictures through all links, each with its own columns of the strengths."""
    ends = np.cumsum([len(link.info["branches"]) for link in links])

    def run(given: Arrays) -> np.ndarray:
        rows = len(given["strength"])
        picture, target = given["source"], given["target"]
        for link, strength in zip(links, np.split(given["strength"], ends[:-1], axis=1), strict=True):
            if strength.any():
                picture = _moved(link, picture, target, strength)
        return np.broadcast_to(picture, (rows, *picture.shape[1:])).copy()

    return run


def _moved(link: Morpher, picture: np.ndarray, target: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Pictures (1 or N, S, S, 3) moved by one link; rows of strength 0 stay as they are."""
    source, end = link.encode(picture), link.encode(target)
    if len(source) > len(end):
        end = np.repeat(end, len(source), axis=0)
    made = link.decode(link.interpolate(source, end, strength))
    asked = strength.any(axis=1)[:, None, None, None]
    return np.where(asked, made, picture)

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
from tf_homo.serving import Call, Morpher

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
        if missing := [needed for needed in serving.MORPHING if needed not in link.signatures]:
            raise InputError(f"{link.path}: has no signature {', '.join(missing)}; a link of a chain has them")
        if link.info["image_size"] != size:
            raise InputError(
                f"{link.path}: takes images of {link.info['image_size']} pixels, {first.path} of {size}; "
                "links of a chain take the same"
            )
        if twice := set(branches) & set(link.info["branches"]):
            raise InputError(
                f"{link.path}: moves {', '.join(sorted(twice))}, as a link before it does; leave one out, or train it "
                "with another name for its branch: --group=NAME=ATTRIBUTE"
            )
        branches += link.info["branches"]
    info = first.info | {
        "branches": branches,
        "groups": {group: members for link in links for group, members in link.info["groups"].items()},
        "leads": {group: lead for link in links for group, lead in link.info.get("leads", {}).items()},
        "attributes": [name for link in links for name in link.info.get("attributes", ())],
        "latent": [size, size, 3],
        "config": None,
        "step": None,
        "links": [link.info for link in links],
    }
    image = (None, size, size, 3)
    calls = {
        "encode": Call({"image": image}, lambda given: given["image"]),
        "interpolate": Call(
            {"source": image, "target": image, "strength": (None, len(branches))},
            lambda given: _passed(links, "branches", given["source"], given["strength"], given["target"]),
        ),
        "decode": Call({"latent": image}, lambda given: np.clip(given["latent"], 0.0, 1.0)),
    }
    if all("edit_attributes" in link.signatures for link in links):
        calls["edit_attributes"] = Call(
            {"latent": image, "strength": (None, len(info["attributes"]))},
            lambda given: _passed(links, "attributes", given["latent"], given["strength"]),
        )
    return Morpher(calls, info, "chain", Path(name))


def _passed(
    links: Sequence[Morpher], columns: str, picture: np.ndarray, strength: np.ndarray, target: np.ndarray | None = None
) -> np.ndarray:
    """Pictures (1 or N, S, S, 3) through all links, each with its own of the `columns` of strengths (N, ...)."""
    rows, ends = len(strength), np.cumsum([len(link.info[columns]) for link in links])
    for link, own in zip(links, np.split(strength, ends[:-1], axis=1), strict=True):
        if own.any():
            picture = _moved(link, picture, own, target)
    return np.broadcast_to(picture, (rows, *picture.shape[1:])).copy()


def _moved(link: Morpher, picture: np.ndarray, strength: np.ndarray, target: np.ndarray | None) -> np.ndarray:
    """Pictures moved by one link, towards the target or by wishes; rows of strength 0 stay as they are."""
    source = link.encode(picture)
    if target is None:
        made = link.call("edit_attributes", latent=source, strength=strength)
    else:
        end = link.encode(target)
        end = np.repeat(end, len(source), axis=0) if len(source) > len(end) else end
        made = link.interpolate(source, end, strength)
    asked = strength.any(axis=1)[:, None, None, None]
    return np.where(asked, link.decode(made), picture)

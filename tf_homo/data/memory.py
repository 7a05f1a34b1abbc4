"""Examples as arrays: in memory, or, where their pictures would fill it, in a file that is mapped into it.

A mapped file lies beside the prepared data set and is made once. Batches read their rows from it, so that 200,000
pictures of 128 pixels (9.8 GB) need no more memory than what the system can spare to keep.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from tf_homo.files import output_folder, whole

MAPPED = 2 << 30  # bytes of pictures beyond which they stay on the disk

Arrays = dict[str, np.ndarray]


def gathered(parts: Iterable[Arrays], count: int, size: int, folder: Path, stem: str, across: int = 1) -> Arrays:
    """One array for each name in `parts`, which have `count` rows in all.

    `image` is uint8 (count, size, across size, 3); of more than MAPPED bytes it is a read-only np.memmap of
    folder/stem.npy, and the other arrays lie in folder/stem.npz. Where both exist, `parts` is not asked for.

    Raises:
      InputError: the folder may not be written to.
    """
    shape = (count, size, across * size, 3)
    if np.prod(shape, dtype=np.int64) <= MAPPED:
        images = np.empty(shape, np.uint8)
        return _filled(images, parts) | {"image": images}
    pictures, others = folder / f"{stem}.npy", folder / f"{stem}.npz"
    if not pictures.exists():
        output_folder("data_dir", folder)
        with whole(pictures) as partial:
            images = np.lib.format.open_memmap(partial, "w+", np.uint8, shape)
            rest = _filled(images, parts)
            images.flush()
            with whole(others) as beside:
                np.savez(beside, **rest)
    with np.load(others) as kept:
        return dict(kept) | {"image": np.load(pictures, mmap_mode="r")}


def _filled(images: np.ndarray, parts: Iterable[Arrays]) -> Arrays:
    """Puts the images where they belong; the other arrays, whole."""
    rest: dict[str, list[np.ndarray]] = {}
    row = 0
    for part in parts:
        for name, array in part.items():
            if name == "image":
                images[row : row + len(array)] = array
                row += len(array)
            else:
                rest.setdefault(name, []).append(array)
    return {name: np.concatenate(arrays) for name, arrays in rest.items()}

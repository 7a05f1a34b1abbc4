"""How well eyes are found where nobody aligned a face: CelebA's pictures, turned, scaled, pasted into larger ones.

    python -m benchmarks.eyes --data_path=CELEBA [--faces=256] [--seed=0] [--split=test]

What is found is held against CelebA's own place of the eyes, which is the same in all its pictures; a label of CelebA
tells which faces wear glasses. Prints JSON: numbers only, the same for the same seed.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from absl import flags
from PIL import Image
from tqdm import tqdm

from tf_homo import alignment, errors, faces
from tf_homo.data.listing import SPLITS
from tf_homo.errors import InputError

EYES = np.array(alignment.CELEBA) * 178 + (0, 20)  # in CelebA's pictures of 178x218: the frame is rows 20 to 198
AT_128 = 128 * (EYES[1, 0] - EYES[0, 0]) / 178  # pixels between the eyes where a face is aligned at 128
WIDTH, HEIGHT = 640, 480
TILT, SCALES = 20, (0.6, 1.6)  # at most so many degrees; of CelebA's own size
FAR = 5  # pixels at 128: an eye so far from its place is misplaced


class Look(NamedTuple):
    """A face that was looked for.

    apart: pixels at 128 from the worse eye to its place, infinite where the face was not found. votes: of faces.Face.
    others: faces that were found beside it.
    """

    apart: float
    votes: float
    others: int


def pasted(picture: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A picture of CelebA (218, 178, 3) uint8 in a larger one (HEIGHT, WIDTH, 3), and its eyes (2, 2) there."""
    back = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8)).resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    height, width = picture.shape[:2]
    turn = rng.uniform(*SCALES) * np.exp(1j * np.radians(rng.uniform(-TILT, TILT)))
    linear = np.array([[turn.real, -turn.imag], [turn.imag, turn.real]])
    corners = linear @ np.array([(0, 0), (width, 0), (0, height), (width, height)]).T  # (2, 4)
    low, high = -corners.min(1), (WIDTH, HEIGHT) - corners.max(1)
    there = np.column_stack([linear, rng.uniform(low, high)])
    here = alignment.inverse(there)
    whole = alignment.sample(picture, here, WIDTH, HEIGHT)
    x, y = np.meshgrid(np.arange(WIDTH) + 0.5, np.arange(HEIGHT) + 0.5)
    place = alignment.apply(here, np.stack([x.ravel(), y.ravel()], 1)).reshape(HEIGHT, WIDTH, 2)
    inside = ((place >= 0) & (place <= (width, height))).all(2, keepdims=True)
    return np.where(inside, whole, np.asarray(back)), alignment.apply(there, EYES)


def looked(picture: np.ndarray, eyes: np.ndarray) -> Look:
    """What faces.find makes of a picture with one face, whose eyes are known."""
    found = faces.find(picture)
    if not found:
        return Look(np.inf, 0.0, 0)
    between = np.hypot(*(eyes[1] - eyes[0]))
    apart = [np.hypot(*(face.eyes - eyes).T).max() / between for face in found]
    nearest = int(np.argmin(apart))
    there = bool(apart[nearest] < 1)  # else it is something else
    return Look(
        apart[nearest] * AT_128 if there else np.inf, found[nearest].votes if there else 0.0, len(found) - there
    )


def told(looks: Sequence[Look]) -> dict[str, float | int | None]:
    """The numbers of a set of faces; distances in pixels at 128, of the worse eye."""
    apart = np.array([look.apart for look in looks])
    seen = np.isfinite(apart)
    warned = seen & np.array([look.votes < faces.HIDDEN for look in looks], bool)
    share = lambda which: round(float(np.mean(which)), 3) if len(looks) else None  # noqa: E731
    at = lambda percent: round(float(np.percentile(apart[seen], percent)), 2) if seen.any() else None  # noqa: E731
    return {
        "faces": len(looks),
        "found": share(seen),
        "something else found": share([look.others > 0 for look in looks]),
        "median": at(50),
        "95th percentile": at(95),
        "misplaced": share(seen & (apart > FAR)),
        "misplaced without a warning": share(seen & (apart > FAR) & ~warned),
        "warned though in place": share(warned & (apart <= FAR)),
    }


def looks(names: Sequence[str], opened: Callable[[str], np.ndarray], seed: int) -> Iterator[Look]:
    """Each named picture, looked at in a pose that its place and the seed draw."""
    for place, name in enumerate(tqdm(names, unit="face", mininterval=1.0)):
        yield looked(*pasted(opened(name), np.random.default_rng((seed, place))))


def main(_: list[str]) -> None:
    """Measures what the flags name."""
    given = flags.FLAGS
    errors.import_tensorflow()
    from tf_homo.data.sets import Source

    listing = Source("celeba_folder", data_path=given.data_path).listing()
    glasses = listing.labels[:, listing.attributes.index("Eyeglasses")] > 0.5
    places = np.flatnonzero(np.array(listing.splits) == given.split)
    if len(places) < given.faces:
        raise InputError(f"--faces={given.faces}: {given.split} has {len(places)} pictures; take at most so many")
    chosen = np.random.default_rng(given.seed).permutation(places)[: given.faces]
    opened = lambda name: np.asarray(listing.opened(name)[0][0])  # noqa: E731
    found = list(looks([listing.names[place] for place in chosen], opened, given.seed))
    parts = {"all": np.ones(len(chosen), bool), "without glasses": ~glasses[chosen], "with glasses": glasses[chosen]}
    of = {name: told([look for look, there in zip(found, part, strict=True) if there]) for name, part in parts.items()}
    print(json.dumps({"split": given.split, "seed": given.seed} | of, indent=1))


if __name__ == "__main__":
    flags.DEFINE_string("data_path", None, "the folder of CelebA, as for --dataset=celeba_folder", required=True)
    flags.DEFINE_integer("faces", 256, "how many", 1)
    flags.DEFINE_enum("split", "test", list(SPLITS), "of which part")
    flags.DEFINE_integer("seed", 0, "who is taken, and in which pose", 0, 2**31 - 1)
    errors.run(main)

"""Sends pairs of faces through systems and reads the attributes along every path; scores.py sums it up."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

import numpy as np

from tf_homo.data import drawing, drawn_faces
from tf_homo.errors import InputError
from tf_homo.metrics import images, response
from tf_homo.metrics.baselines import Pair, System, Truth, pair_of
from tf_homo.metrics.features import Features
from tf_homo.metrics.reader import Reader

SHOWN = 3  # pairs whose frames are kept for the report
EXCESS = 0.25  # how far past the target `beyond` looks


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is measured, and how finely: drawn faces of the test split of `seed`, or photos (seed None).

    Attributes:
      groups: attributes by group, those that the drawn set and the model share; branches: the model's, in its order.
      pairs, steps: numbers of pairs and of frames a path (odd, both ends included).
      white: number of pairs on white background; real: of faces that stand for the set of real ones. attributes: the
      columns of what is read.
    """

    groups: Mapping[str, Sequence[str]]
    branches: Sequence[str]
    size: int
    seed: int | None
    pairs: int
    steps: int
    white: int = 32
    real: int = 512
    attributes: Sequence[str] = drawing.ATTRIBUTES

    @property
    def columns(self) -> dict[str, list[int]]:
        return {name: [list(self.attributes).index(a) for a in members] for name, members in self.groups.items()}

    def of(self, group: str | None) -> list[int] | slice:
        """The columns of a group, None for all attributes."""
        return slice(None) if group is None else self.columns[group]

    def differs(self, source: np.ndarray, target: np.ndarray) -> dict[str | None, np.ndarray]:
        """By group, None for all attributes: whether strengths (P, K) of both ends differ clearly in it, bool (P,)."""
        apart = target - source
        names = (None, *self.groups)
        return {name: np.linalg.norm(apart[:, self.of(name)], axis=1) >= response.CLEAR for name in names}

    def strengths(self, names: Sequence[str | None]) -> np.ndarray:
        """Rows (1 + len(names) * (V - 1), C): the source, then for each name (None: all) the way up to 1, without 0."""
        way = np.linspace(0, 1, self.steps, dtype=np.float32)[1:, None]
        ends = [[name is None or name == branch for branch in self.branches] for name in names]
        rows = [way * np.array(end, np.float32) for end in ends]
        return np.concatenate([np.zeros((1, len(self.branches)), np.float32), *rows])


@dataclasses.dataclass
class Paths:
    """What came of one system.

    Attributes:
      reads, features: by group (None: all together) the strengths (n, V, 18) and features (n, V, D) read along the
      paths. pairs: by group the n pairs' places.
      first: the first frames of all pairs (P, S, S, 3); eyes (P,): whether just two are found in the middle.
      ghosting, white: by group, ghosting of each pair and the shifts on white background.
      shown: by group the frames of some of the first pairs, {place: (V, S, S, 3)}.
      further: by group the strengths (n, 18) read at strength 1 + EXCESS; both: for pairs that differ in two groups,
      what was read (4, 18) at the source, with one moved, with the other, with both.
      ends: features (P, 2, D) of the middle and the last frame of all together, for distances between sets.
      apart: by group the distances to the truth along the paths; still: those of the source image left alone; unmoved:
      those of the first frame left alone.
    """

    reads: dict = dataclasses.field(default_factory=dict)
    features: dict = dataclasses.field(default_factory=dict)
    pairs: dict = dataclasses.field(default_factory=dict)
    first: list = dataclasses.field(default_factory=list)
    ghosting: dict = dataclasses.field(default_factory=dict)
    eyes: list = dataclasses.field(default_factory=list)
    white: dict = dataclasses.field(default_factory=dict)
    shown: dict = dataclasses.field(default_factory=dict)
    further: dict = dataclasses.field(default_factory=dict)
    both: list = dataclasses.field(default_factory=list)
    ends: list = dataclasses.field(default_factory=list)
    apart: dict = dataclasses.field(default_factory=dict)
    still: dict = dataclasses.field(default_factory=dict)
    unmoved: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Faces:
    """The faces of a plan: pairs, pairs on white, strengths of both ends (P, K), true or, of photos, as read; features
    of other faces (R, D).

    `differs` tells by group (None: all attributes) whether a pair differs clearly in it, bool (P,), `white_differs` the
    same of the pairs on white. `truth` draws what lies between, for the first pairs; None of photos.
    """

    pairs: list[Pair]
    white: list[Pair]
    source: np.ndarray
    target: np.ndarray
    real: np.ndarray
    differs: dict[str | None, np.ndarray]
    white_differs: dict[str | None, np.ndarray]
    truth: Truth | None


def draw(plan: Plan, features: Features) -> Faces:
    """Pair i is test examples 2i and 2i + 1; then come the other faces; then those on white, as the split has them."""
    pairs = [pair_of(2 * i, 2 * i + 1, plan.size, plan.seed) for i in range(plan.pairs)]
    after = 2 * plan.pairs
    real = [drawn_faces.example(after + i, plan.size, plan.seed, "test").picture.image for i in range(plan.real)]
    white, index = [], after + plan.real
    while len(white) < 2 * plan.white:
        if _on_white(drawn_faces.face(index, plan.seed, "test")):
            white.append(index)
        index += 1
    on_white = [pair_of(a, b, plan.size, plan.seed) for a, b in zip(white[::2], white[1::2], strict=True)]
    source, target = _ends(pairs)
    return Faces(
        pairs,
        on_white,
        source,
        target,
        features(np.stack(real)),
        plan.differs(source, target),
        plan.differs(*_ends(on_white)),
        Truth(plan.groups, plan.branches),
    )


def _ends(pairs: Sequence[Pair]) -> tuple[np.ndarray, np.ndarray]:
    """The strengths of sources and targets, (P, K) each."""
    shape = (len(pairs), len(drawing.ATTRIBUTES))
    return tuple(np.reshape([pair.faces[end].strengths for pair in pairs], shape) for end in (0, 1))


def walk(
    system: System, plan: Plan, faces: Faces, reader: Reader, features: Features, progress: Callable[[int], object]
) -> Paths:
    """Every path of one system: all together for each pair, and each group alone where the pair differs clearly in it.

    `progress` is told how many frames were made, `frames_of` of them in all.

    Raises:
      InputError: the system paints numbers that are not finite.
    """
    paths, watcher = Paths(), ThreadPoolExecutor(1)  # looks for eyes while the next pair is painted
    for place, pair in enumerate(faces.pairs):
        names = _moved(system, plan, faces, place)
        two = _two(names, place)
        frames = _painted(system, pair, np.concatenate([plan.strengths(names), *_more(system, plan, names, two)]))
        strengths, inner = reader.read(frames)
        for name, further in zip(names, strengths[-len(names) :], strict=True) if system.extrapolates else ():
            paths.further.setdefault(name, []).append(further)
        if two:
            ends = [0, *((plan.steps - 1) * (1 + names.index(name)) for name in two)]
            paths.both.append(strengths[[*ends, len(plan.strengths(names))]])
        for i, name in enumerate(names):
            rows = _rows(plan, i)
            paths.pairs.setdefault(name, []).append(place)
            paths.reads.setdefault(name, []).append(strengths[rows])
            paths.features.setdefault(name, []).append(inner[rows])
            if faces.truth and name and place < faces.truth.alone:
                true = faces.truth.path(pair, plan.strengths([name])[1:])
                paths.apart.setdefault(name, []).append(images.truth_distance(frames[rows[1:]], true))
                paths.still.setdefault(name, []).append(images.truth_distance(pair.images[:1], true))
                paths.unmoved.setdefault(name, []).append(images.truth_distance(frames[:1], true))
            paths.ghosting.setdefault(name, []).append(images.ghosting(frames[rows]))
            if place < SHOWN:
                paths.shown.setdefault(name, {})[place] = frames[rows]
        paths.first.append(frames[0])
        paths.ends.append(features(frames[[plan.steps // 2, plan.steps - 1]]))
        wait(paths.eyes[-1:])
        paths.eyes.append(watcher.submit(images.eyes_found, frames[plan.steps // 2]))
        progress(len(frames))
    for place, pair in enumerate(faces.white):
        names = _moved_on_white(system, plan, faces, place)
        frames = _painted(system, pair, plan.strengths(names))
        for i, name in enumerate(names):
            path = frames[_rows(plan, i)]
            paths.white.setdefault(name, []).append(images.white_background_shift(path, pair.white))
        progress(len(frames))
    paths.eyes = [len(found.result()) == 2 for found in paths.eyes]
    for rows in (paths.reads, paths.features, paths.further):
        rows.update({name: np.stack(parts) for name, parts in rows.items()})
    return paths


def _moved(system: System, plan: Plan, faces: Faces, place: int) -> list[str | None]:
    """What a system moves of a pair: all, then each group alone that differs clearly, if it is asked to."""
    alone = system.alone is None or place < system.alone
    return [None] + [name for name in plan.groups if alone and faces.differs[name][place]]


def _moved_on_white(system: System, plan: Plan, faces: Faces, place: int) -> list[str | None]:
    """The same of a pair on white: groups alone only of systems that are asked for all of them."""
    return [None] + [name for name in plan.groups if system.alone is None and faces.white_differs[name][place]]


def _painted(system: System, pair: Pair, strengths: np.ndarray) -> np.ndarray:
    frames = system.path(pair, strengths)
    if not np.isfinite(frames).all():
        raise InputError(f"{system}: paints numbers that are not finite; export it from a checkpoint before they came")
    return frames


def _rows(plan: Plan, place: int) -> list[int]:
    """Of the frames of plan.strengths: those of one path, from the source on."""
    return [0, *range(1 + place * (plan.steps - 1), 1 + (place + 1) * (plan.steps - 1))]


def _two(names: Sequence[str | None], place: int) -> list[str]:
    """Two of the groups that a pair moves alone, others from pair to pair; none where there are fewer."""
    groups = list(names[1:])
    return [groups[(place + i) % len(groups)] for i in (0, 1)] if len(groups) > 1 else []


def _more(system: System, plan: Plan, names: Sequence[str | None], two: Sequence[str]) -> list[np.ndarray]:
    """Rows of strengths after the paths': two groups at 1; then, where it means something, each end exceeded."""
    ends = {name: plan.strengths([name])[-1:] for name in names}
    both = [ends[two[0]] + ends[two[1]]] if two else []
    return both + [(1 + EXCESS) * ends[name] for name in names if system.extrapolates]


def frames_of(system: System, plan: Plan, faces: Faces) -> int:
    """How many frames `walk` makes of a system."""
    counts = [len(_moved(system, plan, faces, place)) for place in range(plan.pairs)]
    on_white = [len(_moved_on_white(system, plan, faces, place)) for place in range(plan.white)]
    more = sum(count > 2 for count in counts) + (sum(counts) if system.extrapolates else 0)
    return (plan.steps - 1) * (sum(counts) + sum(on_white)) + plan.pairs + plan.white + more


def _on_white(face: drawing.Face) -> bool:
    """Whether the upper corners of a small painting are pure white; hair and clothes do not reach them."""
    return bool((drawing.render(face, 16).image[0, [0, -1]] == 255).all())

"""Sends pairs of drawn faces through systems, reads the attributes along every path, and sums up."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tf_homo.data import drawing, drawn_faces
from tf_homo.metrics import images, response
from tf_homo.metrics.baselines import Pair, System, Truth, pair_of
from tf_homo.metrics.features import Features
from tf_homo.metrics.reader import Reader

RESPONSE = (
    "linearity_error",
    "linearity_error_max",
    "monotonic_rate",
    "endpoint_gap",
    "leakage",
    "jump",
    "ppl",
    "smoothness",
    "efficiency",
    "equality",
    "beyond",
    "additivity",
    "truth_distance",
    "still_distance",
)
IMAGES = (
    "psnr",
    "ssim",
    "reading_error",
    "frechet",
    "midpoint_frechet",
    "kernel",
    "midpoint_kernel",
    "ghosting",
    "two_eyes",
    "white_background_shift",
    "cost",
)
KEYS = (*RESPONSE, *IMAGES)
#: What says something of a path that stands still, too; `additivity` sees to that itself.
STILL = ("endpoint_gap", "additivity", "truth_distance", "still_distance")
FEWEST = 8  # pairs or faces below which a Fréchet distance would be no number to show
SHOWN = 3  # pairs whose frames are kept for the report

_EVERYTHING = "all groups move, as they should"
_TOGETHER = "it moves all groups at once, none alone"
_WHOLE = "measured on the path of all together"
_EXACT = "its first frame is the source image itself"
_STOPS = "it ends at the target"
EXCESS = 0.25  # how far past the target `beyond` looks
_NO_TRUTH = "the drawn truth moves attributes, not what no label names"
_NO_TRUE_PICTURES = "it moves all groups at once; the truth is drawn for one group alone"

Row = dict[str, dict | None]


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

    def differs(self, source: np.ndarray, target: np.ndarray) -> dict[str | None, np.ndarray]:
        """By group, None for all attributes: whether strengths (P, K) of both ends differ clearly in it, bool (P,)."""
        of_all = {None: slice(None), **self.columns}
        apart = target - source
        return {name: np.linalg.norm(apart[:, of], axis=1) >= response.CLEAR for name, of in of_all.items()}

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
      first: the first frames of all pairs (P, S, S, 3); ghosting (P,); eyes (P,): whether just two are
      found in the middle; white: shifts on white background.
      shown: by group the frames of some of the first pairs, {place: (V, S, S, 3)}.
      further: by group the strengths (n, 18) read at strength 1 + EXCESS; both: for pairs that differ in two groups,
      what was read (4, 18) at the source, with one moved, with the other, with both.
      ends: features (P, 2, D) of the middle and the last frame of all together, for distances between sets.
      apart: by group the distances to the truth along the paths; still: those of the source image left alone.
    """

    reads: dict = dataclasses.field(default_factory=dict)
    features: dict = dataclasses.field(default_factory=dict)
    pairs: dict = dataclasses.field(default_factory=dict)
    first: list = dataclasses.field(default_factory=list)
    ghosting: list = dataclasses.field(default_factory=list)
    eyes: list = dataclasses.field(default_factory=list)
    white: list = dataclasses.field(default_factory=list)
    shown: dict = dataclasses.field(default_factory=dict)
    further: dict = dataclasses.field(default_factory=dict)
    both: list = dataclasses.field(default_factory=list)
    ends: list = dataclasses.field(default_factory=list)
    apart: dict = dataclasses.field(default_factory=dict)
    still: dict = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Faces:
    """The faces of a plan: pairs, pairs on white, strengths of both ends (P, K), true or, of photos, as read; features
    of other faces (R, D).

    `differs` tells by group (None: all attributes) whether a pair differs clearly in it, bool (P,). `true` holds the
    true frames without the source, uint8 (V - 1, S, S, 3), by (place, group), for the first pairs.
    """

    pairs: list[Pair]
    white: list[Pair]
    source: np.ndarray
    target: np.ndarray
    real: np.ndarray
    differs: dict[str | None, np.ndarray]
    true: dict[tuple[int, str], np.ndarray]


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
    source, target = (np.stack([pair.faces[end].strengths for pair in pairs]) for end in (0, 1))
    differs = plan.differs(source, target)
    truth, true = Truth(plan.groups, plan.branches), {}
    for place, pair in enumerate(pairs[: Truth.alone]):
        for name in plan.groups:
            if differs[name][place]:
                true[place, name] = np.rint(255 * truth.path(pair, plan.strengths([name])[1:])).astype(np.uint8)
    return Faces(
        pairs,
        [pair_of(a, b, plan.size, plan.seed) for a, b in zip(white[::2], white[1::2], strict=True)],
        source,
        target,
        features(np.stack(real)),
        differs,
        true,
    )


def walk(
    system: System, plan: Plan, faces: Faces, reader: Reader, features: Features, progress: Callable[[int], object]
) -> Paths:
    """Every path of one system: all together for each pair, and each group alone where the pair differs clearly in it.

    `progress` is told how many frames were made, `frames_of` of them in all.
    """
    paths = Paths()
    alone = len(faces.pairs) if system.alone is None else system.alone
    for place, pair in enumerate(faces.pairs):
        names = [None] + [name for name in plan.groups if place < alone and faces.differs[name][place]]
        two = _two(names, place)
        frames = system.path(pair, np.concatenate([plan.strengths(names), *_more(system, plan, names, two)]))
        strengths, inner = reader.read(frames)
        for name, further in zip(names, strengths[-len(names) :], strict=True) if system.extrapolates else ():
            paths.further.setdefault(name, []).append(further)
        if two:
            ends = [0, *((plan.steps - 1) * (1 + names.index(name)) for name in two)]
            paths.both.append(strengths[[*ends, len(plan.strengths(names))]])
        for i, name in enumerate(names):
            rows = [0, *range(1 + i * (plan.steps - 1), 1 + (i + 1) * (plan.steps - 1))]
            paths.pairs.setdefault(name, []).append(place)
            paths.reads.setdefault(name, []).append(strengths[rows])
            paths.features.setdefault(name, []).append(inner[rows])
            if (place, name) in faces.true:
                true = faces.true[place, name] / 255.0
                paths.apart.setdefault(name, []).append(images.truth_distance(frames[rows[1:]], true))
                paths.still.setdefault(name, []).append(images.truth_distance(pair.images[:1], true))
            if place < SHOWN:
                paths.shown.setdefault(name, {})[place] = frames[rows]
        paths.first.append(frames[0])
        paths.ends.append(features(frames[[plan.steps // 2, plan.steps - 1]]))
        paths.ghosting.append(images.ghosting(frames[: plan.steps]))
        paths.eyes.append(images.eyes_found(frames[plan.steps // 2]) == 2)
        progress(len(frames))
    for pair in faces.white:
        frames = system.path(pair, plan.strengths([None]))
        paths.white.append(images.white_background_shift(frames, pair.white))
        progress(len(frames))
    for rows in (paths.reads, paths.features, paths.further):
        rows.update({name: np.stack(parts) for name, parts in rows.items()})
    return paths


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
    counts = sum(faces.differs[name][: system.alone].astype(int) for name in plan.groups)  # of groups, by pair
    alone, two = int(counts.sum()), int((counts > 1).sum())
    more = two + (alone + plan.pairs if system.extrapolates else 0)
    return (plan.steps - 1) * (alone + plan.pairs + plan.white) + plan.pairs + plan.white + more


def curve(system: System, paths: Paths, plan: Plan, faces: Faces, group: str | None) -> np.ndarray:
    """Responses y (n, V) of a group (None: all attributes) over the pairs that differ clearly in it; n may be 0.

    Where the system moves a group alone, on that group's own paths, else on the paths of all together.
    """
    reads, places, _ = _of(system, paths, faces, group)
    columns = slice(None) if group is None else plan.columns[group]
    return response.response(reads[..., columns], faces.source[places][:, columns], faces.target[places][:, columns])


def score(system: System, paths: Paths, plan: Plan, faces: Faces, network: str) -> dict:
    """A system's entry of evaluation.json: {"all": {key: value}, "groups": {group: {key: value}}, "notes": {key: why
    it is null}}. `network` names what the features are of.
    """
    notes = {"all.leakage": _EVERYTHING, **{f"groups.{key}": _WHOLE for key in IMAGES}}
    notes["all.cost"] = "only trained models are timed, beside each other"
    notes["groups.additivity"] = "it is measured on pairs of groups, under all"
    if not system.extrapolates:
        notes |= {f"{scope}.beyond": _STOPS for scope in ("all", "groups")}
    notes |= {f"all.{key}": _NO_TRUTH for key in ("truth_distance", "still_distance")}
    if system.alone == 0:
        notes |= {f"groups.{key}": _NO_TRUE_PICTURES for key in ("truth_distance", "still_distance")}
    groups = {}
    for name in plan.groups:
        row = groups[name] = dict.fromkeys(KEYS)
        reads, places, features = _of(system, paths, faces, name)
        if not len(places):
            notes[f"groups.{name}"] = f"no pair differs by {response.CLEAR} in it; take more pairs"
            continue
        y = curve(system, paths, plan, faces, name)
        row |= _answers(y, features)
        row["beyond"] = _beyond(paths, plan, faces, name, y)
        if system.alone != 0 and len(plan.groups) > 1:
            ends = faces.source[places], faces.target[places]
            row["leakage"] = value(response.leakage(reads, *ends, plan.columns, name))
        for key, distances in (("truth_distance", paths.apart), ("still_distance", paths.still)):
            if name in distances:
                row[key] = value(distances[name])
            else:
                notes.setdefault(f"groups.{name}.{key}", "none of the first pairs differs clearly in it")
        _leave_out_stillness(y, row, f"groups.{name}", notes)
    if system.alone == 0:
        notes |= {"groups": f"read from the path of all together: {_TOGETHER}", "groups.leakage": _TOGETHER}
    elif len(plan.groups) < 2:
        notes["groups.leakage"] = "there is no other group"
    y = curve(system, paths, plan, faces, None)
    whole = dict.fromkeys(KEYS) | _answers(y, _of(system, paths, faces, None)[2])
    whole["beyond"] = _beyond(paths, plan, faces, None, y)
    if paths.both:
        whole["additivity"] = value(response.additivity(*np.stack(paths.both).transpose(1, 0, 2)))
        if whole["additivity"] is None:
            notes["all.additivity"] = f"in every pair the two groups move by less than {response.FLOOR}"
    else:
        notes["all.additivity"] = _TOGETHER if system.alone == 0 else "no pair differs in two groups"
    _leave_out_stillness(y, whole, "all", notes)
    whole |= _pictures(system, paths, faces, network, notes)
    return {"all": whole, "groups": groups, "notes": notes}


def _beyond(paths: Paths, plan: Plan, faces: Faces, group: str | None, y: np.ndarray) -> dict | None:
    if group not in paths.further or not len(y):
        return None
    places = np.array(paths.pairs[group])
    clear = faces.differs[group][places]
    columns = slice(None) if group is None else plan.columns[group]
    ends = faces.source[places[clear]][:, columns], faces.target[places[clear]][:, columns]
    further = response.response(paths.further[group][clear][:, None, columns], *ends)[:, 0]
    return value(response.beyond(y, further, EXCESS))


def _of(system: System, paths: Paths, faces: Faces, group: str | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What was read for a group: strengths (n, V, 18), the pairs' places (n,), features (n, V, D)."""
    path = group if system.alone != 0 else None
    reads, features = (kept.get(path, kept[None][:0]) for kept in (paths.reads, paths.features))
    places = np.array(paths.pairs.get(path, []), int)
    clear = faces.differs[group][places]
    return reads[clear], places[clear], features[clear]


def _answers(y: np.ndarray, features: np.ndarray) -> Row:
    if not len(y):
        return {}
    mean, largest = response.linearity(y)
    answers = {
        "linearity_error": mean,
        "linearity_error_max": largest,
        "monotonic_rate": response.monotonic_rate(y),
        "endpoint_gap": response.endpoint_gap(y),
        "jump": response.jump(y),
        "ppl": response.ppl(features),
        **dict(zip(("smoothness", "efficiency", "equality"), response.smoothness(features), strict=True)),
    }
    return {key: value(values) for key, values in answers.items()}


def _leave_out_stillness(y: np.ndarray, row: Row, scope: str, notes: dict[str, str]) -> None:
    """A path that stands still is straight, short and leaks nothing: no praise, so where most do, no number."""
    if len(y) and np.median(np.abs(y[:, -1] - y[:, 0])) < response.FLOOR:
        for key in set(RESPONSE) - set(STILL):
            row[key] = None
            notes.setdefault(f"{scope}.{key}", f"most pairs move by less than {response.FLOOR} of the way")


def _pictures(system: System, paths: Paths, faces: Faces, network: str, notes: dict[str, str]) -> Row:
    source, first = np.stack([pair.images[0] for pair in faces.pairs]), np.stack(paths.first)
    row: Row = {"ssim": value(images.ssim(first, source))}
    row |= {"ghosting": value(paths.ghosting), "two_eyes": value(paths.eyes)}
    if system.exact_source:
        notes["all.psnr"] = _EXACT
    else:
        row["psnr"] = value(images.psnr(first, source))
    row["reading_error"] = value(np.abs(np.clip(paths.reads[None][:, 0], 0, 1) - faces.source).mean(1))
    if paths.white:
        row["white_background_shift"] = value(paths.white)
    else:
        notes["all.white_background_shift"] = "no pair on white background was asked for"
    ends = np.stack(paths.ends)
    for prefix, place in (("midpoint_", 0), ("", 1)):
        distances = set_distances(ends[:, place], faces.real, network)
        if not distances:
            notes |= {f"all.{prefix}{key}": f"fewer than {FEWEST} pairs" for key in ("frechet", "kernel")}
        row |= {prefix + key: distance for key, distance in distances.items()}
    return row


def set_distances(features: np.ndarray, real: np.ndarray, network: str) -> Row:
    """Fréchet and kernel distance of features (n, D) to those of real faces (m, D); {} where either are too few."""
    if min(len(features), len(real)) < FEWEST:
        return {}
    kinds = {"frechet": images.frechet, "kernel": images.kernel}
    return {
        key: {"value": kind(features, real), "n": len(features), "features": network} for key, kind in kinds.items()
    }


def _on_white(face: drawing.Face) -> bool:
    """Whether the upper corners of a small painting are pure white; hair and clothes do not reach them."""
    return bool((drawing.render(face, 16).image[0, [0, -1]] == 255).all())


def value(values) -> dict | None:
    """{"value": mean, "n": of how many}, of those that are finite; None where none is."""
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]  # a path that stands still has no smoothness
    return None if not len(values) else {"value": float(values.mean()), "n": len(values)}

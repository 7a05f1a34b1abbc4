"""Sums up what was read along the paths of one system: its entry of evaluation.json."""

import numpy as np

from tf_homo.metrics import images, response
from tf_homo.metrics.baselines import System
from tf_homo.metrics.measure import EXCESS, Faces, Paths, Plan

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
    "unmoved_distance",
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
LONE = ("ghosting", "white_background_shift")  # of the pictures, what is also measured of one group alone
DISTANCES = ("truth_distance", "still_distance", "unmoved_distance")
#: What says something of a path that stands still, too; `additivity` sees to that itself.
STILL = ("endpoint_gap", "additivity", *DISTANCES)
FEWEST = 8  # pairs or faces below which a kernel distance would be no number to show

_EVERYTHING = "all groups move, as they should"
_TOGETHER = "it moves all groups at once, none alone"
_WHOLE = "measured on the path of all together"
_EXACT = "its first frame is the source image itself"
_STOPS = "it ends at the target"
_NO_TRUTH = "the drawn truth moves attributes, not what no label names"
_NO_DRAWING = "nobody drew what lies between these photos"
_ON_WHITE = "no pair on white background that it was asked for differs clearly in it"
_NO_EDGES = "its ends have no edges"

Row = dict[str, dict | None]


def curve(system: System, paths: Paths, plan: Plan, faces: Faces, group: str | None) -> np.ndarray:
    """Responses y (n, V) of a group (None: all attributes) over the pairs that differ clearly in it; n may be 0.

    Where the system moves a group alone, on that group's own paths, else on the paths of all together.
    """
    reads, places, _ = _of(system, paths, faces, group)
    columns = plan.of(group)
    return response.response(reads[..., columns], faces.source[places][:, columns], faces.target[places][:, columns])


def score(system: System, paths: Paths, plan: Plan, faces: Faces, network: str) -> dict:
    """A system's entry of evaluation.json: {"all": {key: value}, "groups": {group: {key: value}}, "notes": {key: why
    it is null}}. `network` names what the features are of.
    """
    notes = {"all.leakage": _EVERYTHING, **{f"groups.{key}": _WHOLE for key in IMAGES if key not in LONE}}
    notes["all.cost"] = "only trained models are timed, beside each other"
    notes["groups.additivity"] = "it is measured on pairs of groups, under all"
    if not system.extrapolates:
        notes |= {f"{scope}.beyond": _STOPS for scope in ("all", "groups")}
    notes |= {f"all.{key}": _NO_TRUTH for key in DISTANCES}
    if not faces.truth:
        notes |= {f"groups.{key}": _NO_DRAWING for key in DISTANCES}
    if system.alone == 0:
        notes |= {f"groups.{key}": _TOGETHER for key in (*DISTANCES, *LONE)}
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
        if system.alone != 0:
            row |= _of_one(paths, faces, name, notes)
            if len(plan.groups) > 1:
                ends = faces.source[places], faces.target[places]
                row["leakage"] = value(response.leakage(reads, *ends, plan.columns, name))
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
            notes["all.additivity"] = f"in no pair do both groups move by {response.FLOOR}"
    else:
        notes["all.additivity"] = _TOGETHER if system.alone == 0 else "no pair differs in two groups"
    _leave_out_stillness(y, whole, "all", notes)
    whole |= _pictures(paths, faces, network, notes)
    return {"all": whole, "groups": groups, "notes": notes}


def _beyond(paths: Paths, plan: Plan, faces: Faces, group: str | None, y: np.ndarray) -> dict | None:
    if group not in paths.further or not len(y):
        return None
    places = np.array(paths.pairs[group])
    clear = faces.differs[group][places]
    columns = plan.of(group)
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


def _pictures(paths: Paths, faces: Faces, network: str, notes: dict[str, str]) -> Row:
    source, first = np.stack([pair.images[0] for pair in faces.pairs]), np.stack(paths.first)
    row: Row = {"ssim": value(images.ssim(first, source))}
    row |= {"ghosting": value(paths.ghosting[None]), "two_eyes": value(paths.eyes)}
    if row["ghosting"] is None:
        notes["all.ghosting"] = _NO_EDGES
    if np.abs(first - source).max() < 0.5 / 255:
        notes["all.psnr"] = _EXACT
    else:
        row["psnr"] = value(images.psnr(first, source))
    row["reading_error"] = value(np.abs(np.clip(paths.reads[None][:, 0], 0, 1) - faces.source).mean(1))
    if paths.white:
        row["white_background_shift"] = value(paths.white[None])
    else:
        notes["all.white_background_shift"] = "no pair on white background was asked for"
    ends = np.stack(paths.ends)
    for prefix, place in (("midpoint_", 0), ("", 1)):
        for key, distance in set_distances(ends[:, place], faces.real, network).items():
            row[prefix + key] = distance
            if distance is None:
                notes[f"all.{prefix}{key}"] = f"too few pairs or other faces: {fewest(key, ends.shape[-1])} are needed"
    return row


def _of_one(paths: Paths, faces: Faces, name: str, notes: dict[str, str]) -> Row:
    """What is measured on the pictures of one group alone."""
    row = {"ghosting": value(paths.ghosting[name]), "white_background_shift": value(paths.white.get(name, []))}
    for key, of in zip(DISTANCES, (paths.apart, paths.still, paths.unmoved), strict=True):
        row[key] = value(of.get(name, []))
    reasons = {"ghosting": _NO_EDGES, "white_background_shift": _ON_WHITE}
    for key, entry in row.items():
        if entry is None:
            why = reasons.get(key, "none of the first pairs differs clearly in it" if faces.truth else _NO_DRAWING)
            notes.setdefault(f"groups.{name}.{key}", why)
    return row


def set_distances(features: np.ndarray, real: np.ndarray, network: str) -> Row:
    """Fréchet and kernel distance of features (n, D) to those of real faces (m, D); None where either are too few."""
    kinds = {"frechet": images.frechet, "kernel": images.kernel}
    enough = {key: min(len(features), len(real)) >= fewest(key, features.shape[-1]) for key in kinds}
    return {
        key: {"value": kind(features, real), "n": len(features), "features": network} if enough[key] else None
        for key, kind in kinds.items()
    }


def fewest(key: str, size: int) -> int:
    """How many of either set a distance needs in features (n, size): a covariance has no more rank than members."""
    return size + 1 if key == "frechet" else FEWEST


def value(values) -> dict | None:
    """{"value": mean, "n": of how many}, of those that are finite; None where none is."""
    values = np.asarray(values, np.float64)
    values = values[np.isfinite(values)]  # a path that stands still has no smoothness
    return None if not len(values) else {"value": float(values.mean()), "n": len(values)}

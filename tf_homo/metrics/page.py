"""What an evaluation shows: a table for the terminal, and one HTML page with its pictures inside."""

import itertools
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from tf_homo import report
from tf_homo.errors import require_for_reports
from tf_homo.metrics.baselines import Truth
from tf_homo.metrics.measure import Faces, Paths, Plan
from tf_homo.metrics.scores import KEYS, LONE, RESPONSE

TEMPLATE = Path(__file__).with_suffix(".html")
_FEATURES = "in the features of {network}; not comparable with published"
#: What each number says, in the features of which network, and which is better: the least, the most, nearest to one.
MEANING = {
    "linearity_error": ("mean distance of the response from a straight line, as a share of the way", "least"),
    "linearity_error_max": ("largest such distance", "least"),
    "monotonic_rate": ("share of steps that go towards the target", "most"),
    "endpoint_gap": ("how far the end stays from the target's own value, as a share of the way", "least"),
    "leakage": ("how far each other group moves along, as a share of the movement of the one that should", "least"),
    "jump": ("largest step over mean step; 1 is an even pace", "least"),
    "ppl": ("path length in the reader's features, squared steps", "least"),
    "smoothness": ("efficiency times equality: |last - first| over the root of ppl; 1 is straight and even", "most"),
    "efficiency": ("straight distance over the length of the path, in the reader's features", "most"),
    "equality": ("mean step over root mean square step, in the reader's features", "most"),
    "beyond": ("pace from 1 to 1.25 against that up to 1; 1 goes on evenly, 0 stands still", ""),
    "additivity": ("two groups at once against the sum of each alone, as a share of the movement", "least"),
    "truth_distance": ("from the frames to the drawn in-between faces, RMS in 1/255", "least"),
    "still_distance": ("the same for the source image left as it is: what truth_distance has to beat", ""),
    "unmoved_distance": ("the same for the first frame left as it is: what decoding alone costs, and no movement", ""),
    "psnr": ("first frame against the source image, dB", "most"),
    "ssim": ("first frame against the source image", "most"),
    "reading_error": ("attributes read from the first frame against the true ones, mean of all", "least"),
    "kernel": (f"kernel distance of last frames to other faces, {_FEATURES} KID", "least"),
    "midpoint_kernel": (f"kernel distance of middle frames to other faces, {_FEATURES} KID", "least"),
    "frechet": (f"last frames against other faces, {_FEATURES} FID; real against real is the floor", "least"),
    "midpoint_frechet": (f"middle frames against other faces, {_FEATURES} FID", "least"),
    "ghosting": (
        "edge energy of the middle frame over that of the ends; 1 is as crisp, 0.5 a double exposure; above 1: "
        "patterns or noise; below: blur",
        "one",
    ),
    "two_eyes": ("share of middle frames where OpenCV's cascade finds just two eyes; the truth's is the mark", "most"),
    "white_background_shift": ("change of white background along the path, in 1/255", "least"),
    "cost": ("time of a path as a ratio to tf_homo's, on this machine", "least"),
}
ARROWS = {"least": "\N{DOWNWARDS ARROW}", "most": "\N{UPWARDS ARROW}", "one": "\N{RIGHTWARDS ARROW} 1", "": ""}
SYSTEMS = {
    "tf_homo": "the model that is measured: its encoder, branches and decoder",
    "latent_lerp": "its encoder and decoder, and a straight line between the two latents",
    "latent_slerp": "the same with an arc in place of the line",
    "pixel_blend": "a cross-fade of the two pictures",
    "landmark_warp": "a cross-fade of the two pictures, bent until their landmarks meet: what morphing tools do",
    "truth_lerp": "an oracle: the straight line to the latent of the drawn face that has what is moved from the target",
    "truth": "the source's face itself, drawn with strengths on the way: a perfect morph, as the reader sees it",
}
ORACLES = ("truth_lerp", "truth")  # they know the drawn faces
SETS = ("frechet", "midpoint_frechet", "kernel", "midpoint_kernel")
PAGE_ONLY = ("linearity_error_max", "jump", "ppl", "efficiency", "equality", "kernel", "midpoint_kernel")
GROUPS_ONLY = ("monotonic_rate", "beyond")
#: A mean, None where nothing has a value; and where it is another mean than others', how: over what share of the
#: groups, " (3/9)", or " *", read while everything moves.
Mean = tuple[float | None, str]
COLOURS = {
    "tf_homo": "#0072b2", "latent_lerp": "#e69f00", "latent_slerp": "#d55e00", "pixel_blend": "#8c8c8c",
    "landmark_warp": "#cc79a7", "truth": "#009e73", "truth_lerp": "#56b4e9",
}  # fmt: skip
MORE = ("#7a5195", "#8c564b", "#b5a400", "#17807a")  # of other systems


def require() -> None:
    """InputError where what the page is made with is not installed."""
    require_for_reports("--report: report.html", "jinja2", "matplotlib", otherwise=", or give --noreport")


def rows(result: Mapping) -> list[tuple[str, str, dict[str, Mean]]]:
    """The table of systems: key, scope ("groups", their mean, or "all"), mean by system; no empty lines."""
    systems = result["systems"]
    lines = []
    for key in KEYS:
        if key in (*RESPONSE, *LONE):
            lines.append((key, "groups", {name: _of_groups(of, key) for name, of in systems.items()}))
        lines.append((key, "all", {name: mean([of["all"]], key) for name, of in systems.items()}))
    return [line for line in lines if any(value is not None for value, _ in line[2].values())]


def _of_groups(entry: Mapping, key: str) -> Mean:
    value, share = mean(entry["groups"].values(), key)
    return value, share + " *" * (value is not None and "groups" in entry["notes"])


def network_of(result: Mapping) -> str | None:
    """The network whose features the distances between sets are in; None where there are no such distances."""
    tables = [of["all"] for of in result["systems"].values()]
    return next((row[key]["features"] for row in tables for key in SETS if row[key]), None)


def text(result: Mapping) -> str:
    """The table of systems for a terminal, without what only the page has room for."""
    names, network = list(result["systems"]), network_of(result)
    lines = [
        (_label(key, network), scope, values)
        for key, scope, values in rows(result)
        if key not in PAGE_ONLY and not (key in GROUPS_ONLY and scope == "all")
    ]
    told = [("", "", dict(zip(names, names, strict=True)))]
    told += [(label, scope, {name: _number(*values[name]) for name in names}) for label, scope, values in lines]
    first, second, *others = (
        max(map(len, column)) for column in zip(*((a, b, *row.values()) for a, b, row in told), strict=True)
    )
    table = [
        f"{label:{first}} {scope:{second}}"
        + "".join(f"{cell:>{max(width, 8) + 2}}" for cell, width in zip(row.values(), others, strict=True))
        for label, scope, row in told
    ]
    data, reader, count = result["data"], result["reader"], len(result["data"]["groups"])
    if network:
        floor = ", ".join(f"{key} {entry['value']:.3f}" for key, entry in data["real_against_real"].items() if entry)
        table.append(f"In the features of {network}, not comparable with published FID or KID; real faces: {floor}.")
    table += [
        f"{data['pairs']} pairs of {data['dataset']} at {data['image_size']} pixels, {data['steps']} frames a path.",
        f"groups: mean over {count}, each moved alone; *: while all move together; (k/{count}): k have a value.",
        *_first_pairs(result),
        f"Attributes read by {reader['name']}, whose own error here is {reader['error_here']:.3f}.",
    ]
    if "accuracy_here" in reader:
        shares = [f"{name} {share:.2f}" for name, share in reader["accuracy_here"].items()]
        table.append(f"It says yes or no rightly: {', '.join(shares)}.")
    return "\n".join(table)


def _first_pairs(result: Mapping) -> list[str]:
    """A line that says what was measured on the first pairs only."""
    few = Truth.alone < result["data"]["pairs"] and "truth" in result["systems"]
    return [f"Groups of truth and truth_lerp, and distances to the truth: the first {Truth.alone} pairs."] * few


def _why(entry: Mapping, key: str, scope: str) -> str:
    """Why a system has no value there."""
    return entry["notes"].get(f"{scope}.{key}") or entry["notes"].get(scope, "")


def html(
    result: Mapping,
    plan: Plan,
    faces: Faces,
    paths: Mapping[str, Paths],
    curves: Mapping[str, Mapping[str | None, np.ndarray]],
) -> str:
    """The page. `curves[system][group]` are responses (n, V), group None all attributes."""
    import jinja2

    systems, ours, network = result["systems"], next(iter(result["systems"])), network_of(result)
    lines = [
        {"key": _label(key, network), "better": ARROWS[MEANING[key][1]], "scope": scope,
         "cells": zip(cells(values, MEANING[key][1]), [_why(of, key, scope) for of in systems.values()], strict=True)}
        for key, scope, values in rows(result)
    ]  # fmt: skip
    meanings = [(key, MEANING[key][0].format(network=network)) for key in KEYS if network or key not in SETS]
    groups = [
        {"name": name, "members": ", ".join(plan.groups[name]), "n": (row["endpoint_gap"] or {"n": 0})["n"],
         "cells": [_number(*mean([row], key)) for key in (*RESPONSE, *LONE)]}
        for name, row in systems[ours]["groups"].items()
    ]  # fmt: skip
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(TEMPLATE.read_text("utf-8")).render(
        result=result, names=list(systems), lines=lines, groups=groups, keys=(*RESPONSE, *LONE), ours=ours,
        about=[(name, SYSTEMS.get(name, "another model, given by --system")) for name in systems],
        network=network, first_pairs=_first_pairs(result), meanings=meanings,
        remarks=[
            (name, scope.removesuffix(".attributes"), why)
            for name, of in systems.items()
            for scope, why in of["notes"].items()
            if scope == "all" or scope.endswith(".attributes")
        ],
        curves=report.embedded(curves_picture(plan, curves)),
        arrivals=report.embedded(arrivals_picture(plan, curves[ours])),
        strips=[
            (place + 1, report.embedded(systems_strip(plan, faces, paths, place)),
             report.embedded(groups_strip(plan, faces, paths[ours], place, paths.get("truth"))))
            for place in paths[ours].shown[None]
        ],
    )  # fmt: skip


def curves_picture(plan: Plan, curves: Mapping[str, Mapping[str | None, np.ndarray]]) -> np.ndarray:
    """Mean response of every system, a panel for each group; of the first system also where the middle 80% of pairs
    lie.
    """
    figure, panels = _panels(1 + len(plan.groups))
    colours = dict(zip([name for name in curves if name not in COLOURS], itertools.cycle(MORE), strict=False)) | COLOURS
    way = np.linspace(0, 1, plan.steps)
    for axes, group in zip(panels, (None, *plan.groups), strict=False):
        axes.plot([0, 1], [0, 1], color="#bbbbbb", linestyle=":", linewidth=1.5, label="even pace")
        for place, (name, by_group) in enumerate(curves.items()):
            y = by_group[group]
            if not len(y):
                continue
            style = {"linewidth": 2.4, "zorder": 3} if place == 0 else {"linewidth": 1.3}
            if name == "truth":
                style["linestyle"] = "--"
            axes.plot(way, y.mean(0), color=colours[name], label=name, **style)
            if place == 0:
                axes.fill_between(
                    way, *np.quantile(y, (0.1, 0.9), axis=0), color=colours[name], alpha=0.15, linewidth=0
                )
        axes.set_title(group or "all together", fontsize=10)
        axes.set_ylim(-0.35, 1.35)
    figure.supxlabel("strength v", fontsize=10)
    figure.supylabel("share of the way y(v), as read", fontsize=10)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=7, fontsize=9, frameon=False
    )
    return report.plotted(figure)


def arrivals_picture(plan: Plan, curves: Mapping[str | None, np.ndarray]) -> np.ndarray:
    """Histograms of y(1): how far each pair gets in each group, 1 the target's own value."""
    figure, panels = _panels(1 + len(plan.groups), height=1.7)
    for axes, group in zip(panels, (None, *plan.groups), strict=False):
        axes.hist(np.clip(curves[group][:, -1], -0.5, 1.75), bins=np.linspace(-0.5, 1.75, 28), color=COLOURS["tf_homo"])
        axes.axvline(1, color="#333333", linewidth=1)
        axes.set_title(f"{group or 'all together'} (n = {len(curves[group])})", fontsize=10)
        axes.set_yticks([])
    figure.supxlabel("y(1), 1 is the target's own value", fontsize=10)
    return report.plotted(figure)


def systems_strip(plan: Plan, faces: Faces, paths: Mapping[str, Paths], place: int) -> np.ndarray:
    """One pair through every system, all together."""
    return _strip(plan, faces, place, {name: of.shown[None][place] for name, of in paths.items()})


def groups_strip(plan: Plan, faces: Faces, paths: Paths, place: int, truth: Paths | None = None) -> np.ndarray:
    """One pair through one system, each group that differs moved alone, then all together; below each, the truth."""
    frames = {}
    for group in (*plan.groups, None):
        for of, what in ((paths, ""), (truth, ", drawn")):
            if of and place in of.shown.get(group, ()):
                frames[(group or "all together") + what] = of.shown[group][place]
    return _strip(plan, faces, place, frames)


def _strip(plan: Plan, faces: Faces, place: int, frames: Mapping[str, np.ndarray]) -> np.ndarray:
    source, target = faces.pairs[place].images
    labels = ["source", *(f"{v:.3g}" for v in np.linspace(0, 1, plan.steps)), "target"]
    cells = [[source, *row, target] for row in frames.values()]
    return report.grid(cells, list(frames), labels, blocks=(1, plan.steps, 1), cell=64)


def _panels(count: int, height: float = 2.3):
    from matplotlib.figure import Figure

    columns = min(5, count)
    lines = -(-count // columns)
    figure = Figure(figsize=(12.5, height * lines + 0.9), dpi=110, layout="constrained")
    panels = figure.subplots(lines, columns, sharex=True, sharey=height > 2, squeeze=False).ravel()
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=8)
    for axes in panels[count:]:
        axes.set_visible(False)
    return figure, panels


def cells(means: Mapping[str, Mean], better: str) -> list[tuple[str, bool]]:
    """Texts, and which is the best, where one is `better`; neither an oracle nor a mean of another kind is."""
    badness = {"least": lambda x: x, "most": lambda x: -x, "one": lambda x: abs(x - 1)}.get(better)
    known = {name: x for name, (x, share) in means.items() if x is not None and not share and name not in ORACLES}
    best = min(map(badness, known.values())) if badness and len(known) > 1 else None
    return [
        (_number(*mean), best is not None and name in known and badness(known[name]) == best)
        for name, mean in means.items()
    ]


def mean(table: Collection[Mapping], key: str) -> Mean:
    """Of one key over rows of a result, those that have it."""
    values = [row[key]["value"] for row in table if row[key] is not None]
    share = "" if len(values) == len(table) else f" ({len(values)}/{len(table)})"
    return (float(np.mean(values)), share) if values else (None, "")


def _label(key: str, network: str | None) -> str:
    return f"{key} ({network})" if key in SETS else key


def _number(value: float | None, share: str = "") -> str:
    if value is None:
        return "-"
    return (f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}" if abs(value) >= 2 else f"{value:.3f}") + share

"""What an evaluation shows: a table for the terminal, and one HTML page with its pictures inside."""

from collections.abc import Collection, Mapping

import numpy as np

from tf_homo import report
from tf_homo.errors import InputError
from tf_homo.metrics.measure import KEYS, RESPONSE, Faces, Paths, Plan

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
    "psnr": ("first frame against the source image, dB", "most"),
    "ssim": ("first frame against the source image", "most"),
    "reading_error": ("attributes read from the first frame against the true ones, mean of all", "least"),
    "kernel": (f"kernel distance of last frames to other faces, {_FEATURES} KID", "least"),
    "midpoint_kernel": (f"kernel distance of middle frames to other faces, {_FEATURES} KID", "least"),
    "frechet": (f"last frames against other faces, {_FEATURES} FID; the truth's is the floor", "least"),
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
SETS = ("frechet", "midpoint_frechet", "kernel", "midpoint_kernel")
PAGE_ONLY = ("linearity_error_max", "jump", "ppl", "efficiency", "equality", "kernel", "midpoint_kernel")
GROUPS_ONLY = ("monotonic_rate", "beyond")
#: A mean, None where nothing has a value; and over what share of the groups, " (3/9)", where that is not all.
Mean = tuple[float | None, str]
COLOURS = {
    "tf_homo": "#0072b2", "latent_lerp": "#e69f00", "latent_slerp": "#d55e00", "pixel_blend": "#8c8c8c",
    "landmark_warp": "#cc79a7", "truth": "#009e73",
}  # fmt: skip


def require() -> None:
    """InputError where what the page is made with is not installed."""
    try:
        import jinja2  # noqa: F401
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"--report: report.html needs {error.name}, which is not installed: pip install tf_homo[report], or "
            "give --noreport"
        ) from error


def rows(result: Mapping) -> list[tuple[str, str, dict[str, Mean]]]:
    """The table of systems: key, scope ("groups", their mean, or "all"), mean by system; no empty lines."""
    systems = result["systems"]
    lines = []
    for key in KEYS:
        if key in RESPONSE:
            lines.append((key, "groups", {name: mean(of["groups"].values(), key) for name, of in systems.items()}))
        lines.append((key, "all", {name: mean([of["all"]], key) for name, of in systems.items()}))
    return [line for line in lines if any(value is not None for value, _ in line[2].values())]


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
    width = max(23, *(len(label) for label, _, _ in lines))
    table = [" " * (width + 7) + "".join(f"{name:>14}" for name in names)]
    for label, scope, values in lines:
        table.append(f"{label:{width}} {scope:6}" + "".join(f"{_number(*values[name]):>14}" for name in names))
    data, reader, count = result["data"], result["reader"], len(result["data"]["groups"])
    if network:
        table.append(f"Fréchet distances are in the features of {network}, not comparable with published FID or KID.")
    table += [
        f"{data['pairs']} pairs of {data['dataset']} at {data['image_size']} pixels, {data['steps']} frames a path.",
        f"groups: mean over {count}, each moved alone where a system can; (k/{count}): only k of them have a value.",
        f"Attributes read by {reader['name']}, whose own error here is {reader['error_here']:.3f}.",
    ]
    if "accuracy_here" in reader:
        told = [f"{name} {share:.2f}" for name, share in reader["accuracy_here"].items()]
        table.append(f"It says yes or no rightly: {', '.join(told)}.")
    return "\n".join(table)


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
        {"key": _label(key, network), "scope": scope, "cells": cells(values, MEANING[key][1])}
        for key, scope, values in rows(result)
    ]
    meanings = [(key, MEANING[key][0].format(network=network)) for key in KEYS if network or key not in SETS]
    groups = [
        {"name": name, "members": ", ".join(plan.groups[name]), "n": (row["endpoint_gap"] or {"n": 0})["n"],
         "cells": [_number(*mean([row], key)) for key in RESPONSE]}
        for name, row in systems[ours]["groups"].items()
    ]  # fmt: skip
    return jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(TEMPLATE).render(
        result=result, names=list(systems), lines=lines, groups=groups, keys=RESPONSE, ours=ours,
        meanings=meanings, remarks=[(name, of["notes"]["all"]) for name, of in systems.items() if "all" in of["notes"]],
        curves=report.embedded(curves_picture(plan, curves)),
        arrivals=report.embedded(arrivals_picture(plan, curves[ours])),
        strips=[
            (place + 1, report.embedded(systems_strip(plan, faces, paths, place)),
            report.embedded(groups_strip(plan, faces, paths[ours], place))) for place in paths[ours].shown[None]
        ],
    )  # fmt: skip


def curves_picture(plan: Plan, curves: Mapping[str, Mapping[str | None, np.ndarray]]) -> np.ndarray:
    """Mean response of every system, a panel for each group; of the first system also where the middle 80% of pairs
    lie.
    """
    figure, panels = _panels(1 + len(plan.groups))
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
            axes.plot(way, y.mean(0), color=COLOURS.get(name, "#333333"), label=name, **style)
            if place == 0:
                axes.fill_between(
                    way, *np.quantile(y, (0.1, 0.9), axis=0), color=COLOURS[name], alpha=0.15, linewidth=0
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


def groups_strip(plan: Plan, faces: Faces, paths: Paths, place: int) -> np.ndarray:
    """One pair through one system, each group that differs moved alone, then all together."""
    shown = {name: paths.shown[name][place] for name in plan.groups if place in paths.shown.get(name, ())}
    return _strip(plan, faces, place, shown | {"all together": paths.shown[None][place]})


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
    """Texts, and which is the best, where one is `better`; neither the truth nor a mean over some groups is."""
    badness = {"least": lambda x: x, "most": lambda x: -x, "one": lambda x: abs(x - 1)}.get(better)
    known = {name: x for name, (x, share) in means.items() if x is not None and not share and name != "truth"}
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


TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>tf_homo: evaluation</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1240px; margin: 2em auto; padding: 0 1em}
h1 {font-size: 1.6em; margin-bottom: 0} h2 {font-size: 1.2em; margin-top: 2em} small, .small {color: #666; font-size:
13px} table {border-collapse: collapse; margin: 1em 0} th, td {padding: .25em .8em; text-align: right; white-space:
nowrap} th:first-child, td:first-child {text-align: left} thead th {border-bottom: 2px solid #222}
tbody tr:hover {background: #f3f6f9} td.best {font-weight: 700; color: #0072b2} img {max-width: 100%; display: block}
.scroll {overflow-x: auto} dl {display: grid; grid-template-columns: max-content 1fr; gap: .1em 1em} dd {margin: 0}
</style></head><body>
<h1>How evenly does it morph?</h1>
<p class="small">{{ result.data.model.path }} ({{ result.data.model.format }}
{%- if result.data.model.step is not none %}, step {{ result.data.model.step }}{% endif %}) on {{ result.data.pairs }} pairs of
{{ result.data.dataset }} at {{ result.data.image_size }} pixels, test split{% if result.data.seed is not none %} of seed {{ result.data.seed }}{% endif %},
{{ result.data.steps }} frames a path. Attributes read by {{ result.reader.name }}, a network that no training saw, with a mean
error of {{ "%.3f"|format(result.reader.error_here) }} on these faces
{%- if "truth" in names %}; the column "truth" shows what that error makes of a perfect morph{% endif %}.</p>
{% if "accuracy_here" in result.reader %}
<p class="small">How often it says yes or no rightly: {% for name, share in result.reader.accuracy_here.items() -%}
{{ name }} {{ "%.2f"|format(share) }}{{ ", " if not loop.last }}{% endfor %}.</p>
{% endif %}
<h2>Systems</h2>
<div class="scroll"><table><thead><tr><th></th><th></th>{% for name in names %}<th>{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for line in lines %}
<tr><td>{{ line.key }}</td><td class="small">{{ line.scope }}</td>{% for cell, best in line.cells -%}
<td{% if best %} class="best"{% endif %}>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
<p class="small">groups: mean over the {{ groups|length }} groups, each moved alone where the system can, over the pairs that differ clearly
in it; (k/{{ groups|length }}): only k of them have a value. all: everything moves. Bold: the best, but for the truth and for means over some of the groups.</p>
{% for name, why in remarks %}
<p class="small">{{ name }}, all: {{ why }}.</p>
{% endfor %}
<h2>Response of each group</h2>
<img alt="Response curves, one panel for each group" src="{{ curves }}">
<p class="small">Mean over the pairs; the band holds the middle 80% of the pairs of {{ ours }}. The dotted line is an even pace to the target.</p>
<h2>{{ ours }}, group by group</h2>
<div class="scroll"><table><thead><tr><th>group</th><th>pairs</th>{% for key in keys %}<th>{{ key }}</th>{% endfor %}</tr></thead><tbody>
{% for group in groups %}
<tr><td title="{{ group.members }}">{{ group.name }}</td><td>{{ group.n }}</td>{% for cell in group.cells %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</tbody></table></div>
<h2>Where the pairs arrive</h2>
<img alt="Histograms of the response at strength 1" src="{{ arrivals }}">
{% for place, systems, groups in strips %}
<h2>Pair {{ place }}</h2>
<img alt="All systems on pair {{ place }}" src="{{ systems }}"><p class="small">Everything moves, in every system.</p>
<img alt="Groups alone on pair {{ place }}" src="{{ groups }}"><p class="small">{{ ours }}: each group that differs clearly, alone.</p>
{% endfor %}
<h2>What the numbers mean</h2>
<dl>{% for key, meaning in meanings %}<dt>{{ key }}</dt><dd>{{ meaning }}</dd>{% endfor %}</dl>
<p class="small">{% for name, version in result.versions.items() %}{{ name }} {{ version }}{{ ", " if not loop.last }}{% endfor %}</p>
</body></html>
"""  # noqa: E501

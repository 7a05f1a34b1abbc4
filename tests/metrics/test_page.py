import copy
import re

import numpy as np
import pytest

from tests.metrics.stub import BRANCHES, GROUPS, SIZE, Stub, TrueReader
from tf_homo.metrics import features, measure, page, scores

PLAN = measure.Plan(GROUPS, BRANCHES, SIZE, seed=3, pairs=4, steps=3, white=1, real=9)


@pytest.fixture(scope="module")
def shown():
    network = features.load("reader", TrueReader())
    faces = measure.draw(PLAN, network)
    systems = {"tf_homo": Stub(lambda share: 0.8 * share), "latent_lerp": Stub(lambda share: share**2), "truth": Stub()}
    paths = {name: measure.walk(system, PLAN, faces, TrueReader(), network, len_of) for name, system in systems.items()}
    curves = {
        name: {g: scores.curve(system, paths[name], PLAN, faces, g) for g in (None, *GROUPS)}
        for name, system in systems.items()
    }
    result = {
        "systems": {
            name: scores.score(system, paths[name], PLAN, faces, network.name) for name, system in systems.items()
        },
        "reader": {"name": "reader_64", "error_here": 0.0123},
        "data": {
            "dataset": "drawn_faces", "seed": 3, "image_size": SIZE, "pairs": 4, "steps": 3, "groups": dict(GROUPS),
            "clear_difference": 0.5, "real_against_real": {"frechet": {"value": 0.1234, "n": 4}, "kernel": None},
            "model": {"path": "<run>&co", "format": "run", "step": 12},
        },
        "versions": {"tf_homo": "0.0"},
    }  # fmt: skip
    return result, faces, paths, curves


def len_of(frames):
    return frames


def test_table_for_the_terminal(shown):
    lines = page.text(shown[0]).split("\n")
    assert lines[0].split() == ["tf_homo", "latent_lerp", "truth"]
    gap = next(line for line in lines if line.startswith("endpoint_gap") and "groups" in line)
    assert gap.split()[2:] == ["0.200", "0.000", "0.000"]
    assert not any(line.startswith("frechet") for line in lines)  # no value in any system
    assert max(map(len, lines)) <= 120
    assert len(lines) < 27
    assert "0.012" in lines[-1]


def test_page_is_whole_in_itself(shown):
    result, *rest = shown
    text = page.html(result, PLAN, *rest)
    assert "&lt;run&gt;&amp;co" in text
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', text)
    assert len(sources) == 2 + 2 * measure.SHOWN
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert re.search(
        r'<td>endpoint_gap .</td><td class="small">groups</td><td>0.200</td><td class="best">0.000</td>', text
    )
    for name in ("tf_homo", "latent_lerp", "truth", *GROUPS):
        assert name in text


def without(result, system, group, key):
    result = copy.deepcopy(result)
    result["systems"][system]["groups"][group][key] = None
    return result


def test_a_mean_over_some_of_the_groups_says_so_and_is_never_the_best(shown):
    result, *rest = shown
    result = without(result, "latent_lerp", "age", "endpoint_gap")
    (line,) = (line for line in page.text(result).split("\n") if line.startswith("endpoint_gap") and "groups" in line)
    assert line.split()[2:] == ["0.200", "0.000", "(1/2)", "0.000"]
    cells = page.html(result, PLAN, *rest).partition(">endpoint_gap ")[2].partition("</tr>")[0]
    assert "<td>0.000 (1/2)</td>" in cells
    assert "best" not in cells  # one system has all groups: there is nothing to be better than


@pytest.mark.parametrize(
    ("better", "best"), [("least", ["a"]), ("most", ["c"]), ("one", ["b"]), ("", [])], ids=lambda text: str(text)
)
def test_the_best_is_bold(better, best):
    values = {"a": (0.5, ""), "b": (0.9, ""), "c": (17.0, ""), "few": (1.0, " (3/9)"), "still": (None, ""),
              "truth": (1.0, "")}  # fmt: skip
    cells = dict(zip(values, page.cells(values, better), strict=True))
    assert [name for name, (_, bold) in cells.items() if bold] == best
    assert [text for text, _ in cells.values()] == ["0.500", "0.900", "17.0", "1.000 (3/9)", "-", "1.000"]


def test_what_was_read_while_all_moves_is_no_rival_of_what_moves_alone(shown):
    result, *rest = shown
    result = copy.deepcopy(result)
    result["systems"]["latent_lerp"]["notes"]["groups"] = "read from the path of all together"
    (line,) = (line for line in page.text(result).split("\n") if line.startswith("endpoint_gap") and "groups" in line)
    assert line.split()[2:] == ["0.200", "0.000", "*", "0.000"]
    cells = page.html(result, PLAN, *rest).partition(">endpoint_gap ")[2].partition("</tr>")[0]
    assert "0.000 *" in cells and "best" not in cells


def test_a_missing_value_says_why(shown):
    result, *rest = shown
    result = copy.deepcopy(result)
    for row in result["systems"]["truth"]["groups"].values():
        row["jump"] = None
    result["systems"]["truth"]["notes"]["groups.jump"] = "it stood still & slept"
    assert '<td title="it stood still &amp; slept">-</td>' in page.html(result, PLAN, *rest)


def test_strips_of_groups_have_the_truth_below(shown):
    _, faces, paths, _ = shown
    alone = page.groups_strip(PLAN, faces, paths["tf_homo"], 0)
    assert page.groups_strip(PLAN, faces, paths["tf_homo"], 0, paths["truth"]).shape[0] > 1.5 * alone.shape[0]


def test_noise_in_the_middle_is_no_praise():
    meaning, better = page.MEANING["ghosting"]
    assert better == "one"
    assert "above 1: patterns or noise; below: blur" in meaning


def test_the_feature_network_stands_beside_its_numbers(shown):
    result, *rest = shown
    result = copy.deepcopy(result)
    for system in result["systems"].values():
        for key in ("frechet", "midpoint_frechet", "kernel"):
            system["all"][key] = {"value": 3.0, "n": 9, "features": "inception_v3"}
    said, text = page.text(result), page.html(result, PLAN, *rest)
    assert re.search(r"^midpoint_frechet \(inception_v3\) +all +3.00", said, re.M)
    assert "In the features of inception_v3, not comparable with published FID or KID" in said
    assert "real faces: frechet 0.123." in said
    assert re.search(r'<td>kernel \(inception_v3\) .</td><td class="small">all</td><td', text)
    for key in ("frechet", "midpoint_frechet", "kernel"):
        meaning = text.partition(f"<dt>{key}</dt>")[2].partition("</dd>")[0]
        assert "in the features of inception_v3; not comparable with published" in meaning
    assert "<dt>frechet</dt>" not in page.html(*shown[:1], PLAN, *rest)  # no value, no network


def test_what_holds_by_construction_is_said(shown):
    result, *rest = shown
    result = copy.deepcopy(result)
    result["systems"]["tf_homo"]["notes"]["all"] = "equal by construction"
    assert "tf_homo, all: equal by construction" in page.html(result, PLAN, *rest)
    assert ", all:" not in page.html(*shown[:1], PLAN, *rest)


def test_pictures_have_their_parts(shown):
    _, faces, paths, curves = shown
    few = {"tf_homo": {group: y[:0] for group, y in curves["tf_homo"].items()}}
    assert page.curves_picture(PLAN, curves).shape[2] == 3
    assert page.curves_picture(PLAN, few).mean() > page.curves_picture(PLAN, curves).mean()  # empty panels
    tall = page.systems_strip(PLAN, faces, paths, 0).shape[0]
    assert tall > page.systems_strip(PLAN, faces, {"truth": paths["truth"]}, 0).shape[0]
    assert page.arrivals_picture(PLAN, curves["tf_homo"]).dtype == np.uint8

"""Measures a system beside baselines on the same pairs: drawn faces, whose true in-between images are known, or photos.

    python -m tf_homo.evaluate --run_dir=runs/mine
    python -m tf_homo.evaluate --model=OUT/1 --output_dir=evaluation
    python -m tf_homo.evaluate                   the model that is carried along; results in ./evaluation
    python -m tf_homo.evaluate --run_dir=runs/mine --reader=runs/my_reader --data_path=DIR       on photos: the test
                                                 part of what that reader was made for (tf_homo/metrics/photo_reader.py)

Writes evaluation.json and report.html, and prints the table of systems. What is measured, and how, stands in
tf_homo/metrics.
"""

import platform
from collections.abc import Mapping, Sequence
from importlib import metadata

import numpy as np
from absl import flags

from tf_homo import __version__, attributes, errors, files
from tf_homo.errors import InputError

SEED = 20_190_616  # of the test faces, unless --test_seed says otherwise
STRAIGHT = "rest=remainder makes all branches together the straight path between its own latents by construction"
EQUAL = "the path of all branches together is equal to latent_lerp's by construction (rest=remainder)"

_RUN_DIR = flags.DEFINE_string("run_dir", None, "Run folder to measure; results go into it.", allow_override=True)
_MODEL = flags.DEFINE_string("model", None, "SavedModel folder or .tflite to measure.", allow_override=True)
_OUTPUT_DIR = flags.DEFINE_string(
    "output_dir", None, "Folder for the results; default: --run_dir, or ./evaluation.", allow_override=True
)
_PAIRS = flags.DEFINE_integer("pairs", 256, "Pairs of faces; 256 for numbers to report.", lower_bound=1)
_STEPS = flags.DEFINE_integer("steps", 9, "Frames along each path, both ends included; odd.", lower_bound=3)
_TEST_SEED = flags.DEFINE_integer("test_seed", SEED, "Seed of the drawn faces; not the one trained on.", 0, 2**31 - 1)
_SYSTEMS = flags.DEFINE_multi_string(
    "system",
    [],
    "NAME=PATH of another run folder, SavedModel or .tflite to measure on the same pairs; may be repeated.",
)
_READER = flags.DEFINE_string("reader", None, "Folder of the reader; by default the carried one, of drawn faces.")
_DATA_PATH = flags.DEFINE_string(
    "data_path", None, "Folder of the photos, where the reader is of photos.", allow_override=True
)
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Where prepared photos are kept; by default TFDS's own place.", allow_override=True
)
_FEATURES = flags.DEFINE_string(
    "features", "reader", "Network of the distances between sets: reader, inception, or InceptionV3's .h5 without top."
)
_REPORT = flags.DEFINE_bool("report", True, "Also write report.html.")


def main(_: Sequence[str]) -> None:
    """Flags -> model and faces -> evaluation.json, report.html and a table."""
    if _RUN_DIR.value and _MODEL.value:
        raise InputError(f"--run_dir={_RUN_DIR.value} and --model={_MODEL.value}: name one of them, not both")
    if _STEPS.value % 2 == 0:
        raise InputError(
            f"--steps={_STEPS.value}: has no middle frame; give an odd number, for instance {_STEPS.value + 1}"
        )
    errors.import_tensorflow()
    from tf_homo import serving  # takes seconds: the flags are checked before
    from tf_homo.metrics import features, page, photos, reader

    if _REPORT.value:
        page.require()
    reading = reader.load(_READER.value or reader.CARRIED)
    network = features.load(_FEATURES.value, reading)
    model = serving.load(_RUN_DIR.value or _MODEL.value)
    if _RUN_DIR.value and model.format != "run":
        raise InputError(f"--run_dir={_RUN_DIR.value}: is no run folder but a {model.format}; give it as --model")
    plan = plan_for(model, reading, _PAIRS.value, _STEPS.value, _TEST_SEED.value)
    others = others_for(model, _SYSTEMS.value, plan.seed)
    test = None
    places = {"data_path": _DATA_PATH.value, "data_dir": _DATA_DIR.value}
    for flag, place in places.items():
        if place and plan.seed is not None:
            raise InputError(
                f"--{flag}={place}: the reader {reading.about['name']} is of drawn faces; give --reader=DIR of these "
                "photos, made by python -m tf_homo.metrics.photo_reader"
            )
    if plan.seed is None:
        test = photos.source_of(reading.about, **places).read("test", plan.size)
    folder = files.output_folder("output_dir", _OUTPUT_DIR.value or _RUN_DIR.value or "evaluation")
    result, shown = evaluate(model, plan, reading, network, others, test)
    files.write_json(folder / "evaluation.json", result)
    if _REPORT.value:
        files.write_text(folder / "report.html", page.html(result, plan, *shown))
    print(page.text(result))
    print(f"{folder / 'evaluation.json'}" + (f", {folder / 'report.html'}" if _REPORT.value else ""))


def plan_for(model, reading, pairs: int, steps: int, seed: int):
    """The Plan for a model, on what its reader reads; InputError where it cannot be measured on that."""
    from tf_homo.metrics import measure, reader

    check_signatures(model, model.path)
    groups = attributes.groups_of(reading.attributes, model.info.get("groups") or attributes.GROUPS)
    groups = {name: members for name, members in groups.items() if name in model.info["branches"]}
    drawn = "data" not in reading.about
    if not groups:
        others = "the drawn faces" if drawn else f"the reader {reading.about['name']}"
        raise InputError(
            f"{model.path}: none of its branches ({', '.join(model.info['branches'])}) moves an attribute of {others}; "
            "give a model that was trained on such attributes; tf_homo.evaluate takes a --reader of others"
        )
    if drawn:
        check_unseen(seed, seeds(model.info), "the model")
        check_unseen(seed, {reader.SEED}, "the reader")
        if reader.SEED in seeds(model.info):
            raise InputError(f"{model.path}: was trained on the reader's own faces; train it with another --data_seed")
    return measure.Plan(
        groups,
        model.info["branches"],
        model.info["image_size"],
        seed if drawn else None,
        pairs,
        steps,
        white=min(32, pairs) if drawn else 0,
        real=2 * pairs,
        attributes=reading.attributes,
    )


def check_signatures(model, who: str) -> None:
    """InputError where a model cannot be measured for want of a signature."""
    from tf_homo.serving import MORPHING

    if missing := [name for name in MORPHING if name not in model.signatures]:
        raise InputError(f"{who}: has no signature {', '.join(missing)}; a model to measure has {', '.join(MORPHING)}")


def seeds(info: Mapping) -> set[int | None]:
    """Of the data that a model, or each link of a chain, was trained on; None of what has none."""
    return {(link.get("data") or {}).get("seed") for link in info.get("links", [info])}


def check_unseen(seed: int, seen: set[int | None], who: str) -> None:
    """InputError where the test seed is among those that `who` has seen."""
    if seed in seen:
        raise InputError(
            f"--test_seed={seed}: {who} was trained on faces of that seed; give another, for instance {seed + 1}"
        )


def others_for(model, named: Sequence[str], seed: int | None) -> dict:
    """The models of --system=NAME=PATH by name; InputError for those that cannot stand beside `model`, or that were
    trained on drawn faces of the test `seed`.
    """
    from tf_homo import serving
    from tf_homo.metrics.page import SYSTEMS

    others = {}
    for text in named:
        name, equals, path = text.partition("=")
        if not (name and equals and path) or name in (*SYSTEMS, *others):
            raise InputError(
                f"--system={text}: give NAME=PATH, with a name of its own beside {', '.join((*SYSTEMS, *others))}"
            )
        other = others[name] = serving.load(path)
        if other.info["image_size"] != model.info["image_size"]:
            raise InputError(
                f"--system={text}: its image_size is {other.info['image_size']}, that of {model.path} "
                f"{model.info['image_size']}; name a system with the same"
            )
        groups = model.info["groups"]
        if not any(set(members) & set(groups.get(name, ())) for name, members in other.info["groups"].items()):
            raise InputError(
                f"--system={text}: its groups are {other.info['groups']}, those of {model.path} {groups}; name a "
                "system with one of them"
            )
        check_signatures(other, f"--system={text}")
        if seed is not None:
            check_unseen(seed, seeds(other.info), f"--system={text}")
    return others


def evaluate(model, plan, reader, features, others: Mapping | None = None, test=None) -> tuple[dict, tuple]:
    """Measures the model, `others` by name, and the baselines, with `features` for distances between sets.

    `test` are the Examples of photos, where faces are not drawn.

    Returns:
      the content of evaluation.json, and what report.html is made of: (faces, {system: paths}, {system: {group:
      curves}}).
    """
    from tqdm import tqdm

    from tf_homo.metrics import baselines, cost, measure, photos, scores

    others = others or {}
    faces = measure.draw(plan, features) if test is None else photos.gather(plan, test, reader, features)
    systems = baselines.systems(model, plan.groups, others, drawn=test is None)
    paths, curves = {}, {}
    total = sum(measure.frames_of(system, plan, faces) for system in systems.values())
    with tqdm(total=total, unit="frame", mininterval=1.0) as bar:
        for name, system in systems.items():
            bar.set_description(name)
            paths[name] = measure.walk(system, plan, faces, reader, features, bar.update)
            curves[name] = {g: scores.curve(system, paths[name], plan, faces, g) for g in (None, *plan.groups)}
    pictures = np.stack([pair.images[0] for pair in faces.pairs])
    if test is None:
        sources = reader.read(pictures)[0]
        own = {"error_here": float(np.abs(np.clip(sources, 0, 1) - faces.source).mean())}
    else:
        found = photos.judged(reader.read(test.images)[0], test.labels, reader.attributes)
        own = {"error_here": found["error_mean"], "accuracy_here": found["accuracy"], "always_here": found["always"]}
    floor = scores.set_distances(features(pictures), faces.real, features.name)
    result = {
        "systems": {
            name: scores.score(system, paths[name], plan, faces, features.name) for name, system in systems.items()
        },
        "reader": {**reader.about, **own},
        "data": about(model, plan, others, len(faces.real), test) | {"real_against_real": floor},
        "versions": versions(),
    }
    if others:
        timed = {name: systems[name] for name in ("tf_homo", *others)}
        for name, row in cost.costs(timed, faces.pairs, plan.strengths([None])).items():
            result["systems"][name]["all"]["cost"] = row
            del result["systems"][name]["notes"]["all.cost"]
    for name, other in others.items():
        missing = [group for group in plan.groups if group not in other.info["branches"]]
        for group in missing:
            result["systems"][name]["groups"][group] = dict.fromkeys(scores.KEYS)
            result["systems"][name]["notes"][f"groups.{group}"] = "it has no such branch"
            curves[name][group] = curves[name][group][:0]
        if missing:
            result["systems"][name]["notes"]["all.branches"] = (
                f"it has no branch for {', '.join(missing)}, by which it is measured here as well"
            )
        for group, members in plan.groups.items():
            lacking = set(members) - set(other.info.get("attributes") or members)
            if group in other.info["branches"] and lacking:
                result["systems"][name]["notes"][f"groups.{group}.attributes"] = (
                    f"it was never told {', '.join(sorted(lacking))}, by which it is measured here as well"
                )
    for name, one in {"tf_homo": model, **others}.items():
        if (one.info.get("config") or {}).get("rest") == "remainder":
            result["systems"][name]["notes"]["all"] = EQUAL if name == "tf_homo" else STRAIGHT
    return result, (faces, paths, curves)


def about(model, plan, others: Mapping, real: int, test=None) -> dict:
    """What was measured, and on what; `real` faces stood for the set of real ones."""
    from tf_homo.metrics import response

    return {
        "dataset": "drawn_faces" if test is None else test.about["dataset"],
        "split": "test",
        "seed": plan.seed,
        "image_size": plan.size,
        "pairs": plan.pairs,
        "steps": plan.steps,
        "white_pairs": plan.white,
        "other_faces": real,
        "clear_difference": response.CLEAR,
        "groups": {name: list(members) for name, members in plan.groups.items()},
        "model": source(model),
        "systems": {name: source(other) for name, other in others.items()},
    }


def source(model) -> dict:
    """Where a model comes from, and what it was trained on; of a chain, each of its links."""
    known = [{key: link.get(key) for key in ("step", "data")} for link in model.info.get("links", [model.info])]
    trained = {"links": known} if "links" in model.info else known[0]
    return {"path": str(model.path), "format": model.format} | trained


def versions() -> Mapping[str, str]:
    """Of this package and of what the numbers depend on."""
    packages = {name: metadata.version(name) for name in ("tensorflow", "keras", "numpy", "ai-edge-litert")}
    return {"tf_homo": __version__, **packages, "python": platform.python_version()}


if __name__ == "__main__":
    errors.run(main)

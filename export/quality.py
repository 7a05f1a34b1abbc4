"""What tf_homo.metrics says of several forms of one model: the numbers of tf_homo.evaluate, without its baselines."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tf_homo import serving


def planned(model: serving.Morpher, pairs: int) -> tuple[Any, Any]:
    """The reader of drawn faces, and the Plan to measure with it; InputError where the model cannot be measured so."""
    from tf_homo import evaluate
    from tf_homo.metrics import reader

    reading = reader.load()
    return reading, evaluate.plan_for(model, reading, pairs, 9, evaluate.SEED)


def compared(forms: Mapping[str, Path], pairs: int) -> dict[str, Any]:
    """{form: its entry as in evaluation.json} on the same pairs of drawn faces, which no model was trained on.

    Raises:
      InputError: the model cannot be measured on drawn faces.
    """
    from tqdm import tqdm

    from tf_homo.metrics import baselines, features, measure, scores

    models = {name: serving.load(path) for name, path in forms.items()}
    reading, plan = planned(next(iter(models.values())), pairs)
    network = features.load("reader", reading)
    faces = measure.draw(plan, network)
    systems = {name: baselines.Morph(model) for name, model in models.items()}
    found = {}
    with tqdm(total=sum(measure.frames_of(s, plan, faces) for s in systems.values()), unit="frame") as bar:
        for name, system in systems.items():
            bar.set_description(name)
            paths = measure.walk(system, plan, faces, reading, network, bar.update)
            found[name] = scores.score(system, paths, plan, faces, network.name)
    return {"systems": found, "pairs": pairs, "steps": plan.steps, "seed": plan.seed}


def text(found: Mapping[str, Any]) -> str:
    """A line for each number that has a value."""
    from tf_homo.metrics import page

    lines = [f"{'on ' + str(found['pairs']) + ' pairs':32}" + "".join(f"{name:>14}" for name in found["systems"])]
    for key, scope, means in page.rows(found):
        values = ["-" if value is None else f"{value:.4f}{share}" for value, share in means.values()]
        lines.append(f"{key:24}{scope:8}" + "".join(f"{value:>14}" for value in values))
    return "\n".join(lines)

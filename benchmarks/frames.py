"""What a morph of N frames costs beside N decodes: `interpolate` and `decode` over `decode` alone, in one run.

    python -m benchmarks.frames [--model=RUN_OR_SAVED_MODEL_OR_TFLITE] [--frames=16] [--repeats=30]

Both take turns, so that what else the machine does falls on both; the ratio is that of the medians. Prints JSON.
"""

import json
import time
from collections.abc import Callable

import numpy as np
from absl import flags
from tqdm import tqdm

from tf_homo import errors, serving


def measure(model: serving.Morpher, frames: int, repeats: int, progress: bool = False) -> dict[str, float]:
    """Medians in milliseconds of a morph of one pair and of as many decodes, and their ratio."""
    shape, branches = tuple(model.info["latent"]), len(model.info["branches"])
    source, target = np.random.default_rng(0).standard_normal((2, 1, *shape), np.float32)
    strengths = np.linspace(0, 1, frames, dtype=np.float32)[:, None] * np.ones(branches, np.float32)
    latents = model.interpolate(source, target, strengths)
    works = (lambda: model.frames(source, target, strengths), lambda: model.decode(latents))
    for work in works:
        work()  # the first call compiles
    times = np.array([[_milliseconds(work) for work in works] for _ in tqdm(range(repeats), disable=not progress)])
    morph, decodes = np.median(times, axis=0)
    return {"morph_ms": round(morph, 3), "decodes_ms": round(decodes, 3), "ratio": round(morph / decodes, 4)}


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def main(argv: list[str]) -> None:
    """Measures what the flags name."""
    del argv
    given = flags.FLAGS
    model = serving.load(given.model)
    found = measure(model, given.frames, given.repeats, progress=True)
    print(json.dumps({"model": str(model.path), "format": model.format, "frames": given.frames, **found}))


if __name__ == "__main__":
    flags.DEFINE_string("model", None, "run folder, SavedModel or .tflite; default: the one carried along")
    flags.DEFINE_integer("frames", 16, "frames of a morph", 1)
    flags.DEFINE_integer("repeats", 30, "of each", 1)
    errors.run(main)

"""What a morph of N frames costs beside N decodes: `interpolate` and `decode` over `decode` alone, in one run.

    python -m benchmarks.frames [--model=RUN_OR_SAVED_MODEL_OR_TFLITE] [--frames=16] [--repeats=30]
                                [--beside=MODEL] [--most=1.15]

All take turns, so that what else the machine does falls on each; ratios are those of the medians. With --beside another
model's morph takes its turn, too, and `times_faster` is how many of the model's it costs. Prints JSON; ends with status
1 where the ratio is above --most.
"""

import json
import sys
import time
from collections.abc import Callable

import numpy as np
from absl import flags
from tqdm import tqdm

from tf_homo import errors, serving


def measure(
    model: serving.Morpher, frames: int, repeats: int, progress: bool = False, beside: serving.Morpher | None = None
) -> dict[str, float]:
    """Medians in milliseconds of a morph of one pair of as many decodes, their ratio, and those of a morph `beside`."""
    works = [*_works(model, frames), *(_works(beside, frames)[:1] if beside else [])]
    for work in works:
        work()  # the first call compiles
    times = np.array([[_milliseconds(work) for work in works] for _ in tqdm(range(repeats), disable=not progress)])
    morph, decodes, *other = np.median(times, axis=0)
    found = {"morph_ms": round(morph, 3), "decodes_ms": round(decodes, 3), "ratio": round(morph / decodes, 4)}
    return found | {"beside_ms": round(other[0], 3), "times_faster": round(other[0] / morph, 4)} if other else found


def _works(model: serving.Morpher, frames: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """A morph of one pair, and as many decodes."""
    shape, branches = tuple(model.info["latent"]), len(model.info["branches"])
    source, target = np.random.default_rng(0).standard_normal((2, 1, *shape), np.float32)
    strengths = np.linspace(0, 1, frames, dtype=np.float32)[:, None] * np.ones(branches, np.float32)
    latents = model.interpolate(source, target, strengths)
    return lambda: model.frames(source, target, strengths), lambda: model.decode(latents)


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def main(argv: list[str]) -> None:
    """Measures what the flags name."""
    del argv
    given = flags.FLAGS
    model = serving.load(given.model)
    beside = serving.load(given.beside) if given.beside else None
    found = measure(model, given.frames, given.repeats, progress=True, beside=beside)
    print(json.dumps({"model": str(model.path), "format": model.format, "frames": given.frames, **found}))
    if given.most is not None and found["ratio"] > given.most:
        sys.exit(1)


def _define_flags() -> None:
    flags.DEFINE_string("model", None, "run folder, SavedModel or .tflite; default: the one carried along")
    flags.DEFINE_integer("frames", 16, "frames of a morph", 1)
    flags.DEFINE_integer("repeats", 30, "of each", 1)
    flags.DEFINE_string("beside", None, "another model, whose morph is measured in the same run")
    flags.DEFINE_float("most", None, "end with status 1 where a morph costs more of its decodes than this", 0.0)


if __name__ == "__main__":
    _define_flags()
    errors.run(main)

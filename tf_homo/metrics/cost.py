"""What a frame costs with one system, as a ratio to another, on the same machine in the same run."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from tf_homo.metrics.baselines import Pair, System

PAIRS = 8  # that are timed; the first path of a system, which compiles it, is not


def costs(
    systems: Mapping[str, System],
    pairs: Sequence[Pair],
    strengths: np.ndarray,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, dict]:
    """{name: {"value": ratio, "n": paths}} of the median time of a path to that of the first system.

    Systems take turns, so that whatever else the machine does falls on all. `strengths` (N, C) are of a whole path.
    """
    spent: dict[str, list[float]] = {name: [] for name in systems}
    for pair in [pairs[0], *pairs[:PAIRS]]:
        for name, system in systems.items():
            start = clock()
            system.path(pair, strengths)
            spent[name].append(clock() - start)
    medians = {name: statistics.median(times[1:]) for name, times in spent.items()}
    first = next(iter(medians.values()))
    return {name: {"value": median / first, "n": len(spent[name]) - 1} for name, median in medians.items()}

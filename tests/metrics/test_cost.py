"""Costs by a clock that runs as it is told."""

import numpy as np

from tf_homo.metrics.cost import costs


class Slow:
    def __init__(self, clock, first, usual):
        self.clock, self.first, self.usual, self.asked = clock, first, usual, []

    def path(self, pair, strengths):
        self.clock[0] += self.usual if self.asked else self.first
        self.asked.append((pair, strengths.shape))


def test_costs_are_medians_beside_the_first_without_the_path_that_compiles():
    now = [0.0]
    ours, theirs = Slow(now, 100.0, 2.0), Slow(now, 7.0, 3.0)
    found = costs({"ours": ours, "theirs": theirs}, ["p", "q", "r"], np.ones((5, 2)), clock=lambda: now[0])
    assert found == {"ours": {"value": 1.0, "n": 3}, "theirs": {"value": 1.5, "n": 3}}
    assert [pair for pair, _ in ours.asked] == ["p", "p", "q", "r"]
    assert ours.asked == theirs.asked

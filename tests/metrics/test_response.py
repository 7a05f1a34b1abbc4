"""Each measure on paths whose value one can work out by hand."""

import numpy as np
import pytest

from tf_homo.metrics import response

V = 9
WAY = np.linspace(0, 1, V)
EVEN = WAY[None]
STEP = (WAY >= 0.5)[None].astype(float)
STILL = np.zeros((1, V))
HALF = EVEN / 2  # even, but only half of the way
BACK = np.array([[0, 0.5, 0.25, 0.75, 1.0]])


def test_the_truth_answers_with_its_strength():
    source, target = np.array([[0.0, 1.0, 0.25]]), np.array([[1.0, 0.0, 0.75]])
    reads = source + WAY[:, None] * (target - source)
    np.testing.assert_allclose(response.response(reads[None], source, target), EVEN, atol=1e-12)


def test_response_is_a_projection_on_the_true_difference():
    source, target = np.array([[0.0, 0.0]]), np.array([[0.6, 0.8]])
    reads = np.array([[[0.0, 0.0], [0.8, -0.6], [0.3, 0.4], [1.2, 1.6]]])  # at rest, sideways, half of the way, twice
    np.testing.assert_allclose(response.response(reads, source, target), [[0, 0, 0.5, 2]], atol=1e-12)
    with pytest.raises(ValueError, match="only pairs that differ"):
        response.response(reads, source, source)


@pytest.mark.parametrize(
    ("y", "mean", "largest"),
    [
        (EVEN, 0, 0),
        (HALF, 0, 0),
        (1 - EVEN, 0, 0),
        (STEP, 0.25, 0.5),  # the area between a step and the line, and its height in the middle
        (STILL, 0, 0),
        (STILL + 0.01 * (WAY == 0.5), 0.01 / 0.1 / 8, 0.1),  # noise over no movement counts over the floor
        (BACK, (0.25 + 0.25) / 4, 0.25),
    ],
)
def test_linearity(y, mean, largest):
    got = response.linearity(y)
    np.testing.assert_allclose(got, [[mean], [largest]], atol=1e-12)


def test_linearity_hardly_depends_on_the_number_of_frames():
    bow = [response.linearity((np.linspace(0, 1, frames) ** 2)[None])[0][0] for frames in (5, 9, 101)]
    np.testing.assert_allclose(bow, 1 / 6, atol=0.011)  # the integral of v - v^2


@pytest.mark.parametrize(
    ("y", "rate", "gap", "jump"),
    [
        (EVEN, 1, 0, 1),
        (HALF, 1, 0.5, 1),
        (1.5 * EVEN, 1, 0.5, 1),
        (STEP, 1 / 8, 0, 8),
        (STILL, 0, 1, 0),
        (-EVEN, 0, 2, 1),
        (BACK, 3 / 4, 0, 0.5 / 0.375),
    ],
)
def test_pace_and_arrival(y, rate, gap, jump):
    np.testing.assert_allclose(response.monotonic_rate(y), [rate])
    np.testing.assert_allclose(response.endpoint_gap(y), [gap], atol=1e-12)
    np.testing.assert_allclose(response.jump(y), [jump])


GROUPS = {"a": [0, 1], "b": [2], "c": [3]}


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ([0.6, 0.8, 0, 0], 0),
        ([0.6, 0.8, 1, 0], 0.5),  # b moves as far as a, c not at all
        ([0.6, 0.8, -1, 1], 1),
        ([0.3, 0.4, 0.1, 0.1], 0.2),
        ([0, 0, 0.1, 0.1], 1),  # a stands still: over a tenth of the true difference
    ],
)
def test_leakage(end, expected):
    reads = WAY[:, None] * np.array(end)
    source, target = np.zeros((1, 4)), np.array([[0.6, 0.8, 0.5, 0.5]])
    np.testing.assert_allclose(response.leakage(reads[None], source, target, GROUPS, "a"), [expected], atol=1e-12)


def test_leakage_needs_another_group():
    with pytest.raises(ValueError, match="only group"):
        response.leakage(np.zeros((1, V, 2)), np.zeros((1, 2)), np.ones((1, 2)), {"a": [0, 1]}, "a")


def test_path_length():
    ends = np.array([3.0, 4.0])
    np.testing.assert_allclose(response.ppl(WAY[:, None] * ends[None, None]), [25])  # straight and even: |difference|^2
    np.testing.assert_allclose(response.ppl(STEP[..., None] * ends), [8 * 25])  # all in one of eight steps
    detour = np.array([[[0.0, 0.0], [1.0, 1.0], [2.0, 0.0]]])
    np.testing.assert_allclose(response.ppl(detour), [8])  # two steps of squared length 2, over 1/4


def test_smoothness_is_efficiency_times_equality():
    ends = np.array([3.0, 4.0])
    even, step = WAY[:, None] * ends, STEP[0][:, None] * ends
    detour = np.concatenate([WAY[::2, None] * [0.0, 4.0], [0.0, 4.0] + WAY[2::2, None] * [3.0, 0.0]])  # 4 up, 3 across
    smooth, efficiency, equality = response.smoothness(np.stack([even, step, detour]))
    np.testing.assert_allclose(efficiency, [1, 1, 5 / 7], rtol=1e-6)
    np.testing.assert_allclose(equality, [1, 1 / np.sqrt(8), 3.5 / np.sqrt(12.5)], rtol=1e-6)
    np.testing.assert_allclose(smooth, efficiency * equality)
    np.testing.assert_allclose(smooth**2, 25 / response.ppl(np.stack([even, step, detour])))
    assert np.isnan(response.smoothness(np.ones((1, V, 2)))).all()


def test_the_pace_past_the_target():
    y = np.stack([WAY, WAY / 2, 0 * WAY])
    np.testing.assert_allclose(response.beyond(y, np.array([1.25, 0.5, 0.0]), 0.25), [1, 0, 0])
    np.testing.assert_allclose(response.beyond(y[:1], np.array([0.75]), 0.25), [-1])


def test_additivity():
    start, one, other = np.zeros((1, 2)), np.array([[1.0, 0]]), np.array([[0, 3.0]])
    np.testing.assert_allclose(response.additivity(start, one, other, one + other), [0])
    np.testing.assert_allclose(response.additivity(start, one, other, one), [3 / 4])  # the other is lost
    zeros, one, other = np.zeros((3, 2)), np.eye(2)[[0, 0, 0]], np.array([0, 0.5, 1])[:, None] * [[0, response.FLOOR]]
    np.testing.assert_allclose(response.additivity(zeros, one, other, one + other), [np.nan, np.nan, 0])  # one alone

import json
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import frames
from tests.fake_method import LATENT, FakeMethod
from tf_homo import serving


@pytest.fixture
def timed(monkeypatch):
    """Models by a clock that the work itself moves: so many seconds an interpolated row, so many a decoded one."""
    clock = [0.0]
    monkeypatch.setattr(frames.time, "perf_counter", lambda: clock[0])

    def timed(interpolate, decode):
        model = serving.live(FakeMethod())
        for name, cost in (("interpolate", interpolate), ("decode", decode)):

            def run(arrays, run=model.calls[name].run, cost=cost):
                answer = run(arrays)
                clock[0] += cost * len(answer)
                return answer

            model.calls[name].run = run
        return model

    return timed


def test_a_morph_is_measured_against_the_decodes_of_its_frames(timed):
    model = timed(0.001, 0.010)
    assert frames.measure(model, 4, repeats=2) == {"morph_ms": 44, "decodes_ms": 40, "ratio": 1.1}
    assert model.interpolate(*np.zeros((2, 1, *LATENT), np.float32), np.zeros((4, 3), np.float32)).shape[0] == 4


def test_another_model_takes_its_turn(timed):
    found = frames.measure(timed(0.001, 0.010), 4, repeats=2, beside=timed(0.003, 0.030))
    assert found == {"morph_ms": 44, "decodes_ms": 40, "ratio": 1.1, "beside_ms": 132, "times_faster": 3.0}


@pytest.mark.parametrize(("most", "status"), [(1.05, 1), (1.15, None), (None, None)])
def test_above_the_bound_it_ends_with_1(timed, monkeypatch, capsys, most, status):
    given = SimpleNamespace(model="a", frames=4, repeats=2, beside="b", most=most)
    monkeypatch.setattr(frames.flags, "FLAGS", given)
    models = {"a": timed(0.001, 0.010), "b": timed(0.001, 0.021)}
    monkeypatch.setattr(frames.serving, "load", models.get)
    ended = None
    try:
        frames.main([])
    except SystemExit as end:
        ended = end.code
    assert ended == status
    found = json.loads(capsys.readouterr().out)
    assert (found["ratio"], found["times_faster"]) == (1.1, 2.0)

import numpy as np

from benchmarks import frames
from tests.fake_method import LATENT, FakeMethod
from tf_homo import serving


def test_a_morph_is_measured_against_the_decodes_of_its_frames(monkeypatch):
    """By a clock that the work itself moves: 1 ms an interpolated row, 10 ms a decoded one."""
    model, clock = serving.live(FakeMethod()), [0.0]
    monkeypatch.setattr(frames.time, "perf_counter", lambda: clock[0])
    for name, cost in (("interpolate", 0.001), ("decode", 0.010)):

        def timed(arrays, run=model.calls[name].run, cost=cost):
            answer = run(arrays)
            clock[0] += cost * len(answer)
            return answer

        monkeypatch.setattr(model.calls[name], "run", timed)
    assert frames.measure(model, 4, repeats=2) == {"morph_ms": 44, "decodes_ms": 40, "ratio": 1.1}
    assert model.interpolate(*np.zeros((2, 1, *LATENT), np.float32), np.zeros((4, 3), np.float32)).shape[0] == 4

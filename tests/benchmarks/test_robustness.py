import dataclasses

import numpy as np
import pytest

from benchmarks import robustness
from benchmarks.robustness import MOVES, Move
from tests.metrics.stub import Stub, TrueReader, written
from tf_homo import alignment
from tf_homo.data import drawing
from tf_homo.metrics import baselines

SIZE = 64


@pytest.fixture(scope="module")
def pair():
    return baselines.pair_of(0, 1, SIZE, 5)


@pytest.mark.parametrize("name", MOVES)
def test_a_face_goes_where_the_move_says(name, pair):
    """But for the little that its own place is turned along."""
    before = drawing.render(pair.faces[0], SIZE).landmarks * SIZE
    after = drawing.render(MOVES[name].face(pair.faces[0]), SIZE).landmarks * SIZE
    np.testing.assert_allclose(alignment.apply(MOVES[name].transform(SIZE), before), after, atol=0.7)


@pytest.mark.parametrize("name", MOVES)
def test_what_the_reader_sees_is_the_face_in_its_place(name, pair):
    seen = []
    reader = TrueReader()
    reader.read = lambda images: seen.append(images) or (images[:, 0, 0], images[:, 0, 0])
    robustness.TurnedBack(reader, MOVES[name]).read(robustness.moved(pair, MOVES[name]).images)
    inner = (slice(None), slice(20, 50), slice(20, 44))
    apart = np.abs(seen[0] - pair.images)[inner].mean()
    assert apart < 0.06 and (apart == pytest.approx(0, abs=1e-6) or name != "in place")
    if name != "in place":
        assert np.abs(robustness.moved(pair, MOVES[name]).images - pair.images)[inner].mean() > 2 * apart


@pytest.mark.parametrize("name", ["in place", "tilted by 15 degrees", "0.8 of the size"])
def test_alignment_brings_the_eyes_back(name, pair):
    level = Move(tilt=-pair.faces[0].nuisance.tilt).face(pair.faces[0])
    pose = dict.fromkeys(("place_x", "place_y"), 0.0) | {"scale": 1.0}
    face = dataclasses.replace(level, nuisance=dataclasses.replace(level.nuisance, **pose))
    still = dataclasses.replace(pair, faces=(face, face))
    expected = drawing.render(face, SIZE).image.astype(np.float32) / 255
    found = robustness.aligned(still, MOVES[name]).images[0]
    assert np.abs(found - expected)[20:50, 20:44].mean() < 0.03


def test_a_perfect_system_is_as_good_everywhere(monkeypatch):
    monkeypatch.setattr(robustness.readers, "load", TrueReader)
    monkeypatch.setattr(robustness, "MOVES", {name: MOVES[name] for name in ("in place", "right by 10%")})
    monkeypatch.setattr(robustness.baselines, "Morph", lambda model: Stub())
    for way in (robustness.moved, robustness.aligned):
        keep = lambda pair, move: dataclasses.replace(  # noqa: E731
            pair, images=np.stack([written(pair.images[i], pair.faces[i].strengths) for i in (0, 1)])
        )
        monkeypatch.setattr(robustness, way.__name__, keep)
    monkeypatch.setattr(robustness.TurnedBack, "read", lambda self, images: TrueReader().read(images))
    found = robustness.measured(Model(), 3)
    assert set(found) == {"in place", "right by 10%"}
    for ways in found.values():
        for numbers in ways.values():
            assert numbers["linearity_error"] < 1e-6 and numbers["endpoint_gap"] < 1e-6
            assert numbers["monotonic_rate"] == 1
    assert robustness.table(found).count("\n") == 5


class Model:
    info = {"image_size": 32, "branches": ["expression", "age", "rest"], "groups": {
        "expression": ["Mouth_Slightly_Open", "Smiling"], "age": ["Young"]}}  # fmt: skip
    signatures, path = {"encode", "interpolate", "decode"}, "x"

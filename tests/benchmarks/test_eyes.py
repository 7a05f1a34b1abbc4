import json
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import eyes
from benchmarks.eyes import Look
from tests.data.test_celeba_folder import unpacked
from tf_homo import faces
from tf_homo.errors import InputError


@pytest.mark.parametrize("seed", range(4))
def test_a_pasted_picture_lies_inside_with_its_eyes_where_it_is_said(seed):
    picture = np.full((218, 178, 3), 90, np.uint8)
    for (x, y), colour in zip(eyes.EYES.astype(int), ((255, 0, 0), (0, 0, 255)), strict=True):
        picture[y - 9 : y + 9, x - 9 : x + 9] = colour
    whole, places = eyes.pasted(picture, np.random.default_rng(seed))
    assert whole.shape == (eyes.HEIGHT, eyes.WIDTH, 3) and whole.dtype == np.uint8
    for (x, y), colour in zip(places.astype(int), ((255, 0, 0), (0, 0, 255)), strict=True):
        np.testing.assert_array_equal(whole[y, x], colour)
    scale = np.hypot(*(places[1] - places[0])) / 39
    assert eyes.SCALES[0] <= scale <= eyes.SCALES[1]
    here = (np.abs(whole - 90.0) < 3).all(2).sum() + 2 * (18 * scale) ** 2
    assert here == pytest.approx(178 * 218 * scale**2, rel=0.02)  # no part of it is cut off
    again, _ = eyes.pasted(picture, np.random.default_rng(seed))
    np.testing.assert_array_equal(whole, again)


def test_what_is_found_is_held_against_the_truth(monkeypatch):
    truth = np.array([(100.0, 100), (139, 100)])  # 39 pixels apart, as in CelebA's own pictures
    near, far = faces.Face(truth + [(0, 0), (0, 3.9)], True, 2.0), faces.Face(truth + 200, True, 1.0)
    for found, expected in (
        ([], Look(np.inf, 0, 0)),
        ([near], Look(0.1 * eyes.AT_128, 2, 0)),
        ([near, far], Look(0.1 * eyes.AT_128, 2, 1)),
        ([far], Look(np.inf, 0, 1)),
    ):
        monkeypatch.setattr(faces, "find", lambda picture, found=found: found)
        assert eyes.looked(None, truth) == pytest.approx(expected)


def test_the_numbers_of_a_set():
    sure, hidden = faces.HIDDEN * 2, faces.HIDDEN / 2
    looks = [Look(1, sure, 0), Look(2, hidden, 1), Look(9, sure, 0), Look(8, hidden, 0), Look(np.inf, 0, 0)]
    assert eyes.told(looks) == {
        "faces": 5, "found": 0.8, "something else found": 0.2, "median": 5.0, "95th percentile": 8.85, "misplaced": 0.4,
        "misplaced without a warning": 0.2, "warned though in place": 0.2,
    }  # fmt: skip
    assert eyes.told([])["found"] is None and eyes.told(looks[-1:])["median"] is None


def test_the_program_prints_numbers_of_a_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(faces, "find", lambda picture: [])
    given = SimpleNamespace(data_path=str(unpacked(tmp_path)), faces=2, seed=3, split="train")
    monkeypatch.setattr(eyes, "flags", SimpleNamespace(FLAGS=given))
    eyes.main([])
    told = json.loads(capsys.readouterr().out)
    assert told["all"]["faces"] == 2 and told["all"]["found"] == 0 and told["split"] == "train"
    assert told["with glasses"]["faces"] + told["without glasses"]["faces"] == 2
    given.faces = 9
    with pytest.raises(InputError, match="--faces=9: train has 2 pictures; take at most so many"):
        eyes.main([])

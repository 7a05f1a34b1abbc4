"""Whole evaluations in a world without reading errors, so that each number is what one works out by hand."""

import dataclasses

import numpy as np
import pytest

from tests.metrics.stub import BRANCHES, GROUPS, SIZE, Stub, TrueReader
from tf_homo.errors import InputError
from tf_homo.metrics import baselines, features, measure, scores

PLAN = measure.Plan(GROUPS, BRANCHES, SIZE, seed=3, pairs=10, steps=5, white=2, real=9)
MOUTH = [1, 0]  # columns of the expression group


FEATURES = features.load("reader", TrueReader())


@pytest.fixture(scope="module")
def faces():
    return measure.draw(PLAN, FEATURES)


def measured(system, faces, plan=PLAN):
    made = []
    paths = measure.walk(system, plan, faces, TrueReader(), FEATURES, made.append)
    assert sum(made) == measure.frames_of(system, plan, faces)
    return scores.score(system, paths, plan, faces, FEATURES.name), paths


def values(row):
    return {key: entry and entry["value"] for key, entry in row.items()}


def test_the_faces(faces):
    assert (len(faces.pairs), len(faces.white), len(faces.real)) == (10, 2, 9)
    for pair in faces.white:
        assert pair.white.sum() > SIZE**2 / 20
    assert faces.differs[None].all()
    way = faces.target - faces.source
    np.testing.assert_array_equal(faces.differs["age"], np.abs(way[:, 11]) >= 0.5)
    np.testing.assert_array_equal(faces.differs["expression"], np.linalg.norm(way[:, MOUTH], axis=1) >= 0.5)


def test_rows_of_strengths():
    rows = dataclasses.replace(PLAN, steps=3).strengths([None, "age"])
    np.testing.assert_array_equal(rows, [[0, 0, 0], [0.5, 0.5, 0.5], [1, 1, 1], [0, 0.5, 0], [0, 1, 0]])


def test_a_system_that_renders_the_truth(faces):
    entry, _ = measured(Stub(), faces)
    for name in GROUPS:
        got = values(entry["groups"][name])
        assert got["linearity_error"] == pytest.approx(0, abs=1e-6)
        assert got["linearity_error_max"] == pytest.approx(0, abs=1e-6)
        assert (got["monotonic_rate"], got["leakage"]) == (1, 0)
        assert got["endpoint_gap"] == pytest.approx(0, abs=1e-6)
        assert got["jump"] == pytest.approx(1, abs=1e-5)
        assert entry["groups"][name]["jump"]["n"] == faces.differs[name].sum()
        assert got["smoothness"] == pytest.approx(1, abs=1e-5)
        assert got["efficiency"] == pytest.approx(1, abs=1e-5)
        assert got["equality"] == pytest.approx(1, abs=1e-5)
        assert entry["groups"][name]["psnr"] is None
        assert got["beyond"] == pytest.approx(1, abs=1e-5)
    assert 0.8 < entry["all"]["beyond"]["value"] < 1  # where the groups are a small part of all, below the floor
    assert entry["all"]["additivity"]["value"] == pytest.approx(0, abs=1e-6)
    assert entry["all"]["additivity"]["n"] == (faces.differs["age"] & faces.differs["expression"]).sum()
    assert entry["all"]["reading_error"]["value"] == pytest.approx(0, abs=1e-6)
    assert entry["all"]["truth_distance"] is None


def test_the_drawn_truth_is_where_it_should_be(faces):
    entry, _ = measured(baselines.Truth(GROUPS, BRANCHES), faces)
    for name in GROUPS:
        assert values(entry["groups"][name])["truth_distance"] < 0.01
        assert values(entry["groups"][name])["still_distance"] > 1
        assert entry["groups"][name]["truth_distance"]["n"] == faces.differs[name].sum()


def test_a_step(faces):
    entry, _ = measured(Stub(lambda share: (share >= 0.5).astype(float)), faces)
    for name in GROUPS:
        got = values(entry["groups"][name])
        assert got["linearity_error"] == pytest.approx(0.25, abs=1e-6)
        assert got["linearity_error_max"] == pytest.approx(0.5, abs=1e-6)
        assert got["monotonic_rate"] == 0.25  # one step of four
        assert got["jump"] == pytest.approx(4, abs=1e-5)


def test_standing_still_is_not_an_even_pace(faces):
    entry, _ = measured(Stub(lambda share: 0.05 * share), faces)
    for name in GROUPS:
        row = entry["groups"][name]
        for key in ("linearity_error", "linearity_error_max", "leakage", "jump", "ppl", "monotonic_rate"):
            assert row[key] is None
            assert "less than 0.1 of the way" in entry["notes"][f"groups.{name}.{key}"]
        assert row["endpoint_gap"]["value"] == pytest.approx(0.95, abs=1e-5)
    assert entry["all"]["jump"] is None


def test_standing_still_is_not_additive(faces):
    entry, _ = measured(Stub(lambda share: 0 * share), faces)
    assert entry["all"]["additivity"] is None
    assert entry["notes"]["all.additivity"] == "in no pair do both groups move by 0.1"


def test_one_that_stops_short_and_drags_the_mouth_along(faces):
    def answer(share):
        share = 0.6 * share
        share[MOUTH] = np.maximum(share[MOUTH], share[11] / 2)
        return share

    entry, _ = measured(Stub(answer), faces)
    assert values(entry["groups"]["age"])["endpoint_gap"] == pytest.approx(0.4, abs=1e-6)
    rows = faces.differs["age"]
    way = np.abs(faces.target - faces.source)[rows]
    ratio = np.linalg.norm(way[:, MOUTH], axis=1) / 2 / way[:, 11]
    assert values(entry["groups"]["age"])["leakage"] == pytest.approx(ratio.mean(), abs=1e-5)
    assert values(entry["groups"]["expression"])["leakage"] == 0


def test_what_moves_all_together_has_no_leakage_and_says_so(faces):
    class Together(Stub):
        alone = 0

    entry, paths = measured(Together(), faces)
    assert list(paths.reads) == [None]
    assert entry["groups"]["age"]["leakage"] is None
    assert values(entry["groups"]["age"])["linearity_error"] == pytest.approx(0, abs=1e-6)
    assert entry["groups"]["age"]["jump"]["n"] == faces.differs["age"].sum()
    assert "none alone" in entry["notes"]["groups.leakage"]


def test_few_pairs_for_the_groups(faces):
    class First(Stub):
        alone = 4

    entry, paths = measured(First(), faces)
    assert len(paths.reads[None]) == 10
    assert entry["groups"]["age"]["jump"]["n"] == faces.differs["age"][:4].sum()


def test_every_null_has_its_reason(faces):
    for system in (Stub(), Stub(lambda share: 0 * share), baselines.PixelBlend(), baselines.Truth(GROUPS, BRANCHES)):
        entry, _ = measured(system, faces)
        rows = {"all": entry["all"], **{f"groups.{name}": row for name, row in entry["groups"].items()}}
        for scope, row in rows.items():
            assert tuple(row) == scores.KEYS
            for key, value in row.items():
                reasons = {f"{scope}.{key}", scope, f"{scope.partition('.')[0]}.{key}"}
                assert value is not None or reasons & set(entry["notes"]), (scope, key)


def test_two_eyes_are_looked_for_in_the_middle(faces, monkeypatch):
    seen = []

    def found(frame):
        seen.append(frame)
        return [(0.3, 0.4), (0.7, 0.4), (0.5, 0.9)][: len(seen)]

    monkeypatch.setattr(measure.images, "eyes_found", found)
    entry, _ = measured(baselines.PixelBlend(), faces)
    assert entry["all"]["two_eyes"] == {"value": 0.1, "n": 10}
    for frame, pair in zip(seen, faces.pairs, strict=True):
        np.testing.assert_allclose(frame, pair.images.mean(0), atol=1e-6)


def test_image_measures(faces):
    entry, _ = measured(baselines.PixelBlend(), faces)
    got = values(entry["all"])
    assert got["psnr"] is None
    assert got["ssim"] == pytest.approx(1, abs=1e-5)
    assert got["white_background_shift"] == 0
    assert 0.3 < got["ghosting"] < 0.95
    assert entry["all"]["kernel"]["features"] == "reader_64"
    assert entry["all"]["frechet"] is None  # ten pairs say nothing of a covariance of 18 features
    assert "19 are needed" in entry["notes"]["all.frechet"]


def test_distances_between_sets_want_enough_members():
    rng = np.random.default_rng(0)
    found = scores.set_distances(rng.normal(size=(9, 8)), rng.normal(size=(20, 8)), "x")
    assert found["frechet"]["n"] == found["kernel"]["n"] == 9 and found["frechet"]["features"] == "x"
    found = scores.set_distances(rng.normal(size=(9, 8)), rng.normal(size=(8, 8)), "x")
    assert found["frechet"] is None and found["kernel"] is not None
    found = scores.set_distances(rng.normal(size=(7, 2)), rng.normal(size=(9, 2)), "x")
    assert found["frechet"] is not None and found["kernel"] is None


def test_what_one_group_alone_does_to_the_picture_is_seen(faces):
    class Greys(Stub):
        """Age makes the whole picture grey, half-way already, and nothing else does."""

        def path(self, pair, strengths):
            frames = super().path(pair, strengths)
            old = (strengths[:, 1] > 0.2) & (strengths[:, 0] == 0)
            frames[old, 1:] = 0.5
            return frames

    entry, _ = measured(Greys(), faces)
    ghosts, shifts = ({name: entry["groups"][name][key] for name in GROUPS} for key in scores.LONE)
    for group, shift in shifts.items():
        assert (shift or {"n": 0})["n"] == faces.white_differs[group].sum()
    assert entry["all"]["white_background_shift"]["value"] < 10  # the stub writes in the first row
    assert shifts["age"]["value"] == pytest.approx(0.8 * 127.5, abs=10)  # four of five frames
    assert ghosts["expression"]["value"] == pytest.approx(1, abs=0.05)
    assert ghosts["age"]["value"] < 0.6


def test_a_picture_that_stays_is_as_far_off_as_its_first_frame(faces):
    entry, _ = measured(baselines.PixelBlend(), faces)
    assert entry["groups"]["age"]["unmoved_distance"] is None
    assert "none alone" in entry["notes"]["groups.unmoved_distance"]
    entry, _ = measured(baselines.Truth(GROUPS, BRANCHES), faces)
    row = values(entry["groups"]["age"])
    assert row["unmoved_distance"] == pytest.approx(row["still_distance"], abs=1e-6)


def test_numbers_that_are_not_finite_are_no_pictures(faces):
    with pytest.raises(InputError, match="Stub: paints numbers that are not finite"):
        measured(Stub(lambda share: share + np.nan), faces)


def test_too_few_for_a_distance_between_sets():
    plan = dataclasses.replace(PLAN, pairs=2, white=0)
    entry, _ = measured(Stub(), measure.draw(plan, FEATURES), plan)
    assert entry["all"]["frechet"] is None
    assert "too few pairs" in entry["notes"]["all.frechet"]
    assert entry["all"]["white_background_shift"] is None

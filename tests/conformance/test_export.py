"""A trained run becomes a SavedModel and a .tflite that answer as it does."""

import json

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from export import parity, saved_model, tflite
from tf_homo import serving


@pytest.fixture(scope="module")
def live(shaken):
    return serving.live(shaken)


@pytest.fixture(scope="module")
def saved(shaken, tmp_path_factory):
    return saved_model.export(shaken, tmp_path_factory.mktemp("saved"))


@pytest.fixture(scope="module")
def lite(saved, tmp_path_factory):
    output = tmp_path_factory.mktemp("lite") / "model.tflite"
    tflite.export(saved, output)
    return output


@pytest.mark.parametrize("form", ["saved", "lite"])
def test_the_exported_model_has_every_signature_and_answers_alike(form, live, request):
    exported = serving.load(request.getfixturevalue(form))
    assert exported.signatures == live.signatures
    assert "serving_default" in exported.signatures
    assert max(gap.largest for gap in parity.differences(live, exported, seed=1).values()) < 1e-4


@pytest.mark.parametrize("form", ["live", "saved", "lite"])
def test_each_signature_takes_one_row_and_any_number_of_strengths(form, live, request):
    model = live if form == "live" else serving.load(request.getfixturevalue(form))
    rng = np.random.default_rng(2)
    for name, call in model.calls.items():
        if "strength" not in call.inputs:
            continue
        one = {arg: rng.random((1, *shape[1:]), np.float32) for arg, shape in call.inputs.items() if arg != "strength"}
        rows = rng.uniform(-1, 1, (3, call.inputs["strength"][1])).astype(np.float32)
        lone = np.concatenate([model.call(name, **one, strength=row[None]) for row in rows])
        np.testing.assert_allclose(
            model.call(name, **one, strength=rows), lone, atol=1e-4 * max(1, np.abs(lone).max()), err_msg=name
        )
        assert np.ptp(lone, axis=0).max() > 1e-3, name


@pytest.fixture(scope="module")
def saved_as_it_starts(fresh, tmp_path_factory):
    return saved_model.export(fresh, tmp_path_factory.mktemp("fresh") / "saved")


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_lower_precisions_stay_in_bounds(precision, fresh, saved_as_it_starts, system, tmp_path):
    """Of a system as it starts: weights that a few steps have shaken make noise of pictures, and louder errors."""
    live = serving.live(fresh)
    pictures = system.examples.images / np.float32(255)
    tflite.export(saved_as_it_starts, tmp_path / "model.tflite", precision, pictures=pictures)
    exported = serving.load(tmp_path / "model.tflite")
    found = parity.differences(live, exported, seed=1, pictures=pictures, seen=True)
    bounds = {"float16": (2 / 255, 2 / 255), "int8": (8 / 255, 2 / 255)}[precision]
    for limit, of in zip(bounds, zip(*found.values(), strict=True), strict=True):
        assert max(of) <= limit


@pytest.mark.parametrize("form", ["saved", "lite"])
def test_strength_zero_is_the_source_exactly(form, live, request):
    exported = serving.load(request.getfixturevalue(form))
    if "interpolate" not in exported.signatures:
        pytest.skip("has no latent to interpolate")
    source, target = np.random.default_rng(0).standard_normal((2, 2, *exported.info["latent"]), np.float32)
    still = exported.interpolate(source, target, np.zeros((2, len(exported.info["branches"])), np.float32))
    np.testing.assert_array_equal(still, source)


def test_the_tflite_has_builtin_operators_and_ranks_up_to_four(lite):
    operators, rank = tflite.inspect(lite.read_bytes())
    assert rank <= 4
    assert not [name for name in operators if "CUSTOM" in name or "FLEX" in name.upper()]


def test_the_tflite_holds_every_weight_once(lite):
    """Also none that the converter has multiplied into copies: shapes and other constants are a kilobyte or two."""
    model = schema.ModelT.InitFromPackedBuf(lite.read_bytes())
    constants = sum(len(buffer.data) for buffer in model.buffers if buffer.data is not None)
    weights = json.loads(lite.with_suffix(".parity.json").read_text())["bytes_of_weights"]
    assert 0.9 * weights < constants < weights + 2048


@pytest.mark.parametrize("form", ["saved", "lite"])
def test_its_model_card_is_the_run_s(form, run, live, request):
    card = serving.load(request.getfixturevalue(form)).info
    of_run = json.loads((run.run_dir / "model.json").read_text())
    assert card == {**of_run, "step": run.total_steps}


def test_a_run_folder_is_served_with_its_averaged_weights(run, restored):
    served = serving.load(run.run_dir)
    assert served.format == "run"
    assert max(gap.largest for gap in parity.differences(serving.live(restored), served).values()) == 0

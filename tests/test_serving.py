import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from export import saved_model, tflite
from tests.fake_method import FakeMethod, images
from tf_homo import serving
from tf_homo.errors import InputError

ROOT = Path(__file__).parents[1]
ROWS = np.array([[0, 0, 0], [0.5, 0, 0], [1, 1, 1], [-0.5, 1.5, 0.2]], np.float32)


@pytest.fixture(scope="module")
def method():
    return FakeMethod()


@pytest.fixture(scope="module")
def places(method, tmp_path_factory):
    """The same weights in each of the three kinds."""
    root = tmp_path_factory.mktemp("models")
    (root / "run" / "checkpoints").mkdir(parents=True)
    saved = saved_model.export(method, root / "saved")
    tflite.export(saved, root / "morph.tflite")
    return {"run": root / "run", "saved_model": saved, "tflite": root / "morph.tflite"}


@pytest.fixture(params=["run", "saved_model", "tflite"])
def morpher(request, places, method, monkeypatch):
    trainer = ModuleType("tf_homo.trainer")
    trainer.restore = lambda run_dir: method
    monkeypatch.setitem(sys.modules, "tf_homo.trainer", trainer)
    loaded = serving.load(str(places[request.param]))
    assert (loaded.format, loaded.path) == (request.param, places[request.param])
    return loaded


def test_the_three_kinds_are_one(morpher, method):
    assert morpher.info == method.info()
    assert morpher.signatures == {"encode", "interpolate", "decode", "serving_default"}
    source, target = images(1, 1), images(1, 2)
    latents = morpher.encode(source), morpher.encode(target)
    moved = morpher.interpolate(*latents, ROWS)
    decoded = morpher.decode(moved)
    assert [a.dtype for a in (*latents, moved, decoded)] == [np.float32] * 4
    np.testing.assert_allclose(latents[0], method.encode(source), atol=1e-5)
    np.testing.assert_allclose(moved, method.interpolate(*latents, ROWS), atol=1e-5)
    np.testing.assert_allclose(decoded, method.decode(moved), atol=1e-5)
    np.testing.assert_array_equal(moved[0], latents[0][0])  # strength 0 is the source, exactly


def test_pairs_may_be_many(morpher, method):
    latents = morpher.encode(images(3, 1)), morpher.encode(images(3, 2))
    np.testing.assert_allclose(
        morpher.interpolate(*latents, ROWS[1:]), method.interpolate(*latents, ROWS[1:]), atol=1e-5
    )
    assert morpher.call("serving_default", source=images(3), target=images(3), strength=ROWS[:3]).shape == (3, 8, 8, 3)


def test_inputs_stand_in_one_order():
    call = serving.Call({"strength": (None, 3), "target": (None, 2), "source": (None, 2)}, None)
    assert list(call.inputs) == ["source", "target", "strength"]


def test_frames_do_not_depend_on_the_batch(morpher):
    latents = morpher.encode(images(1, 1)), morpher.encode(images(1, 2))
    at_once = morpher.frames(*latents, ROWS, batch=4)
    assert at_once.shape == (4, 8, 8, 3)
    np.testing.assert_allclose(morpher.frames(*latents, ROWS, batch=3), at_once, atol=1e-5)


def test_many_latents_are_decoded_some_at_a_time(method, monkeypatch):
    morpher, rows = serving.live(method), []
    run = morpher.calls["decode"].run

    def counted(arrays):
        rows.append(len(arrays["latent"]))
        return run(arrays)

    monkeypatch.setattr(morpher.calls["decode"], "run", counted)
    assert morpher.decode(np.zeros((33, 2, 2, 8), np.float32)).shape == (33, 8, 8, 3)
    assert rows == [16, 16, 1]
    with pytest.raises(InputError, match="empty"):
        morpher.decode(np.zeros((0, 2, 2, 8), np.float32))


def test_double_precision_is_taken(morpher):
    np.testing.assert_array_equal(morpher.encode(images(1).astype(np.float64)), morpher.encode(images(1)))


def test_codes_of_attributes_are_named_as_such():
    call = serving.Call({"image": (None, 8, 8, 3), "strength": (None, 2)}, None)
    info = {"image_size": 8, "branches": ["age"], "attributes": ["Young", "Gray_Hair"]}
    with pytest.raises(InputError, match="strength has shape .1, 3., this model .* each for Young, Gray_Hair"):
        serving.Morpher({"translate": call}, info, "run").call("translate", image=images(1), strength=ROWS[:1])


@pytest.mark.parametrize(
    ("name", "inputs", "complaint"),
    [
        ("encode", {"image": images(1)[:, :4]}, r"\(1, 4, 8, 3\).*\(B, 8, 8, 3\): images of 8x8 pixels"),
        ("encode", {"image": images(1)[0]}, r"\(8, 8, 3\).*\(B, 8, 8, 3\)"),
        ("encode", {"image": images(1)[:0]}, "empty"),
        ("encode", {"image": (images(1) * 255).astype(np.uint8)}, "uint8.*divide 8-bit images by 255"),
        ("encode", {"image": images(1) * np.nan}, "image holds a number that is not finite or larger than 1e[+]06"),
        ("interpolate", {"strength": ROWS * 1e30}, "strength holds a number that is not finite or larger than 1e[+]06"),
        ("encode", {"picture": images(1)}, "takes image; got picture"),
        ("decode", {"latent": images(1)}, r"\(B, 2, 2, 8\)"),
        ("mend", {"image": images(1)}, "no signature 'mend'; it has decode, encode"),
        ("interpolate", {"strength": ROWS[:, :2]}, "one value each for expression, age, rest"),
        (
            "interpolate",
            {"target": np.zeros((2, 2, 2, 8), np.float32)},
            "source 1, target 2, strength 4.*or one in all but strength",
        ),
        ("serving_default", {"target": images(2)}, "source 1, target 2, strength 1.*as many in each"),
        ("serving_default", {"source": images(2), "target": images(2)}, "source 2, target 2, strength 1.*as many"),
    ],
)
def test_bad_arrays_are_named(name, inputs, complaint, method):
    latent = np.zeros((1, 2, 2, 8), np.float32)
    if name == "interpolate":
        inputs = {"source": latent, "target": latent, "strength": ROWS} | inputs
    if name == "serving_default":
        inputs = {"source": images(1), "target": images(1), "strength": ROWS[:1]} | inputs
    with pytest.raises(InputError, match=complaint):
        serving.live(method).call(name, **inputs)


def test_rows_are_looped_over_where_the_batch_is_fixed():
    fixed, free = serving.live(FakeMethod(batch=1)), serving.live(FakeMethod())
    latents = free.encode(images(1, 1)), free.encode(images(1, 2))
    np.testing.assert_allclose(fixed.frames(*latents, ROWS), free.frames(*latents, ROWS), atol=1e-5)
    np.testing.assert_allclose(fixed.encode(images(3)), free.encode(images(3)), atol=1e-5)


def test_many_strengths_go_in_runs(monkeypatch):
    model, calls = serving.live(FakeMethod()), []
    latents, run = (model.encode(images(1, 1)), model.encode(images(1, 2))), model.calls["interpolate"].run
    whole = model.interpolate(*latents, ROWS)
    counted = lambda arrays: calls.append(len(arrays["strength"])) or run(arrays)  # noqa: E731
    monkeypatch.setattr(model.calls["interpolate"], "run", counted)
    monkeypatch.setattr(serving, "MOST", 2)
    np.testing.assert_allclose(model.interpolate(*latents, ROWS), whole, atol=1e-6)
    assert sum(calls) == len(ROWS) and max(calls) == 2


@pytest.mark.parametrize("name", ["absent", "empty", "photo.jpg"])
def test_a_path_of_no_kind_is_named(name, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    with pytest.raises(InputError, match=rf"{name}: .*run folder.*SavedModel.*\.tflite"):
        serving.load(tmp_path / name)


def test_without_a_path_the_carried_model_is_loaded(places, monkeypatch):
    monkeypatch.setattr(serving, "CARRIED", places["tflite"])
    assert serving.load().path == places["tflite"]


def test_damaged_models_are_named(places, tmp_path):
    lite = tmp_path / "cut.tflite"
    for content in (b"", places["tflite"].read_bytes()[:-2000]):
        lite.write_bytes(content)
        with pytest.raises(InputError, match="cut.json: missing|cut.tflite: unreadable|model.json: missing"):
            serving.load(lite)
    saved = tmp_path / "1"
    saved.mkdir()
    (saved / "saved_model.pb").write_bytes(b"not a graph")
    with pytest.raises(InputError, match="1: unreadable SavedModel"):
        serving.load(saved)


def test_the_card_is_found_beside_the_tflite(places, tmp_path):
    lite = tmp_path / "m.tflite"
    lite.write_bytes(places["tflite"].read_bytes())
    with pytest.raises(InputError, match="model.json: missing"):
        serving.load(lite)
    card = places["tflite"].with_suffix(".json").read_text()
    (tmp_path / "model.json").write_text(card)
    assert serving.load(lite).info["method"] == "fake"
    (tmp_path / "m.json").write_text(json.dumps({"method": "own", **json.loads(card), "step": 3}))
    assert serving.load(lite).info["step"] == 3
    without_groups = json.dumps({key: value for key, value in json.loads(card).items() if key != "groups"})
    for broken, why in (
        ("{", "not JSON"),
        ("[]", "has no branches, groups, image_size, latent"),
        ('{"branches": []}', "has no groups, image_size, latent"),
        (without_groups, "has no groups;"),
    ):
        (tmp_path / "m.json").write_text(broken)
        with pytest.raises(InputError, match=f"m.json: {why}"):
            serving.load(lite)


def test_a_tflite_does_not_wait_for_tensorflow(places):
    program = (
        "import sys, numpy as np\nfrom tf_homo import serving\n"
        f"morpher = serving.load({str(places['tflite'])!r})\n"
        "morpher.encode(np.zeros((2, 8, 8, 3), np.float32))\n"
        "sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True)

import json
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from export import parity, saved_model
from tests.fake_method import BRANCHES, SIZE, FakeMethod, images
from tf_homo import image_bytes, serving
from tf_homo.errors import InputError
from tf_homo.method import Signature


@pytest.fixture(scope="module")
def method():
    return FakeMethod()


@pytest.fixture(scope="module")
def exported(method, tmp_path_factory):
    return saved_model.export(method, tmp_path_factory.mktemp("out"))


def test_the_folder_holds_model_card_and_report(method, exported):
    assert exported.name == "1"
    assert json.loads((exported / "model.json").read_text()) == method.info()
    report = json.loads((exported / "parity.json").read_text())
    assert set(report["differences"]) == set(method.signatures())
    assert max(gap["largest"] for gap in report["differences"].values()) <= report["tolerance"] == 1e-4
    assert [p.name for p in exported.parent.iterdir()] == ["1"]


def test_the_card_of_a_restored_run_goes_along(tmp_path):
    method = FakeMethod()
    method.restored = {**method.info(), "data": "drawn", "step": 3}
    folder = saved_model.export(method, tmp_path)
    assert serving.load(folder).info == serving.live(method).info == method.restored


def test_signatures_have_the_names_and_shapes_of_the_table(exported):
    def shapes(specs):
        return {name: tuple(spec.shape) for name, spec in specs.items()}

    signatures = tf.saved_model.load(str(exported)).signatures
    image, latent, strength = (None, SIZE, SIZE, 3), (None, 2, 2, 8), (None, len(BRANCHES))
    table = {
        name: (shapes(f.structured_input_signature[1]), shapes(f.structured_outputs)) for name, f in signatures.items()
    }
    assert table == {
        "encode": ({"image": image}, {"latent": latent}),
        "interpolate": ({"source": latent, "target": latent, "strength": strength}, {"latent": latent}),
        "decode": ({"latent": latent}, {"image": image}),
        "serving_default": ({"source": image, "target": image, "strength": strength}, {"image": image}),
    }


def test_tensorflow_alone_loads_and_runs_it(method, exported, tmp_path):
    np.save(tmp_path / "image.npy", images(2))
    program = (
        "import sys, numpy as np, tensorflow as tf\n"
        f"encode = tf.saved_model.load({str(exported)!r}).signatures['encode']\n"
        "np.save('latent.npy', encode(image=tf.constant(np.load('image.npy')))['latent'])\n"
        "sys.exit('tf_homo' in sys.modules)"
    )
    subprocess.run([sys.executable, "-I", "-c", program], cwd=tmp_path, check=True, capture_output=True)
    np.testing.assert_allclose(np.load(tmp_path / "latent.npy"), method.encode(images(2)), atol=1e-5)


def test_only_what_the_signatures_read_is_kept(method, exported):
    kept = [
        shape for name, shape in tf.train.list_variables(str(exported / "variables" / "variables")) if "weights" in name
    ]
    assert len(kept) == len(method.variables) - len(method.critic.variables)
    assert [2 * 2 * 8, 1] not in kept


def test_versions_count_up_and_are_not_overwritten(method, tmp_path):
    (tmp_path / "7").mkdir()
    (tmp_path / "notes.txt").touch()
    assert saved_model.export(method, tmp_path).name == "8"
    with pytest.raises(InputError, match="--version=7 exists"):
        saved_model.export(method, tmp_path, version=7)


@pytest.mark.parametrize("place", ["file", "file/x"])
def test_a_place_that_cannot_be_made_is_named(method, tmp_path, place):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=f"--output_dir={tmp_path / place}: cannot be made"):
        saved_model.export(method, tmp_path / place)


def test_a_difference_above_tolerance_leaves_nothing(tmp_path):
    method = FakeMethod()
    live = serving.live(method)

    def shifted(loaded):
        method.high.layers[-1].bias.assign_add(np.ones(12))
        return live

    with pytest.MonkeyPatch.context() as patch, pytest.raises(parity.ExportError, match="decode .*serving_default"):
        patch.setattr(serving, "live", shifted)
        saved_model.export(method, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("off", [0, 3])
def test_signatures_on_bytes_paint_what_those_on_numbers_do(method, tmp_path, monkeypatch, off):
    found = method.signatures()

    def morph_jpeg(source, target, strength):
        pictures = [image_bytes.decode(photos, SIZE) for photos in (source, target)]
        image = found["serving_default"].function(*pictures, strength)["image"]
        return {"image_bytes": image_bytes.encode(image + off / 255)}

    photos = dict.fromkeys(("source", "target"), tf.TensorSpec((None,), tf.string))
    inputs = photos | {"strength": found["serving_default"].inputs["strength"]}
    monkeypatch.setattr(
        method, "signatures", lambda: found | {"morph_jpeg": Signature(morph_jpeg, inputs)}, raising=False
    )
    if off:
        with pytest.raises(parity.ExportError, match="morph_jpeg is 3/255 off serving_default; nothing was written"):
            saved_model.export(method, tmp_path)
        assert not list(tmp_path.iterdir())
    else:
        report = json.loads((saved_model.export(method, tmp_path) / "parity.json").read_text())
        assert report["steps_of_bytes"]["morph_jpeg"] <= 1


def test_a_crash_leaves_nothing(method, tmp_path, monkeypatch):
    monkeypatch.setattr(method, "info", lambda: {"no": object()}, raising=False)
    with pytest.raises(TypeError):
        saved_model.export(method, tmp_path)
    assert not list(tmp_path.iterdir())


def test_not_a_number_is_above_every_tolerance():
    method = FakeMethod()
    good = serving.live(method)
    bad_method = FakeMethod()
    bad_method.high.layers[-1].bias.assign(np.full(12, np.nan, np.float32))
    found = parity.differences(good, serving.live(bad_method))
    assert np.isnan(found["decode"]).all() and found["encode"] == (0, 0)
    with pytest.raises(parity.ExportError, match="decode nan"):
        parity.check(found, 1e9)


def test_all_pictures_are_asked_with_each_strength_alone_and_with_all(method):
    exported, pictures, asked = serving.live(method), images(20), []
    run = exported.calls["serving_default"].run
    exported.calls["serving_default"].run = lambda arrays: asked.append(arrays) or run(arrays)
    found = parity.differences(serving.live(method), exported, pictures=pictures)
    assert max(gap.largest for gap in found.values()) == 0
    source, target, strength = (np.concatenate([each[name] for each in asked]) for name in asked[0])
    for row in [*np.eye(len(BRANCHES)), np.ones(len(BRANCHES))]:
        chosen = (strength == row).all(axis=1)
        np.testing.assert_array_equal(source[chosen], pictures)
        np.testing.assert_array_equal(target[chosen], np.roll(pictures, -1, axis=0))
    assert len(strength) == len(pictures) * (len(BRANCHES) + 1)


def test_a_missing_signature_is_named(method):
    whole, part = serving.live(method), serving.live(method)
    del part.calls["interpolate"]
    with pytest.raises(parity.ExportError, match="lacks interpolate"):
        parity.differences(whole, part)


def test_a_runtime_that_fails_is_named(method):
    def refuse(arrays):
        raise RuntimeError("node 3 failed to prepare")

    broken = serving.live(method)
    broken.calls["decode"].run = refuse
    with pytest.raises(parity.ExportError, match=r"decode does not run on latent \(1, 2, 2, 8\): node 3"):
        parity.differences(serving.live(method), broken)


def test_an_answer_of_another_shape_is_named(method):
    broken = serving.live(method)
    run = broken.calls["decode"].run
    broken.calls["decode"].run = lambda arrays: run(arrays)[:1]
    with pytest.raises(parity.ExportError, match=r"decode gives \(1, 8, 8, 3\) for latent \(3, 2, 2, 8\)"):
        parity.differences(serving.live(method), broken)


def test_keras_variables_and_plain_ones_are_both_served(tmp_path):
    class Plain(FakeMethod):
        @property
        def variables(self):
            return [v.value if isinstance(v, keras.Variable) else v for v in super().variables]

    assert saved_model.export(Plain(), tmp_path).is_dir()

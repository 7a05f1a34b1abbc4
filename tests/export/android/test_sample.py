"""The app as files: they parse, they pin their versions, they ask of the model what it has. No Android SDK."""

import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import tree_sitter
import tree_sitter_kotlin
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.interpreter import Interpreter

from export.android import assets
from tf_homo import serving

APP = assets.FOLDER.parents[2]
ROOT = Path(__file__).parents[3]
KOTLIN = sorted((APP / "src/main/kotlin").rglob("*.kt"))
GRADLE = sorted(APP.glob("*.gradle.kts"))
CODE = "".join(path.read_text("utf-8") for path in KOTLIN)
(MORPHER,) = (path.read_text("utf-8") for path in KOTLIN if path.name == "Morpher.kt")
BUILD = (APP / "build.gradle.kts").read_text("utf-8")
MANIFEST = APP / "src/main/AndroidManifest.xml"
ANDROID = "{http://schemas.android.com/apk/res/android}"
CARRIED = serving.load()


# the files


def broken(text):
    """Whether the text is no Kotlin."""
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_kotlin.language()))
    return parser.parse(text.encode()).root_node.has_error


@pytest.mark.parametrize("path", KOTLIN + GRADLE, ids=lambda path: path.name)
def test_kotlin_parses(path):
    text = path.read_text("utf-8")
    assert not broken(text)
    assert broken(text.removesuffix("}\n") if text.endswith("}\n") else text + "}")


def test_the_activity_of_the_manifest_is_a_class_of_the_package():
    (activity,) = ElementTree.parse(MANIFEST).getroot().iter("activity")
    name = activity.get(f"{ANDROID}name")
    (namespace,) = re.findall(r'namespace = "([\w.]+)"', BUILD)
    assert set(re.findall(r"^package ([\w.]+)$", CODE, re.M)) == {namespace}
    assert f"class {name.removeprefix('.')} : Activity()" in CODE
    for path in KOTLIN:
        assert path.parent == APP / "src/main/kotlin" / namespace.replace(".", "/")


def test_the_app_asks_for_no_permission():
    names = {element.tag for element in ElementTree.parse(MANIFEST).iter()}
    assert "application" in names
    assert not [name for name in names if "permission" in name]


def loose(text):
    """What a build script asks for without saying which version exactly."""
    plugins = re.findall(r'^\s*id\("([\w.-]+)"\)(?: version "([^"]*)")?', text, re.M)
    libraries = [found.rpartition(":")[::2] for found in re.findall(r"\b(?:i|debugI)mplementation\((.*)\)", text)]
    asked = plugins + [(name, version.removesuffix('"')) for name, version in libraries]
    assert asked
    return [name for name, version in asked if not re.fullmatch(r"\d+(\.\d+)+", version)]


def test_versions_are_pinned():
    assert not loose(BUILD)
    wrapper = (APP / "gradle/wrapper/gradle-wrapper.properties").read_text("utf-8")
    assert re.search(
        r"^distributionUrl=https\\://services\.gradle\.org/distributions/gradle-[\d.]+-bin\.zip$", wrapper, re.M
    )


@pytest.mark.parametrize("version", ["2.+", "latest.release", "[2.0,3.0)", ""])
def test_what_is_not_pinned_is_seen(version):
    assert loose(re.sub(r"litert:[\d.]+", f"litert:{version}", BUILD))
    assert loose(BUILD.replace(' version "8.13.2"', f' version "{version}"' if version else ""))


def test_python_tests_on_the_runtime_that_the_app_ships():
    (shipped,) = re.findall(r'"com\.google\.ai\.edge\.litert:litert:([\d.]+)"', BUILD)
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert re.findall(r"^ai-edge-litert==(.+)$", lock, re.M) == [shipped]
    assert f"litert` {shipped}" in (APP / "README.md").read_text("utf-8")


# what they ask of the model


def asked_of_model(code):
    """{signature: (inputs, outputs)}, and of each the names that its runs hand over."""
    quoted = re.compile(r'"(\w+)"')
    made = re.findall(r'val (\w+) = Signature\(model, "(\w+)", listOf\((.*?)\), "(\w+)"\)', code)
    signatures = {name: (set(quoted.findall(inputs)), {output}) for _, name, inputs, output in made}
    variables = {variable: name for variable, name, _, _ in made}
    runs = {
        variables[v]: set(re.findall(r'"(\w+)" to ', given))
        for v, given in re.findall(r"(\w+)\.run\((.*)\)$", code, re.M)
        if v in variables
    }
    return signatures, runs


def had_by_model(names):
    listed = Interpreter(str(CARRIED.path)).get_signature_list()
    return {name: (set(listed[name]["inputs"]), set(listed[name]["outputs"])) for name in names if name in listed}


def test_signatures_and_tensors_are_those_of_the_model():
    signatures, runs = asked_of_model(MORPHER)
    assert set(signatures) == {"encode", "interpolate", "decode"}
    assert signatures == had_by_model(signatures)
    assert runs == {name: inputs for name, (inputs, _) in signatures.items()}


@pytest.mark.parametrize("name", ["encode", "interpolate", "decode", "image", "source", "strength", "latent"])
def test_another_name_is_seen(name):
    signatures, runs = asked_of_model(MORPHER.replace(f'"{name}"', f'"{name}s"', 1))
    wanted = {each: inputs for each, (inputs, _) in signatures.items()}
    assert signatures != had_by_model(signatures) or runs != wanted


def test_keys_are_those_of_the_card_and_branches_are_read_not_written():
    card = json.loads(CARRIED.path.with_suffix(".json").read_text("utf-8"))
    keys = {"branches": list, "image_size": int}
    getters = dict(re.findall(r'card\.get(\w+)\("(\w+)"\)', CODE))
    assert getters == {"JSONArray": "branches", "Int": "image_size"}
    assert all(isinstance(card[key], kind) for key, kind in keys.items())
    assert not [name for name in card["branches"] if re.search(rf'"[^"]*\b{name}\b[^"]*"', CODE)]


# what is put into it


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("app") / "assets"
    assets.write(folder)
    return folder


def test_the_assets_that_the_app_opens_are_written(written):
    opened = set(re.findall(r'"([\w$]+\.(?:json|tflite|png))"', CODE))
    assert {name.replace("$place", "0") for name in opened} | {"1.png"} == {path.name for path in written.iterdir()}
    assert json.loads((written / "morph.json").read_text("utf-8")) == CARRIED.info


def call(model, signature, output, size, **inputs):
    """What Signature.run does."""
    given = {name: model.create_input_buffer_by_name(signature, name) for name in inputs}
    for name, array in inputs.items():
        given[name].write(np.ascontiguousarray(array, np.float32))
    taken = model.create_output_buffer_by_name(signature, output)
    model.run_by_name(signature, given, {output: taken})
    return taken.read(size, np.float32)


def test_the_steps_of_the_app_paint_what_the_model_paints(written):
    """On the runtime and API that the app has, from flat arrays as in Kotlin."""
    model, info = CompiledModel.from_file(str(written / "morph.tflite")), CARRIED.info
    count, size, cells = len(info["branches"]), info["image_size"], int(np.prod(info["latent"]))
    rng = np.random.default_rng(0)
    images = rng.random((2, size, size, 3), np.float32)
    strength = rng.random((1, count), np.float32)
    start, goal = (call(model, "encode", "latent", cells, image=image.ravel()) for image in images)
    each = np.eye(count, dtype=np.float32).ravel()
    ends = call(model, "interpolate", "latent", count * cells, source=start, target=goal, strength=each)
    mixed = start + strength[0] @ (ends.reshape(count, cells) - start)
    frame = call(model, "decode", "image", size * size * 3, latent=mixed)
    source, target = CARRIED.encode(images)[:, None]
    expected = CARRIED.frames(source, target, strength)
    np.testing.assert_allclose(frame.reshape(expected.shape), expected, atol=1e-5)
    assert np.abs(frame.reshape(expected.shape) - CARRIED.decode(source)).max() > 0.01  # it went somewhere

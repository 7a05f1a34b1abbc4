"""The page as files: what it names is there, what it asks of the model is what the model has. No browser, no node."""

import base64
import hashlib
import json
import re
import threading
import urllib.request
from html.parser import HTMLParser

import numpy as np
import pytest

from export import fixed, saved_model, tflite
from export.parity import ExportError
from export.web import build, serve
from tests.fake_method import FakeMethod, images
from tf_homo import serving
from tf_homo.errors import InputError

PAGE = build.HERE / "page"
HTML = (PAGE / "index.html").read_text("utf-8")
CSS = (PAGE / "style.css").read_text("utf-8")
LAYOUT = (PAGE / "layout.css").read_text("utf-8")
MODULES = {path.name: path.read_text("utf-8") for path in sorted(PAGE.glob("*.js"))}


# the model


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A tiny .tflite that takes any number of rows."""
    folder = tmp_path_factory.mktemp("lite")
    tflite.export(saved_model.export(FakeMethod(), folder / "saved"), folder / "morph.tflite")
    return folder / "morph.tflite"


@pytest.fixture(params=["tiny", "carried"])
def pair(request, exported, tmp_path):
    """A model and the same with fixed shapes."""
    model = serving.load(exported if request.param == "tiny" else None)
    (tmp_path / "morph.tflite").write_bytes(fixed.fixed(model.path.read_bytes()))
    (tmp_path / "morph.json").write_text(json.dumps(model.info))
    return model, serving.load(tmp_path / "morph.tflite")


def test_no_shape_is_open_and_strength_has_a_row_for_each_branch(pair):
    model, page = pair
    count = len(model.info["branches"])
    for name, call in page.calls.items():
        for argument, shape in call.inputs.items():
            rows = count if (name, argument) == ("interpolate", "strength") else 1
            assert shape == (rows, *model.calls[name].inputs[argument][1:])


def test_fixed_shapes_change_no_value_and_no_other_byte(pair):
    model, page = pair
    before, after = (np.frombuffer(each.path.read_bytes(), np.uint8) for each in pair)
    assert len(before) == len(after)
    assert np.count_nonzero(before != after) < len(before) / 100
    size = model.info["image_size"]
    photos = np.random.default_rng(0).random((2, size, size, 3), np.float32)
    source, target = model.encode(photos)[:, None]
    each = np.eye(len(model.info["branches"]), dtype=np.float32)
    np.testing.assert_allclose(page.encode(photos[:1]), source, atol=1e-6)
    ends = model.interpolate(source, target, each)
    np.testing.assert_allclose(page.interpolate(source, target, each), ends, atol=1e-6)
    np.testing.assert_allclose(page.decode(ends[:1]), model.decode(ends[:1]), atol=1e-6)


def test_a_model_whose_pictures_have_no_size_is_refused(exported):
    content = bytearray(exported.read_bytes())
    graph = fixed.schema.Model.GetRootAs(content).Subgraphs(0)
    tensor = next(t for t in map(graph.Tensors, range(graph.TensorsLength())) if t.ShapeSignatureLength() == 4)
    tensor.ShapeSignatureAsNumpy()[1] = -1
    with pytest.raises(InputError, match="more than the rows is open"):
        fixed.fixed(bytes(content))


def test_a_model_for_a_fixed_number_of_rows_is_refused(tmp_path):
    tflite.export(saved_model.export(FakeMethod(batch=1), tmp_path / "saved"), tmp_path / "one.tflite")
    with pytest.raises(InputError, match="takes 1 rows, not any number"):
        fixed.fixed((tmp_path / "one.tflite").read_bytes())


# the build


@pytest.fixture
def libraries(tmp_path, monkeypatch):
    """node_modules with files of the right names."""
    for name in build.LIBRARIES.values():
        path = tmp_path / "here" / "node_modules" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "here" / "page").symlink_to(PAGE)
    monkeypatch.setattr(build, "HERE", tmp_path / "here")


@pytest.fixture
def faces(tmp_path):
    """Two pictures of the size of the tiny model."""
    files = [tmp_path / "a.png", tmp_path / "b.png"]
    for file, image in zip(files, images(2), strict=True):
        build.report.save_image(str(file), image)
    return [str(file) for file in files]


def test_the_page_has_all_it_needs_and_replaces_an_older_one(libraries, exported, faces, tmp_path):
    folder = tmp_path / "build" / "web"
    build.build(folder, exported, [*faces, *faces])
    build.build(folder, exported, faces)
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    own = {path.name for path in PAGE.iterdir()}
    made = {"morph.tflite", "morph.json", "faces.json", "faces/0.png", "faces/1.png"}
    assert names == own | made | set(build.LIBRARIES) | {"lib/litert.LICENSE"}
    assert json.loads((folder / "faces.json").read_text()) == {"faces": ["a", "b"]}
    assert json.loads((folder / "morph.json").read_text()) == FakeMethod().info()
    assert [path.name for path in folder.parent.iterdir()] == ["web"]


def test_a_page_of_another_version_is_replaced_with_what_strayed_beside_its_files(libraries, exported, faces, tmp_path):
    folder = tmp_path / "web"
    build.build(folder, exported, faces)
    wanted = sorted(folder.rglob("*"))
    for name in ("layout.css", "gif.js", "lib/litert.LICENSE"):  # files that older pages lack
        (folder / name).unlink()
    for name in (".DS_Store", "faces/.DS_Store", "app.js.gz", "lib/wasm/litert_wasm_threaded_internal.wasm"):
        (folder / name).touch()
    build.build(folder, exported, faces)
    assert sorted(folder.rglob("*")) == wanted


def test_a_page_beside_which_a_file_of_somebody_lies_is_left_alone(libraries, exported, faces, tmp_path):
    folder = tmp_path / "web"
    build.build(folder, exported, faces)
    (folder / "thesis.tex").touch()
    with pytest.raises(InputError, match=r"holds thesis\.tex, so it is .*; name another folder or delete it$"):
        build.build(folder, exported, faces)
    assert (folder / "thesis.tex").exists()


def test_the_libraries_bring_their_licenses(libraries, exported, faces, tmp_path):
    build.build(tmp_path / "web", exported, faces)
    litert = (tmp_path / "web" / "lib" / "litert.LICENSE").read_text("utf-8")
    assert litert.split()[:4] == ["Apache", "License", "Version", "2.0,"]
    assert re.findall(r"(?m)^ *Copyright .*", litert) == ["   Copyright [yyyy] [name of copyright owner]"]
    assert (tmp_path / "web" / "lib" / "gifenc.LICENSE.md").exists()


def test_without_libraries_the_mend_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "HERE", tmp_path)
    with pytest.raises(InputError, match="missing; fetch the page's libraries with `npm ci --prefix export/web`"):
        build.build(tmp_path / "web")


@pytest.mark.parametrize("names", [["thesis.tex"], ["index.html", "style.css"], ["faces/0.png"]])
def test_a_folder_of_something_else_is_left_alone(libraries, tmp_path, names):
    for name in names:
        (tmp_path / "web" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "web" / name).touch()
    with pytest.raises(InputError, match="so it is something else"):
        build.build(tmp_path / "web")
    assert all((tmp_path / "web" / name).exists() for name in names)


def test_what_has_no_branches_or_too_few_faces_is_refused(libraries, exported, faces, tmp_path):
    with pytest.raises(InputError, match=r"--faces=.*: give at least two"):
        build.build(tmp_path / "web", exported, faces[:1])
    with pytest.raises(InputError, match=r"is no \.tflite with decode, encode, interpolate"):
        build.build(tmp_path / "web", exported.parent / "saved" / "1", faces)
    assert not (tmp_path / "web").exists()


def test_a_path_that_is_no_sum_of_branches_is_refused(libraries, exported, faces, tmp_path, monkeypatch):
    load = serving.load

    def bent(path):
        model = load(path)
        interpolate = model.interpolate
        model.interpolate = lambda source, target, strength: interpolate(source, target, strength**2)
        return model

    monkeypatch.setattr(serving, "load", bent)
    with pytest.raises(ExportError, match="no sum of branches; nothing was written"):
        build.build(tmp_path / "build" / "web", exported, faces)
    assert not list((tmp_path / "build").iterdir())


def test_lock_pins_what_is_asked_for_and_names_no_other_registry():
    asked = json.loads((build.HERE / "package.json").read_text())["dependencies"]
    packages = json.loads((build.HERE / "package-lock.json").read_text())["packages"]
    for name, version in asked.items():
        assert packages[f"node_modules/{name}"]["version"] == version
    places = [each["resolved"] for each in packages.values() if "resolved" in each]
    assert not [place for place in places if not place.startswith("https://registry.npmjs.org/")]
    assert all("integrity" in each for name, each in packages.items() if name)


# the server


def test_files_have_the_types_that_browsers_insist_on(tmp_path):
    types = {".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json", ".html": "text/html"}
    for ending in types:
        (tmp_path / f"index{ending}").touch()
    with serve.server(tmp_path, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for ending, kind in types.items():
            with urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/index{ending}") as answer:
                assert answer.headers.get_content_type() == kind
        with pytest.raises(InputError, match=rf"--port={server.server_port}: address already in use; give another"):
            serve.server(tmp_path, server.server_port)
        server.shutdown()


def test_a_host_that_is_none_is_named(tmp_path):
    (tmp_path / "index.html").touch()
    with pytest.raises(InputError, match=r"--host=256\.0\.0\.1\.: .*; give an IPv4 address of this machine"):
        serve.server(tmp_path, 0, "256.0.0.1.")


def test_a_host_of_another_machine_is_named(tmp_path):
    (tmp_path / "index.html").touch()
    with pytest.raises(InputError, match=r"--host=192\.0\.2\.1: .*; give an IPv4 address of this machine"):
        serve.server(tmp_path, 0, "192.0.2.1")  # kept for documentation, so of no machine


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "localhost"), ("0.0.0.0", "localhost"), ("127.0.0.2", "127.0.0.2"), ("10.1.2.3", "10.1.2.3")],
)
def test_the_address_is_one_that_answers(host, shown):
    assert serve.address(host, 8000) == f"http://{shown}:8000"


def test_a_folder_without_a_page_is_not_served(tmp_path):
    with pytest.raises(InputError, match=r"has no index\.html; build the page"):
        serve.server(tmp_path, 0)


# the page


class Elements(HTMLParser):
    """All elements of the page, in order: [name, attributes, names and attributes of those around it, text]."""

    VOID = {"meta", "link", "img", "input"}

    def __init__(self):
        super().__init__()
        self.open, self.all = [], []
        self.feed(HTML)

    def handle_starttag(self, tag, attributes):
        element = (tag, dict(attributes), list(self.open), [])
        self.all.append(element)
        if tag not in self.VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        for element in self.open:
            element[3].append(data)


ELEMENTS = Elements()


def test_every_control_and_every_picture_has_a_name():
    controls = [element for element in ELEMENTS.all if element[0] in {"input", "button", "canvas", "fieldset"}]
    assert len(controls) >= 12
    for tag, attributes, around, text in controls:
        if tag == "input":
            (label,) = [each for each in around if each[0] == "label"]
            image = [each for each in ELEMENTS.all if label in each[2] and each[0] == "img"]
            filled = [each for each in ELEMENTS.all if label in each[2] and each[1].get("class") == "name"]
            assert "".join(label[3]).strip() or image or filled, attributes
        elif tag == "canvas":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
        elif tag == "fieldset":
            assert [each for each in ELEMENTS.all if each[0] == "legend" and any(e[1] is attributes for e in each[2])]
        else:
            assert "".join(text).strip()
    (status,) = [attributes for _, attributes, _, _ in ELEMENTS.all if attributes.get("id") == "status"]
    assert status["role"] == "status"


def test_what_the_modules_look_for_is_in_the_page():
    ids = {attributes["id"] for _, attributes, _, _ in ELEMENTS.all if "id" in attributes}
    asked = {name for text in MODULES.values() for name in re.findall(r'(?:\bat|getElementById)\("([\w-]+)"\)', text)}
    assert asked
    assert asked <= ids
    sides = {f"{side}{part}" for side in ("source", "target") for part in ("", "-faces", "-file")}
    assert sides <= ids


def test_signatures_and_inputs_are_those_of_the_model():
    model = serving.load()
    calls = re.findall(r'run\("(\w+)", \{(.*?)\}\)', MODULES["morpher.js"], re.S)
    asked = {name: set(re.findall(r"(\w+): \[\w+, \[", inputs)) for name, inputs in calls}
    assert set(asked) == fixed.SIGNATURES
    assert asked == {name: set(model.calls[name].inputs) for name in asked}
    fields = set(re.findall(r"\binfo\.(\w+)", "".join(MODULES.values())))
    assert fields == {"branches", "groups", "image_size", "latent"}
    assert fields <= set(model.info)


def test_branches_are_read_and_never_written_out():
    """So that a user's own model shows its own."""
    text = HTML + "".join(MODULES.values())
    assert not [name for name in serving.load().info["branches"] if f'"{name}"' in text]


def test_nothing_is_fetched_from_another_host():
    text = HTML + CSS + LAYOUT + "".join(MODULES.values())
    addresses = re.findall(r"(?:https?:)?//[\w.-]+\.\w+|url\([^)]*\)|@import", text)
    assert not addresses
    icon = (PAGE / "icon.svg").read_text("utf-8")
    assert re.findall(r"https?://[^\"]+", icon) == ["http://www.w3.org/2000/svg"]


def test_the_policy_forbids_what_the_page_does_not_need():
    (policy,) = [a["content"] for _, a, _, _ in ELEMENTS.all if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.split(maxsplit=1) for rule in policy.split("; "))
    assert rules.pop("default-src") == "'none'"
    hosts = [source for rule in rules.values() for source in rule.split() if not source.startswith("'")]
    assert hosts == ["blob:"]
    assert rules["connect-src"] == "'self'"
    inline = re.search(r'<script type="importmap">(.*?)</script>', HTML, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
    assert rules["script-src"].split() == ["'self'", "'wasm-unsafe-eval'", f"'sha256-{digest}'"]


def test_modules_import_what_the_page_has():
    places = json.loads(re.search(r'<script type="importmap">(.*?)</script>', HTML, re.S)[1])["imports"]
    assert {place.removeprefix("./") for place in places.values()} <= set(build.LIBRARIES)
    for text in MODULES.values():
        for name in re.findall(r'(?:from |import\()"([^"]+)"', text):
            assert name in places or name.removeprefix("./") in MODULES


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(scheme):
    """The contrast that WCAG 2.2 asks for: 4.5 to 1 for text, 3 to 1 for borders of controls."""
    blocks = re.findall(r":root \{(.*?)\}", CSS, re.S)
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w{6});", block)) for block in blocks)
    colours = light if scheme == "light" else {**light, **dark}

    def luminance(name):
        value = np.array([int(colours[name][i : i + 2], 16) for i in (1, 3, 5)]) / 255
        return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)

    wanted = [(ink, ground, 4.5) for ink in ("ink", "soft", "wrong") for ground in ("paper", "card")]
    wanted += [("ink", "warm", 4.5), ("on-accent", "accent", 4.5), ("accent", "card", 3), ("edge", "card", 3)]
    for ink, ground, least in wanted:
        high, low = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (high + 0.05) / (low + 0.05) >= least, (ink, ground)

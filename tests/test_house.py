"""The project's own rules, checked on its files: nothing here runs the package."""

import ast
import importlib.metadata
import re
import runpy
import sys
from pathlib import Path

import pytest
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

import tf_homo

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("tf_homo", "export", "benchmarks", "tests")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py")) + [ROOT / "setup.py"]
CONFIGS = sorted((ROOT / "configs").glob("**/*.cfg"))
PAGES = sorted(ROOT.glob("*.md"))
DEPLOYED = {".js", ".html", ".kt", ".md", ".sh", ".json", ".yaml", ".yml", ".config"}
OTHERS = [
    path
    for path in sorted((ROOT / "export").rglob("*"))
    if path.suffix in DEPLOYED and "node_modules" not in path.parts
]
TEXTS = [*SOURCES, *CONFIGS, *PAGES, *OTHERS, ROOT / "Makefile", ROOT / ".ci" / "run", ROOT / "pyproject.toml"]


def name(path):
    return str(path.relative_to(ROOT))


def read(file):
    return (ROOT / file).read_text(encoding="utf-8")


def requirements(texts):
    return [Requirement(text) for text in texts if text and not text.startswith("#")]


def packages(texts):
    return {canonicalize_name(each.name) for each in requirements(texts)}


@pytest.fixture(scope="module")
def setup_arguments():
    """What setup.py hands to setuptools."""
    seen = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("setuptools.setup", seen.update)
        patch.setattr(sys, "argv", ["setup.py"])
        runpy.run_path(str(ROOT / "setup.py"))
    return seen


@pytest.fixture(scope="module")
def pins():
    """Package name -> version, from requirements.lock."""
    lock = requirements(read("requirements.lock").splitlines())
    loose = [str(each) for each in lock if not re.fullmatch(r"==[^*]+", str(each.specifier))]
    assert not loose, f"requirements.lock must pin with ==: {loose}"
    return {canonicalize_name(each.name): next(iter(each.specifier)).version for each in lock}


@pytest.fixture(scope="module")
def wanted(setup_arguments):
    """The requirements that requirements.lock answers: those of tf-homo[all,dev]."""
    extras = setup_arguments["extras_require"]
    return requirements(setup_arguments["install_requires"] + extras["all"] + extras["dev"])


# versions


def test_version_is_the_same_everywhere(setup_arguments):
    assert setup_arguments["version"] == tf_homo.__version__
    assert f"\n## [{tf_homo.__version__}]" in read("CHANGELOG.md")
    assert f"\nversion: {tf_homo.__version__}\n" in read("CITATION.cff")


def test_changelog_has_room_for_the_next_change():
    headings = re.findall(r"^## \[(.+?)\]", read("CHANGELOG.md"), re.M)
    assert headings[0] == "Unreleased"
    assert headings[1:] == sorted(headings[1:], key=Version, reverse=True)


# requirements


def test_lock_lies_inside_the_ranges(wanted, pins):
    for each in wanted:
        pinned = pins.get(canonicalize_name(each.name))
        assert pinned, f"requirements.lock lacks {each.name}; run `make lock`"
        assert each.specifier.contains(pinned), f"requirements.lock has {each.name} {pinned}, setup.py asks for {each}"


def test_lock_is_closed_under_requirements(wanted, pins):
    """What a pinned package requires is pinned, at a version it accepts; and nothing is pinned that nobody requires."""
    waiting, done = list(wanted), set()
    while waiting:
        each = waiting.pop()
        key = canonicalize_name(each.name)
        assert key in pins, f"{each} is required and not pinned; run `make lock`"
        assert each.specifier.contains(pins[key], prereleases=True), f"{each} is required, {pins[key]} is pinned"
        if (key, frozenset(each.extras)) in done:
            continue
        done.add((key, frozenset(each.extras)))
        environments = [{**default_environment(), "extra": extra} for extra in (each.extras or {""})]
        for inner in requirements(importlib.metadata.requires(each.name) or []):
            if inner.marker is None or any(inner.marker.evaluate(environment) for environment in environments):
                waiting.append(inner)
    stray = set(pins) - {key for key, _ in done}
    assert not stray, f"nothing requires {sorted(stray)}"


def test_all_is_every_extra_that_installs_beside_the_rest(setup_arguments):
    extras = setup_arguments["extras_require"]
    apart = {"all", "dev", "gpu", "addons"}
    assert set(extras["all"]) == {text for extra, texts in extras.items() if extra not in apart for text in texts}


def test_addons_environment_is_what_the_extra_names(setup_arguments):
    (addons,) = requirements(setup_arguments["extras_require"]["addons"])
    environment = {each.name: each for each in requirements(read("requirements-addons.txt").splitlines())}
    assert environment["tensorflow-addons"].specifier == addons.specifier
    (default,) = (each for each in requirements(setup_arguments["install_requires"]) if each.name == "tensorflow")
    (older,) = environment["tensorflow"].specifier
    assert not default.specifier.contains(older.version), "the two environments could be one"


def test_supported_pythons_agree(setup_arguments):
    supported = SpecifierSet(setup_arguments["python_requires"])
    minors = [minor for minor in range(30) if supported.contains(f"3.{minor}.0")]
    listed = [text for text in setup_arguments["classifiers"] if "Python :: 3." in text]
    assert listed == [f"Programming Language :: Python :: 3.{minor}" for minor in minors]
    assert f"(3, {minors[0]}) <= sys.version_info[:2] <= (3, {minors[-1]})" in read("Makefile")
    assert f'target-version = "py3{minors[0]}"' in read("pyproject.toml")


def imports(tree, in_functions):
    """The outermost names of everything that code imports; without `in_functions`, of what runs when it is imported."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]
        elif in_functions or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from imports(node, in_functions)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_are_declared(room, setup_arguments):
    """What the package imports is required by name, not found by luck because something else brought it along.

    What an extra brings may be imported in functions only: without the extra, the rest of the package works.
    """
    always, extras = setup_arguments["install_requires"], setup_arguments["extras_require"]
    everywhere = always + extras["all"]
    if room in {"tests", "benchmarks"}:
        always = everywhere = everywhere + extras["dev"] + extras["addons"]
    known = importlib.metadata.packages_distributions()
    for path in (path for path in SOURCES if ROOT / room in path.parents):
        tree = ast.parse(read(path))
        for in_functions, declared in ((False, packages(always)), (True, packages(everywhere))):
            for module in sorted(set(imports(tree, in_functions)) - set(sys.stdlib_module_names) - set(ROOMS)):
                owners = {canonicalize_name(owner) for owner in known.get(module, [module])}
                assert owners & declared, (
                    f"{name(path)} imports {module}, which setup.py does not name or only an extra"
                )


def test_what_training_writes_its_summaries_with_is_required(setup_arguments):
    """tf.summary imports tensorboard, which tensorflow does not require."""
    assert "tensorboard" in packages(setup_arguments["install_requires"])


# files


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_file_is_short_enough_to_say_one_thing(path):
    lines = len(read(path).splitlines())
    assert lines <= 400, f"{name(path)} has {lines} lines; split it"


def test_every_folder_of_code_is_a_package():
    """setup.py installs only what has an __init__.py."""
    folders = {path.parent for path in SOURCES if name(path).startswith(("tf_homo", "export"))}
    assert not [name(folder) for folder in folders if not (folder / "__init__.py").exists()]


def test_nothing_is_left_open():
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    found = [f"{name(path)}: {hit[0]}" for path in TEXTS for hit in mark.finditer(read(path))]
    assert not found


def test_no_path_of_one_machine():
    path_of_a_machine = re.compile(r"(?<![\w.~}])/(?:work|home|root|Users|mnt)/\w")
    found = [
        f"{name(path)}: {line.strip()}"
        for path in TEXTS
        for line in read(path).splitlines()
        if path_of_a_machine.search(line)
    ]
    assert not found


def module_file(module):
    """The file that `python -m module` runs."""
    path = ROOT / module.replace(".", "/")
    return path / "__main__.py" if path.is_dir() else path.with_suffix(".py")


@pytest.mark.parametrize("path", [ROOT / "Makefile", *CONFIGS, *PAGES], ids=name)
def test_what_a_file_names_exists(path):
    """Every program and every flagfile in a command that the reader is told to run."""
    text = read(path)
    programs = set(re.findall(r"-m ((?:tf_homo|export|benchmarks)[\w.]*\w)", text))
    flagfiles = set(re.findall(r"--flagfile=(configs/[\w./-]+\.cfg)", text))
    missing = [program for program in programs if not module_file(program).exists()]
    missing += [flagfile for flagfile in flagfiles if not (ROOT / flagfile).exists()]
    assert not missing, f"{name(path)} names what is not there: {missing}"


def test_make_targets_in_the_pages_exist():
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.M))
    for page in PAGES:
        code = "\n".join(re.findall(r"^```.*?^```|`[^`\n]+`", read(page), re.M | re.S))
        asked = set(re.findall(r"(?:^|`|&& )make ([a-z-]+)", code, re.M))
        assert asked <= targets, f"{page.name} names {sorted(asked - targets)}, which the Makefile lacks"


@pytest.mark.parametrize("page", ["README.md", "BUILD.md"])
def test_the_environment_is_entered_before_the_first_program(page):
    before, program, _ = read(page).partition("python -m ")
    assert program
    assert ". .venv/bin/activate" in before


def test_there_are_configs():
    assert ROOT / "configs" / "demo.cfg" in CONFIGS


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_config_opens_like_a_lab_record(path):
    """Its first lines are comments: command, hardware, time, what was measured. Then one flag a line."""
    lines = read(path).splitlines()
    opening = lines[: next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))]
    fields = dict(re.findall(r"^# *(Command|Hardware|Time|Measured): *(\S.*)$", "\n".join(opening), re.M))
    assert list(fields) == ["Command", "Hardware", "Time", "Measured"]
    assert f"--flagfile={name(path)}" in fields["Command"]
    assert not [field for field, text in fields.items() if "?" in text]
    for line in lines[len(opening) :]:
        assert re.fullmatch(r"--\w+(=.*)?|#.*|\s*", line), f"not a flag: {line!r}"


def test_the_map_names_every_file_of_the_package():
    rows = "".join(line.split("|")[1] for line in read("BUILD.md").splitlines() if line.startswith("| `"))
    named = {Path(file).name for file in re.findall(r"`([^`]*\.py)`", rows)}
    files = {path.name for room in ("tf_homo", "export") for path in (ROOT / room).rglob("*.py")} - {"__init__.py"}
    assert files - named - {path.name for path in (ROOT / "export").glob("*/*.py")} == set()

"""Puts the page together: page/, the libraries, a model, a few faces. The folder can lie on any web server.

    npm ci --prefix export/web
    python -m export.web.build --output_dir=build/web [--model=morph.tflite] [--faces=a.jpg,drawn_faces:3]

`make web` does both and serves it. The folder appears whole or not at all; a page in its place, of any version, is
replaced, anything else is left alone.
"""

import shutil
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from absl import flags

from export import fixed, parity
from tf_homo import files, photos, report
from tf_homo.errors import InputError

HERE = Path(__file__).parent
FACES = [f"{photos.DRAWN}{index}" for index in (3, 27, 14, 21, 1, 8)]
MADE = {"morph.tflite", "morph.json", "faces.json", "faces/[0-9]*.png"}
MARKS = {"index.html", "morph.tflite", "faces.json"}  # what a page of any version has
_RUNTIME = "@litertjs/core/wasm/litert_wasm"
LIBRARIES = {  # where they lie in the page: where they lie in node_modules
    "lib/litert.js": "@litertjs/core/dist/index.js",
    "lib/litert_wasm_utils.js": "@litertjs/wasm-utils/dist/index.js",
    "lib/gifenc.js": "gifenc/dist/gifenc.esm.js",
    "lib/gifenc.LICENSE.md": "gifenc/LICENSE.md",
    # With relaxed SIMD and without: LiteRT.js loads the one that the browser can run.
    **{
        f"lib/wasm/litert_wasm{kind}_internal.{ending}": f"{_RUNTIME}{kind}_internal.{ending}"
        for kind in ("", "_compat")
        for ending in ("js", "wasm")
    },
}


def build(output_dir: Path, model: Path | None = None, faces: Sequence[str] = FACES) -> None:
    """Writes the page for `model`, by default the carried one; `faces` are what `photos.source` reads, at least two.

    Raises:
      InputError: the model or a face cannot be read, the model is no .tflite with branches, libraries are missing, or
        output_dir holds something else than a page.
      ExportError: the model with fixed shapes, its branches added up, paints another picture than the model.
    """
    if len(faces) < 2:
        raise InputError(f"--faces={','.join(faces)}: give at least two, for instance {','.join(FACES[:2])}")
    libraries = {place: _library(name) for place, name in LIBRARIES.items()}
    # Of libraries any file may be there: other versions have others.
    names = {path.name for path in (HERE / "page").iterdir()} | MADE | {"lib/*", "lib/wasm/*"}
    with files.whole_folder("output_dir", output_dir, names, MARKS) as partial:
        morpher = fixed.load(model)
        images = [photos.source(face, morpher.info["image_size"], crop="center") for face in faces]
        shutil.copytree(HERE / "page", partial, dirs_exist_ok=True)
        for place, library in libraries.items():
            (partial / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(library, partial / place)
        (partial / "lib" / "litert.LICENSE").write_text(_apache_license(), "utf-8")
        fixed.write(morpher, partial, images)
        (partial / "faces").mkdir()
        for number, image in enumerate(images):
            report.save_image(str(partial / "faces" / f"{number}.png"), image)
        files.write_json(partial / "faces.json", {"faces": [_name(face) for face in faces]})


def _library(name: str) -> Path:
    path = HERE / "node_modules" / name
    if not path.exists():
        raise InputError(f"{path}: missing; fetch the page's libraries with `npm ci --prefix export/web`")
    return path


def _apache_license() -> str:
    """The text of LiteRT's license, which its package lacks: tf_homo is under the same one."""
    root = Path(__file__).parents[2]
    if (root / "setup.py").exists():
        return (root / "LICENSE").read_text("utf-8")
    return metadata.distribution("tf-homo").read_text("licenses/LICENSE")


def _name(face: str) -> str:
    """What a reader of the screen hears: drawn_faces:3 is "drawn face 3", a file is its name."""
    return f"drawn face {face.removeprefix(photos.DRAWN)}" if face.startswith(photos.DRAWN) else Path(face).stem


def _define_flags() -> None:
    flags.DEFINE_string("output_dir", None, "where the page goes", required=True)
    flags.DEFINE_string("model", None, "a .tflite with its .json beside it; default: the one carried along")
    flags.DEFINE_list("faces", FACES, "pictures to begin with: files, or drawn_faces:3 for drawn examples")


def main(argv: list[str]) -> None:
    """Builds what the flags name and prints the folder with its size."""
    del argv
    given = flags.FLAGS
    folder = Path(given.output_dir)
    build(folder, Path(given.model) if given.model else None, given.faces)
    print(f"{folder}: {sum(each.stat().st_size for each in folder.rglob('*') if each.is_file()) / 1e6:.1f} MB")


if __name__ == "__main__":
    _define_flags()
    parity.run(main)

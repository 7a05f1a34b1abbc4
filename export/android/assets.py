"""Puts a model and two pictures into the Android app: morph.tflite, morph.json, 0.png, 1.png.

    python -m export.android.assets [--model=morph.tflite] [--faces=a.jpg,drawn_faces:3]

They go to export/android/src/main/assets, from where the build takes them. The folder appears whole or not at all;
older assets in its place are replaced, anything else is left alone.
"""

from collections.abc import Sequence
from pathlib import Path

from absl import flags

from export import fixed, parity
from tf_homo import files, photos, report
from tf_homo.errors import InputError

FOLDER = Path(__file__).parent / "src" / "main" / "assets"
NAMES = ("morph.tflite", "morph.json", "0.png", "1.png")
FACES = [f"{photos.DRAWN}{index}" for index in (3, 8)]


def write(output_dir: Path = FOLDER, model: Path | None = None, faces: Sequence[str] = FACES) -> None:
    """Writes the assets for `model`, by default the carried one; `faces` are two that `photos.source` reads.

    Raises:
      InputError: the model or a face cannot be read, the model is no .tflite with branches, or output_dir holds
        something else than assets of this app.
      ExportError: the model with fixed shapes, its branches added up, paints another picture than the model.
    """
    if len(faces) != 2:
        raise InputError(f"--faces={','.join(faces)}: give two, for instance {','.join(FACES)}")
    with files.whole_folder("output_dir", output_dir, NAMES) as partial:
        morpher = fixed.load(model)
        images = [photos.source(face, morpher.info["image_size"], crop="center") for face in faces]
        fixed.write(morpher, partial, images)
        for number, image in enumerate(images):
            report.save_image(str(partial / f"{number}.png"), image)


def _define_flags() -> None:
    flags.DEFINE_string("output_dir", str(FOLDER), "where the assets go")
    flags.DEFINE_string("model", None, "a .tflite with its .json beside it; default: the one carried along")
    flags.DEFINE_list("faces", FACES, "two pictures to begin with: files, or drawn_faces:3 for drawn examples")


def main(argv: list[str]) -> None:
    """Writes what the flags name and prints the folder."""
    del argv
    given = flags.FLAGS
    write(Path(given.output_dir), Path(given.model) if given.model else None, given.faces)
    print(given.output_dir)


if __name__ == "__main__":
    _define_flags()
    parity.run(main)

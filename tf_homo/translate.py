"""Translates a picture by a system that learned from pairs: a label map becomes a photo, for instance.

    python -m tf_homo.translate --model=RUN_OR_SAVED_MODEL_OR_TFLITE --source=labels.png --out=photo.png

A run folder takes pictures of any size: what its network cannot halve often enough is padded by its mirror image and
cropped back. A SavedModel and a .tflite, and with --noise_seed a run, take their own size, to which a square picture is
scaled.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image

from tf_homo import errors, photos, report, serving
from tf_homo.metrics import translation

ENDINGS = (".png", ".jpg", ".jpeg", ".webp")


def translated(model: str, source: str, longest: int, noise_seed: int | None = None) -> np.ndarray:
    """What the model in `model` makes of the picture file `source`, (H, W, 3) float32 in [0, 1].

    Args:
      longest: a larger picture is scaled until its longer side has so many pixels.
      noise_seed: of the noise of the dropout, by default none; with it a run, too, takes its own size.

    Raises:
      InputError: no such model or picture, a model that learned from no pairs, one that takes no noise or, at the
        model's own size, a picture that is not square.
    """
    image = photos.decode(source).image  # before TensorFlow is waited for
    if noise_seed is None and (Path(model) / "checkpoints").is_dir():
        return _live(model)(_within(image, longest))
    exported = serving.paired(model)
    square = photos.fitted(image, source, exported.info["image_size"])
    return translation.translated(exported, square[None], noise_seed=noise_seed)[0]


def _live(run_dir: str) -> Callable[[np.ndarray], np.ndarray]:
    errors.import_tensorflow()
    import tensorflow as tf

    from tf_homo.trainer import restore

    method = restore(run_dir)
    if not method.paired:
        raise serving.not_paired(run_dir)
    return lambda image: method.translate(tf.constant(image[None]))[0].numpy()


def _within(image: Image.Image, longest: int) -> np.ndarray:
    share = min(1.0, longest / max(image.size))
    if share < 1:
        image = image.resize([max(1, round(share * side)) for side in image.size], Image.Resampling.LANCZOS)
    return np.asarray(image, np.float32) / 255


def main(_: list[str]) -> None:
    """Translates what the flags name."""
    given = flags.FLAGS
    report.check_output(given.out, ENDINGS, [given.source])
    report.save_image(given.out, translated(given.model, given.source, given.longest, given.noise_seed))
    print(given.out)


def _define_flags() -> None:
    flags.DEFINE_string("model", None, "run folder, SavedModel or .tflite", required=True)
    flags.DEFINE_string("source", None, "the picture to translate, a file", required=True)
    flags.DEFINE_string("out", None, f"the file to write: {', '.join(ENDINGS)}", required=True)
    flags.DEFINE_integer("longest", 1024, "scale larger pictures until the longer side has so many pixels", 1)
    flags.DEFINE_integer("noise_seed", None, "dropout at work, with this noise, of models with --test_dropout", 0)


if __name__ == "__main__":
    _define_flags()
    errors.run(main)

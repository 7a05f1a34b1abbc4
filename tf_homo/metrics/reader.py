"""Who reads the attributes: a small network of its own that sees an image and says how strong each attribute is.

It shares nothing with what training uses: other faces (seed 1,000,003), other layers, other weights than the
classifier that a run may train for itself. It is carried ready-made in tf_homo/pretrained/reader_64. To make it again
(twenty minutes or more):

    python -m tf_homo.metrics.reader --output_dir=runs/reader_64
"""

import json
import os
import zipfile
from pathlib import Path

import numpy as np
from absl import flags

from tf_homo import errors, files, report
from tf_homo.data import drawing, drawn_faces
from tf_homo.errors import InputError
from tf_homo.metrics.descent import descend

CARRIED = Path(__file__).parents[1] / "pretrained" / "reader_64"
SEED = 1_000_003  # of its faces: no training of a system may use it
SIZE = 64
FEATURES = "reader_64"

_OUT = flags.DEFINE_string("output_dir", None, "Folder to write.", allow_override=True)
_EXAMPLES = flags.DEFINE_integer("reader_examples", 20_000, "Faces to train on, in each of two rounds.", lower_bound=64)
_STEPS = flags.DEFINE_integer(
    "reader_steps", 2_000, "Steps of 64 faces; twice as many in the first round.", lower_bound=1
)


class Reader:
    """Reads images.

    Attributes:
      about: reader.json: its name, seed, examples, steps, and its mean absolute error on faces it has not seen.
      attributes: what it reads.
    """

    def __init__(self, network, about: dict):
        import tensorflow as tf

        self.about, self.attributes = about, tuple(about.get("attributes") or drawing.ATTRIBUTES)
        self._call = tf.function(
            lambda image: network(_fit(image), training=False),
            input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32)],
        )

    def read(self, images: np.ndarray, batch: int = 64) -> tuple[np.ndarray, np.ndarray]:
        """Images (N, S, S, 3), float in [0, 1] or uint8, of any size.

        Returns:
          strengths (N, K), in the order of `attributes`; not clipped to [0, 1], or a path would flatten at its ends.
          features (N, D): means over the picture of two inner layers, for distances between sets.
        """
        parts = [self._call(report.to_unit(images[i : i + batch])) for i in range(0, max(len(images), 1), batch)]
        strengths, features = zip(*parts, strict=True)
        return np.concatenate(strengths), np.concatenate(features)


def load(folder: str | os.PathLike = CARRIED) -> Reader:
    """The reader kept in a folder; by default the one carried along.

    Raises:
      InputError: reader.npz or reader.json is missing or of another network.
    """
    folder = Path(folder)
    try:
        about = json.loads((folder / "reader.json").read_text("utf-8"))
        if not isinstance(about, dict) or "name" not in about:
            raise ValueError("reader.json names none")
        with open(folder / "reader.npz", "rb") as file, np.load(file) as kept:  # np.load leaves what it opens open
            weights = [kept[name].astype(np.float32) for name in kept.files]
        network = build(len(about.get("attributes") or drawing.ATTRIBUTES))
        network.set_weights(weights)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"{error.filename}: missing; make it with python -m tf_homo.metrics.reader, or of photos with "
            f"tf_homo.metrics.photo_reader, --output_dir={folder}"
        ) from None
    except (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{folder}: is no reader of this version ({str(error)[:120]}); make it again") from error
    return Reader(network, about)


def build(attributes: int = len(drawing.ATTRIBUTES)):
    """The network: images (B, 64, 64, 3) in [0, 1] -> strengths (B, K), features (B, 144).

    The last map is kept at 8x8 cells: small things (a wave in the hair, the tip of a nose) are lost in a coarser one.
    ELU in place of ReLU learned about twice as fast here.
    """
    import keras
    from keras import layers

    def block(x, channels, kernel=3, strides=1):
        x = layers.Conv2D(channels, kernel, strides, padding="same", use_bias=False)(x)
        return layers.ELU()(layers.BatchNormalization(momentum=0.9)(x))

    image = keras.Input((SIZE, SIZE, 3))
    x = block(layers.Rescaling(2.0, -1.0)(image), 24, strides=2)  # (B, 32, 32, 24)
    fine = block(block(x, 48, strides=2), 48)  # (B, 16, 16, 48)
    coarse = block(block(fine, 96, strides=2), 96)  # (B, 8, 8, 96)
    x = layers.Flatten()(block(coarse, 32, kernel=1))
    strengths = layers.Dense(attributes)(layers.Dense(128, activation="elu")(x))
    pooled = [layers.GlobalAveragePooling2D()(part) for part in (fine, coarse)]
    return keras.Model(image, [strengths, layers.Concatenate()(pooled)], name=FEATURES)


def faces(count: int, size: int, split: str, seed: int = SEED, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Images uint8 (N, S, S, 3) and strengths (N, 18). Every second face stands somewhere between two drawn ones, as a
    path does.
    """
    images = np.empty((count, size, size, 3), np.uint8)
    strengths = np.empty((count, len(drawing.ATTRIBUTES)), np.float32)
    for i in range(count):
        face = drawn_faces.face(first + i, seed, split)
        if i % 2:
            other = drawn_faces.face(first + i - 1, seed, split).strengths
            way = np.random.default_rng([seed, first + i]).random(dtype=np.float32)
            face = face.with_strengths(face.strengths + way * (other - face.strengths))
        images[i], strengths[i] = drawing.render(face, size).image, face.strengths
    return images, strengths


def train(
    network,
    images: np.ndarray,
    strengths: np.ndarray,
    steps: int,
    rate: float,
    weights=1.0,
    batch: int = 64,
    likely: bool = False,
):
    """Trains the network on faces, half of them mirrored and a third softened a little, as decoders do.

    `weights` of the attributes. `likely`: labels are yes or no, and sometimes wrong: squares, whose best guess is how
    likely a yes is.
    """
    import tensorflow as tf

    from tf_homo.optimizers import Muon

    order = np.random.default_rng(SEED)

    def draw():
        rows = order.integers(0, len(images), batch)
        return images[rows], strengths[rows]

    def loss(image, truth):
        error = network(_varied(tf.cast(image, tf.float32) / 255.0), training=True)[0] - truth
        # quadratic for small errors: an absolute error learns the median, which jumps where the network is unsure
        bent = tf.where(tf.abs(error) < 0.1, 5.0 * error**2, tf.abs(error) - 0.05)
        return tf.reduce_mean(weights * (error**2 if likely else bent))

    descend(network, loss, draw, Muon(rate, final=0.05).build(steps), steps)


def mean_errors(reader: Reader, size: int, count: int) -> np.ndarray:
    """Mean absolute error (18,) on faces that it was not trained on, drawn at `size` pixels."""
    images, strengths = faces(count, size, "test")
    return np.abs(np.clip(reader.read(images)[0], 0, 1) - strengths).mean(0, np.float64)


def save(network, about: dict, folder: Path) -> None:
    """Writes reader.npz (float16: half the size, and the reading changes by less than 0.002) and reader.json."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {f"{i:02}": value.astype(np.float16) for i, value in enumerate(network.get_weights())}
    with files.whole(folder / "reader.npz") as partial:
        np.savez_compressed(partial, **weights)
    files.write_json(folder / "reader.json", about)


def _fit(image):
    """To 64 pixels a side: by area where there are more, bicubic where there are fewer."""
    import tensorflow as tf

    side = tf.shape(image)[1]
    method = lambda name: lambda: tf.image.resize(image, (SIZE, SIZE), name)  # noqa: E731
    return tf.ensure_shape(
        tf.cond(side == SIZE, lambda: image, lambda: tf.cond(side > SIZE, method("area"), method("bicubic"))),
        (None, SIZE, SIZE, 3),
    )


def _varied(image):
    import tensorflow as tf

    count = tf.shape(image)[0]
    image = tf.where(tf.random.uniform((count, 1, 1, 1)) < 0.5, image, image[:, :, ::-1])
    share = tf.maximum(tf.random.uniform((count, 1, 1, 1), -2.0, 1.0), 0.0)
    return image + share * (tf.nn.avg_pool2d(image, 3, 1, "SAME") - image)


def main(_: list[str]) -> None:
    """Draws, trains, measures, writes. A second round gives most weight to what the first one reads worst."""
    import keras

    if not _OUT.value:
        raise InputError("--output_dir is missing: name the folder to write, for instance --output_dir=runs/reader_64")
    folder, count = files.output_folder("output_dir", _OUT.value), _EXAMPLES.value
    keras.utils.set_random_seed(SEED)
    network = build()
    print(f"drawing {count} faces")
    images, strengths = faces(count, SIZE, "train")
    train(network, images, strengths, 2 * _STEPS.value, 3e-3)
    second_round(network, count, _STEPS.value)
    about = {"name": FEATURES, "seed": SEED, "image_size": SIZE, "examples": 2 * count, "steps": 3 * _STEPS.value}
    finish(network, about, folder)


def second_round(network, count: int, steps: int) -> None:
    """Trains on with `count` faces that are new to it, each attribute weighted by how badly it is read so far."""
    print(f"drawing {count} more faces")
    images, strengths = faces(count, SIZE, "train", first=count)
    so_far = np.abs(Reader(network, {}).read(images[:1000])[0] - strengths[:1000]).mean(0)
    weights = so_far**1.5 / np.mean(so_far**1.5)
    train(network, images, strengths, steps, 1e-3, weights.astype(np.float32))


def finish(network, about: dict, folder: Path) -> None:
    """Writes the reader, and its errors on faces that it has not seen, as the kept weights give them."""
    network.set_weights([value.astype(np.float16) for value in network.get_weights()])
    reader = Reader(network, about)
    errors_of = mean_errors(reader, SIZE, 2000)
    about["error"] = dict(zip(drawing.ATTRIBUTES, np.round(errors_of, 4).tolist(), strict=True))
    about["error_mean"] = round(float(errors_of.mean()), 4)
    about["error_mean_at_size"] = {size: round(float(mean_errors(reader, size, 400).mean()), 4) for size in (32, 128)}
    save(network, about, folder)
    for name, error in about["error"].items():
        print(f"  {name:22} {error:.3f}")
    print(f"{folder}: mean error {about['error_mean']:.3f}")


if __name__ == "__main__":
    errors.run(main)

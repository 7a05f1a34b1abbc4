"""Trains and keeps the segmenter of the segmentation score: a small network that reads label maps from real pictures.

    python -m tf_homo.metrics.segmenter --dataset=drawn_masks --output_dir=runs/segmenter
    python -m tf_homo.metrics.segmenter --dataset=paired_folder --data_path=DIR --direction=b_to_a --image_size=128 \\
        --output_dir=runs/segmenter_facades

--direction is that of a system that makes pictures of labels. The classes are the colours of the label pictures. It
sees real pairs of the training split only, and never a picture that was made. Writes segmenter.npz and segmenter.json,
with its own score on real pairs that it has not seen: what a made picture can reach at best.
"""

import dataclasses
import json
import zipfile
from pathlib import Path

import numpy as np
from absl import flags

from tf_homo import errors, files, report
from tf_homo.errors import InputError
from tf_homo.metrics import segmentation, translation
from tf_homo.metrics.descent import descend
from tf_homo.metrics.segmentation import Score

STRIDE = 8  # sides must be a multiple of it
SAMPLE = 300  # label pictures that the palette is found in

_OUT = flags.DEFINE_string("output_dir", None, "Folder to write.", allow_override=True)


class Segmenter:
    """Reads label maps from pictures.

    Attributes:
      palette: (K, 3) in 0 to 255, the colours of the classes in label pictures.
      about: segmenter.json: data, image size, steps, its own score.
    """

    def __init__(self, network, palette: np.ndarray, about: dict):
        import tensorflow as tf

        self.network, self.palette, self.about = network, np.asarray(palette, np.float32), about
        self._call = tf.function(
            lambda image: tf.argmax(network(image, training=False), axis=-1, output_type=tf.int32),
            input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32)],
        )

    def read(self, images: np.ndarray, batch: int = 32) -> np.ndarray:
        """Images (N, H, W, 3), float in [0, 1] or uint8 -> label maps (N, H, W) uint8."""
        parts = [self._call(report.to_unit(images[i : i + batch])) for i in range(0, len(images), batch)]
        return np.concatenate(parts).astype(np.uint8)

    def counts(self, images: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """What is read back from images of the label maps `truth` (N, H, W): n_ij (N, K, K)."""
        return segmentation.each_confusion(truth, self.read(images), len(self.palette))


def build(classes: int, width: int = 32):
    """A U-Net at 1/2, 1/4 and 1/8 of the size: images (B, H, W, 3) in [0, 1] -> logits (B, H, W, classes), H and W
    multiples of STRIDE. Nothing is computed at full size; the last map is shuffled into it.
    """
    import keras
    from keras import layers

    from tf_homo.layers import DepthToSpace

    def block(x, channels, kernel=3, strides=1):
        x = layers.Conv2D(channels, kernel, strides, padding="same", use_bias=False)(x)
        return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))

    image = keras.Input((None, None, 3))
    half = block(block(layers.Rescaling(2.0, -1.0)(image), width, 4, 2), width)
    quarter = block(block(half, 2 * width, strides=2), 2 * width)
    x = block(block(quarter, 2 * width, strides=2), 2 * width)
    for twin, channels in ((quarter, 2 * width), (half, width)):
        x = block(layers.Concatenate()([layers.UpSampling2D()(x), twin]), channels)
    return keras.Model(image, DepthToSpace(2)(layers.Conv2D(4 * classes, 1)(x)), name="segmenter")


def train(network, images: np.ndarray, truth: np.ndarray, steps: int, batch: int, rate: float = 2e-3, seed: int = 0):
    """Cross entropy over all pixels, half of the pairs mirrored, the rate falling to nothing. The randomness is that of
    keras.utils.set_random_seed and of `seed`.
    """
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(seed)

    def draw():
        rows = rng.integers(0, len(images), batch)
        return images[rows], truth[rows], rng.random((batch, 1, 1, 1)) < 0.5

    def entropy(image, labels, flip):
        image = tf.where(flip, image[:, :, ::-1], image)
        labels = tf.where(flip[..., 0], labels[:, :, ::-1], labels)
        logits = network(tf.cast(image, tf.float32) / 255.0, training=True)
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.cast(labels, tf.int32), logits))

    falling = keras.optimizers.schedules.CosineDecay(rate, steps)
    descend(network, entropy, draw, keras.optimizers.Adam(falling, beta_2=0.99), steps)


def made(source, size: int, steps: int, batch: int = 16) -> Segmenter:
    """A segmenter of the training pairs that `source` (data.sets.Source) names, with its own score on others.

    Raises:
      InputError: no pairs, the inputs are no label maps, or a size that the network cannot halve three times.
    """
    import keras

    if size % STRIDE:
        raise InputError(f"--image_size={size}: the segmenter needs a multiple of {STRIDE}")
    examples = translation.pairs(source, "train", size)
    images, inputs = examples.images, examples.inputs
    chosen = np.linspace(0, len(inputs) - 1, min(SAMPLE, len(inputs))).astype(int)
    palette = segmentation.palette_of(inputs[chosen], f"--direction={source.direction}: the inputs of {source.dataset}")
    keras.utils.set_random_seed(0)
    network = build(len(palette))
    train(network, images, segmentation.nearest(inputs, palette), steps, min(batch, len(images)))
    segmenter = Segmenter(network, palette, {"image_size": size, "steps": steps, "data": examples.about})
    held_out = translation.pairs(source, "", size)
    counts = segmenter.counts(held_out.images, segmentation.nearest(held_out.inputs, palette))
    own = segmentation.score(counts.sum(0))
    segmenter.about |= {"score": own._asdict(), "pictures": len(held_out)}
    return segmenter


def save(segmenter: Segmenter, folder: Path) -> None:
    """Writes segmenter.npz and segmenter.json."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {f"{place:03}": value for place, value in enumerate(segmenter.network.get_weights())}
    with files.whole(folder / "segmenter.npz") as partial:
        np.savez_compressed(partial, palette=segmenter.palette, **weights)
    files.write_json(folder / "segmenter.json", segmenter.about)


def load(folder: str | Path) -> Segmenter:
    """The segmenter kept in a folder; InputError where there is none, or one of another version."""
    folder = Path(folder)
    try:
        about = json.loads((folder / "segmenter.json").read_text("utf-8"))
        with (folder / "segmenter.npz").open("rb") as file, np.load(file) as kept:
            palette, weights = kept["palette"], [kept[name] for name in sorted(set(kept.files) - {"palette"})]
        network = build(len(palette))
        network.set_weights(weights)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{folder}: has no segmenter; make one with python -m tf_homo.metrics.segmenter --output_dir={folder}"
        ) from None
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{folder}: is no segmenter of this version ({str(error)[:120]}); make it again") from error
    return Segmenter(network, palette, about)


def text(own: Score) -> str:
    """A score in one line."""
    return ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in own._asdict().items())


def main(_: list[str]) -> None:
    """Flags -> pairs -> segmenter, with its own score on pairs that it has not seen."""
    given = flags.FLAGS
    if not _OUT.value:
        raise InputError("--output_dir is missing: name the folder to write, for instance --output_dir=runs/segmenter")
    folder = files.output_folder("output_dir", _OUT.value)
    errors.import_tensorflow()
    from tf_homo.data.sets import Source

    names = {field.name for field in dataclasses.fields(Source)} & set(given)
    count = given.train_examples
    aside = max(1, count // 20)
    source = Source(counts=(count, aside, aside), **{name: given[name].value for name in names})
    segmenter = made(source, given.image_size, given.segmenter_steps)
    save(segmenter, folder)
    print(f"{folder}: on {segmenter.about['pictures']} others: {text(Score(**segmenter.about['score']))}")


def _define_flags() -> None:
    flags.DEFINE_string("dataset", "drawn_masks", "drawn_masks or paired_folder")
    flags.DEFINE_string("data_path", None, "the folder of paired_folder")
    flags.DEFINE_string("data_dir", None, "where prepared data sets are kept; by default TFDS's own place")
    flags.DEFINE_enum("direction", "a_to_b", ["a_to_b", "b_to_a"], "which of A and B the labels are: the first")
    flags.DEFINE_integer("image_size", 64, "side of the pictures in pixels", STRIDE)
    flags.DEFINE_integer("train_examples", 8_000, "pairs of drawn_masks to train on", 1)
    flags.DEFINE_integer("segmenter_steps", 1_500, "steps of 16 pairs", 1)


if __name__ == "__main__":
    _define_flags()
    errors.run(main)

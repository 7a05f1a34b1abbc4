"""Feature networks for distances between sets of pictures; the network's name stands beside every such number."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tf_homo import report
from tf_homo.errors import InputError
from tf_homo.metrics.reader import Reader


class Features:
    """Called with images (N, S, S, 3), float in [0, 1] or uint8, it gives features (N, D) float.

    Attributes:
      name: of the network.
    """

    def __init__(self, name: str, function: Callable[[np.ndarray], np.ndarray]):
        self.name, self._function = name, function

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return self._function(images)


def load(name: str, reader: Reader) -> Features:
    """The features of a network.

    Args:
      name: "reader" (inner layers of the attribute reader), "inception" (InceptionV3 with the ImageNet weights that
        keras.applications downloads; published FID and KID have others), or the path of such weights without the top
        (.h5).

    Raises:
      InputError: the weights cannot be had, or the file is none.
    """
    if name == "reader":
        return Features(reader.about["name"], lambda images: reader.read(images)[1])
    return Features("inception_v3", inception("imagenet" if name == "inception" else name))


def inception(weights: str | None) -> Callable[[np.ndarray], np.ndarray]:
    """InceptionV3's last pooling, 2048 numbers, of images enlarged to 299 pixels; `weights` None: random ones."""
    import keras
    import tensorflow as tf

    if weights not in (None, "imagenet") and not Path(weights).is_file():
        raise InputError(
            f"--features={weights}: no such file; give reader, inception, or InceptionV3's .h5 without top"
        )
    try:
        network = keras.applications.InceptionV3(include_top=False, weights=weights, pooling="avg")
    except Exception as error:  # keras raises whatever its reader or the network raised
        raise InputError(
            f"--features: InceptionV3's weights could not be loaded ({error}); give the path of its .h5 file, or "
            "--features=reader"
        ) from error

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, 3), tf.float32)])
    def call(images):
        return network(2.0 * tf.image.resize(images, (299, 299)) - 1.0, training=False)

    def features(images: np.ndarray) -> np.ndarray:
        parts = [report.to_unit(images[i : i + 16]) for i in range(0, len(images), 16)]
        return np.concatenate([call(part).numpy() for part in parts])

    return features

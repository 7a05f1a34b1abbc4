"""Phi, the fixed network that compares images: VGG19 with ImageNet weights, or an attribute classifier trained on the
data itself.

Both are Keras models with `features(image) -> (Phi_3, Phi_5)` for images (B, S, S, 3) in [0, 1]: Phi_3 serves (4.3) and
(4.4), Phi_5 is the teacher of (4.5). The classifier also reads attributes, `logits(image) -> (B, K)`."""

from pathlib import Path

import keras
import tensorflow as tf
from keras import layers

from tf_homo.errors import InputError
from tf_homo.networks import VGG_MEAN, conv, vgg_layers


class VggFeatures(keras.Model):
    """VGG19: Phi_3 = relu3_1 (B, S/4, S/4, 256), Phi_5 = relu5_1 (B, S/16, S/16, 512), of activations divided by their
    mean size.

    ImageNet activations run to hundreds; the division keeps term weights comparable with the classifier's.
    """

    trained_on_data, stride = False, 16
    scales = (100.0, 10.0)

    def __init__(self, width: int = 64, **kwargs):
        super().__init__(trainable=False, **kwargs)
        stack = vgg_layers(width, last=(5, 1))
        cut = 1 + [layer.name for layer in stack].index("block3_conv1")
        self.low, self.high = keras.Sequential(stack[:cut]), keras.Sequential(stack[cut:])

    def features(self, image):
        low = self.low(255.0 * image - tf.constant(VGG_MEAN))
        return low / self.scales[0], self.high(low) / self.scales[1]

    def call(self, image):
        return self.features(image)


def load_vgg(model: keras.Model, weights: str) -> None:
    """Copies VGG19's convolutions into `model`'s layers of the same names (block1_conv1, ...).

    Args:
      weights: "imagenet" (downloaded by keras.applications), a path of its .weights.h5 / .h5 file, or "random" (nothing
        is done).

    Raises:
      InputError: the file is not there, is no VGG19, or the download failed.
    """
    if weights == "random":
        return
    if weights != "imagenet" and not Path(weights).is_file():
        raise InputError(
            f"--vgg_weights: no file {weights!r}; give VGG19's .h5 file, 'imagenet' to download it, or 'random'"
        )
    try:
        source = keras.applications.VGG19(include_top=False, weights=weights)
    except Exception as error:  # keras raises whatever its reader or the network raised
        raise InputError(
            f"--vgg_weights={weights}: VGG19 could not be loaded ({error}); give the path of its .h5 file"
        ) from error
    kernels = {layer.name: layer.get_weights() for layer in source.layers}
    for layer in model._flatten_layers():
        if layer.name in kernels and kernels[layer.name]:
            try:
                layer.set_weights(kernels[layer.name])
            except ValueError as error:
                raise InputError(
                    f"--vgg_weights: {layer.name} does not fit ({error}); ImageNet weights need --width=64"
                ) from error


class AttributeClassifier(keras.Model):
    """Five blocks and a reading head, trained on the data's own attributes: the Phi of machines without a network.

    Phi_3 (B, S/4, S/4, 4w), Phi_5 (B, S/stride, S/stride, 8w). Both before the ReLU, under batch norm: unit scale,
    nothing lost."""

    trained_on_data = True

    def __init__(self, attributes: int, width: int = 16, stride: int = 8, **kwargs):
        super().__init__(**kwargs)
        self.stride = stride
        norm = lambda: layers.BatchNormalization(synchronized=True)  # noqa: E731
        block = lambda filters, strides: [conv(filters, 3, strides, use_bias=False), norm()]  # noqa: E731
        self.low = keras.Sequential(
            [*block(width, 2), layers.ReLU(), *block(2 * width, 2), layers.ReLU(), *block(4 * width, 1)], name="phi_low"
        )
        self.high = keras.Sequential(
            [layers.ReLU(), *block(6 * width, stride // 4 if stride > 4 else 1), layers.ReLU(), *block(8 * width, 1)],
            name="phi_high",
        )
        self.head = keras.Sequential(
            [layers.ReLU(), conv(8 * width, 3, 2, activation="relu"), layers.Flatten(), layers.Dense(8 * width, "relu"),
             layers.Dense(attributes, dtype="float32")], name="phi_head",
        )  # fmt: skip

    def features(self, image, training=False):
        low = self.low(2.0 * image - 1.0, training=training)
        return low, self.high(low, training=training)

    def logits(self, image, training=False):
        return self.head(self.features(image, training)[1])

    def call(self, image):
        return self.logits(image)

"""A method small enough for tests of milliseconds: 8x8 images, three branches, the real operators."""

from types import SimpleNamespace

import keras
import numpy as np
import tensorflow as tf

SIZE, LATENT, BRANCHES = 8, (2, 2, 8), ("expression", "age", "rest")


class FakeMethod:
    """`batch` fixes the number of rows of every signature; None leaves it open. `critic` is read by no signature."""

    def __init__(self, batch: int | None = None):
        keras.utils.set_random_seed(1)
        layers = keras.layers
        self.batch = batch
        self.encoder = keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 3)),
                layers.Conv2D(16, 3, 2, "same"),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Conv2D(LATENT[-1], 3, 2, "same"),
            ]
        )
        self.low = keras.Sequential([keras.Input(LATENT), layers.Conv2D(16, 3, 1, "same", activation="relu")])
        self.high = keras.Sequential([keras.Input((4, 4, 16)), layers.Conv2D(12, 3, 1, "same")])
        self.branches = [
            keras.Sequential([keras.Input(LATENT), layers.Conv2D(64, 3, 1, "same"), layers.Conv2D(8, 3, 1, "same")])
            for _ in BRANCHES
        ]
        self.critic = keras.Sequential([keras.Input(LATENT), layers.Flatten(), layers.Dense(1, name="critic")])

    @property
    def variables(self):
        nets = (self.encoder, self.low, self.high, *self.branches, self.critic)
        return [variable for net in nets for variable in net.variables]

    def encode(self, image):
        return self.encoder(image, training=False)

    def decode(self, latent):
        x = tf.image.resize(self.low(latent), (4, 4), method="nearest")
        return tf.nn.sigmoid(tf.nn.depth_to_space(self.high(x), 2))

    def interpolate(self, source, target, strength):
        moves = [tf.reshape(branch(target - source), (-1, int(np.prod(LATENT)))) for branch in self.branches]
        moved = tf.matmul(strength[:, None, :], tf.stack(moves, 1))  # (N,1,C) x (1 or N,C,hwd)
        return source + tf.reshape(moved, (-1, *LATENT))

    def signatures(self):
        def spec(*shape):
            return tf.TensorSpec((self.batch, *shape), tf.float32)

        image, latent, strength = spec(SIZE, SIZE, 3), spec(*LATENT), spec(len(BRANCHES))

        def morph(source, target, strength):
            return {"image": self.decode(self.interpolate(self.encode(source), self.encode(target), strength))}

        table = {
            "encode": (lambda image: {"latent": self.encode(image)}, {"image": image}),
            "interpolate": (
                lambda source, target, strength: {"latent": self.interpolate(source, target, strength)},
                {"source": latent, "target": latent, "strength": strength},
            ),
            "decode": (lambda latent: {"image": self.decode(latent)}, {"latent": latent}),
            "serving_default": (morph, {"source": image, "target": image, "strength": strength}),
        }
        return {name: SimpleNamespace(function=f, inputs=inputs) for name, (f, inputs) in table.items()}

    def info(self):
        return {
            "method": "fake",
            "image_size": SIZE,
            "branches": list(BRANCHES),
            "groups": {"expression": ["Smiling"], "age": ["Young"]},
            "latent": list(LATENT),
        }


def images(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, SIZE, SIZE, 3), np.float32)

"""A system whose runs take a moment: two linear networks on 4x4 images, two stages, two phases, noise from the seed."""

import dataclasses

import keras
import tensorflow as tf

from tf_homo.method import Method, Phase, Signature, Stage, option
from tf_homo.optimizers import Adam


@dataclasses.dataclass(frozen=True)
class Config:
    image_size: int = option(4, "side of the images")
    first_steps: int = option(4, "steps of near and far")
    steps: int = option(4, "then steps of far", may_change=True)
    rate: float = option(0.01, "Adam's rate")
    noise: float = option(0.1, "of the input")


class Toy(Method):
    Config = Config
    averaged = ("near",)

    def __init__(self, config, attributes, **kwargs):
        super().__init__(config, attributes, **kwargs)
        self.near, self.far = keras.layers.Dense(2, name="near"), keras.layers.Dense(1, name="far")

    def build_all(self):
        size = self.config.image_size
        self.near.build((None, size * size * 3))
        self.far.build((None, 2))
        self.built = True

    def stages(self):
        c, adam = self.config, Adam(self.config.rate, final=0.1)
        near = Phase("near", ("near",), lambda batch: self.error(batch, self.near(batch["row"])), adam)
        far = Phase("far", ("far",), lambda batch: self.error(batch, self.near(batch["row"])), adam, every=2)
        alone = dataclasses.replace(far, every=1)
        return (
            Stage("first", c.first_steps, (near, far)),
            Stage("second", c.steps, (alone,)),
        )

    def error(self, batch, near):
        error = tf.reduce_mean(tf.square(self.far(near) - batch["labels"]))
        return error, {"size": tf.reduce_mean(tf.abs(near))}

    def prepare(self, batch, seed):
        row = self.row(batch["image"])
        noise = tf.random.stateless_normal(tf.shape(row), seed, alg="philox")
        return {"row": row + self.config.noise * noise, "labels": batch["labels"]}

    def row(self, image):
        size = self.config.image_size
        return tf.reshape(tf.cast(image, tf.float32) / 255.0, (-1, size * size * 3))

    def sample(self, batch):
        image = tf.cast(batch["image"], tf.float32) / 255.0
        return tf.stack([image, image], axis=1), ["one", "two"]

    def signatures(self):
        size = self.config.image_size
        image = tf.TensorSpec((None, size, size, 3), tf.float32)
        return {"encode": Signature(lambda image: {"latent": self.near(self.row(image))}, {"image": image})}

"""Systems that translate pictures between domains which labels tell apart: what they share beside their mathematics.

A domain is coded -1 (without the attribute) or 1 (with it). So that a translator morphs as others do, its latent is the
picture itself, and behind it the codes, as planes that are the same everywhere:

    latent = (image, r)                      r (K,) what a reader of attributes says of it, in -1 to 1
    F_interp = (image_a, r_a + v (r_b - r_a))
    decode     G(image, r)                   strength 0 tells the picture what it is already

The reader is a classifier that is trained first. Nothing else is learned from it: it tells which way a morph goes.
"""

import dataclasses
import functools

import numpy as np
import tensorflow as tf

from tf_homo import generators, losses
from tf_homo.branches import BranchedMethod, as_many
from tf_homo.data.augment import Moves, moved
from tf_homo.errors import InputError
from tf_homo.image_options import ImageOptions
from tf_homo.method import Batch, Phase, Signature, Stage, Terms, name_of, option
from tf_homo.optimizers import Adam
from tf_homo.perceptual import AttributeClassifier
from tf_homo.pool import drawn_places


@dataclasses.dataclass(frozen=True)
class Options(Moves, ImageOptions):
    """What the Config of every translator has."""

    classifier_steps: int = option(1000, "steps of the reader alone; it tells which way a morph goes", low=1)
    steps: int = option(30_000, "then steps at full size", may_change=True)
    critic_rate: float = option(0.0, "Adam's rate for the discriminators; 0: --rate")
    held: float = option(0.5, "share of a stage that keeps the rate; from there it falls in a straight line", high=1)
    final_rate: float = option(0.0, "share of the rate that is left at the end of each stage", high=1)
    classifier_rate: float = option(1e-3, "Adam's rate for the reader")


@dataclasses.dataclass(frozen=True)
class CycleOptions(Options):
    """What the Config of those that go there and back has."""

    gan: str = option("least_squares", "the adversarial loss", tuple(losses.ADVERSARIAL))
    pool: int = option(50, "earlier pictures that each discriminator remembers")
    head_start: int = option(
        0, "steps of the discriminators alone, who learn to tell the domains apart; --held and --final_rate count"
    )
    cycle_weight: float = option(10.0, "of the way there and back")


class Translator(BranchedMethod):
    """A method with `reader` and `translated`; a branch for each group of attributes."""

    edits = True
    depth = 3  # channels of the picture in a latent, before the codes

    def __init__(self, config: Options, attributes, groups=None, **kwargs):
        super().__init__(config, attributes, rest=False, groups=groups, **kwargs)
        if config.image_size % 8:  # as often as the reader halves it
            raise InputError(f"--image_size={config.image_size}: give a multiple of 8")
        self.reader = AttributeClassifier(len(self.attributes), max(config.width // 2, 2), name="reader")

    # --- as one of those that morph ----------------------------------------------------------------------------------

    def translated(self, image: tf.Tensor, code: tf.Tensor) -> tf.Tensor:
        """Images (B, S, S, 3) told to be of the domains `code` (B, K), from -1 to 1."""
        raise NotImplementedError

    def read(self, image: tf.Tensor) -> tf.Tensor:
        """The reader's codes (B, K), in -1 to 1."""
        return tf.tanh(0.5 * self.reader.logits(image))  # 2 sigmoid - 1

    def encode(self, image):
        return generators.laid_over(image, self.read(image))

    def decode(self, latent, training=False):
        del training
        return self.translated(self.code(latent), self.reading(latent))

    def moves(self, difference, source):
        """Each branch moves the codes of its group straight to the target's."""
        del source
        still, codes = tf.zeros_like(self.code(difference)), difference[..., self.depth :]
        masks = [tf.constant(mask) for mask in zip(*self.membership, strict=True)]  # (K,) for each branch
        return [tf.concat([still, codes * mask], axis=-1) for mask in masks]

    def signatures(self):
        size = self.config.image_size

        def translate(image, strength):
            return {"image": tf.clip_by_value(self.translated(as_many(image, strength), strength), 0.0, 1.0)}

        def read(image):
            return {"reading": self.read(image)}

        image = tf.TensorSpec((None, size, size, 3), tf.float32)
        code = tf.TensorSpec((None, len(self.attributes)), tf.float32)
        own = {
            "translate": Signature(translate, {"image": image, "strength": code}),
            "read": Signature(read, {"image": image}),
        }
        return super().signatures() | own

    def sample(self, batch):
        """Rows of pictures: as they are; told all from -1 to 1 or, of several attributes, the other side of each."""
        image = tf.cast(batch["image"], tf.float32) / 255.0
        read = self.read(image)
        if len(self.attributes) == 1:
            names = ["-1", "-0.5", "0", "0.5", "1"]
            codes = [tf.fill(tf.shape(read), float(name)) for name in names]
        else:
            names = self.attributes[:8]
            changed = tf.unstack(tf.eye(len(self.attributes)))[: len(names)]
            codes = [tf.where(one > 0, -tf.sign(read), tf.sign(read)) for one in changed]
        pictures = [tf.clip_by_value(self.translated(image, code), 0.0, 1.0) for code in codes]
        return tf.stack([image, *pictures], axis=1), ["source", *names]

    # --- training ----------------------------------------------------------------------------------------------------

    def build_all(self):
        size, codes = self.config.image_size, len(self.attributes)
        self.reader(tf.zeros((2, size, size, 3)))
        self.latent_shape = (size, size, self.depth + codes)
        self.build_networks(tf.zeros((2, size, size, 3)), tf.zeros((2, codes)))
        self.built = True

    def build_networks(self, image: tf.Tensor, code: tf.Tensor) -> None:
        """Gives all but the reader their weights."""
        raise NotImplementedError

    def adam(self, critic: bool = False) -> Adam:
        """The recipe of generators or, with `critic`, of discriminators."""
        c = self.config
        return Adam(c.critic_rate or c.rate if critic else c.rate, c.beta_1, final=c.final_rate, held=c.held)

    def staged(self, phases, *before: Stage) -> tuple[Stage, ...]:
        """The reader, `before`, `phases(coarse)` at half the size where there are such steps, then at full size."""
        c = self.config
        reader = Phase("classifier", ("reader",), self.reader_loss, Adam(c.classifier_rate, 0.9, final=0.05))
        stages = [
            Stage("classifier", c.classifier_steps, (reader,)),
            *before,
            *([Stage("coarse", c.coarse_steps, phases(True))] if c.coarse_steps else []),
            Stage("together", c.steps, phases(False)),
        ]
        return tuple(stage for stage in stages if stage.steps)

    def prepare(self, batch: Batch, seed: tf.Tensor) -> Batch:
        """{image uint8 (B,S,S,3), labels (B,K)} -> the same, moved and scaled to [0,1], and codes (B,K) in -1 to 1."""
        count = tf.shape(batch["labels"])[0]
        place, pose = tf.unstack(tf.random.experimental.stateless_split(seed, 2, alg="philox"))
        uniform = lambda width, seed: tf.random.stateless_uniform((count, width), seed, alg="philox")  # noqa: E731
        image = tf.cast(batch["image"], tf.float32) / 255.0
        labels = tf.cast(batch["labels"], tf.float32)
        image = moved(image, self.config, uniform(2, place), uniform(3, pose))
        return {"image": image, "labels": labels, "code": 2.0 * labels - 1.0}

    def reader_loss(self, batch: Batch) -> tuple[tf.Tensor, Terms]:
        """Binary cross entropy of the attributes."""
        logits = self.reader.logits(batch["image"], training=True)
        loss = losses.attribute_entropy(batch["labels"], logits)
        return loss, {"entropy": loss, "error": tf.reduce_mean(tf.abs(tf.sigmoid(logits) - batch["labels"]))}

    def sides(self, labels):
        """Of one attribute: those without it and those with it, unpaired, in turn."""
        if len(self.attributes) > 1:
            return None
        with_it = labels[:, 0] >= 0.5
        for side, what in ((~with_it, "without"), (with_it, "with")):
            if not side.any():
                raise InputError(f"--attributes={self.attributes[0]}: no training picture is {what} it; name another")
        return [np.flatnonzero(~with_it), np.flatnonzero(with_it)]


class CycleTranslator(Translator):
    """Between two domains, there and back; its discriminators remember earlier pictures."""

    def __init__(self, config: CycleOptions, attributes, groups=None, **kwargs):
        if len(attributes) > 1:
            raise InputError(
                f"--attributes: {name_of(type(self))} moves one attribute, and there are {len(attributes)}; name one "
                f"of {', '.join(attributes)}"
            )
        super().__init__(config, attributes, groups, **kwargs)

    def head_start_loss(self, batch: Batch, coarse: bool) -> tuple[tf.Tensor, Terms]:
        """What the discriminators lose when told pictures of the other domain in place of made ones."""
        raise NotImplementedError

    def staged(self, phases) -> tuple[Stage, ...]:
        """As every translator's, but the discriminators, the last of `phases(coarse)`, have --head_start steps alone.

        Where the domains differ by little, discriminators take long to see by what; so long they teach nothing, and
        each step of that costs the generators' part as well, many times their own.
        """
        coarse = self.config.coarse_steps > 0
        loss = functools.partial(self.head_start_loss, coarse=coarse)
        alone = dataclasses.replace(phases(coarse)[-1], loss=loss)
        return super().staged(phases, Stage("head_start", self.config.head_start, (alone,)))

    def prepare(self, batch: Batch, seed: tf.Tensor) -> Batch:
        """As every translator's, with what the pool draws."""
        count = tf.shape(batch["labels"])[0]
        seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 3, alg="philox"))
        place = drawn_places(seeds[1], count, self.config.pool)
        draw = tf.random.stateless_uniform((count,), seeds[2], alg="philox")
        return super().prepare(batch, seeds[0]) | {"place": place, "draw": draw}

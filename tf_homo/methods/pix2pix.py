"""pix2pix: pictures from pictures, learned from pairs (Isola, Zhu, Zhou, Efros: "Image-to-Image Translation with
Conditional Adversarial Networks", CVPR 2017).

    L_cGAN = E[log D(x, y)] + E[log(1 - D(x, G(x, z)))]      x input, y its picture, z dropout, G generator
    L_L1   = E|y - G(x, z)|                                  D discriminator, a score a patch of --field pixels
    G*     = arg min_G max_D gan_weight L_cGAN + l1_weight L_L1

    the paper's losses       --gan_weight  --l1_weight
    L1                            0            100
    GAN, D does not see x         1              0       --noconditional
    cGAN                          1              0
    L1 + GAN                      1            100       --noconditional
    L1 + cGAN                     1            100

As in the paper: G maximises log D, the loss of D is halved, dropout is the only noise, and norms take the statistics of
the batch that is given, in use as in training (--norm=test_batch). A picture alone is then normed by its own, so an
exported model that gets one picture at a time works as the paper's at batch 1; given several, it makes of each what it
makes of it in that company. --norm=instance norms each picture by itself wherever it stands: choose it where models are
trained in large batches and used on single pictures.

Differs from the paper, each by a flag, the default first:
  * upsampling by nearest neighbour and a convolution (the paper: transposed convolutions): --upsampling=transposed;
  * dropout only while training; --test_dropout adds a signature that takes its noise as an input, so that the same
    noise gives the same picture (--noise_seed where programs translate);
  * an average of G's weights is exported: --average_decay=0 takes the last ones;
  * batches of at least 2, and He's initialisation: no flag.
Beyond it, off by default: discriminators at several --scales, --spectral norm (with --critic_norm=none), other
adversarial losses (--gan), and coarse to fine: --coarse_steps of the whole at half the size come first.
"""

import dataclasses
import math

import tensorflow as tf

from tf_homo import image_bytes, losses
from tf_homo.data.augment import jittered
from tf_homo.errors import InputError
from tf_homo.generators import KINDS, halved
from tf_homo.image_options import NORMS as BY_PICTURE
from tf_homo.image_options import ImageOptions, made_critic, made_generator
from tf_homo.method import Batch, Method, Phase, Signature, Stage, Terms, option
from tf_homo.optimizers import Adam

NORMS = ("test_batch", *BY_PICTURE)


@dataclasses.dataclass(frozen=True)
class Config(ImageOptions):
    """Options of pix2pix; each is a flag."""

    image_size: int = option(256, "side of the square images, in pixels", low=16)
    generator: str = option("unet", "network G", KINDS)
    norm: str = option("test_batch", "in G: by the batch that is given, by each picture, none", NORMS)
    critic_norm: str = option("test_batch", "in D: by the batch that is given, by each picture, none", NORMS)
    dropout: bool = option(True, "dropout in G, its noise; a ResNet has none")
    test_dropout: bool = option(False, "also a signature that takes the noise of the dropout as an input")
    conditional: bool = option(True, "D sees the input, too")

    steps: int = option(80_000, "then steps of all together", may_change=True)
    final_rate: float = option(1.0, "share of the rate that is left at the end of each stage (half a cosine)", high=1)
    gan: str = option("vanilla", "the adversarial loss", tuple(losses.ADVERSARIAL))
    gan_weight: float = option(1.0, "of the adversarial loss of G; 0: there is no D")
    l1_weight: float = option(100.0, "of L1")
    jitter: float = option(
        30 / 256, "pairs are enlarged by this share, then cropped at random to their size: 0.117 is 286 to 256", high=1
    )
    mirror: bool = option(True, "mirror half of the pairs")


class Pix2Pix(Method):
    """The system: sub-networks generator (G) and discriminator (D)."""

    Config = Config
    averaged = ("generator",)
    paired = True

    def __init__(self, config: Config, attributes, groups=None, **kwargs):
        super().__init__(config, attributes, groups=groups, **kwargs)
        c = config
        if not (c.gan_weight or c.l1_weight):
            raise InputError("--gan_weight=0 and --l1_weight=0: nothing is left to learn from; give one of them")
        self.generator = made_generator(c, "generator")
        self.discriminator = made_critic(c, "discriminator") if c.gan_weight else None
        self.noise_size = self.generator.noise_size(c.image_size) if c.dropout else 0
        if c.test_dropout and not self.noise_size:
            raise InputError(f"--test_dropout: --generator={c.generator} with --dropout={c.dropout} has no dropout")

    def build_all(self) -> None:
        image = tf.zeros((2, self.config.image_size, self.config.image_size, 3))
        self.generator(image)
        if self.discriminator:
            self.judged(image, image)
        self.built = True

    @property
    def coarse(self):
        """The generator at half the size inside G."""
        return self.generator.coarse

    def stages(self) -> tuple[Stage, ...]:
        c, adam = self.config, Adam(self.config.rate, self.config.beta_1, final=self.config.final_rate)
        stages = []
        for name, steps, net in (("coarse", c.coarse_steps, "coarse"), ("together", c.steps, "generator")):
            phases = [Phase("generator", (net,), self.at(net, self.generator_loss), adam)]
            if self.discriminator:
                phases.insert(0, Phase("discriminator", ("discriminator",), self.at(net, self.critic_loss), adam))
            stages.append(Stage(name, steps, tuple(phases)))
        return tuple(stage for stage in stages if stage.steps)

    def prepare(self, batch: Batch, seed: tf.Tensor) -> Batch:
        """{image, input uint8 (B,S,S,3), labels (B,K)} -> the same, moved alike and scaled to [0,1], with the noise of
        the dropout.
        """
        c, count = self.config, tf.shape(batch["image"])[0]
        seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 2, alg="philox"), num=2)
        pose = tf.random.stateless_uniform((count, 3), seeds[0], alg="philox")
        prepared = {
            name: jittered(tf.cast(batch[name], tf.float32) / 255.0, c.jitter, c.mirror, pose)
            for name in ("image", "input")
        }
        prepared["labels"] = tf.cast(batch["labels"], tf.float32)
        if self.noise_size:
            prepared["noise"] = tf.random.stateless_uniform((count, self.noise_size), seeds[1], alg="philox")
        return prepared

    # --- the mathematics -------------------------------------------------------------------------------------------

    def at(self, net: str, loss):
        """The loss of the network `net`, for `coarse` on pictures of half the size."""

        def of(batch: Batch) -> tuple[tf.Tensor, Terms]:
            shrunk = halved if net == "coarse" else tf.identity
            return loss(getattr(self, net), shrunk(batch["input"]), shrunk(batch["image"]), batch.get("noise"))

        return of

    def judged(self, given: tf.Tensor, picture: tf.Tensor, training: bool = False) -> tuple[tf.Tensor, ...]:
        """D(x, y), or D(y): a map of scores for each scale."""
        seen = tf.concat([given, picture], axis=-1) if self.config.conditional else picture
        return self.discriminator(seen, training=training)

    def critic_loss(self, net, given: tf.Tensor, real: tf.Tensor, noise) -> tuple[tf.Tensor, Terms]:
        """What D minimises: half of L_cGAN with the sign changed."""
        fake = tf.stop_gradient(net(given, noise=noise, training=True))
        scores = [self.judged(given, picture, training=True) for picture in (real, fake)]
        loss = losses.over_scales(losses.ADVERSARIAL[self.config.gan][0], *scores)
        return loss, losses.mean_scores(*scores)

    def generator_loss(self, net, given: tf.Tensor, real: tf.Tensor, noise) -> tuple[tf.Tensor, Terms]:
        """What G minimises."""
        fake = net(given, noise=noise, training=True)
        l1 = losses.picture_error(fake, real)
        loss, terms = self.config.l1_weight * l1, {"l1": l1}
        if self.discriminator:
            gan = losses.over_scales(losses.ADVERSARIAL[self.config.gan][1], self.judged(given, fake))
            loss, terms = loss + self.config.gan_weight * gan, terms | {"gan": gan}
        return loss, terms

    def translate(self, image: tf.Tensor, noise: tf.Tensor | None = None) -> tf.Tensor:
        """Images (B, H, W, 3) in [0, 1] of any size, known when it is traced -> pictures of the same size.

        What G's stride does not divide is padded with its mirror image and cropped back. `noise`: numbers in [0, 1)
        (B, N), N what G takes at this size; without, there is no dropout.
        """
        height, width = image.shape[1:3]
        padded = image
        for axis, side in ((1, height), (2, width)):
            longer = math.ceil(side / self.generator.stride) * self.generator.stride
            if longer > side:
                there = [i if i < side else 2 * side - 1 - i for i in (place % (2 * side) for place in range(longer))]
                padded = tf.gather(padded, there, axis=axis)
        made = self.generator(padded, noise=noise)
        return tf.clip_by_value(made[:, :height, :width], 0.0, 1.0)

    def sample(self, batch: Batch) -> tuple[tf.Tensor, list[str]]:
        """Rows of examples: the input, what is made of it, the picture."""
        given, real = (tf.cast(batch[name], tf.float32) / 255.0 for name in ("input", "image"))
        return tf.stack([given, self.translate(given), real], axis=1), ["input", "made", "real"]

    def signatures(self) -> dict[str, Signature]:
        size = self.config.image_size
        image = tf.TensorSpec((None, size, size, 3), tf.float32)
        photo = tf.TensorSpec((None,), tf.string)

        def translate(image):
            return {"image": self.translate(image)}

        def translate_noisy(image, noise):
            return {"image": self.translate(image, noise)}

        def translate_jpeg(image):
            # TensorFlow Serving writes an output as base64 where its name ends in _bytes
            return {"image_bytes": image_bytes.encode(self.translate(image_bytes.decode(image, size)))}

        found = {
            "translate": Signature(translate, {"image": image}),
            "serving_default": Signature(translate, {"image": image}),
            "translate_jpeg": Signature(translate_jpeg, {"image": photo}),
        }
        if self.config.test_dropout:
            noise = tf.TensorSpec((None, self.noise_size), tf.float32)
            found["translate_noisy"] = Signature(translate_noisy, {"image": image, "noise": noise})
        return found

    def info(self) -> dict:
        nothing = {"branches": [], "groups": {}, "latent": []}  # it has no latent, and nothing in it to move
        return super().info() | {"image_size": self.config.image_size} | nothing

"""StarGAN (Choi et al., CVPR 2018): several attributes at once, by one generator that is told which ones.

    G(x, c)                    c (K,) codes of the attributes, -1 or 1; codes between are strengths between
    D_src(x), D_cls(x)         a critic of patches and a classifier of attributes with one trunk
    L_D = E[D_src(G(x, c'))] - E[D_src(x)] + lambda_gp penalty + lambda_cls CE(D_cls(x), c)
    L_G = -E[D_src(G(x, c'))] + lambda_cls CE(D_cls(G(x, c')), c') + lambda_rec E|G(G(x, c'), c) - x|_1

c' are the labels of the picture's neighbour in a shuffled batch; n_critic steps of D for one of G.

Differs from the paper: codes are -1 and 1, not 0 and 1; no norm before G's first ReLU, for it would take the codes
away; upsampling by nearest neighbour and a convolution (--upsampling); D_cls reads the mean over its cells; He's
initialisation; an average of G's weights is what is exported (--average_decay); a reader of its own tells what a
picture is, so that morphs need no labels (translators.py). --self_weight asks G to leave alone what is as it was told.
"""

import dataclasses
import functools
import math

import tensorflow as tf

from tf_homo import losses
from tf_homo.branches import partner
from tf_homo.discriminators import StarCritic
from tf_homo.errors import InputError
from tf_homo.generators import halved
from tf_homo.image_options import made_generator
from tf_homo.method import Batch, Phase, Stage, Terms, option
from tf_homo.translators import Options, Translator

FORM = ("field", "scales", "critic_norm", "spectral")  # options of a patch discriminator


@dataclasses.dataclass(frozen=True)
class Config(Options):
    """Options of StarGAN; each is a flag. D has its own form, so those of FORM stay as they are."""

    rate: float = option(1e-4, "Adam's rate")
    critic_steps: int = option(5, "critic steps for one step of the generator", low=1)
    class_weight: float = option(1.0, "of the classification")
    cycle_weight: float = option(10.0, "of the way there and back")
    self_weight: float = option(0.0, "of leaving alone what is as it was told")
    penalty_weight: float = option(10.0, "of the gradient penalty")


class StarGan(Translator):
    """The system: sub-networks generator, critic and reader."""

    Config = Config
    averaged = ("generator", "reader")

    def __init__(self, config: Config, attributes, groups=None, **kwargs):
        for name in FORM:
            if (given := getattr(config, name)) != Config.__dataclass_fields__[name].default:
                raise InputError(f"--{name}={given}: StarGAN's critic has a form of its own; leave --{name} out")
        super().__init__(config, attributes, groups, **kwargs)
        self.generator = made_generator(config, "generator", conditional=True)
        steps = min(int(math.log2(config.image_size)) - 1, 6)  # down to 2x2 cells, as the paper's
        self.critic = StarCritic(len(self.attributes), config.critic_width or config.width, steps, name="critic")
        if config.coarse_steps:
            self.coarse = self.generator.coarse

    def build_networks(self, image, code):
        self.generator(image, code)
        self.critic(image)

    def stages(self) -> tuple[Stage, ...]:
        def phases(coarse: bool) -> tuple[Phase, ...]:
            generator = functools.partial(self.generator_loss, coarse=coarse)
            critic = functools.partial(self.critic_loss, coarse=coarse)
            nets = ("coarse",) if coarse else ("generator",)
            return (
                Phase("critic", ("critic",), critic, self.adam(critic=True)),
                Phase("generator", nets, generator, self.adam(), self.config.critic_steps),
            )

        return self.staged(phases)

    def prepare(self, batch: Batch, seed: tf.Tensor) -> Batch:
        seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 2, alg="philox"))
        mix = tf.random.stateless_uniform((tf.shape(batch["labels"])[0], 1, 1, 1), seeds[1], alg="philox")
        return super().prepare(batch, seeds[0]) | {"mix": mix}

    # --- the mathematics -------------------------------------------------------------------------------------------

    def translated(self, image, code):
        return self.generator(image, code)

    def generator_loss(self, batch: Batch, coarse: bool) -> tuple[tf.Tensor, Terms]:
        """L_G, with the term of --self_weight."""
        c, net = self.config, self.coarse if coarse else self.generator
        image, own, labels = halved(batch["image"]) if coarse else batch["image"], batch["code"], batch["labels"]
        fake = net(image, partner(own), training=True)
        score, logits = self.critic(fake)
        gan, classes = losses.wasserstein_generator(score), losses.attribute_entropy(partner(labels), logits)
        cycle = losses.picture_error(net(fake, own, training=True), image)
        loss = gan + c.class_weight * classes + c.cycle_weight * cycle
        terms = {"gan": gan, "classes": classes, "cycle": cycle}
        if c.self_weight:
            terms["self"] = losses.picture_error(net(image, own, training=True), image)
            loss += c.self_weight * terms["self"]
        return loss, terms

    def critic_loss(self, batch: Batch, coarse: bool) -> tuple[tf.Tensor, Terms]:
        """L_D."""
        c, net = self.config, self.coarse if coarse else self.generator
        image = halved(batch["image"]) if coarse else batch["image"]
        fake = tf.stop_gradient(net(image, partner(batch["code"])))
        (real_score, logits), (fake_score, _) = self.critic(image), self.critic(fake)
        wasserstein = losses.wasserstein_critic(real_score, fake_score)
        # slopes of pictures in [-1, 1], as the paper's: half of those in [0, 1]
        penalty = losses.gradient_penalty(
            lambda x: self.critic(0.5 + 0.5 * x)[0], 2.0 * image - 1.0, 2.0 * fake - 1.0, batch["mix"]
        )
        classes = losses.attribute_entropy(batch["labels"], logits)
        loss = wasserstein + c.penalty_weight * penalty + c.class_weight * classes
        return loss, {"wasserstein": wasserstein, "penalty": penalty, "classes": classes}

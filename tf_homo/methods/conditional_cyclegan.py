"""CycleGAN with one generator and one discriminator, which are told the domain (Hong, "Image translation with GANs: a
summary", PaperWeekly 2017): a code c of -1 for X and 1 for Y, and codes between for strengths between.

    L_GAN   = E[(D(G(x, -c), -c) - 1)^2]                  x a picture of domain c; least squares, others by --gan
    L_cyc   = E|G(G(x, -c), c) - x|_1                     x -> y -> x and y -> x -> y
    L_self  = E|G(x, c) - x|_1                            told what it is, a picture stays
    total   = L_GAN + lambda_cyc L_cyc + lambda_self L_self

L_self makes it work with no label at inference: "make it a Y" changes an X and leaves a Y alone, and a wrong label does
no harm. With --labels=strengths codes between -1 and 1 are trained as well, where the data set knows them.

The text gives no numbers; weights and rate are CycleGAN's, L_self's that of the way there and back. G has its code laid
over the picture, D's scores are multiplied by it (discriminators.py). The pool remembers pictures with what they were
told to be. Differs as cyclegan.py does.
"""

import dataclasses
import functools

import tensorflow as tf

from tf_homo import losses
from tf_homo.generators import halved, laid_over
from tf_homo.image_options import made_critic, made_generator
from tf_homo.method import Batch, Phase, Stage, Terms, option
from tf_homo.translators import CycleOptions, CycleTranslator


@dataclasses.dataclass(frozen=True)
class Config(CycleOptions):
    """Options of the conditional CycleGAN; each is a flag."""

    self_weight: float = option(10.0, "of leaving alone what is there already")


class ConditionalCycleGan(CycleTranslator):
    """The system: sub-networks generator, critic and reader."""

    Config = Config
    averaged = ("generator", "reader")

    def __init__(self, config: Config, attributes, groups=None, **kwargs):
        super().__init__(config, attributes, groups, **kwargs)
        self.generator = made_generator(config, "generator", conditional=True)
        self.critic = made_critic(config, "critic", config.pool, codes=1)
        if config.coarse_steps:
            self.coarse = self.generator.coarse

    def build_networks(self, image, code):
        self.generator(image, code)
        self.critic(image, code)
        self.critic.pool.build(laid_over(image, code).shape)

    def stages(self) -> tuple[Stage, ...]:
        def phases(coarse: bool) -> tuple[Phase, ...]:
            generator = functools.partial(self.generator_loss, coarse=coarse)
            critic = functools.partial(self.critic_loss, coarse=coarse)
            return (
                Phase("generator", ("coarse",) if coarse else ("generator",), generator, self.adam()),
                Phase("critic", ("critic",), critic, self.adam(critic=True)),
            )

        return self.staged(phases)

    # --- the mathematics -------------------------------------------------------------------------------------------

    def translated(self, image, code):
        return self.generator(image, code)

    def generator_loss(self, batch: Batch, coarse: bool) -> tuple[tf.Tensor, Terms]:
        """L_GAN + lambda_cyc L_cyc + lambda_self L_self."""
        net, own = self.coarse if coarse else self.generator, batch["code"]
        image = halved(batch["image"]) if coarse else batch["image"]
        both = net(tf.concat([image, image], 0), tf.concat([-own, own], 0), training=True)
        fake, same = tf.split(both, 2)
        back = net(fake, own, training=True)
        gan = losses.over_scales(losses.ADVERSARIAL[self.config.gan][1], self.critic(fake, -own))
        cycle, still = losses.picture_error(back, image), losses.picture_error(same, image)
        loss = gan + self.config.cycle_weight * cycle + self.config.self_weight * still
        return loss, {"gan": gan, "cycle": cycle, "self": still}

    def critic_loss(self, batch: Batch, coarse: bool) -> tuple[tf.Tensor, Terms]:
        """D told real pictures with their own codes and made ones, new and remembered, with what they should be."""
        net, image, own = self.coarse if coarse else self.generator, batch["image"], batch["code"]
        image = halved(image) if coarse else image
        fake, told = tf.stop_gradient(net(image, -own)), -own
        if not coarse:
            shown = self.critic.pool(laid_over(fake, told), batch["place"], batch["draw"])
            fake, told = shown[..., : self.depth], shown[:, 0, 0, self.depth :]
        return self.told_apart((image, own), (fake, told))

    def head_start_loss(self, batch: Batch, coarse: bool) -> tuple[tf.Tensor, Terms]:
        """D told real pictures with their own codes and, in place of made ones, with the other domain's."""
        image, own = halved(batch["image"]) if coarse else batch["image"], batch["code"]
        return self.told_apart((image, own), (image, -own))

    def told_apart(self, real, made) -> tuple[tf.Tensor, Terms]:
        """What D loses on pairs (picture, code)."""
        scores = self.critic(*real, training=True), self.critic(*made, training=True)
        loss = losses.over_scales(losses.ADVERSARIAL[self.config.gan][0], *scores)
        return loss, losses.mean_scores(*scores)

"""CycleGAN (Zhu, Park, Isola, Efros, ICCV 2017): between pictures without an attribute (A) and with it (B), unpaired.

    G: A -> B, F: B -> A                  generators, `forth` and `back`
    D_B(b), D_A(a)                        patch discriminators
    L_GAN   = E[(D_B(G(a)) - 1)^2] + E[(D_A(F(b)) - 1)^2]             least squares; other losses by --gan
    L_cyc   = E|F(G(a)) - a|_1 + E|G(F(b)) - b|_1
    L_id    = E|G(b) - b|_1 + E|F(a) - a|_1
    total   = L_GAN + lambda (L_cyc + L_id / 2)                       lambda = 10, pictures in [-1, 1]

It has two ends and no middle: a strength between is a mixture of the pixels of both. Several attributes are reached by
several CycleGANs, one after the other (chain.py).

Differs from the paper: half of each batch is of A, half of B, where it has one picture of each; upsampling by nearest
neighbour and a convolution (--upsampling); the places of remembered pictures are drawn a batch at a time (pool.py); D
learns from the step's new G; pictures are shifted, edges reflected (--shift), where it crops; He's initialisation; an
average of the generators' weights is what is exported (--average_decay); a reader tells which way a morph goes
(translators.py). --coarse_steps (coarse to fine), --head_start, --scales, --spectral, --residual are not its own.
"""

import dataclasses
import functools

import tensorflow as tf

from tf_homo import losses
from tf_homo.generators import halved
from tf_homo.image_options import made_critic, made_generator
from tf_homo.method import Batch, Phase, Stage, Terms, option
from tf_homo.translators import CycleOptions, CycleTranslator


@dataclasses.dataclass(frozen=True)
class Config(CycleOptions):
    """Options of CycleGAN; each is a flag."""

    identity_weight: float = option(5.0, "of leaving alone what is there already")


class CycleGan(CycleTranslator):
    """The system: sub-networks forth, back, critic_a, critic_b and reader."""

    Config = Config
    averaged = ("forth", "back", "reader")

    def __init__(self, config: Config, attributes, groups=None, **kwargs):
        super().__init__(config, attributes, groups, **kwargs)
        self.forth, self.back = (made_generator(config, name) for name in ("forth", "back"))
        self.critic_a, self.critic_b = (made_critic(config, name, config.pool) for name in ("critic_a", "critic_b"))
        if config.coarse_steps:
            self.coarse_forth, self.coarse_back = self.forth.coarse, self.back.coarse

    def build_networks(self, image, code):
        self.latent_shape = tuple(image.shape[1:])
        for net in (self.forth, self.back, self.critic_a, self.critic_b):
            net(image)
        for critic in (self.critic_a, self.critic_b):
            critic.pool.build(image.shape)

    def stages(self) -> tuple[Stage, ...]:
        def phases(coarse: bool) -> tuple[Phase, ...]:
            nets = ("coarse_forth", "coarse_back") if coarse else ("forth", "back")
            generators = functools.partial(self.generators_loss, coarse=coarse)
            critics = functools.partial(self.critics_loss, coarse=coarse)
            return (
                Phase("generators", nets, generators, self.adam()),
                Phase("critics", ("critic_a", "critic_b"), critics, self.adam(critic=True)),
            )

        return self.staged(phases)

    # --- the mathematics -------------------------------------------------------------------------------------------

    def encode(self, image):
        return image

    def decode(self, latent, training=False):
        del training
        return latent

    def moves(self, difference, source):
        """From the source to what G or F makes of it, as far as source and target differ: all the way, with a code of
        -1 or 1, where the reader gives 3 to 1 or more for either. No sign: exports could not follow a jump.
        """
        certain = [tf.clip_by_value(2.0 * self.read(image), -1.0, 1.0) for image in (source, source + difference)]
        code = 0.5 * (certain[1] - certain[0])
        return [self.translated(source, code) - source]

    def translated(self, image, code):
        """With a code of 1 G's picture, of -1 F's; between them and 0 a mixture with the image itself."""
        code = code[:, None, None]
        return image + tf.nn.relu(code) * (self.forth(image) - image) + tf.nn.relu(-code) * (self.back(image) - image)

    def edit(self, latent, wish):
        return self.translated(latent, wish)

    def networks(self, coarse: bool):
        """G, F."""
        return (self.coarse_forth, self.coarse_back) if coarse else (self.forth, self.back)

    def generators_loss(self, batch: Batch, coarse: bool) -> tuple[tf.Tensor, Terms]:
        """L_GAN + lambda (L_cyc + L_id / 2)."""
        forth, back = self.networks(coarse)
        image = halved(batch["image"]) if coarse else batch["image"]
        a, b = turns(image)
        (fake_b, same_b), (same_a, fake_a) = turns(forth(image, training=True)), turns(back(image, training=True))
        opponent = losses.ADVERSARIAL[self.config.gan][1]
        gan = losses.over_scales(opponent, self.critic_b(fake_b)) + losses.over_scales(opponent, self.critic_a(fake_a))
        cycle = losses.picture_error(back(fake_b, training=True), a)
        cycle += losses.picture_error(forth(fake_a, training=True), b)
        identity = losses.picture_error(same_b, b) + losses.picture_error(same_a, a)
        loss = gan + self.config.cycle_weight * cycle + self.config.identity_weight * identity
        return loss, {"gan": gan, "cycle": cycle, "identity": identity}

    def critics_loss(self, batch: Batch, coarse: bool) -> tuple[tf.Tensor, Terms]:
        """Both discriminators, each told new pictures and remembered ones; at half the size new ones only."""
        forth, back = self.networks(coarse)
        (a, b), places, draws = turns(batch["image"]), turns(batch["place"]), turns(batch["draw"])
        if coarse:
            a, b = halved(a), halved(b)
        fakes = []
        for net, fake, place, draw in (
            (self.critic_b, forth(a), places[0], draws[0]),
            (self.critic_a, back(b), places[1], draws[1]),
        ):
            fake = tf.stop_gradient(fake)
            fakes.append(fake if coarse else net.pool(fake, place, draw))
        return self.told_apart((a, b), fakes)

    def head_start_loss(self, batch: Batch, coarse: bool) -> tuple[tf.Tensor, Terms]:
        """Both discriminators, told pictures of the other domain in place of made ones."""
        a, b = turns(halved(batch["image"]) if coarse else batch["image"])
        return self.told_apart((a, b), (a, b))

    def told_apart(self, real, fakes) -> tuple[tf.Tensor, Terms]:
        """What D_B and D_A lose on real pictures (a, b) and on those that stand for (b, a)."""
        critic, loss, terms = losses.ADVERSARIAL[self.config.gan][0], 0.0, {}
        for name, net, own, made in zip(("_b", "_a"), (self.critic_b, self.critic_a), real[::-1], fakes, strict=True):
            scores = net(own, training=True), net(made, training=True)
            loss += losses.over_scales(critic, *scores)
            terms |= losses.mean_scores(*scores, of=name)
        return loss, terms


def turns(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The examples 2i and the examples 2i + 1 of a batch: those of either domain."""
    pairs = tf.reshape(x, tf.concat([[-1, 2], tf.shape(x)[1:]], axis=0))
    rest = x.shape[1:]
    return tf.ensure_shape(pairs[:, 0], (None, *rest)), tf.ensure_shape(pairs[:, 1], (None, *rest))

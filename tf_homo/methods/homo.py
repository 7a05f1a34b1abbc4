"""HomoInterp: homomorphic latent interpolation (Chen, Xu, Tian, Jia, CVPR 2019; the equations: docs/method.md).

    F = E(Im)                                  latent (h, w, d)          E encoder, D decoder
    F_interp = F_a + sum_i v_i T_i(F_b - F_a)  v in [0, 1]^C             T_i one branch per attribute group, and `rest`
    z_interp = z_a + v_g(k) (z_b - z_a)        labels along the path     Dis critic, A' classifier, one trunk on latents
    L_rec, L_D = |Phi_3(D(F)) - Phi_3(Im)|^2   L_KG = |P(F) - Phi_5|^2   Phi fixed features, P a 1x1 convolution

Differs from the text, each by a flag, the default first:
  * one more branch than groups, `rest`, for what no attribute names (the reference has it; the text does not):
    --rest;
  * a pixel term beside Phi_3 (reference; the text has none): --pixel_weight;
  * penalty weight 100, five critic steps a step of the others, Adam 1e-4 (reference; the text: 2e-4): --penalty_weight,
    --critic_steps, --rate;
  * (4.7) changes only I, as the text says; in the reference also E: --homomorphism_encoder;
  * targets are the neighbours in a shuffled batch, swapped two by two (reference: a random permutation), so that a pair
    is never split between replicas: no flag, the pairs are as random;
  * (4.3) and (4.4) are one quantity and one update of E and D together, not two in turn: no flag;
  * Phi is a classifier of the same attributes that is trained first, not VGG19: --perceptual, --classifier_steps;
  * latents at unit scale, so that critic, penalty and (4.7) are well conditioned: --unit_latents. The scale is measured
    while E and D train alone; without such steps E and I see the batch's, Dis the running one, which lags at first;
  * squared terms are means over elements, not sums, so that weights mean the same at every size: no flag;
  * pictures are mirrored and, if asked, moved: --mirror, --shift; what is exported is a mean of the weights over the
    last steps: --average_decay;
  * labels may be strengths between 0 and 1: --labels=strengths.
Ours, off by default, for where the text stops short (docs/method.md says more):
  * --rest=remainder: the rest branch is what the others leave of F_b - F_a, so that the total term holds exactly;
  * --reading: latents carry Phi's reading of the attributes; a branch moves its group's, and D sees it, Dis does not;
  * --keep_length: latents carry the length of their code, and D(F) first stretches the code to it: slerp's contrast on
    a straight path (Shoemake, SIGGRAPH 1985, for the arc that this follows);
  * --branches=denoised, --denoiser_steps: T_i(F_a) by D(F_a, r + r_i) - D(F_a, r), D a denoiser of codes
    (denoiser.py) that learns alone, in place of the game with Dis and A': branches see the face, and of F_b the reading
    alone, so that they need no reference (signatures edit and edit_attributes);
  * --denoiser_labels: D learns from labels in place of Phi's readings, which of photos say too much;
  * --calibration_steps: then a factor for each attribute and face, by what Phi reads and at two prices:
    --gain_weight for leaving --usual_gain (--usual_gains), --move_weight for how far codes move;
  * --lone_optimizer=muon, for what learns alone; --erased_share: E and D alone, where D also fills in cells that were
    taken from the code;
  * --real_weight: in the game A' learns real labels of real images, too;
  * --lone_share, --corner_share: pairs that move one branch alone, all the way;
  * stages before --steps, and networks with little at full resolution (--encoder=patch, --decoder=shuffle).
"""

import dataclasses
import functools
import math

import numpy as np
import tensorflow as tf
from keras import layers

from tf_homo import losses
from tf_homo.attributes import strengths
from tf_homo.branches import BranchedMethod, length, partner
from tf_homo.data.augment import Moves, moved, rectangles
from tf_homo.denoiser import Denoised
from tf_homo.errors import InputError
from tf_homo.method import Batch, Phase, Stage, Terms, option
from tf_homo.networks import (
    Coupling,
    Gains,
    Interpolator,
    LatentCritic,
    PatchEncoder,
    ShuffleDecoder,
    UpsampleDecoder,
    VggEncoder,
)
from tf_homo.optimizers import Adam, Muon
from tf_homo.perceptual import AttributeClassifier, VggFeatures, load_vgg

ENCODERS = {"vgg19": VggEncoder, "patch": PatchEncoder}
RESTS = ("network", "remainder", "none")
DECODERS = {"upsample": UpsampleDecoder, "shuffle": ShuffleDecoder}
BRANCHES = {"difference": Interpolator, "denoised": Denoised}


@dataclasses.dataclass(frozen=True)
class Config(Moves):
    """Options of HomoInterp; each is a flag."""

    image_size: int = option(128, "side of the square images, in pixels", low=1)
    width: int = option(64, "channels of the first convolution; everything scales with it", low=1)
    decoder_width: int = option(0, "that of D, which runs for every frame; 0: --width")
    latent_depth: int = option(0, "channels d of the latent; 0: the encoder's own")
    encoder: str = option("vgg19", "network E", tuple(ENCODERS))
    decoder: str = option("upsample", "network D", tuple(DECODERS))
    unit_latents: bool = option(True, "scale each latent channel to mean 0, variance 1")
    branch_width: int = option(0, "channels inside a branch; 0: d, as in the paper, or half of --denoiser_width")
    branches: str = option("difference", "what T_i sees: F_b - F_a, or the face and where to", tuple(BRANCHES))
    branch_bias: bool = option(True, "biases in the branches; without, T_i(0) = 0")
    rest: str = option(
        "network", "one more branch, for what no attribute names: as the others, what they leave, or none", RESTS
    )
    reading: bool = option(False, "K more latent channels: Phi's reading of the attributes")
    keep_length: bool = option(False, "one more: how long the code is; what lies between is stretched back to it")
    critic_width: int = option(0, "channels of the critic; 0: 4 width")
    denoiser_width: int = option(96, "channels of what all denoised branches share, at the code's own size", low=2)
    perceptual: str = option("classifier", "Phi", ("classifier", "vgg19"))
    vgg_weights: str = option("imagenet", "VGG19's weights for E and Phi: imagenet, random, or a file")

    classifier_steps: int = option(1000, "steps of Phi alone, where it is a classifier")
    autoencoder_steps: int = option(0, "then steps of E and D alone")
    denoiser_steps: int = option(0, "then steps of denoised branches alone, in batches four times as large")
    calibration_steps: int = option(
        0, "then steps of a factor for each attribute and face: how far to go, by what Phi reads"
    )
    denoiser_noise: float = option(2.5, "of the codes it learns from, which have unit scale; photos want more", low=0.1)
    denoiser_motion: float = option(1.0, "share of --shift, --scale and --tilt that is left meanwhile", high=1)
    denoiser_labels: bool = option(
        False, "they are told the labels, not Phi's reading, which says much else of a photo"
    )
    usual_gain: float = option(1.0, "factor of each attribute's change before calibration, which pulls to it", low=0.1)
    usual_gains: str = option("", "usual factors of single branches, --usual_gain for the others: age=5,eyes=4")
    gain_range: float = option(2.5, "calibrated factors are at most so many times as large, or as small", low=1)
    steps: int = option(128_000, "then steps of all together", may_change=True)

    rate: float = option(1e-4, "Adam's rate")
    critic_rate: float = option(0.0, "Adam's rate for Dis and A'; 0: --rate")
    autoencoder_rate: float = option(1e-4, "the rate for E and D alone")
    denoiser_rate: float = option(1e-3, "the rate for denoised branches alone")
    lone_optimizer: str = option("adam", "for Phi, E and D alone, and denoised branches", ("adam", "muon"))
    calibration_rate: float = option(1e-3, "Adam's rate for these factors")
    classifier_rate: float = option(1e-3, "the rate for Phi")
    final_rate: float = option(1.0, "share of the rate that is left at the end of each stage (half a cosine)", high=1)
    beta_1: float = option(0.5, "Adam's beta_1", high=1)
    critic_steps: int = option(5, "critic steps for one step of the others", low=1)

    erased_share: float = option(0.0, "share of codes that lose a rectangle of cells while E and D train alone", high=1)
    lone_share: float = option(0.0, "share of pairs that move one branch alone; the others draw every strength", high=1)
    corner_share: float = option(0.0, "share of pairs whose strengths are 0 or 1", high=1)
    perceptual_weight: float = option(1.0, "of Phi_3 in (4.3), (4.4)")
    pixel_weight: float = option(1.0, "of the pixels in (4.3), (4.4)")
    guidance_weight: float = option(1.0, "of (4.5)")
    penalty_weight: float = option(100.0, "of the gradient penalty in (4.1)")
    gain_weight: float = option(2.0, "of the price on factors other than the usual ones, in calibration")
    move_weight: float = option(0.0, "of the price on how far codes move, in calibration")
    gap_weight: float = option(1.0, "of (4.8): A' told the source's labels")
    real_weight: float = option(0.0, "of A' told the real labels of real latents")
    encoder_gan_weight: float = option(1.0, "of (4.2) in (4.6)")
    gan_weight: float = option(1.0, "of (4.2) in (4.9)")
    homomorphism_weight: float = option(1.0, "of (4.7) in (4.9)")
    homomorphism_encoder: bool = option(False, "(4.7), and what follows, also change E")
    total_weight: float = option(1.0, "of the total term in (4.9)")


class HomoInterp(BranchedMethod):
    """The system: sub-networks encoder, decoder, interpolator, critic, guide (P) and phi."""

    Config = Config
    averaged = ("encoder", "decoder", "interpolator", "phi")

    def __init__(self, config: Config, attributes, groups=None, **kwargs):
        super().__init__(config, attributes, groups=groups, rest=config.rest != "none", **kwargs)
        self.keeps_length = config.keep_length
        self.encoder = ENCODERS[config.encoder](config.width, config.latent_depth, config.unit_latents, name="encoder")
        stride = self.encoder.stride
        if config.image_size % (4 * stride):
            raise InputError(
                f"--image_size={config.image_size}: encoder={config.encoder} needs a multiple of {4 * stride}"
            )
        width, depth = config.decoder_width or config.width, config.latent_depth or 4 * config.width
        try:
            self.decoder = DECODERS[config.decoder](width, stride, depth, name="decoder")
        except ValueError as error:
            raise InputError(f"--decoder={config.decoder}: {error}") from error
        networks = len(self.groups) + (config.rest == "network")
        masks = [[row[i] for row in self.membership] for i in range(len(self.groups))]
        if config.rest == "network":
            masks.append([1.0 - sum(mask) for mask in zip(*masks, strict=True)])  # attributes outside every group
        options = {}
        if config.branches == "denoised":
            if not config.reading or config.rest == "network":
                raise InputError(
                    "--branches=denoised: these branches go by the reading; give --reading and --rest=remainder too"
                )
            if not config.denoiser_steps:
                raise InputError("--branches=denoised: these branches learn in --denoiser_steps; give some")
            self.coupling, self.edits = Coupling(self.membership, name="coupling"), True
            self.gains = Gains(self._usual_gains(), config.gain_range, name="gains")
            self.averaged = (*self.averaged, "coupling", "gains")
            options = {"width": config.denoiser_width, "noise": config.denoiser_noise, "gains": self.gains}
        elif config.denoiser_steps or config.calibration_steps or config.usual_gains:
            raise InputError(
                "--denoiser_steps, --calibration_steps, --usual_gains: belong to --branches=denoised; give it too"
            )
        self.interpolator = BRANCHES[config.branches](
            networks,
            config.branch_width,
            config.branch_bias,
            config.rest == "remainder",
            masks if config.reading else (),
            name="interpolator",
            **options,
        )
        self.critic = LatentCritic(len(self.attributes), config.critic_width or 4 * config.width, name="critic")
        if config.perceptual == "vgg19":
            self.phi = VggFeatures(config.width, name="phi")
        else:
            self.phi = AttributeClassifier(len(self.attributes), config.width, stride, name="phi")
        if config.encoder_gan_weight and not config.gan_weight:
            raise InputError(
                "--gan_weight=0: E hears the same (4.2) at a weight of its own; give --encoder_gan_weight=0 too"
            )
        if config.reading and not self.phi.trained_on_data:
            raise InputError("--reading: VGG19 reads no attributes; use --perceptual=classifier or --noreading")

    def _usual_gains(self) -> np.ndarray:
        """The usual factor of each attribute, (K,): its branch's in --usual_gains, else --usual_gain."""
        c, meaning = self.config, "1 goes as far as the denoiser says"
        try:
            own = strengths(c.usual_gains, self.groups, list(self.groups), "usual_gains", c.usual_gain, meaning)
        except InputError as error:
            raise InputError(f"{error}; --usual_gains= with nothing behind it is --usual_gain for all") from error
        if not ((own >= 0.1) & (own <= 100.0)).all():
            raise InputError(f"--usual_gains={c.usual_gains}: give factors from 0.1 to 100")
        member = np.array(self.membership, np.float32)[:, : len(self.groups)]
        return np.where(member.any(axis=1), member @ own, c.usual_gain)

    def build_all(self) -> None:
        image = tf.zeros((2, self.config.image_size, self.config.image_size, 3))
        code = self.encoder(image)
        self.depth = code.shape[-1]
        self.critic(code), self.phi(image)
        latent = self.encode(image)
        seen = self.seen(latent)
        self.decoder(seen)
        self.latent_shape = tuple(latent.shape[1:])
        if self.edits:
            self.coupling.build(), self.gains.build(seen.shape[1:])
        self.interpolator(seen, seen)
        teacher = self.phi.features(image)[1]
        if teacher.shape[1] != latent.shape[1]:
            raise InputError(
                f"--perceptual={self.config.perceptual} gives a {teacher.shape[1]}x{teacher.shape[1]} teacher for "
                f"{latent.shape[1]}x{latent.shape[1]} latents; use it with an encoder of the same stride"
            )
        self.guide = layers.Conv2D(teacher.shape[-1], 1, name="guide")
        self.guide.build(code.shape)
        if "vgg19" in (self.config.encoder, self.config.perceptual):
            for net, kind in ((self.encoder, VggEncoder), (self.phi, VggFeatures)):
                if isinstance(net, kind):
                    load_vgg(net, self.config.vgg_weights)
        self.built = True

    def stages(self) -> tuple[Stage, ...]:
        c = self.config
        adam = lambda rate: Adam(rate, c.beta_1, final=c.final_rate)  # noqa: E731
        critic = Phase("critic", ("critic",), self.critic_loss, adam(c.critic_rate or c.rate))
        everything = ("encoder", "decoder", "guide", "interpolator")
        together = Phase("together", everything, self.together_loss, adam(c.rate), c.critic_steps)
        usual = lambda rate: Adam(rate, 0.9, final=c.final_rate)  # noqa: E731  no adversary: the usual momentum
        alone = usual if c.lone_optimizer == "adam" else lambda rate: Muon(rate, final=c.final_rate)
        autoencoder = Phase(
            "autoencoder", ("encoder", "decoder", "guide"), self.autoencoder_loss, alone(c.autoencoder_rate)
        )
        denoiser = Phase("denoiser", ("interpolator", "coupling"), self.denoiser_loss, alone(c.denoiser_rate))
        calibration = Phase("calibration", ("gains",), self.calibration_loss, usual(c.calibration_rate))
        gently = functools.partial(self.prepare, motion=c.denoiser_motion)
        classifier = Phase("classifier", ("phi",), self.classifier_loss, alone(c.classifier_rate))
        stages = (
            Stage("classifier", c.classifier_steps if self.phi.trained_on_data else 0, (classifier,)),
            Stage("autoencoder", c.autoencoder_steps, (autoencoder,)),
            Stage("denoiser", c.denoiser_steps, (denoiser,), batches=4, prepare=gently),
            Stage("calibration", c.calibration_steps, (calibration,), prepare=gently),
            Stage("together", c.steps, (critic, together)),
        )
        return tuple(stage for stage in stages if stage.steps)

    def prepare(self, batch: Batch, seed: tf.Tensor, motion: float = 1.0) -> Batch:
        """{image uint8 (B,S,S,3), labels (B,K)} -> the same, moved by this share of the options' and scaled to [0,1],
        with strength and what else is drawn.
        """
        c, count = self.config, tf.shape(batch["labels"])[0]
        seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 7, alg="philox"), num=7)
        uniform = lambda i, shape: tf.random.stateless_uniform(shape, seeds[i], alg="philox")  # noqa: E731
        normal = lambda i, shape: tf.random.stateless_normal(shape, seeds[i], alg="philox")  # noqa: E731
        image = tf.cast(batch["image"], tf.float32) / 255.0
        prepared = {
            "image": moved(image, c.by(motion), uniform(0, (count, 2)), uniform(1, (count, 3))),
            "labels": tf.cast(batch["labels"], tf.float32),
            "strength": self.draw_strength(seeds[2], count, c.lone_share, c.corner_share),
            "mix": uniform(3, (count, 1, 1, 1)),
        }
        if c.erased_share:
            runs = math.gcd(8, self.depth)  # of neighbouring channels, which the patch code has from coarse to fine
            drawn = uniform(5, (count, 6)), uniform(6, (count, runs))
            lost = rectangles(*drawn, c.erased_share, *self.latent_shape[:2])
            prepared["erased"] = tf.repeat(lost, self.depth // runs, axis=-1)
        if self.edits:
            prepared["noise"] = normal(4, (count, *self.latent_shape[:2], self.depth))
        return prepared

    # --- the mathematics -------------------------------------------------------------------------------------------

    def encode(self, image: tf.Tensor, training: bool = False) -> tf.Tensor:
        """F (B, h, w, d): the encoder's code; with --reading, Phi's reading in -1 to 1, the same everywhere; with
        --keep_length, the code's length.
        """
        code = tf.cast(self.encoder(image, training=training), tf.float32)
        parts = [code]
        if self.config.reading:
            reading = tf.tanh(0.5 * self.phi.logits(image))[:, None, None, :]  # 2 sigmoid - 1
            parts.append(tf.stop_gradient(reading) + tf.zeros_like(code[..., :1]))
        if self.keeps_length:
            parts.append(length(code))
        return tf.concat(parts, axis=-1)

    def reconstruction(self, image: tf.Tensor, decoded: tf.Tensor) -> tuple[tf.Tensor, Terms]:
        """(4.3) = (4.4), with the pixel term."""
        pixel = losses.squared_error(decoded, image)
        feature = losses.squared_error(self.phi.features(decoded)[0], self.phi.features(image)[0])
        loss = self.config.perceptual_weight * feature + self.config.pixel_weight * pixel
        return loss, {"phi_3": feature, "psnr": -10.0 / tf.math.log(10.0) * tf.math.log(pixel)}

    def guidance(self, image: tf.Tensor, latent: tf.Tensor) -> tf.Tensor:
        """(4.5)."""
        return losses.squared_error(self.guide(latent), self.phi.features(image)[1])

    def classifier_loss(self, batch: Batch) -> tuple[tf.Tensor, Terms]:
        logits = self.phi.logits(batch["image"], training=True)
        loss = losses.attribute_entropy(batch["labels"], logits)
        return loss, {"entropy": loss, "error": tf.reduce_mean(tf.abs(tf.sigmoid(logits) - batch["labels"]))}

    def autoencoder_loss(self, batch: Batch) -> tuple[tf.Tensor, Terms]:
        """(4.3), (4.4), (4.5) without the game; here the encoder's unit scale is measured, if there are such steps."""
        latent = self.encode(batch["image"], training=True)
        guidance, seen = self.guidance(batch["image"], self.code(latent)), self.seen(latent)
        if self.config.erased_share:
            seen = tf.concat([self.code(latent) * (1.0 - batch["erased"]), seen[..., self.depth :]], axis=-1)
        loss, terms = self.reconstruction(batch["image"], self.decoder(seen, training=True))
        return loss + self.config.guidance_weight * guidance, terms | {"guidance": guidance}

    def denoiser_loss(self, batch: Batch) -> tuple[tf.Tensor, Terms]:
        """The denoiser of codes; and what one attribute's reading leaves of its group's others."""
        latent = self.encode(batch["image"])
        code, reading = self.code(latent), self.reading(latent)
        told = 2.0 * batch["labels"] - 1.0 if self.config.denoiser_labels else reading
        left = self.interpolator.left(code, told, batch["noise"])
        coupling = self.coupling.left(reading)
        return left + coupling, {"left": left, "coupling": coupling}

    def calibration_loss(self, batch: Batch) -> tuple[tf.Tensor, Terms]:
        """What Phi reads of D(F_interp) against the reading that F_interp carries, by how far that went.

        Branches fall short, for the denoiser says means. All that learns here is how far to go, a number for each
        attribute and face, which is too little to please Phi by patterns. Means are soft, and Phi sees less of a soft
        change than there is, so that it asks for too much: one price keeps factors near the usual one, another moves
        short, so that colours, which change much of a code, go less far than wrinkles.
        """
        source = self.encode(batch["image"])
        apart = partner(source) - source
        fake, _ = self.interpolate(source, apart, self.without_rest(batch["strength"]))
        wanted, was = self.reading(fake), self.reading(source)
        read = tf.tanh(0.5 * self.phi.logits(self.decode(fake)))
        asked = tf.abs(wanted - was)
        factors = self.gains.logarithms(self.seen(apart)[..., self.depth :], self.seen(source))[:, 0, 0]
        left, price = (tf.reduce_mean(tf.reduce_sum(asked * part**2, axis=-1)) for part in (read - wanted, factors))
        moved = tf.reduce_mean((self.code(fake) - self.code(source)) ** 2)
        loss = left + self.config.gain_weight * price + self.config.move_weight * moved
        return loss, {"left": left, "price": price, "moved": moved, "asked": tf.reduce_mean(asked)}

    def critic_loss(self, batch: Batch) -> tuple[tf.Tensor, Terms]:
        """(4.1) and (4.8), which share their trunk."""
        c, latent = self.config, tf.stop_gradient(self.encode(batch["image"]))
        real, fake = (
            self.code(latent),
            self.code(self.interpolate(latent, partner(latent) - latent, batch["strength"])[0]),
        )
        (real_score, real_logits), (fake_score, fake_logits) = self.critic(real), self.critic(fake)
        wasserstein = losses.wasserstein_critic(real_score, fake_score)
        penalty = c.penalty_weight * losses.gradient_penalty(lambda x: self.critic(x)[0], real, fake, batch["mix"])
        gap = losses.attribute_entropy(batch["labels"], fake_logits)
        labels = losses.attribute_entropy(batch["labels"], real_logits)
        loss = wasserstein + penalty + c.gap_weight * gap + c.real_weight * labels
        return loss, {"wasserstein": wasserstein, "penalty": penalty, "gap": gap, "real": labels}

    def together_loss(self, batch: Batch) -> tuple[tf.Tensor, Terms]:
        """(4.3), (4.6) and (4.9) in one update."""
        latent = self.encode(batch["image"], training=not self.config.autoencoder_steps)
        loss, terms = self.reconstruction(batch["image"], self.decode(latent, training=True))
        guidance = self.guidance(batch["image"], self.code(latent))
        game, game_terms = self.game(batch, latent)
        loss += self.config.guidance_weight * guidance + game
        return loss, terms | {"guidance": guidance} | game_terms

    def game(self, batch: Batch, latent: tf.Tensor) -> tuple[tf.Tensor, Terms]:
        """The interpolator's terms (4.9); E hears (4.2) by its weight in (4.6), the rest if --homomorphism_encoder."""
        c, held = self.config, tf.stop_gradient(latent)
        known = latent if c.homomorphism_encoder else held
        fake, moves = self.interpolate(known, partner(known) - known, batch["strength"])
        score, logits = self.critic(self.code(fake))
        share = c.encoder_gan_weight / c.gan_weight if c.gan_weight else 0.0
        scaled = held + share * (latent - held)  # (4.2) reaches E by another weight than the rest
        if share != float(c.homomorphism_encoder):
            score = self.critic(self.code(self.interpolate(scaled, partner(scaled) - scaled, batch["strength"])[0]))[0]
        opponent = losses.wasserstein_opponent(self.critic(self.code(scaled))[0], score)
        homomorphism = losses.attribute_entropy(self.labels_at(batch["labels"], batch["strength"]), logits)
        total = losses.squared_error(tf.reduce_sum(moves, axis=1), partner(held) - held)
        loss = c.gan_weight * opponent + c.homomorphism_weight * homomorphism + c.total_weight * total
        return loss, {"opponent": opponent, "homomorphism": homomorphism, "total": total}

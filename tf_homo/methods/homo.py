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
  * latents at unit scale, so that critic, penalty and (4.7) are well conditioned: --unit_latents.
Ours, off by default, for where the text stops short (docs/method.md says more):
  * --rest=remainder: the rest branch is what the others leave of F_b - F_a, so that the total term holds exactly;
  * --reading: latents carry Phi's reading of the attributes; a branch moves its group's, and D draws what it says;
  * --critic=pictures: Dis and A' judge D(F_interp), so that E and D learn to make in-betweens;
  * --adversary=logistic: for (4.1) and (4.2) the logistic game with R1 and R2, which needs no five critic steps;
  * --label_penalty_weight: the slopes of A' are small too, or branches win by patterns that only a network sees;
  * --label_steps, --real_weight: A' learns real labels of real images, before the game and in it;
  * --gates, --directions: T_i(x) = g_i(x) x + (1 - g_i(x)) sum_k r_k d_k, the target's own code where a gate is open,
    elsewhere what its reading r makes likely: d_k is a field for attribute k, the same in every face;
  * --direction_steps, --branch_steps: these are found alone, before anything learns to please Dis;
  * --erased_share: while E and D train alone, D also fills in cells that were taken from the code;
  * --edit_share: for edits without a reference, some pairs know of their target the reading alone;
  * --change_weight: branches change few pixels;
  * --lone_share, --corner_share, --path_share: pairs that move one branch alone, all the way, or all branches as one
    (there (4.8) is left out: near the end of that path the source's labels are wrong); --norest_plays: else the rest
    stays;
  * stages before --steps, and networks with little at full resolution (--encoder=patch, --decoder=shuffle).
"""

import dataclasses

import tensorflow as tf
from keras import layers

from tf_homo import losses
from tf_homo.branches import BranchedMethod, partner
from tf_homo.data.augment import Moves, moved, rectangles
from tf_homo.errors import InputError
from tf_homo.method import Batch, Phase, Stage, Terms, option
from tf_homo.networks import (
    Coupling,
    Directions,
    Interpolator,
    LatentCritic,
    PatchEncoder,
    PictureCritic,
    ShuffleDecoder,
    UpsampleDecoder,
    VggEncoder,
)
from tf_homo.optimizers import Adam, Muon
from tf_homo.perceptual import AttributeClassifier, VggFeatures, load_vgg

ENCODERS = {"vgg19": VggEncoder, "patch": PatchEncoder}
RESTS = ("network", "remainder", "none")
DECODERS = {"upsample": UpsampleDecoder, "shuffle": ShuffleDecoder}
CRITICS = {"latents": LatentCritic, "pictures": PictureCritic}
ADVERSARIES = ("wasserstein", "logistic")


@dataclasses.dataclass(frozen=True)
class Config(Moves):
    """Options of HomoInterp; each is a flag."""

    image_size: int = option(128, "side of the square images, in pixels", low=1)
    width: int = option(64, "channels of the first convolution; everything scales with it", low=1)
    latent_depth: int = option(0, "channels d of the latent; 0: the encoder's own")
    encoder: str = option("vgg19", "network E", tuple(ENCODERS))
    decoder: str = option("upsample", "network D", tuple(DECODERS))
    unit_latents: bool = option(True, "scale each latent channel to mean 0, variance 1")
    branch_width: int = option(0, "channels inside a branch; 0: d, as in the paper")
    gates: int = option(0, "gates a cell through which a branch lets the target's code pass; 0: it draws its own moves")
    directions: bool = option(False, "where its gates are shut, a branch moves by its attributes' own directions")
    branch_bias: bool = option(True, "biases in the branches; without, T_i(0) = 0")
    rest: str = option(
        "network", "one more branch, for what no attribute names: as the others, what they leave, or none", RESTS
    )
    reading: bool = option(False, "K more latent channels: Phi's reading of the attributes")
    critic: str = option("latents", "what Dis and A' judge", tuple(CRITICS))
    critic_width: int = option(0, "channels of the critic; 0: 4 width for latents, 2 width for pictures")
    adversary: str = option("wasserstein", "the game of (4.1) and (4.2)", ADVERSARIES)
    perceptual: str = option("classifier", "Phi", ("classifier", "vgg19"))
    vgg_weights: str = option("imagenet", "VGG19's weights for E and Phi: imagenet, random, or a file")

    classifier_steps: int = option(1000, "steps of Phi alone, where it is a classifier")
    autoencoder_steps: int = option(0, "then steps of E and D alone")
    label_steps: int = option(0, "then steps of A' alone, on real labels of real images")
    direction_steps: int = option(0, "then steps of the directions alone, by least squares")
    branch_steps: int = option(0, "then steps of the branches alone, all else held, (4.7) without an adversary")
    steps: int = option(128_000, "then steps of all together", may_change=True)

    rate: float = option(1e-4, "Adam's rate")
    critic_rate: float = option(0.0, "Adam's rate for Dis and A'; 0: --rate")
    autoencoder_rate: float = option(1e-4, "the rate for E and D alone")
    label_rate: float = option(0.0, "the rate for A' alone; 0: --critic_rate")
    branch_rate: float = option(0.0, "Adam's rate for the branches alone; 0: --rate")
    lone_optimizer: str = option("adam", "for what trains without an adversary: E and D, A'", ("adam", "muon"))
    classifier_rate: float = option(1e-3, "Adam's rate for Phi")
    final_rate: float = option(1.0, "share of the rate that is left at the end of each stage (half a cosine)", high=1)
    beta_1: float = option(0.5, "Adam's beta_1", high=1)
    critic_steps: int = option(5, "critic steps for one step of the others", low=1)

    erased_share: float = option(0.0, "share of codes that lose a rectangle of cells while E and D train alone", high=1)
    lone_share: float = option(0.0, "share of pairs that move one branch alone; the others draw every strength", high=1)
    corner_share: float = option(0.0, "share of pairs whose strengths are 0 or 1", high=1)
    path_share: float = option(0.0, "share of pairs that move all branches as one, the rest too", high=1)
    edit_share: float = option(0.0, "share of pairs whose reference is its reading alone", high=1)
    rest_plays: bool = option(True, "the game draws a strength for the rest branch too; otherwise 0")

    perceptual_weight: float = option(1.0, "of Phi_3 in (4.3), (4.4)")
    pixel_weight: float = option(1.0, "of the pixels in (4.3), (4.4)")
    guidance_weight: float = option(1.0, "of (4.5)")
    penalty_weight: float = option(100.0, "of the gradient penalty in (4.1); logistic: of the squared slopes of Dis")
    label_penalty_weight: float = option(0.0, "of the squared slopes of A', summed over attributes (logistic only)")
    gap_weight: float = option(1.0, "of (4.8): A' told the source's labels")
    real_weight: float = option(0.0, "of A' told the real labels of real latents")
    encoder_gan_weight: float = option(1.0, "of (4.2) in (4.6)")
    gan_weight: float = option(1.0, "of (4.2) in (4.9)")
    homomorphism_weight: float = option(1.0, "of (4.7) in (4.9)")
    homomorphism_encoder: bool = option(False, "(4.7), and what follows, also change E")
    total_weight: float = option(1.0, "of the total term in (4.9)")
    change_weight: float = option(0.0, "of mean |D(F_interp) - Im_a| but on whole paths (critic=pictures only)")


class HomoInterp(BranchedMethod):
    """The system: sub-networks encoder, decoder, interpolator, critic, guide (P) and phi."""

    Config = Config
    averaged = ("encoder", "decoder", "interpolator", "phi")

    def __init__(self, config: Config, attributes, groups=None, **kwargs):
        super().__init__(config, attributes, groups=groups, rest=config.rest != "none", **kwargs)
        self.encoder = ENCODERS[config.encoder](config.width, config.latent_depth, config.unit_latents, name="encoder")
        stride = self.encoder.stride
        if config.image_size % (4 * stride):
            raise InputError(
                f"--image_size={config.image_size}: encoder={config.encoder} needs a multiple of {4 * stride}"
            )
        try:
            self.decoder = DECODERS[config.decoder](config.width, stride, config.latent_depth, name="decoder")
        except ValueError as error:
            raise InputError(f"--decoder={config.decoder}: {error}") from error
        self.directions, self.coupling = None, None
        if config.directions:
            if not (config.reading and config.gates):
                raise InputError("--directions: needs gates and the reading; give --gates=1 and --reading too")
            self.directions = Directions(len(self.attributes), name="directions")
            self.coupling = Coupling(self.membership, name="coupling")
            self.averaged, self.edits = (*self.averaged, "coupling"), True
        networks = len(self.groups) + (config.rest == "network")
        masks = [[row[i] for row in self.membership] for i in range(len(self.groups))]
        masks.append([1.0 - sum(mask) for mask in zip(*masks, strict=True)])  # rest: attributes outside every group
        self.interpolator = Interpolator(
            networks,
            config.branch_width,
            config.branch_bias,
            config.rest == "remainder",
            masks if config.reading else (),
            config.gates,
            self.directions,
            name="interpolator",
        )
        self.judges_pictures = config.critic == "pictures"
        width = config.critic_width or (2 if self.judges_pictures else 4) * config.width
        self.critic = CRITICS[config.critic](len(self.attributes), width, name="critic")
        if config.perceptual == "vgg19":
            self.phi = VggFeatures(config.width, name="phi")
        else:
            self.phi = AttributeClassifier(len(self.attributes), config.width, stride, name="phi")
        if config.reading and not self.phi.trained_on_data:
            raise InputError("--reading: VGG19 reads no attributes; use --perceptual=classifier or --noreading")

    def build_all(self) -> None:
        image = tf.zeros((2, self.config.image_size, self.config.image_size, 3))
        code = self.encoder(image)
        self.depth = code.shape[-1]
        if self.config.gates and self.depth % self.config.gates:
            raise InputError(f"--gates={self.config.gates}: cannot share the code's {self.depth} channels evenly")
        self.critic(image if self.judges_pictures else code), self.phi(image)
        latent = self.encode(image)
        self.decoder(latent)
        self.latent_shape = tuple(latent.shape[1:])
        if self.directions:
            self.directions.build(self.latent_shape)
            self.coupling.build()
        self.interpolator(latent)
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
        labels = Phase("labels", ("critic",), self.labels_loss, alone(c.label_rate or c.critic_rate or c.rate))
        directions = Phase(
            "directions", ("directions", "coupling"), self.directions_loss, usual(c.branch_rate or c.rate)
        )
        branches = Phase("branches", ("interpolator",), self.branches_loss, usual(c.branch_rate or c.rate))
        classifier = Phase("classifier", ("phi",), self.classifier_loss, usual(c.classifier_rate))
        stages = (
            Stage("classifier", c.classifier_steps if self.phi.trained_on_data else 0, (classifier,)),
            Stage("autoencoder", c.autoencoder_steps, (autoencoder,)),
            Stage("labels", c.label_steps, (labels,)),
            Stage("directions", c.direction_steps if c.directions else 0, (directions,)),
            Stage("branches", c.branch_steps, (branches,)),
            Stage("together", c.steps, (critic, together)),
        )
        return tuple(stage for stage in stages if stage.steps)

    def prepare(self, batch: Batch, seed: tf.Tensor) -> Batch:
        """{image uint8 (B,S,S,3), labels (B,K)} -> the same, moved and scaled to [0,1], with
        strength and what else is drawn.
        """
        c, count = self.config, tf.shape(batch["labels"])[0]
        seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 8, alg="philox"), num=8)
        uniform = lambda i, shape: tf.random.stateless_uniform(shape, seeds[i], alg="philox")  # noqa: E731
        strength, apart = self.draw_strength(
            seeds[0], count, c.lone_share, c.corner_share, c.path_share, rest=c.rest_plays
        )
        prepared = {
            "labels": tf.cast(batch["labels"], tf.float32),
            "strength": strength,
            "apart": apart,
            "given": 1.0 - apart * tf.cast(uniform(7, (count,)) < c.edit_share, tf.float32),
            "mix": uniform(1, (count, 1, 1, 1)),
            "signs": tf.sign(uniform(2, (count, len(self.attributes))) - 0.5),
        }
        if c.erased_share:
            drawn = uniform(5, (count, 6)), uniform(6, (count, max(c.gates, 1)))
            lost = rectangles(*drawn, c.erased_share, *self.latent_shape[:2])
            prepared["erased"] = tf.repeat(lost, self.depth // lost.shape[-1], axis=-1)
        image = tf.cast(batch["image"], tf.float32) / 255.0
        return prepared | {"image": moved(image, c, uniform(3, (count, 2)), uniform(4, (count, 3)))}

    # --- the mathematics -------------------------------------------------------------------------------------------

    def encode(self, image: tf.Tensor, training: bool = False) -> tf.Tensor:
        """F (B, h, w, d): the encoder's code and, with --reading, Phi's reading in -1 to 1, the same everywhere."""
        code = tf.cast(self.encoder(image, training=training), tf.float32)
        if not self.config.reading:
            return code
        reading = tf.tanh(0.5 * self.phi.logits(image))[:, None, None, :]  # 2 sigmoid - 1
        return tf.concat([code, tf.stop_gradient(reading) + tf.zeros_like(code[..., :1])], axis=-1)

    def judged(self, latent: tf.Tensor) -> tf.Tensor:
        """What the critic sees of an in-between: its code, or its picture."""
        return self.decoder(latent) if self.judges_pictures else self.code(latent)

    def real(self, batch: Batch, latent: tf.Tensor | None = None) -> tf.Tensor:
        """The same of the batch's own images, whose latents may be known."""
        if self.judges_pictures:
            return batch["image"]
        return self.code(self.encode(batch["image"]) if latent is None else latent)

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
        guidance = self.guidance(batch["image"], self.code(latent))
        if self.config.erased_share:
            code, reading = latent[..., : self.depth], latent[..., self.depth :]
            latent = tf.concat([code * (1.0 - batch["erased"]), reading], axis=-1)
        loss, terms = self.reconstruction(batch["image"], self.decoder(latent, training=True))
        if self.config.erased_share:
            terms["psnr_erased"] = terms.pop("psnr")
        return loss + self.config.guidance_weight * guidance, terms | {"guidance": guidance}

    def labels_loss(self, batch: Batch) -> tuple[tf.Tensor, Terms]:
        """A' alone, on real images with their labels; Dis's own head has nothing to learn yet."""
        score, logits, slope = self.judgement(self.real(batch), batch["signs"])
        loss = losses.attribute_entropy(batch["labels"], logits)
        weighted = (self.config.real_weight or 1.0) * loss + slope
        return weighted + 0.0 * tf.reduce_sum(score), {"real": loss}

    def judgement(self, seen: tf.Tensor, signs: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Scores, logits and, in the logistic game, the weighted penalty of the slopes of both."""
        c = self.config
        if c.adversary == "wasserstein":
            return *self.critic(seen), tf.constant(0.0)
        with tf.GradientTape() as tape:
            tape.watch(seen)
            score, logits = self.critic(seen)
            both = c.penalty_weight**0.5 * tf.reduce_sum(score)
            both += c.label_penalty_weight**0.5 * tf.reduce_sum(signs * logits)
        return score, logits, losses.squared_slope(tape.gradient(both, seen))

    def critic_loss(self, batch: Batch) -> tuple[tf.Tensor, Terms]:
        """(4.1) and (4.8), which share their trunk."""
        c, latent = self.config, tf.stop_gradient(self.encode(batch["image"]))
        fake = self.interpolate(latent, self.difference(latent, batch["given"]), batch["strength"])[0]
        real, fake = self.real(batch, latent), tf.stop_gradient(self.judged(fake))
        signs = tf.concat([batch["signs"]] * 2, axis=0)
        scores, logits, penalty = self.judgement(tf.concat([real, fake], axis=0), signs)
        (real_score, fake_score), (real_logits, fake_logits) = tf.split(scores, 2), tf.split(logits, 2)
        if c.adversary == "wasserstein":
            adversary = losses.wasserstein_critic(real_score, fake_score)
            penalty = c.penalty_weight * losses.gradient_penalty(lambda x: self.critic(x)[0], real, fake, batch["mix"])
        else:
            adversary = losses.logistic_critic(real_score, fake_score)
        gap = losses.attribute_entropy(batch["labels"], fake_logits, batch["apart"])
        labels = losses.attribute_entropy(batch["labels"], real_logits)
        loss = adversary + penalty + c.gap_weight * gap + c.real_weight * labels
        return loss, {c.adversary: adversary, "penalty": penalty, "gap": gap, "real": labels}

    def directions_loss(self, batch: Batch) -> tuple[tf.Tensor, Terms]:
        """What the directions leave of F_b - F_a, and what one attribute's reading leaves of its group's others."""
        latent = self.encode(batch["image"])
        difference = partner(latent) - latent
        reading = difference[:, 0, 0, self.depth :]  # (B, K)
        left = losses.squared_error(self.directions(reading), self.code(difference))
        coupling = self.coupling.left(reading)
        return left + coupling, {"left": left, "coupling": coupling}

    def branches_loss(self, batch: Batch) -> tuple[tf.Tensor, Terms]:
        """(4.9) without (4.2), F held."""
        return self.game(batch, tf.stop_gradient(self.encode(batch["image"])), opposed=False)

    def together_loss(self, batch: Batch) -> tuple[tf.Tensor, Terms]:
        """(4.3), (4.6) and (4.9) in one update."""
        latent = self.encode(batch["image"], training=not self.config.autoencoder_steps)
        decoded = self.decoder(latent, training=True)
        loss, terms = self.reconstruction(batch["image"], decoded)
        guidance = self.guidance(batch["image"], self.code(latent))
        game, game_terms = self.game(batch, latent)
        loss += self.config.guidance_weight * guidance + game
        return loss, terms | {"guidance": guidance} | game_terms

    def game(self, batch: Batch, latent: tf.Tensor, opposed: bool = True) -> tuple[tf.Tensor, Terms]:
        """The interpolator's terms (4.9); E hears (4.2) by its weight in (4.6), the rest if --homomorphism_encoder."""
        c, held = self.config, tf.stop_gradient(latent)
        known = latent if c.homomorphism_encoder else held
        fake, moves = self.interpolate(known, self.difference(known, batch["given"]), batch["strength"])
        seen = self.judged(fake)
        score, logits = self.critic(seen)
        share = c.encoder_gan_weight / c.gan_weight if c.gan_weight else 0.0
        if opposed and share != float(c.homomorphism_encoder):  # (4.2) reaches E by another weight than the rest
            scaled = held + share * (latent - held)
            other = self.interpolate(scaled, self.difference(scaled, batch["given"]), batch["strength"])[0]
            score = self.critic(self.judged(other))[0]
        if c.adversary == "logistic":
            opponent = losses.logistic_opponent(score)
        else:
            real = self.real(batch, held + share * (latent - held))
            opponent = losses.wasserstein_opponent(self.critic(real)[0], score)
        wanted = self.labels_at(batch["labels"], batch["strength"])
        homomorphism = losses.attribute_entropy(wanted, logits)
        total = losses.squared_error(tf.reduce_sum(moves, axis=1), self.difference(held, batch["given"]))
        terms = {"opponent": opponent, "homomorphism": homomorphism, "total": total}
        loss = c.gan_weight * opposed * opponent + c.homomorphism_weight * homomorphism + c.total_weight * total
        if self.judges_pictures:
            change = tf.reduce_mean(tf.abs(seen - batch["image"]), axis=(1, 2, 3))
            terms["change"] = tf.reduce_mean(batch["apart"] * change)
            loss += c.change_weight * terms["change"]
        return loss, terms

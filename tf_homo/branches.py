"""Systems whose latents are moved by one branch per attribute group: what they share beside their mathematics."""

import tensorflow as tf

from tf_homo import image_bytes
from tf_homo.attributes import REST, leads_of
from tf_homo.errors import InputError
from tf_homo.method import Batch, Method, Signature
from tf_homo.networks import stacked


class BranchedMethod(Method):
    """A Method with `encode`, `decoder` and `interpolator`, whose branches move groups of attributes.

    Attributes:
      branch_names: the groups, then `rest` where there is one: what no group names.
      membership: membership[k][i] = 1 where branch i moves attribute k; attributes outside every group stay the
        source's.
      leads: {group: the attribute that `edit` gives or takes}.
      edits: whether it moves faces without a reference, too.
      keeps_length: whether latents carry, as their last channel, how long their code is.
      latent_shape: (h, w, d), known after build_all; depth: channels of the code, before those of the reading if the
      latents carry one, -1 to 1 for each attribute and the same everywhere.
    """

    edits = False
    keeps_length = False

    def __init__(self, config, attributes, rest: bool, **kwargs):
        super().__init__(config, attributes, **kwargs)
        if not self.groups:
            raise InputError("the data set has no attributes, so there is no branch; give it labels")
        self.branch_names = (*self.groups, REST) if rest else tuple(self.groups)
        self.leads = leads_of(self.groups)
        self.membership = [[float(a in self.groups.get(b, ())) for b in self.branch_names] for a in self.attributes]

    def encode(self, image: tf.Tensor) -> tf.Tensor:
        """Images (B, S, S, 3) in [0, 1] -> latents (B, h, w, d)."""
        raise NotImplementedError

    def code(self, latent: tf.Tensor) -> tf.Tensor:
        """A latent without its reading: what the critic sees, so that moving the reading alone wins nothing."""
        return latent[..., : self.depth]

    def reading(self, latent: tf.Tensor) -> tf.Tensor:
        """The reading (B, K) that a latent carries."""
        return latent[:, 0, 0, self.depth : self.depth + len(self.attributes)]

    def seen(self, latent: tf.Tensor) -> tf.Tensor:
        """What networks see of a latent: all but its length."""
        return latent[..., :-1] if self.keeps_length else latent

    def decode(self, latent: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Latents (B, h, w, d) -> pictures (B, S, S, 3), around [0, 1].

        A mix of two codes is shorter than both, and so washed out: it is stretched to the length that its latent names.
        """
        if self.keeps_length:
            code = self.code(latent)
            stretch = tf.clip_by_value(latent[..., -1:] / length(code), 1.0, 2.0)
            latent = tf.concat([code * stretch, self.seen(latent)[..., self.depth :]], axis=-1)
        return self.decoder(latent, training=training)

    def interpolate(self, source: tf.Tensor, difference: tf.Tensor, strength: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """F_interp (B, h, w, d) and the moves T_i (B, C, h, w, d) for strength (B, C)."""
        moves = stacked(self.moves(difference, source))
        return source + tf.einsum("bc,bchwd->bhwd", strength, moves), moves

    def moves(self, difference: tf.Tensor, source: tf.Tensor) -> list[tf.Tensor]:
        """The moves T_i (B, h, w, d) at full strength: those of the interpolator and, where latents say how long their
        code is, how much longer it gets; the remainder's is what is left of the difference.
        """
        here, apart = self.seen(source), self.seen(difference)
        moves = self.interpolator.moves(apart, here)
        if not self.keeps_length:
            return moves
        rest = self.interpolator.remainder
        there = [here + move for move in (moves[:-1] if rest else moves)]
        now, *then = tf.split(length(self.code(tf.concat([here, *there], axis=0))), 1 + len(there))
        longer = [after - now for after in then]
        if rest:
            longer.append(difference[..., -1:] - tf.add_n(longer))
        return [tf.concat(both, axis=-1) for both in zip(moves, longer, strict=True)]

    def coupling(self, change: tf.Tensor, reading: tf.Tensor) -> tf.Tensor:
        """Changes (B, K) of readings (B, K), with those that go along with them; here none does."""
        return change

    def imagined(self, latent: tf.Tensor, wish: tf.Tensor) -> tf.Tensor:
        """F_b - F_a (B, h, w, d) towards a reference that nobody gave: no code, and the reading as wished (B, K), from
        -1 (without) over 0 (as it is) to 1 (with). Only of systems whose `edits` is true.
        """
        reading = self.reading(latent)
        change = self.coupling(tf.abs(wish) * (tf.sign(wish) - reading), reading)[:, None, None]
        everywhere = change + tf.zeros_like(self.seen(latent)[..., self.depth :])
        same = [tf.zeros_like(latent[..., -1:])] * self.keeps_length
        return tf.concat([tf.zeros_like(self.code(latent)), everywhere, *same], axis=-1)

    def edit(self, latent: tf.Tensor, wish: tf.Tensor) -> tf.Tensor:
        """Latents (B, h, w, d) moved by wishes (B, K) as in `imagined`; each branch goes as far as the strongest wish
        in its group, evenly, and beyond 1 exaggerates.
        """
        far = tf.abs(wish)[:, :, None] * tf.constant(self.membership)  # (B, K, C)
        strength = tf.reduce_max(far, axis=1)
        unit = wish / tf.maximum(tf.matmul(strength, tf.constant(self.membership), transpose_b=True), 1e-6)
        return stepped(latent, strength, self.moves(self.imagined(latent, unit), latent))

    def draw_strength(self, seed: tf.Tensor, count: tf.Tensor, lone: float, corner: float) -> tf.Tensor:
        """Strengths (count, C) to train with: uniform; a share `lone` of rows moves one branch alone, and a share
        `corner` is 0 or 1.
        """
        seeds = tf.unstack(tf.random.experimental.stateless_split(seed, 4, alg="philox"), num=4)
        uniform = lambda i, width: tf.random.stateless_uniform((count, width), seeds[i], alg="philox")  # noqa: E731
        branches, corners = len(self.branch_names), uniform(0, 1) < corner
        drawn = uniform(1, branches)
        chosen = tf.one_hot(tf.cast(uniform(2, 1)[:, 0] * branches, tf.int32), branches)
        alone = chosen * tf.where(corners, 1.0, drawn)
        return tf.where(uniform(3, 1) < lone, alone, tf.where(corners, tf.round(drawn), drawn))

    def without_rest(self, strength: tf.Tensor) -> tf.Tensor:
        """Strengths (B, C) with 0 for the rest branch."""
        return strength * tf.constant([float(name != REST) for name in self.branch_names])

    def labels_at(self, labels: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
        """z_interp (B, K) between `labels` and their partners'."""
        v = tf.matmul(strength, tf.constant(self.membership), transpose_b=True)  # (B, K)
        return labels + v * (partner(labels) - labels)

    def sample(self, batch: Batch) -> tuple[tf.Tensor, list[str]]:
        """Rows of pairs: source, its reconstruction, each branch alone at 1, all at 1, target."""
        image = tf.cast(batch["image"], tf.float32) / 255.0
        latent = self.encode(image)
        moves = self.moves(partner(latent) - latent, latent)
        frames = [latent, *[latent + move for move in moves], latent + tf.add_n(moves)]
        decoded = [tf.clip_by_value(self.decode(frame), 0.0, 1.0) for frame in frames]
        columns = ["source", "decoded", *self.branch_names, "all", "target"]
        return tf.stack([image, *decoded, partner(image)], axis=1), columns

    def signatures(self) -> dict[str, Signature]:
        size, h, w, d = self.config.image_size, *self.latent_shape
        image = tf.TensorSpec((None, size, size, 3), tf.float32)
        latent = tf.TensorSpec((None, h, w, d), tf.float32)
        strength = tf.TensorSpec((None, len(self.branch_names)), tf.float32)
        photo = tf.TensorSpec((None,), tf.string)

        def encode(image):
            return {"latent": self.encode(image)}

        def decode(latent):
            return {"image": tf.clip_by_value(self.decode(latent), 0.0, 1.0)}

        def interpolate(source, target, strength):
            return {"latent": stepped(source, strength, self.moves(target - source, source))}

        def edit_attributes(latent, strength):
            return {"latent": self.edit(as_many(latent, strength), strength)}

        def edit(latent, strength):
            leads = [[float(a == self.leads.get(b)) for a in self.attributes] for b in self.branch_names]  # (C, K)
            return edit_attributes(latent, tf.matmul(strength, tf.constant(leads)))

        def whole(source, target, strength):
            a, b = encode(source)["latent"], encode(target)["latent"]
            return decode(interpolate(a, b, strength)["latent"])

        def morph_jpeg(source, target, strength):
            a, b = image_bytes.decode(source, size), image_bytes.decode(target, size)
            # TensorFlow Serving writes an output as base64 where its name ends in _bytes
            return {"image_bytes": image_bytes.encode(whole(a, b, strength)["image"])}

        found = {
            "encode": Signature(encode, {"image": image}),
            "interpolate": Signature(interpolate, {"source": latent, "target": latent, "strength": strength}),
            "decode": Signature(decode, {"latent": latent}),
            "serving_default": Signature(whole, {"source": image, "target": image, "strength": strength}),
            "morph_jpeg": Signature(morph_jpeg, {"source": photo, "target": photo, "strength": strength}),
        }
        if self.edits:
            wish = tf.TensorSpec((None, len(self.attributes)), tf.float32)
            found["edit"] = Signature(edit, {"latent": latent, "strength": strength})
            found["edit_attributes"] = Signature(edit_attributes, {"latent": latent, "strength": wish})
        return found

    def info(self) -> dict:
        return super().info() | {
            "image_size": self.config.image_size,
            "branches": list(self.branch_names),
            "groups": {group: list(members) for group, members in self.groups.items()},
            "leads": dict(self.leads),
            "latent": list(self.latent_shape),
            "code_depth": self.depth,
        }


def length(code: tf.Tensor) -> tf.Tensor:
    """Root mean square of the length of codes (B, h, w, d) in the 5x5 cells around each, (B, h, w, 1)."""
    return tf.sqrt(tf.nn.avg_pool2d(tf.reduce_sum(code**2, axis=-1, keepdims=True), 5, 1, "SAME") + 1e-6)


def stepped(latent: tf.Tensor, strength: tf.Tensor, moves: list[tf.Tensor]) -> tf.Tensor:
    """Latent + sum_i strength_i moves_i for strength (N, C) and C moves like the latent, (1 or N, h, w, d).

    A matrix product, for ranks up to 4: one source and target serve any number of rows, their branches run once.
    """
    h, w, d = latent.shape[1:]
    rows = tf.concat([tf.reshape(move, (-1, 1, h * w * d)) for move in moves], axis=1)
    step = tf.matmul(strength[:, None, :], rows)  # (N, 1, C) x (1 or N, C, hwd)
    return latent + tf.reshape(step, (-1, h, w, d))


def as_many(x: tf.Tensor, strength: tf.Tensor) -> tf.Tensor:
    """Latents or images (1 or N, h, w, d) as N rows, one for each of strength (N, C)."""
    return x + tf.zeros_like(strength[:, :1])[:, None, None]


def partner(x: tf.Tensor) -> tf.Tensor:
    """Swaps examples 2i and 2i + 1 along the batch."""
    pairs = tf.reshape(x, tf.concat([[-1, 2], tf.shape(x)[1:]], axis=0))
    return tf.ensure_shape(tf.reshape(tf.reverse(pairs, [1]), tf.shape(x)), x.shape)

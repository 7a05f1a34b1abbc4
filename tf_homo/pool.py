"""What a discriminator remembers of a generator's pictures."""

import tensorflow as tf
from keras import layers


class ImagePool(layers.Layer):
    """Shows a discriminator earlier pictures of a generator in place of half of the new ones (Shrivastava et al. 2017;
    Zhu et al. 2017), so that the two do not chase each other in circles.

    A picture whose place is empty is kept and shown; otherwise it changes places with the one kept there, or is shown
    and forgotten, by its draw. The paper draws places one picture after the other; here a batch has places of its own,
    so that replicas do together what one device does. They gather what is new, as synchronised batch statistics do.
    Its content is part of the checkpoint.

    Args:
      places: how many pictures are kept; with 0 all are shown as they come.
    """

    def __init__(self, places: int, **kwargs):
        super().__init__(dtype="float32", autocast=False, **kwargs)
        self.places = places

    def build(self, shape):
        kept = {"trainable": False, "initializer": "zeros", "aggregation": "only_first_replica"}
        if self.places:
            self.pictures = self.add_weight(shape=(self.places, *shape[1:]), name="pictures", **kept)
            self.full = self.add_weight(shape=(self.places,), name="full", **kept)

    def call(self, new: tf.Tensor, place: tf.Tensor, draw: tf.Tensor) -> tf.Tensor:
        """Pictures (B, H, W, C), the place of each (B,) int32, no two alike but -1 for none, draws (B,) in [0, 1)."""
        if not self.places:
            return new
        where = tf.one_hot(place, self.places)  # (B, P)
        pictures, full = tf.convert_to_tensor(self.pictures), tf.convert_to_tensor(self.full)
        there = tf.linalg.matvec(where, full) > 0.5
        swapped = there & (draw < 0.5)
        earlier = tf.gather(pictures, tf.maximum(place, 0))
        shown = tf.where(swapped[:, None, None, None], earlier, new)

        where *= tf.cast(swapped | ~there, tf.float32)[:, None]
        replica = tf.distribute.get_replica_context()
        if replica and replica.num_replicas_in_sync > 1:
            where, new = (replica.all_gather(part, axis=0) for part in (where, tf.stop_gradient(new)))
        written = tf.reduce_sum(where, axis=0)  # (P,) of 0 and 1
        self.pictures.assign(pictures * (1.0 - written)[:, None, None, None] + tf.einsum("bp,bhwc->phwc", where, new))
        self.full.assign(tf.maximum(full, written))
        return shown


def drawn_places(seed: tf.Tensor, count: tf.Tensor, places: int) -> tf.Tensor:
    """Places (count,) int32 for the pictures of a batch, all different; -1 for those that find none."""
    order = tf.argsort(tf.random.stateless_uniform((places,), seed, alg="philox"))[:count]
    return tf.pad(order, ((0, count - tf.shape(order)[0]),), constant_values=-1)

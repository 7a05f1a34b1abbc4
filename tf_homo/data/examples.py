"""Labelled images in memory, and batches of them that are a function of (seed, step): what makes a resumed run
exact.
"""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class Examples:
    """N images with K labels.

    Attributes:
      images: uint8 (N, S, S, 3), RGB; a np.memmap where they are too many for the memory.
      labels: float32 (N, K) in [0, 1].
      attributes: the K names.
      extras: other arrays of N rows, for instance landmarks and mask of the drawn set.
      about: what model.json says of them.
      inputs: uint8 (N, S, S, 3), where the data are pairs: what the images are to be made of.
    """

    images: np.ndarray
    labels: np.ndarray
    attributes: tuple[str, ...]
    extras: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    about: dict = dataclasses.field(default_factory=dict)
    inputs: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def arrays(self) -> dict[str, np.ndarray]:
        """What batches are made of."""
        arrays = {"image": self.images, "labels": self.labels}
        return arrays if self.inputs is None else arrays | {"input": self.inputs}


def shuffled(count: int, batch_size: int, seed: int, step: tf.Tensor, side: int = 0) -> tf.Tensor:
    """Indices (batch_size,) of batch number `step` in an endless sequence of shuffled epochs over `count` examples.

    Any step is reached without drawing those before it; every epoch is a new permutation and nothing is left over.
    Each `side` has a sequence of its own.
    """
    place = step * batch_size + tf.range(batch_size, dtype=tf.int64)
    epoch, rank = place // count, place % count
    seeds = tf.stack(
        [tf.fill([batch_size], tf.constant(seed, tf.int64)), epoch, tf.fill([batch_size], tf.constant(side, tf.int64))],
        axis=1,
    )
    # the raw operator: tf.random.experimental.index_shuffle pads a batch of seeds along the wrong axis, and its four
    # rounds leave epochs alike
    return tf.raw_ops.RandomIndexShuffle(
        index=rank, seed=tf.cast(seeds, tf.uint32), max_index=tf.constant(count - 1, tf.int64), rounds=16
    )


def batches(
    arrays: dict[str, np.ndarray],
    batch_size: int,
    seed: int,
    steps: Sequence[int],
    prepare: Callable[[dict[str, tf.Tensor], tf.Tensor], dict[str, tf.Tensor]],
    sides: Sequence[np.ndarray] | None = None,
) -> tf.data.Dataset:
    """Prepared batches for the steps from `steps[0]` up to (not with) `steps[1]`, each a function of (seed, step)
    alone.

    `sides` are the places of examples that take turns in a batch, each shuffled by itself: unpaired domains. By default
    there is one, of all examples.
    """
    gathers = {name: _gather(array) for name, array in arrays.items()}
    turns = [tf.constant(side, tf.int64) for side in sides or [np.arange(len(next(iter(arrays.values()))))]]
    each = batch_size // len(turns)

    def at(step: tf.Tensor) -> dict[str, tf.Tensor]:
        chosen = [tf.gather(turn, shuffled(len(turn), each, seed, step, side)) for side, turn in enumerate(turns)]
        index = tf.reshape(tf.stack(chosen, axis=1), (batch_size,))
        batch = {name: gather(index) for name, gather in gathers.items()}
        return prepare(batch, tf.stack([tf.constant(seed, tf.int64), step]))

    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    options.autotune.enabled = False  # nothing to tune, and its thread may sleep on when the iterator has ended
    return tf.data.Dataset.range(*steps).map(at, num_parallel_calls=2).prefetch(2).with_options(options)


def _gather(array: np.ndarray) -> Callable[[tf.Tensor], tf.Tensor]:
    """Rows of an array by their indices; those of a mapped file are read when they are asked for."""
    if not isinstance(array, np.memmap):
        tensor = tf.constant(array)
        return lambda index: tf.gather(tensor, index)

    def rows(index: tf.Tensor) -> tf.Tensor:
        found = tf.numpy_function(lambda places: np.asarray(array[places]), [index], array.dtype, stateful=False)
        return tf.ensure_shape(found, (index.shape[0], *array.shape[1:]))

    return rows

"""How the small networks that measure are trained."""

from collections.abc import Callable, Sequence

import numpy as np


def descend(network, loss: Callable, draw: Callable[[], Sequence[np.ndarray]], optimizer, steps: int) -> None:
    """Takes `steps` steps of a Keras optimizer down loss(*batch), a scalar, for batch = draw()."""
    import tensorflow as tf
    from tqdm import tqdm

    optimizer.build(network.trainable_variables)

    @tf.function
    def step(*batch):
        with tf.GradientTape() as tape:
            value = loss(*batch)
        variables = network.trainable_variables
        optimizer.apply(tape.gradient(value, variables), variables)
        return value

    for index in (bar := tqdm(range(steps), unit="step", mininterval=1.0)):
        value = step(*draw())
        if index % 20 == 0:
            bar.set_postfix(loss=f"{float(value):.3f}")

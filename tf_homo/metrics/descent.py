"""How the small networks that measure are trained."""

from collections.abc import Callable, Sequence

import numpy as np


def descend(network, loss: Callable, draw: Callable[[], Sequence[np.ndarray]], rate, steps: int) -> None:
    """Takes `steps` steps of Adam down loss(*batch), a scalar, for batch = draw(); `rate` is a number or a schedule."""
    import keras
    import tensorflow as tf
    from tqdm import tqdm

    optimizer = keras.optimizers.Adam(rate, beta_2=0.99)
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

import keras
import numpy as np
import tensorflow as tf

from tf_homo.metrics.descent import descend


class Line:
    """y = a x: as much of a network as is needed."""

    def __init__(self):
        self.slope = keras.Variable(0.0)
        self.trainable_variables = [self.slope]


def test_it_goes_down_on_what_is_drawn_and_says_how_far(capsys):
    line, drawn = Line(), []

    def draw():
        drawn.append(np.float32([1.0, 2.0]))
        return drawn[-1], 3.0 * drawn[-1]

    optimizer = keras.optimizers.Adam(0.3, beta_2=0.99)
    descend(line, lambda x, y: tf.reduce_mean((line.slope * x - y) ** 2), draw, optimizer, 100)
    np.testing.assert_allclose(line.slope.numpy(), 3.0, atol=0.02)
    assert len(drawn) == 100
    assert "100/100" in capsys.readouterr().err

import numpy as np
import pytest
import tensorflow as tf

from tf_homo.guards import guarded
from tf_homo.method import Signature

INPUTS = {
    "source": tf.TensorSpec((None, 2, 2), tf.float32),
    "target": tf.TensorSpec((None, 2, 2), tf.float32),
    "strength": tf.TensorSpec((None, 3), tf.float32),
}
PAIR = {"source": np.ones((2, 2, 2)), "target": np.ones((2, 2, 2)), "strength": np.ones((2, 3))}
ONE = {"source": np.ones((1, 2, 2)), "target": np.ones((1, 2, 2))}


@pytest.fixture(scope="module")
def sums():
    """Where the graph knows nothing of shapes, as in a server's session."""

    def function(source, target, strength):
        return {"sum": tf.reduce_sum(source) + tf.reduce_sum(target) + tf.reduce_sum(strength)}

    loose = {name: tf.TensorSpec(None, tf.float32) for name in INPUTS}
    traced = tf.function(guarded(Signature(function, INPUTS), 1e6, 1000)).get_concrete_function(**loose)
    return lambda **inputs: float(traced(**{k: tf.constant(v, tf.float32) for k, v in inputs.items()})["sum"])


def test_what_fits_goes_through(sums):
    assert sums(**PAIR) == 8 + 8 + 6
    assert sums(**ONE, strength=np.full((5, 3), -1e6)) == 4 + 4 - 15e6
    assert sums(**ONE, strength=np.ones((1000, 3))) == 4 + 4 + 3000


@pytest.mark.parametrize(
    ("inputs", "complaint"),
    [
        ({"source": np.ones((2, 2, 3))}, r"Shape of tensor .*\[2,2,3\].*expected shape \[\?,2,2\]"),
        ({"source": np.ones((2, 2))}, "Shape of tensor"),
        ({"strength": np.ones((2, 2))}, "Shape of tensor"),
        ({"source": np.full((2, 2, 2), np.nan)}, "source: numbers must be finite and at most 1e\\+06"),
        ({"strength": [[0, np.inf, 0]] * 2}, "strength: numbers must be finite"),
        ({"strength": [[0, -2e6, 0]] * 2}, "strength: numbers must be finite"),
        ({"source": np.ones((1, 2, 2))}, r"rows must be equal.*source:\] \[1\] \[target:\] \[2\] \[strength:\] \[2\]"),
        ({"target": np.ones((1, 2, 2))}, "rows must be equal"),
        ({"strength": np.ones((1, 3))}, "rows must be equal"),
        ({"strength": np.ones((3, 3))}, "rows must be equal"),
        ({**ONE, "strength": np.ones((0, 3))}, "none may be 0"),
        ({**ONE, "strength": np.ones((1001, 3))}, r"strength \(1 to 1000\).*strength:\] \[1001\]"),
        ({name: x[:0] for name, x in PAIR.items()}, "none may be 0"),
    ],
)
def test_what_does_not_is_refused(inputs, complaint, sums):
    with pytest.raises(tf.errors.InvalidArgumentError, match=complaint):
        sums(**PAIR | inputs)


def test_nothing_is_computed_before():
    ran = []

    def function(x):
        return {"x": tf.numpy_function(lambda v: ran.append(v) or v, [x], tf.float32)}

    guard = tf.function(guarded(Signature(function, {"x": tf.TensorSpec((None,), tf.float32)}), 1e6, 1000))
    with pytest.raises(tf.errors.InvalidArgumentError):
        guard(x=tf.constant([np.nan]))
    assert not ran
    guard(x=tf.constant([1.0]))
    assert len(ran) == 1

"""What a signature refuses, inside the graph, so that a server refuses it too: as INVALID_ARGUMENT, before it computes.

Without, a NaN becomes a picture of NaN, an image of another size a picture of another size, and a batch that does not
match the others is stretched to them. The checks cost next to nothing; the .tflite converter leaves them out, and
`serving.Morpher` makes the same ones in NumPy.
"""

from collections.abc import Callable, Mapping

import tensorflow as tf

from tf_homo.method import Signature

Tensors = dict[str, tf.Tensor]


def guarded(signature: Signature, largest: float, most: int) -> Callable[..., Tensors]:
    """The signature's function, which raises tf.errors.InvalidArgumentError for inputs that it does not take.

    Each input must have the shape that the signature names and at least one row. Numbers must be finite and at most
    `largest` in size. The numbers of rows must be equal; one pair may have up to `most` rows in `strength`: each
    becomes a picture, and a short request would fill a server's memory.
    """

    def function(**inputs: tf.Tensor) -> Tensors:
        return signature.function(**_checked(inputs, signature.inputs, largest, most))

    return function


def _checked(inputs: Tensors, specs: Mapping[str, tf.TensorSpec], largest: float, most: int) -> Tensors:
    inputs = {name: tf.ensure_shape(inputs[name], spec.shape, name=name) for name, spec in specs.items()}
    checks = [_even_rows({name: tf.shape(x)[0] for name, x in inputs.items()}, most)]
    for name, x in inputs.items():
        if x.dtype.is_floating:  # a comparison with NaN is false
            message = f"{name}: numbers must be finite and at most {largest:g} in size"
            checks.append(tf.debugging.Assert(tf.reduce_all(tf.abs(x) <= largest), [message]))
    with tf.control_dependencies(checks):
        return {name: tf.identity(x) for name, x in inputs.items()}


def _even_rows(rows: Mapping[str, tf.Tensor], most: int) -> tf.Operation:
    """Asserts that all are one number, or all are one but `strength`, of which there are at most so many."""
    pairs = [count for name, count in rows.items() if name != "strength"]
    even = [count == pairs[0] for count in pairs[1:]]
    if "strength" in rows:
        even.append((rows["strength"] == pairs[0]) | (pairs[0] == 1))
        even.append(rows["strength"] <= most)
    full = [count > 0 for count in rows.values()]
    given = [part for name, count in rows.items() for part in (f"{name}:", count)]
    rule = f"the numbers of rows must be equal, or one in all but strength (1 to {most}), and none may be 0; got"
    return tf.debugging.Assert(tf.reduce_all([*even, *full]), [rule, *given])

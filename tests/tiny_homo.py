"""HomoInterp made tiny, and a batch for it."""

import keras
import numpy as np
import tensorflow as tf

from tests.conformance.cases import CASES, shake
from tf_homo.methods.homo import Config, HomoInterp

TINY = {**CASES["homo"].options, "reading": False}
ATTRIBUTES = ("Smiling", "Young", "Wearing_Hat", "Mouth_Slightly_Open")  # expression: 0 and 3, age: 1, no group: 2


def make(attributes=ATTRIBUTES, groups=None, **options):
    keras.utils.set_random_seed(0)
    method = HomoInterp(Config(**{**TINY, **options}), attributes, groups)
    method.build_all()
    return shake(method)


def denoised(**options):
    return make(**{**CASES["homo_denoised"].options, **options})


def a_batch():
    """Prepared, of four pictures with the labels of ATTRIBUTES."""
    rng = np.random.default_rng(0)
    return {
        "image": tf.constant(rng.random((4, 32, 32, 3), np.float32)),
        "labels": tf.constant([[0.0, 1, 0, 0], [1, 1, 1, 0], [1, 0, 0, 1], [1, 0, 1, 0]]),
        "strength": tf.constant(rng.random((4, 3), np.float32)),
        "mix": tf.constant(rng.random((4, 1, 1, 1), np.float32)),
        "noise": tf.constant(rng.standard_normal((4, 4, 4, 6), np.float32)),
    }

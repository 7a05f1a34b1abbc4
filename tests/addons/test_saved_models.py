"""SavedModels of ours in this older TensorFlow: every signature answers as it did where it was exported."""

import numpy as np
import pytest
import tensorflow as tf


@pytest.mark.parametrize("system", ["homo", "homo_denoised", "homo_vgg19"])
def test_answers(ours, signatures, agree, system):
    assert tf.__version__.startswith("2.15.")
    loaded = signatures(system)
    assert set(loaded) >= {"encode", "interpolate", "decode", "serving_default", "morph_jpeg"}
    for name, signature in loaded.items():
        inputs = ours(f"{system}.{name}")
        answer = inputs.pop("answer")
        (theirs,) = signature(**{argument: tf.constant(array) for argument, array in inputs.items()}).values()
        if theirs.dtype == tf.string:
            levels = [[tf.io.decode_png(png).numpy() / 255 for png in pngs] for pngs in (theirs.numpy(), answer)]
            agree(*levels, tolerance=1.01 / 255)
        else:
            agree(theirs, answer)


def test_what_is_refused_there_is_refused_here(signatures):
    image = np.full((1, 32, 32, 3), np.nan, np.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="finite"):
        signatures("homo")["encode"](image=tf.constant(image))

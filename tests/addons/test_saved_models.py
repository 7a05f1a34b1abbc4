"""SavedModels of ours in this older TensorFlow: every signature answers as it did where it was exported."""

import numpy as np
import pytest
import tensorflow as tf

SYSTEMS = ("homo", "homo_denoised", "homo_vgg19")


def calls(arrays):
    """{signature: (its inputs, its answer)}."""
    names = {key.split("/")[0] for key in arrays}
    return {
        name: (
            {
                key.split("/")[1]: tf.constant(a)
                for key, a in arrays.items()
                if key.startswith(f"{name}/") and key[-1] != "/"
            },
            arrays[f"{name}/"],
        )
        for name in sorted(names)
    }


@pytest.mark.parametrize("name", SYSTEMS)
def test_answers(ours, signatures, agree, name):
    assert tf.__version__.startswith("2.15.")
    loaded, expected = signatures(name), calls(ours(name))
    assert set(loaded) == set(expected) >= {"encode", "interpolate", "decode", "serving_default", "morph_jpeg"}
    for signature, (inputs, ours_of) in expected.items():
        (theirs,) = loaded[signature](**inputs).values()
        if theirs.dtype == tf.string:
            decoded = [[tf.io.decode_png(png) for png in pngs] for pngs in (theirs.numpy(), ours_of)]
            agree(*np.asarray(decoded, np.float64) / 255, tolerance=1.01 / 255)
        else:
            agree(theirs, ours_of)


def test_what_is_refused_there_is_refused_here(signatures):
    image = np.full((1, 32, 32, 3), np.nan, np.float32)
    with pytest.raises(tf.errors.InvalidArgumentError, match="finite"):
        signatures("homo")["encode"](image=tf.constant(image))

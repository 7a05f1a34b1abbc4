"""Parts of ours against their counterparts in tensorflow-addons."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_addons as tfa


def weights(arrays):
    return [arrays[f"weight_{i}"] for i in range(sum(key.startswith("weight_") for key in arrays))]


@pytest.mark.parametrize(
    ("name", "layer"),
    [("instance_norm", tfa.layers.InstanceNormalization()), ("group_norm", tfa.layers.GroupNormalization(groups=8))],
)
def test_normalisation(ours, agree, name, layer):
    arrays = ours(name)
    layer.build(arrays["x"].shape)
    layer.set_weights([arrays["gamma"], arrays["beta"]])
    agree(layer(arrays["x"]), arrays["result"], absolute=True)


def test_the_critic_on_latents(ours, agree):
    arrays, layers = ours("critic"), tf.keras.layers
    plan = [layers.Conv2D(8, 1), layers.LeakyReLU(0.2)]
    for _ in range(2):
        plan += [layers.Conv2D(8, 4, 2, "same"), tfa.layers.InstanceNormalization(), layers.LeakyReLU(0.2)]
    trunk = tf.keras.Sequential([*plan, layers.Conv2D(8, 2), layers.LeakyReLU(0.2), layers.Flatten()])
    heads = {"score": layers.Dense(1), "label": layers.Dense(3)}
    found = trunk(arrays["x"])
    for head in heads.values():
        head(found)
    given = weights(arrays)
    trunk.set_weights(given[:-4])
    heads["score"].set_weights(given[-4:-2])
    heads["label"].set_weights(given[-2:])
    for name, head in heads.items():
        agree(head(trunk(arrays["x"])), arrays[name])


# pictures: `moved` says where a pixel comes from, translate and rotate where it goes, hence the signs


def pixels(arrays):
    return (2 * arrays["place"] - 1) * arrays["shift"].astype(np.float32) * arrays["image"].shape[1]


def angles(arrays):
    return np.float32(arrays["tilt"] * np.pi / 180) * (2 * arrays["pose"][:, 2] - 1)


def test_a_shift_is_a_translation(ours, agree):
    arrays = ours("shifted")
    theirs = tfa.image.translate(arrays["image"], -np.round(pixels(arrays)), "nearest", fill_mode="reflect")
    assert np.abs(theirs - arrays["image"]).max() > 0.1
    agree(theirs, arrays["result"])


def test_a_tilt_is_a_rotation(ours, agree):
    arrays = ours("tilted")
    theirs = tfa.image.rotate(arrays["image"], -angles(arrays), "bilinear", fill_mode="reflect")
    assert np.abs(theirs - arrays["image"]).max() > 0.1
    agree(theirs, arrays["result"])


def test_all_moves_are_composed_transforms(ours, agree):
    arrays = ours("moved")
    size, pose = arrays["image"].shape[1], arrays["pose"]
    zero, one = np.zeros(len(pose)), np.ones(len(pose))
    flip = np.where(pose[:, 0] < 0.5, -1, 1)
    assert set(flip) == {-1, 1}
    scale, middle = 1 / (1 + arrays["scale"] * (2 * pose[:, 1] - 1)), (size - 1) / 2
    kept = middle * (1 - scale)
    transforms = [
        tfa.image.translations_to_projective_transforms(-pixels(arrays)),
        np.stack([flip, zero, middle * (1 - flip), zero, one, zero, zero, zero], 1).astype(np.float32),
        tfa.image.angles_to_projective_transforms(-angles(arrays), size, size),
        np.stack([scale, zero, kept, zero, scale, kept, zero, zero], 1).astype(np.float32),
    ]
    composed = tfa.image.compose_transforms(transforms)
    agree(tfa.image.transform(arrays["image"], composed, "bilinear", fill_mode="reflect"), arrays["result"])


def test_erased_rectangles_are_cut_out(ours, agree):
    arrays = ours("erased")
    for sides, centres, erased in zip(arrays["sides"], arrays["centres"], arrays["result"], strict=True):
        left = tfa.image.cutout(tf.ones((1, 16, 16, 1)), sides, centres[None])
        agree(1 - left[0], erased)


def test_a_warp_is_a_spline_of_order_two_read_bilinearly(ours, agree):
    arrays = ours("warped")
    image, size = arrays["image"].astype(np.float64), arrays["image"].shape[0]
    frame = [(x, y) for x in (0, 0.5, 1) for y in (0, 0.5, 1) if (x, y) != (0.5, 0.5)]
    points, origins = (np.concatenate([arrays[name], frame])[None] for name in ("points", "origins"))
    centres = (np.arange(size) + 0.5) / size
    places = np.stack(np.meshgrid(centres, centres), -1).reshape(1, -1, 2)
    found = tfa.image.interpolate_spline(points, origins, places, order=2) * size - 0.5
    theirs = tfa.image.interpolate_bilinear(image[None], found, indexing="xy")
    agree(tf.reshape(theirs, image.shape), arrays["result"])


# training


def test_cross_entropy_is_focal_loss_without_focus(ours, agree):
    arrays = ours("entropy")
    theirs = tfa.losses.sigmoid_focal_crossentropy(arrays["labels"], arrays["logits"], 0.0, 0.0, from_logits=True)
    agree(tf.reduce_mean(theirs), arrays["result"])


def test_moving_average_of_weights(ours, agree):
    """Steps of the run, given to theirs as gradients at a rate of 1."""
    arrays = ours("averaged")
    variable = tf.Variable(arrays["weights"][0])
    optimizer = tfa.optimizers.MovingAverage(
        tf.keras.optimizers.legacy.SGD(1.0), average_decay=float(arrays["decay"]), dynamic_decay=True
    )
    for after, average in zip(arrays["weights"][1:], arrays["result"], strict=True):
        optimizer.apply_gradients([(variable - after, variable)])
        agree(optimizer.get_slot(variable, "average"), average)

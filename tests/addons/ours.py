"""What ours computes, as files, for the tests beside this one: they run where tensorflow-addons still does.

    python -m tests.addons.ours build/addons

Writes PART.npz with inputs, weights and results of each part that tensorflow-addons has a counterpart of; SYSTEM/1/,
a SavedModel, of small systems, and SYSTEM.SIGNATURE.npz with the inputs and the answer of each of its signatures.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from export import saved_model
from tests.conformance.cases import Momentum, System, shake
from tests.photo_bytes import png
from tests.tiny_homo import make
from tests.toy_method import Config, Toy
from tf_homo import losses, trainer
from tf_homo.data.augment import Moves, moved, rectangles
from tf_homo.data.examples import Examples
from tf_homo.denoiser import Block
from tf_homo.metrics.baselines import warp
from tf_homo.networks import LatentCritic

RNG = np.random.default_rng(0)
MOVES = {
    "shifted": Moves(shift=0.2, mirror=False),
    "tilted": Moves(shift=0.0, tilt=40.0, mirror=False),
    "moved": Moves(shift=0.1, scale=0.2, tilt=20.0, mirror=True),
}
SYSTEMS = {
    "homo": lambda: shake(System("homo").method()),
    "homo_denoised": lambda: shake(System("homo_denoised").method()),
    "homo_vgg19": lambda: make(encoder="vgg19", decoder="upsample", image_size=64, vgg_weights="random"),
}


def uniform(*shape):
    return RNG.random(shape, np.float32)


def normal(*shape):
    return RNG.standard_normal(shape, np.float32)


def stir(layer):
    for variable in layer.variables:
        variable.assign(variable + 0.3 * normal(*variable.shape))


def norms():
    """The two kinds of normalisation of ours, as the networks that have them make them."""
    critic, block = LatentCritic(attributes=3, channels=8), Block(16)
    critic.build((None, 8, 8, 6))
    block.build((None, 8, 8, 16), (None, 4))
    instance = next(layer for layer in critic.trunk.layers if "normalization" in layer.name)
    for name, layer, channels in (("instance_norm", instance, 8), ("group_norm", block.norm, 16)):
        stir(layer)
        x = 3.0 * normal(4, 4, 6, channels) + 1.0
        gamma, beta = layer.weights
        yield name, {"x": x, "gamma": gamma, "beta": beta, "result": layer(x)}
    stir(critic)
    x = normal(4, 8, 8, 6)
    weights = {f"weight_{i}": weight for i, weight in enumerate(critic.weights)}
    score, label = critic(x)
    yield "critic", {"x": x, "score": score, "label": label, **weights}


def moves():
    for name, options in MOVES.items():
        image, place, pose = uniform(8, 24, 24, 3), uniform(8, 2), uniform(8, 3)
        result = moved(tf.constant(image), options, tf.constant(place), tf.constant(pose))
        yield name, {"image": image, "place": place, "pose": pose, "result": result, **vars(options)}


def erased():
    """Rectangles whose edges lie between cells, in one run of channels: cutout knows no others."""
    sides, centres = 2 * RNG.integers(1, 6, (8, 2), np.int32), RNG.integers(0, 17, (8, 2), np.int32)
    drawn = np.concatenate([(sides - 2) / 8, centres / 16, np.zeros((8, 2))], axis=1).astype(np.float32)
    result = rectangles(tf.constant(drawn), tf.zeros((8, 1)), 1.0, 16, 16)
    yield "erased", {"sides": sides, "centres": centres, "result": result}


def entropies():
    labels, logits = uniform(8, 5), 3.0 * normal(8, 5)
    yield "entropy", {"labels": labels, "logits": logits, "result": losses.attribute_entropy(labels, logits)}


def warped():
    image = uniform(24, 24, 3)
    points = 0.3 + 0.4 * RNG.random((5, 2))
    origins = points + 0.05 * RNG.standard_normal((5, 2))
    yield "warped", {"image": image, "points": points, "origins": origins, "result": warp(image, points, origins)}


def averaged():
    """Weights before the first and after every step of a stage, and their moving average after every step."""
    images, labels = RNG.integers(0, 256, (10, 4, 4, 3), np.uint8), uniform(10, 1)
    examples, decay = Examples(images, labels, ("Smiling",), about={"dataset": "noise"}), 0.3
    with tempfile.TemporaryDirectory() as folder:
        run = trainer.Trainer(
            Toy, Config(first_steps=12, steps=0), examples, folder, strategy=trainer.strategy("one_device"),
            batch_size=4, sample_every=0, average_decay=decay, optimizer=Momentum(0.1),
        )  # fmt: skip
        weights, averages = [run.live[0].numpy()], []
        for step in range(run.total_steps):
            run.fit(stop_at=step + 1)
            weights.append(run.live[0].numpy())
            averages.append(run.averages[0].numpy())
    yield "averaged", {"weights": weights, "result": averages, "decay": decay}


def systems(folder):
    """Every signature on two rows, as this TensorFlow answers it."""
    for name, build in SYSTEMS.items():
        signatures = tf.saved_model.load(str(saved_model.export(build(), folder / name, version=1))).signatures
        for signature, call in signatures.items():
            inputs = {argument: example(spec) for argument, spec in call.structured_input_signature[1].items()}
            (answer,) = call(**{argument: tf.constant(array) for argument, array in inputs.items()}).values()
            kind = "S" if answer.dtype == tf.string else "f"
            yield f"{name}.{signature}", {**inputs, "answer": answer.numpy().astype(kind)}


def example(spec):
    """Pictures as PNG where bytes are asked for."""
    if spec.dtype == tf.string:
        return np.array([png(seed, 32) for seed in RNG.integers(0, 99, 2)], "S")
    return uniform(*(2 if size is None else size for size in spec.shape))


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for part in (norms(), moves(), erased(), entropies(), warped(), averaged(), systems(folder)):
        for name, arrays in part:
            np.savez(folder / f"{name}.npz", **{key: np.asarray(array) for key, array in arrays.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]))

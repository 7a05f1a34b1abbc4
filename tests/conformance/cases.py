"""The one place of the suite that knows systems: tiny configurations of each, with a few steps of every stage."""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from tf_homo import trainer
from tf_homo.data.examples import Examples, batches
from tf_homo.method import load


@dataclasses.dataclass(frozen=True)
class Case:
    """`options` of the Config; `attributes` of the examples; image_size must be among the options. `rate` is such that
    nearly all weights move in these few steps. `paired`: the examples have inputs.
    """

    method: str
    options: dict
    attributes: tuple[str, ...]
    rate: float = 1e-3
    paired: bool = False


TINY = {
    "image_size": 32,
    "width": 2,
    "encoder": "patch",
    "decoder": "shuffle",
    "latent_depth": 6,
    "branch_width": 4,
    "reading": True,
    "classifier_steps": 2,
    "autoencoder_steps": 2,
    "steps": 3,
}
FACES = ("Smiling", "Young", "Wearing_Hat")  # two groups, and one attribute in none
PAIRED = ("Smiling", "Mouth_Slightly_Open", "Young", "Wearing_Hat")  # two of them in one group
CASES = {
    "homo": Case(
        "homo",
        TINY
        | {
            "critic_steps": 2,
            "final_rate": 0.5,
            "lone_share": 0.3,
            "real_weight": 1.0,
            "corner_share": 0.3,
        },
        FACES,
    ),
    "homo_denoised": Case(
        "homo",
        TINY
        | {
            "rest": "remainder",
            "branches": "denoised",
            "denoiser_width": 2,
            "denoiser_steps": 6,
            "calibration_steps": 2,
            "usual_gains": "expression=0.5",
            "lone_optimizer": "muon",
            "erased_share": 0.5,
            "keep_length": True,
            "homomorphism_encoder": True,
            "critic_steps": 1,
        },
        PAIRED,
        rate=1e-2,
    ),
    "pix2pix": Case(
        "pix2pix",
        {"image_size": 32, "width": 2, "field": 16, "steps": 3, "test_dropout": True},
        FACES,
        paired=True,
    ),
    "pix2pix_coarse_to_fine": Case(
        "pix2pix",
        {
            "image_size": 32,
            "width": 2,
            "generator": "encoder_decoder",
            "upsampling": "transposed",
            "norm": "instance",
            "critic_norm": "none",
            "field": 16,
            "scales": 2,
            "spectral": True,
            "conditional": False,
            "gan": "hinge",
            "coarse_steps": 2,
            "steps": 2,
            "final_rate": 0.5,
        },
        (),
        paired=True,
    ),
}
TRANSLATOR = {"image_size": 16, "width": 2, "blocks": 1, "field": 16, "classifier_steps": 2, "steps": 3, "held": 0.4}
CASES |= {
    "cyclegan": Case("cyclegan", TRANSLATOR | {"pool": 3, "scales": 2, "head_start": 1}, ("Smiling",)),
    "conditional_cyclegan": Case(
        "conditional_cyclegan",
        TRANSLATOR
        | {
            "generator": "unet",
            "upsampling": "shuffle",
            "norm": "none",
            "residual": True,
            "coarse_steps": 2,
            "critic_norm": "none",
            "spectral": True,
            "gan": "hinge",
            "pool": 9,
        },
        ("Young",),
    ),
    "stargan": Case(
        "stargan", TRANSLATOR | {"field": 70, "upsampling": "transposed", "critic_steps": 2, "self_weight": 1.0}, PAIRED
    ),
}


@dataclasses.dataclass(frozen=True)
class Momentum:
    """An optimizer that shows a slip in the size of gradients, which Adam hides, and has something to keep besides."""

    rate: float = 1e-3

    def build(self, updates):
        return keras.optimizers.SGD(self.rate, momentum=0.9)


class System:
    """A system made tiny, by the name of its case."""

    def __init__(self, name: str):
        case = CASES[name]
        self.name, self.kind = name, load(case.method)
        self.config, self.attributes = self.kind.Config(**case.options), case.attributes
        rng = np.random.default_rng(0)
        self.momentum = Momentum(case.rate)
        size = self.config.image_size
        self.examples = Examples(
            rng.integers(0, 256, (12, size, size, 3), np.uint8),
            rng.integers(0, 2, (12, len(case.attributes))).astype(np.float32),
            case.attributes,
            about={"dataset": "noise"},
            inputs=rng.integers(0, 256, (12, size, size, 3), np.uint8) if case.paired else None,
        )

    def method(self):
        """A new one, built, with the weights of seed 0."""
        keras.utils.set_random_seed(0)
        method = self.kind(self.config, self.attributes)
        method.build_all()
        return method

    def trainer(self, folder, devices="one_device", optimizer=None, jit=False):
        return trainer.Trainer(
            self.kind, self.config, self.examples, folder, strategy=trainer.strategy(devices), batch_size=4,
            average_decay=0.9, log_every=1, sample_every=0, optimizer=optimizer, jit=jit,
        )  # fmt: skip

    def batch(self, method, stage, seed=0):
        """A prepared batch as `stage` gets it."""
        arrays = self.examples.arrays()
        return next(iter(batches(arrays, 4, seed, (0, 1), stage.prepare or method.prepare)))


def shake(method):
    """Adds the same noise to the weights of every such method: what starts at nothing would hide faults."""
    rng = np.random.default_rng(7)
    for variable in method.variables:
        if variable.dtype.startswith("float") and "moving_" not in variable.path:
            variable.assign(variable.value + 0.05 * rng.standard_normal(variable.shape).astype(np.float32))
    return method


def tensors(arrays):
    return {name: tf.constant(array) for name, array in arrays.items()}


def weights(method):
    """Its variables as arrays, in their own order."""
    return [variable.numpy() for variable in method.variables]

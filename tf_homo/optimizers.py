"""Recipes of optimizers: what a Phase names, and the Trainer builds once it knows how many updates there will be."""

import dataclasses
import math

import keras
from keras import ops


@dataclasses.dataclass(frozen=True)
class Adam:
    """Adam with an optional fall to `final` times the rate over the stage: half a cosine or, where `held` is given, a
    straight line after that share of the stage.
    """

    rate: float = 2e-4
    beta_1: float = 0.5
    beta_2: float = 0.999
    final: float = 1.0
    held: float | None = None

    def build(self, updates: int) -> keras.optimizers.Optimizer:
        return keras.optimizers.Adam(falling(self, updates), beta_1=self.beta_1, beta_2=self.beta_2)


@dataclasses.dataclass(frozen=True)
class Muon:
    """Muon (Jordan 2024; scaled as in Liu et al. 2025) for kernels, Adam for all else, the same fall of the rate."""

    rate: float = 3e-3
    final: float = 1.0

    def build(self, updates: int) -> keras.optimizers.Optimizer:
        return KernelMuon(falling(self, updates), weight_decay=None, adam_weight_decay=None, adam_lr_ratio=0.5)


def falling(recipe: Adam | Muon, updates: int):
    """The recipe's rate over `updates` updates."""
    if recipe.final == 1.0:
        return recipe.rate
    if getattr(recipe, "held", None) is not None:
        return HeldThenLine(recipe.rate, recipe.final * recipe.rate, recipe.held * updates, updates)
    return keras.optimizers.schedules.CosineDecay(recipe.rate, updates, alpha=recipe.final)


class HeldThenLine(keras.optimizers.schedules.LearningRateSchedule):
    """`rate` up to step `start`, then straight to `end` at step `updates`, as CycleGAN and pix2pix fall."""

    def __init__(self, rate: float, end: float, start: float, updates: int):
        self.rate, self.end, self.start, self.updates = rate, end, start, updates

    def __call__(self, step):
        done = (ops.cast(step, "float32") - self.start) / max(self.updates - self.start, 1.0)
        return self.rate + (self.end - self.rate) * ops.clip(done, 0.0, 1.0)

    def get_config(self):
        return {"rate": self.rate, "end": self.end, "start": self.start, "updates": self.updates}


class KernelMuon(keras.optimizers.Muon):
    """Keras's Muon, which leaves convolutions to Adam, with their kernels (h, w, in, out) taken as matrices (h w in,
    out). They are made orthogonal in bfloat16 where networks compute in it, as Jordan's are. Small ones, and those
    that paint pixels, stay with Adam."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.precision = keras.mixed_precision.dtype_policy().compute_dtype  # as networks made here and now have it

    def _should_use_adamw(self, variable):
        *inputs, outputs = variable.shape
        return not inputs or min(math.prod(inputs), outputs) < SMALL

    def _muon_update_step(self, gradient, variable, learning_rate, momentum):
        self.assign(momentum, self.momentum * momentum + gradient)
        matrix = ops.reshape(gradient + self.momentum * momentum, (-1, variable.shape[-1]))
        turned = self.zeropower_via_newtonschulz5(ops.cast(matrix, self.precision), self.ns_steps)
        update = self.lr_adjust(learning_rate * ops.cast(turned, variable.dtype))
        self.assign_sub(variable, ops.reshape(update, variable.shape))

    def zeropower_via_newtonschulz5(self, x, steps: int):
        """The same polynomial of the smaller of x x' and x' x, times x once: under half of the work for tall kernels.
        Small singular values, squared, need float32.
        """
        if self.precision != "float32":
            return super().zeropower_via_newtonschulz5(x, steps)
        tall = x.shape[0] > x.shape[1]
        x = x / (ops.norm(x) + 1e-7)
        square = ops.transpose(x) @ x if tall else x @ ops.transpose(x)
        whole = one = ops.eye(square.shape[0])
        for _ in range(steps):
            once = self.muon_a * one + self.muon_b * square + self.muon_c * square @ square
            whole, square = once @ whole, once @ square @ once
        return x @ whole if tall else whole @ x


SMALL = 8

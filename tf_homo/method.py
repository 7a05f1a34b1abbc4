"""How a translation system is described: its options, its training phases, its signatures. One system is one file in
methods/.

A Method writes the mathematics of a step as if there were one device. It never sees replicas, files or flags: the
Trainer splits batches, divides losses, keeps averages and checkpoints; the programs make a Config from flags."""

import dataclasses
import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from tf_homo import methods
from tf_homo.attributes import default_groups, groups_of
from tf_homo.errors import InputError
from tf_homo.optimizers import Adam

Batch = dict[str, tf.Tensor]
Terms = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class Phase:
    """Which sub-networks train, by which loss, how often.

    Attributes:
      name: prefix of its log keys ("name/term"); one optimizer a name and stage.
      nets: names of the sub-networks (attributes of the method) whose weights it changes, and no others.
      loss: prepared batch -> (scalar to minimise, named terms for the log).
      optimizer: a recipe with build(updates) -> keras optimizer.
      every: runs in every `every`-th step of its stage, the last of each such run of steps.
    """

    name: str
    nets: tuple[str, ...]
    loss: Callable[[Batch], tuple[tf.Tensor, Terms]]
    optimizer: Any = Adam()
    every: int = 1


@dataclasses.dataclass(frozen=True)
class Stage:
    """A stretch of training: `steps` steps over the given phases, in order, on `batches` batches as one, made ready by
    `prepare`, or else by the method's own."""

    name: str
    steps: int
    phases: tuple[Phase, ...]
    batches: int = 1
    prepare: Callable[[Batch, tf.Tensor], Batch] | None = None


@dataclasses.dataclass(frozen=True)
class Signature:
    """One exported function: called by keyword with tensors of `inputs`, it returns named tensors."""

    function: Callable[..., dict[str, tf.Tensor]]
    inputs: Mapping[str, tf.TensorSpec]


def option(
    default: Any,
    text: str,
    choices: Sequence[str] = (),
    may_change: bool = False,
    low: float | None = 0,
    high: float | None = None,
) -> Any:
    """A Config field that becomes a flag.

    Args:
      choices: what a text may be.
      may_change: a resumed run may have another value.
      low, high: bounds of a number, both included.
    """
    about = {"help": text, "choices": tuple(choices), "may_change": may_change, "low": low, "high": high}
    return dataclasses.field(default=default, metadata=about)


class Method(keras.Model):
    """Base class of every system. A subclass has a Config, sub-networks as attributes, and the methods below.

    Attributes:
      config: its options, a frozen dataclass.
      attributes: names of the K labels of a batch, in order.
      groups: {group: those of them that move as one}; by default the groups of attributes.py as far as they are there.
    """

    Config: ClassVar[type]
    averaged: ClassVar[tuple[str, ...]] = ()  # sub-networks that are exported, from a moving average of their weights
    paired: ClassVar[bool] = False  # whether it learns from pairs: a batch has `input` beside `image`

    def __init__(
        self, config: Any, attributes: Sequence[str], groups: Mapping[str, Sequence[str]] | None = None, **kwargs
    ):
        super().__init__(**kwargs)
        self.config = config
        self.attributes = tuple(attributes)
        self.groups = groups_of(self.attributes, groups) if groups else default_groups(self.attributes)

    def build_all(self) -> None:
        """Gives every sub-network its weights, by calling each once on an example."""
        raise NotImplementedError

    def stages(self) -> tuple[Stage, ...]:
        """The plan of training. May be called only after build_all."""
        raise NotImplementedError

    def prepare(self, batch: Batch, seed: tf.Tensor) -> Batch:
        """Draws all randomness of a step from `seed` (2,) int32. Every tensor keeps the batch first, so that it can be
        split; examples 2i and 2i + 1 are never parted."""
        raise NotImplementedError

    def sides(self, labels: np.ndarray) -> Sequence[np.ndarray] | None:
        """Places of the examples with labels (N, K) that take turns in a batch: 2i from the first, 2i + 1 from the
        second; None for all as they come.
        """
        del labels

    def sample(self, batch: Batch) -> tuple[tf.Tensor, list[str]]:
        """A picture of the state of training from a few examples: images (rows, columns, S, S, 3), column labels."""
        raise NotImplementedError

    def signatures(self) -> dict[str, Signature]:
        """What is exported, by name."""
        raise NotImplementedError

    def info(self) -> dict[str, Any]:
        """What lies beside the model as model.json, less what the Trainer adds (data, step, versions)."""
        return {
            "method": name_of(type(self)),
            "attributes": list(self.attributes),
            "config": dataclasses.asdict(self.config),
        }


@functools.cache
def available() -> dict[str, type[Method]]:
    """Every system by name: the Method subclass of each module in methods/."""
    found = {}
    for module in pkgutil.iter_modules(methods.__path__):
        content = vars(importlib.import_module(f"tf_homo.methods.{module.name}"))
        found[module.name] = next(
            c
            for c in content.values()
            if isinstance(c, type) and issubclass(c, Method) and c.__module__.endswith(module.name)
        )
    return found


def name_of(kind: type[Method]) -> str:
    """What a system is called: its file in methods/."""
    return kind.__module__.rpartition(".")[2]


def load(name: str) -> type[Method]:
    """The class of the system called `name`.

    Raises:
      InputError: there is none; the message lists those there are.
    """
    if name not in available():
        raise InputError(f"--method: no system is called {name!r}; there are {', '.join(available())}")
    return available()[name]

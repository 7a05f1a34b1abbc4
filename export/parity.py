"""Does an exported model answer as the one it was made from? Both get the same inputs."""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from tf_homo import errors
from tf_homo.serving import Morpher, Shape

AT_ONCE = 16  # pictures of a call, where pictures are given


class ExportError(RuntimeError):
    """The exported model is not good enough to be kept: it differs too much, or a runtime could not take it."""


def run(main: Callable[[list[str]], None]) -> None:
    """As `errors.run`; an ExportError is one line on stderr and status 1."""

    def guarded(argv: list[str]) -> None:
        try:
            main(argv)
        except ExportError as error:
            sys.exit("error: " + " ".join(str(error).split()))

    errors.run(guarded)


class Gap(NamedTuple):
    """How far the answers of two models lie apart: the largest absolute difference, and the mean of all."""

    largest: float
    mean: float


def differences(
    reference: Morpher, exported: Morpher, seed: int = 0, pictures: np.ndarray | None = None, seen: bool = False
) -> dict[str, Gap]:
    """The gap of each signature of `reference`.

    By default over random inputs for one and for three rows: images uniform in [0, 1], latents those of such images,
    strengths uniform in [-0.5, 1.5], also five of them for one row of the rest. With `pictures` (N, S, S, 3) over all
    of these, each paired with its neighbour, and with each strength alone at 1 and all of them together.

    With `seen` a latent counts by the picture that `reference` decodes from it, if it does: a gap is one of pixels
    then. Otherwise, where an output's root mean square is above 1 (latents that nothing keeps at unit scale), a gap is
    a share of it: rounding grows with the numbers. A value that is not finite in either counts as nan, which no
    tolerance admits.

    Raises:
      ExportError: `exported` lacks a signature of `reference`, cannot run it, or gives another shape.
    """
    missing = reference.signatures - exported.signatures
    if missing:
        raise ExportError(f"the exported model lacks {', '.join(sorted(missing))}")
    found = {}
    for name in sorted(reference.signatures):
        gaps = []
        for inputs in _inputs(name, reference, np.random.default_rng(seed), pictures):
            expected = reference.call(name, **inputs)
            try:
                answer = exported.call(name, **inputs)
            except RuntimeError as error:
                raise ExportError(f"{name} does not run on {_sizes(inputs)}: {error}") from error
            if answer.shape != expected.shape:
                raise ExportError(f"{name} gives {answer.shape} for {_sizes(inputs)}, not {expected.shape}")
            gaps.append(_gap(reference, answer, expected, seen))
        largest, mean = zip(*gaps, strict=True)
        found[name] = Gap(float(np.max(largest)), float(np.mean(mean)))  # unlike max, passes nan on
    return found


def steps_of_bytes(reference: Morpher, functions: Mapping[str, Any]) -> dict[str, int]:
    """Of each signature on bytes, by how many of 255 steps its PNG differs from the picture that `serving_default` of
    `reference` paints of the same.

    Raises:
      ExportError: it is more than one, which rounding may make it.
    """
    import tensorflow as tf

    found = {}
    for name in sorted(functions.keys() - reference.signatures):
        (numbers, *_) = _inputs("serving_default", reference, np.random.default_rng(0), None)
        specs = functions[name].structured_input_signature[1]
        steps = {arg: np.rint(255 * numbers[arg]).astype(np.uint8) for arg in specs if specs[arg].dtype == tf.string}
        sent = numbers | {arg: tf.stack([tf.io.encode_png(one) for one in images]) for arg, images in steps.items()}
        (answer,) = functions[name](**{arg: tf.constant(value) for arg, value in sent.items()}).values()
        expected = reference.call("serving_default", **numbers | {arg: images / 255.0 for arg, images in steps.items()})
        pictures = np.stack([tf.io.decode_png(content) for content in answer])
        found[name] = int(np.abs(np.rint(255.0 * expected) - pictures).max())
        if found[name] > 1:
            raise ExportError(f"parity: {name} is {found[name]}/255 off serving_default; nothing was written")
    return found


def _gap(reference: Morpher, answer: np.ndarray, expected: np.ndarray, seen: bool) -> Gap:
    if seen and _is_latent(expected.shape, reference) and "decode" in reference.signatures:
        if not np.isfinite(answer).all():
            return Gap(np.nan, np.nan)
        answer, expected = reference.decode(answer), reference.decode(expected)
    apart = np.abs(answer - expected) / max(1.0, np.sqrt(np.mean(np.square(expected, dtype=float))))
    return Gap(apart.max(), apart.mean())


def _is_latent(shape: Shape, morpher: Morpher) -> bool:
    return tuple(shape[1:]) == tuple(morpher.info["latent"])


def _inputs(
    name: str, morpher: Morpher, rng: np.random.Generator, pictures: np.ndarray | None
) -> Iterator[dict[str, np.ndarray]]:
    shapes = dict(morpher.calls[name].inputs)
    strength = shapes.pop("strength", None)
    if pictures is None:
        for batch, rows in [(1, 1), (3, 3)] + ([(1, 5)] if strength else []):
            drawn = {"strength": rng.uniform(-0.5, 1.5, (rows, strength[1])).astype(np.float32)} if strength else {}
            yield {arg: _input(arg, batch, shape, morpher, rng) for arg, shape in shapes.items()} | drawn
        return
    for start in range(0, len(pictures), AT_ONCE):
        turned = [np.roll(pictures, -place, axis=0)[start : start + AT_ONCE] for place in range(len(shapes))]
        chosen = {
            arg: _input(arg, len(given), shape, morpher, rng, given)
            for given, (arg, shape) in zip(turned, shapes.items(), strict=True)
        }
        if strength is None:
            yield chosen
            continue
        for row in [*np.eye(strength[1]), np.ones(strength[1])]:
            yield chosen | {"strength": np.tile(row, (len(turned[0]), 1)).astype(np.float32)}


def _sizes(inputs: Mapping[str, np.ndarray]) -> str:
    return ", ".join(f"{arg} {value.shape}" for arg, value in inputs.items())


def _input(
    arg: str, rows: int, shape: Shape, morpher: Morpher, rng: np.random.Generator, given: np.ndarray | None = None
) -> np.ndarray:
    size = (rows, *shape[1:])
    if arg != "image" and _is_latent(shape, morpher):  # a latent may be a picture itself
        if "encode" not in morpher.signatures:
            return rng.standard_normal(size, np.float32)
        return morpher.encode(_input("image", rows, morpher.calls["encode"].inputs["image"], morpher, rng, given))
    if given is None or shape[1:] != given.shape[1:]:
        return rng.random(size, np.float32)
    return given.astype(np.float32)


def check(found: Mapping[str, Gap], largest: float, mean: float = np.inf) -> None:
    """Raises ExportError that names every signature with a gap above `largest` in one number or `mean` in all."""
    for limit, of, flag in ((largest, "largest", f"--tolerance={largest:g}"), (mean, "mean", f"{mean:.2g} on average")):
        bad = [f"{name} {getattr(gap, of):.2g}" for name, gap in found.items() if not getattr(gap, of) <= limit]
        if bad:
            raise ExportError(f"parity: {', '.join(bad)} above {flag}; nothing was written")


def table(found: Mapping[str, Gap]) -> dict[str, dict[str, float]]:
    """The gaps as a report keeps them."""
    return {name: gap._asdict() for name, gap in found.items()}


def describe(report: Mapping[str, Any]) -> str:
    """The report as lines of text: the differences per signature, then whatever else it holds."""
    lines = [f"  {name:<16} {gap['largest']:8.2e} {gap['mean']:8.2e}" for name, gap in report["differences"].items()]
    rest = [f"  {key}: {_text(value)}" for key, value in report.items() if key not in ("differences", "evaluation")]
    return "\n".join(["difference        largest     mean", *lines, *rest])


def _text(value: Any) -> str:
    return ", ".join(f"{k} {_text(v)}" for k, v in value.items()) if isinstance(value, Mapping) else str(value)

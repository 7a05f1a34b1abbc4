"""Does an exported model answer as the one it was made from? Both get the same inputs."""

import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from tf_homo import errors
from tf_homo.serving import Morpher, Shape

AT_ONCE, TIMES = 16, 4  # pictures of a call, and calls, where pictures are given


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
    strengths uniform in [-0.5, 1.5]. `interpolate` is asked for five strengths of one pair as well. With `pictures`
    (N, S, S, 3) over these, one and AT_ONCE a call, and strengths of morphs: in [0, 1], every other row one branch
    alone.

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
    shapes = morpher.calls[name].inputs
    more = [(3, 3)] if pictures is None else TIMES * [(AT_ONCE, AT_ONCE)]
    for batch, rows in [(1, 1), *more] + ([(1, 5)] if name == "interpolate" else []):
        yield {
            arg: _input(arg, rows if arg == "strength" else batch, shape, morpher, rng, pictures)
            for arg, shape in shapes.items()
        }


def _sizes(inputs: Mapping[str, np.ndarray]) -> str:
    return ", ".join(f"{arg} {value.shape}" for arg, value in inputs.items())


def _input(
    arg: str, rows: int, shape: Shape, morpher: Morpher, rng: np.random.Generator, pictures: np.ndarray | None
) -> np.ndarray:
    size = (rows, *shape[1:])
    if arg == "strength":
        if pictures is None:
            return rng.uniform(-0.5, 1.5, size).astype(np.float32)
        drawn = rng.uniform(0, 1, size)
        drawn[::2] *= np.eye(shape[1])[rng.integers(shape[1], size=len(drawn[::2]))]
        return drawn.astype(np.float32)
    if arg != "image" and _is_latent(shape, morpher):  # a latent may be a picture itself
        if "encode" not in morpher.signatures:
            return rng.standard_normal(size, np.float32)
        of = morpher.calls["encode"].inputs["image"]
        return morpher.encode(_input("image", rows, of, morpher, rng, pictures))
    if pictures is None or shape[1:] != pictures.shape[1:]:
        return rng.random(size, np.float32)
    return pictures[rng.integers(len(pictures), size=rows)].astype(np.float32)


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

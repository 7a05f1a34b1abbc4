"""Does an exported model answer as the one it was made from? Both get the same inputs; the worst difference counts."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from tf_homo.serving import Morpher, Shape


class ExportError(RuntimeError):
    """The exported model is not good enough to be kept: it differs too much, or a runtime could not take it."""


def differences(reference: Morpher, exported: Morpher, seed: int = 0) -> dict[str, float]:
    """Largest absolute difference per signature of `reference`, over random inputs for one and for three rows.

    Images are uniform in [0, 1], latents those of such images, strengths uniform in [-0.5, 1.5]. `interpolate` is asked
    for five strengths of one pair as well. Where an output's root mean square is above 1 (latents that nothing keeps at
    unit scale) the difference is a share of it: rounding grows with the numbers. A value that is not finite in either
    counts as nan, which no tolerance admits.

    Raises:
      ExportError: `exported` lacks a signature of `reference`, cannot run it, or gives another shape.
    """
    missing = reference.signatures - exported.signatures
    if missing:
        raise ExportError(f"the exported model lacks {', '.join(sorted(missing))}")
    found = {}
    for name in sorted(reference.signatures):
        gaps = []
        for inputs in _inputs(name, reference, np.random.default_rng(seed)):
            expected = reference.call(name, **inputs)
            try:
                answer = exported.call(name, **inputs)
            except RuntimeError as error:
                raise ExportError(f"{name} does not run on {_sizes(inputs)}: {error}") from error
            if answer.shape != expected.shape:
                raise ExportError(f"{name} gives {answer.shape} for {_sizes(inputs)}, not {expected.shape}")
            gaps.append(np.abs(answer - expected).max() / max(1.0, np.sqrt(np.mean(np.square(expected, dtype=float)))))
        found[name] = float(np.max(gaps))  # unlike max, passes nan on
    return found


def _inputs(name: str, morpher: Morpher, rng: np.random.Generator) -> Iterator[dict[str, np.ndarray]]:
    shapes = morpher.calls[name].inputs
    for batch, rows in ((1, 1), (3, 3)) + (((1, 5),) if name == "interpolate" else ()):
        yield {
            arg: _random(arg, rows if arg == "strength" else batch, shape, morpher, rng)
            for arg, shape in shapes.items()
        }


def _sizes(inputs: Mapping[str, np.ndarray]) -> str:
    return ", ".join(f"{arg} {value.shape}" for arg, value in inputs.items())


def _random(arg: str, rows: int, shape: Shape, morpher: Morpher, rng: np.random.Generator) -> np.ndarray:
    size = (rows, *shape[1:])
    if arg == "strength":
        return rng.uniform(-0.5, 1.5, size).astype(np.float32)
    if tuple(shape[1:]) == tuple(morpher.info["latent"]):
        if "encode" not in morpher.signatures:
            return rng.standard_normal(size, np.float32)
        return morpher.encode(rng.random((rows, *morpher.calls["encode"].inputs["image"][1:]), np.float32))
    return rng.random(size, np.float32)


def check(found: Mapping[str, float], tolerance: float) -> None:
    """Raises ExportError that names every signature above `tolerance`."""
    bad = [f"{name} {gap:.2g}" for name, gap in found.items() if not gap <= tolerance]
    if bad:
        raise ExportError(f"parity: {', '.join(bad)} above --tolerance={tolerance:g}; nothing was written")


def describe(report: Mapping[str, Any]) -> str:
    """The report as lines of text: the differences per signature, then whatever else it holds."""
    lines = [f"  {name:<16} {gap:.2e}" for name, gap in report["differences"].items()]
    rest = [f"  {key}: {value}" for key, value in report.items() if key != "differences"]
    return "\n".join(["largest difference", *lines, *rest])

"""A .tflite for runtimes that take no model whose number of rows is open, and what they then compute.

LiteRT.js compares the shape of each input with the model's and refuses 1 where the file says -1; LiteRT's CompiledModel
makes room for one row there. So the file is made to say 1, and for the rows of strength the number of branches: one run
of `interpolate` then gives the end L_i of every branch, and frames are decode(F_a + sum_i v_i (L_i - F_a)). Only these
numbers are written over; weights and operators keep every byte.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.parity import ExportError
from tf_homo import files, serving
from tf_homo.errors import InputError

SIGNATURES = {"encode", "interpolate", "decode"}
TOLERANCE = 1e-3  # a quarter of the step between two colours of 8 bits


def load(model: Path | None) -> serving.Morpher:
    """The .tflite that --model names, by default the carried one; InputError where it is none or has no branches."""
    morpher = serving.load(model)
    if morpher.format != "tflite" or not morpher.signatures >= SIGNATURES:
        raise InputError(f"--model={morpher.path}: is no .tflite with {', '.join(sorted(SIGNATURES))}; export one")
    return morpher


def write(model: serving.Morpher, folder: Path, images: Sequence[np.ndarray]) -> None:
    """Writes morph.tflite, fixed, and morph.json into `folder`; compares frames between the first two images.

    Raises:
      InputError: where `fixed` does.
      ExportError: the file, its branches added up, paints another picture than the model. It is left where it is.
    """
    (folder / "morph.tflite").write_bytes(fixed(model.path.read_bytes()))
    files.write_json(folder / "morph.json", model.info)
    written = serving.load(folder / "morph.tflite")
    pair = np.stack(images[:2]).astype(np.float32)
    count = len(model.info["branches"])
    strength = np.random.default_rng(0).random((4, count), np.float32)
    source, target = model.encode(pair)[:, None]
    expected = model.frames(source, target, strength)
    source, target = written.encode(pair)[:, None]
    ends = written.interpolate(source, target, np.eye(count, dtype=np.float32))  # (C, h, w, d)
    frames = written.decode(source + np.tensordot(strength, ends - source, 1))
    gap = np.abs(frames - expected).max()
    if not gap <= TOLERANCE:
        raise ExportError(
            f"{model.path}: its frames and those of its branches added up differ by {gap:.2g}, above {TOLERANCE:g}: "
            "its path is no sum of branches; nothing was written"
        )


def fixed(content: bytes) -> bytes:
    """The same .tflite for one image, one latent, one pair, and in `interpolate` C rows of strength (C, C).

    Raises:
      InputError: something else than the number of rows is open, or the number of rows of strength is not.
    """
    copy = bytearray(content)
    model = schema.Model.GetRootAs(copy)
    for graph in _each(model, "Subgraphs"):
        for tensor in _each(graph, "Tensors"):
            if tensor.ShapeSignatureLength():
                # Views into `copy`. Where the signature says -1, the shape says 1.
                open_shape, shape = tensor.ShapeSignatureAsNumpy(), tensor.ShapeAsNumpy()
                if (open_shape[1:] < 0).any():
                    name = (tensor.Name() or b"a tensor").decode()
                    raise InputError(f"{name}: of its shape {open_shape} more than the rows is open; export anew")
                open_shape[...] = shape
    for signature in _each(model, "SignatureDefs"):
        if signature.SignatureKey() == b"interpolate":
            graph = model.Subgraphs(signature.SubgraphIndex())
            inputs = {each.Name(): graph.Tensors(each.TensorIndex()) for each in _each(signature, "Inputs")}
            strength, (latent,) = inputs[b"strength"], _each(signature, "Outputs")
            if not strength.ShapeSignatureLength():
                raise InputError(f"strength: the model takes {strength.Shape(0)} rows, not any number; export anew")
            for tensor in (strength, graph.Tensors(latent.TensorIndex())):
                for shape in (tensor.ShapeAsNumpy(), tensor.ShapeSignatureAsNumpy()):
                    shape[0] = strength.Shape(1)
    return bytes(copy)


def _each(table: Any, field: str) -> Iterator[Any]:
    """The entries of a vector of a flatbuffer's table."""
    return map(getattr(table, field), range(getattr(table, f"{field}Length")()))

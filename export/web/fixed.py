"""A .tflite for LiteRT.js, which takes no model whose number of rows is open.

LiteRT.js 2.5 compares the shape of each input with the model's and refuses 1 where the file says -1. So the file is
made to say 1, and for the rows of strength the number of branches: one run of `interpolate` then gives the end of every
branch. Only these numbers are written over; weights and operators keep every byte.
"""

from collections.abc import Iterator
from typing import Any

from ai_edge_litert import schema_py_generated as schema

from tf_homo.errors import InputError


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
                    name = tensor.Name().decode()
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

"""A .tflite written again with what its signatures have in common once: theirs are the same weights.

The converter lets signatures share the contents of weights, but writes the scales of each copy of an integer weight
anew, a zero point of 64 bits for each of them, and for every tensor a long name and an empty content: an eighth of a
small file. Here equal vectors and tables stand in the file once, which flatbuffers allow, only inputs and outputs keep
their names, and what is empty is left out. Contents keep their alignment of 16 bytes; operators and their order stay.
"""

from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

IDENTIFIER = b"TFL3"
ALIGNMENT = 16  # of weights, as the schema asks for; the generated writer does not see to it


class _Writer(flatbuffers.Builder):
    """Writes equal arrays once. The shapes of inputs and outputs are lists by then: whoever changes one in the file
    (export/fixed.py) changes that one alone.
    """

    def __init__(self, size: int):
        super().__init__(size)
        self._places: dict[tuple, int] = {}

    def CreateNumpyVector(self, x: np.ndarray) -> int:
        key = (x.dtype.str, x.tobytes())
        if key not in self._places:
            if x.dtype == np.uint8:
                self.Prep(ALIGNMENT, x.size)
            self._places[key] = super().CreateNumpyVector(x)
        return self._places[key]


def compact(content: bytes) -> bytes:
    """The same model in fewer bytes."""
    model = schema.ModelT.InitFromPackedBuf(content)
    tables: dict[tuple, Any] = {}
    filled = [0, *(place for place, each in enumerate(model.buffers) if place and each.data is not None)]
    places = {before: after for after, before in enumerate(filled)}  # 0 is the empty one
    model.buffers = [model.buffers[place] for place in filled]
    for data in model.metadata or ():
        data.buffer = places.get(data.buffer, 0)
    for graph in model.subgraphs:
        ends = {*graph.inputs, *graph.outputs}
        for place, tensor in enumerate(graph.tensors):
            tensor.buffer = places.get(tensor.buffer, 0)
            if tensor.quantization is not None:
                tensor.quantization = None if _is_empty(tensor.quantization) else _once(tensor.quantization, tables)
            if place not in ends:
                tensor.name = None
                graph.tensors[place] = _once(tensor, tables)
                continue
            for field in ("shape", "shapeSignature"):
                if (shape := getattr(tensor, field)) is not None:
                    setattr(tensor, field, [int(size) for size in shape])
        for operator in graph.operators:
            if operator.builtinOptions is not None:
                operator.builtinOptions = _once(operator.builtinOptions, tables)
    writer = _Writer(len(content))
    writer.Finish(model.Pack(writer), file_identifier=IDENTIFIER)
    return bytes(writer.Output())


def _is_empty(quantization: Any) -> bool:
    return all(getattr(quantization, name) is None for name in ("scale", "min", "max"))


def _once(table: Any, tables: dict[tuple, Any]) -> Any:
    """The first table that is equal to this one, made so that it is written the first time only."""
    fields = ((name, v.tobytes() if isinstance(v, np.ndarray) else v) for name, v in sorted(vars(table).items()))
    key = (type(table), *fields)
    if key not in tables:
        tables[key] = table
        pack, places = table.Pack, []

        def once(builder: flatbuffers.Builder) -> int:
            if not places:
                places.append(pack(builder))
            return places[0]

        table.Pack = once
    return tables[key]

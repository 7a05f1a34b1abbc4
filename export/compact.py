"""A .tflite written again with what its signatures have in common once: theirs are the same weights.

The converter lets signatures share the contents of weights, but writes the scales of each copy of an integer weight
anew, a zero point of 64 bits for each of them, and a long name for every tensor: an eighth of a small file. Here equal
vectors and tables stand in the file once, which flatbuffers allow, and only inputs and outputs keep their names.
Contents keep their alignment of 16 bytes; operators and their order stay.
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
    for graph in model.subgraphs:
        ends = {*graph.inputs, *graph.outputs}
        for place, tensor in enumerate(graph.tensors):
            tensor.quantization = _once(tensor.quantization, tables)
            if place not in ends:
                tensor.name = None
                continue
            for field in ("shape", "shapeSignature"):
                if (shape := getattr(tensor, field)) is not None:
                    setattr(tensor, field, [int(size) for size in shape])
        for operator in graph.operators:
            operator.builtinOptions = _once(operator.builtinOptions, tables)
    writer = _Writer(len(content))
    writer.Finish(model.Pack(writer), file_identifier=IDENTIFIER)
    return bytes(writer.Output())


def _once(table: Any, tables: dict[tuple, Any]) -> Any:
    """The first table that is equal to this one, made so that it is written the first time only."""
    if table is None:
        return None
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

"""Keeps in float32 the layers of an int8 .tflite that read a picture or paint one, and the heads of denoised branches.

The ends are few weights, but cost most of what int8 loses. A denoised branch is the small difference of two answers
of its head, each rounded by itself: with heads in integers morphs of configs/homo_drawn_64.cfg's model are off by up to
38/255, with heads in float32 by up to 7/255, for 1.1 MB in a file of 7.
"""

import flatbuffers
from ai_edge_litert import schema_py_generated as schema

from export.compact import IDENTIFIER

HEAD = b"denoiser_head_"  # in the names of these layers (tf_homo/denoiser.py)
OPERATOR = schema.BuiltinOperator
HEAVY = {OPERATOR.CONV_2D, OPERATOR.DEPTHWISE_CONV_2D, OPERATOR.TRANSPOSE_CONV, OPERATOR.FULLY_CONNECTED}


def kept(content: bytes, original: bytes) -> bytes:
    """`content` with these layers' kernels from `original`, the same SavedModel converted to float32."""
    model, exact = (schema.ModelT.InitFromPackedBuf(each) for each in (content, original))
    places = {}  # of a kernel's integers -> of its numbers
    for graph, twin in zip(model.subgraphs, exact.subgraphs, strict=True):
        pairs = list(zip(graph.operators, twin.operators, strict=True))
        for index in ends(model, graph):
            for place, other in zip(pairs[index][0].inputs, pairs[index][1].inputs, strict=True):
                tensor, numbers = graph.tensors[place], twin.tensors[other]
                if tensor.type != schema.TensorType.INT8:
                    continue
                if tensor.buffer not in places:
                    places[tensor.buffer] = len(model.buffers)
                    model.buffers.append(exact.buffers[numbers.buffer])
                tensor.buffer, tensor.type, tensor.quantization = places[tensor.buffer], numbers.type, None
    for place in places:
        model.buffers[place].data = None
    writer = flatbuffers.Builder(len(content))
    writer.Finish(model.Pack(writer), file_identifier=IDENTIFIER)
    return bytes(writer.Output())


def ends(model: schema.ModelT, graph: schema.SubGraphT) -> set[int]:
    """The operators with kernels between which and a picture, given or answered, no other stands, and heads' own."""
    steps = [(i, code in HEAVY, op.inputs, op.outputs) for i, (code, op) in enumerate(coded(model, graph))]
    back = [(i, heavy, outputs, inputs) for i, heavy, inputs, outputs in reversed(steps)]
    found = {i for i, heavy, _, outputs in steps if heavy and HEAD in graph.tensors[outputs[0]].name}
    for order, borders in ((steps, graph.inputs), (back, graph.outputs)):
        reached = {place for place in borders if _is_picture(graph.tensors[place])}
        for index, heavy, near, far in order:
            if not reached.isdisjoint(near):
                if heavy:
                    found.add(index)
                else:
                    reached.update(far)
    return found


def coded(model: schema.ModelT, graph: schema.SubGraphT) -> list[tuple[int, schema.OperatorT]]:
    """The operators of a signature, each behind its code, one of BuiltinOperator's."""
    # Codes below 127 are in the older field as well, which alone is filled in old files.
    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    return [(codes[operator.opcodeIndex], operator) for operator in graph.operators]


def _is_picture(tensor: schema.TensorT) -> bool:
    return tensor.shape is not None and len(tensor.shape) == 4 and tensor.shape[-1] == 3

"""Keeps in half precision some layers of an int8 .tflite: next to a picture, heads of denoised branches, classifiers.

The ends are few weights, but cost most of what int8 loses. A denoised branch is the small difference of two answers
of its head, each rounded by itself: with heads in integers morphs of configs/homo_drawn_64.cfg's model are off by up to
38/255. A classifier's reading says how far branches go: with it in integers by up to 10/255, without by up to 4/255.
These layers compute in float32; their kernels are kept as float16, a seventh of the file more than in integers.
"""

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from export.compact import IDENTIFIER

APART = (b"denoiser_head_", b"phi_")  # in the names of these layers (tf_homo/denoiser.py, tf_homo/perceptual.py)
OPERATOR, KIND = schema.BuiltinOperator, schema.TensorType
HEAVY = {OPERATOR.CONV_2D, OPERATOR.DEPTHWISE_CONV_2D, OPERATOR.TRANSPOSE_CONV, OPERATOR.FULLY_CONNECTED}


def kept(content: bytes, original: bytes) -> bytes:
    """`content` with these layers' kernels from `original`, the same SavedModel converted to float32."""
    model, exact = (schema.ModelT.InitFromPackedBuf(each) for each in (content, original))
    places = {}  # of a kernel's integers -> of its numbers
    for graph, twin in zip(model.subgraphs, exact.subgraphs, strict=True):
        pairs, widened = list(zip(graph.operators, twin.operators, strict=True)), []
        for index in ends(model, graph):
            for place, other in zip(pairs[index][0].inputs, pairs[index][1].inputs, strict=True):
                tensor, numbers = graph.tensors[place], twin.tensors[other]
                if tensor.type != KIND.INT8:
                    continue
                if tensor.buffer not in places:
                    places[tensor.buffer] = len(model.buffers)
                    model.buffers.append(_half(exact.buffers[numbers.buffer]))
                buffer = places[tensor.buffer]
                half = schema.TensorT(name=tensor.name, shape=tensor.shape, type=KIND.FLOAT16, buffer=buffer)
                widened.append(_dequantize(model, len(graph.tensors), place))
                graph.tensors.append(half)
                tensor.buffer, tensor.type, tensor.quantization = 0, KIND.FLOAT32, None
        graph.operators[:0] = widened
    for place in places:
        model.buffers[place].data = None
    writer = flatbuffers.Builder(len(content))
    writer.Finish(model.Pack(writer), file_identifier=IDENTIFIER)
    return bytes(writer.Output())


def _half(buffer: schema.BufferT) -> schema.BufferT:
    numbers = np.frombuffer(bytes(buffer.data), np.float32).astype(np.float16)
    return schema.BufferT(data=np.frombuffer(numbers.tobytes(), np.uint8))


def _dequantize(model: schema.ModelT, half: int, wide: int) -> schema.OperatorT:
    """The operator that makes a tensor of float32 of one of float16."""
    code = OPERATOR.DEQUANTIZE
    codes = [each.builtinCode for each in model.operatorCodes]
    if code not in codes:
        model.operatorCodes.append(schema.OperatorCodeT(builtinCode=code, deprecatedBuiltinCode=code, version=3))
        codes.append(code)
    return schema.OperatorT(opcodeIndex=codes.index(code), inputs=[half], outputs=[wide])


def ends(model: schema.ModelT, graph: schema.SubGraphT) -> set[int]:
    """The operators with kernels between which and a picture, given or answered, no other stands, and those APART."""
    steps = [(i, code in HEAVY, op.inputs, op.outputs) for i, (code, op) in enumerate(coded(model, graph))]
    back = [(i, heavy, outputs, inputs) for i, heavy, inputs, outputs in reversed(steps)]
    found = {i for i, heavy, _, outputs in steps if heavy and _is_apart(graph.tensors[outputs[0]])}
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


def _is_apart(tensor: schema.TensorT) -> bool:
    return any(name in (tensor.name or b"") for name in APART)

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from export import ends, parity, tflite
from export.compact import compact
from tf_homo import serving

DEQUANTIZE = ends.OPERATOR.DEQUANTIZE


@pytest.fixture(scope="module")
def contents(served):
    """In int8, in float32, and in int8 with the ends of the other."""
    names = sorted(serving.load(served.folder).signatures)
    whole, exact = (tflite._convert(served.folder, names, precision) for precision in ("int8", "float32"))
    return whole, exact, ends.kept(whole, exact)


def kernels(content, at_ends):
    """The numbers of the kernels of those layers, or of all others, in the order of the file."""
    kinds = {ends.KIND.FLOAT32: np.float32, ends.KIND.FLOAT16: np.float16, ends.KIND.INT8: np.int8}
    model = schema.ModelT.InitFromPackedBuf(content)
    for graph in model.subgraphs:
        chosen = ends.ends(model, graph)
        widened = {op.outputs[0]: op.inputs[0] for code, op in ends.coded(model, graph) if code == DEQUANTIZE}
        for index, (code, operator) in enumerate(ends.coded(model, graph)):
            tensor = graph.tensors[widened.get(operator.inputs[1], operator.inputs[1])] if code in ends.HEAVY else None
            if tensor and tensor.type in kinds and tensor.buffer and (index in chosen) == at_ends:
                yield np.frombuffer(bytes(model.buffers[tensor.buffer].data), kinds[tensor.type])


def same(ours, theirs):
    return all(np.array_equal(*each) for each in zip(ours, theirs, strict=True))


def test_kernels_of_these_layers_are_those_of_the_exact_model_in_half_precision(contents):
    whole, exact, mixed = contents
    half = lambda content: [each.astype(np.float16) for each in kernels(content, True)]  # noqa: E731
    assert same(half(mixed), half(exact))
    assert not same(half(mixed), half(whole))
    assert same(kernels(mixed, False), kernels(whole, False))


def test_a_signature_on_latents_alone_has_no_ends_but_heads_of_branches(contents):
    model = schema.ModelT.InitFromPackedBuf(contents[0])
    kernels = {}
    for graph in model.subgraphs:
        outputs = [graph.operators[index].outputs[0] for index in ends.ends(model, graph)]
        kernels[graph.name.decode()] = [ends.APART[0] in graph.tensors[place].name for place in outputs]
    for name in ("interpolate", "edit"):
        assert len(kernels[name]) == 14 and all(kernels[name]), name  # nine convolutions and five that go by labels
    assert kernels["encode"] and not any(kernels["encode"] + kernels["decode"])
    assert any(kernels["serving_default"]) and not all(kernels["serving_default"])


def test_pictures_come_nearer(contents, served, tmp_path):
    size, off = served.method.config.image_size, []
    pictures = np.random.default_rng(0).random((4, size, size, 3), np.float32)
    for name, content in zip(("whole", "exact", "mixed"), contents, strict=True):
        (tmp_path / f"{name}.tflite").write_bytes(compact(content))
        (tmp_path / f"{name}.json").write_text((served.folder / "model.json").read_text())
        model = serving.load(tmp_path / f"{name}.tflite")
        found = parity.differences(serving.load(served.folder), model, pictures=pictures)
        off.append([found[name].mean for name in ("decode", "serving_default")])
    whole, exact, mixed = off
    assert exact[0] < mixed[0] < whole[0] and exact[1] < mixed[1] < whole[1]

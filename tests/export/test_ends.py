import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from export import ends, parity, tflite
from export.compact import compact
from tf_homo import serving


@pytest.fixture(scope="module")
def contents(served):
    """In int8, in float32, and in int8 with the ends of the other."""
    names = sorted(serving.load(served.folder).signatures)
    whole, exact = (tflite._convert(served.folder, names, precision) for precision in ("int8", "float32"))
    return whole, exact, ends.kept(whole, exact)


def kernels(content, at_ends):
    """Types and contents of the kernels next to a picture, or of all others, in the order of the file."""
    model = schema.ModelT.InitFromPackedBuf(content)
    for graph in model.subgraphs:
        chosen = ends.ends(model, graph)
        for index, operator in enumerate(graph.operators):
            tensors = [graph.tensors[place] for place in operator.inputs if place >= 0]
            if (index in chosen) == at_ends:
                yield from ((each.type, bytes(model.buffers[each.buffer].data)) for each in tensors
                            if each.buffer and model.buffers[each.buffer].data is not None)  # fmt: skip


def test_layers_next_to_a_picture_are_those_of_the_exact_model(contents):
    whole, exact, mixed = contents
    assert list(kernels(mixed, True)) == list(kernels(exact, True))
    assert list(kernels(mixed, True)) != list(kernels(whole, True))
    assert list(kernels(mixed, False)) == list(kernels(whole, False))


def test_a_signature_on_latents_alone_has_no_ends_but_heads_of_branches(contents):
    model = schema.ModelT.InitFromPackedBuf(contents[0])
    kernels = {}
    for graph in model.subgraphs:
        outputs = [graph.operators[index].outputs[0] for index in ends.ends(model, graph)]
        kernels[graph.name.decode()] = [ends.HEAD in graph.tensors[place].name for place in outputs]
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

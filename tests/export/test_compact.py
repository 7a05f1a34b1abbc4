import json

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from export import tflite
from export.compact import ALIGNMENT, compact
from tf_homo import serving


def contents(file):
    """Every content that a tensor has, and where it begins in the file."""
    model = schema.Model.GetRootAs(file)
    for place in range(model.BuffersLength()):
        if length := model.Buffers(place).DataLength():
            data = model.Buffers(place).DataAsNumpy()
            yield (
                bytes(data),
                data.__array_interface__["data"][0] - np.frombuffer(file, np.uint8).__array_interface__["data"][0],
                length,
            )


@pytest.fixture(scope="module", params=["float32", "float16", "int8"])
def files(request, served):
    """A file as the converter writes it, and compact."""
    names = sorted(serving.load(served.folder).signatures)
    content = tflite._convert(served.folder, names, request.param)
    return content, compact(content)


def test_it_is_smaller_and_the_same_once_more(files):
    large, small = files
    assert len(small) < 0.9 * len(large)
    assert len(compact(small)) <= len(small)


def test_every_answer_is_equal_to_the_bit(files):
    rng = np.random.default_rng(0)
    both = [Interpreter(model_content=content) for content in files]
    names = list(both[0].get_signature_list())
    assert names == list(both[1].get_signature_list())
    for name in names:
        large, small = (interpreter.get_signature_runner(name) for interpreter in both)
        inputs = {
            arg: rng.random((2, *details["shape"][1:]), np.float32)
            for arg, details in large.get_input_details().items()
        }
        for answers in zip(large(**inputs).values(), small(**inputs).values(), strict=True):
            np.testing.assert_array_equal(*answers)


def test_no_content_stands_in_it_twice_and_all_are_aligned(files):
    found = list(contents(files[1]))
    places = {}
    for data, place, _ in found:
        assert places.setdefault(data, place) == place
        assert place % ALIGNMENT == 0


def test_inputs_and_outputs_keep_their_names_and_shapes_of_their_own(files):
    large, small = (schema.ModelT.InitFromPackedBuf(content) for content in files)
    for before, after in zip(large.subgraphs, small.subgraphs, strict=True):
        for place in (*before.inputs, *before.outputs):
            assert before.tensors[place].name == after.tensors[place].name is not None
    raw = schema.Model.GetRootAs(files[1])
    starts = []
    for graph in map(raw.Subgraphs, range(raw.SubgraphsLength())):
        for place in {*graph.InputsAsNumpy(), *graph.OutputsAsNumpy()}:
            starts.append(graph.Tensors(place).ShapeAsNumpy().__array_interface__["data"][0])
    assert len(starts) == len(set(starts))


def test_operators_stay(files):
    large, small = (tflite.inspect(content) for content in files)
    assert json.dumps(large) == json.dumps(small)


def test_the_carried_file_is_hardly_larger_than_what_it_holds():
    """Operators, names and padding take less than a twentieth."""
    file = serving.CARRIED.read_bytes()
    lengths = {place: length for _, place, length in contents(file)}
    assert len(file) <= 1.05 * sum(lengths.values())

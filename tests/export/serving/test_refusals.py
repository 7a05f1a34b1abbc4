"""What does not fit is refused as the protocol refuses, and the server goes on serving."""

import base64
import http.client
import json

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from tests.photo_bytes import REFUSED, png

SIDE, BRANCHES, ATTRIBUTES = 32, 3, 4
INVALID, ABSENT, UNMET = "INVALID_ARGUMENT", "NOT_FOUND", "FAILED_PRECONDITION"
HTTP = {INVALID: 400, UNMET: 400, ABSENT: 404}
NONE = object()  # an input that is left out

IMAGE = np.full((1, SIDE, SIDE, 3), 0.5, np.float32)
LATENT = np.zeros((1, 4, 4, 11), np.float32)
GOOD = {
    "encode": {"image": IMAGE},
    "decode": {"latent": LATENT},
    "edit": {"latent": LATENT, "strength": np.zeros((1, BRANCHES), np.float32)},
    "edit_attributes": {"latent": LATENT, "strength": np.zeros((1, ATTRIBUTES), np.float32)},
    "serving_default": {"source": IMAGE, "target": IMAGE, "strength": np.zeros((1, BRANCHES), np.float32)},
    "morph_jpeg": {"source": [png()], "target": [png()], "strength": np.zeros((1, BRANCHES), np.float32)},
}


def at(array, value):
    changed = np.array(array)
    changed.flat[1] = value
    return changed


def strengths(*shape):
    return np.ones(shape, np.float32)


# What both protocols can say: signature, changed inputs.
BOTH = {
    **{f"source_is_{name}": ("morph_jpeg", {"source": [content]}) for name, content in REFUSED.items()},
    "second_target_is_text": (
        "morph_jpeg",
        {"source": [png()] * 2, "target": [png(), b"?"], "strength": strengths(2, 3)},
    ),
    "photo_is_no_list": ("morph_jpeg", {"source": png()}),
    "photo_in_two_lists": ("morph_jpeg", {"source": [[png()]]}),
    "photos_2_and_1": ("morph_jpeg", {"source": [png()] * 2, "strength": strengths(2, BRANCHES)}),
    "photos_2_strengths_3": ("morph_jpeg", {"source": [png()] * 2, "target": [png()] * 2, "strength": strengths(3, 3)}),
    "no_photo": ("morph_jpeg", {"source": np.zeros(0, object), "target": np.zeros(0, object)}),
    "no_strength": ("morph_jpeg", {"strength": strengths(0, BRANCHES)}),
    "strength_short": ("morph_jpeg", {"strength": strengths(1, BRANCHES - 1)}),
    "strength_long": ("morph_jpeg", {"strength": strengths(1, BRANCHES + 1)}),
    "strengths_too_many": ("morph_jpeg", {"strength": strengths(1001, BRANCHES)}),
    "strength_of_rank_1": ("morph_jpeg", {"strength": strengths(BRANCHES)}),
    "strength_of_rank_3": ("morph_jpeg", {"strength": strengths(1, 1, BRANCHES)}),
    "strength_nan": ("morph_jpeg", {"strength": at(strengths(1, BRANCHES), np.nan)}),
    "strength_inf": ("serving_default", {"strength": at(strengths(1, BRANCHES), np.inf)}),
    "strength_minus_inf": ("serving_default", {"strength": at(strengths(1, BRANCHES), -np.inf)}),
    "strength_absurd": ("serving_default", {"strength": at(strengths(1, BRANCHES), 1e30)}),
    "image_nan": ("encode", {"image": at(IMAGE, np.nan)}),
    "image_inf": ("encode", {"image": at(IMAGE, np.inf)}),
    "target_nan": ("serving_default", {"target": at(IMAGE, np.nan)}),
    "latent_nan": ("decode", {"latent": at(LATENT, np.nan)}),
    "latent_of_other_depth": ("decode", {"latent": np.zeros((1, 4, 4, 8), np.float32)}),
    "wish_of_attributes_for_branches": ("edit", {"strength": strengths(1, ATTRIBUTES)}),
    "wish_of_branches_for_attributes": ("edit_attributes", {"strength": strengths(1, BRANCHES)}),
    "wish_nan": ("edit", {"strength": at(strengths(1, BRANCHES), np.nan)}),
    "wishes_2_and_3": ("edit", {"latent": np.repeat(LATENT, 2, 0), "strength": strengths(3, BRANCHES)}),
    "latent_to_edit_of_rank_3": ("edit_attributes", {"latent": LATENT[0]}),
    "image_half_as_large": ("encode", {"image": IMAGE[:, ::2, ::2]}),
    "image_not_square": ("encode", {"image": IMAGE[:, ::2]}),
    "image_grey": ("encode", {"image": IMAGE[..., :1]}),
    "image_of_rank_3": ("encode", {"image": IMAGE[0]}),
    "image_of_rank_5": ("encode", {"image": IMAGE[None]}),
    "images_none": ("encode", {"image": IMAGE[:0]}),
    "images_2_and_1": ("serving_default", {"source": np.repeat(IMAGE, 2, 0), "strength": strengths(2, BRANCHES)}),
    "images_1_and_2": ("serving_default", {"target": np.repeat(IMAGE, 2, 0), "strength": strengths(2, BRANCHES)}),
    "input_missing": ("serving_default", {"target": NONE}),
    "text_for_numbers": ("encode", {"image": [b"0.5"]}),
    "numbers_for_photos": ("morph_jpeg", {"source": np.float32([0.5])}),
}
GRPC = {
    "input_extra": ("encode", {"mask": IMAGE}, INVALID),
    "input_of_another_name": ("encode", {"image": NONE, "picture": IMAGE}, INVALID),
    "inputs_none": ("encode", {"image": NONE}, INVALID),
    "double_for_float": ("encode", {"image": IMAGE.astype(np.float64)}, INVALID),
    "bytes_for_float": ("encode", {"image": (IMAGE * 255).astype(np.uint8)}, INVALID),
    "content_of_another_length": ("encode", {"image": "cut"}, INVALID),
    "signature_unknown": ("paint", {"image": IMAGE}, UNMET),
}
REST = {
    "no_body": b"",
    "no_json": b"{'inputs': ",
    "json_cut": json.dumps({"inputs": IMAGE.tolist()}).encode()[:-9],
    "json_not_an_object": b"[1, 2]",
    "not_utf_8": b'{"inputs": "\xff\xfe"}',
    "nested_hugely": b'{"signature_name": "encode", "inputs": ' + b"[" * 100_000,
    "nested_deeply": b'{"signature_name": "encode", "inputs": ' + b"[" * 500 + b"0" + b"]" * 500 + b"}",
    "ragged": b'{"signature_name": "encode", "inputs": [[[1, 2], [3]]]}',
    "number_too_large": b'{"signature_name": "encode", "inputs": [[[[1e400, 0, 0]]]]}',
    "null": b'{"signature_name": "encode", "inputs": [[[[null, 0, 0]]]]}',
    "truth": b'{"signature_name": "encode", "inputs": [[[[true, true, true]]]]}',
    "signature_is_a_number": b'{"signature_name": 1, "inputs": [0]}',
    "signature_unknown": b'{"signature_name": "paint", "inputs": [0]}',
    "inputs_and_instances": b'{"signature_name": "encode", "inputs": [0], "instances": [0]}',
    "neither": b'{"signature_name": "encode"}',
    "instances_none": b'{"signature_name": "encode", "instances": []}',
    "instances_plain": b'{"signature_name": "morph_jpeg", "instances": [1]}',
    "instances_without_a_key": b'{"signature_name": "morph_jpeg", "instances": [{"source": "", "target": ""}]}',
    "base64_invalid": b'{"signature_name": "morph_jpeg", "instances": '
    b'[{"source": {"b64": "!"}, "target": {"b64": ""}, "strength": [0, 0, 0]}]}',
    "base64_no_text": b'{"signature_name": "morph_jpeg", "instances": '
    b'[{"source": {"b64": 1}, "target": {"b64": ""}, "strength": [0, 0, 0]}]}',
}
PATHS = {
    "model_unknown": ("POST", "/v1/models/other:predict", ABSENT),
    "version_unknown": ("POST", "/v1/models/tf_homo/versions/7:predict", ABSENT),
    "status_of_unknown": ("GET", "/v1/models/other", ABSENT),
    "metadata_of_unknown": ("GET", "/v1/models/other/metadata", ABSENT),
    "verb_unknown": ("POST", "/v1/models/tf_homo:paint", INVALID),
    "get_of_predict": ("GET", "/v1/models/tf_homo:predict", INVALID),
    "post_of_metadata": ("POST", "/v1/models/tf_homo/metadata", INVALID),
}


@pytest.fixture(scope="module")
def stub(server):
    with grpc.insecure_channel(f"localhost:{server.grpc}") as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture
def post(server):
    """(verb, path, body) -> (status, content). One connection for all requests of a test."""
    connection = http.client.HTTPConnection("localhost", server.rest, timeout=60)

    def ask(verb, path, body):
        connection.request(verb, path, body)
        answer = connection.getresponse()
        return answer.status, json.load(answer)

    yield ask
    connection.close()


def changed(signature, changes):
    inputs = GOOD.get(signature, {}) | changes
    return {name: value for name, value in inputs.items() if value is not NONE}


def message(signature, inputs, model="tf_homo"):
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    for name, value in inputs.items():
        if isinstance(value, str):
            request.inputs[name].CopyFrom(tf.make_tensor_proto(IMAGE))
            request.inputs[name].tensor_content = request.inputs[name].tensor_content[:-5]
        else:
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def as_json(value):
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()}
    if isinstance(value, np.ndarray):
        return value.tolist()  # and NaN as NaN, which TensorFlow Serving reads
    return [as_json(part) for part in value]


def body(signature, inputs):
    columns = {name: as_json(value) for name, value in inputs.items()}
    return json.dumps({"signature_name": signature, "inputs": columns}).encode()


def refused_by_grpc(stub, request, code):
    with pytest.raises(grpc.RpcError) as caught:
        stub.Predict(request)
    assert caught.value.code().name == code
    assert caught.value.details()
    stub.Predict(message("morph_jpeg", GOOD["morph_jpeg"]))


def refused_by_rest(post, request, code):
    status, content = post(*request)
    assert status == HTTP[code], content
    assert list(content) == ["error"] and content["error"]
    status, content = post("POST", "/v1/models/tf_homo:predict", body("morph_jpeg", GOOD["morph_jpeg"]))
    assert status == 200 and len(content["outputs"]) == 1


@pytest.mark.parametrize("case", BOTH)
def test_grpc(case, stub):
    signature, changes = BOTH[case]
    refused_by_grpc(stub, message(signature, changed(signature, changes)), INVALID)


@pytest.mark.parametrize("case", GRPC)
def test_grpc_alone(case, stub):
    signature, changes, code = GRPC[case]
    refused_by_grpc(stub, message(signature, changed(signature, changes)), code)


def test_grpc_model_unknown(stub):
    refused_by_grpc(stub, message("encode", GOOD["encode"], model="other"), ABSENT)


@pytest.mark.parametrize("case", BOTH)
def test_rest(case, post):
    signature, changes = BOTH[case]
    refused_by_rest(post, ("POST", "/v1/models/tf_homo:predict", body(signature, changed(signature, changes))), INVALID)


@pytest.mark.parametrize("case", REST)
def test_rest_alone(case, post):
    refused_by_rest(post, ("POST", "/v1/models/tf_homo:predict", REST[case]), INVALID)


@pytest.mark.parametrize("case", PATHS)
def test_rest_path(case, post):
    verb, path, code = PATHS[case]
    refused_by_rest(post, (verb, path, body("encode", GOOD["encode"]) if verb == "POST" else None), code)

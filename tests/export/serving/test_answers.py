"""Good requests, over both protocols, by the official stubs and plain HTTP."""

import base64
import io
import json
import urllib.request

import grpc
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import get_model_metadata_pb2, predict_pb2, prediction_service_pb2_grpc

from tests.photo_bytes import png
from tf_homo import serving

SIDE, BRANCHES = 32, 3
IMAGE = np.random.default_rng(0).random((2, SIDE, SIDE, 3), np.float32)


@pytest.fixture(scope="module")
def stub(server):
    with grpc.insecure_channel(f"localhost:{server.grpc}") as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="module")
def rest(server):
    def ask(path, content=None):
        address = f"http://localhost:{server.rest}/v1/models/tf_homo{path}"
        with urllib.request.urlopen(address, content and json.dumps(content).encode(), timeout=60) as answer:
            return json.load(answer)

    return ask


def predict(stub, signature, **inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "tf_homo", signature
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    ((name, value),) = stub.Predict(request).outputs.items()
    return name, tf.make_ndarray(value)


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


def test_numbers_over_both_protocols_are_those_of_the_method(served, stub, rest):
    expected = served.method.encode(IMAGE)
    name, latent = predict(stub, "encode", image=IMAGE)
    assert name == "latent"
    np.testing.assert_allclose(latent, expected, atol=1e-4)
    for question, key in (({"instances": IMAGE.tolist()}, "predictions"), ({"inputs": IMAGE.tolist()}, "outputs")):
        np.testing.assert_allclose(rest(":predict", {"signature_name": "encode", **question})[key], expected, atol=1e-4)


def test_the_default_signature_needs_no_name(stub, rest):
    name, image = predict(stub, "", source=IMAGE, target=IMAGE, strength=np.zeros((2, BRANCHES), np.float32))
    assert (name, image.shape) == ("image", IMAGE.shape)
    rows = [{"source": image.tolist(), "target": image.tolist(), "strength": [0] * BRANCHES} for image in IMAGE]
    np.testing.assert_allclose(rest(":predict", {"instances": rows})["predictions"], image, atol=1e-4)


@pytest.mark.parametrize(("name", "columns"), [("edit", BRANCHES), ("edit_attributes", 4)])
def test_wishes_over_both_protocols_move_one_latent_as_python_does(name, columns, served, stub, rest):
    latent, wishes = served.method.encode(IMAGE)[:1].numpy(), np.float32(np.eye(columns) - 0.5)
    expected = serving.live(served.method).call(name, latent=latent, strength=wishes)
    assert predict(stub, name, latent=latent, strength=wishes)[0] == "latent"
    np.testing.assert_allclose(predict(stub, name, latent=latent, strength=wishes)[1], expected, atol=1e-4)
    inputs = {"latent": latent.tolist(), "strength": wishes.tolist()}
    answer = rest(":predict", {"signature_name": name, "inputs": inputs})
    np.testing.assert_allclose(answer["outputs"], expected, atol=1e-4)
    assert np.abs(expected - latent).max() > 0.01


def test_photos_over_both_protocols_are_one_film(stub, rest):
    strength = (np.linspace(0, 1, 4)[:, None] * np.ones(BRANCHES)).astype(np.float32)
    name, frames = predict(stub, "morph_jpeg", source=[png(1)], target=[png(2)], strength=strength)
    assert name == "image_bytes"
    assert [Image.open(io.BytesIO(frame)).size for frame in frames] == [(SIDE, SIDE)] * 4
    columns = {"source": [b64(png(1))], "target": [b64(png(2))], "strength": strength.tolist()}
    answer = rest(":predict", {"signature_name": "morph_jpeg", "inputs": columns})
    assert answer["outputs"] == [b64(frame) for frame in frames]
    row = {"source": b64(png(1)), "target": b64(png(2)), "strength": strength[-1].tolist()}
    answer = rest(":predict", {"signature_name": "morph_jpeg", "instances": [row]})
    assert answer["predictions"] == [b64(frames[-1])]


def test_metadata_and_status(served, stub, rest):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "tf_homo"
    told = get_model_metadata_pb2.SignatureDefMap()
    stub.GetModelMetadata(request).metadata["signature_def"].Unpack(told)
    assert set(told.signature_def) == set(served.method.signatures())
    assert set(rest("/metadata")["metadata"]["signature_def"]["signature_def"]) == set(told.signature_def)
    (status,) = rest("")["model_version_status"]
    assert (status["version"], status["state"]) == ("1", "AVAILABLE")

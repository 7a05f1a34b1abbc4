"""A stand-in for TensorFlow Serving, whose binary no package registry has: its two protocols before one SavedModel.

    python -m tests.export.serving.stand_in_server --saved_model=OUT/1 [--port=8500] [--rest_port=8501]

It knows TensorFlow, the official stubs and nothing of this project. Like TensorFlow Serving it runs the graph in a
session, by the tensor names of a signature and without looking at shapes, and gives its status codes. It has no
versions, batching, warm-up or metrics, and does not listen beyond this machine.
"""

import argparse
import base64
import binascii
import json
import re
import threading
from concurrent import futures
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import config_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

Code = grpc.StatusCode
HTTP = {Code.INVALID_ARGUMENT: 400, Code.FAILED_PRECONDITION: 400, Code.NOT_FOUND: 404, Code.UNIMPLEMENTED: 501}
CODES = {code.value[0]: code for code in Code}
PATH = re.compile(r"/v1/models/([^/:]+)(?:/versions/(\d+))?(:predict|/metadata)?", re.I)


class Refusal(Exception):
    """A request that is answered with a status code and a text."""

    def __init__(self, code, text):
        super().__init__(text)
        self.code, self.text = code, text


class Model:
    """One version, 1, of one model."""

    def __init__(self, folder, name):
        self.name = name
        self.session = tf.compat.v1.Session(graph=tf.Graph())
        with self.session.graph.as_default():
            meta = tf.compat.v1.saved_model.load(self.session, ["serve"], str(folder))
        self.signatures = {key: s for key, s in meta.signature_def.items() if s.method_name}
        self.runs = {key: self._run(signature) for key, signature in self.signatures.items()}

    def _run(self, signature):
        # Session.run would compare shapes in Python first, which the server's session does not.
        feeds = [signature.inputs[key].name for key in sorted(signature.inputs)]
        fetches = [signature.outputs[key].name for key in sorted(signature.outputs)]
        return self.session._make_callable_from_options(config_pb2.CallableOptions(feed=feeds, fetch=fetches))

    def check(self, name, version):
        if name != self.name or version not in (0, 1):
            raise Refusal(Code.NOT_FOUND, f"Servable not found for request: Specific({name}, {version})")

    def signature(self, key, code):
        if (key or "serving_default") not in self.signatures:
            raise Refusal(code, f'Serving signature key "{key}" not found.')
        return self.signatures[key or "serving_default"]

    def predict(self, key, inputs):
        """{alias: array} -> {alias: array}."""
        signature = self.signature(key, Code.FAILED_PRECONDITION)
        if set(inputs) != set(signature.inputs):
            text = f"input size does not match signature: {sorted(inputs)} against {sorted(signature.inputs)}"
            raise Refusal(Code.INVALID_ARGUMENT, text)
        for alias, array in inputs.items():
            wanted = tf.dtypes.as_dtype(signature.inputs[alias].dtype)
            if tf.dtypes.as_dtype(array.dtype if array.dtype != object else tf.string) != wanted:
                raise Refusal(Code.INVALID_ARGUMENT, f"{alias} is {array.dtype}, expected {wanted.name}")
        try:
            arrays = self.runs[key or "serving_default"](*(inputs[alias] for alias in sorted(inputs)))
        except tf.errors.OpError as error:
            raise Refusal(CODES[error.error_code], error.message) from error
        return dict(zip(sorted(signature.outputs), arrays, strict=True))

    def metadata(self):
        answer = get_model_metadata_pb2.GetModelMetadataResponse()
        answer.model_spec.name = self.name
        answer.model_spec.version.value = 1
        answer.metadata["signature_def"].Pack(get_model_metadata_pb2.SignatureDefMap(signature_def=self.signatures))
        return answer


def aborting(method):
    """A method of a servicer whose Refusal ends the call as gRPC does."""

    def answer(self, request, context):
        try:
            return method(self, request)
        except Refusal as refusal:
            return context.abort(refusal.code, refusal.text)

    return answer


class Grpc(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, model):
        self.model = model

    @aborting
    def Predict(self, request):
        self.model.check(request.model_spec.name, request.model_spec.version.value)
        try:
            inputs = {alias: tf.make_ndarray(tensor) for alias, tensor in request.inputs.items()}
        except (ValueError, TypeError, MemoryError) as error:
            raise Refusal(Code.INVALID_ARGUMENT, f"tensor parsing error: {error}") from error
        answer = predict_pb2.PredictResponse()
        for alias, array in self.model.predict(request.model_spec.signature_name, inputs).items():
            answer.outputs[alias].CopyFrom(tf.make_tensor_proto(array))
        return answer

    @aborting
    def GetModelMetadata(self, request):
        self.model.check(request.model_spec.name, request.model_spec.version.value)
        if list(request.metadata_field) != ["signature_def"]:
            raise Refusal(Code.INVALID_ARGUMENT, "Metadata field is not supported")
        return self.model.metadata()


class Rest(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    model: Model

    def do_POST(self):
        self.answer("POST")

    def do_GET(self):
        self.answer("GET")

    def log_message(self, *_):
        pass

    def answer(self, verb):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, content = 200, self.content(verb, body)
        except Refusal as refusal:
            status, content = HTTP.get(refusal.code, 500), json.dumps({"error": refusal.text})
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content.encode())))
        self.end_headers()
        self.wfile.write(content.encode())

    def content(self, verb, body):
        found = PATH.fullmatch(self.path)
        if not found or (verb == "POST") != (found[3] == ":predict"):
            raise Refusal(Code.INVALID_ARGUMENT, f"Malformed request: {verb} {self.path}")
        self.model.check(found[1], int(found[2] or 0))
        if verb == "POST":
            return predict(self.model, body)
        if found[3]:
            answer = self.model.metadata()
        else:
            state = get_model_status_pb2.ModelVersionStatus(version=1, state="AVAILABLE")
            answer = get_model_status_pb2.GetModelStatusResponse(model_version_status=[state])
        return json_format.MessageToJson(answer, preserving_proto_field_name=True)


def predict(model, body):
    """The answer to a POST, in rows ("instances") or in columns ("inputs")."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(Code.INVALID_ARGUMENT, f"JSON Parse error: {error}") from error
    if not isinstance(asked, dict) or ("instances" in asked) == ("inputs" in asked):
        raise Refusal(Code.INVALID_ARGUMENT, "Expecting an object with one of 'inputs' or 'instances'")
    key = asked.get("signature_name", "")
    if not isinstance(key, str):
        raise Refusal(Code.INVALID_ARGUMENT, "'signature_name' key must be a string value.")
    infos = model.signature(key, Code.INVALID_ARGUMENT).inputs
    columns = asked["inputs"] if "inputs" in asked else by_name(asked["instances"], infos)
    if "inputs" in asked and (not isinstance(columns, dict) or set(columns) == {"b64"}):
        columns = dict.fromkeys(infos, columns) if len(infos) == 1 else {}
    missing = sorted(set(infos) - set(columns))
    if missing:
        raise Refusal(Code.INVALID_ARGUMENT, f"Missing named input: {missing} in 'inputs' object.")
    outputs = model.predict(key, {alias: array(columns[alias], info) for alias, info in infos.items()})
    written = {alias: plain(values, alias.endswith("_bytes")) for alias, values in outputs.items()}
    whole = next(iter(written.values())) if len(written) == 1 else written
    if "instances" in asked and len(written) > 1:
        whole = [dict(zip(written, row, strict=True)) for row in zip(*written.values(), strict=True)]
    return json.dumps({"predictions" if "instances" in asked else "outputs": whole})


def by_name(rows, infos):
    """Rows, each an object or the only input -> {alias: column}."""
    if not isinstance(rows, list) or not rows:
        raise Refusal(Code.INVALID_ARGUMENT, "Expecting 'instances' to be a list of at least one value")
    if not isinstance(rows[0], dict) or set(rows[0]) == {"b64"}:
        if len(infos) > 1:
            raise Refusal(Code.INVALID_ARGUMENT, "instances is a plain list, but expecting list of objects")
        return dict.fromkeys(infos, rows)
    if not all(isinstance(row, dict) and set(row) == set(infos) for row in rows):
        raise Refusal(Code.INVALID_ARGUMENT, f"keys of every instance must be equal to {sorted(infos)}")
    return {alias: [row[alias] for row in rows] for alias in infos}


def array(value, info):
    """Nested lists -> an array of the type that the signature names."""
    dtype = tf.dtypes.as_dtype(info.dtype)
    try:
        if dtype == tf.string:
            return np.array(strings(value), object)
        nested = np.array(value)
        if nested.dtype.kind not in "iuf" and nested.size:
            raise ValueError(f"is not of expected type: {dtype.name}")
        if np.any(np.isfinite(nested) & (np.abs(nested) > np.finfo(np.float32).max)):
            raise ValueError("Cannot convert JSON value to float without loss of precision.")
        return nested.astype(dtype.as_numpy_dtype)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Refusal(Code.INVALID_ARGUMENT, f"JSON Value: {error}") from error


def strings(value):
    if isinstance(value, list):
        return [strings(part) for part in value]
    if isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except binascii.Error as error:
            raise ValueError("Unable to base64 decode") from error
    if not isinstance(value, str):
        raise ValueError(f"{type(value).__name__} is not of expected type: string")
    return value.encode()


def plain(values, as_base64):
    """An array as JSON has it."""
    if values.dtype != object:
        return values.astype(float).tolist()
    write = lambda text: {"b64": base64.b64encode(text).decode()} if as_base64 else text.decode()  # noqa: E731
    return [write(text) for text in values.tolist()]


def start(folder, name="tf_homo", port=0, rest_port=0):
    """Serves in the background; returns (the ports of gRPC and REST, a function that stops it)."""
    model = Model(folder, name)
    rpc = grpc.server(futures.ThreadPoolExecutor(16), options=[("grpc.max_receive_message_length", -1)])
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Grpc(model), rpc)
    port = rpc.add_insecure_port(f"localhost:{port}")
    rpc.start()
    http = ThreadingHTTPServer(("localhost", rest_port), type("Bound", (Rest,), {"model": model}))
    thread = threading.Thread(target=http.serve_forever)
    thread.start()

    def stop():
        rpc.stop(None).wait()
        http.shutdown()
        thread.join()
        http.server_close()

    return (port, http.server_port), stop


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--saved_model", required=True)
    parser.add_argument("--name", default="tf_homo")
    parser.add_argument("--port", type=int, default=8500)
    parser.add_argument("--rest_port", type=int, default=8501)
    given = parser.parse_args()
    ports, _ = start(given.saved_model, given.name, given.port, given.rest_port)
    print("gRPC {} REST {}".format(*ports), flush=True)
    threading.Event().wait()

"""Morphs two photos on a server and writes a GIF: one request to `morph_jpeg`, one frame a row of strength.

    python -m export.serving.client --host=localhost:8500 --source=a.jpg --target=b.jpg --frames=16 --out=morph.gif
    python -m export.serving.client --protocol=rest --strength=Smiling=1,age=0.5 \\
        --model_json=served/1/model.json --source=drawn_faces:3 --target=drawn_faces:8 --out=morph.gif

The photos go to the server as they are. Names in --strength come from --model_json or --branches; without either, the
server tells how many branches there are, and all=1 can be said.
"""

import base64
import functools
import http.client
import io
import json
import operator
import re
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
from absl import flags
from PIL import Image

from tf_homo import attributes, errors, photos, report, serving
from tf_homo.errors import InputError

SIGNATURE, OUTPUT = "morph_jpeg", "image_bytes"
DRAWN_SIDE = 256  # pixels; the server resamples
PORTS = {"grpc": 8500, "rest": 8501}  # those that TensorFlow Serving's settings beside this file open
GIF_SIDE = 256  # frames have at least this many pixels a side

Inputs = dict[str, list]


def rest(host: str, model: str, path: str, content: dict | None, keys: tuple[str, ...], timeout: float):
    """What lies under `keys` in the answer to a GET, or to a POST of `content`, of http://host/v1/models/model+path."""
    address = (host if "://" in host else f"http://{host}") + f"/v1/models/{model}{path}"
    body = None if content is None else json.dumps(content).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body), timeout=timeout) as answer:
            return functools.reduce(operator.getitem, keys, json.load(answer))
    except urllib.error.HTTPError as error:
        raise InputError(f"--host={host}: {_told(error.read())}") from error
    except (OSError, ValueError, KeyError, TypeError, http.client.HTTPException) as error:
        if isinstance(getattr(error, "reason", error), TimeoutError):
            raise _late(timeout) from error
        why = type(error).__name__ if isinstance(error, http.client.HTTPException) else error  # it quotes raw bytes
        raise InputError(f"--host={host}: no REST server answers there ({why}); its port is {PORTS['rest']}") from error


def rest_frames(host: str, model: str, inputs: Inputs, timeout: float) -> list[bytes]:
    """Frames as the server encodes them, over REST."""
    photo = lambda content: {"b64": base64.b64encode(content).decode()}  # noqa: E731
    columns = {name: [photo(v) if isinstance(v, bytes) else v for v in column] for name, column in inputs.items()}
    asked = {"signature_name": SIGNATURE, "inputs": columns}
    return [base64.b64decode(frame["b64"]) for frame in rest(host, model, ":predict", asked, ("outputs",), timeout)]


def rest_branches(host: str, model: str, timeout: float) -> int:
    """The number of branches, from the metadata of the served model."""
    signatures = rest(host, model, "/metadata", None, ("metadata", "signature_def", "signature_def"), timeout)
    return int(_signature(signatures, model)["inputs"]["strength"]["tensor_shape"]["dim"][1]["size"])


def grpc_call(host: str, model: str, method: str, request, timeout: float):
    """The answer of PredictionService.`method` to `request`, whose model is filled in."""
    import grpc
    from tensorflow_serving.apis import prediction_service_pb2_grpc

    request.model_spec.name = model
    with grpc.insecure_channel(host, options=[("grpc.max_receive_message_length", -1)]) as channel:
        try:
            return getattr(prediction_service_pb2_grpc.PredictionServiceStub(channel), method)(request, timeout=timeout)
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAVAILABLE:
                raise InputError(f"--host={host}: no gRPC server answers there; its port is {PORTS['grpc']}") from error
            if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                raise _late(timeout) from error
            raise InputError(f"--host={host}: {error.code().name}: {_first(error.details())}") from error


def grpc_frames(host: str, model: str, inputs: Inputs, timeout: float) -> list[bytes]:
    """Frames as the server encodes them, over gRPC."""
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2

    request = predict_pb2.PredictRequest()
    request.model_spec.signature_name = SIGNATURE
    for name, column in inputs.items():
        dtype = tf.float32 if name == "strength" else tf.string
        request.inputs[name].CopyFrom(tf.make_tensor_proto(column, dtype))
    return list(grpc_call(host, model, "Predict", request, timeout).outputs[OUTPUT].string_val)


def grpc_branches(host: str, model: str, timeout: float) -> int:
    """The number of branches, from the metadata of the served model."""
    from tensorflow_serving.apis import get_model_metadata_pb2 as messages

    request, signatures = messages.GetModelMetadataRequest(metadata_field=["signature_def"]), messages.SignatureDefMap()
    grpc_call(host, model, "GetModelMetadata", request, timeout).metadata["signature_def"].Unpack(signatures)
    return _signature(signatures.signature_def, model).inputs["strength"].tensor_shape.dim[1].size


PROTOCOLS = {"grpc": (grpc_frames, grpc_branches), "rest": (rest_frames, rest_branches)}


def _late(timeout: float) -> InputError:
    return InputError(f"--timeout={timeout:g}: no answer in that time; give more seconds")


def _signature(signatures, model: str):
    if SIGNATURE not in signatures:
        raise InputError(f"--model_name={model}: has no signature {SIGNATURE}; it has {', '.join(sorted(signatures))}")
    return signatures[SIGNATURE]


def _told(body: bytes) -> str:
    """The text of a REST error."""
    try:
        return _first(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return f"the answer is not TensorFlow Serving's ({body[:80]!r})"


def _first(text: str) -> str:
    """What the server says, without where in the graph."""
    return re.sub(r"\{\{.*?\}\} *", "", text.strip().split("\n")[0])


def _photo(flag: str, text: str) -> bytes:
    if text.startswith(photos.DRAWN):
        file = io.BytesIO()
        Image.fromarray(report.to_uint8(photos.source(text, DRAWN_SIDE))).save(file, "PNG")
        return file.getvalue()
    try:
        return Path(text).read_bytes()
    except OSError as error:
        raise InputError(f"--{flag}={text}: cannot be read ({error.strerror}); give a JPEG or PNG file") from error


def _end(text: str, model_json: str | None, branches: list[str], count) -> np.ndarray:
    """Strengths (C,) of the last frame. `count()` asks the server for C."""
    if model_json:
        info = serving.read_card(Path(model_json))
        return attributes.strengths(text, info["groups"], info["branches"])
    if branches:
        return attributes.strengths(text, {}, branches)
    if any(item.partition("=")[0].strip() != attributes.ALL for item in text.split(",")):
        raise InputError(
            f"--strength={text}: the server does not tell the names of branches; give --model_json or --branches"
        )
    return attributes.strengths(text, {}, [str(i) for i in range(count())])


def main(argv: list[str]) -> None:
    """Flags -> one request -> one GIF."""
    del argv
    given = flags.FLAGS
    report.check_output(given.out, (".gif",))
    source, target = _photo("source", given.source), _photo("target", given.target)
    where = given.host or local(given.protocol), given.model_name
    if given.protocol == "grpc":
        if "://" in where[0]:
            raise InputError(f"--host={where[0]}: gRPC takes HOST:PORT; leave out http://, or give --protocol=rest")
        serving_api()
    frames_of, branches_of = PROTOCOLS[given.protocol]
    end = _end(given.strength, given.model_json, given.branches, lambda: branches_of(*where, given.timeout))
    strength = np.linspace(0, 1, given.frames)[:, None] * end
    inputs = {"source": [source], "target": [target], "strength": strength.tolist()}
    answer = frames_of(*where, inputs, given.timeout)
    frames = [np.asarray(Image.open(io.BytesIO(frame)).convert("RGB")) for frame in answer]
    report.save_gif(given.out, [report.enlarge(frame, GIF_SIDE) for frame in frames], given.fps)
    print(f"{given.out}: {len(frames)} frames of {frames[0].shape[1]}x{frames[0].shape[0]} pixels from {where[0]}")


def local(protocol: str) -> str:
    """The server on this machine."""
    return f"localhost:{PORTS[protocol]}"


def serving_api() -> None:
    """Imports TensorFlow Serving's stubs; InputError that says how to install them where they are missing."""
    errors.import_tensorflow()
    try:
        import tensorflow_serving.apis  # noqa: F401
    except ImportError as error:
        raise InputError(
            "--protocol=grpc needs tensorflow-serving-api: pip install 'tf_homo[serving]', or use --protocol=rest"
        ) from error


def _define_flags() -> None:
    flags.DEFINE_string("host", None, "the server, HOST:PORT; for REST also https://HOST; default: on this machine")
    flags.DEFINE_enum("protocol", "grpc", list(PROTOCOLS), "the ports are by default 8500 for gRPC, 8501 for REST")
    flags.DEFINE_string("model_name", "tf_homo", "the name that the model is served under")
    flags.DEFINE_string("source", None, "photo to start from: JPEG, PNG, or drawn_faces:3", required=True)
    flags.DEFINE_string("target", None, "photo to move to", required=True)
    flags.DEFINE_string("strength", "all=1", "where to move: branches, attributes (with --model_json) or 'all'")
    flags.DEFINE_string("model_json", None, "model.json of the export: names of branches and attributes")
    flags.DEFINE_list("branches", [], "names of the branches in order, in place of --model_json")
    flags.DEFINE_integer("frames", 16, "frames, both ends included", 2, serving.MOST)
    flags.DEFINE_float("fps", 20, "frames a second", 0.1, 100)
    flags.DEFINE_float("timeout", 60, "seconds to wait for an answer", 0.001, 86_400)
    flags.DEFINE_string("out", None, "the file to write, NAME.gif", required=True)


if __name__ == "__main__":
    _define_flags()
    errors.run(main)

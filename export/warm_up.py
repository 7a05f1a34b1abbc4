"""Requests that TensorFlow Serving answers when it loads a version, so that the first client does not wait."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

PLACE = "assets.extra/tf_serving_warmup_requests"
LEFT_OUT = "warm-up requests are left out: they need tensorflow-serving-api (pip install 'tf_homo[serving]')"


def write(folder: Path, signatures: Mapping[str, Mapping[str, "tf.TensorSpec"]]) -> bool:
    """Writes folder/PLACE: one request of one row for each signature, which is given by the specs of its inputs.

    Returns whether it could: without tensorflow-serving-api it prints LEFT_OUT.
    """
    import tensorflow as tf

    try:
        from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
    except ImportError:
        print(LEFT_OUT)
        return False
    (folder / PLACE).parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / PLACE)) as records:
        for name, specs in signatures.items():
            request = predict_pb2.PredictRequest()
            request.model_spec.signature_name = name
            for arg, spec in specs.items():
                request.inputs[arg].CopyFrom(_row(spec))
            log = prediction_log_pb2.PredictLog(request=request)
            records.write(prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString())
    return True


def _row(spec: "tf.TensorSpec") -> "tf.core.framework.tensor_pb2.TensorProto":
    """One row of halves, or a grey photo."""
    import tensorflow as tf

    shape = [size or 1 for size in spec.shape]
    if spec.dtype == tf.string:
        return tf.make_tensor_proto(tf.io.encode_png(tf.fill((*shape, 64, 64, 3), tf.constant(128, tf.uint8))).numpy())
    return tf.make_tensor_proto(0.5, spec.dtype, shape)

import builtins

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from export import warm_up


def logs(folder):
    for record in tf.data.TFRecordDataset(str(folder / warm_up.PLACE)).as_numpy_iterator():
        yield prediction_log_pb2.PredictionLog.FromString(record).predict_log


def replay(folder):
    """{signature: the outputs of its warm-up request}."""
    signatures = tf.saved_model.load(str(folder)).signatures
    return {
        log.request.model_spec.signature_name: signatures[log.request.model_spec.signature_name](
            **{name: tf.constant(tf.make_ndarray(value)) for name, value in log.request.inputs.items()}
        )
        for log in logs(folder)
    }


def test_every_signature_is_warmed_up_by_a_request_it_takes(served):
    answers = replay(served.folder)
    assert list(answers) == list(served.method.signatures())
    for outputs in answers.values():
        (output,) = outputs.values()
        assert output.shape[0] == 1
        assert output.dtype == tf.string or np.isfinite(output).all()


@pytest.mark.parametrize(("batch", "rows"), [(None, 1), (2, 2)])
def test_a_request_is_one_row_or_the_batch(batch, rows, tmp_path):
    assert warm_up.write(tmp_path, {"encode": {"image": tf.TensorSpec((batch, 8, 8, 3))}})
    (log,) = logs(tmp_path)
    assert tf.make_ndarray(log.request.inputs["image"]).shape == (rows, 8, 8, 3)


def test_without_the_protos_the_export_goes_on_and_says_what_to_install(tmp_path, monkeypatch, capsys):
    imported = builtins.__import__

    def refuse(name, *args):
        if name.startswith("tensorflow_serving"):
            raise ImportError(name)
        return imported(name, *args)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert not warm_up.write(tmp_path, {"encode": {"image": tf.TensorSpec((None, 8, 8, 3))}})
    (line,) = capsys.readouterr().out.splitlines()
    assert "pip install 'tf_homo[serving]'" in line
    assert not list(tmp_path.iterdir())

"""SavedModel -> one .tflite with the same signatures, for phones, browsers and a fast start under ai_edge_litert.

    python -m export.tflite --saved_model=OUT/<version> --output=morph.tflite [--precision=float32|float16|int8]

Builtin operators only, ranks up to 4, any number of rows, weights shared between the signatures, float32 in and out.
Beside morph.tflite lie morph.json (model.json) and morph.parity.json: largest and mean difference to the SavedModel,
operators, size; with --evaluate=PAIRS also what tf_homo.metrics says of both. Beyond the bounds of PRECISIONS it ends
with status 1 and writes nothing. Signatures on bytes stay in the SavedModel.

float16 keeps weights in half precision and computes in what the device has; it is measured on noise, which is harsher
than faces. int8 keeps kernels as 8-bit integers, a scale for each channel, and computes convolutions and matrix
products in them: their inputs become integers as they come, by the range of each row, and sums come out as float32,
in which everything between is computed, as are the layers next to a picture, the heads of branches and the classifier
whose reading they go by (ends.py). It is measured on pictures that the model was trained on and on their morphs, for
which it needs the data (--data_dir, --data_path).

Why int8 does not fix the ranges of activations beforehand, from representative pictures, as full-integer models do:
tried with TensorFlow 2.21 on a trained encoder and decoder as in configs/homo_drawn_64.cfg, that misses 8/255 in
any pixel. All in integers is off by up to 47/255; convolutions and products alone, ranges from 128 faces and their
morphs, by 18/255 and in half of all pictures by 9; with the decoder's last layers and its straight path in float32 by
15/255. Every layer errs a little, most of all where one scale serves all channels of a residual path. Activations of
16 bits come out broken where there are several signatures (230/255; see tensorflow#52145). Ranges taken as they
come, those layers in float32: 6.2/255, and 0.21/255 on average, over pairs of 64 faces, each branch alone at 1 and all
of them.
"""

import collections
import dataclasses
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from export import ends, parity, quality
from export.compact import compact
from tf_homo import errors, files, serving
from tf_homo.errors import InputError


@dataclasses.dataclass(frozen=True)
class Precision:
    """Bounds on the differences to the SavedModel, of pixels where latents are `seen`; whether they are measured on
    `pictures`.
    """

    largest: float
    mean: float = math.inf
    seen: bool = True
    pictures: bool = False


PRECISIONS = {
    "float32": Precision(1e-4, seen=False),
    "float16": Precision(2 / 255),
    "int8": Precision(8 / 255, 2 / 255, pictures=True),
}
MAX_RANK = 4  # more is beyond the GPU delegates and the browser
PICTURES = 64  # of the training data, to measure on


def export(
    saved_model: Path,
    output: Path,
    precision: str = "float32",
    tolerance: float | None = None,
    pictures: np.ndarray | None = None,
    reference: serving.Morpher | None = None,
) -> dict[str, Any]:
    """Converts the SavedModel folder and returns the report; `tolerance` replaces the precision's largest difference.

    `pictures` (N, S, S, 3) in [0, 1] are what it is measured on, by default noise; int8 needs them. `reference` is
    what `opened` gave, where it was called before.

    Raises:
      InputError: saved_model is none, output does not end in .tflite or cannot be written, or pictures are missing.
      ExportError: a converter, operator, rank or parity failure. Nothing is written.
    """
    kind, reference = PRECISIONS[precision], reference or opened(saved_model, output)
    if kind.pictures and pictures is None:
        raise InputError(f"--precision={precision}: is measured on pictures of the training data; name them")
    bounds = {"largest": kind.largest if tolerance is None else tolerance, "mean": kind.mean}

    names = sorted(reference.signatures)
    content = _convert(saved_model, names, precision)
    if precision == "int8":
        content = ends.kept(content, _convert(saved_model, names, "float32"))
    content = compact(content)
    operators, rank = inspect(content)
    weights = _weights(saved_model, content)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".partial-") as folder:
        partial = Path(folder) / output.name
        partial.write_bytes(content)
        files.write_json(partial.with_suffix(".json"), reference.info)
        found = parity.differences(reference, serving.load(partial), pictures=pictures, seen=kind.seen)
        report = {
            "differences": parity.table(found),
            "tolerance": {name: bound for name, bound in bounds.items() if bound < math.inf},
            "against": "the SavedModel",
            "inputs": "noise" if pictures is None else "pictures of the training data",
            "precision": precision,
            "operators": operators,
            "largest_rank": rank,
            "bytes": len(content),
            "bytes_of_weights": weights,
            "ratio": round(len(content) / weights, 4),
        }
        print(parity.describe(report))
        parity.check(found, **bounds)
        if rank > MAX_RANK:
            raise parity.ExportError(f"a tensor has rank {rank}, above {MAX_RANK}; nothing was written")
        files.write_json(partial.with_suffix(".parity.json"), report)
        for suffix in (".json", ".parity.json", ".tflite"):  # the model last: who sees it finds the others
            partial.with_suffix(suffix).replace(output.with_suffix(suffix))
    return report


def opened(saved_model: Path, output: Path) -> serving.Morpher:
    """The SavedModel, once both places are found good."""
    if output.suffix != ".tflite":
        raise InputError(f"--output={output} must end in .tflite")
    reference = serving.load(saved_model)
    if reference.format != "saved_model":
        raise InputError(f"--saved_model={saved_model} is a {reference.format}; run python -m export.saved_model first")
    files.output_file("output", output)
    return reference


def _convert(saved_model: Path, names: list[str], precision: str) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=names)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if precision != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "float16":
        converter.target_spec.supported_types = [tf.float16]
    try:
        return converter.convert()
    except Exception as error:  # the converter's own ConverterError is not public
        raise parity.ExportError(f"the converter refuses {saved_model}: {error}") from error


def _weights(saved_model: Path, content: bytes) -> int:
    """The bytes that the SavedModel's weights need: each number once, in 4 bytes, or in as few as the .tflite keeps it.

    A weight that stands in the .tflite several times, in several scales, makes them fewer, not more.
    """
    import tensorflow as tf
    from ai_edge_litert import schema_py_generated as schema

    variables = tf.train.list_variables(str(saved_model / "variables" / "variables"))
    numbers = sum(math.prod(shape) for name, shape in variables if name.startswith("weights/"))
    model, saved = schema.ModelT.InitFromPackedBuf(content), {}
    for tensor in (tensor for graph in model.subgraphs for tensor in graph.tensors if tensor.buffer):
        size = {schema.TensorType.FLOAT16: 2, schema.TensorType.INT8: 1}.get(tensor.type, 4)
        saved[tensor.buffer] = (4 - size) * math.prod(map(int, tensor.shape)) if len(tensor.shape) else 0
    return 4 * numbers - sum(saved.values())


def inspect(content: bytes) -> tuple[dict[str, int], int]:
    """The operators of a .tflite with their counts over all signatures, and the largest rank of its tensors."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content)
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    used = collections.Counter(names[code] for graph in model.subgraphs for code, _ in ends.coded(model, graph))
    ranks = [len(tensor.shape) for graph in model.subgraphs for tensor in graph.tensors if tensor.shape is not None]
    return dict(sorted(used.items())), max(ranks)


def pictures_of(info: dict[str, Any], count: int = PICTURES, **places: str | None) -> np.ndarray:
    """`count` of the training data that model.json names, (N, S, S, 3) in [0, 1], evenly from its whole length.

    Raises:
      InputError: model.json names no data, or they cannot be had where `places` (data_dir, data_path) say.
    """
    from tf_homo.data.sets import Source

    if not info.get("data"):
        raise InputError(
            "--precision=int8: is measured on training data, and model.json names none; export a run again"
        )
    given = {name: place for name, place in places.items() if place}
    examples = Source.recorded(info, **given).read("train", info["image_size"])
    images = examples.images if examples.inputs is None else examples.inputs
    chosen = np.linspace(0, len(images) - 1, min(count, len(images))).astype(int)
    return images[chosen].astype(np.float32) / 255.0


def _define_flags() -> None:
    flags.DEFINE_string("saved_model", None, "the SavedModel folder, OUT/<version>", required=True)
    flags.DEFINE_string("output", None, "the file to write, NAME.tflite", required=True)
    flags.DEFINE_enum("precision", "float32", list(PRECISIONS), "of the weights; inputs and outputs stay float32")
    bounds = ", ".join(f"{name} {kind.largest:.2g}" for name, kind in PRECISIONS.items())
    flags.DEFINE_float("tolerance", None, f"largest difference to the SavedModel; default {bounds}", 0.0, 1e6)
    flags.DEFINE_string("data_dir", None, "where prepared data sets are kept, for int8; by default TFDS's own place")
    flags.DEFINE_string("data_path", None, "the folder of the training pictures, for int8, where it has moved")
    flags.DEFINE_integer("evaluate", 0, "also measure on so many pairs of drawn faces; 256 for numbers to report", 0)


def main(argv: list[str]) -> None:
    """Exports what the flags name and prints the file."""
    del argv
    errors.import_tensorflow()
    given = flags.FLAGS
    saved_model, output = Path(given.saved_model), Path(given.output)
    reference, pictures = opened(saved_model, output), None
    if given.evaluate:
        quality.planned(reference, given.evaluate)  # an error before anything is written
    if PRECISIONS[given.precision].pictures:
        pictures = pictures_of(reference.info, data_dir=given.data_dir, data_path=given.data_path)
    report = export(saved_model, output, given.precision, given.tolerance, pictures, reference)
    if given.evaluate:
        found = quality.compared({"saved_model": saved_model, given.precision: output}, given.evaluate)
        files.write_json(output.with_suffix(".parity.json"), report | {"evaluation": found})
        print(quality.text(found))
    print(output)


if __name__ == "__main__":
    _define_flags()
    parity.run(main)

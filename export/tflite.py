"""SavedModel -> one .tflite with the same signatures, for phones, browsers and a fast start under ai_edge_litert.

    python -m export.tflite --saved_model=OUT/<version> --output=morph.tflite [--precision=float32|float16|int8]

Builtin operators only, ranks up to 4, any number of rows, weights shared between the signatures, float32 in and out.
Beside morph.tflite lie morph.json (model.json) and morph.parity.json: the largest difference to the SavedModel, the
operators, the size. Above --tolerance it ends with status 1 and writes nothing. Signatures on bytes stay in the
SavedModel.
"""

import collections
import sys
import tempfile
from pathlib import Path
from typing import Any

from absl import flags

from export import parity
from tf_homo import errors, files, serving
from tf_homo.errors import InputError

PRECISIONS = ("float32", "float16", "int8")
TOLERANCES = {"float32": 1e-4, "float16": 1e-2}  # half precision keeps eleven bits of each weight
MAX_RANK = 4  # more is beyond the GPU delegates and the browser


def export(
    saved_model: Path, output: Path, precision: str = "float32", tolerance: float | None = None
) -> dict[str, Any]:
    """Converts the SavedModel folder and returns the report; `tolerance` is by default that of the precision.

    Raises:
      InputError: saved_model is none, output does not end in .tflite or cannot be written, or the precision is not
        available.
      ExportError: a converter, operator, rank or parity failure. Nothing is written.
    """
    if precision not in TOLERANCES:
        raise InputError(
            f"--precision={precision} is not available yet: needs a representative set; use {' or '.join(TOLERANCES)}"
        )
    if output.suffix != ".tflite":
        raise InputError(f"--output={output} must end in .tflite")
    reference = serving.load(saved_model)
    if reference.format != "saved_model":
        raise InputError(f"--saved_model={saved_model} is a {reference.format}; run python -m export.saved_model first")
    files.output_file("output", output)
    tolerance = TOLERANCES[precision] if tolerance is None else tolerance

    content = _convert(saved_model, sorted(reference.signatures), precision)
    operators, rank = inspect(content)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".partial-") as folder:
        partial = Path(folder) / output.name
        partial.write_bytes(content)
        files.write_json(partial.with_suffix(".json"), reference.info)
        report = {
            "differences": parity.differences(reference, serving.load(partial)),
            "tolerance": tolerance,
            "against": "the SavedModel",
            "precision": precision,
            "operators": operators,
            "largest_rank": rank,
            "bytes": len(content),
        }
        print(parity.describe(report))
        parity.check(report["differences"], tolerance)
        if rank > MAX_RANK:
            raise parity.ExportError(f"a tensor has rank {rank}, above {MAX_RANK}; nothing was written")
        files.write_json(partial.with_suffix(".parity.json"), report)
        for suffix in (".json", ".parity.json", ".tflite"):  # the model last: who sees it finds the others
            partial.with_suffix(suffix).replace(output.with_suffix(suffix))
    return report


def _convert(saved_model: Path, names: list[str], precision: str) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model), signature_keys=names)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if precision == "float16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    try:
        return converter.convert()
    except Exception as error:  # the converter's own ConverterError is not public
        raise parity.ExportError(f"the converter refuses {saved_model}: {error}") from error


def inspect(content: bytes) -> tuple[dict[str, int], int]:
    """The operators of a .tflite with their counts over all signatures, and the largest rank of its tensors."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content)
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    # Codes below 127 are in the older field as well, which alone is filled in old files.
    codes = [names[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in model.operatorCodes]
    used = collections.Counter(codes[op.opcodeIndex] for graph in model.subgraphs for op in graph.operators)
    ranks = [len(tensor.shape) for graph in model.subgraphs for tensor in graph.tensors if tensor.shape is not None]
    return dict(sorted(used.items())), max(ranks)


def _define_flags() -> None:
    flags.DEFINE_string("saved_model", None, "the SavedModel folder, OUT/<version>", required=True)
    flags.DEFINE_string("output", None, "the file to write, NAME.tflite", required=True)
    flags.DEFINE_enum("precision", "float32", PRECISIONS, "of the weights; inputs and outputs stay float32")
    flags.DEFINE_float("tolerance", None, f"largest difference to the SavedModel; default {TOLERANCES}", 0.0, 1e6)


def main(argv: list[str]) -> None:
    """Exports what the flags name and prints the file."""
    del argv
    errors.import_tensorflow()
    given = flags.FLAGS
    try:
        export(Path(given.saved_model), Path(given.output), given.precision, given.tolerance)
    except parity.ExportError as error:
        sys.exit(f"error: {error}")
    print(given.output)


if __name__ == "__main__":
    _define_flags()
    errors.run(main)

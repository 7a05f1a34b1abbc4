"""Run folder -> SavedModel, for TensorFlow alone (Python, TensorFlow Serving, the .tflite converter).

    python -m export.saved_model --run_dir=DIR --output_dir=OUT

Writes OUT/<version>/ with one signature for each of the method's, model.json and parity.json: the largest difference
between the method in memory and the SavedModel as loaded again. Above --tolerance it ends with status 1 and leaves
nothing behind. With tensorflow-serving-api it also writes the requests that TensorFlow Serving warms up with.
"""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from export import parity, warm_up
from tf_homo import errors, files, serving
from tf_homo.errors import InputError

if TYPE_CHECKING:
    from tf_homo.method import Method

TOLERANCE = 1e-4  # float32 kernels differ by rounding only


def export(method: "Method", output_dir: Path, version: int | None = None, tolerance: float = TOLERANCE) -> Path:
    """Writes `method` as a SavedModel and returns its folder, output_dir/<version>; by default the next free version.

    Raises:
      InputError: output_dir is no folder to write to, or the version exists.
      ExportError: the SavedModel differs from the method by more than `tolerance`. Nothing is left behind.
    """
    import tensorflow as tf

    output_dir = files.output_folder("output_dir", output_dir)
    final = output_dir / str(_version(output_dir, version))
    # No integer, so TensorFlow Serving does not look at it.
    partial = output_dir / f".partial-{final.name}-{os.getpid()}"
    try:
        served = serving.module(method)
        functions = serving.concrete(served, method)
        tf.saved_model.save(served, str(partial), signatures=functions)
        files.write_json(partial / "model.json", serving.card(method))
        loaded = serving.load(partial)
        found = parity.differences(serving.live(method), loaded)
        steps = parity.steps_of_bytes(loaded, functions)
        report = {"differences": parity.table(found), "tolerance": tolerance, "against": "the method in memory"}
        report |= {"steps_of_bytes": steps} if steps else {}
        print(parity.describe(report))
        parity.check(found, tolerance)
        files.write_json(partial / "parity.json", report)
        warm_up.write(partial, {name: signature.inputs for name, signature in method.signatures().items()})
        partial.rename(final)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return final


def _version(output_dir: Path, wanted: int | None) -> int:
    taken = [int(p.name) for p in output_dir.glob("*") if p.name.isdecimal()]
    if wanted in taken:
        raise InputError(f"--version={wanted} exists in {output_dir}; give another, or leave it out for the next one")
    return wanted or max(taken, default=0) + 1


def _define_flags() -> None:
    flags.DEFINE_string("run_dir", None, "the run folder to export", required=True)
    flags.DEFINE_string("output_dir", None, "where versions lie; the SavedModel becomes OUT/<version>/", required=True)
    flags.DEFINE_integer("version", None, "version number; default: the next one", lower_bound=1)
    flags.DEFINE_float("tolerance", TOLERANCE, "largest difference allowed to the method in memory", 0.0, 1e6)


def main(argv: list[str]) -> None:
    """Exports what the flags name and prints the folder."""
    del argv
    errors.import_tensorflow()
    from tf_homo.trainer import restore

    given = flags.FLAGS
    print(export(restore(given.run_dir), Path(given.output_dir), given.version, given.tolerance))


if __name__ == "__main__":
    _define_flags()
    parity.run(main)

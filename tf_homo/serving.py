"""A trained system behind one interface: live, as a run folder, as a SavedModel or as a .tflite.

Images are float32 (B,H,W,3) in [0, 1], latents float32 (B,h,w,d), strengths float32 (B,C) with one column per branch,
in the order of `info["branches"]`: 0 keeps the source, 1 reaches the target, values outside [0, 1] exaggerate or
invert.

TensorFlow is imported only where it is needed: loading a .tflite does not wait for it.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tf_homo.errors import InputError, import_tensorflow

if TYPE_CHECKING:
    import tensorflow as tf

    from tf_homo.method import Method

CARRIED = Path(__file__).parent / "pretrained" / "drawn_64" / "morph.tflite"
LARGEST = 1e6  # of a number that goes in: beyond it, float32 may overflow on the way
MOST = 1000  # rows of strengths at once
MORPHING = ("encode", "interpolate", "decode")  # the signatures that a path goes through
OF_ATTRIBUTES = ("edit_attributes", "translate")  # whose strengths are of attributes, not of branches
KINDS = "a run folder (with checkpoints/), a SavedModel folder (OUT/<version>/, with saved_model.pb) or a .tflite file"

Shape = tuple[int | None, ...]
Arrays = dict[str, np.ndarray]


class Call:
    """One signature: `inputs` gives each argument's shape (None = any size), `run` maps arrays to the only output."""

    def __init__(self, inputs: Mapping[str, Shape], run: Callable[[Arrays], np.ndarray]):
        # A SavedModel, loaded, lists them in another order in each process.
        self.inputs = dict(sorted(inputs.items(), key=lambda item: (item[0] == "strength", item[0])))
        self.run = run


class Morpher:
    """The signatures of a trained system on numpy arrays. Made by `load` or `live`.

    Attributes:
      info: the content of model.json (image_size, branches in the order of C, groups, latent, ...).
      calls: {signature: Call}; `signatures` are its names. Signatures on bytes are for servers and not listed.
      format: "run", "saved_model", "tflite" or "chain".
      path: where it was loaded from; None for a live method.
    """

    def __init__(self, calls: Mapping[str, Call], info: dict[str, Any], kind: str, path: Path | None = None):
        self.calls, self.info, self.format, self.path = dict(calls), info, kind, path

    @property
    def signatures(self) -> frozenset[str]:
        return frozenset(self.calls)

    def encode(self, images: np.ndarray) -> np.ndarray:
        """Images (B,H,W,3) to latents (B,h,w,d)."""
        return self.call("encode", image=images)

    def interpolate(self, source: np.ndarray, target: np.ndarray, strength: np.ndarray) -> np.ndarray:
        """Latents (B,h,w,d) twice and strengths (B,C) to latents (B,h,w,d).

        One pair (B = 1) takes any number N of strength rows and gives (N,h,w,d), its branches computed once.
        """
        return self.call("interpolate", source=source, target=target, strength=strength)

    def decode(self, latents: np.ndarray, batch: int = 16) -> np.ndarray:
        """Latents (B,h,w,d) to images (B,H,W,3) in [0, 1], `batch` at a time so that many do not fill the memory."""
        rows = range(0, max(len(latents), 1), batch)
        return np.concatenate([self.call("decode", latent=latents[i : i + batch]) for i in rows])

    def frames(self, source: np.ndarray, target: np.ndarray, strengths: np.ndarray, batch: int = 16) -> np.ndarray:
        """Frames (N,H,W,3) from latents (1,h,w,d) and strengths (N,C): branches once, decoded `batch` at a time."""
        return self.decode(self.interpolate(source, target, strengths), batch)

    def call(self, name: str, **inputs: np.ndarray) -> np.ndarray:
        """Runs the signature `name`; its inputs and output are those of the signature table, float32.

        Raises:
          InputError: no such signature, or an input is missing, of another shape, not floating point, or holds a number
            that is not finite or larger than LARGEST.
        """
        if name not in self.calls:
            raise InputError(f"{self._name}: no signature {name!r}; it has {', '.join(sorted(self.calls))}")
        call = self.calls[name]
        if set(inputs) != set(call.inputs):
            raise InputError(f"{name}: takes {', '.join(call.inputs)}; got {', '.join(inputs) or 'nothing'}")
        arrays = {arg: self._checked(name, arg, inputs[arg], shape) for arg, shape in call.inputs.items()}
        rows = _rows(name, arrays)
        loose = all(shape[0] is None or shape[0] == len(arrays[arg]) for arg, shape in call.inputs.items())
        # Otherwise the file was exported for one row at a time.
        step = (MOST if "strength" in arrays else rows) if loose else 1
        if rows <= step:
            return call.run(arrays)
        return np.concatenate(
            [
                call.run({arg: a if len(a) == 1 else a[i : i + step] for arg, a in arrays.items()})
                for i in range(0, rows, step)
            ]
        )

    def _checked(self, name: str, arg: str, value: np.ndarray, shape: Shape) -> np.ndarray:
        value = np.asarray(value)
        if value.dtype.kind != "f" and not (arg == "strength" and value.dtype.kind in "iub"):
            mend = "; divide 8-bit images by 255" if value.dtype == np.uint8 else ""
            raise InputError(f"{name}: {arg} is {value.dtype}, this model takes float32{mend}")
        if value.ndim != len(shape) or value.shape[1:] != shape[1:]:
            raise InputError(
                f"{name}: {arg} has shape {value.shape}, {self._name} takes {self._wanted(name, arg, shape)}"
            )
        if not len(value):
            raise InputError(f"{name}: {arg} is empty, give at least one row")
        if not (np.abs(value) <= LARGEST).all():
            raise InputError(f"{name}: {arg} holds a number that is not finite or larger than {LARGEST:g}; mend it")
        return np.ascontiguousarray(value, np.float32)

    def _wanted(self, name: str, arg: str, shape: Shape) -> str:
        wanted = f"(B, {', '.join(str(size) for size in shape[1:])})"
        if arg == "strength":
            columns = self.info["attributes" if name in OF_ATTRIBUTES else "branches"]
            return f"{wanted}: one value each for {', '.join(columns)}"
        size = self.info["image_size"]
        return f"{wanted}: images of {size}x{size} pixels" if shape[1:] == (size, size, 3) else wanted

    @property
    def _name(self) -> str:
        return str(self.path or "this model")


def _rows(name: str, arrays: Arrays) -> int:
    """The number of output rows: that of every input, or that of strength where all others have one."""
    batches = {arg: len(array) for arg, array in arrays.items()}
    others = {n for arg, n in batches.items() if arg != "strength"}
    rows = batches.get("strength", max(others))
    if len(others) == 1 and others <= {1, rows}:
        return rows
    given = ", ".join(f"{arg} {n}" for arg, n in batches.items())
    raise InputError(f"{name}: the numbers of rows differ ({given}); give as many in each, or one in all but strength")


def load(path: str | os.PathLike | None = None) -> Morpher:
    """Opens a run folder, a SavedModel folder or a .tflite file; None is the small model that the package carries.
    Several with commas between them are a chain, one after the other.

    Raises:
      InputError: the path is none of these, cannot be read, or its model.json is missing.
    """
    place = CARRIED if path is None else Path(path)
    if not place.exists() and "," in str(place):
        from tf_homo import chain

        return chain.load(str(place))
    if not place.exists():
        raise InputError(f"{place}: no such file or folder; give {KINDS}")
    if (place / "saved_model.pb").is_file():
        return Morpher(_saved_model_calls(place), read_card(place / "model.json"), "saved_model", place)
    if (place / "checkpoints").is_dir():
        import_tensorflow()
        from tf_homo.trainer import restore

        method = restore(place)
        return Morpher(_live_calls(method), card(method), "run", place)
    if place.is_file() and place.suffix == ".tflite":
        own = place.with_suffix(".json")
        info = read_card(own if own.exists() else place.with_name("model.json"))
        return Morpher(_tflite_calls(place), info, "tflite", place)
    raise InputError(f"{place}: not a model; give {KINDS}")


def paired(path: str | os.PathLike) -> Morpher:
    """As `load`, of a model that makes a picture of a picture alone; InputError where it does not."""
    model = load(path)
    if "translate" not in model.signatures or set(model.calls["translate"].inputs) != {"image"}:
        raise not_paired(path)
    return model


def noise(model: Morpher, count: int, seed: int) -> np.ndarray:
    """Noise (count, N) in [0, 1) for the dropout of `translate_noisy`; InputError where the model has none."""
    if "translate_noisy" not in model.signatures:
        raise InputError(f"--noise_seed={seed}: {model.path} takes no noise; train it with --test_dropout")
    size = model.calls["translate_noisy"].inputs["noise"][1]
    return np.random.default_rng(seed).random((count, size), np.float32)


def not_paired(path: str | os.PathLike) -> InputError:
    """The error that `paired` raises."""
    return InputError(
        f"{path}: makes no picture of a picture alone; give one that learned from pairs; this one is for tf_homo.morph"
    )


def live(method: "Method") -> Morpher:
    """The method as it is in memory, with the weights it has now or will have."""
    return Morpher(_live_calls(method), card(method), "run")


def card(method: "Method") -> dict[str, Any]:
    """The content of model.json: what the method says of itself, and what the run that it was restored from says."""
    return method.info() | (getattr(method, "restored", None) or {})


def module(method: "Method") -> "tf.Module":
    """What a SavedModel keeps: one tf.function per signature, and the list `weights` of the variables they read.

    The variables are attached, not the models: a Keras model called with several arguments cannot be saved from inside
    a tf.Module. Those that no signature reads (critics, perceptual network, optimizers) stay behind.
    """
    import keras
    import tensorflow as tf

    from tf_homo.guards import guarded

    served = tf.Module()
    for name, signature in method.signatures().items():
        setattr(served, name, tf.function(guarded(signature, LARGEST, MOST)))
    read = {id(handle) for function in concrete(served, method).values() for handle in function.captured_inputs}
    variables = [v.value if isinstance(v, keras.Variable) else v for v in method.variables]
    served.weights = [v for v in variables if id(v.handle) in read]
    return served


def concrete(served: "tf.Module", method: "Method") -> dict[str, Any]:
    """The traced signatures of `module(method)`, as tf.saved_model.save takes them."""
    return {name: getattr(served, name).get_concrete_function(**s.inputs) for name, s in method.signatures().items()}


def _live_calls(method: "Method") -> dict[str, Call]:
    served = module(method)
    return _tensorflow_calls(concrete(served, method), keep=served)


def _saved_model_calls(folder: Path) -> dict[str, Call]:
    import_tensorflow()
    import tensorflow as tf

    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, tf.errors.OpError) as error:
        raise InputError(f"{folder}: unreadable SavedModel, export it again ({str(error)[:200]})") from error
    return _tensorflow_calls(loaded.signatures, keep=loaded)


def _tensorflow_calls(functions: Mapping[str, Any], keep: Any) -> dict[str, Call]:
    """Those of `functions` that take numbers only."""
    return {
        name: _tensorflow_call(function, keep)
        for name, function in functions.items()
        if all(spec.dtype == "float32" for spec in function.structured_input_signature[1].values())
    }


def _tensorflow_call(function: Any, keep: Any) -> Call:
    """`keep` owns the variables, to which the function only points."""
    import tensorflow as tf

    def run(arrays: Arrays, keep: Any = keep) -> np.ndarray:
        (output,) = function(**{arg: tf.constant(array) for arg, array in arrays.items()}).values()
        return output.numpy()

    specs = function.structured_input_signature[1]
    return Call({arg: tuple(spec.shape) for arg, spec in specs.items()}, run)


def _tflite_calls(file: Path) -> dict[str, Call]:
    from ai_edge_litert.interpreter import Interpreter

    try:
        interpreter = Interpreter(model_path=str(file), num_threads=min(4, os.cpu_count() or 1))
    except ValueError as error:
        raise InputError(f"{file}: unreadable .tflite, export it again ({str(error)[:200]})") from error
    return {name: _tflite_call(interpreter.get_signature_runner(name)) for name in interpreter.get_signature_list()}


def _tflite_call(runner: Any) -> Call:
    def run(arrays: Arrays) -> np.ndarray:
        (output,) = runner(**arrays).values()
        return output

    details = runner.get_input_details()
    shapes = {arg: tuple(None if n < 0 else int(n) for n in d["shape_signature"]) for arg, d in details.items()}
    return Call(shapes, run)


def read_card(file: Path) -> dict[str, Any]:
    """The content of a model.json; InputError where it is missing, damaged or lacks what every system has there."""
    try:
        info = json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"{file}: missing; it is written with the model, copy it along") from None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror}); give a model.json") from None
    except ValueError as error:
        raise InputError(f"{file}: not JSON ({error}); export the model again") from error
    needed = ("branches", "groups", "image_size", "latent")
    missing = [key for key in needed if not isinstance(info, dict) or key not in info]
    if missing:
        raise InputError(f"{file}: has no {', '.join(missing)}; export the model again")
    return info

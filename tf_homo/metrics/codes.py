"""Measures a translator on drawn faces that it has not seen: does it change its attribute, and nothing else?

    python -m tf_homo.metrics.codes --model=runs/glasses [--faces=256] [--output_dir=DIR]

For each attribute that the model is told, with the strengths that the carried reader reads (0 to 1):

    changed      share of faces that are told the other side and are read beyond one half afterwards, on that side; also
                 told "with" and told "without" alone, and of the drawn truth, the mark that the reader allows
    truth_distance, still_distance   root mean squared difference, in 1/255, between a face told the other side, or
                 left as it is, and the same face drawn with the other side
    moved        how far its strength went on average, as a share of the way to the other end
    leakage      as in evaluate: how far each other group moves along, as a share of the movement of its own
    read_right   share of faces that the model's own reader, which tells a morph its way, puts on their side
    own_change   mean absolute change, in [0, 1], of faces told what they are already: the same call as one with a wrong
                 label, "make it a Y" where it is one. Also its 95th percentile over faces
    other_change the same of faces told the other side, and own_share = own_change / other_change: small where it knows
                 what is there already. At 64 pixels the drawn change itself is below 0.01: see the share first
    response     strengths read for codes from -1 to 1, of faces with and without; linearity_error and monotonic_rate of
                 each face's own curve, as in evaluate

Writes codes.json and codes.png (faces told codes from -1 to 1) into --output_dir, by default the run
folder.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from tf_homo import errors, files
from tf_homo.errors import InputError

STEPS = 9  # codes of a response curve, both ends included
SHOWN = 8  # faces in the picture
BATCH = 32

_MODEL = flags.DEFINE_string("model", None, "Run folder, SavedModel folder or .tflite.", allow_override=True)
_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder for the results.", allow_override=True)
_FACES = flags.DEFINE_integer("faces", 256, "Faces; 256 for numbers to report.", lower_bound=2)
_SEED = flags.DEFINE_integer("faces_seed", None, "Seed of the drawn faces; default: that of tf_homo.evaluate.", 0)


def main(_: Sequence[str]) -> None:
    """Flags -> model and faces -> codes.json, codes.png and a few lines."""
    if not _MODEL.value:
        raise InputError("--model is missing: name the run folder, SavedModel folder or .tflite to measure")
    errors.import_tensorflow()
    from tf_homo import evaluate, report, serving
    from tf_homo.metrics import reader

    model, reading = serving.load(_MODEL.value), reader.load()
    seed = evaluate.SEED if _SEED.value is None else _SEED.value
    if seed in evaluate.seeds(model.info) | {reader.SEED}:
        raise InputError(f"--faces_seed={seed}: model or reader was trained on faces of that seed; give another")
    default = _MODEL.value if model.format == "run" else "codes"
    folder = files.output_folder("output_dir", _OUTPUT_DIR.value or default)
    found, picture = measure(model, reading, _FACES.value, seed)
    files.write_json(Path(folder) / "codes.json", found)
    report.save_image(Path(folder) / "codes.png", picture)
    print(text(found))
    print(f"{Path(folder) / 'codes.json'}, {Path(folder) / 'codes.png'}")


def measure(model, reader, count: int, seed: int) -> tuple[dict[str, Any], np.ndarray]:
    """The content of codes.json, and the picture, (H, W, 3) in [0, 1].

    Raises:
      InputError: the model is no translator, or none of its attributes is one of the drawn faces.
    """
    from tqdm import tqdm

    from tf_homo import report
    from tf_homo.data import drawing
    from tf_homo.metrics import scores, translation

    told = model.info.get("attributes") or []
    if "strength" not in getattr(model.calls.get("translate"), "inputs", ()):
        raise InputError(f"{model.path}: has no signature translate that takes codes; name a CycleGAN or a StarGAN")
    known = [name for name in told if name in drawing.ATTRIBUTES]
    if not known:
        raise InputError(f"{model.path}: none of its attributes ({', '.join(told)}) is one of the drawn faces")
    faces, images = drawn(count, model.info["image_size"], seed)
    strengths = np.stack([face.strengths for face in faces])
    columns = [drawing.ATTRIBUTES.index(name) if name in known else None for name in told]
    own = np.stack([np.zeros(count) if c is None else np.where(strengths[:, c] >= 0.5, 1, -1) for c in columns], axis=1)
    ramp = np.linspace(-1, 1, STEPS, dtype=np.float32)
    before = reader.read(images)[0]
    read = None  # (n, K)
    if "read" in model.signatures:
        read = np.concatenate([model.call("read", image=images[i : i + BATCH]) for i in range(0, count, BATCH)])
    found, rows = {}, []
    for name in tqdm(known, unit="attribute", disable=len(known) == 1):
        truth = opposite(faces, drawing.ATTRIBUTES.index(name), images.shape[1])
        codes = np.repeat(own.astype(np.float32)[None], STEPS, axis=0)  # (V, n, K): what they are, but for this one
        codes[:, :, told.index(name)] = ramp[:, None]
        frames = np.stack([translation.translated(model, images, code, BATCH) for code in codes])  # (V, n, S, S, 3)
        reads = np.stack([reader.read(frame)[0] for frame in frames], axis=1)  # (n, V, 18)
        found[name] = one(name, strengths, images, frames, before, reads, truth, reader.read(truth)[0])
        if read is not None:
            at = told.index(name)
            found[name]["read_right"] = scores.value((read[:, at] >= 0) == (own[:, at] > 0))
        rows += [np.stack([images[i], *frames[:, i]]) for i in range(SHOWN if len(known) == 1 else 2)]
    labels = ["source", *(f"{code:g}" for code in ramp)]
    about = {"path": str(model.path), "format": model.format, "step": model.info.get("step")}
    result = {"attributes": found, "model": about, "faces": count, "seed": seed, "reader": reader.about}
    return result, report.grid(rows, column_labels=labels)


def drawn(count: int, size: int, seed: int) -> tuple[list, np.ndarray]:
    """The first faces of the test split, and their pictures (n, S, S, 3) in [0, 1]."""
    from tf_homo.data import drawing, drawn_faces

    faces = [drawn_faces.face(index, seed, "test") for index in range(count)]
    return faces, np.stack([drawing.render(face, size).image for face in faces]).astype(np.float32) / 255


def other_end(strengths: np.ndarray, column: int) -> np.ndarray:
    """Strengths (n, 18) with one attribute at the other end. Hair colours still sum to 1: what one leaves falls to the
    others in proportion and, where there are none, to brown, or to black for brown hair.
    """
    from tf_homo.data import drawing

    ends = strengths.copy()
    ends[:, column] = strengths[:, column] < 0.5
    if drawing.ATTRIBUTES[column] in drawing.HAIR_COLOURS:
        brown, black = (drawing.ATTRIBUTES.index(name) for name in ("Brown_Hair", "Black_Hair"))
        others = [i for i, name in enumerate(drawing.ATTRIBUTES) if name in drawing.HAIR_COLOURS and i != column]
        ends[ends[:, others].sum(1) == 0, black if column == brown else brown] = 1
        ends[:, others] *= ((1 - ends[:, column]) / ends[:, others].sum(1))[:, None]
    return ends


def opposite(faces: Sequence, column: int, size: int) -> np.ndarray:
    """The same faces drawn with one attribute at the other end."""
    from tf_homo.data import drawing

    ends = other_end(np.stack([face.strengths for face in faces]), column)
    painted = [drawing.render(face.with_strengths(end), size).image for face, end in zip(faces, ends, strict=True)]
    return np.stack(painted).astype(np.float32) / 255


def one(
    name: str,
    strengths: np.ndarray,
    images: np.ndarray,
    frames: np.ndarray,
    before: np.ndarray,
    reads: np.ndarray,
    truth: np.ndarray,
    truth_reads: np.ndarray,
) -> dict[str, Any]:
    """What is said of one attribute: true strengths (n, 18), images (n, S, S, 3), frames (V, n, S, S, 3), and strengths
    read, (n, 18) before and (n, V, 18) of the frames; truth (n, S, S, 3) drawn at the other side, and its reads.
    """
    from tf_homo.attributes import groups_of
    from tf_homo.data import drawing
    from tf_homo.metrics import response, scores
    from tf_homo.metrics.images import truth_distance

    column = drawing.ATTRIBUTES.index(name)
    had = strengths[:, column] >= 0.5
    every = np.arange(len(had))
    other, same = np.where(had, 0, STEPS - 1), np.where(had, STEPS - 1, 0)  # places of the codes
    after = reads[every, other]
    changed = (after[:, column] >= 0.5) != had
    way = np.where(had, 0.0, 1.0) - before[:, column]  # from what is read now to the other end

    groups = {
        group: [drawing.ATTRIBUTES.index(a) for a in members]
        for group, members in groups_of(drawing.ATTRIBUTES).items()
    }
    (moved,) = (group for group, members in groups.items() if column in members)
    ends = other_end(strengths, column)
    leakage = response.leakage(np.stack([before, after], axis=1), strengths, ends, groups, moved)

    apart, other_apart = (np.abs(frames[place, every] - images).mean(axis=(1, 2, 3)) for place in (same, other))
    told, still = (
        [truth_distance(*pair) for pair in zip(pictures[:, None], truth[:, None], strict=True)]
        for pictures in (frames[other, every], images)
    )
    curves = reads[..., column]
    return {
        "changed": scores.value(changed),
        "changed_told_with": scores.value(changed[~had]),
        "changed_told_without": scores.value(changed[had]),
        "changed_in_truth": scores.value((truth_reads[:, column] >= 0.5) != had),
        "truth_distance": scores.value(told),
        "still_distance": scores.value(still),
        "moved": scores.value((after - before)[:, column] * np.sign(way) / np.maximum(np.abs(way), response.FLOOR)),
        "leakage": scores.value(leakage),
        "own_change": scores.value(apart),
        "own_change_told_with": scores.value(apart[had]),
        "own_change_told_without": scores.value(apart[~had]),
        "own_change_95": {"value": float(np.percentile(apart, 95)), "n": len(apart)},
        "other_change": scores.value(other_apart),
        "own_share": scores.value([apart.mean() / other_apart.mean()] if other_apart.any() else []),
        "linearity_error": scores.value(response.linearity(curves)[0]),
        "monotonic_rate": scores.value(response.monotonic_rate(curves)),
        "response": {
            "codes": np.linspace(-1, 1, STEPS).tolist(),
            "with": curves[had].mean(0).tolist() if had.any() else None,
            "without": curves[~had].mean(0).tolist() if (~had).any() else None,
        },
    }


def text(found: dict[str, Any]) -> str:
    """A few lines for each attribute."""
    lines = []
    for name, row in found["attributes"].items():
        lines.append(f"{name}, {found['faces']} faces")
        for key, entry in row.items():
            if key != "response" and entry:
                lines.append(f"  {key:24}{entry['value']:8.4f}  n {entry['n']}")
        lines.append("  code        " + "".join(f"{code:7.2f}" for code in row["response"]["codes"]))
        for side in ("without", "with"):
            if row["response"][side]:
                lines.append(f"  {side:12}" + "".join(f"{value:7.2f}" for value in row["response"][side]))
    return "\n".join(lines)


if __name__ == "__main__":
    errors.run(main)

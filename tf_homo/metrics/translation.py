"""Measures systems that learned from pairs (pix2pix), on pairs that they were not trained on, beside the true pictures.

    python -m tf_homo.metrics.translation --segmenter=runs/segmenter --model=L1=runs/l1 --model=L1+cGAN=runs/cgan \\
        --output_dir=runs/translation

Of each model: segmentation score, Lab histograms against the real ones, checkerboard energy, L1. A model that makes
pictures of labels is read by the segmenter; of one that makes labels, the nearest colours are its classes. Writes
translation.md, translation.json, pictures.png and colours.png.
"""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from absl import flags

from tf_homo import errors, files, report, serving
from tf_homo.errors import InputError
from tf_homo.metrics import checkerboard, colour, segmentation

HELD_OUT = ("validation", "test")  # the first that has pairs
TRUTH = "ground truth"
COLUMNS = {
    "pixel_accuracy": "pixel acc.", "class_accuracy": "class acc.", "class_iou": "class IoU", "L": "L", "a": "a",
    "b": "b", "L_off": "L off", "a_off": "a off", "b_off": "b off",
    "energy_2": "checks 2", "peak_2": "peak 2", "energy_4": "checks 4", "peak_4": "peak 4", "l1": "L1",
}  # fmt: skip
SHOWN = 8  # pairs in the picture


def translated(
    model: serving.Morpher, images: np.ndarray, codes: np.ndarray | None = None, batch: int = 16,
    noise_seed: int | None = None,
) -> np.ndarray:  # fmt: skip
    """Images (N, S, S, 3), uint8 or float in [0, 1] -> what `model` makes of them, float32 in [0, 1], told `codes`
    (N, K) where it listens to any; `batch` at a time, which counts where its norms take the statistics of what they
    are given. With `noise_seed` its dropout is at work.
    """
    name, more = "translate", {} if codes is None else {"strength": codes}
    if noise_seed is not None:
        name, more = "translate_noisy", {"noise": serving.noise(model, len(images), noise_seed)}
    made = []
    for i in range(0, len(images), batch):
        given = {arg: rows[i : i + batch] for arg, rows in more.items()}
        made.append(model.call(name, image=report.to_unit(images[i : i + batch]), **given))
    return np.concatenate(made)


def held_out(path: str | os.PathLike, count: int | None = None, noise_seed: int | None = None, **places: str | None):
    """What the model in `path` makes of `count` held-out pairs of its own data, and these pairs (Examples).

    Args:
      count: how many, the first; by default all.
      noise_seed: as of `translated`.
      places: data_dir and data_path, where the data have moved.

    Raises:
      InputError: no model, one that does not translate, or its data are no pairs or cannot be had.
    """
    from tf_homo.data.sets import Source

    model = serving.paired(path)
    source = Source.recorded(model.info, **{name: place for name, place in places.items() if place})
    chosen = first(pairs(source, "", model.info["image_size"]), count)
    return translated(model, chosen.inputs, noise_seed=noise_seed), chosen


def pairs(source, split: str, size: int):
    """The pairs (Examples) of a split; of "", those of the first of HELD_OUT that has some.

    Raises:
      InputError: there are none.
    """
    if not split:
        for held in HELD_OUT[:-1]:
            try:
                return pairs(source, held, size)
            except InputError:
                continue
        split = HELD_OUT[-1]
    examples = source.read(split, size)
    if examples.inputs is None:
        raise InputError(f"--dataset={source.dataset}: has no pairs; use drawn_masks or paired_folder")
    return examples


def first(examples, count: int | None):
    """The first `count` of pairs (Examples)."""
    cut = {name: getattr(examples, name)[:count] for name in ("images", "inputs", "labels")}
    return dataclasses.replace(examples, **cut, extras={})


def counts(made: np.ndarray, examples, segmenter) -> np.ndarray:
    """n_ij (N, K, K) of what was made (N, S, S, 3) of the inputs of `examples`: pictures are read by `segmenter`, label
    maps by their colours.

    Raises:
      InputError: the segmenter's classes have other colours than the label maps.
    """
    palette, reads = segmenter.palette, examples.about["direction"] == segmenter.about["data"]["direction"]
    maps = examples.inputs if reads else examples.images
    truth = segmentation.nearest(maps, palette)
    if np.abs(255 * report.to_unit(maps) - palette[truth]).mean() > segmentation.FLAT:
        raise InputError(
            f"--segmenter: its classes are those of {segmenter.about['data']['dataset']}, and the labels of "
            f"{examples.about['dataset']} have other colours; give one made of these pairs"
        )
    if reads:
        return segmenter.counts(made, truth)
    return segmentation.each_confusion(truth, segmentation.nearest(made, palette), len(palette))


def measured(made: np.ndarray, examples, read: np.ndarray) -> dict[str, float]:
    """Every number of COLUMNS for what was made, its `counts` being `read`: segmentation score; intersection of the
    histograms of L, a and b with those of the real pictures, and how far off they are; energy and peak of
    checkerboards; L1 in 1/255.
    """
    made, real = report.to_unit(made), report.to_unit(examples.images)
    histograms = [colour.histograms(images) for images in (made, real)]
    checks = {
        f"{name}_{period}": measure(made, period)
        for name, measure in (("energy", checkerboard.energy), ("peak", checkerboard.peak))
        for period in (2, 4)
    }
    off = {f"{channel}_off": far for channel, far in colour.distance(*histograms).items()}
    l1 = 255 * float(np.abs(made - real).mean())
    colours = colour.intersection(*histograms) | off
    return segmentation.score(read.sum(0))._asdict() | colours | checks | {"l1": l1}


def table(rows: Mapping[str, Mapping[str, float]], columns: Sequence[str] = tuple(COLUMNS)) -> str:
    """Markdown: a line for each row."""
    lines = ["| | " + " | ".join(COLUMNS[name] for name in columns) + " |", "|---" * (1 + len(columns)) + "|"]
    for name, row in rows.items():
        lines.append(f"| {name} | " + " | ".join(f"{row[column]:.3g}" for column in columns) + " |")
    return "\n".join(lines)


def pictures(examples, made: Mapping[str, np.ndarray], count: int = SHOWN) -> np.ndarray:
    """A grid: a row for each of the first pairs: the input, what each system made of it, the true picture."""
    columns = {"input": examples.inputs, **made, "real": examples.images}
    rows = [[report.to_uint8(images[i]) for images in columns.values()] for i in range(min(count, len(examples)))]
    return report.grid(rows, column_labels=[name.replace(", ", "\n") for name in columns])


def write(folder: Path, name: str, examples, made: Mapping[str, np.ndarray], found: Mapping[str, Any], text: str):
    """NAME.md, NAME.json and, for a person to look at, pictures.png and colours.png, in `folder`."""
    files.write_text(folder / f"{name}.md", text)
    files.write_json(folder / f"{name}.json", dict(found))
    report.save_image(folder / "pictures.png", pictures(examples, made))
    sets = {"real": examples.images, **made}
    report.save_image(folder / "colours.png", colour.plot({n: colour.histograms(x) for n, x in sets.items()}))


def main(_: list[str]) -> None:
    """Flags -> models and pairs -> a table and two pictures."""
    given = flags.FLAGS
    folder = files.output_folder("output_dir", given.output_dir)
    colour.require()
    errors.import_tensorflow()
    from tf_homo.metrics import segmenter as segmenters

    segmenter = segmenters.load(given.segmenter)
    places = {"data_dir": given.data_dir, "data_path": given.data_path}
    made, rows, examples = {}, {}, None
    for text in given.model:
        name, _, path = text.partition("=")
        if not path or name in made:
            raise InputError(f"--model={text}: write NAME=PATH, each name once")
        made[name], own = held_out(path, given.pairs, given.noise_seed, **places)
        if examples is not None and not np.array_equal(own.inputs, examples.inputs):
            raise InputError(f"--model={text}: was trained on other pairs than {next(iter(made))}; measure them apart")
        examples = own
        rows[name] = measured(made[name], examples, counts(made[name], examples, segmenter))
    truth = examples.images
    rows = {TRUTH: measured(truth, examples, counts(truth, examples, segmenter))} | rows
    text = f"{table(rows)}\n\n{len(examples)} pairs of {examples.about['dataset']} that were not trained on.\n"
    write(folder, "translation", examples, made, {"models": rows, "pairs": len(examples)}, text)
    print(text)


def _define_flags() -> None:
    flags.DEFINE_multi_string(
        "model", None, "NAME=PATH of a run folder, SavedModel or .tflite that learned from pairs", required=True
    )
    flags.DEFINE_string("segmenter", None, "folder of the segmenter; see tf_homo.metrics.segmenter", required=True)
    flags.DEFINE_string("output_dir", None, "folder for the results", required=True)
    flags.DEFINE_integer("noise_seed", None, "dropout at work, with this noise, of models with --test_dropout", 0)
    flags.DEFINE_integer("pairs", None, "how many pairs; by default all that are held out", 1)
    flags.DEFINE_string("data_dir", None, "where prepared data sets are kept; by default TFDS's own place")
    flags.DEFINE_string("data_path", None, "the folder of the pairs, where it has moved")


if __name__ == "__main__":
    _define_flags()
    errors.run(main)

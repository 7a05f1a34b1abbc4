"""Do the orderings of pix2pix come out on drawn faces? Tables 1, 2, 3 and 6 of Isola et al. 2017, from one command.

    python -m benchmarks.pix2pix_orderings --output_dir=runs/pix2pix_orderings

Trains a segmenter and each of VARIANTS for --steps steps (labels -> picture, and picture -> labels for table 6), and
scores each beside the ground truth on faces that none was trained on. Started again, it goes on where it stopped; what
was made by other flags is made again. An ordering counts where the 95% interval of the gap, over faces drawn anew from
those 500, leaves out 0. Each variant is trained once: what another seed would change stands in no interval.
Writes orderings.md, orderings.json, pictures.png, colours.png, and a run folder a variant. --only names some of them.

Faces are 64 pixels wide where the paper's pictures are 256: a patch of 16 here is what 70 is there, and what 70 and 286
see here is more than the whole picture. Discriminators have no norm: with instance norm and 16 channels, GAN alone, one
told real from made no better than by chance for 4,000 steps (loss 0.69), and what it taught was no better than noise.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from absl import flags

from tf_homo import errors, files
from tf_homo.errors import InputError
from tf_homo.metrics import colour, segmentation, translation
from tf_homo.metrics.translation import TRUTH

L1 = {"gan_weight": 0.0}
GAN = {"l1_weight": 0.0, "conditional": False}
CGAN = {"l1_weight": 0.0}
L1_GAN = {"conditional": False}
L1_CGAN: dict = {}
TO_LABELS = {"direction": "b_to_a"}
VARIANTS = {
    "L1": L1,
    "GAN": GAN,
    "cGAN": CGAN,
    "L1+GAN": L1_GAN,
    "L1+cGAN": L1_CGAN,
    "encoder-decoder, L1": L1 | {"generator": "encoder_decoder"},
    "encoder-decoder, L1+cGAN": L1_CGAN | {"generator": "encoder_decoder"},
    "patch 1": L1_CGAN | {"field": 1},
    "patch 70": L1_CGAN | {"field": 70},
    "patch 286": L1_CGAN | {"field": 286},
    "transposed": L1_CGAN | {"upsampling": "transposed"},
    "shuffle": L1_CGAN | {"upsampling": "shuffle"},
    "to labels, L1": L1 | TO_LABELS,
    "to labels, cGAN": CGAN | TO_LABELS,
    "to labels, L1+cGAN": L1_CGAN | TO_LABELS,
}
#: What stands in which table, with the paper's pixel accuracy, class accuracy and class IoU (Cityscapes).
TABLES = {
    "Table 1: losses": {
        "L1": (0.42, 0.15, 0.11), "GAN": (0.22, 0.05, 0.01), "cGAN": (0.57, 0.22, 0.16),
        "L1+GAN": (0.64, 0.20, 0.15), "L1+cGAN": (0.66, 0.23, 0.17), TRUTH: (0.80, 0.26, 0.21),
    },
    "Table 2: generators": {
        "encoder-decoder, L1": (0.35, 0.12, 0.08), "encoder-decoder, L1+cGAN": (0.29, 0.09, 0.05),
        "L1": (0.48, 0.18, 0.13), "L1+cGAN": (0.55, 0.20, 0.14),
    },
    "Table 3: patches": {
        "patch 1": (0.39, 0.15, 0.10), "L1+cGAN": (0.65, 0.21, 0.17), "patch 70": (0.66, 0.23, 0.17),
        "patch 286": (0.42, 0.16, 0.11),
    },
    "Table 6: picture to labels": {
        "to labels, L1": (0.86, 0.42, 0.35), "to labels, cGAN": (0.74, 0.28, 0.22),
        "to labels, L1+cGAN": (0.83, 0.36, 0.29),
    },
}  # fmt: skip
#: The paper's orderings, the better first.
ORDERINGS = (
    ("L1+cGAN", "L1"), ("cGAN", "L1"), ("L1", "GAN"), ("L1+GAN", "L1"), ("L1+cGAN", "GAN"),
    ("L1", "encoder-decoder, L1"), ("L1+cGAN", "encoder-decoder, L1+cGAN"),
    ("L1+cGAN", "patch 1"), ("L1+cGAN", "patch 286"), ("patch 70", "patch 1"), ("patch 70", "patch 286"),
    ("to labels, L1", "to labels, L1+cGAN"), ("to labels, L1+cGAN", "to labels, cGAN"),
)  # fmt: skip
UPSAMPLINGS = {"L1+cGAN": "nearest + convolution", "shuffle": "pixel shuffle", "transposed": "transposed convolution"}
SCORES = ("pixel_accuracy", "class_accuracy", "class_iou")
#: Flags that a variant's pictures, and the segmenter, depend on.
LEARNING, READING = (
    ("steps", "batch_size", "width", "critic_width", "field"),
    ("image_size", "train_examples", "segmenter_steps"),
)
COLOURS, CHECKS = ("L", "a", "b"), ("energy_2", "peak_2", "energy_4", "peak_4")


def source(variant: str):
    """The faces of a variant: 8,000 to train on, 500 to score on."""
    from tf_homo.data.sets import Source

    given = flags.FLAGS
    counts = (given.train_examples, 500, 1)
    direction = VARIANTS[variant].get("direction", "a_to_b")
    return Source("drawn_masks", counts=counts, data_dir=given.data_dir, direction=direction)


def trained(variant: str, folder: Path, held_out, segmenter) -> tuple[dict, np.ndarray, np.ndarray]:
    """The numbers of a variant, what it makes of the inputs of `held_out`, and what is read of that (N, K, K); trained
    where its folder does not hold them for the same flags.
    """
    from tf_homo import serving, trainer
    from tf_homo.methods.pix2pix import Config, Pix2Pix

    given, kept = flags.FLAGS, folder / "scores.json"
    asked = {name: given[name].value for name in (*LEARNING, *READING)} | {"variant": VARIANTS[variant]}
    if kept.exists() and (found := json.loads(kept.read_text())).get("asked") == asked:
        return found["scores"], np.load(folder / "made.npy"), np.load(folder / "counts.npy")
    learning = {name: value for name, value in asked.items() if name not in ("steps", "segmenter_steps")}
    begun = folder / "asked.json"
    if begun.exists() and json.loads(begun.read_text()) != learning:
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(begun, learning)
    options = {name: value for name, value in VARIANTS[variant].items() if name != "direction"}
    fixed = {name: given[name].value for name in ("image_size", "width", "critic_width", "field")}
    fixed |= {"jitter": 0.0, "norm": "instance", "critic_norm": "none"}
    config = Config(**fixed | options, steps=given.steps)
    run = trainer.Trainer(
        Pix2Pix, config, source(variant).read("train", given.image_size), folder,
        strategy=trainer.strategy("one_device"), batch_size=given.batch_size, average_decay=0.99, jit=True,
    )  # fmt: skip
    run.fit()
    if int(run.step) > given.steps:
        raise InputError(f"--steps={given.steps}: {folder} has {int(run.step)} already; give another --output_dir")
    made = translation.translated(serving.load(folder), held_out.inputs)
    counts = translation.counts(made, held_out, segmenter)
    scores = translation.measured(made, held_out, counts)
    for name, array in (("made", made.astype(np.float16)), ("counts", counts)):
        with files.whole(folder / f"{name}.npy") as partial:
            np.save(partial, array)
    files.write_json(kept, {"asked": asked, "scores": scores})
    return scores, made, counts


def verdict(better: np.ndarray, worse: np.ndarray) -> str:
    """Whether an ordering of the paper came out, from what is read of two variants' pictures (N, K, K)."""
    low, high = np.percentile(segmentation.resampled(better) - segmentation.resampled(worse), (2.5, 97.5), axis=0)
    ahead, behind = int((low > 0).sum()), int((high < 0).sum())
    if ahead and behind:
        return f"{ahead} of 3 measures the same, {behind} the other way"
    if not ahead + behind:
        return "no difference"
    way = "the same" if ahead else "the other way"
    return way if ahead + behind == 3 else f"{ahead + behind} of 3 measures {way}"


def text(rows: Mapping[str, Mapping[str, float]], counts: Mapping[str, np.ndarray], steps: int) -> str:
    """The tables, the orderings and the checkerboards, as Markdown; counts (N, K, K) are what is read of each."""
    parts = [f"Drawn faces, {steps:,} steps a variant; pixel accuracy, class accuracy, class IoU; the paper's behind."]
    for title, paper in TABLES.items():
        lines = [f"## {title}", "", "| | here | the paper |", "|---|---|---|"]
        for name in dict.fromkeys((*paper, *([] if "labels" in title else [TRUTH]))):
            here = " / ".join(f"{rows[name][key]:.3f}" for key in SCORES) if name in rows else "-"
            theirs = " / ".join(f"{value:.2f}" for value in paper[name]) if name in paper else "-"
            lines.append(f"| {name} | {here} | {theirs} |")
        parts.append("\n".join(lines))
    lines = ["## Orderings", "", "| better in the paper | than | here | by measure |", "|---|---|---|---|"]
    for better, worse in ORDERINGS:
        if better in rows and worse in rows:
            gaps = " / ".join(f"{rows[better][key] - rows[worse][key]:+.3f}" for key in SCORES)
            lines.append(f"| {better} | {worse} | {verdict(counts[better], counts[worse])} | {gaps} |")
    parts.append("\n".join(lines))
    made = {name: row for name, row in rows.items() if not name.startswith("to labels")}
    parts.append("## Colours: intersection of histograms with the real ones\n\n" + translation.table(made, COLOURS))
    lattice = {UPSAMPLINGS.get(name, name): rows[name] for name in (*UPSAMPLINGS, TRUTH) if name in rows}
    parts.append("## Checkerboards by upsampling, L1+cGAN\n\n" + translation.table(lattice, CHECKS))
    return "\n\n".join(parts) + "\n"


def main(_: list[str]) -> None:
    """Trains what is missing, scores it, and writes the tables of what is there after each."""
    from tf_homo.metrics import segmenter as segmenters

    given = flags.FLAGS
    folder = files.output_folder("output_dir", given.output_dir)
    chosen = given.only or list(VARIANTS)
    if unknown := [name for name in chosen if name not in VARIANTS]:
        raise InputError(f"--only={unknown[0]}: is no variant; there are {'; '.join(VARIANTS)}")
    colour.require()
    errors.import_tensorflow()
    asked, kept = {name: given[name].value for name in READING}, folder / "segmenter" / "asked.json"
    if not kept.exists() or json.loads(kept.read_text()) != asked:
        made = segmenters.made(source("L1"), given.image_size, given.segmenter_steps)
        segmenters.save(made, folder / "segmenter")
        files.write_json(kept, asked)
    segmenter = segmenters.load(folder / "segmenter")
    held_out = {
        name: translation.pairs(source(name), "validation", given.image_size) for name in ("L1", "to labels, L1")
    }
    real = held_out["L1"].images
    counts = {TRUTH: translation.counts(real, held_out["L1"], segmenter)}
    rows = {TRUTH: translation.measured(real, held_out["L1"], counts[TRUTH])}
    pictures = {}
    for variant in chosen:
        to_labels = variant.startswith("to labels")
        examples = held_out["to labels, L1" if to_labels else "L1"]
        place = folder / variant.replace(", ", "_")
        rows[variant], made, counts[variant] = trained(variant, place, examples, segmenter)
        if not to_labels:
            pictures[variant] = made.astype(np.float32)
        found = {"steps": given.steps, "variants": rows}
        translation.write(folder, "orderings", held_out["L1"], pictures, found, text(rows, counts, given.steps))
    print((folder / "orderings.md").read_text("utf-8"))


def _define_flags() -> None:
    flags.DEFINE_string("output_dir", None, "folder for runs and results", required=True)
    flags.DEFINE_multi_string("only", None, "a variant to train; by default all, in turn")
    flags.DEFINE_integer("steps", 4000, "training steps of each variant", 1)
    flags.DEFINE_integer("batch_size", 8, "pairs a step", 2)
    flags.DEFINE_integer("image_size", 64, "side of the pictures in pixels", 32)
    flags.DEFINE_integer("width", 16, "channels of a generator's first convolution", 1)
    flags.DEFINE_integer("critic_width", 32, "channels of a discriminator's first convolution", 1)
    flags.DEFINE_integer("field", 16, "receptive field of the discriminator where a variant does not say it")
    flags.DEFINE_integer("train_examples", 8_000, "faces to train on", 1)
    flags.DEFINE_integer("segmenter_steps", 1_500, "steps of the segmenter", 1)
    flags.DEFINE_string("data_dir", None, "where prepared data sets are kept; by default TFDS's own place")


if __name__ == "__main__":
    _define_flags()
    errors.run(main)

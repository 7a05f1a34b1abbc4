"""The tables of pix2pix: variants that exist, orderings that are the paper's own, text, a run that goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks.pix2pix_orderings import ORDERINGS, SCORES, TABLES, UPSAMPLINGS, VARIANTS, text, verdict
from tf_homo.methods.pix2pix import Config, Pix2Pix
from tf_homo.metrics.translation import COLUMNS, TRUTH

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", VARIANTS)
def test_a_variant_is_a_system(name):
    options = {key: value for key, value in VARIANTS[name].items() if key != "direction"}
    Pix2Pix(Config(image_size=64, width=2, **options), ())


def test_tables_are_of_variants():
    for table in TABLES.values():
        assert set(table) <= {*VARIANTS, TRUTH}
    assert set(UPSAMPLINGS) <= set(VARIANTS)


def test_orderings_are_those_of_the_paper_s_numbers():
    """Each holds in its table by every measure."""
    for better, worse in ORDERINGS:
        tables = [table for table in TABLES.values() if better in table and worse in table]
        assert tables, (better, worse)
        assert all(a > b for table in tables for a, b in zip(table[better], table[worse], strict=True)), (better, worse)


def counted(*shares, number=60, seed=0):
    """Pictures of two classes, 100 pixels each, of which such a share is read right, give or take a tenth."""
    rng = np.random.default_rng(seed)
    right = np.rint(100 * np.clip(np.array(shares) + 0.1 * rng.standard_normal((number, 2)), 0, 1)).astype(int)
    return np.stack([right[:, 0], 100 - right[:, 0], 100 - right[:, 1], right[:, 1]], 1).reshape(-1, 2, 2)


@pytest.mark.parametrize(
    ("better", "worse", "said"),
    [
        (counted(0.7, 0.7), counted(0.5, 0.5), "the same"),
        (counted(0.5, 0.5), counted(0.7, 0.7), "the other way"),
        (counted(0.6, 0.6), counted(0.6, 0.6, seed=1), "no difference"),
        # nearly the larger class alone: 0.87 / 0.53 / 0.47 against 0.70 / 0.70 / 0.43
        (
            counted(0.95, 0.1) * [[9, 9], [1, 1]],
            counted(0.7, 0.7) * [[9, 9], [1, 1]],
            "2 of 3 measures the same, 1 the other way",
        ),
    ],
)
def test_an_ordering_counts_where_other_faces_would_not_turn_it(better, worse, said):
    assert verdict(better, worse) == said


def test_the_text_tells_which_orderings_came_out():
    row = dict.fromkeys(COLUMNS, 0.5)
    better, mixed = row | dict.fromkeys(SCORES, 0.75), row | {"pixel_accuracy": 0.75, "class_iou": 0.25}
    rows = {TRUTH: row, "L1": row, "L1+cGAN": better, "GAN": mixed, "cGAN": row}
    found = text(rows, dict.fromkeys(rows, counted(0.5, 0.5)) | {"L1+cGAN": counted(0.75, 0.75)}, 100)
    assert "| L1+cGAN | L1 | the same | +0.250 / +0.250 / +0.250 |" in found
    assert "| cGAN | L1 | no difference | +0.000 / +0.000 / +0.000 |" in found
    assert "| L1 | GAN | no difference | -0.250 / +0.000 / +0.250 |" in found
    assert "| L1+cGAN | 0.750 / 0.750 / 0.750 | 0.66 / 0.23 / 0.17 |" in found
    assert "| L1+GAN | - | 0.64 / 0.20 / 0.15 |" in found


def test_it_trains_scores_and_goes_on(tmp_path):
    """Another variant is added to what is done, which is not done again but for other flags."""
    out = tmp_path / "out"
    command = [
        sys.executable, "-m", "benchmarks.pix2pix_orderings", f"--output_dir={out}", "--steps=2", "--image_size=32",
        "--width=2", "--train_examples=16", "--segmenter_steps=2", "--batch_size=4", f"--data_dir={tmp_path / 'data'}",
    ]  # fmt: skip
    written, variants = [], []
    for more in ([], ["--only=to labels, L1"], ["--segmenter_steps=3"], ["--segmenter_steps=3", "--width=3"]):
        done = subprocess.run(
            [*command, "--only=L1", *more], cwd=ROOT, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert "| L1 | 0." in done.stdout
        written.append((out / "L1" / "counts.npy").stat().st_mtime_ns)
        variants.append(set(json.loads((out / "orderings.json").read_text())["variants"]))
    assert written[0] == written[1] != written[2] != written[3]
    assert variants == [{TRUTH, "L1"}, {TRUTH, "L1", "to labels, L1"}, {TRUTH, "L1"}, {TRUTH, "L1"}]
    assert json.loads((out / "L1" / "model.json").read_text())["config"]["width"] == 3
    assert json.loads((out / "segmenter" / "segmenter.json").read_text())["steps"] == 3
    short = subprocess.run([*command, "--only=L1", "--width=3", "--steps=1"], cwd=ROOT, capture_output=True, text=True)
    assert short.returncode == 2 and "--steps=1: " in short.stderr and "has 2 already" in short.stderr
    assert (out / "to labels_L1" / "model.json").exists() and (out / "pictures.png").exists()

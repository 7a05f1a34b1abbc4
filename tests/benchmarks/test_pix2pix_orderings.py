"""The tables of pix2pix: variants that exist, orderings that are the paper's own, text, a run that goes on."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.pix2pix_orderings import ORDERINGS, SCORES, TABLES, UPSAMPLINGS, VARIANTS, text
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


def test_the_text_tells_which_orderings_came_out():
    row = dict.fromkeys(COLUMNS, 0.5)
    better, mixed = row | dict.fromkeys(SCORES, 0.75), row | {"pixel_accuracy": 0.75, "class_iou": 0.25}
    found = text({TRUTH: row, "L1": row, "L1+cGAN": better, "GAN": mixed, "cGAN": row}, 100)
    assert "| L1+cGAN | L1 | the same | +0.250 / +0.250 / +0.250 |" in found
    assert "| cGAN | L1 | the other way | +0.000 / +0.000 / +0.000 |" in found
    assert "| L1 | GAN | 1 of 3 measures | -0.250 / +0.000 / +0.250 |" in found
    assert "| L1+cGAN | 0.750 / 0.750 / 0.750 | 0.66 / 0.23 / 0.17 |" in found
    assert "| L1+GAN | - | 0.64 / 0.20 / 0.15 |" in found


def test_it_trains_scores_and_goes_on(tmp_path):
    """Another variant is added to what is done, which is not done again."""
    out = tmp_path / "out"
    command = [
        sys.executable, "-m", "benchmarks.pix2pix_orderings", f"--output_dir={out}", "--steps=2", "--image_size=32",
        "--width=2", "--train_examples=16", "--segmenter_steps=2", "--batch_size=4", f"--data_dir={tmp_path / 'data'}",
    ]  # fmt: skip
    written = set()
    for more in ([], ["--only=to labels, L1"]):
        done = subprocess.run(
            [*command, "--only=L1", *more], cwd=ROOT, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
        assert "| L1 | 0." in done.stdout
        written.add((out / "L1" / "made.npy").stat().st_mtime_ns)
    assert len(written) == 1
    found = json.loads((out / "orderings.json").read_text())
    assert set(found["variants"]) == {TRUTH, "L1", "to labels, L1"}
    assert (out / "to labels_L1" / "model.json").exists() and (out / "pictures.png").exists()

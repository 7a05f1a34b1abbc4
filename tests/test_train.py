"""The program that trains: its flags are the system's options, and a run folder replays itself."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tf_homo.method import load

ROOT = Path(__file__).resolve().parent.parent
TINY = (
    "--image_size=32 --width=2 --encoder=patch --decoder=shuffle --latent_depth=4 --branch_width=4 --nomirror "
    "--classifier_steps=0 --autoencoder_steps=1 --steps=0 --train_examples=4 --batch_size=2 --sample_every=0"
).split()


def train(*args):
    command = [sys.executable, "-m", "tf_homo.train", *map(str, args)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    )


def complaint(ended):
    """The last line on standard error; what stands above it is TensorFlow's own."""
    assert ended.returncode == 2, ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr.splitlines()[-1]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The folder of a run of one step."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "tiny.cfg").write_text("# a comment\n" + "\n".join((*TINY, "--attribute=Smiling,Young")) + "\n")
    ended = train(f"--flagfile={folder / 'tiny.cfg'}", f"--data_dir={folder / 'data'}", f"--run_dir={folder / 'run'}")
    assert ended.returncode == 0, ended.stderr
    assert "autoencoder" in ended.stderr  # the progress bar
    return folder / "run"


def flags_of(run):
    return dict(line.removeprefix("--").partition("=")[::2] for line in (run / "flags.cfg").read_text().splitlines())


def test_every_option_is_a_flag_and_kept(run):
    kept, config = flags_of(run), json.loads((run / "model.json").read_text())["config"]
    for field in dataclasses.fields(load("homo").Config):
        if field.type is bool:
            assert (field.name if config[field.name] else f"no{field.name}") in kept
        else:
            assert field.type(kept[field.name]) == config[field.name]
    assert kept["attributes"] == "Smiling,Young" and "attribute" not in kept
    assert config["width"] == 2 and config["mirror"] is False
    assert {"method", "dataset", "labels", "seed", "batch_size", "strategy", "jit", "run_dir"} <= {
        name.removeprefix("no") for name in kept
    }


def test_the_run_is_there(run):
    (line,) = (run / "metrics.jsonl").read_text().splitlines()
    assert json.loads(line)["step"] == 1
    assert (run / "checkpoints" / "checkpoint").exists()
    info = json.loads((run / "model.json").read_text())
    assert info["data"] == {"dataset": "drawn_faces", "labels": "attributes", "seed": 0, "counts": [4, 1, 1]}
    assert info["eyes"] == [[0.387, 0.445], [0.613, 0.445]]


def test_flags_cfg_replays_the_run_and_another_value_is_refused(run):
    """That the refusal names this flag alone shows that all the others were replayed."""
    before = (run / "flags.cfg").read_text()
    said = complaint(train(f"--flagfile={run / 'flags.cfg'}", "--critic_steps=4"))
    assert (
        said
        == "error: --run_dir: holds a run with critic_steps=5, now critic_steps=4; use another folder or what it has"
    )
    assert (run / "flags.cfg").read_text() == before


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--method", "hommo"], "error: --method: no system is called 'hommo'; there are "),
        (
            ["--run_dir=x", "--criticsteps=4"],
            "error: --criticsteps: there is no such flag; did you mean --critic_steps? --help",
        ),
    ],
)
def test_bad_flags(args, said):
    assert complaint(train(*args)).startswith(said)

"""Trains a system: python -m tf_homo.train --flagfile=configs/NAME.cfg --run_dir=DIR [any flag].

Every option of the chosen --method is a flag. The same command again goes on where the run folder stands.
"""

import dataclasses
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from tf_homo import errors

if TYPE_CHECKING:
    from tf_homo.data.sets import Source

FLAGS = flags.FLAGS
flags.DEFINE_string("method", "homo", "the system to train: a file of tf_homo/methods")
flags.DEFINE_string("run_dir", None, "the run folder")
flags.DEFINE_string(
    "dataset", "drawn_faces", "the data set: drawn_faces, drawn_masks, celeb_a, celeba_folder, labelled_folder or "
    "paired_folder"
)  # fmt: skip
flags.DEFINE_string("data_dir", None, "where prepared data sets are kept; by default TFDS's own place")
flags.DEFINE_enum(
    "labels", "attributes", ["attributes", "strengths"], "labels 0 or 1, or, where the data set knows, how much"
)
flags.DEFINE_string("data_path", None, "the folder of the pictures of celeba_folder, labelled_folder or paired_folder")
flags.DEFINE_enum(
    "direction", "a_to_b", ["a_to_b", "b_to_a"], "of pairs, for instance labels A and photos B: make B of A, or A of B"
)
flags.DEFINE_string("labels_file", None, "the table of labelled_folder; by default labels.csv, or folders as classes")
flags.DEFINE_list(
    "eyes", None, "where the pictures of labelled_folder have the eyes, if all in one place: x,y of the one on the "
    "left, x,y of the other, as fractions of the side; photos to morph are then aligned to it"
)  # fmt: skip
flags.DEFINE_bool(
    "align_faces", False, "find the face in each picture of labelled_folder and put its eyes where --eyes says, or "
    "where CelebA has them; pictures without just one whole face are left out"
)  # fmt: skip
flags.DEFINE_list("attributes", None, "attributes to train on; by default all that the data set has")
flags.DEFINE_alias("attribute", "attributes")
flags.DEFINE_multi_string(
    "group", None, "NAME=ATTRIBUTE,...: attributes that one branch moves; once for each branch. By default nine groups "
    "of CelebA's names, or, where the data set has none of these, a branch for each attribute"
)  # fmt: skip
flags.DEFINE_bool("check_data", False, "tell what the data set has and what is wrong with it, and train nothing")
flags.DEFINE_integer("data_seed", 0, "seed of the drawn set", 0, 2**31 - 1)
flags.DEFINE_integer("train_examples", 20_000, "examples of the drawn set to train on", lower_bound=1)
flags.DEFINE_integer("batch_size", 16, "examples a step, over all replicas", lower_bound=2)
flags.DEFINE_integer("seed", 0, "seed of the weights and of every draw", 0, 2**31 - 1)
flags.DEFINE_enum("strategy", "auto", ["auto", "one_device", "mirrored"], "how the step is distributed")
flags.DEFINE_integer(
    "logical_cpus", 1, "split the CPU into so many devices, to try replicas without GPUs", lower_bound=1
)
flags.DEFINE_float("average_decay", 0.999, "decay of the average of weights that is exported", 0.0, 1.0)
flags.DEFINE_integer("log_every", 100, "steps between lines of metrics.jsonl", lower_bound=1)
flags.DEFINE_integer("checkpoint_every", 1000, "steps between checkpoints", lower_bound=1)
flags.DEFINE_integer("sample_every", 1000, "steps between sample pictures; 0: none", lower_bound=0)
flags.DEFINE_bool(
    "mixed_precision", False, "compute in bfloat16 where weights stay float32: faster where the processor knows it"
)
flags.DEFINE_bool("jit", False, "compile losses and gradients with XLA, on one device")

DEFINE = {int: flags.DEFINE_integer, float: flags.DEFINE_float, bool: flags.DEFINE_bool, str: flags.DEFINE_string}
NUMBERS = (int, float)
UNSAID = ("flagfile", "attribute")  # in flags.cfg; the second is another name of --attributes


def define_method_flags(argv: list[str]) -> None:
    """Makes flags of the Config of the --method that `argv` (or a flagfile in it) names."""
    errors.import_tensorflow()
    from tf_homo.method import load

    first = flags.FlagValues()  # knows --method alone, in whatever way it is written
    flags.DEFINE_string("method", FLAGS["method"].default, "", flag_values=first)
    first(FLAGS.read_flags_from_files(argv), known_only=True)
    for field in dataclasses.fields(load(first.method).Config):
        text = field.metadata["help"]
        if field.metadata["choices"]:
            flags.DEFINE_enum(field.name, field.default, field.metadata["choices"], text)
        elif field.type in NUMBERS:
            bounds = {"lower_bound": field.metadata["low"], "upper_bound": field.metadata["high"]}
            DEFINE[field.type](field.name, field.default, text, **bounds)
        else:
            DEFINE[field.type](field.name, field.default, text)


def main(argv: list[str]) -> None:
    """Flags -> Config and data -> Trainer, or with --check_data a report."""
    del argv
    if FLAGS.check_data:
        from tf_homo.data import check

        check.run(data(), FLAGS["image_size"].value, FLAGS.group)
        return
    if not FLAGS.run_dir:
        raise errors.InputError(
            "--run_dir: is missing; name the folder that the run is kept in, for instance --run_dir=runs/mine"
        )
    import tensorflow as tf

    from tf_homo import machine, trainer
    from tf_homo.attributes import default_groups, named_groups
    from tf_homo.data import check
    from tf_homo.files import check_output_folder, output_folder, write_text
    from tf_homo.method import load

    if FLAGS.logical_cpus > 1:
        cpu = tf.config.list_physical_devices("CPU")[0]
        tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * FLAGS.logical_cpus)
    check_output_folder("run_dir", FLAGS.run_dir)  # made only where nothing is refused
    if FLAGS.data_path and Path(FLAGS.run_dir).resolve().is_relative_to(Path(FLAGS.data_path).resolve()):
        raise errors.InputError(
            f"--run_dir={FLAGS.run_dir}: lies inside --data_path, where its pictures would be taken for data; name a "
            "folder outside"
        )
    if FLAGS.mixed_precision and machine.emulates_bfloat16():
        print(
            "--mixed_precision: this processor has no bfloat16 of its own, so that steps take several times as long as "
            "with --nomixed_precision",
            file=sys.stderr,
        )
    machine.keep_memory()
    kind = load(FLAGS.method)
    config = kind.Config(**{field.name: FLAGS[field.name].value for field in dataclasses.fields(kind.Config)})
    examples = data().read("train", config.image_size)
    groups = named_groups(FLAGS.group or (), examples.attributes) or default_groups(examples.attributes)
    if FLAGS.data_path:
        check.before_training(examples, groups)
    run = trainer.Trainer(
        kind, config, examples, FLAGS.run_dir, groups=groups,
        strategy=trainer.strategy(FLAGS.strategy), batch_size=FLAGS.batch_size, seed=FLAGS.seed,
        average_decay=FLAGS.average_decay, log_every=FLAGS.log_every, checkpoint_every=FLAGS.checkpoint_every,
        sample_every=FLAGS.sample_every, jit=FLAGS.jit,
        mixed_precision=FLAGS.mixed_precision,
    )  # fmt: skip
    write_text(output_folder("run_dir", FLAGS.run_dir) / "flags.cfg", flags_text())
    run.fit()


def data() -> "Source":
    """The data set that the flags name."""
    from tf_homo.data.sets import Source

    aside = max(1, FLAGS.train_examples // 20)  # of the drawn set, for validation and for test
    return Source(
        dataset=FLAGS.dataset, labels=FLAGS.labels, seed=FLAGS.data_seed, counts=(FLAGS.train_examples, aside, aside),
        data_dir=FLAGS.data_dir, data_path=FLAGS.data_path, labels_file=FLAGS.labels_file, eyes=eyes(FLAGS.eyes),
        align_faces=FLAGS.align_faces, attributes=tuple(FLAGS.attributes or ()), direction=FLAGS.direction,
    )  # fmt: skip


def eyes(given: list[str] | None) -> tuple[float, ...]:
    """The numbers of --eyes; InputError where one is none."""
    try:
        return tuple(map(float, given or ()))
    except ValueError:
        raise errors.InputError(
            f"--eyes={','.join(given)}: must be four numbers, such as 0.39,0.45,0.61,0.45"
        ) from None


def flags_text() -> str:
    """Every flag of this program, replayable with --flagfile."""
    ours = FLAGS.get_key_flags_for_module(sys.modules[main.__module__])
    return "".join(f"{flag.serialize()}\n" for flag in ours if flag.value is not None and flag.name not in UNSAID)


if __name__ == "__main__":
    errors.run(main, define_method_flags)
